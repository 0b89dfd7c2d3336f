//! Opening a log: from its checkpoint, looking only at the bytes past it, or without one, reading everything.
//!
//! What a crash tore is cut: the last segment ends before the first batch that is not whole and sound. A bad batch that
//! has good segments behind it is no torn tail but damage, and the log is refused rather than cut there.
//! What is kept past the recovery point counts as dirty until the committer has synced it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use broker_protocol::record_batch::{BatchError, BatchHeader};
use broker_protocol::types::{Offset, TopicId};

use super::PartitionLog;
use crate::batch_scan::{Damage, scan_batches};
use crate::io::{Disk, OpenMode};
use crate::leader_epoch_cache::{LEADER_EPOCH_CHECKPOINT_FILE, LeaderEpochCache};
use crate::log_config::{LogConfig, LogIdentity};
use crate::log_error::LogError;
use crate::partition_metadata::{self, PARTITION_METADATA_FILE};
use crate::segment::{Files, LOG_SUFFIX, Segment, parse_file_name};
use crate::tail_checkpoint::TailCheckpoint;

/// Bytes of the smallest record of an old format with its overhead; enough to see which format it is.
const OLD_RECORD_BYTES_MIN: usize = 26;

/// A torn tail that was cut off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    /// The file.
    pub path: PathBuf,
    /// Its length now.
    pub position: u64,
    /// Bytes cut off.
    pub bytes: u64,
    /// What is wrong with the first bad batch.
    pub reason: String,
}

/// What opening a log found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OpenReport {
    /// The checkpoint was used; otherwise everything was read.
    pub from_checkpoint: bool,
    /// Batches read and checked.
    pub batches_scanned: u64,
    /// Bytes read and checked.
    pub bytes_scanned: u64,
    /// The torn tail.
    pub cut: Option<Cut>,
    /// Files of segments that the checkpoint no longer has, set aside; to be removed.
    pub leftovers: Vec<PathBuf>,
}

impl PartitionLog {
    /// Opens a log. With a checkpoint that fits the files, what is below its recovery point is trusted; without,
    /// every batch is checked and the index files are written anew.
    ///
    /// `identity` may be left out if the directory is named `<topic>-<partition>` and has a `partition.metadata`.
    ///
    /// # Errors
    /// `Io`; `WrongTopic` or `NotAPartition` if this is not the partition asked for; `Corrupt` if a segment that is not
    /// the last one is damaged.
    pub fn open(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        identity: Option<LogIdentity>,
        config: Arc<LogConfig>,
        tail: Option<&TailCheckpoint>,
        now_ms: i64,
    ) -> Result<(PartitionLog, OpenReport), LogError> {
        let entries = disk.list(&dir).map_err(|error| LogError::io(&dir, error))?;
        let found: BTreeMap<Offset, u64> = entries
            .iter()
            .filter_map(|entry| match parse_file_name(&entry.name) {
                Some((base, LOG_SUFFIX)) => Some((base, entry.len)),
                _ => None,
            })
            .collect();
        let identity = match (tail, identity) {
            (Some(tail), None) => tail.identity.clone(),
            (Some(tail), Some(identity)) if tail.identity == identity => identity,
            (_, identity) => identify(disk.as_ref(), &dir, identity)?,
        };
        let tail = tail.filter(|tail| tail.identity == identity);
        let shortened = tail.and_then(|tail| shortened(tail, &found));
        let tail = tail.filter(|tail| fits(tail, &found));
        let mut log = PartitionLog::assemble(disk, dir, identity, config);
        if let Some((base, len)) = shortened {
            let reason = "the file ends before what was durable in it";
            return Err(LogError::corrupt(&log.log_path(base), len, reason));
        }
        let mut report = OpenReport { from_checkpoint: tail.is_some(), ..OpenReport::default() };
        match tail {
            Some(tail) => log.open_from(tail, &found, now_ms, &mut report)?,
            None => log.open_fully(&found, now_ms, &mut report)?,
        }
        // Served only after the committer has synced what was found, so no marker can be lost any more.
        log.producers.forget_ended(log.log_end);
        Ok((log, report))
    }

