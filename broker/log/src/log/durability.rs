//! What the committer needs: which bytes are not durable, and to be told when they are.
//!
//! Protocol: `take_dirty`, make the ranges durable, `mark_synced` for each segment that was synced itself, then
//! `mark_committed`. One committer at a time. What went through the commit log only is `unsynced` until a checkpoint.

use std::path::PathBuf;

use broker_protocol::types::Offset;

use super::PartitionLog;
use super::hints::Boundary;
use crate::io::{FileHandle, OpenMode, rewrite};
use crate::log_error::LogError;
use crate::segment::{SNAPSHOT_SUFFIX, Segment};
use crate::tail_checkpoint::{SegmentSummary, TailCheckpoint};

/// Bytes of one segment that were appended since the last `take_dirty`.
#[derive(Clone, Debug)]
pub struct DirtyRange {
    /// Base offset of the segment.
    pub segment_base: Offset,
    /// Its file.
    pub file: FileHandle,
    /// First byte.
    pub from: u64,
    /// Behind the last byte.
    pub to: u64,
    /// Bytes up to `to` that are not durable in the segment itself: these, and those that only the commit log has.
    pub unsynced: u64,
    /// Offset of the first batch in the range.
    pub first_offset: Offset,
    /// The file's directory entry is not durable yet.
    pub new_file: bool,
    /// The segment is not appended to any more.
    pub sealed: bool,
}

/// A segment that is not appended to any more and has its index files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SealedSegment {
    /// Offset of its first record.
    pub base_offset: Offset,
    /// Offset after its last record.
    pub end_offset: Offset,
    /// Bytes of its records.
    pub bytes: u64,
}

/// Everything that was appended since the last `take_dirty`.
#[derive(Clone, Debug)]
pub struct Dirty {
    /// One range for each segment, in order.
    pub ranges: Vec<DirtyRange>,
    /// Offset after the last record.
    pub end_offset: Offset,
}

/// Base offset of a segment, its file, and up to where that is to be synced.
pub type Unsynced = (Offset, FileHandle, u64);

/// What [`PartitionLog::prepare_checkpoint`] found.
#[derive(Clone, Debug)]
pub struct PreparedCheckpoint {
    /// The log at that moment.
    pub tail: TailCheckpoint,
    /// What must be synced before the tail counts.
    pub unsynced: Vec<Unsynced>,
    /// The directory must be synced too.
    pub new_files: bool,
    /// The log's files, but for appends, as they were then.
    generation: u64,
}

impl PartitionLog {
    /// Hands out what was appended since the last call.
    ///
    /// # Errors
    /// `Io` if a file that was closed cannot be opened; nothing is handed out then.
    pub fn take_dirty(&mut self) -> Result<Dirty, LogError> {
        let mut ranges = Vec::new();
        let first = self.first_segment_where(|segment| segment.taken == segment.size);
        for index in first..self.segments.len() {
            if self.segments[index].taken < self.segments[index].size {
                self.with_segment(index, Segment::file)?;
            }
        }
        for index in first..self.segments.len() {
            let sealed = index + 1 < self.segments.len();
            if self.segments[index].taken == self.segments[index].size {
                continue;
            }
            let file = self.with_segment(index, Segment::file)?;
            let segment = &mut self.segments[index];
            ranges.push(DirtyRange {
                segment_base: segment.base_offset,
                file,
                from: segment.taken,
                to: segment.size,
                unsynced: segment.size - segment.synced,
                first_offset: segment.taken_offset,
                new_file: segment.new_file,
                sealed,
            });
            segment.taken = segment.size;
            segment.taken_offset = segment.next_offset;
        }
        self.taken_end = self.log_end;
        Ok(Dirty { ranges, end_offset: self.log_end })
    }

    /// Takes back what `take_dirty` has handed out last: it could not be made durable and is handed out again. The log
    /// must not have been truncated since.
    pub(crate) fn put_back(&mut self, dirty: &Dirty) {
        for range in &dirty.ranges {
            let index = self.segment_index(range.segment_base);
            let segment = &mut self.segments[index];
            if segment.base_offset == range.segment_base {
                (segment.taken, segment.taken_offset) = (range.from, range.first_offset);
            }
        }
        self.taken_end = self.committed;
    }

    /// Notes that everything below `end_offset` that was taken is durable, in the segments or in the commit log.
    pub fn mark_committed(&mut self, end_offset: Offset) {
        let end = end_offset.min(self.taken_end);
        if end <= self.committed {
            return;
        }
        self.committed = end;
        let active = self.active();
        if active.taken_offset == end {
            let (segment_base, position) = (active.base_offset, active.taken);
            self.hints.note_commit(Boundary { offset: end, segment_base, position });
        }
    }

    /// Notes that a segment's file is durable up to `position`, and so is its directory entry.
    pub fn mark_synced(&mut self, segment_base: Offset, position: u64) {
        let index = self.segment_index(segment_base);
        let segment = &mut self.segments[index];
        if segment.base_offset == segment_base {
            segment.synced = segment.synced.max(position.min(segment.taken));
            segment.new_file = false;
        }
    }

