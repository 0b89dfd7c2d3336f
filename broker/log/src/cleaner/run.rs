//! One cleaning of one log, in steps: first the keys of what is dirty, then group by group of segments.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use broker_protocol::record_batch::RecordBatch;
use broker_protocol::types::Offset;

use super::filter::{Filter, LastOffsets, Rules, note_keys};
use super::key_hash::KeyHash;
use super::offset_map::{MapLimits, OffsetMap};
use super::plan::{Cleanable, Group, GroupLimits, LogFacts, SegmentFacts, groups};
use super::rewrite::{Moved, Rewrite, RewriteError};
use super::segment_reader::SegmentReader;
use super::{key_of, may_clean};
use crate::handle::LogHandle;
use crate::io::pieces;
use crate::log_config::LogConfig;
use crate::log_error::LogError;
use crate::manager::shared::{Shared, is_storage_full, passes};
use crate::manager::{LogDir, LogKey};
use crate::segment::{Files, LOG_SUFFIX, parse_file_name};
use crate::swap_files;

/// A cleaning under way.
pub(super) struct Run {
    handle: Arc<LogHandle>,
    config: Arc<LogConfig>,
    facts: LogFacts,
    cleanable: Cleanable,
    /// Truncations of the log before it began.
    cuts: u64,
    map: OffsetMap,
    /// Offset behind all whose keys are in the map, once all are noted.
    end: Offset,
    last_offsets: LastOffsets,
    filter: Filter,
    now_ms: i64,
    began: Duration,
    stage: Stage,
    totals: Totals,
}

enum Stage {
    /// Notes the keys of the dirty segments, of which the first of these is read next.
    Mapping { left: VecDeque<SegmentFacts>, reader: Option<SegmentReader> },
    /// Writes segments anew: the next group while what was written of the one before is being synced.
    Rewriting { left: VecDeque<Group>, current: Option<Box<Rewrite>>, written: Option<Box<Rewrite>> },
}

/// What it came to.
#[derive(Debug, Default)]
struct Totals {
    read: u64,
    written: u64,
    bytes_before: u64,
    bytes_after: u64,
    segments_before: usize,
    segments_after: usize,
}

/// How a step ended.
pub(super) enum Progress {
    /// There is more to do.
    Goes,
    /// The log is clean.
    Done,
    /// The log has changed meanwhile, or something is not to be had now.
    GivenUp,
    /// The segment that begins here cannot be read.
    Damaged(Offset),
    /// The disk is full, or nearly.
    NoRoom,
}

/// Why a step came to nothing.
pub(crate) enum Trouble {
    /// Segments were deleted or cut, or the topic is not compacted any more.
    Changed,
    /// What is read cannot be.
    Read(LogError),
    /// What is written cannot be.
    Write(LogError),
    /// There is no room for more.
    NoRoom,
}

impl From<RewriteError> for Trouble {
    fn from(error: RewriteError) -> Trouble {
        match error {
            RewriteError::Read(error) => Trouble::Read(error),
            RewriteError::Write(error) => Trouble::Write(error),
        }
    }
}

impl Run {
    pub(super) fn new(
        handle: Arc<LogHandle>,
        facts: LogFacts,
        cleanable: Cleanable,
        limits: &MapLimits,
        hash: KeyHash,
        (now_ms, began): (i64, Duration),
    ) -> Run {
        let Cleanable { first_dirty, end, .. } = cleanable;
        let is_dirty = |segment: &&SegmentFacts| segment.end > first_dirty && segment.base < end;
        let dirty: VecDeque<SegmentFacts> = facts.segments.iter().filter(is_dirty).copied().collect();
        // A record has an offset, so there are no more keys than these.
        let keys = |segment: &SegmentFacts| segment.next_offset.min(end).0 - segment.base.max(first_dirty).0;
        let keys = dirty.iter().map(|segment| keys(segment).max(0).unsigned_abs()).sum();
        let (config, cuts, last_offsets) =
            handle.with(|log| (log.config().clone(), log.cuts(), log.last_offsets()));
        tracing::debug!(log = %handle.identity(), first_dirty = first_dirty.0, end = end.0, "cleaning begins");
        Run {
            handle,
            config,
            facts,
            cleanable,
            cuts,
            map: OffsetMap::new(keys, limits, hash),
            end,
            last_offsets,
            filter: Filter::default(),
            now_ms,
            began,
            stage: Stage::Mapping { left: dirty, reader: None },
            totals: Totals::default(),
        }
    }