    fn open_from(
        &mut self,
        tail: &TailCheckpoint,
        found: &BTreeMap<Offset, u64>,
        now_ms: i64,
        report: &mut OpenReport,
    ) -> Result<(), LogError> {
        self.segments = tail.segments.iter().map(|summary| summary.restore()).collect();
        self.epochs = LeaderEpochCache::from_entries(&tail.epochs);
        self.producers = tail.producers.clone();
        self.restore_cleaning(tail);
        self.log_start = tail.log_start_offset;
        self.remote_start = tail.remote_start;
        self.log_end = tail.recovery_point;
        self.committed = tail.recovery_point;
        self.taken_end = tail.recovery_point;
        let active_base = self.active().base_offset;
        for &base in found.keys().filter(|&&base| base < active_base) {
            if tail.segments.binary_search_by_key(&base, |summary| summary.base_offset).is_err() {
                super::trim::set_aside(self.files(), base, &mut report.leftovers)?;
            }
        }
        self.ensure_active_file(found)?;
        if self.active().size == 0 {
            self.active().created_ms = now_ms;
            // A checkpoint does not wait for the name of a file that holds nothing.
            self.active().new_file = true;
        }
        let last = self.segments.len() - 1;
        let len = found.get(&active_base).copied().unwrap_or(0);
        let mut damage = self.scan_tail(last, len, report)?;
        for (&base, &len) in found.range(active_base.plus(1)..) {
            if damage.is_some() || base != self.log_end {
                // Nothing behind a torn tail was acknowledged: a commit needs all segments before it.
                super::trim::set_aside(self.files(), base, &mut report.leftovers)?;
                continue;
            }
            self.begin_segment(base, now_ms);
            damage = self.scan_tail(self.segments.len() - 1, len, report)?;
        }
        self.cut_tail(damage, report)
    }

    fn open_fully(
        &mut self,
        found: &BTreeMap<Offset, u64>,
        now_ms: i64,
        report: &mut OpenReport,
    ) -> Result<(), LogError> {
        let path = self.dir.join(LEADER_EPOCH_CHECKPOINT_FILE);
        let known_epochs = read_text(self.disk.as_ref(), &path)?
            .and_then(|text| LeaderEpochCache::decode(&text).ok())
            .unwrap_or_default();
        let first = found.keys().next().copied().unwrap_or_default();
        (self.log_start, self.log_end) = (first, first);
        (self.committed, self.taken_end) = (first, first);
        if found.is_empty() {
            let segment = Segment::create(self.files(), first, now_ms)?;
            self.push_segment(segment);
        }
        let mut damage: Option<Damage> = None;
        for (&base, &len) in found {
            if let Some(damage) = damage {
                let damaged = self.active().base_offset;
                return Err(LogError::corrupt(&self.log_path(damaged), damage.position, damage.reason));
            }
            self.check_continues(base)?;
            self.producers.forget_ended(self.log_end);
            if let Some(sealed) = self.segments.len().checked_sub(1) {
                self.complete_sealed(sealed)?;
            } else {
                self.producers = self.first_snapshot(base);
            }
            self.begin_segment(base, now_ms);
            self.discard_indexes()?;
            damage = self.scan_tail(self.segments.len() - 1, len, report)?;
            if damage.as_ref().is_some_and(|damage| damage.position == 0) {
                self.refuse_old_format()?;
            }
        }
        self.merge_epochs(known_epochs);
        self.cut_tail(damage, report)
    }

    /// Producers at the start of the first segment: of those whose batches are gone, only a snapshot knows.
    fn first_snapshot(&self, base: Offset) -> crate::producer_state::ProducerTable {
        let path = self.files().path(base, crate::segment::SNAPSHOT_SUFFIX);
        let read = self.disk.read(&path).ok();
        read.and_then(|bytes| crate::producer_snapshot::decode(&bytes).ok()).unwrap_or_default()
    }

    /// Makes the last segment's file if it is gone without having held anything.
    fn ensure_active_file(&mut self, found: &BTreeMap<Offset, u64>) -> Result<(), LogError> {
        let base = self.active().base_offset;
        if found.contains_key(&base) {
            return Ok(());
        }
        let path = self.log_path(base);
        self.disk.open(&path, OpenMode::CREATE).map_err(|error| LogError::io(&path, error))?;
        self.active().new_file = true;
        Ok(())
    }

