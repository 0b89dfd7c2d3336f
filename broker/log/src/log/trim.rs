//! Cutting the log at either end: deleted records, retention, and truncation to what the leader has.

use std::path::PathBuf;

use broker_protocol::record_batch::NO_TIMESTAMP;
use broker_protocol::types::Offset;

use super::PartitionLog;
use crate::log_error::LogError;
use crate::offset_index::OFFSET_INDEX_SUFFIX;
use crate::producer_state::ProducerTable;
use crate::retention::{RetentionLimits, SegmentAge, deletable};
use crate::segment::{DELETED_SUFFIX, Files, LOG_SUFFIX, SNAPSHOT_SUFFIX, Segment};
use crate::time_index::TIME_INDEX_SUFFIX;
use crate::transaction_index::TRANSACTION_INDEX_SUFFIX;

const SUFFIXES: [&str; 5] =
    [LOG_SUFFIX, OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX, SNAPSHOT_SUFFIX];

impl PartitionLog {
    /// Moves the log's start up to `to`, which is capped at the log's end; it never moves down. Segments before it go
    /// with the next retention run. Returns whether it moved.
    pub fn advance_log_start_offset(&mut self, to: Offset) -> bool {
        let to = to.min(self.log_end);
        if to <= self.log_start_offset() {
            return false;
        }
        self.remote_start = self.remote_start.map(|_| to);
        self.log_start = self.log_start.max(to);
        self.epochs_dirty |= self.epochs.truncate_from_start(to);
        true
    }

    /// How many of the oldest segments may be deleted now. None of a log that has others in an object store: whoever
    /// copies there decides about all of them.
    #[must_use]
    pub fn deletable_segments(&self, now_ms: i64, high_watermark: Offset) -> usize {
        let is_tiered = self.config.tiered && !self.was_cleaned();
        if is_tiered || self.has_let_go() {
            return 0;
        }
        let delete = self.config.cleanup.delete;
        let limits = RetentionLimits {
            now_ms,
            retention_ms: if delete { self.config.retention_ms } else { -1 },
            retention_bytes: if delete { self.config.retention_bytes } else { -1 },
            log_start: self.log_start,
            high_watermark,
        };
        if self.segments.len() == 1 && self.segments[0].size == 0 {
            return 0;
        }
        let ages: Vec<SegmentAge> =
            (0..self.segments.len()).map(|index| self.age_of(index, now_ms)).collect();
        deletable(&ages, &limits)
    }

    pub(super) fn age_of(&self, index: usize, now_ms: i64) -> SegmentAge {
        let segment = &self.segments[index];
        let next_base = self.segments.get(index + 1).map_or(self.log_end, |next| next.base_offset);
        let written_ms = if segment.created_ms > 0 { segment.created_ms } else { now_ms };
        let newest_ms = if segment.max_timestamp > NO_TIMESTAMP { segment.max_timestamp } else { written_ms };
        SegmentAge { next_base, size: segment.size, newest_ms }
    }

    /// To be called before the segments below `start` are deleted: once the file that it returns is durable, the producers
    /// of what goes are known after a crash too. `None` if nothing goes.
    ///
    /// # Errors
    /// `Io`.
    pub fn prepare_deletion(&mut self, start: Offset, now_ms: i64) -> Result<Option<PathBuf>, LogError> {
        let count = self.segments_before(start);
        if count == 0 {
            return Ok(None);
        }
        if count >= self.segments.len() && self.active().size > 0 {
            self.roll(now_ms)?;
        }
        self.store_snapshot(count.min(self.segments.len() - 1)).map(Some)
    }