    pub(super) fn key(&self) -> LogKey {
        key_of(&self.handle)
    }

    /// Goes on for about `wanted` bytes. Answers how many were read and written.
    pub(super) fn step(&mut self, dir: &Arc<LogDir>, wanted: usize) -> (u64, Progress) {
        let mut moved = Moved::default();
        let stepped = match &self.stage {
            Stage::Mapping { .. } => self.map_keys(dir.shared(), wanted, &mut moved),
            Stage::Rewriting { .. } => self.rewrite(dir, wanted, &mut moved),
        };
        self.totals.read += moved.read;
        self.totals.written += moved.written;
        dir.shared().cleaner.moved(moved.read, moved.written);
        let progress = match stepped {
            Ok(true) => Progress::Done,
            Ok(false) => Progress::Goes,
            Err(trouble) => self.judge(dir, trouble),
        };
        (moved.read + moved.written, progress)
    }

    fn map_keys(&mut self, shared: &Shared, wanted: usize, moved: &mut Moved) -> Result<bool, Trouble> {
        let Run { handle, map, end, cleanable, stage, .. } = self;
        let Stage::Mapping { left, reader } = stage else { return Ok(false) };
        if reader.is_none() {
            match left.pop_front() {
                Some(next) => *reader = Some(open(shared, handle, &next, wanted)?),
                None => {
                    self.begin_rewriting();
                    return Ok(false);
                }
            }
        }
        let Some(open) = reader else { return Ok(false) };
        moved.read = open
            .read(|batch: &RecordBatch<'_>| {
                let header = &batch.header;
                if header.next_offset() > cleanable.first_dirty && header.base_offset < *end {
                    note_keys(map, batch, cleanable.first_dirty).map_err(|error| error.to_string())?;
                }
                Ok(())
            })
            .map_err(Trouble::Read)?;
        if map.is_full() {
            left.clear();
            *reader = None;
        } else if moved.read == 0 {
            *reader = None;
        }
        Ok(false)
    }

    fn begin_rewriting(&mut self) {
        if let Some(first_left) = self.map.settle() {
            self.end = self.end.min(first_left);
        }
        let has_clean =
            self.facts.segments.first().is_some_and(|first| first.base < self.cleanable.first_dirty);
        if !has_clean {
            self.map.forget_keys();
        }
        let limits = GroupLimits {
            segment_bytes: u64::from(self.config.segment_bytes),
            index_bytes: u64::from(self.config.segment_index_bytes),
        };
        let left = groups(&self.facts.segments, self.end, &limits).into();
        self.stage = Stage::Rewriting { left, current: None, written: None };
    }

    /// Answers whether all groups are done.
    fn rewrite(&mut self, dir: &Arc<LogDir>, wanted: usize, moved: &mut Moved) -> Result<bool, Trouble> {
        let shared = dir.shared();
        let room = shared.disk.space(&shared.path).map_or(0, |space| space.available);
        // The same that appends leave untouched: what is freed in the end is no reason to be in their way before.
        if shared.lacks_room() || room < shared.settings.reserve_bytes * 2 + wanted as u64 {
            self.put_in_place(dir)?;
            return Err(Trouble::NoRoom);
        }
        let Stage::Rewriting { left, current, .. } = &mut self.stage else { return Ok(false) };
        let mut rewrite = match current.take() {
            Some(rewrite) => rewrite,
            None => {
                let Some(group) = left.pop_front() else {
                    self.put_in_place(dir)?;
                    self.finish();
                    return Ok(true);
                };
                Box::new(begin_group(shared, &self.handle, group)?)
            }
        };
        let unsynced = shared.settings.is_planted_swap_before_fsync();
        let stepped = self.step_rewrite(&mut rewrite, wanted, unsynced, moved);
        // Whatever became of this group, the one before it is good.
        let put = if matches!(stepped, Ok(false)) { Ok(()) } else { self.put_in_place(dir) };
        let Stage::Rewriting { current, written, .. } = &mut self.stage else { return Ok(false) };
        // Where it failed, its files are still to be removed.
        *(if matches!(stepped, Ok(true)) { written } else { current }) = Some(rewrite);
        put?;
        stepped.map(|_| false)
    }

    /// Goes on with a group. Answers whether that was all of it, and all is on its way to the disk.
    fn step_rewrite(
        &mut self,
        rewrite: &mut Rewrite,
        wanted: usize,
        is_planted_unsynced: bool,
        moved: &mut Moved,
    ) -> Result<bool, Trouble> {
        let rules = Rules {
            map: &self.map,
            end: self.end,
            now_ms: self.now_ms,
            config: &self.config,
            last_offsets: &self.last_offsets,
        };
        let (step, is_whole) =
            rewrite.step(wanted, self.config.index_interval_bytes, &mut self.filter, &rules)?;
        *moved = step;
        if is_whole {
            moved.written += rewrite.begin_to_finish(is_planted_unsynced)?;
        }
        Ok(is_whole)
    }

    /// Waits until the group that is written is durable, if there is one, and has it take its place.
    fn put_in_place(&mut self, dir: &LogDir) -> Result<(), Trouble> {
        let Stage::Rewriting { written, .. } = &mut self.stage else { return Ok(()) };
        let Some(rewrite) = written.take() else { return Ok(()) };
        let shared = dir.shared();
        let (base, path) = (rewrite.group().base(), rewrite.dir().to_owned());
        let put = || -> Result<_, Trouble> {
            let mut rewritten = rewrite.finish()?;
            let replaced = std::mem::take(&mut rewritten.replaced);
            let (before, segments) = (rewritten.group.bytes(), rewritten.group.segments.len());
            let after = rewritten.segment.size;
            let is_swapped = rewritten.has_changed || segments > 1;
            if is_swapped {
                dir.swap_segments(&self.handle, rewritten, self.cuts)?;
            }
            pieces::close(replaced);
            Ok((before, after, segments, is_swapped))
        };
        let put = put();
        if !matches!(put, Ok((.., true))) {
            remove(shared, &path, base);
        }
        let (before, after, segments, _) = put?;
        self.totals.bytes_before += before;
        self.totals.bytes_after += after;
        self.totals.segments_before += segments;
        self.totals.segments_after += 1;
        Ok(())
    }

    fn finish(&mut self) {
        let mut commit = self.handle.commit_state();
        self.handle.with(|log| log.note_cleaned(self.end, self.cuts));
        commit.changed = true;
    }

    /// Decides what trouble means, and tells of it.
    fn judge(&self, dir: &LogDir, trouble: Trouble) -> Progress {
        let log = self.handle.identity();
        match trouble {
            Trouble::Changed => Progress::GivenUp,
            Trouble::NoRoom => {
                tracing::debug!(%log, "cleaning put off: the disk has no room for it");
                Progress::NoRoom
            }
            Trouble::Write(error) if is_storage_full(&error) => Progress::NoRoom,
            Trouble::Read(error) | Trouble::Write(error) if passes(&error) => {
                dir.shared().tell_lack_of_files(log, &error);
                Progress::GivenUp
            }
            // A deletion moves the files away at any time.
            _ if self.handle.commit_state().deleted => Progress::GivenUp,
            Trouble::Write(error) => {
                dir.fail(format!("cleaning of {log} failed: {error}"));
                Progress::GivenUp
            }
            Trouble::Read(error) => match self.damaged_segment(&error) {
                Some(base) => {
                    tracing::warn!(%log, %error, "cleaning stopped: the log stays as it is");
                    Progress::Damaged(base)
                }
                None => Progress::GivenUp,
            },
        }
    }

    /// The segment that an error is about, if the log still has it.
    fn damaged_segment(&self, error: &LogError) -> Option<Offset> {
        let (LogError::Io { path, .. } | LogError::Corrupt { path, .. }) = error else { return None };
        let (base, _) = parse_file_name(path.file_name()?.to_str()?)?;
        let is_there = |facts: &&SegmentFacts| facts.base <= base && base < facts.end;
        let facts = self.facts.segments.iter().find(is_there)?;
        let group = Group { segments: vec![*facts] };
        self.handle.with(|log| log.has_group(&group)).then_some(facts.base)
    }

    /// Removes what was written of a group that is not finished.
    pub(super) fn drop_files(&mut self, dir: &LogDir) {
        let Stage::Rewriting { current, written, .. } = &mut self.stage else { return };
        for rewrite in [written, current].into_iter().flatten() {
            // What a sync under way says of the disk counts, although its file goes.
            if let Err(RewriteError::Write(error)) = rewrite.wait_for_sync()
                && !is_storage_full(&error)
            {
                dir.fail(format!("cleaning of {} failed: {error}", self.handle.identity()));
            }
            remove(dir.shared(), rewrite.dir(), rewrite.group().base());
        }
    }

    /// Says what it came to.
    pub(super) fn report(&self, dir: &LogDir) {
        let shared = dir.shared();
        let Totals { read, written, bytes_before, bytes_after, segments_before, segments_after } =
            self.totals;
        shared.cleaner.cleaned(bytes_before, bytes_after);
        let took = shared.clock.monotonic().saturating_sub(self.began);
        tracing::info!(
            log = %self.handle.identity(),
            first_dirty = self.cleanable.first_dirty.0,
            end = self.end.0,
            keys = self.map.len(),
            records = self.filter.records,
            removed = self.filter.removed,
            bytes_before,
            bytes_after,
            segments_before,
            segments_after,
            read,
            written,
            took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "log cleaned"
        );
    }
}

