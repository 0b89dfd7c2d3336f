//! Reads the batches of a segment right into the part of an upload in which they are sent, and checks them there.

use std::io;
use std::sync::Arc;

use broker_log::io::{FileHandle, read_leaving_no_trace};
use broker_protocol::record_batch::BatchError;
use bytes::Bytes;

use super::CopySource;
use crate::pool::{Buffer, BufferPool};
use crate::sections::{RangeScan, ScanError, ScannedRange};

/// Bytes read at once from the segment: what was read is checked while the processor's cache has it.
const READ_BYTES: usize = 1 << 20;

/// A part of an upload: a buffer that is filled from the front.
#[derive(Debug, Default)]
pub(super) struct Part {
    buffer: Buffer,
    room: usize,
}

impl Part {
    /// A part with room for so many bytes.
    pub(super) fn new(buffers: &Arc<BufferPool>, room: usize) -> Part {
        Part { buffer: buffers.buffer(room), room }
    }

    /// Bytes in it.
    pub(super) fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Adds bytes until it has `bytes_max`, beyond its room if need be; returns how many.
    pub(super) fn append(&mut self, bytes: &[u8], bytes_max: usize) -> usize {
        let taken = bytes.len().min(bytes_max.saturating_sub(self.len()));
        self.buffer.extend(&bytes[..taken]);
        taken
    }

    /// The bytes in it.
    pub(super) fn into_bytes(self) -> Bytes {
        let filled = self.len();
        self.buffer.freeze(filled)
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
        let mut checked = part.len();
        while part.len() < part.room && !self.is_done() {
            let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
            let count = READ_BYTES.min(left).min(part.room - part.len());
            part.buffer.fill(count, |buffer| self.read(buffer)).map_err(FillError::Local)?;
            checked += self.check(&part.buffer.bytes()[checked..]).map_err(FillError::Damaged)?;
        }
        self.split.extend_from_slice(&part.buffer.bytes()[checked..]);
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        // What nobody has read lately is not kept in memory for us.
        let (read, _) = read_leaving_no_trace(self.file.as_ref(), buffer, self.position)?;
        if read < buffer.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += read as u64;
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
        let buffers = Arc::new(BufferPool::new(part_bytes));
        while !batches.is_done() {
            let mut part = Part::new(&buffers, part_bytes);
            batches.fill(&mut part)?;
            all.extend_from_slice(&part.into_bytes());
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
                let buffers = Arc::new(BufferPool::new(part_bytes));
                let mut found = false;
                while !found && !batches.is_done() {
                    let mut part = Part::new(&buffers, part_bytes);
                    found = matches!(batches.fill(&mut part), Err(FillError::Damaged(_)));
                }
                assert!(found, "flip at {at}, parts of {part_bytes}");
            }
        }
    }
}
