//! One segment: a `.log` file of record batches, its three indexes, and how much of it is on stable storage.
//!
//! Invariants: neither `taken` nor `synced` exceeds `size`; bytes behind `size` are never read. The file stays open while
//! it holds bytes that are not synced. An index entry never points behind `size`.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use broker_protocol::record_batch::{BatchHeader, NO_TIMESTAMP};
use broker_protocol::types::Offset;

use crate::batch_scan::walk_headers;
use crate::entry_file::{EntryFile, IndexEntry};
use crate::io::{Disk, DiskFile, FileHandle, OpenMode};
use crate::log_error::LogError;
use crate::offset_index::{OFFSET_INDEX_SUFFIX, OffsetEntry, OffsetIndex};
use crate::time_index::{TIME_INDEX_SUFFIX, TimeEntry, TimeIndex};
use crate::transaction_index::{TRANSACTION_INDEX_SUFFIX, TransactionIndex};
use crate::trusted::TrustedRanges;

/// Name ending of the file with the batches.
pub const LOG_SUFFIX: &str = "log";

/// Name ending of a producer snapshot.
pub const SNAPSHOT_SUFFIX: &str = "snapshot";

/// Name ending of a file that waits to be removed.
pub const DELETED_SUFFIX: &str = "deleted";

/// Where a log's files are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Files<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) dir: &'a Path,
}

impl Files<'_> {
    /// Path of the file of the segment that begins at `base`.
    pub(crate) fn path(&self, base: Offset, suffix: &str) -> PathBuf {
        self.dir.join(file_name(base, suffix))
    }
}

/// Name of a segment's file: the base offset in 20 digits.
pub(crate) fn file_name(base: Offset, suffix: &str) -> String {
    format!("{:020}.{suffix}", base.0)
}

/// Base offset and ending of a file name that [`file_name`] made.
pub(crate) fn parse_file_name(name: &str) -> Option<(Offset, &str)> {
    let (digits, suffix) = name.split_once('.')?;
    if digits.len() != 20 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((Offset(digits.parse().ok()?), suffix))
}

/// A segment; see the file's header.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) base_offset: Offset,
    /// Offset after the last batch; the base offset if there is none.
    pub(crate) next_offset: Offset,
    /// Valid bytes.
    pub(crate) size: u64,
    /// Bytes handed out by `take_dirty`.
    pub(crate) taken: u64,
    /// First offset behind `taken`.
    pub(crate) taken_offset: Offset,
    /// Bytes made durable in this file.
    pub(crate) synced: u64,
    /// Largest timestamp, -1 without any.
    pub(crate) max_timestamp: i64,
    /// Last offset of the first batch that has it.
    pub(crate) max_timestamp_offset: Offset,
    /// Max timestamp of the first batch, from which `segment.ms` counts; -1 without any.
    pub(crate) first_timestamp: i64,
    /// Wall clock when the segment was made or found.
    pub(crate) created_ms: i64,
    /// Largest timestamp in the time index, -1 without any.
    pub(crate) indexed_timestamp: i64,
    /// Bytes since the last index entry.
    pub(crate) since_index: u32,
    /// The directory entry is not known to be durable.
    pub(crate) new_file: bool,
    /// LSN of the commit log below which all is that it has of this segment.
    pub(crate) commit_log_end: u64,
    /// Sealed, but its index files are not complete.
    pub(crate) seal_pending: bool,
    /// Producer snapshot at the base offset that is not in its file yet.
    pub(crate) snapshot: Option<Box<[u8]>>,
    /// Bytes that may be served unchecked.
    pub(crate) trusted: TrustedRanges,
    /// Position of damage that was told: readers come back to it.
    pub(crate) damage_told: Option<u64>,
    file: Option<FileHandle>,
    pub(crate) offsets: OffsetIndex,
    pub(crate) times: TimeIndex,
    pub(crate) transactions: TransactionIndex,
}

