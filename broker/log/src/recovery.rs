//! Opens every log of a data directory after a stop, clean or not.
//!
//! Order: the checkpoint says what to trust and from where to replay; the commit log's entries are put into the segments
//! at their positions; each log is opened, which reads only what is past its recovery point and cuts a torn tail. Bytes
//! that the commit log covers stay covered by it until the next checkpoint. Whatever else is found there is not durable:
//! it goes to a commit cycle, which the opening of the directory waits for.

mod known;
mod replay_log;
mod swaps;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use broker_protocol::types::{Offset, PartitionIndex, Uuid};
use parking_lot::Mutex;

use crate::checkpoint::{self, Checkpoint, CheckpointSource};
use crate::commit_log::{self, COMMIT_LOG_DIR, Replay};
use crate::handle::{CommitState, LogHandle};
use crate::io::{DirEntry, Disk, OpenMode, rewrite};
use crate::log::PartitionLog;
use crate::log_config::{LogConfig, LogIdentity};
use crate::log_error::LogError;
use crate::manager::shared::{FAILED_FILE, Shared, is_full};
use crate::manager::{LogDirError, LogKey};
use crate::partition_metadata::{self, PARTITION_METADATA_FILE};
use crate::segment::DELETED_SUFFIX;
use crate::tail_checkpoint::TailCheckpoint;
use known::Identified;
use replay_log::{Replayed, replay_log};
use swaps::SettledSwaps;

/// Kafka's metadata log in a combined process: not a topic.
const METADATA_LOG_DIR: &str = "__cluster_metadata-0";

/// Longest name of a file or directory, in bytes.
const FILE_NAME_BYTES_MAX: usize = 255;

/// What opening a directory found.
#[derive(Clone, Debug)]
pub struct RecoveryReport {
    /// The last stop was orderly: it left its mark, and nothing has run since.
    pub clean: bool,
    /// The checkpoint that was used.
    pub checkpoint: CheckpointSource,
    /// Logs opened.
    pub logs: usize,
    /// Logs read from their start because no checkpoint fits them.
    pub logs_read_fully: usize,
    /// Bytes of the commit log that were put in place or found there.
    pub replayed_bytes: u64,
    /// Bytes of segments that were checked.
    pub scanned_bytes: u64,
    /// Torn tails that were cut: log and bytes.
    pub cut: Vec<(LogIdentity, u64)>,
    /// Logs that end before what was once durable, with that end: the medium has lost it.
    pub lost: Vec<(LogIdentity, Offset)>,
    /// Frames of the commit log that are missing though they were durable once. With the latest checkpoint that is an
    /// error; with another one, a later checkpoint may have covered them.
    pub missing_frames: u64,
    /// Logs that cannot be used, by the names of their directories, and why: damaged, or gone though they were durable.
    /// What is there is left as it is, and `create_log` refuses them.
    pub offline: Vec<(String, String)>,
}

/// What the directory itself says, before any log is opened.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) replay: Replay,
    source: CheckpointSource,
    tails: BTreeMap<LogKey, TailCheckpoint>,
    entries: Vec<DirEntry>,
    /// Logs of which only the commit log knows.
    orphans: BTreeSet<LogKey>,
    /// The last process marked its end as orderly.
    was_closed: bool,
    /// What the page cache shows may not be on the medium although it counts as clean: see `Shared::fail`.
    distrust_cache: bool,
}

impl Found {
    /// Whether logs are there of which no checkpoint of ours ever knew.
    pub(crate) fn is_foreign(&self) -> bool {
        matches!(self.source, CheckpointSource::None | CheckpointSource::Damaged)
    }

    /// Whether a checkpoint must be written soon: the last stop was not orderly, or the latest checkpoint is lost.
    pub(crate) fn wants_checkpoint(&self) -> bool {
        !self.checkpoint.clean || self.source != CheckpointSource::Latest
    }
}

