//! Runs a checkpoint: brings every changed log's segments to the disk, then replaces the checkpoint file, then lets the
//! commit log write over what is covered.
//!
//! Works beside the committer: its gate is held only to pick the LSN and to recycle files. Logs are covered a few at a
//! time, so that their syncs do not crowd out those that somebody waits for. On a full disk, or where no more files can be
//! opened, it is given up, which costs nothing but a longer recovery, and begins again at the next interval.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use broker_protocol::types::Offset;

use super::{LogDir, sync_new_directory};
use crate::checkpoint::{self, Checkpoint};
use crate::handle::LogHandle;
use crate::io::lacks_files;
use crate::log::PreparedCheckpoint;
use crate::manager::shared::{is_full, is_storage_full, passes};

/// A checkpoint under way.
#[derive(Debug)]
pub(super) struct CheckpointRun {
    /// Everything below is committed, and will be in the segments when the run ends.
    lsn: u64,
    epoch: u64,
    remaining: Vec<Arc<LogHandle>>,
    covered: Vec<Covered>,
    new_directories: bool,
    /// What was set aside before it began.
    removals: u64,
}

#[derive(Debug)]
struct Covered {
    handle: Arc<LogHandle>,
    log_start: Offset,
    remote_start: Option<Offset>,
    /// First offset of its last segment.
    active_base: Offset,
    /// Number of the last swap of segments that is in its list of them.
    swaps: u64,
}

/// Why a checkpoint did not come about.
#[derive(Debug)]
pub(super) enum CheckpointFailure {
    /// The disk is full. The last checkpoint holds, and the commit log what came after it.
    NoRoom(String),
    /// A file could not be opened. As on a full disk, nothing is lost.
    NoFiles(String),
    /// The disk failed; the directory goes out of service.
    Disk(String),
}

/// How a checkpoint step ended.
type Step<T> = Result<T, CheckpointFailure>;

impl LogDir {
    pub(super) fn begin_checkpoint(&self) -> CheckpointRun {
        let removals = self.shared.removals.begin_checkpoint();
        let (lsn, epoch) = {
            let mut gate = self.shared.gate.lock();
            (gate.begin_checkpoint(), gate.epoch())
        };
        let changed = |handle: &Arc<LogHandle>| handle.commit_state().changed;
        let remaining: Vec<_> = self.logs.read().values().filter(|handle| changed(handle)).cloned().collect();
        CheckpointRun { lsn, epoch, remaining, covered: Vec::new(), new_directories: false, removals }
    }

    /// Covers up to `logs` further logs; true once all are.
    pub(super) fn step_checkpoint(&self, run: &mut CheckpointRun, logs: usize) -> Step<bool> {
        for _ in 0..logs {
            let Some(handle) = run.remaining.pop() else { return Ok(true) };
            if let Some(covered) = self.cover(&handle, run)? {
                run.covered.push(covered);
            }
        }
        Ok(run.remaining.is_empty())
    }

    /// Brings one log's segments to the disk and makes its tail.
    fn cover(&self, handle: &Arc<LogHandle>, run: &mut CheckpointRun) -> Step<Option<Covered>> {
        let new_directory = {
            let mut commit = handle.commit_state();
            if commit.deleted {
                return Ok(None);
            }
            // What changes from here on is for the next checkpoint.
            commit.changed = false;
            commit.new_directory
        };
        run.new_directories |= new_directory;
        let covered = self.prepare(handle).and_then(|prepared| {
            self.sync(handle, new_directory, &prepared)?;
            Ok(prepared.tail)
        });
        let mut commit = handle.commit_state();
        match covered {
            _ if commit.deleted => Ok(None),
            Ok(tail) => {
                commit.tail = Some(tail.encode().into_boxed_slice());
                drop(commit);
                Ok(Some(Covered {
                    handle: handle.clone(),
                    log_start: tail.log_start_offset,
                    remote_start: tail.remote_start,
                    active_base: tail.segments.last().map_or(Offset(0), |segment| segment.base_offset),
                    swaps: tail.swaps,
                }))
            }
            Err(failure) => {
                commit.changed = true;
                Err(failure)
            }
        }
    }

    fn prepare(&self, handle: &LogHandle) -> Step<PreparedCheckpoint> {
        let now_ms = self.shared.clock.now_ms();
        let prepared =
            self.shared.with_reserve(is_storage_full, || handle.with(|log| log.prepare_checkpoint(now_ms)));
        prepared.map_err(|error| {
            let text = format!("checkpoint of {} failed: {error}", handle.identity());
            if is_storage_full(&error) {
                CheckpointFailure::NoRoom(text)
            } else if passes(&error) {
                CheckpointFailure::NoFiles(text)
            } else {
                CheckpointFailure::Disk(text)
            }
        })
    }