impl Segment {
    /// A segment without batches.
    pub(crate) fn empty(base_offset: Offset, now_ms: i64) -> Segment {
        Segment {
            base_offset,
            next_offset: base_offset,
            size: 0,
            taken: 0,
            taken_offset: base_offset,
            synced: 0,
            max_timestamp: NO_TIMESTAMP,
            max_timestamp_offset: Offset(-1),
            first_timestamp: NO_TIMESTAMP,
            created_ms: now_ms,
            indexed_timestamp: NO_TIMESTAMP,
            since_index: 0,
            new_file: false,
            commit_log_end: 0,
            seal_pending: false,
            snapshot: None,
            trusted: TrustedRanges::default(),
            damage_told: None,
            file: None,
            offsets: EntryFile::empty(),
            times: EntryFile::empty(),
            transactions: EntryFile::empty(),
        }
    }

    /// Makes the file of a segment that begins at `base_offset`.
    pub(crate) fn create(files: Files<'_>, base_offset: Offset, now_ms: i64) -> Result<Segment, LogError> {
        let path = files.path(base_offset, LOG_SUFFIX);
        let file = files.disk.open(&path, OpenMode::CREATE).map_err(|error| LogError::io(&path, error))?;
        if !file.is_empty().map_err(|error| LogError::io(&path, error))? {
            let reason = "it holds bytes where a new segment is to be made";
            return Err(LogError::io(&path, io::Error::new(io::ErrorKind::AlreadyExists, reason)));
        }
        Ok(Segment { new_file: true, file: Some(file), ..Segment::empty(base_offset, now_ms) })
    }

    /// The open `.log` file.
    pub(crate) fn file(&mut self, files: Files<'_>) -> Result<FileHandle, LogError> {
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        let path = files.path(self.base_offset, LOG_SUFFIX);
        let file = files.disk.open(&path, OpenMode::WRITE).map_err(|error| LogError::io(&path, error))?;
        Ok(self.file.insert(file).clone())
    }

    /// The `.log` file, if it is open.
    pub(crate) fn open_file(&self) -> Option<FileHandle> {
        self.file.clone()
    }

    /// Keeps the `.log` file that somebody has opened.
    pub(crate) fn keep_file(&mut self, file: Option<FileHandle>) {
        if self.file.is_none() {
            self.file = file;
        }
    }

    /// Closes files that can be opened again without losing track of what is durable.
    pub(crate) fn close_files(&mut self) {
        if self.synced == self.size {
            self.file = None;
        }
        self.close_indexes();
    }

    /// Whether the `.log` file is open.
    pub(crate) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Offset relative to the base, as the indexes store it.
    pub(crate) fn relative(&self, offset: Offset) -> u32 {
        u32::try_from(offset.0 - self.base_offset.0).expect("a segment spans less than 2^31 offsets")
    }

    /// Whether batches up to `last_offset` have offsets that the indexes can hold.
    pub(crate) fn can_hold(&self, last_offset: Offset) -> bool {
        (0..=i64::from(i32::MAX)).contains(&last_offset.0.saturating_sub(self.base_offset.0))
    }

    /// Notes a batch that stands at `size`.
    pub(crate) fn note_batch(&mut self, header: &BatchHeader, index_interval_bytes: u32) {
        let last_offset = header.last_offset();
        if header.max_timestamp > self.max_timestamp {
            self.max_timestamp = header.max_timestamp;
            self.max_timestamp_offset = last_offset;
        }
        if self.size == 0 {
            self.first_timestamp = header.max_timestamp;
        }
        if self.since_index > index_interval_bytes {
            let position = u32::try_from(self.size).expect("a segment is smaller than 2 GiB");
            self.offsets.push(OffsetEntry { relative: self.relative(last_offset), position });
            self.index_timestamp();
            self.since_index = 0;
        }
        let bytes = header.size_in_bytes();
        self.size += bytes as u64;
        self.since_index = self.since_index.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        self.next_offset = header.next_offset();
    }

    /// Adds the largest timestamp to the time index if it is not there.
    pub(crate) fn index_timestamp(&mut self) {
        if self.max_timestamp > self.indexed_timestamp {
            let relative = self.relative(self.max_timestamp_offset);
            self.times.push(TimeEntry { timestamp: self.max_timestamp, relative });
            self.indexed_timestamp = self.max_timestamp;
        }
    }