/// Reads checkpoint, commit log and listing of a data directory.
pub(crate) fn read_directory(disk: &dyn Disk, path: &Path, was_closed: bool) -> Result<Found, LogDirError> {
    let commit_log = path.join(COMMIT_LOG_DIR);
    // Names that a killed process has made or changed and not synced: what follows relies on all that it finds.
    disk.sync_dir(path).map_err(LogDirError::io(path))?;
    disk.sync_dir(&commit_log).map_err(LogDirError::io(&commit_log))?;
    let (checkpoint, source) = Checkpoint::load(disk, path).map_err(LogDirError::io(path))?;
    if source == CheckpointSource::Latest {
        match checkpoint::mend_copy(disk, path) {
            Err(error) if is_full(&error) => {
                tracing::warn!(%error, "the second copy of the checkpoint waits for the next one");
            }
            mended => mended.map_err(LogDirError::io(path))?,
        }
    }
    let distrust_cache = disk.exists(&path.join(FAILED_FILE)).map_err(LogDirError::io(path))?;
    if distrust_cache {
        tracing::warn!("the last process met a failed disk: what it did not make durable is written again");
    }
    let mut replay = commit_log::read(disk, &commit_log, checkpoint.lsn, checkpoint.epoch, distrust_cache)
        .map_err(LogDirError::io(&commit_log))?;
    // With an older checkpoint, what lies between it and the lost one may have been written over: it was covered.
    let gaps = replay.gaps.iter().filter(|_| source == CheckpointSource::Latest);
    // Nor does the age of a torn first frame tell anything then.
    let damaged = replay.damaged.iter().filter(|at| source == CheckpointSource::Latest || at.position > 0);
    if let Some(damage) = damaged.chain(gaps).next() {
        let reason =
            "a frame of the commit log is damaged or gone that was durable once: later ones are there";
        return Err(LogError::corrupt(&damage.path, damage.position, reason).into());
    }
    for kept in &checkpoint.kept {
        if !replay.add_kept(kept) {
            tracing::error!("what a checkpoint has kept of a log that could not be opened is damaged");
        }
    }
    let mut tails = BTreeMap::new();
    for bytes in &checkpoint.tails {
        match TailCheckpoint::decode(bytes) {
            Ok(tail) => {
                tails.insert((tail.identity.topic_id, tail.identity.partition), tail);
            }
            Err(error) => {
                tracing::warn!(%error, "a log's checkpoint is not understood: it will be read fully")
            }
        }
    }
    let entries = disk.list(path).map_err(LogDirError::io(path))?;
    let orphans = BTreeSet::new();
    let found = Found { checkpoint, replay, source, tails, entries, orphans, was_closed, distrust_cache };
    Ok(Found { orphans: found.find_orphans(disk, path)?, ..found })
}

/// A log that is known and could not be opened.
#[derive(Debug)]
pub(crate) struct Unopened {
    /// Its tail, if a checkpoint had one. Every later one keeps it: without it the next start would take the log for a
    /// new one.
    pub(crate) tail: Option<Box<[u8]>>,
    /// What the commit log has for it. Every checkpoint keeps that, too, until the log can be opened.
    pub(crate) entries: Box<[u8]>,
    /// The name of its directory, which may not be there.
    pub(crate) name: String,
    pub(crate) reason: String,
}

pub(crate) struct Recovered {
    pub(crate) logs: BTreeMap<LogKey, Arc<LogHandle>>,
    pub(crate) unopened: BTreeMap<LogKey, Unopened>,
    /// Directories that cannot be used, and why.
    pub(crate) offline: BTreeMap<String, String>,
    /// Those of them whose log is known: their names.
    refused: BTreeMap<LogKey, String>,
    pub(crate) report: RecoveryReport,
}

impl Recovered {
    fn refuse(&mut self, key: Option<LogKey>, name: &str, reason: String) {
        self.report.offline.push((name.to_owned(), reason));
        self.refused.extend(key.map(|key| (key, name.to_owned())));
    }
}

