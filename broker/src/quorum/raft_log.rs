//! The raft log on disk: files `log-<sequence, 10 digits>` of records that are only ever appended.
//!
//! Entries, votes, truncations and purges are records alike, so that one sync makes one order of all of them durable,
//! and each file begins with the vote and the purge that earlier files said. Nothing is reported done before its sync
//! returned. After a failed write or sync the state of the file is unknown: every later call fails. Zeroes at the end of
//! a file are room that was taken ahead, see `room.rs`.
//! Purged entries stay on disk as long as the older snapshot needs them, see `snapshot_files.rs`.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use broker_log::io::{Disk, FileHandle, OpenMode};
use openraft::storage::{LogFlushed, RaftLogStorage};
use openraft::{LogState, OptionalSend, RaftLogReader, StorageIOError};
use parking_lot::Mutex;
use prost::Message;

use super::raft_frame;
use super::raft_message::{LogRecord, RecordKind, SegmentStart, Truncate};
use super::snapshot_files::SnapshotFiles;
use super::{Entry, LogId, StorageError, TypeConfig, Vote, is_full};
use crate::env::Env;

mod recovery;
mod removed;
mod room;

const FORMAT_VERSION: u32 = 1;
const PREFIX: &str = "log-";
/// A file that has grown beyond this is followed by another. Bounds what lies on disk after a purge, and what recovery
/// reads at once.
const SEGMENT_BYTES_MAX: u64 = 4 << 20;

/// Why the log cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum RaftLogError {
    /// The disk failed.
    #[error("metadata log {path}: {source}", path = path.display())]
    Io { path: PathBuf, source: io::Error },
    /// Bytes that were synced have changed.
    #[error("metadata log {path} is corrupt at position {position}: {reason}", path = path.display())]
    Corrupt { path: PathBuf, position: u64, reason: String },
    /// A file of the log is missing.
    #[error("metadata log {path} is missing", path = path.display())]
    Missing { path: PathBuf },
    /// The log begins after the end of the snapshot.
    #[error("metadata log in {dir} begins at entry {first}, but the snapshot that can be read ends before entry {needed}", dir = dir.display())]
    Gap { dir: PathBuf, first: u64, needed: u64 },
    /// An earlier call failed.
    #[error("metadata log in {dir} is out of service after an earlier failure", dir = dir.display())]
    OutOfService { dir: PathBuf },
    /// The disk is full. Nothing was written.
    #[error("no room on the disk for the metadata log in {dir}", dir = dir.display())]
    NoRoom { dir: PathBuf },
    /// Entries must follow each other.
    #[error("entry {index} does not follow entry {last} of the metadata log")]
    NotConsecutive { index: u64, last: u64 },
}

/// The log. Clones share it.
#[derive(Clone)]
pub(super) struct RaftLog {
    env: Env,
    files: Arc<Mutex<LogFiles>>,
}

/// A file of the log.
#[derive(Debug)]
struct Segment {
    sequence: u64,
    path: PathBuf,
    file: FileHandle,
    len: u64,
    /// Length with the room that was taken ahead.
    allocated: u64,
    /// Highest index of an entry in it, also of a truncated one.
    last_index: Option<u64>,
}

/// Where an entry lies.
#[derive(Clone, Copy, Debug)]
struct EntryPlace {
    log_id: LogId,
    sequence: u64,
    position: u64,
    frame_len: u32,
}

/// The files, and what their records add up to.
#[derive(Debug)]
struct LogFiles {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    snapshots: SnapshotFiles,
    segments: VecDeque<Segment>,
    /// All entries that are on disk, without a gap; some of them may be purged.
    entries: VecDeque<EntryPlace>,
    vote: Option<Vote>,
    purged: Option<LogId>,
    out_of_service: bool,
}

