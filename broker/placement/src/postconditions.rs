//! What a layout of this crate fulfils, told from the input alone; asserted in builds with debug assertions.
//!
//! The balance is not asserted here: how even a layout can be is what the planner finds out. Tests compare it with all
//! layouts of small problems.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Broker, BrokerId, Layout, Problem};

/// Brokers that accept replicas, with their racks.
struct Accepting<'a> {
    racks: BTreeMap<BrokerId, Option<&'a str>>,
    brokers_by_rack: BTreeMap<Option<&'a str>, usize>,
}

impl<'a> Accepting<'a> {
    fn of(brokers: &'a [Broker]) -> Accepting<'a> {
        let accepting = brokers.iter().filter(|broker| !broker.is_draining);
        let racks: BTreeMap<_, _> = accepting.map(|broker| (broker.id, broker.rack.as_deref())).collect();
        let mut brokers_by_rack = BTreeMap::new();
        for rack in racks.values() {
            *brokers_by_rack.entry(*rack).or_default() += 1;
        }
        Accepting { racks, brokers_by_rack }
    }

    /// How many of `replicas` lie in each rack. Those on brokers that do not accept any are not counted.
    fn count(&self, replicas: &[BrokerId]) -> BTreeMap<Option<&'a str>, usize> {
        let mut in_rack = BTreeMap::new();
        for rack in replicas.iter().filter_map(|broker| self.racks.get(broker)) {
            *in_rack.entry(*rack).or_default() += 1;
        }
        in_rack
    }

    /// Whether a replica outside `fixed` could move to a rack with at least two fewer of `replicas`.
    fn is_uneven(&self, replicas: &[BrokerId], fixed: &BTreeSet<BrokerId>) -> bool {
        let in_rack = self.count(replicas);
        let used = |rack: &Option<&str>| in_rack.get(rack).copied().unwrap_or_default();
        let with_room = self.brokers_by_rack.iter().filter(|(rack, brokers)| used(rack) < **brokers);
        let Some(least) = with_room.map(|(rack, _)| used(rack)).min() else { return false };
        let movable = replicas.iter().filter(|broker| !fixed.contains(broker));
        movable.filter_map(|broker| self.racks.get(broker)).any(|rack| used(rack) >= least + 2)
    }

    /// Whether one of `removed` lay in a rack with at least two fewer of `replicas` than one that followed and was
    /// kept.
    fn is_removed_unevenly(&self, replicas: &[BrokerId], removed: &[BrokerId]) -> bool {
        let in_rack = self.count(replicas);
        let used = |broker: &BrokerId| in_rack.get(&self.racks[broker]).copied().unwrap_or_default();
        removed.iter().any(|gone| replicas[1..].iter().any(|stayed| used(gone) + 2 <= used(stayed)))
    }
}

/// The partitions whose replicas could be spread over racks more evenly, for example because a broker of another rack
/// came after they were placed, or a broker was given another rack. `rebalance` mends them.
#[must_use]
pub fn uneven_partitions(brokers: &[Broker], layout: &Layout) -> Vec<usize> {
    let accepting = Accepting::of(brokers);
    let partitions = layout.partitions().iter().enumerate();
    let uneven = partitions.filter(|(_, replicas)| accepting.is_uneven(replicas, &BTreeSet::new()));
    uneven.map(|(partition, _)| partition).collect()
}

/// Asserts what `plan` promises.
pub(crate) fn assert_planned(problem: &Problem<'_>, previous: &Layout, layout: &Layout) {
    let accepting = Accepting::of(problem.brokers);
    assert_complete(problem, &accepting, layout);
    for (partition, replicas) in layout.partitions().iter().enumerate() {
        let before: &[BrokerId] = previous.partitions().get(partition).map_or(&[], Vec::as_slice);
        let after: BTreeSet<BrokerId> = replicas.iter().copied().collect();
        let kept: BTreeSet<BrokerId> =
            before.iter().copied().filter(|id| accepting.racks.contains_key(id)).collect();
        let leader_before = before.first().filter(|leader| kept.contains(leader));
        if let Some(leader) = leader_before {
            assert_eq!(replicas[0], *leader, "the leader of partition {partition} stays");
        }
        if kept.len() > problem.replication_factor {
            assert!(
                after.is_subset(&kept),
                "partition {partition} only loses replicas: {before:?}, {replicas:?}"
            );
            let removed: Vec<BrokerId> = kept.difference(&after).copied().collect();
            let is_uneven = accepting.is_removed_unevenly(replicas, &removed);
            assert!(!is_uneven, "partition {partition}: {before:?} keeps a rack twice: {replicas:?}");
        } else {
            assert!(
                kept.is_subset(&after),
                "partition {partition} only gains replicas: {before:?}, {replicas:?}"
            );
            assert!(
                !accepting.is_uneven(replicas, &kept),
                "partition {partition}: {replicas:?} doubles a rack"
            );
        }
    }
}

/// Asserts what every layout promises: partitions, replicas on distinct brokers that accept them.
pub(crate) fn assert_feasible(problem: &Problem<'_>, layout: &Layout) {
    assert_complete(problem, &Accepting::of(problem.brokers), layout);
}

fn assert_complete(problem: &Problem<'_>, accepting: &Accepting<'_>, layout: &Layout) {
    assert_eq!(layout.partitions().len(), problem.partitions, "the partitions asked for");
    for (partition, replicas) in layout.partitions().iter().enumerate() {
        let distinct: BTreeSet<&BrokerId> = replicas.iter().collect();
        assert_eq!(distinct.len(), replicas.len(), "partition {partition} has a broker once: {replicas:?}");
        assert_eq!(replicas.len(), problem.replication_factor, "partition {partition}: {replicas:?}");
        let refusing = replicas.iter().find(|broker| !accepting.racks.contains_key(broker));
        assert_eq!(refusing, None, "partition {partition} lies on brokers that accept replicas");
    }
}