/// Opens all logs, on `recovery_threads` threads.
pub(crate) fn recover_logs(
    shared: &Arc<Shared>,
    found: &Found,
    config_of: &(dyn Fn(&LogIdentity) -> Arc<LogConfig> + Sync),
) -> Result<Recovered, LogDirError> {
    let names = log_directories(shared, found)?;
    let report = RecoveryReport {
        clean: found.was_closed && found.checkpoint.clean && found.source == CheckpointSource::Latest,
        checkpoint: found.source,
        logs: 0,
        logs_read_fully: 0,
        replayed_bytes: found.replay.bytes,
        scanned_bytes: 0,
        cut: Vec::new(),
        lost: Vec::new(),
        missing_frames: 0,
        offline: Vec::new(),
    };
    let result = Mutex::new(Recovered {
        logs: BTreeMap::new(),
        unopened: BTreeMap::new(),
        offline: BTreeMap::new(),
        refused: BTreeMap::new(),
        report,
    });
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    let work = || {
        while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = recover(shared, found, name, config_of, &result) {
                failure.lock().get_or_insert(error);
                next.store(names.len(), Ordering::Relaxed);
            }
        }
    };
    if shared.settings.recovery_threads <= 1 {
        work();
    } else {
        std::thread::scope(|scope| {
            (0..shared.settings.recovery_threads).for_each(|_| {
                scope.spawn(work);
            });
        });
    }
    if let Some(error) = failure.into_inner() {
        return Err(error);
    }
    let mut recovered = result.into_inner();
    // Dirty from here on, so that syncs tell the truth again.
    if found.distrust_cache {
        let mark = shared.path.join(FAILED_FILE);
        shared.disk.remove_file(&mark).map_err(LogDirError::io(&mark))?;
    }
    find_missing(shared, found, &mut recovered);
    finish_report(found, &mut recovered);
    // In the order of the map, so that the first cycle does not depend on the threads.
    for handle in recovered.logs.values() {
        if handle.with(|log| log.log_end_offset() > log.committed_offset()) || handle.commit_state().changed {
            handle.enqueue();
        }
    }
    Ok(recovered)
}

/// Directories that may hold a log. Those of deleted logs are put on the list of removals.
fn log_directories<'a>(shared: &Shared, found: &'a Found) -> Result<Vec<&'a str>, LogDirError> {
    let mut names = Vec::new();
    for entry in found.entries.iter().filter(|entry| entry.is_dir) {
        let name = entry.name.as_str();
        if name.ends_with("-delete") && name.contains('.') {
            shared.removals.add_dir(shared.path.join(name), 0);
        } else if topic_partition(name).is_some() {
            names.push(name);
        }
    }
    Ok(names)
}

/// Notes the logs that are known and were not opened, unless they were deleted.
fn find_missing(shared: &Shared, found: &Found, recovered: &mut Recovered) {
    let deleted = found.deleted();
    let Recovered { logs, unopened, offline, refused, report } = recovered;
    *offline = report.offline.iter().cloned().collect();
    let mut names = std::mem::take(refused);
    names.retain(|key, _| !logs.contains_key(key));
    for (key, tail) in &found.tails {
        if !logs.contains_key(key) && !deleted.contains(key) {
            names.entry(*key).or_insert_with(|| tail.identity.to_string());
        }
    }
    for (key, name) in names {
        let reason = offline.get(&name).cloned().unwrap_or_else(|| {
            let dir = shared.path.join(&name);
            let reason = format!("{} is missing: the checkpoint has the log, with records", dir.display());
            report.offline.push((name.clone(), reason.clone()));
            reason
        });
        let tail = found.tails.get(&key).map(|tail| tail.encode().into_boxed_slice());
        let entries = found.replay.encode(key.0, key.1).into_boxed_slice();
        unopened.insert(key, Unopened { tail, entries, name, reason });
    }
    for &key @ (topic_id, partition) in &found.orphans {
        let dir = shared.path.display();
        let reason =
            format!("partition {partition} of topic id {topic_id} is in the commit log and not in {dir}");
        let name = format!("{topic_id}-{partition}");
        let tail = Some(replay_log::nameless_tail(key).encode().into_boxed_slice());
        let entries = found.replay.encode(topic_id, partition).into_boxed_slice();
        report.offline.push((name.clone(), reason.clone()));
        unopened.insert(key, Unopened { tail, entries, name, reason });
    }
}