    /// Waits for the disk without holding the log. A failed sync is a failure of the disk also where it says that it is
    /// full: what it was for is not known to be there. A directory that cannot be opened for its sync is none.
    fn sync(&self, handle: &LogHandle, new_directory: bool, prepared: &PreparedCheckpoint) -> Step<()> {
        let shared = &self.shared;
        let dir = handle.with(|log| log.dir().to_owned());
        let synced = || -> std::io::Result<()> {
            if new_directory {
                sync_new_directory(shared, &dir)?;
            }
            for (_, file, _) in &prepared.unsynced {
                shared.timed(|| file.sync_data())?;
            }
            if prepared.new_files && !shared.settings.is_planted_no_directory_fsync() {
                shared.timed(|| shared.disk.sync_dir(&dir))?;
            }
            Ok(())
        };
        synced().map_err(|error| {
            let text = format!("sync of {} failed: {error}", handle.identity());
            if lacks_files(&error) { CheckpointFailure::NoFiles(text) } else { CheckpointFailure::Disk(text) }
        })?;
        handle.with(|log| log.mark_checkpoint_synced(prepared));
        Ok(())
    }

    /// Replaces the checkpoint file and recycles the commit log.
    pub(super) fn finish_checkpoint(&self, run: &mut CheckpointRun, clean: bool) -> Step<()> {
        let shared = &self.shared;
        let failed = |error: std::io::Error| {
            let text = format!("write of the checkpoint failed: {error}");
            match error {
                error if is_full(&error) => CheckpointFailure::NoRoom(text),
                error if lacks_files(&error) => CheckpointFailure::NoFiles(text),
                _ => CheckpointFailure::Disk(text),
            }
        };
        if run.new_directories && !shared.settings.is_planted_no_directory_fsync() {
            shared.disk.sync_dir(&shared.path).map_err(failed)?;
        }
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = {
            let logs = self.logs.read();
            let states: Vec<_> = logs.values().map(|handle| handle.commit_state().tail.clone()).collect();
            let unopened = self.unopened.lock();
            let known = unopened.values().filter_map(|log| log.tail.as_deref());
            let tails: Vec<&[u8]> = states.iter().filter_map(Option::as_deref).chain(known).collect();
            // Of these the commit log was all there was, and it will be written over.
            let kept = unopened.values().map(|log| &*log.entries).filter(|entries| !entries.is_empty());
            let kept: Vec<&[u8]> = kept.collect();
            let (epoch, lsn) = (run.epoch, run.lsn);
            let header = Checkpoint { sequence, clean, epoch, lsn, ..Checkpoint::default() };
            header.encode(tails.into_iter(), kept.into_iter())
        };
        let disk = shared.disk.as_ref();
        shared.with_reserve(is_full, || checkpoint::store(disk, &shared.path, &bytes)).map_err(failed)?;
        shared.gate.lock().end_checkpoint(run.lsn);
        shared.checkpointed_lsn.store(run.lsn, Ordering::Release);
        shared.removals.end_checkpoint(run.removals);
        for Covered { handle, log_start, remote_start, active_base, swaps } in run.covered.drain(..) {
            let mut commit = handle.commit_state();
            commit.sealed_below = active_base;
            // What they tell stands in the checkpoint.
            let told = commit.swap_records.partition_point(|(number, _)| *number <= swaps);
            let told = commit.swap_records.drain(..told).map(|(_, path)| path).collect();
            shared.removals.add_files(told, 0);
            if run.new_directories {
                commit.new_directory = false;
            }
            commit.is_checkpointed = true;
            commit.durable_log_start = commit.durable_log_start.max(log_start);
            commit.durable_remote_start = commit.durable_remote_start.max(remote_start);
            if commit.truncated_at.is_some_and(|lsn| lsn < run.lsn) && commit.truncation.is_none() {
                commit.truncated_at = None;
            }
        }
        Ok(())
    }

    /// Runs a whole checkpoint now. A failure takes the directory out of service,
    /// unless the disk is only full or a file cannot be opened now.
    pub fn checkpoint(&self) {
        let mut maintenance = self.maintenance.lock();
        // One at a time: two would take each other's `changed`.
        if let Some(run) = maintenance.run.take() {
            self.complete_checkpoint(run, false);
        }
        self.checkpoint_all(false);
        maintenance.last_checkpoint = self.shared.clock.monotonic();
    }

    pub(super) fn checkpoint_all(&self, clean: bool) {
        let run = self.begin_checkpoint();
        self.complete_checkpoint(run, clean);
    }

    pub(super) fn complete_checkpoint(&self, mut run: CheckpointRun, clean: bool) {
        let done =
            self.step_checkpoint(&mut run, usize::MAX).and_then(|_| self.finish_checkpoint(&mut run, clean));
        if let Err(failure) = done {
            self.give_up_checkpoint(run, failure);
        }
    }

    /// Ends a run that failed. What it has covered is for the next one, as if there had been none.
    pub(super) fn give_up_checkpoint(&self, run: CheckpointRun, failure: CheckpointFailure) {
        match failure {
            CheckpointFailure::Disk(reason) => return self.fail(reason),
            CheckpointFailure::NoRoom(reason) => {
                tracing::warn!(reason, "checkpoint put off: the disk is full");
                self.shared.removals.make_room();
            }
            CheckpointFailure::NoFiles(reason) => {
                tracing::warn!(reason, "checkpoint put off: no more files can be opened");
            }
        }
        run.covered.iter().for_each(|covered| covered.handle.commit_state().changed = true);
    }
}
