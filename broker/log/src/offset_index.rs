//! `.index`: where in a segment's `.log` an offset is, with one entry for every `index.interval.bytes` of log.
//!
//! ```text
//! entry, 8 bytes: last offset of a batch minus the segment's base offset u32 | position of that batch u32
//! ```
//! Both increase strictly. Kafka preallocates the file; zeroes behind the last entry mean nothing.

use crate::entry_file::{EntryFile, IndexEntry};

/// Name ending of the file.
pub const OFFSET_INDEX_SUFFIX: &str = "index";

/// One entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct OffsetEntry {
    /// Last offset of the batch, relative to the segment's base offset.
    pub(crate) relative: u32,
    /// Where the batch starts, in bytes.
    pub(crate) position: u32,
}

impl IndexEntry for OffsetEntry {
    const BYTES: usize = 8;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.relative.to_be_bytes());
        out.extend_from_slice(&self.position.to_be_bytes());
    }

    fn decode(bytes: &[u8]) -> Self {
        let field = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        OffsetEntry { relative: field(0), position: field(4) }
    }
}

/// The offset index of a segment.
pub(crate) type OffsetIndex = EntryFile<OffsetEntry>;