/// What the name of a log's directory says.
fn topic_partition(name: &str) -> Option<(&str, PartitionIndex)> {
    let (topic, partition) = name.rsplit_once('-').filter(|_| name != METADATA_LOG_DIR)?;
    Some((topic, partition.parse().ok()?))
}

/// The content of a file; `None` if it is not there.
fn read_if_there(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>, LogDirError> {
    match disk.read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LogDirError::io(path)(error)),
    }
}

fn finish_report(found: &Found, recovered: &mut Recovered) {
    let report = &mut recovered.report;
    report.logs = recovered.logs.len();
    // Threads finish in any order.
    report.offline.sort();
    report.cut.sort_by(|a, b| (&a.0.topic, a.0.partition).cmp(&(&b.0.topic, b.0.partition)));
    report.lost.sort_by(|a, b| (&a.0.topic, a.0.partition).cmp(&(&b.0.topic, b.0.partition)));
    report.missing_frames = found.replay.missing.iter().map(|range| range.end - range.start).sum();
}

/// Opens one log. Only an error of the disk is an error: a damaged log is reported as offline.
fn recover(
    shared: &Arc<Shared>,
    found: &Found,
    name: &str,
    config_of: &(dyn Fn(&LogIdentity) -> Arc<LogConfig> + Sync),
    result: &Mutex<Recovered>,
) -> Result<(), LogDirError> {
    let (key, recovered) = match identify(shared, found, name) {
        Ok(None) => return Ok(()),
        Ok(Some(identity)) => {
            let key = (identity.topic_id, identity.partition);
            (Some(key), recover_log(shared, found, (name, &identity), config_of, result))
        }
        Err(error) => (None, Err(error)),
    };
    match recovered {
        Err(LogDirError::Log(error @ LogError::Io { .. })) => Err(LogDirError::Log(error)),
        Err(LogDirError::Log(error)) => {
            result.lock().refuse(key, name, error.to_string());
            Ok(())
        }
        other => other,
    }
}

