//! The layout of one topic, from the one it has.
//!
//! Only three things move a replica: its broker is draining or gone, the partition has too few, it has too many.
//! A layout that needs none of these is given back as it is, also if another would be more even: see `rebalance`.

use std::collections::BTreeSet;

use crate::chains::Goal;
use crate::draft::Draft;
use crate::error::PlanError;
use crate::model::{BrokerId, Layout, Problem};
use crate::{leaders, postconditions, replicas};

/// The layout that `problem` asks for, from `previous`, which has as many partitions or fewer; a topic that does not
/// exist has none.
///
/// * Partitions that come are placed, and the others stay as they are.
/// * Replicas on brokers that are draining or not registered are replaced; all others of the partition stay. So does
///   the leader if its replica does; else the leader becomes one of the replicas the partition then has.
/// * More replicas: some are added behind those there. Fewer: some are taken away, never the leader.
/// * Where there is a choice, the rules of the crate decide.
///
/// Planning from a layout that is halfway to the answer finishes what is left, and adds no more replicas than that.
///
/// # Errors
/// No brokers, one listed twice, or fewer that accept replicas than the replication factor; fewer partitions than there
/// are; a topic without partitions or replicas.
pub fn plan(problem: &Problem<'_>, previous: &Layout) -> Result<Layout, PlanError> {
    let layout = draft(problem, previous)?.finish();
    if cfg!(debug_assertions) {
        postconditions::assert_planned(problem, previous, &layout);
    }
    Ok(layout)
}

/// As `plan`, before it is finished.
pub(crate) fn draft(problem: &Problem<'_>, previous: &Layout) -> Result<Draft, PlanError> {
    problem.check(previous)?;
    let Problem { brokers, partitions, other_loads, .. } = *problem;
    let accepting: BTreeSet<BrokerId> = brokers.iter().filter(|b| !b.is_draining).map(|b| b.id).collect();
    let mut draft = Draft::open(brokers, other_loads, previous, partitions, |id| !accepting.contains(&id));
    complete(&mut draft, &vec![problem.replication_factor; problem.partitions]);
    Ok(draft)
}

/// Gives every partition its wanted number of replicas, and a leader.
pub(crate) fn complete(draft: &mut Draft, wanted: &[usize]) {
    replicas::fill(draft, wanted);
    for goal in [Goal::Topic, Goal::Total { tolerance: 1 }] {
        replicas::balance(draft, goal, usize::MAX);
    }
    leaders::choose_missing(draft);
}

#[cfg(test)]
mod tests;
