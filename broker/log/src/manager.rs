//! A data directory: its logs, its commit log and its checkpoints, from opening to an orderly close.
//!
//! ```text
//! <data dir>/.lock  meta.properties  log-checkpoint  log-checkpoint.previous  commit-log/  <topic>-<partition>/
//! ```
//! Once a write or sync has failed the directory is out of service until it is opened anew.

mod checkpointing;
mod committer_thread;
mod maintenance;
mod removals;
mod reserve;
mod settings;
pub(crate) mod shared;
mod swapping;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use broker_protocol::types::{LeaderEpoch, PartitionIndex, TopicId, Uuid};
use parking_lot::{Mutex, RwLock};

#[cfg(feature = "planted-bugs")]
pub use settings::PlantedBug;
pub use settings::{LogDirError, LogDirSettings};
pub use shared::CommitObserver;

use crate::checkpoint::Checkpoint;
use crate::cleaner::thread::CleanerThread;
use crate::cleaner::{Cleaner, CleanerTotals};
use crate::commit_log::{COMMIT_LOG_DIR, CommitLog};
use crate::committer::{Committer, CycleOutcome};
use crate::handle::{CommitState, LogHandle};
use crate::io::{Clock, DirEntry, Disk, OpenMode, lacks_files};
use crate::log::{PartitionLog, TieredStart};
use crate::log_config::{LogConfig, LogIdentity};
use crate::log_error::LogError;
use crate::meta_properties::MetaProperties;
use crate::partition_metadata::PARTITION_METADATA_FILE;
use crate::recovery::{self, RecoveryReport, Unopened};
use crate::segment;
use committer_thread::CommitterThread;
use maintenance::Maintenance;
use shared::{FAILED_FILE, Shared, is_storage_full, passes};

const LOCK_FILE: &str = ".lock";

/// What Kafka leaves after an orderly stop; without it, it reads every log at its start.
const CLEAN_SHUTDOWN_FILE: &str = ".kafka_cleanshutdown";
const CLEAN_SHUTDOWN: &[u8] = b"{\"version\":0,\"brokerEpoch\":-1}";

/// Cycles that a close waits for at most: one takes what is queued, the next what was appended meanwhile.
const CLOSING_CYCLES_MAX: usize = 16;

pub(crate) type LogKey = (TopicId, PartitionIndex);

/// What holds a directory's lock.
type DirLock = Box<dyn std::fmt::Debug + Send + Sync>;

/// A data directory that is open; see the file's header.
#[derive(Debug)]
pub struct LogDir {
    shared: Arc<Shared>,
    logs: RwLock<BTreeMap<LogKey, Arc<LogHandle>>>,
    /// Directories that were found damaged, and why.
    offline: Mutex<BTreeMap<String, String>>,
    /// Logs that are known and could not be opened.
    unopened: Mutex<BTreeMap<LogKey, Unopened>>,
    meta: MetaProperties,
    /// Sequence of the last checkpoint.
    sequence: AtomicU64,
    maintenance: Mutex<Maintenance>,
    thread: Mutex<Option<CommitterThread>>,
    cleaner_thread: Mutex<Option<CleanerThread>>,
    lock: Mutex<Option<DirLock>>,
    /// Distinguishes the directories of logs that are deleted.
    deletions: AtomicU64,
}