impl RaftLog {
    /// Reads the log of `dir`. `applied` is where the snapshot in use ends.
    ///
    /// What it keeps is durable when this returns; a torn tail is cut.
    pub(super) fn open(
        env: &Env,
        dir: &Path,
        snapshots: SnapshotFiles,
        applied: Option<LogId>,
    ) -> Result<RaftLog, RaftLogError> {
        let mut files = LogFiles {
            disk: env.disk.clone(),
            dir: dir.to_owned(),
            snapshots,
            segments: VecDeque::new(),
            entries: VecDeque::new(),
            vote: None,
            purged: None,
            out_of_service: false,
        };
        files.recover()?;
        if applied.is_some() && files.segments.is_empty() {
            return Err(RaftLogError::Missing { path: segment_path(dir, 0) });
        }
        files.reach_back_to(applied)?;
        Ok(RaftLog { env: env.clone(), files: Arc::new(Mutex::new(files)) })
    }

    /// Index of the last entry, also of one that is purged; `None` for a log that never had any.
    pub(super) fn last_index(&self) -> Option<u64> {
        let files = self.files.lock();
        files.entries.back().map(|place| place.log_id).or(files.purged).map(|id| id.index)
    }

    /// Bytes on disk of the entries after `index`: what a start after this one would read and apply.
    pub(super) fn bytes_after(&self, index: Option<u64>) -> u64 {
        let files = self.files.lock();
        let after = |place: &&EntryPlace| index.is_none_or(|index| place.log_id.index > index);
        files.entries.iter().rev().take_while(after).map(|place| u64::from(place.frame_len)).sum()
    }

    /// Makes sure that entries of `bytes` bytes, frames included, can be written now; on a full disk the log stays in
    /// service.
    pub(super) async fn make_room(&self, bytes: u64) -> Result<(), RaftLogError> {
        let files = Arc::clone(&self.files);
        self.env.block_on_disk(move || files.lock().make_room(bytes)).await
    }

    /// Makes an empty log begin behind an entry that a snapshot has.
    pub(super) async fn begin_behind(&self, last: LogId) -> Result<(), RaftLogError> {
        self.change(move |files| files.purge(last)).await
    }

    /// Runs a change that syncs, away from the threads that serve sockets.
    async fn change(
        &self,
        change: impl FnOnce(&mut LogFiles) -> Result<(), RaftLogError> + Send + 'static,
    ) -> Result<(), RaftLogError> {
        let files = Arc::clone(&self.files);
        self.env.block_on_disk(move || files.lock().change(change)).await
    }
}

impl LogFiles {
    fn io_error(path: &Path) -> impl Fn(io::Error) -> RaftLogError + use<> {
        let path = path.to_owned();
        move |source| RaftLogError::Io { path: path.clone(), source }
    }

