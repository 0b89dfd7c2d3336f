//! All layouts that the rules allow for a small problem, and the least cost among them.
//!
//! The cost of counts is the sum of their squares: of the topic, then over all topics. Written without the planner.

use std::collections::{BTreeMap, BTreeSet};

use broker_placement::{Broker, BrokerId, Layout, Loads};

use crate::{Case, loads};

pub(crate) type Cost = (u64, u64);

type Counts = BTreeMap<BrokerId, u64>;

pub(crate) fn replica_cost(case: &Case, layout: &Layout) -> Cost {
    let mut counts = Counts::new();
    layout.partitions().iter().flatten().for_each(|broker| *counts.entry(*broker).or_default() += 1);
    cost(case, &counts, |loads, broker| loads.of(broker).replicas)
}

pub(crate) fn leader_cost(case: &Case, layout: &Layout) -> Cost {
    let mut counts = Counts::new();
    layout.partitions().iter().for_each(|replicas| *counts.entry(replicas[0]).or_default() += 1);
    cost(case, &counts, |loads, broker| loads.of(broker).leaders)
}

fn cost(case: &Case, counts: &Counts, of: fn(&Loads, BrokerId) -> u64) -> Cost {
    let others = loads(&case.others);
    let square = |n: u64| n * n;
    let one = |broker: &&Broker| {
        let count = counts.get(&broker.id).copied().unwrap_or_default();
        (square(count), square(count + of(&others, broker.id)))
    };
    case.accepting().iter().map(one).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

/// The least cost of a layout that keeps what stays of the previous one and spreads over racks as evenly as that
/// allows.
pub(crate) fn least_replica_cost(case: &Case) -> Cost {
    let choices: Vec<Vec<Vec<BrokerId>>> =
        (0..case.partitions).map(|index| replica_sets(case, index)).collect();
    let mut least = (u64::MAX, u64::MAX);
    each_counts(&choices, &mut Counts::new(), &mut |counts| {
        least = least.min(cost(case, counts, |loads, broker| loads.of(broker).replicas));
    });
    least
}

/// The least cost of leaders for the replicas of `layout`, where leaders of the previous layout stay that can.
pub(crate) fn least_leader_cost(case: &Case, layout: &Layout) -> Cost {
    let choices: Vec<Vec<Vec<BrokerId>>> = (layout.partitions().iter().enumerate())
        .map(|(index, replicas)| match kept(case, index).0 {
            Some(leader) => vec![vec![leader]],
            None => replicas.iter().map(|broker| vec![*broker]).collect(),
        })
        .collect();
    let mut least = (u64::MAX, u64::MAX);
    each_counts(&choices, &mut Counts::new(), &mut |counts| {
        least = least.min(cost(case, counts, |loads, broker| loads.of(broker).leaders));
    });
    least
}

/// The leader that stays, and all replicas that can.
fn kept(case: &Case, index: usize) -> (Option<BrokerId>, BTreeSet<BrokerId>) {
    let before: &[BrokerId] = case.previous.partitions().get(index).map_or(&[], Vec::as_slice);
    let accepts = |id: &&BrokerId| case.accepting().iter().any(|broker| broker.id == **id);
    (before.first().filter(accepts).copied(), before.iter().filter(accepts).copied().collect())
}

/// The replica sets that the rules allow for one partition, racks included.
fn replica_sets(case: &Case, index: usize) -> Vec<Vec<BrokerId>> {
    let (leader, kept) = kept(case, index);
    let accepting = case.accepting();
    let mut sets = Vec::new();
    for mask in 0_u32..1 << accepting.len() {
        let chosen: Vec<&Broker> =
            accepting.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, b)| *b).collect();
        let ids: BTreeSet<BrokerId> = chosen.iter().map(|broker| broker.id).collect();
        let keeps = if kept.len() > case.replication_factor {
            ids.is_subset(&kept) && leader.is_none_or(|leader| ids.contains(&leader))
        } else {
            kept.is_subset(&ids)
        };
        if ids.len() == case.replication_factor && keeps {
            let mut racks: BTreeMap<Option<&str>, u64> = BTreeMap::new();
            chosen.iter().for_each(|broker| *racks.entry(broker.rack.as_deref()).or_default() += 1);
            let unevenness: u64 = racks.values().map(|count| count * count).sum();
            sets.push((unevenness, ids.into_iter().collect::<Vec<_>>()));
        }
    }
    let best = sets.iter().map(|(unevenness, _)| *unevenness).min();
    sets.into_iter().filter(|(unevenness, _)| Some(*unevenness) == best).map(|(_, ids)| ids).collect()
}

/// Calls `seen` with the counts of every combination of one choice for each partition.
fn each_counts(choices: &[Vec<Vec<BrokerId>>], counts: &mut Counts, seen: &mut impl FnMut(&Counts)) {
    let Some((first, rest)) = choices.split_first() else { return seen(counts) };
    for brokers in first {
        brokers.iter().for_each(|broker| *counts.entry(*broker).or_default() += 1);
        each_counts(rest, counts, seen);
        brokers.iter().for_each(|broker| *counts.entry(*broker).or_default() -= 1);
    }
}
