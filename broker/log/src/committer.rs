//! Group commit: makes everything that was appended to any log of a directory durable, in cycles.
//!
//! A cycle takes all dirty logs and decides once (`choose`): segments with much to write are synced themselves, the
//! small rest goes into the commit log with one write. Only then are the logs told. Invariant: a log's flushed offset
//! moves after the bytes below it are durable, and never after an error: the first failed write or sync takes the
//! directory out of service. A file or directory that cannot be opened now is no such error: what needs it goes back
//! into its log and into a later cycle.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use broker_protocol::types::Offset;

use crate::commit_log::{CommitLog, EntryHeader, EntryKind};
use crate::handle::{CommitState, LogHandle};
use crate::io::lacks_files;
use crate::log::{Dirty, SealedSegment};
use crate::log_config::LogIdentity;
use crate::manager::shared::{Shared, is_full, passes};
use crate::manager::{LogDir, sync_new_directory};

/// A segment with at least this many dirty bytes is synced itself: writing them twice costs more than a sync.
const SYNC_BYTES_MIN: u64 = 1 << 20;

/// Up to this many segments are synced themselves, unless they are small together and the commit log has little of them:
/// what it has is synced by a checkpoint at the latest, and a sync of a hundred MiB at once would hold up everybody.
const SYNC_FILES_MAX: usize = 4;

/// Up to this many bytes a write into a recycled commit log file is quicker than syncing even one growing file.
const COMMIT_LOG_BYTES_SMALL: u64 = 64 << 10;

/// What a cycle did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CycleOutcome {
    /// There was nothing to do.
    Idle,
    /// This many logs were made durable.
    Committed(usize),
    /// The directory is out of service.
    Failed,
}

/// Runs commit cycles; one per directory.
#[derive(Debug)]
pub struct Committer {
    dir: Arc<LogDir>,
    batch: Vec<Arc<LogHandle>>,
    work: Vec<Work>,
}

/// One log in one cycle.
#[derive(Debug)]
struct Work {
    handle: Arc<LogHandle>,
    dirty: Dirty,
    /// Log start offset to be made durable.
    log_start: Option<Offset>,
    /// Start for readers to be made durable.
    remote_start: Option<Offset>,
    truncation: Option<(Offset, u64, Offset)>,
    new_directory: bool,
    /// Replay must see it: see `CommitState::truncated_at`.
    commit_log_only: bool,
    route: Route,
    /// A directory could not be opened: it is for a later cycle.
    put_off: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Route {
    Segments,
    CommitLog,
}

impl Work {
    fn bytes(&self) -> u64 {
        self.dirty.ranges.iter().map(|range| range.to - range.from).sum()
    }

    fn load(&self) -> Load {
        Load {
            files: self.dirty.ranges.len(),
            bytes: self.bytes(),
            largest: self.dirty.ranges.iter().map(|range| range.to - range.from).max().unwrap_or(0),
            unsynced: self.dirty.ranges.iter().map(|range| range.unsynced).sum(),
            commit_log_only: self.commit_log_only,
        }
    }

    fn header(&self, kind: EntryKind) -> EntryHeader {
        let identity = self.handle.identity();
        EntryHeader {
            kind,
            topic_id: identity.topic_id,
            partition: identity.partition,
            segment_base: Offset(0),
            end_offset: self.dirty.end_offset,
            position: 0,
        }
    }
}

/// What `choose` looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Load {
    files: usize,
    bytes: u64,
    largest: u64,
    unsynced: u64,
    commit_log_only: bool,
}

/// Decides for each log of a cycle how it is made durable.
fn choose(loads: &[Load], spares_commit_log: bool) -> Vec<Route> {
    let is_small = |load: &Load| !load.commit_log_only && load.largest < SYNC_BYTES_MIN;
    let files: usize = loads.iter().filter(|load| is_small(load)).map(|load| load.files).sum();
    let bytes: u64 = loads.iter().filter(|load| is_small(load)).map(|load| load.bytes).sum();
    let few = files <= SYNC_FILES_MAX;
    let small = bytes <= COMMIT_LOG_BYTES_SMALL;
    let route = |load: &Load| match load {
        load if load.commit_log_only => Route::CommitLog,
        load if load.largest >= SYNC_BYTES_MIN || spares_commit_log => Route::Segments,
        load if few && (!small || load.unsynced >= SYNC_BYTES_MIN) => Route::Segments,
        _ => Route::CommitLog,
    };
    loads.iter().map(route).collect()
}

impl Committer {
    pub(crate) fn new(dir: Arc<LogDir>) -> Committer {
        Committer { dir, batch: Vec::new(), work: Vec::new() }
    }

