//! Reading: which bytes of which file answer a fetch. The bytes themselves are sent by the caller.

use std::io;
use std::ops::ControlFlow;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use broker_protocol::record_batch::{BatchHeader, RecordBatch};
use broker_protocol::types::{LeaderEpoch, Offset};

use super::PartitionLog;
use super::hints::Boundary;
use super::search::{Answer, Halt, Lookups, Question, Room, Stop};
use crate::batch_scan::{scan_batches, walk_headers};
use crate::io::{DiskFile, FileHandle};
use crate::log_error::{LogError, ReadError};

/// A range of whole batches in a segment file.
#[derive(Clone, Debug)]
pub struct FetchExtent {
    /// The file; it stays readable although the segment may be deleted meanwhile.
    pub file: FileHandle,
    /// Where the range begins.
    pub position: u64,
    /// Bytes; 0 if there is nothing to read.
    pub len: usize,
    /// Offset of the first batch, which may be before the offset asked for; that offset if there is nothing to read.
    pub base_offset: Offset,
    /// Offset after the last batch; that offset if there is nothing to read.
    pub next_offset: Offset,
    /// First offset of the segment.
    pub segment_base: Offset,
    /// Offset after the last batch of the segment, when it was looked at.
    pub segment_end: Offset,
    /// Bytes of the segment, when it was looked at.
    pub segment_size: u64,
    /// The batches were checked when this process appended them, or since: see [`PartitionLog::check_extent`].
    pub is_trusted: bool,
}

impl FetchExtent {
    /// No batches, and no file: waiting readers keep none open.
    fn empty(offset: Offset) -> FetchExtent {
        FetchExtent {
            file: Arc::new(NoFile),
            position: 0,
            len: 0,
            base_offset: offset,
            next_offset: offset,
            segment_base: offset,
            segment_end: offset,
            segment_size: 0,
            is_trusted: true,
        }
    }
}

/// What a reader wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadRange {
    /// First offset.
    pub from: Offset,
    /// Bytes at most.
    pub max_bytes: usize,
    /// The first batch is wanted even if it is larger.
    pub min_one_batch: bool,
    /// Offset before which the last batch must end.
    pub upper: Offset,
}

/// The file of an answer without bytes.
#[derive(Debug)]
struct NoFile;

impl DiskFile for NoFile {
    fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
        Ok(0)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(0)
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn is_resident(&self, _: u64, _: u64) -> bool {
        true
    }

