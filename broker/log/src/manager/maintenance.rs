//! What a data directory needs from time to time: rolling and deleting old segments, flushing by time, closing idle
//! files, removing what was set aside, checkpoints.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use broker_protocol::types::Offset;

use super::LogDir;
use super::checkpointing::CheckpointRun;
use super::shared::{is_full, is_storage_full, passes};
use crate::handle::LogHandle;
use crate::io::{OpenMode, lacks_files};
use crate::log_error::LogError;

/// Share of the commit log's bound at which a checkpoint begins, and does not spread any more.
const CHECKPOINT_SHARE: u64 = 2;

/// What `maintain` remembers between two calls.
#[derive(Debug, Default)]
pub(super) struct Maintenance {
    pub(super) run: Option<CheckpointRun>,
    pub(super) last_checkpoint: Duration,
    pub(super) last_retention: Option<Duration>,
    /// A start found something that only a checkpoint settles.
    pub(super) checkpoint_wanted: bool,
}

impl LogDir {
    /// Does what is due. To be called about once a second, and up to ten times as often while
    /// [`LogDir::is_checkpointing`]; everything it waits for is local.
    ///
    /// `high_watermark` tells up to where a log's segments may be deleted.
    pub fn maintain(&self, now_ms: i64, high_watermark: &dyn Fn(&LogHandle) -> Offset) {
        if self.shared.failure.is_failed() {
            self.announce_failure();
            return;
        }
        let mut maintenance = self.maintenance.lock();
        let now = self.shared.clock.monotonic();
        let retention_due = maintenance
            .last_retention
            .is_none_or(|last| now.saturating_sub(last) >= self.shared.settings.retention_check_interval);
        if retention_due {
            maintenance.last_retention = Some(now);
        }
        for handle in self.logs() {
            if let Err(error) = self.maintain_log(&handle, now_ms, retention_due, high_watermark)
                // A deletion moves the files away at any time.
                && !handle.commit_state().deleted
            {
                self.shared.append_failed(handle.identity(), &error);
            }
        }
        let disk = self.shared.disk.as_ref();
        let tidied = [
            ("removing old files", self.shared.removals.run(disk, now_ms)),
            ("making the reserve", self.shared.reserve.ensure(disk)),
        ];
        for (what, result) in tidied {
            if let Err(error) = result
                && !is_full(&error)
                && !lacks_files(&error)
            {
                self.fail(format!("{what} failed: {error}"));
                return;
            }
        }
        self.shared.look_for_room();
        self.maintain_checkpoint(&mut maintenance, now);
    }

    /// Whether a checkpoint is under way and wants `maintain` soon.
    #[must_use]
    pub fn is_checkpointing(&self) -> bool {
        self.maintenance.lock().run.is_some()
    }

    fn maintain_log(
        &self,
        handle: &Arc<LogHandle>,
        now_ms: i64,
        retention_due: bool,
        high_watermark: &dyn Fn(&LogHandle) -> Offset,
    ) -> Result<(), LogError> {
        let _segments = handle.lock_segments();
        let upper = if retention_due { high_watermark(handle) } else { Offset(0) };
        let gone_below = match self.settle_producers(handle, now_ms) {
            // Nothing is deleted then; all else goes on.
            Err(error) if passes(&error) => None,
            settled => settled?,
        };
        let mut commit = handle.commit_state();
        if commit.deleted {
            return Ok(());
        }
        let flush_due = |flush_ms| {
            commit.unflushed_since_ms.is_some_and(|since| now_ms.saturating_sub(since) >= flush_ms)
        };
        let mut wants_commit = handle.with(|log| flush_due(log.config().flush_ms));
        // A log start that found no room in the commit log: somebody waits for it.
        wants_commit |= handle.with(|log| {
            log.local_log_start_offset() > commit.durable_log_start
                || log.remote_start() > commit.durable_remote_start
        });
        wants_commit |= std::mem::take(&mut commit.put_off);
        let removed = handle.with(|log| -> Result<_, LogError> {
            if log.is_broken() {
                return Ok(Vec::new());
            }
            commit.changed |= log.maybe_roll_by_time(now_ms)?;
            let mut removed = Vec::new();
            let gone = gone_below.map_or(0, |offset| log.segments_before(offset));
            if gone > 0 {
                removed = log.delete_oldest_segments(gone, now_ms)?;
                commit.changed = true;
            }
            if retention_due {
                log.expire_producers(now_ms);
                let count = log.deletable_segments(now_ms, upper);
                wants_commit |= count > 0 && log.advance_log_start_offset(log.start_after(count));
            }
            log.close_idle();
            self.shared.removals.add_files(std::mem::take(&mut removed), log.config().file_delete_delay_ms);
            Ok(removed)
        });
        drop(commit);
        if wants_commit {
            handle.enqueue();
        }
        removed.map(|_| ())
    }