    /// Makes durable what is dirty now, and tells the listeners. Blocks for the length of the writes and syncs.
    pub fn run_cycle(&mut self) -> CycleOutcome {
        let shared = self.dir.shared().clone();
        if shared.failure.is_failed() {
            self.fail();
            return CycleOutcome::Failed;
        }
        shared.queue.take(&mut self.batch);
        if self.batch.is_empty() {
            return CycleOutcome::Idle;
        }
        let result = {
            let mut gate = shared.gate.lock();
            self.collect(&gate).and_then(|()| self.commit(&shared, &mut gate))
        };
        if let Err(reason) = result {
            shared.fail(reason);
            self.fail();
            return CycleOutcome::Failed;
        }
        let logs = self.work.len();
        self.report(&shared);
        self.finish_rolls(&shared);
        self.work.clear();
        if logs == 0 { CycleOutcome::Idle } else { CycleOutcome::Committed(logs) }
    }

    /// Takes what is dirty from every log of the batch.
    fn collect(&mut self, gate: &CommitLog) -> Result<(), String> {
        for handle in self.batch.drain(..) {
            handle.leave_queue();
            let mut commit = handle.commit_state();
            if commit.deleted {
                continue;
            }
            let (dirty, log_start, remote_start) =
                handle.with(|log| (log.take_dirty(), log.local_log_start_offset(), log.remote_start()));
            let dirty = match dirty {
                Err(error) if passes(&error) => {
                    commit.put_off = true;
                    self.dir.shared().tell_lack_of_files(handle.identity(), &error);
                    continue;
                }
                dirty => dirty.map_err(|error| error.to_string())?,
            };
            let log_start = Some(log_start).filter(|start| *start > commit.durable_log_start);
            let remote_start = remote_start.filter(|start| Some(*start) > commit.durable_remote_start);
            commit.unflushed_since_ms = None;
            let truncation = commit.truncation.take();
            let starts_anew = log_start.is_some() || remote_start.is_some();
            if dirty.ranges.is_empty() && !starts_anew && truncation.is_none() {
                continue;
            }
            commit.changed = true;
            let (new_directory, commit_log_only) = (commit.new_directory, commit.truncated_at.is_some());
            drop(commit);
            let route = Route::CommitLog;
            self.work.push(Work {
                handle,
                dirty,
                log_start,
                remote_start,
                truncation,
                new_directory,
                commit_log_only,
                route,
                put_off: false,
            });
        }
        let loads: Vec<Load> = self.work.iter().map(Work::load).collect();
        // On a full disk there is room for what makes some.
        let spares_room = gate.is_full() || self.dir.shared().reserve.refuses_appends();
        for (work, route) in self.work.iter_mut().zip(choose(&loads, spares_room)) {
            work.route = route;
        }
        Ok(())
    }

    /// Makes the taken work durable and tells the logs.
    fn commit(&mut self, shared: &Shared, gate: &mut CommitLog) -> Result<(), String> {
        if !shared.settings.is_planted_ack_before_fsync() {
            self.make_durable(shared, gate)?;
        }
        // A checkpoint beside this cycle may have met the failure that this one did not.
        if let Some(reason) = shared.failure.reason() {
            return Err(reason);
        }
        let lsn = gate.next_lsn();
        for work in &self.work {
            work.handle.with(|log| {
                // Whatever the route: frames that were written before one found no room may have some of it.
                work.dirty.ranges.iter().for_each(|range| log.note_commit_log(range.segment_base, lsn));
                if work.route == Route::Segments {
                    for range in &work.dirty.ranges {
                        log.mark_synced(range.segment_base, range.to);
                    }
                }
                log.mark_committed(work.dirty.end_offset);
            });
            work.handle.committed(work.dirty.end_offset);
        }
        Ok(())
    }

    fn make_durable(&mut self, shared: &Shared, gate: &mut CommitLog) -> Result<(), String> {
        match self.settle_directories(shared) {
            Err(error) if lacks_files(&error) => self.put_off(gate, &error, |work| work.new_directory),
            settled => settled.map_err(|error| format!("sync of a new directory failed: {error}"))?,
        }
        match self.write_commit_log(shared, gate) {
            Ok(()) => self.note_commit_log(),
            Err(error) if is_full(&error) || lacks_files(&error) => self.avoid_commit_log(shared, gate)?,
            Err(error) => return Err(commit_log_failed(&error)),
        }
        if let Some(error) = self.sync_segments(shared)? {
            self.put_off(gate, &error, |work| work.put_off);
        }
        Ok(())
    }

