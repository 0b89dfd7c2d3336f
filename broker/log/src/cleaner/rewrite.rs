//! Writes what stays of a group of segments into one segment beside them: `<first offset>.log.cleaned` and its indexes.
//!
//! Nothing depends on these files until a swap makes them a segment. They are synced in pieces beside the
//! work, so that no sync of a producer waits for a gigabyte, and stay in the page cache if what they replace was there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use broker_protocol::record_batch::{BatchHeader, RecordBatch};

use super::filter::{Filter, Rules, Verdict};
use super::plan::Group;
use super::segment_reader::SegmentReader;
use crate::entry_file::{EntryFile, IndexEntry};
use crate::io::{Disk, FileHandle, OpenMode, Syncing};
use crate::log_error::LogError;
use crate::offset_index::OFFSET_INDEX_SUFFIX;
use crate::segment::{Files, LOG_SUFFIX, Segment};
use crate::swap_files::{self, CLEANED, path};
use crate::time_index::TIME_INDEX_SUFFIX;
use crate::transaction_index::{AbortedTxn, TRANSACTION_INDEX_SUFFIX};

/// Bytes between two syncs of what is written.
const SYNC_BYTES: u64 = 16 << 20;

/// A segment of so many bytes is kept open until it is replaced, and then closed by others.
const LARGE_BYTES: u64 = 16 << 20;

/// Bytes of the largest segment that anybody reads: positions have 31 bits.
const SEGMENT_BYTES_MAX: u64 = i32::MAX as u64;

/// A group under way.
#[derive(Debug)]
pub(crate) struct Rewrite {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    group: Group,
    /// Aborted transactions of the group's segments.
    aborted: Vec<AbortedTxn>,
    /// The segment that is read next, counted from the first.
    next: usize,
    reader: Option<SegmentReader>,
    /// The large ones of the group's segments, kept open.
    replaced: Vec<FileHandle>,
    output: FileHandle,
    output_path: PathBuf,
    /// What is written: its size is that of all that was put out, of which `pending` is not in the file.
    segment: Segment,
    pending: Vec<u8>,
    synced: u64,
    /// A sync under way, and the bytes that it covers.
    syncing: Option<(u64, Syncing)>,
    /// The sync of all that is written, once that is all.
    last_sync: Option<Syncing>,
    /// Some of what was read had to come from the disk.
    is_cold: bool,
    /// Something has gone or changed.
    has_changed: bool,
}

/// What one step has read and written, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Moved {
    pub(crate) read: u64,
    pub(crate) written: u64,
}

/// A group whose successor is whole and durable.
#[derive(Debug)]
pub(crate) struct Rewritten {
    pub(crate) group: Group,
    pub(crate) segment: Segment,
    /// It differs from what it is to replace.
    pub(crate) has_changed: bool,
    /// To be closed once it has taken its place.
    pub(crate) replaced: Vec<FileHandle>,
}

/// Why a group was not rewritten.
#[derive(Debug)]
pub(crate) enum RewriteError {
    /// What is read is damaged or cannot be read.
    Read(LogError),
    /// What is written cannot be.
    Write(LogError),
}

impl Rewrite {
    /// Makes the file, empty, and removes what an earlier attempt has left.
    ///
    /// # Errors
    /// `Write`.
    pub(crate) fn begin(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        group: Group,
        aborted: Vec<AbortedTxn>,
        created_ms: i64,
    ) -> Result<Rewrite, RewriteError> {
        let output_path = path(&dir, group.base(), LOG_SUFFIX, CLEANED);
        let files = Files { disk: disk.as_ref(), dir: &dir };
        swap_files::remove(files, group.base()).map_err(RewriteError::Write)?;
        let failed = |error| RewriteError::Write(LogError::io(&output_path, error));
        let output = disk.open(&output_path, OpenMode::CREATE).map_err(failed)?;
        Ok(Rewrite {
            segment: Segment::empty(group.base(), created_ms),
            disk,
            dir,
            group,
            aborted,
            next: 0,
            reader: None,
            replaced: Vec::new(),
            output,
            output_path,
            pending: Vec::new(),
            synced: 0,
            syncing: None,
            last_sync: None,
            is_cold: false,
            has_changed: false,
        })
    }