    /// Adds a segment file that was found behind the others.
    fn begin_segment(&mut self, base: Offset, now_ms: i64) {
        if let Some(previous) = self.segments.last_mut() {
            previous.index_timestamp();
            previous.seal_pending = true;
        }
        let mut segment = Segment::empty(base, now_ms);
        segment.new_file = true;
        if !self.segments.is_empty() {
            segment.snapshot = Some(crate::producer_snapshot::encode(&self.producers).into_boxed_slice());
        }
        self.push_segment(segment);
        self.log_end = base.max(self.log_end);
    }

    /// Writes the index files of a segment that was read completely, so that memory holds one segment's at a time.
    fn complete_sealed(&mut self, index: usize) -> Result<(), LogError> {
        self.segments[index].index_timestamp();
        self.with_segment(index, |segment, files| segment.store_indexes(files))?;
        self.segments[index].close_indexes();
        Ok(())
    }

    /// Empties the active segment's index files: they are written anew.
    fn discard_indexes(&mut self) -> Result<(), LogError> {
        let index = self.segments.len() - 1;
        self.with_segment(index, |segment, files: Files<'_>| {
            for path in segment.index_paths(files) {
                match files.disk.remove_file(&path) {
                    Ok(()) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(LogError::io(&path, error)),
                }
            }
            Ok(())
        })
    }

    /// Reads a segment from its `size` on and notes the batches. Returns the first bad one.
    fn scan_tail(
        &mut self,
        index: usize,
        len: u64,
        report: &mut OpenReport,
    ) -> Result<Option<Damage>, LogError> {
        let start = self.segments[index].size;
        if len <= start {
            return Ok(None);
        }
        let base = self.segments[index].base_offset;
        let path = self.log_path(base);
        let file = self.with_segment(index, Segment::file)?;
        let (end, damage) = scan_batches(file.as_ref(), &path, start, len, |_, batch| {
            let (header, expected) = (&batch.header, self.log_end);
            let continues = header.base_offset >= expected && header.last_offset_delta >= 0;
            if !continues || !self.segments[index].can_hold(header.last_offset()) {
                let found = header.base_offset;
                return ControlFlow::Break(format!("offset {found} does not continue the log at {expected}"));
            }
            self.note(batch);
            report.batches_scanned += 1;
            ControlFlow::Continue(())
        })?;
        report.bytes_scanned += end - start;
        Ok(damage)
    }

    /// Refuses a segment that begins with a record of format 0 or 1: that is no torn tail but an old log.
    fn refuse_old_format(&mut self) -> Result<(), LogError> {
        let index = self.segments.len() - 1;
        let path = self.log_path(self.segments[index].base_offset);
        let file = self.with_segment(index, Segment::file)?;
        let mut start = [0; OLD_RECORD_BYTES_MIN];
        let read = file.read_at(&mut start, 0).map_err(|error| LogError::io(&path, error))?;
        match BatchHeader::parse(&start[..read]) {
            Err(BatchError::UnsupportedMagic { magic: magic @ 0..=1 }) => {
                Err(LogError::corrupt(&path, 0, format!("record format {magic} is not supported")))
            }
            _ => Ok(()),
        }
    }

    /// Cuts the last segment before its first bad batch.
    fn cut_tail(&mut self, damage: Option<Damage>, report: &mut OpenReport) -> Result<(), LogError> {
        if !report.leftovers.is_empty() {
            self.disk.sync_dir(&self.dir).map_err(|error| LogError::io(&self.dir, error))?;
        }
        let Some(Damage { position, reason }) = damage else { return Ok(()) };
        let index = self.segments.len() - 1;
        let path = self.log_path(self.segments[index].base_offset);
        let file = self.with_segment(index, Segment::file)?;
        let failed = |error| LogError::io(&path, error);
        let bytes = file.len().map_err(failed)?.saturating_sub(position);
        tracing::warn!(file = %path.display(), position, bytes, reason, "cutting a torn tail");
        file.set_len(position).map_err(failed)?;
        // What was cut must not come back behind records that are appended in its place.
        file.sync_data().map_err(failed)?;
        report.cut = Some(Cut { path, position, bytes, reason });
        Ok(())
    }

    /// Refuses a segment that begins before the end of the one before it.
    fn check_continues(&self, base: Offset) -> Result<(), LogError> {
        if self.segments.is_empty() || base >= self.log_end {
            return Ok(());
        }
        let reason = format!("the segment before it ends at offset {}", self.log_end);
        Err(LogError::corrupt(&self.log_path(base), 0, reason))
    }

    /// Adds what only the file knows to the epochs that were read from the batches: epochs without records.
    fn merge_epochs(&mut self, known: LeaderEpochCache) {
        let mut all: BTreeMap<_, _> = known
            .entries()
            .iter()
            .filter(|entry| entry.start_offset <= self.log_end)
            .map(|entry| (entry.epoch, entry.start_offset))
            .collect();
        all.extend(self.epochs.entries().iter().map(|entry| (entry.epoch, entry.start_offset)));
        let mut merged = LeaderEpochCache::default();
        for (epoch, start) in all {
            merged.assign(epoch, start);
        }
        self.epochs_dirty = merged != known;
        self.epochs = merged;
    }
}

