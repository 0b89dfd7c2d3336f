//! What a data directory's handles, committer and maintenance share: the queue of dirty logs, the commit log, and
//! whether the directory still works.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;

use super::LogDirSettings;
use super::removals::Removals;
use super::reserve::Reserve;
use crate::cleaner::CleanerFigures;
use crate::commit_log::CommitLog;
use crate::handle::LogHandle;
use crate::io::{Clock, Disk, OpenMode, lacks_files};
use crate::log_config::LogIdentity;
use crate::log_error::LogError;

/// Mark of a directory that went out of service; see [`Shared::fail`].
pub(crate) const FAILED_FILE: &str = ".failed";

/// What is written for a moment to see whether there is room.
const ROOM_FILE: &str = ".room";

/// How much there must be: a batch of the default of `max.message.bytes`, rounded up.
const ROOM_BYTES: u64 = 2 << 20;

/// Shortest time between two lines about a full disk, and between two about files that cannot be opened.
const TOLD_EVERY: Duration = Duration::from_secs(30);

/// Told how long the disk takes; for metrics. Called by the committer and by checkpoints, must not block.
pub trait CommitObserver: Send + Sync {
    /// One write or sync that made something durable took `took`.
    fn fsync(&self, took: Duration);
    /// A cycle has committed `bytes` bytes of `logs` logs, of which `via_commit_log` logs went through the commit log.
    fn cycle(&self, logs: usize, bytes: u64, via_commit_log: usize);
}

pub(crate) struct Shared {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) path: PathBuf,
    pub(crate) settings: LogDirSettings,
    pub(crate) queue: CommitQueue,
    /// Held for the length of a commit cycle. Whoever holds it knows that no log is half committed.
    pub(crate) gate: Mutex<CommitLog>,
    pub(crate) failure: Failure,
    pub(crate) observer: OnceLock<Box<dyn CommitObserver>>,
    pub(crate) reserve: Reserve,
    pub(crate) removals: Removals,
    /// LSN of the commit log below which the last durable checkpoint covers everything.
    pub(crate) checkpointed_lsn: AtomicU64,
    pub(crate) cleaner: CleanerFigures,
    /// Set by an orderly close: nothing may be appended any more.
    pub(crate) closed: AtomicBool,
    /// The last append that reached the disk found no room there.
    lacks_room: AtomicBool,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shared({})", self.path.display())
    }
}

impl Shared {
    /// A directory that works.
    pub(crate) fn new(
        (disk, path): (Arc<dyn Disk>, PathBuf),
        clock: Arc<dyn Clock>,
        settings: LogDirSettings,
        commit_log: CommitLog,
    ) -> Shared {
        Shared {
            reserve: Reserve::new(path.clone(), settings.reserve_bytes),
            disk,
            clock,
            path,
            settings,
            queue: CommitQueue::default(),
            gate: Mutex::new(commit_log),
            failure: Failure::default(),
            observer: OnceLock::new(),
            removals: Removals::default(),
            checkpointed_lsn: AtomicU64::new(0),
            cleaner: CleanerFigures::default(),
            closed: AtomicBool::new(false),
            lacks_room: AtomicBool::new(false),
        }
    }

    /// Runs something that makes bytes durable and tells the observer how long it took.
    pub(crate) fn timed<R>(&self, act: impl FnOnce() -> R) -> R {
        let Some(observer) = self.observer.get() else { return act() };
        let start = self.clock.monotonic();
        let result = act();
        observer.fsync(self.clock.monotonic().saturating_sub(start));
        result
    }

    /// Takes the directory out of service, and leaves a mark for the next start.
    ///
    /// The mark lives exactly as long as what it warns of: after a failed sync the page cache shows bytes that the
    /// medium does not have, and a later sync finds nothing to write. A restart of the machine ends both.
    pub(crate) fn fail(&self, reason: String) {
        if self.failure.set(reason)
            && let Err(error) = self.disk.open(&self.path.join(FAILED_FILE), OpenMode::CREATE)
        {
            tracing::error!(%error, "no mark of the failure: restart the machine before the broker");
        }
    }

    /// An append was written.
    pub(crate) fn append_succeeded(&self) {
        // Written to only if it changes: appends of all threads come here.
        if self.lacks_room.load(Ordering::Relaxed) {
            self.lacks_room.store(false, Ordering::Relaxed);
        }
    }

    /// Whether the last append found no room and there has been none since, or what there is belongs to the reserve.
    pub(crate) fn lacks_room(&self) -> bool {
        self.lacks_room.load(Ordering::Relaxed) || self.reserve.refuses_appends()
    }

    /// What is said to an append on a full disk: the room that there is serves to make more.
    pub(crate) fn check_room(&self) -> Result<(), LogError> {
        if !self.reserve.refuses_appends() {
            return Ok(());
        }
        self.lacks_room.store(true, Ordering::Relaxed);
        let what = "the disk is full but for what checkpoints and deletions need";
        Err(LogError::io(&self.path, io::Error::new(io::ErrorKind::StorageFull, what)))
    }

    /// Runs `act`; if the disk is full, as `is_full` tells, gives up the reserve and runs it once more.
    pub(crate) fn with_reserve<R, E>(
        &self,
        is_full: impl Fn(&E) -> bool,
        mut act: impl FnMut() -> Result<R, E>,
    ) -> Result<R, E> {
        match act() {
            Err(error) if is_full(&error) => {
                if self.give_up_reserve() {
                    act()
                } else {
                    Err(error)
                }
            }
            result => result,
        }
    }

