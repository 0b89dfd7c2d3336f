//! Counts the records that a process under subscribe read again. Normal after a rebalance, so it is reported, never bad.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Event, Function, HistoryError, Kind, MicroOp};
use crate::tables::{KeyIndex, Tables};

/// What each process has read under subscribe.
#[derive(Debug, Default)]
pub(crate) struct ConsumeCount {
    subscribed: BTreeSet<u64>,
    read: BTreeMap<u64, BTreeMap<KeyIndex, Ranges>>,
    again: u64,
}

/// A set of offsets: begins and ends (exclusive) of ranges that do not touch. A consumer reads few of them.
#[derive(Debug, Default)]
struct Ranges(BTreeMap<u64, u64>);

impl ConsumeCount {
    pub(crate) fn observe(&mut self, event: &Event, tables: &mut Tables) -> Result<(), HistoryError> {
        match (event.f, event.kind) {
            (Function::Subscribe, Kind::Ok | Kind::Info) => _ = self.subscribed.insert(event.process),
            (Function::Assign, Kind::Ok) => _ = self.subscribed.remove(&event.process),
            (Function::Crash, _) => {
                self.subscribed.remove(&event.process);
                self.read.remove(&event.process);
            }
            _ => {}
        }
        if event.kind != Kind::Ok || !self.subscribed.contains(&event.process) {
            return Ok(());
        }
        for op in &event.ops {
            let MicroOp::Poll(polled) = op else { continue };
            for (name, records) in polled {
                let key = tables.key_index(name)?;
                let read = self.read.entry(event.process).or_default().entry(key).or_default();
                for offset in records.iter().filter_map(|record| record.offset) {
                    if !read.insert(offset) {
                        self.again += 1;
                    }
                }
            }
        }
        Ok(())
    }

    /// Records read again, each as often as it was.
    pub(crate) fn finish(self) -> u64 {
        self.again
    }
}

impl Ranges {
    /// Adds an offset; false if it was there.
    fn insert(&mut self, offset: u64) -> bool {
        let before = self.0.range(..=offset).next_back().map(|(&begin, &end)| (begin, end));
        let begin = match before {
            Some((_, end)) if offset < end => return false,
            Some((begin, end)) if offset == end => begin,
            _ => offset,
        };
        let end = self.0.remove(&(offset + 1)).unwrap_or(offset + 1);
        self.0.insert(begin, end);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_grow_together_and_know_what_they_hold() {
        let mut ranges = Ranges::default();
        let added = [5, 7, 6, 6, 3, 4, 5].map(|offset| ranges.insert(offset));
        assert_eq!(added, [true, true, true, false, true, true, false]);
        assert_eq!(ranges.0, BTreeMap::from([(3, 8)]));
    }
}