    /// Takes the oldest `count` segments out of the log, moves its start behind them, and renames their files to
    /// `*.deleted`, whose paths are returned: the caller removes them when no reader can be under way any more, and
    /// makes the new log start durable before the renames need to be. If the active segment goes, a new one is made.
    ///
    /// # Errors
    /// `Io`: some files may still have their names; they are left behind and found when the log is opened.
    pub fn delete_oldest_segments(&mut self, count: usize, now_ms: i64) -> Result<Vec<PathBuf>, LogError> {
        if count >= self.segments.len() && self.active().size > 0 {
            self.roll(now_ms)?;
        }
        let count = count.min(self.segments.len() - 1);
        let removed: Vec<Segment> = self.segments.drain(..count).collect();
        if self.log_start < self.segments[0].base_offset {
            self.advance_log_start_offset(self.segments[0].base_offset);
        }
        self.files_changed();
        let mut paths = Vec::new();
        for segment in removed {
            set_aside(self.files(), segment.base_offset, &mut paths)?;
        }
        Ok(paths)
    }

    /// Drops every record at or after `to`, and the batch that holds it if `to` is inside one; the log then ends at
    /// `to`. Does nothing if the log ends there or before. Returns the files set aside, to be removed.
    ///
    /// # Errors
    /// `Io` or `Corrupt`; the log is then out of service.
    pub fn truncate_to(&mut self, to: Offset, now_ms: i64) -> Result<Vec<PathBuf>, LogError> {
        if to >= self.log_end {
            return Ok(Vec::new());
        }
        self.note_cut();
        let result =
            if to <= self.segments[0].base_offset { self.restart_at(to, now_ms) } else { self.cut_at(to) };
        let result = result.and_then(|paths| self.sync_names().map(|()| paths));
        self.broken |= result.is_err();
        result
    }

    /// Makes renames durable, so that what was dropped does not come back behind what is appended in its place.
    fn sync_names(&self) -> Result<(), LogError> {
        self.disk.sync_dir(&self.dir).map_err(|error| LogError::io(&self.dir, error))
    }

    /// Forgets what was found in the files, and has every look-up under way do so.
    pub(super) fn files_changed(&mut self) {
        self.hints.clear();
        self.generation += 1;
    }

    fn cut_at(&mut self, to: Offset) -> Result<Vec<PathBuf>, LogError> {
        // A segment that begins right at the cut goes as a whole.
        let index = self.segments.partition_point(|segment| segment.base_offset < to) - 1;
        let position = self.settle(|log, lookups| log.position_of(lookups, index, to))?;
        self.files_changed();
        let later: Vec<Segment> = self.segments.drain(index + 1..).collect();
        let mut paths = Vec::new();
        for segment in later.iter().rev() {
            set_aside(self.files(), segment.base_offset, &mut paths)?;
        }
        let mut producers = self.producers_at(index)?;
        self.replay(index, (0, position), &mut producers, |_| {})?;
        self.shorten(index, position)?;
        self.producers = producers;
        self.end_at(to);
        Ok(paths)
    }

    /// Cuts a segment, which becomes the active one, at a batch boundary.
    fn shorten(&mut self, index: usize, position: u64) -> Result<(), LogError> {
        let path = self.log_path(self.segments[index].base_offset);
        let file = self.with_segment(index, Segment::file)?;
        file.set_len(position).and_then(|()| file.sync_data()).map_err(|error| LogError::io(&path, error))?;
        let interval = self.config.index_interval_bytes;
        let entries = self.kept_transactions(index, position)?;
        let segment = &mut self.segments[index];
        let (synced, taken) = (segment.synced.min(position), segment.taken.min(position));
        segment.size = position;
        segment.trusted.cut(position);
        segment.seal_pending = false;
        self.with_segment(index, |segment, files| segment.rebuild_indexes(files, interval))?;
        let rebuilt = self.summarize(index)?;
        let segment = &mut self.segments[index];
        (segment.next_offset, segment.max_timestamp, segment.max_timestamp_offset) = rebuilt;
        segment.indexed_timestamp = segment.indexed_timestamp.min(segment.max_timestamp);
        (segment.synced, segment.taken) = (synced, taken);
        segment.taken_offset = segment.taken_offset.min(segment.next_offset);
        segment.transactions = entries;
        Ok(())
    }