/// Whether the files hold at least what the checkpoint describes. Only an empty last segment's file may be gone.
fn fits(tail: &TailCheckpoint, found: &BTreeMap<Offset, u64>) -> bool {
    let Some(last) = tail.segments.last() else { return false };
    let lengths_fit = tail.segments.iter().all(|summary| match found.get(&summary.base_offset) {
        Some(&len) => len >= summary.size,
        None => summary.size == 0 && summary.base_offset == last.base_offset,
    });
    // Segments before the first known one are leftovers of retention only if the log starts behind them.
    let first = tail.segments[0].base_offset;
    let leftovers_fit = first <= tail.log_start_offset || found.keys().all(|&base| base >= first);
    lengths_fit && leftovers_fit && last.next_offset <= tail.recovery_point
}

/// A segment that is not the last one and has lost its end: its first offset and what is left, in bytes. Where the file
/// ends between two batches nothing else would tell: a gap between segments is what compaction leaves, too.
fn shortened(tail: &TailCheckpoint, found: &BTreeMap<Offset, u64>) -> Option<(Offset, u64)> {
    let is_sealed = |base: Offset| found.range(base.plus(1)..).next().is_some();
    tail.segments.iter().find_map(|summary| {
        let len = *found.get(&summary.base_offset)?;
        (len < summary.size && is_sealed(summary.base_offset)).then_some((summary.base_offset, len))
    })
}

/// Finds out, or checks, which partition a directory belongs to.
fn identify(disk: &dyn Disk, dir: &Path, identity: Option<LogIdentity>) -> Result<LogIdentity, LogError> {
    let path = dir.join(PARTITION_METADATA_FILE);
    let topic_id = match read_text(disk, &path)? {
        Some(text) => {
            Some(partition_metadata::decode(&text).map_err(|error| LogError::corrupt(&path, 0, error))?)
        }
        None => None,
    };
    match (identity, topic_id) {
        (Some(identity), Some(found)) if identity.topic_id != found => Err(LogError::WrongTopic {
            path: dir.to_owned(),
            found: found.to_string(),
            expected: identity.topic_id.to_string(),
        }),
        (Some(identity), Some(_)) => Ok(identity),
        (Some(identity), None) => {
            super::write_metadata(disk, dir, &identity)?;
            Ok(identity)
        }
        (None, found) => {
            let not_one = || LogError::NotAPartition { path: dir.to_owned() };
            let name = dir.file_name().and_then(|name| name.to_str()).ok_or_else(not_one)?;
            let (topic, partition) = name.rsplit_once('-').ok_or_else(not_one)?;
            let partition = partition.parse().ok().filter(|&index| index >= 0).ok_or_else(not_one)?;
            let topic_id = found.unwrap_or(TopicId::ZERO);
            Ok(LogIdentity { topic: Arc::from(topic), topic_id, partition })
        }
    }
}

fn read_text(disk: &dyn Disk, path: &Path) -> Result<Option<String>, LogError> {
    match disk.read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LogError::io(path, error)),
    }
}