impl LogDir {
    /// Opens a data directory, making it if it is not there: takes its lock, checks whose it is, and brings every log
    /// to the state in which all that was ever flushed is there.
    ///
    /// `config_of` is asked for the settings of each log that is found.
    ///
    /// # Errors
    /// The disk failed, the directory is locked or belongs to somebody else. A single damaged log is no error: see
    /// [`RecoveryReport::offline`].
    pub fn open(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        path: PathBuf,
        settings: LogDirSettings,
        config_of: &(dyn Fn(&LogIdentity) -> Arc<LogConfig> + Sync),
    ) -> Result<(Arc<LogDir>, RecoveryReport), LogDirError> {
        let (lock, was_closed) = prepare_directory(disk.as_ref(), &path)?;
        let expected = MetaProperties {
            cluster_id: settings.cluster_id.clone(),
            node_id: settings.node_id,
            directory_id: settings.new_directory_id,
        };
        // The first start writes a checkpoint once it has the file.
        let is_new = Checkpoint::is_missing(disk.as_ref(), &path).map_err(LogDirError::io(&path))?;
        let meta = MetaProperties::load_or_create(disk.as_ref(), &path, &expected, !is_new)?;
        let mark = |error: &LogDirError| {
            if matches!(error, LogDirError::Io { .. }) {
                mark_failed(disk.as_ref(), &path);
            }
        };
        let found = recovery::read_directory(disk.as_ref(), &path, was_closed).inspect_err(mark)?;
        let commit_log =
            CommitLog::new(disk.clone(), path.join(COMMIT_LOG_DIR), settings.commit_log, &found.replay);
        let shared = Arc::new(Shared::new((disk, path), clock, settings, commit_log));
        let recovered = recovery::recover_logs(&shared, &found, config_of)
            .inspect_err(|error| shared.fail(format!("recovery failed: {error}")))?;
        let adopted = found.is_foreign();
        let maintenance = Maintenance {
            last_checkpoint: shared.clock.monotonic(),
            checkpoint_wanted: found.wants_checkpoint(),
            ..Maintenance::default()
        };
        shared.checkpointed_lsn.store(found.checkpoint.lsn, Ordering::Release);
        let dir = Arc::new(LogDir {
            logs: RwLock::new(recovered.logs),
            offline: Mutex::new(recovered.offline),
            unopened: Mutex::new(recovered.unopened),
            meta,
            sequence: AtomicU64::new(found.checkpoint.sequence),
            maintenance: Mutex::new(maintenance),
            thread: Mutex::new(None),
            cleaner_thread: Mutex::new(None),
            lock: Mutex::new(Some(lock)),
            deletions: AtomicU64::new(0),
            shared,
        });
        // Before anything is appended: a disk is filled in a second.
        dir.shared.reserve.ensure(dir.shared.disk.as_ref()).map_err(LogDirError::io(&dir.shared.path))?;
        // From the first checkpoint on, a log without a place in it is known to be younger than it.
        if adopted {
            dir.checkpoint();
        }
        // What was found behind the commit log becomes durable before anybody sees it.
        dir.committer().run_cycle();
        match dir.is_failed() {
            Some(reason) => Err(dir.out_of_service(reason)),
            None => Ok((dir, recovered.report)),
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Whose directory it is.
    #[must_use]
    pub fn meta(&self) -> &MetaProperties {
        &self.meta
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Makes a log, or returns the one that is there. It outlives a power loss from its first commit on.
    ///
    /// # Errors
    /// `NameTaken` if a log of the same name but another topic id is there, `Offline` if it is there but damaged,
    /// `OutOfService`, or an error of the disk; unless it [passes](LogDirError::passes), the directory is then out of
    /// service.
    pub fn create_log(
        &self,
        identity: LogIdentity,
        config: Arc<LogConfig>,
        leader_epoch: LeaderEpoch,
    ) -> Result<Arc<LogHandle>, LogDirError> {
        self.create_with(identity, |disk, dir, identity| {
            PartitionLog::create(disk, dir, identity, config, leader_epoch)
        })
    }

    /// Makes a log that goes on where an object store ends: see [`PartitionLog::create_tiered`]. A start refuses it until
    /// [`LogDir::checkpoint`] has noted it.
    ///
    /// # Errors
    /// As [`LogDir::create_log`].
    pub fn create_tiered_log(
        &self,
        identity: LogIdentity,
        config: Arc<LogConfig>,
        leader_epoch: LeaderEpoch,
        start: &TieredStart,
    ) -> Result<Arc<LogHandle>, LogDirError> {
        self.create_with(identity, |disk, dir, identity| {
            PartitionLog::create_tiered(disk, dir, identity, config, leader_epoch, start)
        })
    }

    fn create_with(
        &self,
        identity: LogIdentity,
        create: impl FnOnce(Arc<dyn Disk>, PathBuf, LogIdentity) -> Result<PartitionLog, LogError>,
    ) -> Result<Arc<LogHandle>, LogDirError> {
        if !self.shared.takes_appends() {
            return Err(self.out_of_service(self.is_failed().unwrap_or_else(|| "it is closed".to_owned())));
        }
        let name = identity.to_string();
        if let Some(reason) = self.offline.lock().get(&name).cloned() {
            return Err(LogDirError::Offline { identity, reason });
        }
        let unopened =
            self.unopened.lock().get(&(identity.topic_id, identity.partition)).map(|log| log.reason.clone());
        if let Some(reason) = unopened {
            return Err(LogDirError::Offline { identity, reason });
        }
        let mut logs = self.logs.write();
        if let Some(log) = logs.get(&(identity.topic_id, identity.partition)) {
            return Ok(log.clone());
        }
        self.shared.check_room()?;
        let dir = self.shared.path.join(&name);
        if self.shared.disk.exists(&dir).map_err(LogDirError::io(&dir))? {
            let same_name = |log: &&Arc<LogHandle>| {
                log.identity().partition == identity.partition && log.identity().topic == identity.topic
            };
            if let Some(other) = logs.values().find(same_name) {
                return Err(LogDirError::NameTaken { identity, found: other.identity().topic_id });
            }
            if let Some(file) = self.records_in(&dir)? {
                let reason = format!("{} holds records of a log that is not known", file.display());
                return Err(LogDirError::Offline { identity, reason });
            }
        }
        let disk = self.shared.disk.clone();
        let log = match create(disk, dir, identity.clone()) {
            Ok(log) => log,
            Err(error) => {
                drop(logs);
                // A sync may have failed: what was written is clean in the page cache and absent on the medium.
                if is_storage_full(&error) {
                    self.shared.creation_failed();
                } else if passes(&error) {
                    self.shared.tell_lack_of_files(&identity, &error);
                } else {
                    self.fail(format!("making of {name} failed: {error}"));
                }
                return Err(error.into());
            }
        };
        let key = (log.identity().topic_id, log.identity().partition);
        let begin = log.log_end_offset();
        let handle = Arc::new(LogHandle::new(log, CommitState::of_new_log(), begin, self.shared.clone()));
        logs.insert(key, handle.clone());
        Ok(handle)
    }

    /// A log by the id of its topic.
    #[must_use]
    pub fn get(&self, topic_id: TopicId, partition: PartitionIndex) -> Option<Arc<LogHandle>> {
        self.logs.read().get(&(topic_id, partition)).cloned()
    }

    /// All logs, by topic id and partition.
    #[must_use]
    pub fn logs(&self) -> Vec<Arc<LogHandle>> {
        self.logs.read().values().cloned().collect()
    }

    /// Logs that are known and could not be opened. They stay known until they are deleted.
    #[must_use]
    pub fn unopened(&self) -> Vec<(TopicId, PartitionIndex)> {
        self.unopened.lock().keys().copied().collect()
    }

    /// Directories that are there, of logs that `is_known` does not know; also of those that could not be opened. Each comes
    /// with the id of its topic.
    ///
    /// # Errors
    /// The disk failed.
    pub fn directories_without(
        &self,
        is_known: &dyn Fn(TopicId, PartitionIndex) -> bool,
    ) -> Result<Vec<(TopicId, PathBuf)>, LogDirError> {
        let mut found: Vec<(TopicId, PathBuf)> = self
            .logs()
            .iter()
            .filter(|log| !is_known(log.identity().topic_id, log.identity().partition))
            .map(|log| (log.identity().topic_id, log.with(|log| log.dir().to_owned())))
            .collect();
        for (&(topic_id, partition), log) in &*self.unopened.lock() {
            let dir = self.shared.path.join(&log.name);
            if !is_known(topic_id, partition)
                && self.shared.disk.exists(&dir).map_err(LogDirError::io(&dir))?
            {
                found.push((topic_id, dir));
            }
        }
        Ok(found)
    }

    /// Deletes a log for good: durable when this returns, or with the next checkpoint if its directory's new name cannot be
    /// synced because no more files can be opened. Its files go after `file.delete.delay.ms`, by `maintain`.
    /// Returns whether it was there.
    ///
    /// # Errors
    /// The disk failed; the directory is then out of service.
    pub fn delete_log(&self, topic_id: TopicId, partition: PartitionIndex) -> Result<bool, LogDirError> {
        let known = self.get(topic_id, partition);
        // No cycle may be at work with its files, and no cleaning.
        let _segments = known.as_ref().map(|handle| handle.lock_segments());
        let gate = self.shared.gate.lock();
        let Some(handle) = self.logs.write().remove(&(topic_id, partition)) else {
            drop(gate);
            return Ok(self.forget(topic_id, partition));
        };
        handle.commit_state().deleted = true;
        drop(gate);
        let (from, delay_ms) = handle.with(|log| (log.dir().to_owned(), log.config().file_delete_delay_ms));
        let to = self.shared.path.join(self.deleted_name(handle.identity()));
        let disk = &self.shared.disk;
        let deleted = disk.rename(&from, &to).and_then(|()| disk.sync_dir(&self.shared.path));
        handle.with(|log| log.set_dir(to.clone()));
        match deleted {
            Err(error) if lacks_files(&error) => self.shared.tell_lack_of_files(handle.identity(), &error),
            Err(error) => {
                self.fail(format!("deletion of {} failed: {error}", handle.identity()));
                return Err(LogDirError::Io { path: from, source: error });
            }
            Ok(()) => {}
        }
        self.shared.removals.add_dir(to, delay_ms);
        Ok(true)
    }

    /// A segment in a directory that is not empty.
    fn records_in(&self, dir: &Path) -> Result<Option<PathBuf>, LogDirError> {
        let files = self.shared.disk.list(dir).map_err(LogDirError::io(dir))?;
        let is_filled = |file: &&DirEntry| {
            file.len > 0 && matches!(segment::parse_file_name(&file.name), Some((_, segment::LOG_SUFFIX)))
        };
        Ok(files.iter().find(is_filled).map(|file| dir.join(&file.name)))
    }

    /// Lets go of a log that could not be opened: the next checkpoint, which is written at once, does not have it, and
    /// what is left of it is set aside for somebody to look at.
    fn forget(&self, topic_id: TopicId, partition: PartitionIndex) -> bool {
        let Some(log) = self.unopened.lock().remove(&(topic_id, partition)) else { return false };
        self.checkpoint();
        let dir = self.shared.path.join(&log.name);
        let set_aside = match self.shared.disk.exists(&dir) {
            Ok(true) => recovery::set_stray(&self.shared, &dir),
            _ => Ok(()),
        };
        match set_aside {
            Ok(()) => {
                tracing::warn!(%topic_id, partition, dir = %dir.display(), "a log that could not be opened is deleted: what is left of it is set aside");
                self.offline.lock().remove(&log.name);
            }
            Err(error) => {
                tracing::warn!(%topic_id, partition, %error, "a deleted log cannot be set aside");
                // The next start knows it still, and tries again.
                self.unopened.lock().insert((topic_id, partition), log);
            }
        }
        true
    }

    /// `<topic>-<partition>.<unique>-delete` as Kafka names it, the topic shortened where the name gets too long.
    fn deleted_name(&self, identity: &LogIdentity) -> String {
        let count = self.deletions.fetch_add(1, Ordering::Relaxed);
        let now_ms = u64::try_from(self.shared.clock.now_ms()).unwrap_or(0);
        let (id, unique) = (identity.topic_id.0.simple(), Uuid::from_u64_pair(now_ms, count).simple());
        recovery::file_name(&identity.topic, &format!("-{}.{id}{unique}-delete", identity.partition))
    }

    /// What runs the commit cycles. For one owner: the thread, or the simulation.
    #[must_use]
    pub fn committer(self: &Arc<Self>) -> Committer {
        Committer::new(self.clone())
    }

    /// Starts the thread that commits. Call [`LogDir::close`] to end it.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn spawn_committer_thread(self: &Arc<Self>) -> io::Result<()> {
        *self.thread.lock() = Some(CommitterThread::spawn(self)?);
        Ok(())
    }

    /// Starts the thread that cleans. [`LogDir::close`] ends it.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn spawn_cleaner_thread(&self, cleaner: Cleaner) -> io::Result<()> {
        *self.cleaner_thread.lock() = Some(CleanerThread::spawn(cleaner)?);
        Ok(())
    }

    /// What the cleaner has done since the directory was opened.
    #[must_use]
    pub fn cleaner_totals(&self) -> CleanerTotals {
        self.shared.cleaner.totals(self.shared.clock.monotonic())
    }

    /// Has `wake` called when there is something to commit, in place of the thread. Counts once.
    pub fn set_wake(&self, wake: Box<dyn Fn() + Send + Sync>) {
        self.shared.queue.set_waker(wake);
    }

    /// Sets who is told how long the disk takes. Counts once.
    pub fn set_observer(&self, observer: Box<dyn CommitObserver>) {
        // A second observer is ignored, as documented.
        let _ = self.shared.observer.set(observer);
    }

    /// Why the directory is out of service, if it is.
    #[must_use]
    pub fn is_failed(&self) -> Option<String> {
        self.shared.failure.reason()
    }

    /// Whether the last append was refused because the disk is full, and there has been no room since. The directory
    /// stays in service: what it has is served, and appends are taken again once there is room.
    #[must_use]
    pub fn lacks_room(&self) -> bool {
        self.shared.lacks_room()
    }

    /// Leaves what was set aside for a full disk to what makes room there, the metadata log for example; appends are
    /// refused until the disk has much more. Waits for the disk.
    pub fn give_up_reserve(&self) {
        self.shared.give_up_reserve();
    }

    /// Closes in order: refuses appends, makes everything durable, writes a checkpoint and marks it clean.
    pub fn close(self: &Arc<Self>) {
        if self.shared.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        let cleaner = self.cleaner_thread.lock().take();
        if let Some(cleaner) = cleaner {
            cleaner.stop();
        }
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            thread.stop();
        }
        let mut committer = self.committer();
        for _ in 0..CLOSING_CYCLES_MAX {
            if committer.run_cycle() == CycleOutcome::Idle {
                break;
            }
        }
        if !self.shared.failure.is_failed() {
            self.maintenance.lock().run = None;
            self.checkpoint_all(true);
        }
        if !self.shared.failure.is_failed() {
            let marker = self.shared.path.join(CLEAN_SHUTDOWN_FILE);
            if let Err(error) = self.shared.disk.write_atomically(&marker, CLEAN_SHUTDOWN) {
                tracing::warn!(%error, "no mark of a clean shutdown");
            }
        }
        // Handles hold the directory's state, the queue holds handles.
        self.shared.queue.take(&mut Vec::new());
        self.logs.write().clear();
        *self.lock.lock() = None;
    }