    /// Writes again what is not known to be synced, so that the next sync really writes it: the page cache may hold
    /// bytes of a failed sync, which count as clean there.
    ///
    /// # Errors
    /// `Io` if the disk fails.
    pub fn rewrite_unsynced(&mut self) -> Result<(), LogError> {
        for index in 0..self.segments.len() {
            let Segment { base_offset, synced, size, .. } = self.segments[index];
            if synced == size {
                continue;
            }
            let path = self.log_path(base_offset);
            let file = self.with_segment(index, Segment::file)?;
            rewrite(file.as_ref(), synced, size).map_err(|error| LogError::io(&path, error))?;
        }
        Ok(())
    }

    /// Writes the index files of sealed segments and the producer snapshots of the segments after them. Returns the
    /// segments that it sealed; nothing depends on when these files become durable.
    ///
    /// # Errors
    /// `Io` if the disk fails.
    pub fn finish_rolls(&mut self) -> Result<Vec<SealedSegment>, LogError> {
        let mut sealed = Vec::new();
        let mut wrote = false;
        let first = self.first_segment_where(|segment| !segment.seal_pending && segment.snapshot.is_none());
        for index in first..self.segments.len() {
            if self.segments[index].seal_pending {
                self.with_segment(index, |segment, files| segment.store_indexes(files))?;
                self.segments[index].seal_pending = false;
                let end_offset = self.segments.get(index + 1).map_or(self.log_end, |next| next.base_offset);
                let Segment { base_offset, size, .. } = self.segments[index];
                sealed.push(SealedSegment { base_offset, end_offset, bytes: size });
                wrote = true;
            }
            wrote |= self.segments[index].snapshot.is_some();
            self.store_snapshot(index)?;
        }
        if wrote {
            self.store_epochs()?;
        }
        Ok(sealed)
    }

    /// Writes the producers at the start of a segment, unless that was done. Returns the file, which is not synced.
    pub(super) fn store_snapshot(&mut self, index: usize) -> Result<PathBuf, LogError> {
        let path = self.files().path(self.segments[index].base_offset, SNAPSHOT_SUFFIX);
        if let Some(snapshot) = &self.segments[index].snapshot {
            super::write_file(self.disk.as_ref(), &path, snapshot)
                .map_err(|error| LogError::io(&path, error))?;
            self.segments[index].snapshot = None;
        }
        Ok(path)
    }

    /// Index of the first segment after the last one for which `settled` holds with all before it: sealed segments are
    /// settled in order, so the search goes back from the end.
    fn first_segment_where(&self, settled: impl Fn(&Segment) -> bool) -> usize {
        let unsettled = self.segments.iter().rev().take_while(|segment| !settled(segment)).count();
        // The active one may be settled while its predecessor is not, right after a roll.
        let mut first = self.segments.len() - unsettled.max(1);
        while first > 0 && !settled(&self.segments[first - 1]) {
            first -= 1;
        }
        first
    }

    /// Describes the log as it is now, so that it can be opened without looking at what it holds, and moves index
    /// entries from memory into their files. The description counts once the caller has synced what it names, which
    /// nobody needs to hold the log for, and is then told to [`PartitionLog::mark_checkpoint_synced`].
    ///
    /// # Errors
    /// `Io` if the disk fails. If it is only full, or a file cannot be opened now, nothing is lost and the call can
    /// be repeated.
    pub fn prepare_checkpoint(&mut self, now_ms: i64) -> Result<PreparedCheckpoint, LogError> {
        self.expire_producers(now_ms);
        self.finish_rolls()?;
        let active = self.segments.len() - 1;
        self.with_segment(active, |segment, files| segment.store_indexes(files))?;
        self.store_epochs()?;
        Ok(PreparedCheckpoint {
            tail: TailCheckpoint {
                identity: self.identity.clone(),
                log_start_offset: self.log_start,
                recovery_point: self.log_end,
                segments: self.segments.iter().map(SegmentSummary::of).collect(),
                epochs: self.epochs.entries().to_vec(),
                producers: self.producers.clone(),
                clean_below: self.clean_below(),
                swaps: self.swaps(),
                remote_start: self.remote_start,
            },
            unsynced: self.unsynced()?,
            new_files: self.segments.iter().any(|segment| segment.new_file),
            generation: self.generation,
        })
    }

    /// Segments with bytes that are not synced in their own file, opened anew: the system tells of a failed write once to
    /// each open file, and both the committer and the checkpoint must hear of it.
    fn unsynced(&self) -> Result<Vec<Unsynced>, LogError> {
        let mut unsynced = Vec::new();
        // All of them: of two segments the later one may have been synced itself while the commit log has the earlier.
        for segment in self.segments.iter().filter(|segment| segment.synced < segment.size) {
            let path = self.log_path(segment.base_offset);
            let file = self.disk.open(&path, OpenMode::WRITE).map_err(|error| LogError::io(&path, error))?;
            unsynced.push((segment.base_offset, file, segment.size));
        }
        Ok(unsynced)
    }

    /// Notes that the files of a checkpoint are synced, and so is their directory.
    pub fn mark_checkpoint_synced(&mut self, prepared: &PreparedCheckpoint) {
        if prepared.generation != self.generation {
            // Cut meanwhile, and possibly written to again: what was synced is not what is there.
            return;
        }
        for (base, _, position) in &prepared.unsynced {
            let index = self.segment_index(*base);
            self.segments[index].synced = self.segments[index].synced.max(*position);
        }
        for segment in self.segments.iter_mut().take(prepared.tail.segments.len()) {
            segment.new_file = false;
        }
    }
}