    /// Runs a change; a failure puts the log out of service for good.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, RaftLogError>,
    ) -> Result<T, RaftLogError> {
        if self.out_of_service {
            return Err(RaftLogError::OutOfService { dir: self.dir.clone() });
        }
        let result = change(self);
        self.out_of_service = result.is_err();
        result
    }

    /// Appends records in one write and makes them durable.
    fn write(&mut self, records: Vec<RecordKind>) -> Result<(), RaftLogError> {
        let is_full = self.segments.back().is_none_or(|active| active.len >= SEGMENT_BYTES_MAX);
        let mut bytes = if is_full { self.roll()? } else { Vec::new() };
        let active = self.segments.back_mut().expect("a segment was made above");
        let start = active.len;
        let mut places = Vec::new();
        for record in records {
            let log_id = match &record {
                RecordKind::Entry(entry) => Some(LogId::from(entry.log_id)),
                _ => None,
            };
            let position = start + bytes.len() as u64;
            raft_frame::push(&mut bytes, start, &LogRecord { kind: Some(record) }.encode_to_vec());
            if let Some(log_id) = log_id {
                let frame_len = start + bytes.len() as u64 - position;
                let frame_len = u32::try_from(frame_len).expect("a record is bounded far below 4 GiB");
                places.push(EntryPlace { log_id, sequence: active.sequence, position, frame_len });
            }
        }
        active.file.write_at(&bytes, start).map_err(Self::io_error(&active.path))?;
        active.file.sync_data().map_err(Self::io_error(&active.path))?;
        if is_full {
            self.disk.sync_dir(&self.dir).map_err(Self::io_error(&self.dir))?;
        }
        active.len += bytes.len() as u64;
        active.allocated = active.allocated.max(active.len);
        active.last_index = places.iter().map(|place| place.log_id.index).max().max(active.last_index);
        places.into_iter().for_each(|place| self.push(place));
        Ok(())
    }

    /// Makes the next file and the active one of it. Returns the record that it must begin with.
    fn roll(&mut self) -> Result<Vec<u8>, RaftLogError> {
        if let Some(last) = self.segments.back_mut() {
            last.trim().map_err(Self::io_error(&last.path))?;
        }
        let sequence = self.segments.back().map_or(0, |last| last.sequence + 1);
        let path = segment_path(&self.dir, sequence);
        let start = SegmentStart {
            format_version: FORMAT_VERSION,
            sequence,
            vote: self.vote.map(Into::into),
            purged: self.purged.map(Into::into),
        };
        let record = LogRecord { kind: Some(RecordKind::SegmentStart(start)) };
        let mut bytes = Vec::new();
        raft_frame::push(&mut bytes, 0, &record.encode_to_vec());
        let file = self.disk.open(&path, OpenMode::CREATE_NEW).map_err(Self::io_error(&path))?;
        self.segments.push_back(Segment { sequence, path, file, len: 0, allocated: 0, last_index: None });
        Ok(bytes)
    }

    fn append(&mut self, entries: Vec<Entry>) -> Result<(), RaftLogError> {
        let mut last = self.entries.back().map(|place| place.log_id.index);
        for entry in &entries {
            let index = entry.log_id.index;
            self.check_follows(last, index)?;
            last = Some(index);
        }
        if entries.is_empty() {
            return Ok(());
        }
        self.write(entries.into_iter().map(|entry| RecordKind::Entry(entry.into())).collect())
    }

    /// Whether an entry may come after the entry `last`: directly after it, or directly after what a snapshot from the
    /// leader has brought.
    fn check_follows(&self, last: Option<u64>, index: u64) -> Result<(), RaftLogError> {
        let purged = self.purged.map(|purged| purged.index);
        let follows = match (last, purged) {
            (None, None) => true,
            (None, Some(purged)) => index <= purged + 1,
            (Some(last), Some(purged)) if last < purged => index == last + 1 || index == purged + 1,
            (Some(last), _) => index == last + 1,
        };
        let last = last.max(purged).unwrap_or_default();
        if follows { Ok(()) } else { Err(RaftLogError::NotConsecutive { index, last }) }
    }

    fn push(&mut self, place: EntryPlace) {
        if self.entries.back().is_some_and(|last| last.log_id.index + 1 != place.log_id.index) {
            self.entries.clear();
        }
        self.entries.push_back(place);
    }

    fn truncate(&mut self, from_index: u64) -> Result<(), RaftLogError> {
        self.write(vec![RecordKind::Truncate(Truncate { from_index })])?;
        self.drop_from(from_index);
        Ok(())
    }

    fn drop_from(&mut self, index: u64) {
        while self.entries.back().is_some_and(|place| place.log_id.index >= index) {
            self.entries.pop_back();
        }
    }

    fn purge(&mut self, upto: LogId) -> Result<(), RaftLogError> {
        self.write(vec![RecordKind::Purge(upto.into())])?;
        self.note_purge(upto);
        self.remove_unneeded_segments()
    }

    fn note_purge(&mut self, upto: LogId) {
        self.purged = self.purged.max(Some(upto));
        // A snapshot from the leader went beyond the end of the log: the next entry leaves a gap.
        if self.entries.back().is_none_or(|last| last.log_id.index < upto.index) {
            self.entries.clear();
        }
    }

    /// Removes the oldest files while neither the log nor the older snapshot needs their entries.
    fn remove_unneeded_segments(&mut self) -> Result<(), RaftLogError> {
        let (Some(purged), Some(fallback)) = (self.purged, self.snapshots.fallback_index()) else {
            return Ok(());
        };
        let unneeded = purged.index.min(fallback);
        while self.segments.len() > 1 && self.segments[0].last_index.is_none_or(|last| last <= unneeded) {
            let oldest = self.segments.pop_front().expect("there are two at least");
            self.disk.remove_file(&oldest.path).map_err(Self::io_error(&oldest.path))?;
            // One after the other: the files that a crash leaves must be a sequence without a gap.
            self.disk.sync_dir(&self.dir).map_err(Self::io_error(&self.dir))?;
            while self.entries.front().is_some_and(|place| place.sequence <= oldest.sequence) {
                self.entries.pop_front();
            }
        }
        Ok(())
    }

    fn last_log_id(&self) -> Option<LogId> {
        let last = self.entries.back().map(|place| place.log_id);
        match (last, self.purged) {
            (Some(last), Some(purged)) if last.index <= purged.index => Some(purged),
            (None, purged) => purged,
            (last, _) => last,
        }
    }

    fn read(&self, range: (Bound<u64>, Bound<u64>)) -> Result<Vec<Entry>, RaftLogError> {
        let Some(first) = self.entries.front().map(|place| place.log_id.index) else { return Ok(Vec::new()) };
        let start = match range.0 {
            Bound::Included(start) => start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let start = start.max(self.purged.map_or(0, |purged| purged.index + 1)).max(first);
        let skipped = usize::try_from(start - first).unwrap_or(usize::MAX);
        let wanted = |place: &&EntryPlace| match range.1 {
            Bound::Included(end) => place.log_id.index <= end,
            Bound::Excluded(end) => place.log_id.index < end,
            Bound::Unbounded => true,
        };
        self.entries.iter().skip(skipped).take_while(wanted).map(|place| self.read_entry(place)).collect()
    }

    fn read_entry(&self, place: &EntryPlace) -> Result<Entry, RaftLogError> {
        let oldest = self.segments.front().map_or(0, |segment| segment.sequence);
        let segment = &self.segments[(place.sequence - oldest) as usize];
        let mut bytes = vec![0; place.frame_len as usize];
        let read = segment.file.read_at(&mut bytes, place.position).map_err(Self::io_error(&segment.path))?;
        let record = raft_frame::parse(&bytes[..read], 0)
            .and_then(|frame| LogRecord::decode(bytes::Bytes::from(bytes).slice(frame.payload)).ok());
        match record.and_then(|record| record.kind) {
            Some(RecordKind::Entry(entry)) if LogId::from(entry.log_id) == place.log_id => Ok(entry.into()),
            _ => Err(RaftLogError::Corrupt {
                path: segment.path.clone(),
                position: place.position,
                reason: format!("entry {} has changed since it was written", place.log_id.index),
            }),
        }
    }
}