    /// The transaction index entries whose markers are before `position`, in memory.
    fn kept_transactions(
        &mut self,
        index: usize,
        position: u64,
    ) -> Result<crate::transaction_index::TransactionIndex, LogError> {
        let mut kept = crate::entry_file::EntryFile::empty();
        if self.segments[index].transactions.len() == 0 {
            return Ok(kept);
        }
        let mut producers = self.producers_at(index)?;
        self.replay(index, (0, position), &mut producers, |completed| {
            if completed.aborted {
                kept.push(completed.into());
            }
        })?;
        Ok(kept)
    }

    /// Next offset, largest timestamp and its offset of a segment, from its headers.
    fn summarize(&mut self, index: usize) -> Result<(Offset, i64, Offset), LogError> {
        let base = self.segments[index].base_offset;
        let (path, size) = (self.log_path(base), self.segments[index].size);
        let file = self.with_segment(index, Segment::file)?;
        let mut summary = Segment::empty(base, 0);
        crate::batch_scan::walk_headers(file.as_ref(), &path, 0, size, |_, header| {
            summary.note_batch(header, u32::MAX);
            std::ops::ControlFlow::<()>::Continue(())
        })?;
        Ok((summary.next_offset, summary.max_timestamp, summary.max_timestamp_offset))
    }

    /// Drops everything and goes on at `to`, which is before all that is there.
    fn restart_at(&mut self, to: Offset, now_ms: i64) -> Result<Vec<PathBuf>, LogError> {
        let mut paths = Vec::new();
        let all: Vec<Segment> = self.segments.drain(..).collect();
        for segment in all.iter().rev() {
            set_aside(self.files(), segment.base_offset, &mut paths)?;
        }
        let segment = Segment::create(self.files(), to, now_ms)?;
        self.push_segment(segment);
        self.files_changed();
        self.producers = ProducerTable::default();
        self.log_start = self.log_start.min(to);
        self.end_at(to);
        Ok(paths)
    }

    fn end_at(&mut self, to: Offset) {
        self.log_end = to;
        self.committed = self.committed.min(to);
        self.taken_end = self.taken_end.min(to);
        self.log_start = self.log_start.min(to);
        self.remote_start = self.remote_start.map(|start| start.min(to));
        self.epochs_dirty |= self.epochs.truncate_from_end(to);
    }

    /// Drops everything and begins an empty log at `to`: the leader's log begins there, behind this one's end.
    ///
    /// # Errors
    /// `Io`; the log is then out of service.
    pub fn truncate_fully_and_start_at(&mut self, to: Offset, now_ms: i64) -> Result<Vec<PathBuf>, LogError> {
        self.note_cut();
        let result = self.restart_at(to, now_ms).and_then(|paths| self.sync_names().map(|()| paths));
        match &result {
            Ok(_) => {
                (self.log_start, self.remote_start) = (to, None);
                self.epochs_dirty |= self.epochs.truncate_from_end(Offset(0));
                self.taken_end = to;
                self.committed = to;
            }
            Err(_) => self.broken = true,
        }
        result
    }
}

/// Renames the files of a segment to `*.deleted`. The `.log` goes last: while it has its name, the segment is there.
pub(crate) fn set_aside(files: Files<'_>, base: Offset, paths: &mut Vec<PathBuf>) -> Result<(), LogError> {
    SUFFIXES.iter().rev().try_for_each(|suffix| set_aside_file(files, files.path(base, suffix), paths))
}

/// Renames a file to `*.deleted`, if it is there.
pub(super) fn set_aside_file(
    files: Files<'_>,
    path: PathBuf,
    paths: &mut Vec<PathBuf>,
) -> Result<(), LogError> {
    let mut name = path.clone().into_os_string();
    name.push(".");
    name.push(DELETED_SUFFIX);
    let target = PathBuf::from(name);
    match files.disk.rename(&path, &target) {
        Ok(()) => paths.push(target),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(LogError::io(&path, error)),
    }
    Ok(())
}
