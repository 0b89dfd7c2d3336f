//! Reads a segment from its start to its end, some whole batches at a time, and checks all that it reads.
//!
//! What was in memory stays there; what was not is dropped behind, so that a cleaning does not push out what consumers
//! read.

use std::path::PathBuf;

use broker_protocol::record_batch::{BatchError, RecordBatch};
use broker_protocol::types::{LeaderEpoch, Offset};

use crate::io::pieces::Pieces;
use crate::io::{Disk, FileHandle, OpenMode};
use crate::log_error::LogError;

/// A segment that is being read.
#[derive(Debug)]
pub(crate) struct SegmentReader {
    file: FileHandle,
    pieces: Pieces,
    path: PathBuf,
    /// Where the next batch begins.
    position: u64,
    end: u64,
    /// Offset before which no further batch begins, and the epoch below which none is.
    next_offset: Offset,
    epoch: LeaderEpoch,
    /// Offset at which the last batch ends at the latest.
    last_offset_max: Offset,
    /// Something had to come from the disk.
    is_cold: bool,
    /// The buffer of the piece before.
    used: Vec<u8>,
    /// The beginning of a batch that goes on in the next piece.
    begun: Vec<u8>,
}

impl SegmentReader {
    /// Opens the first `size` bytes of the segment at `path`, whose batches have offsets from `base` up to `next_offset`, to
    /// be read `piece_bytes` at a time.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn open(
        disk: &dyn Disk,
        path: PathBuf,
        size: u64,
        (base, next_offset): (Offset, Offset),
        piece_bytes: usize,
    ) -> Result<SegmentReader, LogError> {
        let file = disk.open(&path, OpenMode::READ).map_err(|error| LogError::io(&path, error))?;
        Ok(SegmentReader {
            pieces: Pieces::of(file.clone(), 0..size, piece_bytes),
            file,
            path,
            position: 0,
            end: size,
            next_offset: base,
            epoch: LeaderEpoch::NONE,
            last_offset_max: next_offset,
            is_cold: false,
            used: Vec::new(),
            begun: Vec::new(),
        })
    }

    /// Calls `visit` with the next batches: those that end in the next piece, but at least one. Answers how many bytes they
    /// had; 0 at the end.
    ///
    /// # Errors
    /// `Corrupt` where a batch is not what was written, or `visit` gives a reason why it cannot be read; `Io`.
    pub(crate) fn read(
        &mut self,
        mut visit: impl FnMut(&RecordBatch<'_>) -> Result<(), String>,
    ) -> Result<u64, LogError> {
        let from = self.position;
        while self.position == from && from < self.end {
            let Some(piece) = self.pieces.next(std::mem::take(&mut self.used)) else {
                let ends = self.position + self.begun.len() as u64;
                return Err(LogError::corrupt(&self.path, ends, "the file ends early"));
            };
            let piece = piece.map_err(|error| LogError::io(&self.path, error))?;
            self.is_cold |= piece.is_cold;
            let rest = self.end_begun(&piece.bytes, &mut visit)?;
            self.read_batches(rest, &mut visit)?;
            self.used = piece.bytes;
        }
        Ok(self.position - from)
    }

    /// Visits the batch that was begun, if all of it is there now. Answers what follows it.
    fn end_begun<'a>(
        &mut self,
        mut piece: &'a [u8],
        visit: &mut impl FnMut(&RecordBatch<'_>) -> Result<(), String>,
    ) -> Result<&'a [u8], LogError> {
        let mut begun = std::mem::take(&mut self.begun);
        while !begun.is_empty() {
            match RecordBatch::parse(&begun) {
                Ok((batch, _)) => {
                    self.take(&batch, visit)?;
                    begun.clear();
                }
                Err(error) => {
                    let missing = self.needed(&error)?.saturating_sub(begun.len());
                    if piece.is_empty() {
                        break;
                    }
                    let (more, rest) = piece.split_at(missing.min(piece.len()));
                    begun.extend_from_slice(more);
                    piece = rest;
                }
            }
        }
        self.begun = begun;
        Ok(piece)
    }

    /// Visits the whole batches of `rest`, and keeps what is behind them.
    fn read_batches(
        &mut self,
        mut rest: &[u8],
        visit: &mut impl FnMut(&RecordBatch<'_>) -> Result<(), String>,
    ) -> Result<(), LogError> {
        while !rest.is_empty() {
            match RecordBatch::parse(rest) {
                Ok((batch, after)) => {
                    self.take(&batch, visit)?;
                    rest = after;
                }
                Err(error) => {
                    self.needed(&error)?;
                    self.begun.extend_from_slice(rest);
                    break;
                }
            }
        }
        Ok(())
    }

    /// How many bytes the next batch needs, as far as known, if they can be there.
    fn needed(&self, error: &BatchError) -> Result<usize, LogError> {
        match error {
            BatchError::Truncated { needed, .. } if self.position + *needed as u64 <= self.end => Ok(*needed),
            error => Err(LogError::corrupt(&self.path, self.position, error)),
        }
    }

    fn take(
        &mut self,
        batch: &RecordBatch<'_>,
        visit: &mut impl FnMut(&RecordBatch<'_>) -> Result<(), String>,
    ) -> Result<(), LogError> {
        self.check(batch)?;
        visit(batch).map_err(|reason| LogError::corrupt(&self.path, self.position, reason))?;
        self.position += batch.bytes.len() as u64;
        Ok(())
    }

    /// What is read.
    pub(crate) fn file(&self) -> &FileHandle {
        &self.file
    }

    /// Whether something had to come from the disk.
    pub(crate) fn is_cold(&self) -> bool {
        self.is_cold
    }

    /// The CRC covers neither offset nor epoch.
    fn check(&mut self, batch: &RecordBatch<'_>) -> Result<(), LogError> {
        let header = &batch.header;
        let corrupt = |reason: String| Err(LogError::corrupt(&self.path, self.position, reason));
        if let Err(error) = batch.verify_crc() {
            return corrupt(error.to_string());
        }
        let is_in_order = header.base_offset >= self.next_offset
            && header.partition_leader_epoch >= self.epoch
            && header.last_offset_delta >= 0
            && header.next_offset() <= self.last_offset_max;
        if !is_in_order {
            let offset = header.base_offset;
            return corrupt(format!(
                "offset {offset} or its epoch, or those of the batch before it, are wrong"
            ));
        }
        (self.next_offset, self.epoch) = (header.next_offset(), header.partition_leader_epoch);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use broker_protocol::batch_builder::BatchBuilder;
    use broker_protocol::compression::Compression;

    use super::*;
    use crate::io::memory_disk::MemoryDisk;

    fn batch(base: i64, value_bytes: usize) -> Vec<u8> {
        let mut builder =
            BatchBuilder::new(Compression::None).base_offset(Offset(base)).leader_epoch(LeaderEpoch(0));
        builder.push(1000, Some(b"key"), Some(&vec![7; value_bytes]), &[]);
        builder.build()
    }

    /// Offsets that are read of a file that is said to have `size` bytes, and why no more.
    fn read(content: &[u8], size: u64, piece_bytes: usize) -> (Vec<i64>, Option<String>) {
        let (disk, path) = (MemoryDisk::new(1), Path::new("/segment"));
        disk.open(path, OpenMode::CREATE).unwrap().write_at(content, 0).unwrap();
        let offsets = (Offset(0), Offset(100));
        let mut reader = SegmentReader::open(&disk, path.to_owned(), size, offsets, piece_bytes).unwrap();
        let mut found = Vec::new();
        loop {
            let count = found.len();
            let visited = reader.read(|batch| {
                found.push(batch.header.base_offset.0);
                Ok(())
            });
            match visited {
                Ok(0) => return (found, None),
                Ok(_) => assert!(found.len() > count, "one batch at least"),
                Err(error) => return (found, Some(error.to_string())),
            }
        }
    }

    #[test]
    fn batches_are_whole_however_small_the_pieces_are() {
        let batches = [batch(0, 10), batch(1, 500), batch(2, 0), batch(7, 90)];
        let (content, size) = (batches.concat(), batches.concat().len() as u64);
        for piece_bytes in 1..=content.len() + 1 {
            assert_eq!(read(&content, size, piece_bytes), (vec![0, 1, 2, 7], None), "{piece_bytes}");
        }
    }

    #[test]
    fn a_file_that_ends_early_or_inside_of_a_batch_is_damaged() {
        let batches = [batch(0, 10), batch(1, 500)];
        let (content, size) = (batches.concat(), batches.concat().len() as u64);
        for piece_bytes in [1, 60, 61, 300, 1000] {
            let (found, error) = read(&content[..content.len() - 1], size, piece_bytes);
            assert_eq!(
                (found, error.unwrap().contains("the file ends early")),
                (vec![0], true),
                "{piece_bytes}"
            );
            let (found, error) = read(&content, size - 1, piece_bytes);
            assert_eq!((found, error.is_some()), (vec![0], true), "{piece_bytes}");
        }
    }
}
