//! One log shared between those who append, those who read and the committer.
//!
//! The log's lock is held for the length of one append or lookup, never while bytes are made durable. Lock order: a
//! handle's segments, the commit gate, the handle's commit state, its log.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use broker_protocol::types::Offset;
use parking_lot::Mutex;

use crate::append::{AppendError, AppendInfo, AppendOptions};
use crate::io::Wait;
use crate::log::{
    FetchExtent, Halt, Lookups, PartitionLog, ReadRange, TimedBatch, TimestampOffset, newest_record,
};
use crate::log_config::{LogConfig, LogIdentity};
use crate::log_error::{LogError, ReadError};
use crate::manager::shared::Shared;

/// Told when records may be acknowledged. Called without the log's lock, by the committer or by an appender.
pub trait DurabilityListener: Send + Sync {
    /// Every record below `offset` may be acknowledged. Offsets never go back, except after a truncation.
    fn flushed(&self, offset: Offset);
    /// The log's directory is out of service: what was not acknowledged until here never will be.
    fn failed(&self);
}

/// A log and what its directory keeps about it.
pub struct LogHandle {
    identity: LogIdentity,
    log: Mutex<PartitionLog>,
    /// Records below may be acknowledged.
    flushed: AtomicI64,
    /// In the committer's queue.
    queued: AtomicBool,
    /// The topic does not flush before it acknowledges.
    relaxed: AtomicBool,
    listener: Mutex<Option<Arc<dyn DurabilityListener>>>,
    commit: Mutex<CommitState>,
    /// Held by whoever takes segments away or replaces them, also while that is made durable.
    segments: Mutex<()>,
    shared: Arc<Shared>,
}

/// What the committer and the checkpoint remember of a log.
#[derive(Debug, Default)]
pub(crate) struct CommitState {
    /// The directory's own name and its `partition.metadata` are not durable yet.
    pub(crate) new_directory: bool,
    /// LSN of the commit log at the last truncation: until a checkpoint is past it, a replay must see every append, so
    /// nothing may go around the commit log.
    pub(crate) truncated_at: Option<u64>,
    /// A truncation that the commit log does not know yet: segment, position, offset.
    pub(crate) truncation: Option<(Offset, u64, Offset)>,
    /// Log start offset as it is durable.
    pub(crate) durable_log_start: Offset,
    /// Start for readers as it is durable, where it is not that of the log on the disk.
    pub(crate) durable_remote_start: Option<Offset>,
    /// Deleted: nothing is made durable any more.
    pub(crate) deleted: bool,
    /// Changed since `tail` was made.
    pub(crate) changed: bool,
    /// The encoded `TailCheckpoint` of the last checkpoint, or of the one under way.
    pub(crate) tail: Option<Box<[u8]>>,
    /// The last checkpoint, which is durable, has a tail of it: recovery does not look for the log's beginning.
    pub(crate) is_checkpointed: bool,
    /// A cycle could not make everything durable for want of file descriptors.
    pub(crate) put_off: bool,
    /// First offset of the last segment in the last durable checkpoint: those before it are sealed and synced there.
    pub(crate) sealed_below: Offset,
    /// Records of swaps that the last durable checkpoint may not know of, by number.
    pub(crate) swap_records: Vec<(u64, PathBuf)>,
    /// End of the log when it was last made durable, and since when there was more (for `flush.ms`).
    pub(crate) unflushed_since_ms: Option<i64>,
}

impl std::fmt::Debug for LogHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogHandle({})", self.identity)
    }
}

impl LogHandle {
    pub(crate) fn new(
        log: PartitionLog,
        commit: CommitState,
        flushed: Offset,
        shared: Arc<Shared>,
    ) -> LogHandle {
        LogHandle {
            identity: log.identity().clone(),
            flushed: AtomicI64::new(flushed.0),
            queued: AtomicBool::new(false),
            relaxed: AtomicBool::new(!log.config().flush_before_ack),
            listener: Mutex::new(None),
            log: Mutex::new(log),
            commit: Mutex::new(commit),
            segments: Mutex::new(()),
            shared,
        }
    }

    /// Which partition it is.
    #[must_use]
    pub fn identity(&self) -> &LogIdentity {
        &self.identity
    }

    /// Appends as [`PartitionLog::append_as_leader`] does and has the result made durable. The listener is told when
    /// `last_offset + 1` is flushed; that may be before this returns.
    ///
    /// # Errors
    /// As [`PartitionLog::append_as_leader`]; `OutOfService` once the directory has failed.
    pub fn append_as_leader(
        self: &Arc<Self>,
        batches: &mut [u8],
        options: &AppendOptions,
    ) -> Result<AppendInfo, AppendError> {
        self.append(|log| log.append_as_leader(batches, options))
    }

    /// Appends as [`PartitionLog::append_as_follower`] does and has the result made durable.
    ///
    /// # Errors
    /// As [`PartitionLog::append_as_follower`]; `OutOfService` once the directory has failed.
    pub fn append_as_follower(
        self: &Arc<Self>,
        batches: &[u8],
        now_ms: i64,
    ) -> Result<AppendInfo, AppendError> {
        self.append(|log| log.append_as_follower(batches, now_ms))
    }

