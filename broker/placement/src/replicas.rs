//! Which brokers hold a partition: the first choice, and its improvement by moves.
//!
//! Only replicas that are not `fixed` move, and no move makes the spread over racks worse.

use std::cmp::Reverse;

use crate::chains::{self, Exchange, Goal};
use crate::draft::{BrokerIndex, Draft};

/// Gives every partition its wanted number of replicas. What lies there already stays, unless there is too much of it.
///
/// # Panics
/// A partition wants more replicas than there are brokers that have it or accept it; see `shortfall`.
pub(crate) fn fill(draft: &mut Draft, wanted: &[usize]) {
    // First what leaves: it makes room that the others shall see.
    for (partition, wanted) in wanted.iter().enumerate() {
        if draft.partitions[partition].replicas.len() > *wanted {
            trim(draft, partition, *wanted);
        } else {
            draft.partitions[partition].fixed = draft.partitions[partition].replicas.clone();
        }
    }
    for (partition, wanted) in wanted.iter().enumerate() {
        while draft.partitions[partition].replicas.len() < *wanted {
            let broker = best_addition(draft, partition).expect("enough brokers accept replicas");
            draft.add(partition, broker);
        }
    }
}

/// The first partition that wants more replicas than there are brokers that have it or accept it.
pub(crate) fn shortfall(draft: &Draft, wanted: &[usize]) -> Option<usize> {
    (0..wanted.len()).find(|partition| {
        let free = (0..draft.brokers.len()).filter(|broker| draft.is_free(*partition, *broker)).count();
        draft.partitions[*partition].replicas.len() + free < wanted[*partition]
    })
}

/// Takes replicas away until `wanted` are left: out of the rack with the most, then off the broker with the most, the
/// leader never, the last in the list first.
fn trim(draft: &mut Draft, partition: usize, wanted: usize) {
    let all = draft.partitions[partition].replicas.clone();
    draft.partitions[partition].fixed = draft.partitions[partition].leader.into_iter().collect();
    draft.partitions[partition].choices = Some(all);
    while draft.partitions[partition].replicas.len() > wanted {
        let replicas = &draft.partitions[partition].replicas;
        let removable = replicas.iter().filter(|broker| !draft.partitions[partition].fixed.contains(broker));
        let most = removable.enumerate().max_by_key(|(position, broker)| {
            let in_rack = draft.in_rack(partition, draft.brokers[**broker].rack);
            (in_rack, draft.replica_weight(**broker), *position)
        });
        let (_, broker) = most.expect("at most one is fixed, and one is wanted at least");
        let broker = *broker;
        draft.remove(partition, broker);
    }
}

/// Where one more replica of `partition` does best. Ties go round with the partition, so that the brokers which share
/// partitions with one broker are many.
fn best_addition(draft: &Draft, partition: usize) -> Option<BrokerIndex> {
    let n = draft.brokers.len();
    let mut in_rack = vec![0_usize; draft.racks.len()];
    for broker in &draft.partitions[partition].replicas {
        in_rack[draft.brokers[*broker].rack] += 1;
    }
    (0..n).filter(|broker| draft.is_free(partition, *broker)).min_by_key(|broker| {
        let rack = draft.brokers[*broker].rack;
        let (of_topic, of_all) = draft.replica_weight(*broker);
        (in_rack[rack], of_topic, draft.rack_density(rack), of_all, (broker + n - partition % n) % n)
    })
}

/// Moves replicas that are not fixed until `goal` is met as far as rules and `moves_max` allow. Gives how many moved.
pub(crate) fn balance(draft: &mut Draft, goal: Goal, moves_max: usize) -> usize {
    let mut exchange = ReplicaExchange { draft, moves: Vec::new() };
    if !chains::is_uneven(&exchange, goal) {
        return 0;
    }
    exchange.count_all();
    chains::improve(&mut exchange, goal, moves_max)
}

/// Replicas that move between brokers.
struct ReplicaExchange<'a> {
    draft: &'a mut Draft,
    /// In how many partitions a replica may move, by the broker it leaves times the number of brokers, plus the other.
    moves: Vec<u32>,
}