    fn drop_cache(&self, _: u64, _: u64) {}

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl PartitionLog {
    /// Finds the batches from `from` on that end below `upper` (exclusive), in one segment, as many whole ones as fit
    /// `max_bytes`. The first may begin before `from`, and is returned even if larger than `max_bytes` if
    /// `min_one_batch`. Looks through files at once: whoever shares the log uses `LogHandle::read` instead.
    ///
    /// # Errors
    /// `OutOfRange`; `Log` if the disk fails or what is read is no batch.
    pub fn read(
        &mut self,
        from: Offset,
        max_bytes: usize,
        min_one_batch: bool,
        upper: Offset,
    ) -> Result<FetchExtent, ReadError> {
        self.check_range(from)?;
        let range = ReadRange { from, max_bytes, min_one_batch, upper };
        Ok(self.settle(|log, lookups| log.extent(&range, lookups))?)
    }

    /// Whether something may be read from an offset on.
    ///
    /// # Errors
    /// `OutOfRange`.
    pub fn check_range(&self, from: Offset) -> Result<(), ReadError> {
        if from < self.log_start || from > self.log_end {
            let (log_start, log_end) = (self.log_start, self.log_end);
            return Err(ReadError::OutOfRange { offset: from, log_start, log_end });
        }
        Ok(())
    }

    /// As [`PartitionLog::read`], without a look at any file: what is needed of them is asked for in `lookups`. Finds
    /// nothing where the log does not reach.
    ///
    /// # Errors
    /// `Searching` until all of that was found; `Failed` never.
    pub fn extent(&mut self, range: &ReadRange, lookups: &mut Lookups) -> Result<FetchExtent, Halt> {
        let ReadRange { from, max_bytes, min_one_batch, upper } = *range;
        let upper = upper.min(self.log_end);
        let mut index = self.segment_index(from);
        while index + 1 < self.segments.len() && self.segments[index].next_offset <= from {
            index += 1;
        }
        if from >= upper || from < self.log_start || self.segments[index].next_offset <= from {
            return Ok(FetchExtent::empty(from));
        }
        let start = self.position_of(lookups, index, from)?;
        let limit = self.limit_position(lookups, index, upper)?;
        if limit <= start {
            return Ok(FetchExtent::empty(from));
        }
        let limit = Stop { position: limit, offset: upper.min(self.segments[index].next_offset) };
        let wanted = start.saturating_add(max_bytes as u64);
        let room = Room { start, limit: limit.position, wanted, min_one_batch };
        let stop = if limit.position <= wanted {
            limit
        } else {
            self.ask(lookups, index, Question::StopWithin(room), |answer| match answer {
                Answer::Stop(stop) => Some(*stop),
                _ => None,
            })?
        };
        let end = stop.position;
        let file = self.open_file(lookups, index)?;
        let segment = &self.segments[index];
        let (segment_base, base_offset) = (segment.base_offset, from.max(segment.base_offset));
        if end == limit.position && upper < segment.next_offset {
            self.hints.note_read(Boundary { offset: upper, segment_base, position: end });
        }
        let segment = &self.segments[index];
        Ok(FetchExtent {
            file,
            position: start,
            len: usize::try_from(end - start).expect("a segment is smaller than 2 GiB"),
            base_offset,
            next_offset: stop.offset.max(from),
            segment_base,
            segment_end: segment.next_offset,
            segment_size: segment.size,
            is_trusted: segment.trusted.covers(start, end),
        })
    }

    /// The `.log` file of a segment.
    pub(super) fn open_file(&self, lookups: &mut Lookups, index: usize) -> Result<FileHandle, Halt> {
        if let Some(file) = self.segments[index].open_file() {
            return Ok(file);
        }
        self.ask(lookups, index, Question::File, |answer| match answer {
            Answer::File(file) => Some(file.clone()),
            _ => None,
        })
    }

    /// Path of the segment that begins at `segment_base`.
    #[must_use]
    pub fn segment_path(&self, segment_base: Offset) -> PathBuf {
        self.log_path(segment_base)
    }

    /// Checks the batches of an extent of the segment at `path`: their CRCs, and their offsets, which no CRC covers.
    /// Reads them once and takes no lock.
    ///
    /// # Errors
    /// `Corrupt` with the position of the first batch that is not what was written; `Io`.
    pub fn check_extent(extent: &FetchExtent, path: &Path) -> Result<(), LogError> {
        let end = extent.position + extent.len as u64;
        let (mut next_offset, mut epoch) = (extent.segment_base, LeaderEpoch::NONE);
        // Of two batches that do not fit each other the first may be the damaged one.
        let (mut last_at, mut blamed) = (extent.position, None);
        let in_order = |position: u64, batch: &RecordBatch<'_>| {
            let header = &batch.header;
            if header.base_offset < next_offset || header.partition_leader_epoch < epoch {
                blamed = Some(last_at);
                return ControlFlow::Break("its offset or epoch, or the next batch's, is wrong".to_owned());
            }
            if header.next_offset() > extent.segment_end {
                return ControlFlow::Break(format!("offset {} is not in the segment", header.base_offset));
            }
            (next_offset, epoch, last_at) = (header.next_offset(), header.partition_leader_epoch, position);
            ControlFlow::Continue(())
        };
        if let (_, Some(damage)) = scan_batches(extent.file.as_ref(), path, extent.position, end, in_order)? {
            return Err(LogError::corrupt(path, blamed.unwrap_or(damage.position), damage.reason));
        }
        let is_next = |_: u64, header: &BatchHeader| {
            ControlFlow::Break(header.base_offset >= next_offset && header.partition_leader_epoch >= epoch)
        };
        // Damage behind the extent is for the read that meets it.
        match walk_headers(extent.file.as_ref(), path, end, extent.segment_size, is_next) {
            Ok(Some(false)) => {
                Err(LogError::corrupt(path, last_at, "its offset or epoch, or the next batch's, is wrong"))
            }
            _ => Ok(()),
        }
    }

    /// Notes that the check of an extent found damage at a position of its segment, in bytes; answers whether that is
    /// news. From there on the extent is trusted no more: the check has brought the damage into memory, where the next
    /// fetch would find it.
    pub fn note_damage(&mut self, extent: &FetchExtent, position: u64) -> bool {
        let FetchExtent { segment_base, position: begin, len, .. } = *extent;
        let at = self.segments.partition_point(|segment| segment.base_offset < segment_base);
        let Some(segment) = self.segments.get_mut(at).filter(|segment| segment.base_offset == segment_base)
        else {
            return false;
        };
        segment.trusted.remove(position, begin + len as u64);
        segment.damage_told.replace(position) != Some(position)
    }

    /// Notes that an extent was checked.
    pub fn trust(&mut self, extent: &FetchExtent) {
        let FetchExtent { segment_base, position, len, .. } = *extent;
        let at = self.segments.partition_point(|segment| segment.base_offset < segment_base);
        if let Some(segment) = self.segments.get_mut(at).filter(|segment| segment.base_offset == segment_base)
        {
            let end = (position + len as u64).min(segment.size);
            if position < end {
                segment.trusted.add(position, end);
            }
        }
    }

    /// Position of the first batch that ends at or after `offset`.
    pub(super) fn position_of(
        &self,
        lookups: &mut Lookups,
        index: usize,
        offset: Offset,
    ) -> Result<u64, Halt> {
        let segment = &self.segments[index];
        let base = segment.base_offset;
        if offset <= base {
            return Ok(0);
        }
        if offset >= segment.next_offset {
            return Ok(segment.size);
        }
        if let Some(position) = self.hints.find(base, offset) {
            return Ok(position);
        }
        self.ask(lookups, index, Question::PositionOf(offset), |answer| match answer {
            Answer::Position(position) => Some(*position),
            _ => None,
        })
    }

    /// Position behind the last batch that ends below `upper`.
    fn limit_position(&self, lookups: &mut Lookups, index: usize, upper: Offset) -> Result<u64, Halt> {
        if upper >= self.segments[index].next_offset {
            return Ok(self.segments[index].size);
        }
        self.position_of(lookups, index, upper)
    }
}