    /// Reads about `wanted` bytes and writes what stays of them. Answers also whether that was all.
    ///
    /// # Errors
    /// See [`RewriteError`].
    pub(crate) fn step(
        &mut self,
        wanted: usize,
        interval: u32,
        filter: &mut Filter,
        rules: &Rules<'_>,
    ) -> Result<(Moved, bool), RewriteError> {
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => match self.open_next(wanted)? {
                Some(reader) => reader,
                None => return Ok((Moved::default(), true)),
            },
        };
        let last = self.group.next_offset();
        let Rewrite { segment, pending, has_changed, .. } = self;
        let put_out = |batch: &RecordBatch<'_>| {
            let is_last = batch.header.next_offset() == last;
            let verdict = filter.judge(batch, is_last, rules).map_err(|error| error.to_string())?;
            let bytes = match &verdict {
                Verdict::Keep => batch.bytes,
                Verdict::Replace(bytes) => bytes,
                Verdict::Drop => &[],
            };
            *has_changed |= verdict != Verdict::Keep;
            if bytes.is_empty() {
                return Ok(());
            }
            let header = BatchHeader::parse(bytes).expect("a batch that was read or made");
            if segment.size + bytes.len() as u64 > SEGMENT_BYTES_MAX {
                return Err("what stays, compressed anew, is larger than a segment may be".to_owned());
            }
            segment.note_batch(&header, interval);
            pending.extend_from_slice(bytes);
            Ok(())
        };
        let read = reader.read(put_out).map_err(RewriteError::Read)?;
        self.is_cold |= reader.is_cold();
        if read > 0 {
            self.reader = Some(reader);
        }
        let written = self.write_out(wanted)?;
        Ok((Moved { read, written }, false))
    }

    fn open_next(&mut self, piece_bytes: usize) -> Result<Option<SegmentReader>, RewriteError> {
        let Some(facts) = self.group.segments.get(self.next) else { return Ok(None) };
        self.next += 1;
        let path = Files { disk: self.disk.as_ref(), dir: &self.dir }.path(facts.base, LOG_SUFFIX);
        let offsets = (facts.base, facts.next_offset);
        let reader = SegmentReader::open(self.disk.as_ref(), path, facts.size, offsets, piece_bytes)
            .map_err(RewriteError::Read)?;
        if facts.size >= LARGE_BYTES {
            self.replaced.push(reader.file().clone());
        }
        Ok(Some(reader))
    }

    /// Writes what is pending once that is `least` bytes, and begins to sync what was written once that is much.
    fn write_out(&mut self, least: usize) -> Result<u64, RewriteError> {
        let mut written = 0;
        if self.pending.len() >= least.max(1) {
            let position = self.segment.size - self.pending.len() as u64;
            let failed = |error| RewriteError::Write(LogError::io(&self.output_path, error));
            self.output.write_at(&self.pending, position).map_err(failed)?;
            written = self.pending.len() as u64;
            self.pending.clear();
        }
        let size = self.segment.size - self.pending.len() as u64;
        let begun = self.syncing.as_ref().map_or(self.synced, |(size, _)| *size);
        if size >= begun + SYNC_BYTES {
            self.wait_for_sync()?;
            self.syncing = Some((size, self.output.clone().begin_sync()));
        }
        Ok(written)
    }

    /// Waits for what is being synced, if anything is.
    ///
    /// # Errors
    /// `Write`.
    pub(crate) fn wait_for_sync(&mut self) -> Result<(), RewriteError> {
        let synced = match self.syncing.take() {
            Some((size, syncing)) => self.note_sync(size, syncing.wait()),
            None => Ok(()),
        };
        let Some(last) = self.last_sync.take() else { return synced };
        synced.and(self.note_sync(self.segment.size, last.wait()))
    }

    fn note_sync(&mut self, size: u64, synced: io::Result<()>) -> Result<(), RewriteError> {
        synced.map_err(|error| RewriteError::Write(LogError::io(&self.output_path, error)))?;
        // What nobody had in memory is not brought there by a cleaning.
        if self.is_cold {
            self.output.drop_cache(self.synced, size - self.synced);
        }
        self.synced = size;
        Ok(())
    }

    /// Writes the rest and begins to sync it. Answers with the bytes that it wrote.
    ///
    /// # Errors
    /// `Write`.
    pub(crate) fn begin_to_finish(&mut self, is_planted_unsynced: bool) -> Result<u64, RewriteError> {
        let written = self.write_out(1)?;
        if !is_planted_unsynced {
            self.last_sync = Some(self.output.clone().begin_sync());
        }
        Ok(written)
    }

    /// Waits until all of it is durable; it was begun to be finished.
    ///
    /// # Errors
    /// `Write`; `Read` if the last batch was not where it should be.
    pub(crate) fn finish(mut self) -> Result<Rewritten, RewriteError> {
        self.wait_for_sync()?;
        let (end, expected) = (self.segment.next_offset, self.group.next_offset());
        if end != expected {
            let reason = format!("what was read ends at offset {end}, expected {expected}");
            return Err(RewriteError::Read(LogError::corrupt(&self.output_path, self.segment.size, reason)));
        }
        let Rewrite { disk, dir, mut segment, group, output, aborted, has_changed, replaced, .. } = self;
        segment.index_timestamp();
        aborted.into_iter().for_each(|entry| segment.transactions.push(entry));
        let path = |suffix| path(&dir, group.base(), suffix, CLEANED);
        store(disk.as_ref(), &mut segment.offsets, &path(OFFSET_INDEX_SUFFIX))?;
        store(disk.as_ref(), &mut segment.times, &path(TIME_INDEX_SUFFIX))?;
        store(disk.as_ref(), &mut segment.transactions, &path(TRANSACTION_INDEX_SUFFIX))?;
        (segment.taken, segment.synced) = (segment.size, segment.size);
        segment.taken_offset = segment.next_offset;
        segment.new_file = true;
        segment.trusted.add(0, segment.size);
        segment.keep_file(Some(output));
        Ok(Rewritten { group, segment, has_changed, replaced })
    }

    /// What is rewritten.
    pub(crate) fn group(&self) -> &Group {
        &self.group
    }

    /// Directory of the log when the group was begun.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }
}

/// Writes an index anew.
fn store<E: IndexEntry>(disk: &dyn Disk, index: &mut EntryFile<E>, path: &Path) -> Result<(), RewriteError> {
    index.store(disk, path).map_err(|error| RewriteError::Write(LogError::io(path, error)))
}
