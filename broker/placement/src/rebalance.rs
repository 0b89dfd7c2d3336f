//! A layout that is as even as wanted, by as few moves as that takes and no more than allowed.
//!
//! Racks come first, then the counts of the topic, then the totals over all topics, then the preferred leaders. Each
//! move is an improvement by itself or part of the shortest chain that is one, so that a bound leaves a layout to go on
//! from.

use crate::chains::Goal;
use crate::error::PlanError;
use crate::model::{Layout, Problem};
use crate::{leaders, plan, postconditions, replicas};

/// How far `rebalance` goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RebalanceLimits {
    /// At most this many replicas move, beside those that `plan` moves. Each is a copy of a partition. Where racks
    /// allow an improvement only by several moves, a bound below that leaves it out.
    pub moves_max: usize,
    /// How far the totals over all topics of two brokers may be apart, in replicas as in leaders, before this topic
    /// moves because of it; less than 1 counts as 1. The topic's own counts always come within 1, if the rules allow
    /// it.
    pub total_tolerance: u64,
}

/// What `rebalance` found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rebalance {
    /// The layout.
    pub layout: Layout,
    /// How many replicas moved beside those that `plan` moves, at most `moves_max`. A replica that moved twice counts
    /// twice.
    pub moves: usize,
}

/// What `plan` gives, made even. Within the tolerance nothing changes, and asking again changes nothing either, unless
/// `moves_max` was used up. Changes of preferred leaders copy nothing and are not bounded.
///
/// Many topics are rebalanced one after the other, each with the loads that those before it leave, and what they leave
/// of the bound.
///
/// # Errors
/// As `plan`.
pub fn rebalance(
    problem: &Problem<'_>,
    previous: &Layout,
    limits: RebalanceLimits,
) -> Result<Rebalance, PlanError> {
    let mut draft = plan::draft(problem, previous)?;
    draft.release();
    let tolerance = limits.total_tolerance.max(1);
    let mut moves = replicas::spread_over_racks(&mut draft, limits.moves_max);
    for goal in [Goal::Topic, Goal::Total { tolerance }] {
        moves += replicas::balance(&mut draft, goal, limits.moves_max - moves);
    }
    leaders::balance(&mut draft, &vec![true; problem.partitions], tolerance);
    let layout = draft.finish();
    if cfg!(debug_assertions) {
        assert!(moves <= limits.moves_max, "{moves} moves, at most {} are allowed", limits.moves_max);
        postconditions::assert_feasible(problem, &layout);
    }
    Ok(Rebalance { layout, moves })
}

#[cfg(test)]
mod tests;
