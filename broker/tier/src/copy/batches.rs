//! Reads the batches of a segment right into the part of an upload in which they are sent, and checks them there.

use std::io;

use broker_log::io::FileHandle;
use broker_protocol::record_batch::BatchError;
use bytes::{Bytes, BytesMut};

use super::CopySource;
use crate::sections::{RangeScan, ScanError, ScannedRange};

/// Bytes read at once from the segment: what was read is checked while the processor's cache has it.
const READ_BYTES: usize = 1 << 20;

/// A part of an upload: a buffer that is filled from the front.
#[derive(Debug, Default)]
pub(super) struct Part {
    bytes: BytesMut,
    filled: usize,
}

impl Part {
    /// A part with room for so many bytes.
    pub(super) fn new(bytes: usize) -> Part {
        Part { bytes: BytesMut::zeroed(bytes), filled: 0 }
    }

    /// An empty part, in the memory of one that was sent if nobody else has that any more.
    pub(super) fn after(sent: Bytes) -> Part {
        let length = sent.len();
        sent.try_into_mut().map_or_else(|_| Part::new(length), |bytes| Part { bytes, filled: 0 })
    }

    /// Bytes in it.
    pub(super) fn len(&self) -> usize {
        self.filled
    }

    /// Adds bytes until it has `bytes_max`, beyond its room if need be; returns how many.
    pub(super) fn append(&mut self, bytes: &[u8], bytes_max: usize) -> usize {
        let taken = bytes.len().min(bytes_max.saturating_sub(self.filled));
        self.bytes.truncate(self.filled);
        self.bytes.extend_from_slice(&bytes[..taken]);
        self.filled += taken;
        taken
    }

    /// All of its memory, of which so many bytes at the beginning are to be sent.
    pub(super) fn into_bytes(self) -> (Bytes, usize) {
        (self.bytes.freeze(), self.filled)
    }
}

/// Why no more batches come.
#[derive(Debug)]
pub(super) enum FillError {
    /// The disk.
    Local(io::Error),
    /// What stands in the file.
    Damaged(ScanError),
}

/// The batches of a range on their way into parts.
#[derive(Debug)]
pub(super) struct Batches {
    file: FileHandle,
    position: u64,
    end: u64,
    scan: RangeScan,
    /// The beginning of a batch that goes on in the next part.
    split: Vec<u8>,
}

impl Batches {
    pub(super) fn new(source: &CopySource) -> Batches {
        Batches {
            file: FileHandle::clone(&source.file),
            position: source.position,
            end: source.position + source.length,
            scan: RangeScan::new(source.base_offset, source.length),
            split: Vec::new(),
        }
    }

    /// Whether all was read.
    pub(super) fn is_done(&self) -> bool {
        self.position == self.end
    }

    /// What was learned of those that were read.
    pub(super) fn finish(self) -> ScannedRange {
        self.scan.finish()
    }

    /// Reads until the part is full or all was read. What was checked is whole batches: the last one of a part may have
    /// to wait for the next.
    pub(super) fn fill(&mut self, part: &mut Part) -> Result<(), FillError> {
        let mut checked = part.filled;
        while part.filled < part.bytes.len() && !self.is_done() {
            let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
            let end = part.bytes.len().min(part.filled + READ_BYTES.min(left));
            self.read(&mut part.bytes[part.filled..end]).map_err(FillError::Local)?;
            part.filled = end;
            checked += self.check(&part.bytes[checked..end]).map_err(FillError::Damaged)?;
        }
        self.split.extend_from_slice(&part.bytes[checked..part.filled]);
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let length = buffer.len() as u64;
        // What nobody has read lately is not kept in memory for us.
        let was_resident = self.file.is_resident(self.position, length);
        let read = self.file.read_at(buffer, self.position)?;
        if !was_resident {
            self.file.drop_cache(self.position, length);
        }
        if read < buffer.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += length;
        Ok(())
    }

    /// Checks the whole batches at the beginning of `bytes`, with the one that was split before them; returns how many
    /// bytes are done with.
    fn check(&mut self, bytes: &[u8]) -> Result<usize, ScanError> {
        let mut taken = 0;
        while !self.split.is_empty() {
            let missing = self.scan.bytes_needed(&self.split)?.saturating_sub(self.split.len());
            if missing == 0 {
                self.scan.take(&self.split)?;
                self.split = Vec::new();
                break;
            }
            self.refuse_longer(missing, bytes.len() - taken)?;
            let (more, rest) = bytes[taken..].split_at(missing.min(bytes.len() - taken));
            self.split.extend_from_slice(more);
            taken += more.len();
            if rest.is_empty() && more.len() < missing {
                return Ok(taken);
            }
        }
        taken += self.scan.take(&bytes[taken..])?;
        Ok(taken)
    }

    /// A length that leads out of the range is damage, and need not be waited for until the end.
    fn refuse_longer(&self, missing: usize, at_hand: usize) -> Result<(), ScanError> {
        let left = at_hand as u64 + (self.end - self.position);
        if missing as u64 <= left {
            return Ok(());
        }
        let (needed, available) = (self.split.len() + missing, self.split.len());
        Err(ScanError::Batch {
            position: self.scan.position(),
            error: BatchError::Truncated { needed, available },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sections::tests::{batches, big_batches};
    use crate::test_bucket::Bucket;

    /// All bytes through parts of so many bytes, and what was learned of them.
    fn through_parts(bytes: &[u8], part_bytes: usize) -> Result<(Vec<u8>, ScannedRange), FillError> {
        let source = Bucket::new().source(bytes);
        let mut batches = Batches::new(&source);
        let mut all = Vec::new();
        let mut part = Part::new(part_bytes);
        while !batches.is_done() {
            batches.fill(&mut part)?;
            let (sent, filled) = part.into_bytes();
            all.extend_from_slice(&sent[..filled]);
            part = Part::after(sent);
        }
        Ok((all, batches.finish()))
    }

    #[test]
    fn batches_are_checked_wherever_a_part_ends() {
        let bytes = [batches(0, 7, 0), batches(70, 3, 1), big_batches(100, 1, 5000)].concat();
        let whole = through_parts(&bytes, bytes.len()).unwrap().1;
        assert_eq!(whole.length, bytes.len() as u64);
        for part_bytes in (1..400).chain([bytes.len() - 1, bytes.len() + 1]) {
            let (sent, range) = through_parts(&bytes, part_bytes).unwrap();
            assert!(sent == bytes, "parts of {part_bytes}");
            assert_eq!(
                (range.crc, range.next_offset),
                (whole.crc, whole.next_offset),
                "parts of {part_bytes}"
            );
            assert_eq!(range.offset_index, whole.offset_index, "parts of {part_bytes}");
        }
    }

    #[test]
    fn a_flip_is_found_wherever_a_part_ends() {
        let bytes = batches(0, 7, 0);
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            for part_bytes in [1, 61, 62, 100, bytes.len() / 2 + 1, bytes.len()] {
                let source =
                    CopySource { file: Bucket::new().source(&damaged).file, ..Bucket::new().source(&bytes) };
                let mut batches = Batches::new(&source);
                let mut part = Part::new(part_bytes);
                let mut found = false;
                while !found && !batches.is_done() {
                    found = matches!(batches.fill(&mut part), Err(FillError::Damaged(_)));
                    part = Part::after(part.into_bytes().0);
                }
                assert!(found, "flip at {at}, parts of {part_bytes}");
            }
        }
    }
}