    /// Gives back to their logs what `waits`: `maintain` queues it again. What was written of it counts for nothing.
    fn put_off(&mut self, gate: &CommitLog, error: &io::Error, waits: impl Fn(&Work) -> bool) {
        let (waiting, ready): (Vec<_>, _) = std::mem::take(&mut self.work).into_iter().partition(waits);
        self.work = ready;
        for Work { handle, dirty, truncation, .. } in waiting {
            self.dir.shared().tell_lack_of_files(handle.identity(), error);
            let mut commit = handle.commit_state();
            if truncation.is_some() {
                // There is none since: the gate is held.
                commit.truncation = truncation;
                commit.truncated_at = Some(gate.next_lsn());
            }
            commit.put_off = true;
            handle.with(|log| log.put_back(&dirty));
        }
    }

    /// A log's first commit makes its directory's name durable: one sync of the parent for all of a cycle.
    fn settle_directories(&mut self, shared: &Shared) -> io::Result<()> {
        let mut any = false;
        for work in self.work.iter().filter(|work| work.new_directory) {
            let dir = work.handle.with(|log| log.dir().to_owned());
            sync_new_directory(shared, &dir)?;
            any = true;
        }
        if any && !shared.settings.is_planted_no_directory_fsync() {
            shared.timed(|| shared.disk.sync_dir(&shared.path))?;
        }
        for work in self.work.iter().filter(|work| work.new_directory) {
            work.handle.commit_state().new_directory = false;
        }
        Ok(())
    }

    fn write_commit_log(&self, shared: &Shared, gate: &mut CommitLog) -> io::Result<()> {
        for work in &self.work {
            if let Some((segment_base, position, offset)) = work.truncation {
                let header = work.header(EntryKind::Truncate);
                gate.push(&EntryHeader { segment_base, position, end_offset: offset, ..header })?;
            }
            // First: without it, what an object store holds would be taken for deleted.
            if let Some(remote_start) = work.remote_start {
                let header = work.header(EntryKind::RemoteStart);
                gate.push(&EntryHeader { end_offset: remote_start, ..header })?;
            }
            if let Some(log_start) = work.log_start {
                gate.push(&EntryHeader { end_offset: log_start, ..work.header(EntryKind::LogStart) })?;
            }
            if work.route == Route::CommitLog {
                push_appends(work, gate)?;
            }
        }
        if gate.has_pending() { shared.timed(|| gate.write()) } else { Ok(()) }
    }

    fn note_commit_log(&mut self) {
        for work in &mut self.work {
            let mut commit = work.handle.commit_state();
            commit.durable_log_start = work.log_start.unwrap_or(commit.durable_log_start);
            commit.durable_remote_start = work.remote_start.or(commit.durable_remote_start);
        }
    }

    /// No room for the commit log, or no file for it: syncs the segments, for whose bytes room was found when they were
    /// appended, and whose files are open. What is left for the commit log may use the reserve. Log start offsets that
    /// find no room even there wait for the next checkpoint, or for room: `maintain` queues them again.
    fn avoid_commit_log(&mut self, shared: &Shared, gate: &mut CommitLog) -> Result<(), String> {
        for work in self.work.iter_mut().filter(|work| !work.commit_log_only) {
            work.route = Route::Segments;
        }
        let written = shared.with_reserve(is_full, || {
            gate.clear();
            self.write_commit_log(shared, gate)
        });
        match written {
            Ok(()) => self.note_commit_log(),
            Err(error) if is_full(&error) => {
                gate.clear();
                if let Some(work) = self.work.iter().find(|work| work.commit_log_only) {
                    let log = work.handle.identity();
                    return Err(format!("no room for the commit log, which {log} cannot do without"));
                }
            }
            Err(error) if lacks_files(&error) => {
                gate.clear();
                self.put_off(gate, &error, |work| work.commit_log_only);
            }
            Err(error) => return Err(commit_log_failed(&error)),
        }
        Ok(())
    }

    /// Answers why a directory could not be opened, if so; the work that needs it is then marked.
    fn sync_segments(&mut self, shared: &Shared) -> Result<Option<io::Error>, String> {
        let mut lack = None;
        for work in self.work.iter_mut().filter(|work| work.route == Route::Segments) {
            let failed = |error: io::Error| format!("sync of {} failed: {error}", work.handle.identity());
            for range in &work.dirty.ranges {
                shared.timed(|| range.file.sync_data()).map_err(failed)?;
            }
            let new_file = work.dirty.ranges.iter().any(|range| range.new_file);
            if new_file && !shared.settings.is_planted_no_directory_fsync() {
                let dir = work.handle.with(|log| log.dir().to_owned());
                match shared.timed(|| shared.disk.sync_dir(&dir)) {
                    Err(error) if lacks_files(&error) => {
                        work.put_off = true;
                        lack = Some(error);
                    }
                    synced => synced.map_err(failed)?,
                }
            }
        }
        Ok(lack)
    }