impl ReplicaExchange<'_> {
    fn count_all(&mut self) {
        self.moves = vec![0; self.draft.brokers.len() * self.draft.brokers.len()];
        for partition in 0..self.draft.partitions.len() {
            self.count(partition, |moves| *moves += 1);
        }
    }

    fn count(&mut self, partition: usize, change: impl Fn(&mut u32)) {
        let n = self.draft.brokers.len();
        let replicas = &self.draft.partitions[partition].replicas;
        if self.draft.partitions[partition].fixed.len() == replicas.len() {
            return;
        }
        for from in replicas {
            for to in (0..n).filter(|to| self.draft.may_move(partition, *from, *to)) {
                change(&mut self.moves[from * n + to]);
            }
        }
    }

    fn replace(&mut self, partition: usize, from: BrokerIndex, to: BrokerIndex) {
        self.count(partition, |moves| *moves -= 1);
        self.draft.replace(partition, from, to);
        self.count(partition, |moves| *moves += 1);
    }

    /// A partition whose replica may move; one whose leader stays, if there is one.
    fn partition_to_move(&self, from: BrokerIndex, to: BrokerIndex) -> Option<usize> {
        let movable = |partition: &usize| {
            let holds = self.draft.partitions[*partition].replicas.contains(&from);
            holds && self.draft.may_move(*partition, from, to)
        };
        let follows = |partition: &usize| self.draft.partitions[*partition].leader != Some(from);
        let mut partitions = 0..self.draft.partitions.len();
        let following = partitions.clone().find(|partition| follows(partition) && movable(partition));
        following.or_else(|| partitions.find(movable))
    }
}

impl Exchange for ReplicaExchange<'_> {
    fn brokers(&self) -> usize {
        self.draft.brokers.len()
    }

    fn weight(&self, broker: BrokerIndex) -> (u64, u64) {
        self.draft.replica_weight(broker)
    }

    fn accepts(&self, broker: BrokerIndex) -> bool {
        self.draft.brokers[broker].accepts
    }

    fn moves(&self, from: BrokerIndex, to: BrokerIndex) -> u32 {
        self.moves[from * self.draft.brokers.len() + to]
    }

    fn shift(&mut self, from: BrokerIndex, to: BrokerIndex) -> Option<usize> {
        let partition = self.partition_to_move(from, to)?;
        self.replace(partition, from, to);
        Some(partition)
    }

    fn undo(&mut self, partition: usize, from: BrokerIndex, to: BrokerIndex) {
        self.replace(partition, to, from);
    }
}

/// Moves replicas between racks, at most `moves_max`, until no partition has a rack twice too often, whatever that does
/// to the balance: followers before leaders, off the broker with the most, onto the one with the least.
pub(crate) fn spread_over_racks(draft: &mut Draft, moves_max: usize) -> usize {
    let mut made = 0;
    for partition in 0..draft.partitions.len() {
        while made < moves_max {
            let Some((from, to)) = better_rack(draft, partition) else { break };
            draft.replace(partition, from, to);
            made += 1;
        }
    }
    made
}

/// A replica of `partition` that is not fixed, and a broker in a rack with at least two fewer of them.
pub(crate) fn better_rack(draft: &Draft, partition: usize) -> Option<(BrokerIndex, BrokerIndex)> {
    let in_rack = |broker: BrokerIndex| draft.in_rack(partition, draft.brokers[broker].rack);
    let movable = draft.partitions[partition].replicas.iter().copied();
    let movable = movable.filter(|broker| !draft.partitions[partition].fixed.contains(broker));
    let from = movable.max_by_key(|broker| {
        let follows = draft.partitions[partition].leader != Some(*broker);
        (in_rack(*broker), follows, draft.replica_weight(*broker), Reverse(*broker))
    })?;
    let free = (0..draft.brokers.len()).filter(|broker| draft.is_free(partition, *broker));
    let to = free.min_by_key(|broker| (in_rack(*broker), draft.replica_weight(*broker), *broker))?;
    (in_rack(to) + 2 <= in_rack(from)).then_some((from, to))
}
