//! Which replica of each partition is the preferred leader.
//!
//! A partition that has a leader keeps it; the others are spread as evenly as their replicas allow. Where the replicas
//! of a topic lie within 1 of each other, so can its leaders.

use crate::chains::{self, Exchange, Goal};
use crate::draft::{BrokerIndex, Draft};

/// Chooses a leader for every partition without one.
pub(crate) fn choose_missing(draft: &mut Draft) {
    let missing: Vec<bool> = draft.partitions.iter().map(|partition| partition.leader.is_none()).collect();
    for partition in (0..missing.len()).filter(|partition| missing[*partition]) {
        let replicas = draft.partitions[partition].replicas.iter().copied().enumerate();
        let best = replicas.min_by_key(|(position, broker)| {
            (!draft.brokers[*broker].accepts, draft.leader_weight(*broker), *position)
        });
        let (_, leader) = best.expect("every partition was given replicas");
        draft.set_leader(partition, leader);
    }
    balance(draft, &missing, 1);
}

/// Changes leaders of the partitions that `may_change` until the topic's counts are as even as they can be, and the
/// totals over all topics within `tolerance`.
pub(crate) fn balance(draft: &mut Draft, may_change: &[bool], tolerance: u64) {
    let mut exchange = LeaderExchange { draft, may_change, moves: Vec::new() };
    for goal in [Goal::Topic, Goal::Total { tolerance }] {
        if chains::is_uneven(&exchange, goal) {
            exchange.count_all();
            chains::improve(&mut exchange, goal, usize::MAX);
        }
    }
}

/// Leaderships that move between the replicas of a partition.
struct LeaderExchange<'a> {
    draft: &'a mut Draft,
    may_change: &'a [bool],
    /// For how many partitions a leader may change, by the leader times the number of brokers, plus the other replica.
    moves: Vec<u32>,
}

impl LeaderExchange<'_> {
    fn count_all(&mut self) {
        self.moves = vec![0; self.draft.brokers.len() * self.draft.brokers.len()];
        for partition in (0..self.draft.partitions.len()).filter(|partition| self.may_change[*partition]) {
            self.count(partition, |moves| *moves += 1);
        }
    }

    fn count(&mut self, partition: usize, change: impl Fn(&mut u32)) {
        let n = self.draft.brokers.len();
        let leader = self.draft.partitions[partition].leader.expect("every partition was given a leader");
        for to in &self.draft.partitions[partition].replicas {
            if *to != leader && self.draft.brokers[*to].accepts {
                change(&mut self.moves[leader * n + to]);
            }
        }
    }

    fn lead(&mut self, partition: usize, leader: BrokerIndex) {
        self.count(partition, |moves| *moves -= 1);
        self.draft.set_leader(partition, leader);
        self.count(partition, |moves| *moves += 1);
    }
}

impl Exchange for LeaderExchange<'_> {
    fn brokers(&self) -> usize {
        self.draft.brokers.len()
    }

    fn weight(&self, broker: BrokerIndex) -> (u64, u64) {
        self.draft.leader_weight(broker)
    }

    fn accepts(&self, broker: BrokerIndex) -> bool {
        self.draft.brokers[broker].accepts
    }

    fn moves(&self, from: BrokerIndex, to: BrokerIndex) -> u32 {
        self.moves[from * self.draft.brokers.len() + to]
    }

    fn shift(&mut self, from: BrokerIndex, to: BrokerIndex) -> Option<usize> {
        let partitions = self.draft.partitions.iter().zip(self.may_change);
        let partition = { partitions }.position(|(partition, may_change)| {
            *may_change && partition.leader == Some(from) && partition.replicas.contains(&to)
        })?;
        self.lead(partition, to);
        Some(partition)
    }

    fn undo(&mut self, partition: usize, from: BrokerIndex, _to: BrokerIndex) {
        self.lead(partition, from);
    }
}