    /// Answers whether there is the reserve's room now.
    pub(crate) fn give_up_reserve(&self) -> bool {
        self.reserve.release(self.disk.as_ref()).unwrap_or_else(|failure| {
            self.fail(format!("giving up the reserve failed: {failure}"));
            self.queue.wake();
            false
        })
    }

    /// A log found no room to be made.
    pub(crate) fn creation_failed(&self) {
        self.lacks_room.store(true, Ordering::Relaxed);
    }

    /// Sees whether there is room again, as clients that were sent away do not. Writes as much as a large batch takes and
    /// removes it, for a quota shows itself to nothing else.
    pub(crate) fn look_for_room(&self) {
        let is_small = || self.disk.space(&self.path).is_ok_and(|space| space.available < ROOM_BYTES);
        if !self.lacks_room() || self.reserve.refuses_appends() || is_small() {
            return;
        }
        let path = self.path.join(ROOM_FILE);
        let zeroes = vec![0; usize::try_from(ROOM_BYTES).unwrap_or(0)];
        let written = self.disk.open(&path, OpenMode::CREATE).and_then(|file| file.write_at(&zeroes, 0));
        let removed = self.disk.remove_file(&path);
        if written.and(removed).is_ok() {
            tracing::info!("appends are taken again: there is room on the disk");
            self.lacks_room.store(false, Ordering::Relaxed);
        }
    }

    pub(crate) fn takes_appends(&self) -> bool {
        !self.failure.is_failed() && !self.closed.load(Ordering::Acquire)
    }

    /// An append met an error of the disk. A full disk is no failure of the directory, nor is a file that cannot be opened
    /// at the moment: what is there stays good.
    pub(crate) fn append_failed(&self, identity: &LogIdentity, cause: &LogError) {
        if is_storage_full(cause) {
            self.lacks_room.store(true, Ordering::Relaxed);
            self.reserve.refuse_appends();
            if self.failure.full_told.may_tell(self.clock.monotonic()) {
                tracing::warn!(log = %identity, error = %cause, "appends are refused: the disk is full");
            }
            return;
        }
        if passes(cause) {
            self.tell_lack_of_files(identity, cause);
            return;
        }
        self.fail(format!("append to {identity} failed: {cause}"));
        self.queue.wake();
    }

    /// Says that something of a log was refused or put off because a file could not be opened.
    pub(crate) fn tell_lack_of_files(&self, identity: &LogIdentity, error: &dyn std::fmt::Display) {
        if self.failure.no_files_told.may_tell(self.clock.monotonic()) {
            tracing::warn!(log = %identity, %error, "refused or put off: no more files can be opened");
        }
    }
}

/// Whether an error passes: the disk is full or a file cannot be opened, and nothing was changed.
pub(crate) fn passes(error: &LogError) -> bool {
    is_storage_full(error) || matches!(error, LogError::Io { source, .. } if lacks_files(source))
}

/// Whether an error says that the disk, or the quota, is full.
pub(crate) fn is_storage_full(error: &LogError) -> bool {
    matches!(error, LogError::Io { source, .. } if is_full(source))
}

pub(crate) fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

/// Logs with something to make durable, each at most once.
#[derive(Default)]
pub(crate) struct CommitQueue {
    pending: Mutex<Vec<Arc<LogHandle>>>,
    waker: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl CommitQueue {
    pub(crate) fn push(&self, handle: Arc<LogHandle>) {
        self.pending.lock().push(handle);
        self.wake();
    }

    /// Exchanges the queue for `batch`, which is empty; both keep their memory.
    pub(crate) fn take(&self, batch: &mut Vec<Arc<LogHandle>>) {
        debug_assert!(batch.is_empty(), "a batch is finished before the next is taken");
        std::mem::swap(&mut *self.pending.lock(), batch);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending.lock().is_empty()
    }

    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waker.get() {
            waker();
        }
    }

    /// The first waker stays; answers whether this is it.
    pub(crate) fn set_waker(&self, waker: Box<dyn Fn() + Send + Sync>) -> bool {
        self.waker.set(waker).is_ok()
    }
}

/// When something was last told.
#[derive(Debug, Default)]
struct Told(Mutex<Option<Duration>>);

impl Told {
    /// Whether it is told again, at `now` of the monotonic clock: clients try often.
    fn may_tell(&self, now: Duration) -> bool {
        let mut told = self.0.lock();
        let may = told.is_none_or(|before| now.saturating_sub(before) >= TOLD_EVERY);
        if may {
            *told = Some(now);
        }
        may
    }
}

/// Whether the directory is out of service. Once set it stays so until the directory is opened anew: after a failed
/// sync the kernel forgets what it could not write, so a later success proves nothing.
#[derive(Debug, Default)]
pub(crate) struct Failure {
    failed: AtomicBool,
    announced: AtomicBool,
    full_told: Told,
    no_files_told: Told,
    reason: Mutex<Option<String>>,
}

impl Failure {
    pub(crate) fn is_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Answers whether it is the first failure.
    fn set(&self, reason: String) -> bool {
        let mut first = self.reason.lock();
        let is_first = first.is_none();
        if is_first {
            tracing::error!(%reason, "log directory is out of service");
            *first = Some(reason);
        }
        self.failed.store(true, Ordering::Release);
        is_first
    }

    pub(crate) fn reason(&self) -> Option<String> {
        self.reason.lock().clone()
    }

    /// True once: for whoever is to tell the listeners.
    pub(crate) fn must_announce(&self) -> bool {
        self.is_failed() && !self.announced.swap(true, Ordering::AcqRel)
    }
}