    pub(crate) fn fail(&self, reason: String) {
        self.shared.fail(reason);
        self.announce_failure();
    }

    /// Tells every listener once that the directory is out of service.
    pub(crate) fn announce_failure(&self) {
        if self.shared.failure.must_announce() {
            self.logs().iter().for_each(|handle| handle.directory_failed());
        }
    }

    fn out_of_service(&self, reason: String) -> LogDirError {
        LogDirError::OutOfService { path: self.shared.path.clone(), reason }
    }
}

impl Drop for LogDir {
    /// Nobody commits any more: the queue lets go of handles, which hold it.
    fn drop(&mut self) {
        self.shared.queue.take(&mut Vec::new());
    }
}

/// Makes the directory and what is always in it, and takes its lock. Answers also whether the last close was orderly.
fn prepare_directory(disk: &dyn Disk, path: &Path) -> Result<(DirLock, bool), LogDirError> {
    let commit_log = path.join(COMMIT_LOG_DIR);
    disk.create_dir_all(path).map_err(LogDirError::io(path))?;
    let lock_path = path.join(LOCK_FILE);
    let lock = disk.lock(&lock_path).map_err(|source| match source.kind() {
        io::ErrorKind::WouldBlock => LogDirError::Locked { path: lock_path.clone() },
        _ => LogDirError::Io { path: lock_path.clone(), source },
    })?;
    let mark = path.join(CLEAN_SHUTDOWN_FILE);
    let was_marked = disk.exists(&mark).map_err(LogDirError::io(&mark))?;
    if was_marked {
        disk.remove_file(&mark).map_err(LogDirError::io(&mark))?;
    }
    disk.create_dir_all(&commit_log).map_err(LogDirError::io(&commit_log))?;
    // Without a checkpoint no start has come to its end: the names of the directories may be in the page cache only.
    if Checkpoint::is_missing(disk, path).map_err(LogDirError::io(path))? {
        sync_ancestors(disk, path).map_err(LogDirError::io(path))?;
    }
    Ok((lock, was_marked))
}

/// Makes the name of a directory durable, and those of the directories that it lies in.
fn sync_ancestors(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    for ancestor in path.ancestors().skip(1) {
        // Where we may not look, we have not made anything.
        let not_ours = [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem];
        match disk.sync_dir(ancestor) {
            Err(error) if not_ours.contains(&error.kind()) => break,
            synced => synced?,
        }
    }
    Ok(())
}

/// Tells the next start that a sync may have failed in this one.
fn mark_failed(disk: &dyn Disk, path: &Path) {
    if let Err(error) = disk.open(&path.join(FAILED_FILE), OpenMode::CREATE) {
        tracing::error!(%error, "no mark of the failure: restart the machine before the broker");
    }
}

/// Makes what a new log's directory holds beside its segments durable; its own name is the caller's.
pub(crate) fn sync_new_directory(shared: &Shared, dir: &Path) -> io::Result<()> {
    let metadata = shared.disk.open(&dir.join(PARTITION_METADATA_FILE), OpenMode::WRITE)?;
    shared.timed(|| metadata.sync_data())?;
    if !shared.settings.is_planted_no_directory_fsync() {
        shared.timed(|| shared.disk.sync_dir(dir))?;
    }
    Ok(())
}
