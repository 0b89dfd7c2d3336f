//! Reading: which bytes of which file answer a fetch. The bytes themselves are sent by the caller.

use std::io;
use std::ops::ControlFlow;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use broker_protocol::record_batch::{BATCH_HEADER_BYTES, BatchHeader, RecordBatch};
use broker_protocol::types::{LeaderEpoch, Offset};

use super::PartitionLog;
use super::hints::Boundary;
use crate::batch_scan::{scan_batches, walk_headers};
use crate::io::{DiskFile, FileHandle};
use crate::log_error::{LogError, ReadError};
use crate::segment::Segment;

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

/// Where the batches of an answer end.
#[derive(Clone, Copy)]
struct Stop {
    position: u64,
    /// Offset after the last of them.
    offset: Offset,
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
    /// `min_one_batch`.
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
        if from < self.log_start || from > self.log_end {
            let (log_start, log_end) = (self.log_start, self.log_end);
            return Err(ReadError::OutOfRange { offset: from, log_start, log_end });
        }
        let upper = upper.min(self.log_end);
        let mut index = self.segment_index(from);
        while index + 1 < self.segments.len() && self.segments[index].next_offset <= from {
            index += 1;
        }
        if from >= upper || self.segments[index].next_offset <= from {
            return Ok(FetchExtent::empty(from));
        }
        let start = self.position_of(index, from)?;
        let limit = self.limit_position(index, upper)?;
        if limit <= start {
            return Ok(FetchExtent::empty(from));
        }
        let limit = Stop { position: limit, offset: upper.min(self.segments[index].next_offset) };
        let stop = self.stop_position(index, (start, limit), max_bytes, min_one_batch)?;
        let end = stop.position;
        let segment = &self.segments[index];
        let (segment_base, base_offset) = (segment.base_offset, from.max(segment.base_offset));
        if end == limit.position && upper < segment.next_offset {
            self.hints.note_read(Boundary { offset: upper, segment_base, position: end });
        }
        let file = self.with_segment(index, Segment::file)?;
        let len = usize::try_from(end - start).expect("a segment is smaller than 2 GiB");
        let segment = &self.segments[index];
        Ok(FetchExtent {
            file,
            position: start,
            len,
            base_offset,
            next_offset: stop.offset.max(from),
            segment_base,
            segment_end: segment.next_offset,
            segment_size: segment.size,
            is_trusted: segment.trusted.covers(start, end),
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

    /// Notes that a check found damage at a position of that segment, in bytes; answers whether that is news.
    pub fn note_damage(&mut self, segment_base: Offset, position: u64) -> bool {
        let at = self.segments.partition_point(|segment| segment.base_offset < segment_base);
        let segment = self.segments.get_mut(at).filter(|segment| segment.base_offset == segment_base);
        segment.is_some_and(|segment| segment.damage_told.replace(position) != Some(position))
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
    pub(super) fn position_of(&mut self, index: usize, offset: Offset) -> Result<u64, LogError> {
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
        let interval = self.config.index_interval_bytes;
        let found = self.with_segment(index, |segment, files| segment.find(files, offset, interval))?;
        let Some((position, _)) = found else {
            let path = self.log_path(base);
            return Err(LogError::corrupt(&path, 0, format!("no batch holds offset {offset}")));
        };
        self.hints.note_read(Boundary { offset, segment_base: base, position });
        Ok(position)
    }

    /// Position behind the last batch that ends below `upper`.
    fn limit_position(&mut self, index: usize, upper: Offset) -> Result<u64, LogError> {
        if upper >= self.segments[index].next_offset {
            return Ok(self.segments[index].size);
        }
        self.position_of(index, upper)
    }

    /// Where to stop between `range.0` and `range.1` so that whole batches of at most `max_bytes` are returned.
    fn stop_position(
        &mut self,
        index: usize,
        (start, limit): (u64, Stop),
        max_bytes: usize,
        min_one_batch: bool,
    ) -> Result<Stop, LogError> {
        let wanted = start.saturating_add(max_bytes as u64);
        if limit.position <= wanted {
            return Ok(limit);
        }
        let interval = self.config.index_interval_bytes;
        let boundary = self
            .with_segment(index, |segment, files| segment.boundary_at_or_before(files, wanted, interval))?;
        if boundary > start {
            let offset = self.note_boundary(index, boundary)?;
            return Ok(Stop { position: boundary, offset });
        }
        self.walk_to(index, (start, limit.position), wanted, min_one_batch)
    }

    /// Walks headers to the last boundary that is not behind `wanted`.
    fn walk_to(
        &mut self,
        index: usize,
        (start, limit): (u64, u64),
        wanted: u64,
        min_one_batch: bool,
    ) -> Result<Stop, LogError> {
        let base = self.segments[index].base_offset;
        let path = self.log_path(base);
        let file = self.with_segment(index, Segment::file)?;
        let (mut end, mut next_offset) = (start, None);
        walk_headers(file.as_ref(), &path, start, limit, |position, header| {
            let after = position + header.size_in_bytes() as u64;
            if after > wanted && !(min_one_batch && position == start) {
                return ControlFlow::Break(());
            }
            (end, next_offset) = (after, Some(header.next_offset()));
            if after > wanted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if let Some(offset) = next_offset {
            self.hints.note_read(Boundary { offset, segment_base: base, position: end });
        }
        Ok(Stop { position: end, offset: next_offset.unwrap_or(base) })
    }

    /// Remembers where the batch at `position`, at which an answer ends, begins: the next fetch will ask for it. Returns
    /// its offset.
    fn note_boundary(&mut self, index: usize, position: u64) -> Result<Offset, LogError> {
        let base = self.segments[index].base_offset;
        let path = self.log_path(base);
        let file = self.with_segment(index, Segment::file)?;
        let mut bytes = [0; BATCH_HEADER_BYTES];
        file.read_at(&mut bytes, position).map_err(|error| LogError::io(&path, error))?;
        let header = BatchHeader::parse(&bytes).map_err(|error| LogError::corrupt(&path, position, error))?;
        self.hints.note_read(Boundary { offset: header.base_offset, segment_base: base, position });
        Ok(header.base_offset)
    }
}