fn recover_log(
    shared: &Arc<Shared>,
    found: &Found,
    (name, identity): (&str, &LogIdentity),
    config_of: &(dyn Fn(&LogIdentity) -> Arc<LogConfig> + Sync),
    result: &Mutex<Recovered>,
) -> Result<(), LogDirError> {
    let disk = shared.disk.as_ref();
    let dir = shared.path.join(name);
    let mut files = disk.list(&dir).map_err(LogDirError::io(&dir))?;
    let key = (identity.topic_id, identity.partition);
    let mut known_tail = found.tails.get(&key);
    let settled = swaps::settle(shared, found, &dir, (identity, known_tail), &files)?;
    if let Some(settled) = &settled {
        files = disk.list(&dir).map_err(LogDirError::io(&dir))?;
        known_tail = settled.tail.as_ref();
    }
    known::check_segments(found, &dir, (identity, known_tail), &files)?;
    let deleted: Vec<_> = files
        .iter()
        .filter(|file| file.name.ends_with(DELETED_SUFFIX))
        .map(|file| dir.join(&file.name))
        .collect();
    shared.removals.add_files(deleted, 0);
    let Replayed { tail, claimed_end, log_start, remote_start, rebuilt, truncated, new_segment } =
        replay_log(disk, &dir, (identity, known_tail), found, &files).map_err(LogDirError::io(&dir))?;
    let config = config_of(identity);
    let now_ms = shared.clock.now_ms();
    let (mut log, opened) =
        PartitionLog::open(shared.disk.clone(), dir, Some(identity.clone()), config, tail.as_ref(), now_ms)?;
    if let Some(cut) = &opened.cut {
        // A cut that a power loss undoes would put old bytes behind what is appended next.
        disk.open(&cut.path, OpenMode::WRITE)
            .and_then(|file| file.sync_data())
            .map_err(LogDirError::io(&cut.path))?;
    }
    shared.removals.add_files(opened.leftovers.clone(), 0);
    log.restore_starts(log_start, remote_start);
    if found.distrust_cache {
        rewrite_metadata(shared, log.dir())?;
        log.rewrite_unsynced()?;
    }
    if rebuilt {
        log.note_replayed(found.replay.next_lsn);
    }
    let was_settled = settled.is_some();
    let (sealed_below, swap_records) = cleaned_so_far(&mut log, known_tail, settled.as_ref());
    let end = log.log_end_offset();
    let known_end = log.committed_offset().max(claimed_end.unwrap_or_default());
    let flushed = accept_tail(shared, &mut log, known_end)?;
    let is_as_told = opened.from_checkpoint && opened.bytes_scanned == 0 && opened.cut.is_none();
    let commit = CommitState {
        sealed_below,
        swap_records,
        durable_log_start: log.local_log_start_offset(),
        durable_remote_start: log.remote_start(),
        // Without a tail of the last checkpoint it needs one, and its directory may be as new as that.
        new_directory: new_segment || !found.tails.contains_key(&key),
        changed: rebuilt || was_settled || !is_as_told,
        is_checkpointed: opened.from_checkpoint && found.tails.contains_key(&key),
        tail: tail.filter(|_| opened.from_checkpoint).map(|tail| tail.encode().into_boxed_slice()),
        // The next start may see the truncation again, and must then see what was appended behind it.
        truncated_at: truncated.then_some(0),
        ..CommitState::default()
    };
    let handle = Arc::new(LogHandle::new(log, commit, flushed, shared.clone()));
    let mut result = result.lock();
    result.report.scanned_bytes += opened.bytes_scanned;
    result.report.logs_read_fully += usize::from(!opened.from_checkpoint);
    result.report.cut.extend(opened.cut.map(|cut| (identity.clone(), cut.bytes)));
    if known_end > end {
        result.report.lost.push((identity.clone(), known_end));
    }
    result.logs.insert(key, handle);
    Ok(())
}

/// What cleanings have to know of a log that was opened: see [`CommitState`].
fn cleaned_so_far(
    log: &mut PartitionLog,
    tail: Option<&TailCheckpoint>,
    settled: Option<&SettledSwaps>,
) -> (Offset, Vec<(u64, PathBuf)>) {
    let records = settled.map(|settled| settled.records.clone()).unwrap_or_default();
    // Also where the log was read without the checkpoint: no number is given twice.
    let known = tail.map(|tail| tail.swaps);
    log.raise_swaps(records.last().map(|(number, _)| *number).max(known).unwrap_or(0));
    let last = tail.and_then(|tail| tail.segments.last());
    (last.map_or(Offset(0), |segment| segment.base_offset), records)
}

/// Decides what of the tail counts as flushed. What the commit log covers does; if there is more, all of it waits for
/// the first cycle, except that the covered part is known to be flushed already.
fn accept_tail(shared: &Shared, log: &mut PartitionLog, known_end: Offset) -> Result<Offset, LogError> {
    let end = log.log_end_offset();
    let covered = known_end >= end || shared.settings.is_planted_replayed_tail_not_synced();
    if covered && end > log.committed_offset() {
        log.take_dirty()?;
        log.mark_committed(end);
    }
    if covered || !log.config().flush_before_ack { Ok(end) } else { Ok(known_end.min(end)) }
}