    fn append(
        self: &Arc<Self>,
        act: impl FnOnce(&mut PartitionLog) -> Result<AppendInfo, AppendError>,
    ) -> Result<AppendInfo, AppendError> {
        if !self.shared.takes_appends() {
            return Err(AppendError::OutOfService);
        }
        let (info, log_end) = match self.shared.check_room() {
            Ok(()) => {
                let mut log = self.log.lock();
                let info = act(&mut log);
                (info, log.log_end_offset())
            }
            Err(error) => (Err(error.into()), Offset(0)),
        };
        match info {
            Ok(info) => {
                if info.bytes > 0 {
                    self.shared.append_succeeded();
                    self.appended(log_end);
                }
                Ok(info)
            }
            Err(error) => {
                // A deletion has moved the files away.
                if let AppendError::Storage(cause) = &error
                    && !self.commit.lock().deleted
                {
                    self.shared.append_failed(&self.identity, cause);
                }
                Err(error)
            }
        }
    }

    fn appended(self: &Arc<Self>, log_end: Offset) {
        if !self.relaxed.load(Ordering::Relaxed) || self.reaches_flush_messages() {
            self.enqueue();
            return;
        }
        let before = self.flushed.fetch_max(log_end.0, Ordering::AcqRel);
        if before < log_end.0
            && let Some(listener) = self.listener()
        {
            listener.flushed(log_end);
        }
        // `maintain` has it flushed by `flush.ms`.
        let mut commit = self.commit.lock();
        commit.changed = true;
        commit.unflushed_since_ms.get_or_insert_with(|| self.shared.clock.now_ms());
    }

    /// Whether a log that acknowledges before it flushes has as much unflushed as `flush.messages` says: then it flushes
    /// first, as Kafka's does within the append.
    fn reaches_flush_messages(&self) -> bool {
        let log = self.log.lock();
        log.log_end_offset().0 - log.committed_offset().0 >= log.config().flush_messages
    }

    /// Whether every append is refused because the disk is full.
    #[must_use]
    pub fn lacks_room(&self) -> bool {
        self.shared.check_room().is_err()
    }

