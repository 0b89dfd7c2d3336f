//! Chains of moves that improve a balance: from a broker with too much, over others whose count stays, to one with
//! less.
//!
//! What moves (replicas, leaderships) is behind `Exchange`. Chains are needed where rules forbid the direct move: the
//! sum of squares of the counts is least exactly if no chain improves it, as with any flow of convex cost.
//! Each chain lessens that sum, for the topic or, with it unchanged, over all topics; so the search ends.

use std::cmp::Reverse;

use crate::draft::BrokerIndex;

/// What counts as an improvement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Goal {
    /// Counts of the topic that come closer.
    Topic,
    /// These, or with the same counts of the topic, totals over all topics that were further apart than this, at least
    /// 1.
    Total { tolerance: u64 },
}

impl Goal {
    /// Whether one less on a broker of weight `from` and one more on one of weight `to` is better.
    fn improves(self, from: (u64, u64), to: (u64, u64)) -> bool {
        match self {
            Goal::Topic => from.0 > to.0 + 1,
            Goal::Total { tolerance } => {
                let lessens_the_total = from.0 == to.0 + 1 && from.1 > to.1.saturating_add(tolerance);
                from.0 > to.0 + 1 || lessens_the_total
            }
        }
    }
}

/// Something that lies on brokers and can move between them.
pub(crate) trait Exchange {
    /// How many brokers there are.
    fn brokers(&self) -> usize;

    /// How much `broker` has: of the topic, and of all topics.
    fn weight(&self, broker: BrokerIndex) -> (u64, u64);

    /// Whether `broker` can be moved to at all.
    fn accepts(&self, broker: BrokerIndex) -> bool;

    /// In how many ways one can move from `from` to `to`.
    fn moves(&self, from: BrokerIndex, to: BrokerIndex) -> u32;

    /// Moves one, and gives what `undo` needs; `None` if there is none to move.
    fn shift(&mut self, from: BrokerIndex, to: BrokerIndex) -> Option<usize>;

    /// Moves back what `shift` moved.
    fn undo(&mut self, shifted: usize, from: BrokerIndex, to: BrokerIndex);
}

/// Applies chains until none improves, the shortest from the heaviest broker first, with at most `budget` moves in all.
/// Gives how many moves were made.
pub(crate) fn improve(exchange: &mut impl Exchange, goal: Goal, budget: usize) -> usize {
    let mut made = 0;
    loop {
        let made_before = made;
        // A broker that nothing improves is not asked again until the others have changed what it sees.
        let mut is_stuck = vec![false; exchange.brokers()];
        while let Some(source) = heaviest(exchange, goal, &is_stuck) {
            match shortest_chain(exchange, goal, source, budget - made) {
                Some(chain) if apply(exchange, &chain) => made += chain.len() - 1,
                _ => is_stuck[source] = true,
            }
        }
        if made == made_before {
            return made;
        }
    }
}

/// Whether some broker has more than another in a way that a chain could improve, if the rules have one.
pub(crate) fn is_uneven(exchange: &impl Exchange, goal: Goal) -> bool {
    heaviest(exchange, goal, &vec![false; exchange.brokers()]).is_some()
}

/// The broker with the most among those that have too much compared with any other.
fn heaviest(exchange: &impl Exchange, goal: Goal, is_stuck: &[bool]) -> Option<BrokerIndex> {
    let brokers = 0..exchange.brokers();
    let mut sources: Vec<BrokerIndex> = brokers.clone().filter(|broker| !is_stuck[*broker]).collect();
    sources.sort_by_key(|broker| Reverse(exchange.weight(*broker)));
    sources.into_iter().find(|from| {
        let weight = exchange.weight(*from);
        brokers.clone().any(|to| exchange.accepts(to) && goal.improves(weight, exchange.weight(to)))
    })
}

/// The brokers of a shortest chain that improves, beginning with `source`; of several, one that ends where least lies.
fn shortest_chain(
    exchange: &impl Exchange,
    goal: Goal,
    source: BrokerIndex,
    moves_max: usize,
) -> Option<Vec<BrokerIndex>> {
    let weight = exchange.weight(source);
    let mut reached_from: Vec<Option<BrokerIndex>> = vec![None; exchange.brokers()];
    let mut frontier = vec![source];
    for _ in 0..moves_max {
        let mut next = Vec::new();
        for &from in &frontier {
            for to in (0..exchange.brokers()).filter(|to| *to != source) {
                if reached_from[to].is_none() && exchange.moves(from, to) > 0 {
                    reached_from[to] = Some(from);
                    next.push(to);
                }
            }
        }
        let ends = next.iter().filter(|to| goal.improves(weight, exchange.weight(**to)));
        if let Some(end) = ends.min_by_key(|to| (exchange.weight(**to), **to)) {
            return Some(chain_to(*end, &reached_from));
        }
        if next.is_empty() {
            return None;
        }
        frontier = next;
    }
    None
}

fn chain_to(end: BrokerIndex, reached_from: &[Option<BrokerIndex>]) -> Vec<BrokerIndex> {
    let mut chain: Vec<BrokerIndex> =
        std::iter::successors(Some(end), |broker| reached_from[*broker]).collect();
    chain.reverse();
    chain
}

/// Makes all moves of `chain`, or none: moves within one partition can stand in each other's way.
fn apply(exchange: &mut impl Exchange, chain: &[BrokerIndex]) -> bool {
    let mut shifted = Vec::with_capacity(chain.len());
    for pair in chain.windows(2) {
        let Some(what) = exchange.shift(pair[0], pair[1]) else {
            for (what, pair) in shifted.iter().zip(chain.windows(2)).rev() {
                exchange.undo(*what, pair[0], pair[1]);
            }
            return false;
        };
        shifted.push(what);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three brokers in a row, with 2, 1 and 0; what moved is noted, and the second move of a chain is refused.
    #[derive(Default)]
    struct RefusesTheSecondMove {
        moved: Vec<(BrokerIndex, BrokerIndex)>,
        undone: usize,
    }

    impl Exchange for RefusesTheSecondMove {
        fn brokers(&self) -> usize {
            3
        }

        fn weight(&self, broker: BrokerIndex) -> (u64, u64) {
            (2 - broker as u64, 0)
        }

        fn accepts(&self, _broker: BrokerIndex) -> bool {
            true
        }

        fn moves(&self, from: BrokerIndex, to: BrokerIndex) -> u32 {
            u32::from(to == from + 1)
        }

        fn shift(&mut self, from: BrokerIndex, to: BrokerIndex) -> Option<usize> {
            if self.moved.len() % 2 == 1 {
                return None;
            }
            self.moved.push((from, to));
            Some(7)
        }

        fn undo(&mut self, shifted: usize, from: BrokerIndex, to: BrokerIndex) {
            assert_eq!((shifted, from, to), (7, 0, 1));
            self.undone += 1;
        }
    }

    #[test]
    fn a_chain_that_cannot_be_finished_is_taken_back_and_not_tried_again() {
        let mut exchange = RefusesTheSecondMove::default();
        assert_eq!(improve(&mut exchange, Goal::Topic, 10), 0);
        assert_eq!(exchange.moved, [(0, 1)]);
        assert_eq!(exchange.undone, 1);
    }

    #[test]
    fn a_chain_longer_than_the_budget_is_not_begun() {
        let mut exchange = RefusesTheSecondMove::default();
        assert_eq!(improve(&mut exchange, Goal::Topic, 1), 0);
        assert_eq!(exchange.moved, []);
    }
}