    /// A segment of which nothing but the indexes counts, made from the first `size` bytes of a file.
    ///
    /// # Errors
    /// `Io`, or `Corrupt` where the batches are none or out of order.
    pub(crate) fn scan_indexes(
        (file, path): (&dyn DiskFile, &Path),
        base_offset: Offset,
        size: u64,
        index_interval_bytes: u32,
    ) -> Result<Segment, LogError> {
        let mut rebuilt = Segment::empty(base_offset, 0);
        let damaged = walk_headers(file, path, 0, size, |position, header| {
            if header.base_offset < rebuilt.next_offset || !rebuilt.can_hold(header.last_offset()) {
                return ControlFlow::Break(position);
            }
            rebuilt.note_batch(header, index_interval_bytes);
            ControlFlow::Continue(())
        })?;
        match damaged {
            Some(position) => Err(LogError::corrupt(path, position, "the batch's offsets are out of order")),
            None => Ok(rebuilt),
        }
    }

    /// Puts offset and time index entries that were made anew in the place of those in the files. What was added since
    /// is in memory and stays.
    pub(crate) fn replace_indexes(&mut self, rebuilt: Segment) {
        if self.times.tail().is_empty() {
            self.indexed_timestamp = rebuilt.indexed_timestamp;
        }
        self.offsets.replace_stored(rebuilt.offsets, |entry, first| entry.position < first.position);
        self.times.replace_stored(rebuilt.times, |entry, first| entry.timestamp < first.timestamp);
    }

    /// Makes offset and time index anew from the batch headers, in memory and in their files.
    pub(crate) fn rebuild_indexes(
        &mut self,
        files: Files<'_>,
        index_interval_bytes: u32,
    ) -> Result<(), LogError> {
        let path = files.path(self.base_offset, LOG_SUFFIX);
        let file = self.file(files)?;
        let mut rebuilt =
            Segment::scan_indexes((&*file, &path), self.base_offset, self.size, index_interval_bytes)?;
        if self.indexed_timestamp == self.max_timestamp {
            rebuilt.index_timestamp();
        }
        self.offsets = rebuilt.offsets;
        self.times = rebuilt.times;
        self.indexed_timestamp = rebuilt.indexed_timestamp;
        self.since_index = rebuilt.since_index;
        self.store_indexes(files)
    }

    /// Moves the index entries in memory into the files. Nothing is synced: a file that a crash damages is noticed by
    /// its checksum and rebuilt.
    pub(crate) fn store_indexes(&mut self, files: Files<'_>) -> Result<(), LogError> {
        let path = files.path(self.base_offset, OFFSET_INDEX_SUFFIX);
        self.offsets.store(files.disk, &path).map_err(|error| LogError::io(&path, error))?;
        let path = files.path(self.base_offset, TIME_INDEX_SUFFIX);
        self.times.store(files.disk, &path).map_err(|error| LogError::io(&path, error))?;
        let path = files.path(self.base_offset, TRANSACTION_INDEX_SUFFIX);
        self.transactions.store(files.disk, &path).map_err(|error| LogError::io(&path, error))?;
        Ok(())
    }

    /// Paths of the index files.
    pub(crate) fn index_paths(&self, files: Files<'_>) -> [PathBuf; 3] {
        [OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX]
            .map(|suffix| files.path(self.base_offset, suffix))
    }

    /// Entries of the indexes, in the order of [`Segment::index_paths`].
    pub(crate) fn index_sizes(&self) -> [usize; 3] {
        [self.offsets.len(), self.times.len(), self.transactions.len()]
    }

    /// Whether an index has reached `segment.index.bytes`; one entry of the time index stays free for sealing.
    pub(crate) fn indexes_full(&self, segment_index_bytes: u32) -> bool {
        let limit = segment_index_bytes as usize;
        self.offsets.len() >= (limit / OffsetEntry::BYTES).max(1)
            || self.times.len() >= (limit / TimeEntry::BYTES).saturating_sub(1).max(1)
    }

    /// Closes the index files until the next lookup.
    pub(crate) fn close_indexes(&mut self) {
        self.offsets.close();
        self.times.close();
        self.transactions.close();
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        let snapshot = self.snapshot.as_ref().map_or(0, |bytes| bytes.len());
        snapshot + self.offsets.heap_bytes() + self.times.heap_bytes() + self.transactions.heap_bytes()
    }
}