fn open(
    shared: &Shared,
    handle: &LogHandle,
    facts: &SegmentFacts,
    piece_bytes: usize,
) -> Result<SegmentReader, Trouble> {
    let dir = handle.with(|log| log.dir().to_owned());
    let disk = shared.disk.as_ref();
    let path = Files { disk, dir: &dir }.path(facts.base, LOG_SUFFIX);
    SegmentReader::open(disk, path, facts.size, (facts.base, facts.next_offset), piece_bytes)
        .map_err(Trouble::Read)
}

fn begin_group(shared: &Shared, handle: &LogHandle, group: Group) -> Result<Rewrite, Trouble> {
    // Of a log that was deleted meanwhile the files are on their way out.
    let found = handle.with(|log| {
        let is_there = may_clean(log) && log.has_group(&group);
        is_there.then(|| -> Result<_, LogError> {
            Ok((log.dir().to_owned(), log.aborted_in(&group)?, log.created_ms(&group)))
        })
    });
    let (dir, aborted, created_ms) = found.ok_or(Trouble::Changed)?.map_err(Trouble::Read)?;
    Ok(Rewrite::begin(shared.disk.clone(), dir, group, aborted, created_ms)?)
}

fn remove(shared: &Shared, dir: &std::path::Path, base: Offset) {
    if let Err(error) = swap_files::remove(Files { disk: shared.disk.as_ref(), dir }, base) {
        tracing::debug!(%error, "what a cleaning has left is removed at the next start");
    }
}