    /// Puts the log into the committer's queue, unless it is there.
    pub(crate) fn enqueue(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.shared.queue.push(self.clone());
        }
    }

    /// To be called before what is dirty is taken: an append that comes later queues the log again.
    pub(crate) fn leave_queue(&self) {
        self.queued.store(false, Ordering::Release);
    }

    /// Calls `act` with the log. Appends made so are not made durable: use the methods above.
    pub fn with<R>(&self, act: impl FnOnce(&mut PartitionLog) -> R) -> R {
        act(&mut self.log.lock())
    }

    /// Calls `act` with the log for an answer that may need something of its files, and again each time that it was
    /// found there: the files are looked through without holding the log. `None` if that would have to wait for the disk
    /// and may not.
    ///
    /// # Errors
    /// As `act`; `Io` or `Corrupt` if the files cannot be used.
    pub fn look_up<T>(
        &self,
        wait: Wait,
        mut act: impl FnMut(&mut PartitionLog, &mut Lookups) -> Result<T, Halt>,
    ) -> Result<Option<T>, LogError> {
        let mut lookups = Lookups::default();
        loop {
            match self.with(|log| act(log, &mut lookups)) {
                Ok(answer) => return Ok(Some(answer)),
                Err(Halt::Failed(error)) => return Err(error),
                Err(Halt::Searching) => {}
            }
            let mut search = lookups.take_search().expect("whoever halts has said what to look for");
            match search.run(wait) {
                Ok(true) => self.with(|log| log.learn(*search, &mut lookups))?,
                Ok(false) => return Ok(None),
                // Looked for in files that have been renamed or cut meanwhile.
                Err(_) if !self.with(|log| log.is_current(&search)) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads as [`PartitionLog::read`] does; waits for the disk, but does not hold the log meanwhile.
    ///
    /// # Errors
    /// As [`PartitionLog::read`].
    pub fn read(&self, range: &ReadRange) -> Result<FetchExtent, ReadError> {
        self.with(|log| log.check_range(range.from))?;
        Ok(self.wait_for(|log, lookups| log.extent(range, lookups))?)
    }

    /// The first batch at or after `from` and the log's start that has a timestamp of `timestamp` or later; `None` if
    /// no segment below `upper` has one. Nothing but headers is read. Waits for the disk, but does not hold the log
    /// meanwhile.
    ///
    /// # Errors
    /// `Io`, or `Corrupt` if what is read is no batch.
    pub fn timed_batch(
        &self,
        timestamp: i64,
        from: Offset,
        upper: Offset,
    ) -> Result<Option<TimedBatch>, LogError> {
        self.wait_for(|log, lookups| log.timed_batch(timestamp, (from, upper), lookups))
    }

    /// The first record with the largest timestamp of those from the log's start up to `upper`, a batch boundary; `None`
    /// if none has a timestamp (KIP-734). Reads and decompresses its batch, and of the others at most headers; waits for
    /// the disk, but does not hold the log meanwhile.
    ///
    /// # Errors
    /// `Io`, or `Corrupt` if what is read is no batch.
    pub fn newest_record(&self, upper: Offset) -> Result<Option<TimestampOffset>, LogError> {
        newest_record(|from| self.wait_for(|log, lookups| log.newest_batch((from, upper), lookups)))
    }

    fn wait_for<T>(
        &self,
        act: impl FnMut(&mut PartitionLog, &mut Lookups) -> Result<T, Halt>,
    ) -> Result<T, LogError> {
        Ok(self.look_up(Wait::Allowed, act)?.expect("whoever may wait gets an answer"))
    }

    /// Offset below which records may be acknowledged: they are durable, or the topic does not ask for that.
    #[must_use]
    pub fn flushed_offset(&self) -> Offset {
        Offset(self.flushed.load(Ordering::Acquire))
    }

    /// Sets who is told about durability, in place of whom it was before. It is told where things stand at once.
    pub fn set_listener(&self, listener: Arc<dyn DurabilityListener>) {
        *self.listener.lock() = Some(Arc::clone(&listener));
        if self.shared.failure.is_failed() {
            listener.failed();
        } else {
            listener.flushed(self.flushed_offset());
        }
    }

    /// Who is told, to be called without a lock.
    fn listener(&self) -> Option<Arc<dyn DurabilityListener>> {
        self.listener.lock().clone()
    }

    /// Replaces the log's settings.
    pub fn set_config(self: &Arc<Self>, config: Arc<LogConfig>) {
        self.relaxed.store(!config.flush_before_ack, Ordering::Relaxed);
        self.log.lock().set_config(config);
        // What was acknowledged without a flush is flushed when the topic begins to ask for one.
        self.enqueue();
    }

    /// Moves the log start offset up and has that made durable, as DeleteRecords and retention do. Segments below it
    /// go with a later `maintain`. Returns whether it moved.
    pub fn advance_log_start_offset(self: &Arc<Self>, to: Offset) -> bool {
        let moved = self.log.lock().advance_log_start_offset(to);
        if moved {
            self.enqueue();
        }
        moved
    }

    /// The log start offset as it would be after a crash.
    #[must_use]
    pub fn durable_log_start_offset(&self) -> Offset {
        let commit = self.commit.lock();
        commit.durable_remote_start.unwrap_or(commit.durable_log_start)
    }

    /// Lets the segments below `to` go from the disk, as [`PartitionLog::release_local`] does, and has that made durable,
    /// without which no file goes. To be called only with what a durable manifest names. Returns whether there was
    /// anything.
    pub fn release_local(self: &Arc<Self>, to: Offset) -> bool {
        let released = self.log.lock().release_local(to);
        if released {
            self.enqueue();
        }
        released
    }

    /// Cuts the log's end. Waits for a commit that is under way; what is appended afterwards goes through the commit
    /// log until the next checkpoint, after a record of this truncation.
    ///
    /// # Errors
    /// See [`PartitionLog::truncate_to`]; the directory is then out of service.
    pub fn truncate_to(self: &Arc<Self>, to: Offset) -> Result<(), LogError> {
        let _segments = self.segments.lock();
        let gate = self.shared.gate.lock();
        let mut commit = self.commit.lock();
        let cut = {
            let mut log = self.log.lock();
            let leftovers = match log.truncate_to(to, self.shared.clock.now_ms()) {
                Ok(leftovers) => leftovers,
                Err(error) => {
                    // What the files hold is not known any more, whatever the reason: a full disk is no exception.
                    self.shared.fail(format!("truncation of {} failed: {error}", self.identity));
                    self.shared.queue.wake();
                    return Err(error);
                }
            };
            self.shared.removals.add_files(leftovers, log.config().file_delete_delay_ms);
            log.end_position()
        };
        commit.changed = true;
        commit.truncated_at = Some(gate.next_lsn());
        // Of several truncations the deepest counts: all above it is appended again behind it.
        if commit.truncation.is_none_or(|(_, _, offset)| cut.2 < offset) {
            commit.truncation = Some(cut);
        }
        self.flushed.fetch_min(cut.2.0, Ordering::AcqRel);
        drop(commit);
        drop(gate);
        self.enqueue();
        Ok(())
    }

    pub(crate) fn commit_state(&self) -> parking_lot::MutexGuard<'_, CommitState> {
        self.commit.lock()
    }

    /// Nobody else takes segments away or replaces them until this is dropped.
    pub(crate) fn lock_segments(&self) -> parking_lot::MutexGuard<'_, ()> {
        self.segments.lock()
    }

    /// Everything below `end` is durable: tells the listener unless it knew.
    pub(crate) fn committed(&self, end: Offset) {
        let before = self.flushed.fetch_max(end.0, Ordering::AcqRel);
        if before < end.0
            && let Some(listener) = self.listener()
        {
            listener.flushed(end);
        }
    }

    pub(crate) fn directory_failed(&self) {
        if let Some(listener) = self.listener() {
            listener.failed();
        }
    }
}