fn segment_path(dir: &Path, sequence: u64) -> PathBuf {
    dir.join(format!("{PREFIX}{sequence:010}"))
}

fn read_error(error: &RaftLogError) -> StorageError {
    StorageIOError::read_logs(error).into()
}

fn write_error(error: &RaftLogError) -> StorageError {
    StorageIOError::write_logs(error).into()
}

impl RaftLogReader<TypeConfig> for RaftLog {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, StorageError> {
        let range = (range.start_bound().cloned(), range.end_bound().cloned());
        self.files.lock().read(range).map_err(|error| read_error(&error))
    }
}

impl RaftLogStorage<TypeConfig> for RaftLog {
    type LogReader = RaftLog;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, StorageError> {
        let files = self.files.lock();
        Ok(LogState { last_purged_log_id: files.purged, last_log_id: files.last_log_id() })
    }

    async fn get_log_reader(&mut self) -> RaftLog {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), StorageError> {
        let vote = *vote;
        let saved = self.change(move |files| {
            files.write(vec![RecordKind::Vote(vote.into())])?;
            files.vote = Some(vote);
            Ok(())
        });
        saved.await.map_err(|error| StorageIOError::write_vote(&error).into())
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, StorageError> {
        Ok(self.files.lock().vote)
    }

    async fn append<I>(&mut self, entries: I, callback: LogFlushed<TypeConfig>) -> Result<(), StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<Entry> = entries.into_iter().collect();
        self.change(|files| files.append(entries)).await.map_err(|error| write_error(&error))?;
        callback.log_io_completed(Ok(()));
        Ok(())
    }

    async fn truncate(&mut self, log_id: LogId) -> Result<(), StorageError> {
        self.change(move |files| files.truncate(log_id.index)).await.map_err(|error| write_error(&error))
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), StorageError> {
        self.change(move |files| files.purge(log_id)).await.map_err(|error| write_error(&error))
    }
}

#[cfg(test)]
mod tests;
