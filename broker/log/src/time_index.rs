//! `.timeindex`: for a timestamp, an offset at which it had been reached.
//!
//! ```text
//! entry, 12 bytes: largest timestamp so far i64 | offset of the batch that holds it (its last) minus base offset u32
//! ```
//! Timestamps increase strictly. Kafka preallocates the file; zeroes behind the last entry mean nothing.

use crate::entry_file::{EntryFile, IndexEntry};

/// Name ending of the file.
pub const TIME_INDEX_SUFFIX: &str = "timeindex";

/// One entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TimeEntry {
    /// Milliseconds since 1970; no record up to that offset has a larger one.
    pub(crate) timestamp: i64,
    /// Last offset of the batch with that timestamp, relative to the segment's base offset.
    pub(crate) relative: u32,
}

impl IndexEntry for TimeEntry {
    const BYTES: usize = 12;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.relative.to_be_bytes());
    }

    fn decode(bytes: &[u8]) -> Self {
        TimeEntry {
            timestamp: i64::from_be_bytes(bytes[..8].try_into().expect("eight bytes")),
            relative: u32::from_be_bytes(bytes[8..12].try_into().expect("four bytes")),
        }
    }
}

/// The time index of a segment.
pub(crate) type TimeIndex = EntryFile<TimeEntry>;
