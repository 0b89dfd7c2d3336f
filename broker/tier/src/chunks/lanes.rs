//! Whose turn it is among what is fetched ahead: of each partition a few requests at once, the others in the order in which
//! they will be read. Pure.
//!
//! Requests that are under way together share what the way carries and end together; then the reader has enough to go on
//! with while the next ones, which wait here with their room in memory, are sent at once. Without a queue nothing would be
//! under way until the reader has come closer to what is missing.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Requests ahead of the readers of one partition that are under way at once.
pub(super) const UNDER_WAY_MAX: usize = 8;

#[derive(Debug)]
struct Lane<T> {
    under_way: usize,
    waiting: VecDeque<T>,
}

/// The lanes of all partitions; one that has nothing to do is gone.
#[derive(Debug)]
pub(super) struct Lanes<K, T> {
    lanes: HashMap<K, Lane<T>>,
}

impl<K: Eq + Hash, T> Lanes<K, T> {
    /// No lanes.
    pub(super) fn new() -> Lanes<K, T> {
        Lanes { lanes: HashMap::new() }
    }

    /// Takes in what is to be fetched, and gives it back if it is its turn.
    pub(super) fn enter(&mut self, key: K, run: T) -> Option<T> {
        let lane = self.lanes.entry(key).or_insert_with(|| Lane { under_way: 0, waiting: VecDeque::new() });
        if lane.under_way >= UNDER_WAY_MAX {
            lane.waiting.push_back(run);
            return None;
        }
        lane.under_way += 1;
        Some(run)
    }

    /// Something has ended that had its turn; gives what is next.
    pub(super) fn leave(&mut self, key: &K) -> Option<T> {
        let lane = self.lanes.get_mut(key)?;
        lane.under_way -= 1;
        let next = if lane.under_way < UNDER_WAY_MAX { lane.waiting.pop_front() } else { None };
        if next.is_some() {
            lane.under_way += 1;
        } else if lane.under_way == 0 {
            self.lanes.remove(key);
        }
        next
    }

    /// Gives what somebody waits for, out of its turn.
    pub(super) fn call(&mut self, key: &K, is_wanted: impl FnMut(&T) -> bool) -> Option<T> {
        let lane = self.lanes.get_mut(key)?;
        let index = lane.waiting.iter().position(is_wanted)?;
        lane.under_way += 1;
        lane.waiting.remove(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_under_way_and_the_others_come_in_their_order() {
        let mut lanes = Lanes::new();
        let begun: Vec<_> = (0..20).filter_map(|run| lanes.enter("a", run)).collect();
        assert_eq!(begun, (0..UNDER_WAY_MAX).collect::<Vec<_>>());
        assert_eq!(lanes.enter("b", 99), Some(99), "another partition");
        let ended: Vec<_> = (0..20).map(|_| lanes.leave(&"a")).collect();
        let expected = (UNDER_WAY_MAX..20).map(Some).chain([None; UNDER_WAY_MAX]);
        assert_eq!(ended, expected.collect::<Vec<_>>());
        assert_eq!((lanes.leave(&"b"), lanes.lanes.len()), (None, 0));
    }

    #[test]
    fn what_is_waited_for_comes_at_once_and_takes_the_place_of_another() {
        let mut lanes = Lanes::new();
        let begun = (0..UNDER_WAY_MAX + 2).filter_map(|run| lanes.enter("a", run)).count();
        assert_eq!(begun, UNDER_WAY_MAX);
        let wanted = UNDER_WAY_MAX + 1;
        assert_eq!(lanes.call(&"a", |run| *run == wanted), Some(wanted));
        assert_eq!(lanes.call(&"a", |run| *run == wanted), None);
        assert_eq!(lanes.leave(&"a"), None, "as many are under way as may be");
        assert_eq!(lanes.leave(&"a"), Some(UNDER_WAY_MAX));
    }
}