    /// Makes durable what producers are known by once the segments below the log start are gone. Returns the offset below
    /// which they may go; `None` if none may.
    fn settle_producers(&self, handle: &Arc<LogHandle>, now_ms: i64) -> Result<Option<Offset>, LogError> {
        let start = {
            let commit = handle.commit_state();
            // A tail keeps what retention takes away: without one, recovery would look for the log's beginning.
            if commit.deleted || !commit.is_checkpointed {
                return Ok(None);
            }
            commit.durable_log_start
        };
        let prepared =
            handle.with(|log| if log.is_broken() { Ok(None) } else { log.prepare_deletion(start, now_ms) });
        let path = match prepared {
            Ok(Some(path)) => path,
            Ok(None) => return Ok(None),
            // Room matters more.
            Err(error) if is_storage_full(&error) => return Ok(Some(start)),
            Err(error) => return Err(error),
        };
        let disk = self.shared.disk.as_ref();
        let file = match disk.open(&path, OpenMode::WRITE) {
            Ok(file) => file,
            // The first segment of a log has none; or a deletion has moved it away.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some(start)),
            Err(error) => return Err(LogError::io(&path, error)),
        };
        if let Err(error) = file.sync_data() {
            // Nothing that was acknowledged is in it.
            tracing::warn!(file = %path.display(), %error, "producers may be unknown after a power loss");
            return Ok(Some(start));
        }
        let synced = path.parent().map_or(Ok(()), |dir| disk.sync_dir(dir));
        synced.map_err(|error| LogError::io(&path, error))?;
        Ok(Some(start))
    }

    fn maintain_checkpoint(&self, maintenance: &mut Maintenance, now: Duration) {
        let settings = &self.shared.settings;
        let (uncovered, full) = {
            let gate = self.shared.gate.lock();
            let uncovered = gate.uncovered_bytes();
            (uncovered, uncovered >= settings.commit_log.uncovered_bytes_max / CHECKPOINT_SHARE)
        };
        if maintenance.run.is_none() {
            let by_time = now.saturating_sub(maintenance.last_checkpoint) >= settings.checkpoint_interval;
            let wanted = maintenance.checkpoint_wanted || self.shared.removals.want_checkpoint();
            let is_worth_it = || uncovered > 0 || self.has_changes() || self.shared.removals.waits();
            if !(full || wanted || (by_time && is_worth_it())) {
                return;
            }
            maintenance.checkpoint_wanted = false;
            maintenance.run = Some(self.begin_checkpoint());
        }
        let Some(mut run) = maintenance.run.take() else { return };
        let logs = if full { usize::MAX } else { settings.checkpoint_logs_per_step };
        match self.step_checkpoint(&mut run, logs) {
            Ok(false) => maintenance.run = Some(run),
            Ok(true) => {
                maintenance.last_checkpoint = now;
                if let Err(failure) = self.finish_checkpoint(&mut run, false) {
                    self.give_up_checkpoint(run, failure);
                }
            }
            Err(failure) => {
                maintenance.last_checkpoint = now;
                self.give_up_checkpoint(run, failure);
            }
        }
    }

    fn has_changes(&self) -> bool {
        self.logs.read().values().any(|handle| handle.commit_state().changed)
    }
}
