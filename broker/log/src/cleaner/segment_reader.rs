//! Reads a segment from its start to its end, some whole batches at a time, and checks all that it reads.
//!
//! What was in memory stays there; what was not is dropped behind, so that a cleaning does not push out what consumers
//! read.

use std::io;
use std::path::PathBuf;

use broker_protocol::record_batch::{BatchError, RecordBatch};
use broker_protocol::types::{LeaderEpoch, Offset};

use crate::io::{Disk, FileHandle, OpenMode};
use crate::log_error::LogError;

/// A segment that is being read.
#[derive(Debug)]
pub(crate) struct SegmentReader {
    file: FileHandle,
    path: PathBuf,
    position: u64,
    end: u64,
    /// Offset before which no further batch begins, and the epoch below which none is.
    next_offset: Offset,
    epoch: LeaderEpoch,
    /// Offset at which the last batch ends at the latest.
    last_offset_max: Offset,
    /// Something had to come from the disk.
    is_cold: bool,
    buffer: Vec<u8>,
}

impl SegmentReader {
    /// Opens the first `size` bytes of the segment at `path`, whose batches have offsets from `base` up to `next_offset`.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn open(
        disk: &dyn Disk,
        path: PathBuf,
        size: u64,
        (base, next_offset): (Offset, Offset),
    ) -> Result<SegmentReader, LogError> {
        let file = disk.open(&path, OpenMode::READ).map_err(|error| LogError::io(&path, error))?;
        Ok(SegmentReader {
            file,
            path,
            position: 0,
            end: size,
            next_offset: base,
            epoch: LeaderEpoch::NONE,
            last_offset_max: next_offset,
            is_cold: false,
            buffer: Vec::new(),
        })
    }

    /// Calls `visit` with the next batches, of about `wanted` bytes together but at least one. Answers how many bytes they
    /// had; 0 at the end.
    ///
    /// # Errors
    /// `Corrupt` where a batch is not what was written, or `visit` gives a reason why it cannot be read; `Io`.
    pub(crate) fn read(
        &mut self,
        wanted: usize,
        mut visit: impl FnMut(&RecordBatch<'_>) -> Result<(), String>,
    ) -> Result<u64, LogError> {
        let from = self.position;
        if from >= self.end {
            return Ok(0);
        }
        let mut len = usize::try_from(self.end - from).unwrap_or(wanted).min(wanted.max(1));
        while let Some(needed) = self.read_batches(len, &mut visit)? {
            len = needed;
        }
        Ok(self.position - from)
    }

    /// Visits the whole batches of the next `len` bytes. Answers how many bytes the first one has if that is more.
    fn read_batches(
        &mut self,
        len: usize,
        visit: &mut impl FnMut(&RecordBatch<'_>) -> Result<(), String>,
    ) -> Result<Option<usize>, LogError> {
        let from = self.position;
        self.buffer.resize(len, 0);
        let read = match self.file.read_cached(&mut self.buffer, from) {
            Ok(read) if read == len => Ok(read),
            // Where it ends early, a read that may wait has the last word.
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => {
                self.is_cold = true;
                let read = self.file.read_at(&mut self.buffer, from);
                self.file.drop_cache(from, len as u64);
                read
            }
        };
        let read = read.map_err(|error| LogError::io(&self.path, error))?;
        let buffer = std::mem::take(&mut self.buffer);
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            match RecordBatch::parse(rest) {
                Ok((batch, after)) => {
                    self.check(&batch)?;
                    visit(&batch).map_err(|reason| LogError::corrupt(&self.path, self.position, reason))?;
                    self.position += batch.bytes.len() as u64;
                    rest = after;
                }
                Err(BatchError::Truncated { needed, .. })
                    if self.position + needed as u64 <= self.end && read == len =>
                {
                    let is_first = self.position == from;
                    self.buffer = buffer;
                    return Ok(is_first.then_some(needed));
                }
                Err(error) => return Err(LogError::corrupt(&self.path, self.position, error)),
            }
        }
        if read < len {
            return Err(LogError::corrupt(&self.path, from + read as u64, "the file ends early"));
        }
        self.buffer = buffer;
        Ok(None)
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