/// Writes a log's `partition.metadata` again, for the commit that makes its directory durable.
fn rewrite_metadata(shared: &Shared, dir: &Path) -> Result<(), LogDirError> {
    let path = dir.join(PARTITION_METADATA_FILE);
    if !shared.disk.exists(&path).map_err(LogDirError::io(&path))? {
        return Ok(());
    }
    let rewritten =
        shared.disk.open(&path, OpenMode::WRITE).and_then(|file| rewrite(file.as_ref(), 0, file.len()?));
    rewritten.map_err(LogDirError::io(&path))
}

/// Which partition a directory belongs to; `None` if nothing was ever promised of it.
fn identify(shared: &Shared, found: &Found, name: &str) -> Result<Option<LogIdentity>, LogDirError> {
    let dir = shared.path.join(name);
    let place = topic_partition(name).expect("directories were chosen by their form");
    let path = dir.join(PARTITION_METADATA_FILE);
    let content = read_if_there(shared.disk.as_ref(), &path)?;
    match known::identify(found, &path, place, content.as_deref())? {
        Identified::As(identity) => Ok(Some(identity)),
        Identified::Rebuilt(identity) => {
            let topic_id = identity.topic_id;
            tracing::warn!(file = %path.display(), %topic_id, "written again as the checkpoint has it");
            let text = partition_metadata::encode(topic_id);
            shared.disk.write_atomically(&path, text.as_bytes()).map_err(LogDirError::io(&path))?;
            Ok(Some(identity))
        }
        Identified::Unknown => clear_away(shared, &dir).map(|()| None).map_err(|error| {
            let reason =
                format!("it does not tell its topic, and its directory cannot be set aside: {error}");
            LogDirError::Log(LogError::corrupt(&path, 0, reason))
        }),
    }
}

/// Takes away a log that was never committed and does not tell its topic: its making was cut short.
fn clear_away(shared: &Shared, dir: &Path) -> Result<(), LogDirError> {
    let files = shared.disk.list(dir).map_err(LogDirError::io(dir))?;
    if files.iter().all(|file| !file.is_dir && file.len == 0) {
        tracing::info!(dir = %dir.display(), "removed a log that was never committed and holds nothing");
        return shared.disk.remove_dir_all(dir).map_err(LogDirError::io(dir));
    }
    tracing::warn!(dir = %dir.display(), "set aside a log that was never committed and does not tell its topic");
    set_stray(shared, dir)
}

/// Takes a directory out of the way, as Kafka does with logs that it does not know, for somebody to look at.
pub(crate) fn set_stray(shared: &Shared, dir: &Path) -> Result<(), LogDirError> {
    let unique = Uuid::from_u128(u128::try_from(shared.clock.now_ms()).unwrap_or(0)).simple();
    let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let (topic, partition) = topic_partition(name).unwrap_or((name, 0));
    let stray = dir.with_file_name(file_name(topic, &format!("-{partition}.{unique}-stray")));
    shared.disk.rename(dir, &stray).map_err(LogDirError::io(dir))
}

/// A name for a directory of this topic: Kafka's, the topic shortened where it gets too long for a file system.
pub(crate) fn file_name(topic: &str, suffix: &str) -> String {
    let end = topic.floor_char_boundary(FILE_NAME_BYTES_MAX.saturating_sub(suffix.len()));
    format!("{}{suffix}", &topic[..end])
}

/// Base offsets of the segments in a listing.
fn segment_bases(files: &[DirEntry]) -> BTreeSet<Offset> {
    let base = |file: &DirEntry| match crate::segment::parse_file_name(&file.name) {
        Some((base, crate::segment::LOG_SUFFIX)) => Some(base),
        _ => None,
    };
    files.iter().filter_map(base).collect()
}
