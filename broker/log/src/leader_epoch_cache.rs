//! Where each leader epoch began: the answer to "where did epoch e end", by which replicas and consumers find the
//! point at which logs diverge (KIP-101, KIP-279, KIP-320), and its text file `leader-epoch-checkpoint`.
//!
//! ```text
//! 0               version
//! 2               count of entries
//! 0 0             epoch, start offset
//! 2 72
//! ```
//! Invariant: epochs and start offsets both increase strictly from entry to entry.

use std::fmt::Write;

use broker_protocol::types::{LeaderEpoch, Offset};
use thiserror::Error;

/// Name of the file inside the partition's directory.
pub const LEADER_EPOCH_CHECKPOINT_FILE: &str = "leader-epoch-checkpoint";

/// An epoch and the offset of its first record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EpochEntry {
    /// The leader epoch.
    pub epoch: LeaderEpoch,
    /// Offset at which it began.
    pub start_offset: Offset,
}

/// Why a `leader-epoch-checkpoint` is not understood.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum EpochFileError {
    /// A version other than 0.
    #[error("leader-epoch-checkpoint has version {0:?}, expected 0")]
    Version(String),
    /// Not as many well-formed lines as the count says.
    #[error("leader-epoch-checkpoint line {0} is malformed")]
    Line(usize),
}

/// Start offsets of the epochs of one log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LeaderEpochCache {
    entries: Vec<EpochEntry>,
}

impl LeaderEpochCache {
    /// A cache with these entries, oldest first; those that break the order are dropped in favour of later ones.
    #[must_use]
    pub fn from_entries(entries: &[EpochEntry]) -> LeaderEpochCache {
        let mut cache = LeaderEpochCache::default();
        for entry in entries {
            cache.assign(entry.epoch, entry.start_offset);
        }
        cache
    }

    /// The entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    /// The newest epoch, or `LeaderEpoch::NONE`.
    #[must_use]
    pub fn latest(&self) -> LeaderEpoch {
        self.entries.last().map_or(LeaderEpoch::NONE, |entry| entry.epoch)
    }

    /// Notes that `epoch` begins at `start_offset`. Returns whether anything changed: an epoch that is not newer than
    /// the latest is known already.
    ///
    /// An older epoch that would begin at or after `start_offset` had no records and is dropped.
    pub fn assign(&mut self, epoch: LeaderEpoch, start_offset: Offset) -> bool {
        if epoch <= self.latest() {
            return false;
        }
        while self.entries.last().is_some_and(|last| last.start_offset >= start_offset) {
            self.entries.pop();
        }
        self.entries.push(EpochEntry { epoch, start_offset });
        true
    }

    /// The epoch of the record at `offset`, if one had begun by then.
    #[must_use]
    pub fn epoch_for_offset(&self, offset: Offset) -> Option<LeaderEpoch> {
        let after = self.entries.partition_point(|entry| entry.start_offset <= offset);
        after.checked_sub(1).map(|index| self.entries[index].epoch)
    }

    /// The largest epoch that is not larger than `epoch`, and the offset after its last record. (`NONE`, -1) if the
    /// log knows nothing so old, or has not seen an epoch so new.
    #[must_use]
    pub fn end_offset_for(&self, epoch: LeaderEpoch, log_end: Offset) -> (LeaderEpoch, Offset) {
        const UNDEFINED: (LeaderEpoch, Offset) = (LeaderEpoch::NONE, Offset(-1));
        if epoch == LeaderEpoch::NONE || epoch > self.latest() {
            return UNDEFINED;
        }
        let next = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let Some(own) = next.checked_sub(1) else {
            // Older than all that is known: it ended where the first known one began.
            return (epoch, self.entries[0].start_offset);
        };
        let end = self.entries.get(next).map_or(log_end, |entry| entry.start_offset);
        (self.entries[own].epoch, end)
    }