    fn report(&self, shared: &Shared) {
        if let Some(observer) = shared.observer.get() {
            let bytes = self.work.iter().map(Work::bytes).sum();
            let via_commit_log = self.work.iter().filter(|work| work.route == Route::CommitLog).count();
            observer.cycle(self.work.len(), bytes, via_commit_log);
        }
    }

    /// Writes the index files of sealed segments, after everybody was told.
    fn finish_rolls(&self, shared: &Shared) {
        let sealed = |work: &&Work| work.dirty.ranges.iter().any(|range| range.sealed || range.new_file);
        for work in self.work.iter().filter(sealed) {
            let began = shared.clock.monotonic();
            // Held, so that no deletion moves the files away meanwhile.
            let commit = work.handle.commit_state();
            if commit.deleted {
                continue;
            }
            match work.handle.with(crate::log::PartitionLog::finish_rolls) {
                Ok(sealed) => {
                    let took = shared.clock.monotonic().saturating_sub(began);
                    sealed.iter().for_each(|segment| report_roll(work.handle.identity(), segment, took));
                }
                Err(error) => shared.append_failed(work.handle.identity(), &error),
            }
        }
    }

    fn fail(&mut self) {
        self.batch.clear();
        self.work.clear();
        self.dir.shared().queue.take(&mut self.batch);
        self.batch.clear();
        self.dir.announce_failure();
    }
}

fn commit_log_failed(error: &io::Error) -> String {
    format!("write of the commit log failed: {error}")
}

fn report_roll(log: &LogIdentity, segment: &SealedSegment, took: Duration) {
    tracing::info!(
        %log,
        base_offset = segment.base_offset.0,
        end_offset = segment.end_offset.0,
        bytes = segment.bytes,
        took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "segment rolled"
    );
}

fn push_appends(work: &Work, gate: &mut CommitLog) -> io::Result<()> {
    let ranges = &work.dirty.ranges;
    for (index, range) in ranges.iter().enumerate() {
        let header = EntryHeader {
            segment_base: range.segment_base,
            end_offset: range.first_offset,
            ..work.header(EntryKind::Append)
        };
        let end_offset = ranges.get(index + 1).map_or(work.dirty.end_offset, |next| next.first_offset);
        gate.push_range(&header, end_offset, &*range.file, (range.from, range.to))?;
    }
    Ok(())
}

impl CommitState {
    /// Of a log that was just made.
    pub(crate) fn of_new_log() -> CommitState {
        CommitState { new_directory: true, changed: true, ..CommitState::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(files: usize, bytes: u64) -> Load {
        Load { files, bytes, largest: bytes, unsynced: bytes, commit_log_only: false }
    }

    #[test]
    fn a_few_tiny_ranges_go_into_the_commit_log() {
        assert_eq!(choose(&[load(1, 4096)], false), [Route::CommitLog]);
    }

    #[test]
    fn a_few_larger_ranges_are_synced_themselves() {
        assert_eq!(choose(&[load(1, 100 << 10), load(2, 4096)], false), [Route::Segments; 2]);
    }

    #[test]
    fn a_tiny_range_of_a_segment_of_which_the_commit_log_has_much_is_synced() {
        let grown = Load { unsynced: 2 << 20, ..load(1, 4096) };
        assert_eq!(choose(&[grown, load(1, 4096)], false), [Route::Segments, Route::CommitLog]);
        assert_eq!(choose(&[grown, load(4, 4096)], false), [Route::CommitLog; 2]);
    }

    #[test]
    fn many_ranges_go_into_the_commit_log_except_the_large_ones() {
        let loads = [load(1, 500 << 10), load(1, 2 << 20), load(2, 1), load(2, 1)];
        let (log, segments) = (Route::CommitLog, Route::Segments);
        assert_eq!(choose(&loads, false), [log, segments, log, log]);
    }

    #[test]
    fn a_full_commit_log_is_used_only_by_logs_that_were_truncated() {
        let truncated = Load { commit_log_only: true, ..load(1, 2 << 20) };
        assert_eq!(choose(&[load(1, 10), truncated], true), [Route::Segments, Route::CommitLog]);
    }
}
