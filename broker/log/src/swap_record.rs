//! `swap-<number>`: that some segments of a log have given way to one, until a checkpoint says so too.
//!
//! ```text
//! magic u32 "HWSW" | crc32c u32 of all that follows | version u8 = 1 | number u64
//! first offset i64 | first offset of the segment after them i64 | the segment, as in the checkpoint of a log
//! ```
//! Once such a record is durable the segments are replaced, whatever the files are called; before, they are not. Numbers
//! count up for as long as the log lives, and the log's place in the checkpoint has the last one that it knows of.

use std::path::{Path, PathBuf};

use broker_protocol::types::Offset;

use crate::entry_file::crc32c;
use crate::tail_checkpoint::{SegmentSummary, TailCheckpoint};

const PREFIX: &str = "swap-";
const MAGIC: u32 = u32::from_be_bytes(*b"HWSW");
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 4 + 4 + 1 + 8 + 8 + 8;

/// Ending of a record that is being written.
const UNFINISHED: &str = ".tmp";

/// One record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SwapRecord {
    pub(crate) number: u64,
    /// First offset of the segments that have given way.
    pub(crate) first: Offset,
    /// First offset of the segment after them.
    pub(crate) end: Offset,
    /// What has taken their place.
    pub(crate) segment: SegmentSummary,
}

/// Where a record of this number stands.
pub(crate) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{PREFIX}{number:020}"))
}

/// Where it stands while it is being written.
pub(crate) fn unfinished_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{PREFIX}{number:020}{UNFINISHED}"))
}

/// What a file name says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Named {
    /// A record of this number.
    Record(u64),
    /// What is left of one that was not finished.
    Unfinished,
}

/// The number in the name of a record's file.
pub(crate) fn parse(name: &str) -> Option<Named> {
    let rest = name.strip_prefix(PREFIX)?;
    if let Some(digits) = rest.strip_suffix(UNFINISHED) {
        return is_number(digits).then_some(Named::Unfinished);
    }
    if is_number(rest) { rest.parse().ok().map(Named::Record) } else { None }
}

fn is_number(digits: &str) -> bool {
    digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl SwapRecord {
    /// The bytes of the file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES + SegmentSummary::BYTES);
        out.extend_from_slice(&MAGIC.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.push(VERSION);
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&self.first.0.to_be_bytes());
        out.extend_from_slice(&self.end.0.to_be_bytes());
        self.segment.encode_to(&mut out);
        let crc = crc32c(&out[8..]);
        out[4..8].copy_from_slice(&crc.to_be_bytes());
        out
    }

    /// `None` if the bytes are not a whole record.
    pub(crate) fn decode(bytes: &[u8]) -> Option<SwapRecord> {
        let (header, summary) = bytes.split_at_checked(HEADER_BYTES)?;
        let u32_at = |at: usize| Some(u32::from_be_bytes(header[at..at + 4].try_into().ok()?));
        let u64_at = |at: usize| Some(u64::from_be_bytes(header[at..at + 8].try_into().ok()?));
        if u32_at(0)? != MAGIC || header[8] != VERSION || u32_at(4)? != crc32c(&bytes[8..]) {
            return None;
        }
        Some(SwapRecord {
            number: u64_at(9)?,
            first: Offset(u64_at(17)?.cast_signed()),
            end: Offset(u64_at(25)?.cast_signed()),
            segment: SegmentSummary::decode(summary)?,
        })
    }

    /// Brings what a checkpoint says of the log in line. Does nothing if the checkpoint has none of these segments: they
    /// were deleted since.
    pub(crate) fn apply(&self, tail: &mut TailCheckpoint) {
        let is_replaced = |segment: &SegmentSummary| self.covers(segment.base_offset);
        tail.swaps = tail.swaps.max(self.number);
        let Some(at) = tail.segments.iter().position(is_replaced) else { return };
        tail.segments.retain(|segment| !is_replaced(segment));
        tail.segments.insert(at, self.segment);
    }

    /// Whether a segment that begins at `base` has given way.
    pub(crate) fn covers(&self, base: Offset) -> bool {
        (self.first..self.end).contains(&base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::Segment;

    fn record() -> SwapRecord {
        let mut segment = Segment::empty(Offset(20), 7);
        (segment.next_offset, segment.size) = (Offset(60), 1234);
        SwapRecord { number: 5, first: Offset(20), end: Offset(61), segment: SegmentSummary::of(&segment) }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        assert_eq!(SwapRecord::decode(&record().encode()), Some(record()));
    }

    #[test]
    fn a_record_with_any_damage_is_none() {
        let bytes = record().encode();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(SwapRecord::decode(&damaged), None, "byte {at}");
            assert_eq!(SwapRecord::decode(&bytes[..at]), None, "cut at {at}");
        }
        assert_eq!(SwapRecord::decode(&[&bytes[..], &[0]].concat()), None);
    }

    #[test]
    fn names_tell_records_from_other_files() {
        let name = path(Path::new(""), 5).display().to_string();
        assert_eq!(parse(&name), Some(Named::Record(5)));
        let unfinished = unfinished_path(Path::new(""), 5).display().to_string();
        assert_eq!(
            (unfinished.as_str(), parse(&unfinished)),
            (&*format!("{name}.tmp"), Some(Named::Unfinished))
        );
        for other in ["swap-5", "00000000000000000005.log", "swap-0000000000000000000x"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