    /// Forgets what begins at or after `end`; returns whether anything changed.
    pub fn truncate_from_end(&mut self, end: Offset) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.start_offset < end);
        before != self.entries.len()
    }

    /// Forgets what ended before `start`; the epoch that holds `start` now begins there. Returns whether anything
    /// changed.
    pub fn truncate_from_start(&mut self, start: Offset) -> bool {
        let after = self.entries.partition_point(|entry| entry.start_offset <= start);
        let Some(first) = after.checked_sub(1) else { return false };
        let changed = first > 0 || self.entries[0].start_offset < start;
        self.entries.drain(..first);
        if let Some(entry) = self.entries.first_mut() {
            entry.start_offset = start.max(entry.start_offset);
        }
        changed
    }

    /// The text of the checkpoint file.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = format!("0\n{}\n", self.entries.len());
        for entry in &self.entries {
            writeln!(text, "{} {}", entry.epoch, entry.start_offset)
                .expect("writing to a string cannot fail");
        }
        text
    }

    /// Reads the text of a checkpoint file. Entries that break the order are dropped in favour of later ones.
    ///
    /// # Errors
    /// Another version, or a count that does not fit the lines.
    pub fn decode(text: &str) -> Result<LeaderEpochCache, EpochFileError> {
        let mut lines = text.lines().map(str::trim);
        match lines.next() {
            Some("0") => {}
            other => return Err(EpochFileError::Version(other.unwrap_or_default().to_owned())),
        }
        let count: usize = lines.next().and_then(|line| line.parse().ok()).ok_or(EpochFileError::Line(2))?;
        let mut cache = LeaderEpochCache::default();
        for index in 0..count {
            let entry = lines.next().and_then(parse_entry).ok_or(EpochFileError::Line(index + 3))?;
            cache.assign(entry.epoch, entry.start_offset);
        }
        if lines.any(|line| !line.is_empty()) {
            return Err(EpochFileError::Line(count + 3));
        }
        Ok(cache)
    }
}

fn parse_entry(line: &str) -> Option<EpochEntry> {
    let (epoch, start) = line.split_once(' ')?;
    let epoch = LeaderEpoch(epoch.parse().ok().filter(|&epoch| epoch >= 0)?);
    let start_offset = Offset(start.trim().parse().ok().filter(|&offset| offset >= 0)?);
    Some(EpochEntry { epoch, start_offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(entries: &[(i32, i64)]) -> LeaderEpochCache {
        let mut cache = LeaderEpochCache::default();
        for &(epoch, start) in entries {
            assert!(cache.assign(LeaderEpoch(epoch), Offset(start)));
        }
        cache
    }

    #[test]
    fn end_of_an_epoch_is_the_start_of_the_next() {
        let cache = cache(&[(2, 10), (4, 20), (7, 35)]);
        let end = |epoch| {
            let (epoch, end) = cache.end_offset_for(LeaderEpoch(epoch), Offset(50));
            (epoch.0, end.0)
        };
        assert_eq!(end(2), (2, 20));
        assert_eq!(end(3), (2, 20));
        assert_eq!(end(5), (4, 35));
        assert_eq!(end(7), (7, 50));
        assert_eq!(end(1), (1, 10));
        assert_eq!(end(8), (-1, -1));
        assert_eq!(end(-1), (-1, -1));
    }

    #[test]
    fn epoch_without_records_is_replaced_by_the_next() {
        let mut cache = cache(&[(1, 0), (2, 10)]);
        assert!(cache.assign(LeaderEpoch(3), Offset(10)));
        assert_eq!(cache.encode(), "0\n2\n1 0\n3 10\n");
        assert!(!cache.assign(LeaderEpoch(3), Offset(12)));
        assert!(!cache.assign(LeaderEpoch(2), Offset(12)));
    }

    #[test]
    fn truncation_keeps_the_epoch_that_holds_the_new_start() {
        let mut cache = cache(&[(1, 0), (2, 10), (3, 20)]);
        assert!(!cache.truncate_from_start(Offset(0)));
        assert!(cache.truncate_from_start(Offset(15)));
        assert_eq!(cache.encode(), "0\n2\n2 15\n3 20\n");
        assert!(cache.truncate_from_end(Offset(20)));
        assert_eq!(cache.encode(), "0\n1\n2 15\n");
        assert_eq!(cache.epoch_for_offset(Offset(14)), None);
        assert_eq!(cache.epoch_for_offset(Offset(15)), Some(LeaderEpoch(2)));
    }

    #[test]
    fn file_survives_a_round_trip_and_damage_is_refused() {
        let text = "0\n2\n0 0\n2 72\n";
        assert_eq!(LeaderEpochCache::decode(text).unwrap().encode(), text);
        assert_eq!(LeaderEpochCache::decode("1\n0\n"), Err(EpochFileError::Version("1".into())));
        assert_eq!(LeaderEpochCache::decode("0\n2\n0 0\n"), Err(EpochFileError::Line(4)));
        assert_eq!(LeaderEpochCache::decode("0\n1\n0 0\n1 1\n"), Err(EpochFileError::Line(4)));
        assert_eq!(LeaderEpochCache::decode("0\n1\n0 x\n"), Err(EpochFileError::Line(3)));
        assert!(LeaderEpochCache::decode("0\n99999999999\n").is_err());
    }
}
