//! Looking things up that are not offsets: timestamps and aborted transactions.

use std::ops::ControlFlow;
use std::path::PathBuf;

use broker_protocol::record_batch::{BatchHeader, NO_TIMESTAMP, RecordBatch, TimestampType};
use broker_protocol::types::{LeaderEpoch, Offset};
use broker_protocol::validate::DECOMPRESSED_BYTES_MAX;

use super::PartitionLog;
use super::search::{Answer, Halt, Lookups, Question, Span};
use crate::io::FileHandle;
use crate::log_error::LogError;
use crate::segment::{SNAPSHOT_SUFFIX, Segment};
use crate::transaction_index::{AbortedTxn, TRANSACTION_INDEX_SUFFIX};

/// A record found by its timestamp.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimestampOffset {
    /// The record's timestamp, milliseconds since 1970.
    pub timestamp: i64,
    /// Its offset.
    pub offset: Offset,
    /// The leader epoch it was appended in.
    pub leader_epoch: LeaderEpoch,
}

/// A batch that holds a timestamp that is looked for, still unread: see `LogHandle::timed_batch`.
#[derive(Clone, Debug)]
pub struct TimedBatch {
    file: FileHandle,
    path: PathBuf,
    position: u64,
    /// As found without the batch's records.
    header: BatchHeader,
    timestamp: i64,
    log_start: Offset,
}

impl TimedBatch {
    /// Reads and decompresses the batch, for which nobody has to wait: its first record at or after the log's start
    /// whose timestamp is late enough. `None` if the one that is lies before the log's start.
    ///
    /// # Errors
    /// `Io`, or `Corrupt` if the batch cannot be read.
    pub fn search(&self) -> Result<Option<TimestampOffset>, LogError> {
        self.read(|batch| search_batch(batch, self.timestamp, self.log_start))
    }

    /// Reads and decompresses the batch: the first of its records at or after the log's start with the largest timestamp
    /// that they have.
    fn newest(&self) -> Result<Option<TimestampOffset>, LogError> {
        self.read(|batch| newest_of_batch(batch, self.log_start))
    }

    fn read<R>(&self, look: impl FnOnce(&RecordBatch<'_>) -> R) -> Result<R, LogError> {
        let mut buffer = vec![0; self.header.size_in_bytes()];
        self.file.read_at(&mut buffer, self.position).map_err(|error| LogError::io(&self.path, error))?;
        let corrupt = |error: &dyn std::fmt::Display| LogError::corrupt(&self.path, self.position, error);
        let (batch, _) = RecordBatch::parse(&buffer).map_err(|error| corrupt(&error))?;
        batch.verify_crc().map_err(|error| corrupt(&error))?;
        Ok(look(&batch))
    }

    /// Offset after the batch: where to look on if `search` finds nothing.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.header.next_offset()
    }
}

impl PartitionLog {
    /// The first record at or after the log's start whose timestamp is `timestamp` or later, also inside compressed
    /// batches; `None` if there is none below `upper`. Reads and decompresses at once: whoever shares the log takes the
    /// batches of `LogHandle::timed_batch` instead.
    ///
    /// # Errors
    /// `Io`, or `Corrupt` if the batch in question cannot be read.
    pub fn offset_for_timestamp(
        &mut self,
        timestamp: i64,
        upper: Offset,
    ) -> Result<Option<TimestampOffset>, LogError> {
        let mut from = self.log_start;
        while let Some(batch) =
            self.settle(|log, lookups| log.timed_batch(timestamp, (from, upper), lookups))?
        {
            if let Some(found) = batch.search()? {
                return Ok(Some(found).filter(|found| found.offset < upper));
            }
            from = batch.next_offset();
        }
        Ok(None)
    }

    /// The first batch at or after `from` and the log's start that has a timestamp of `timestamp` or later; `None` if
    /// no segment below `upper` has one. Nothing but headers is read.
    ///
    /// # Errors
    /// `Searching` until what is needed of the files was found; `Failed` never.
    pub(crate) fn timed_batch(
        &self,
        timestamp: i64,
        (from, upper): (Offset, Offset),
        lookups: &mut Lookups,
    ) -> Result<Option<TimedBatch>, Halt> {
        let from = from.max(self.log_start);
        for index in self.segment_index(from)..self.segments.len() {
            if self.segments[index].max_timestamp < timestamp || self.segments[index].size == 0 {
                continue;
            }
            if self.segments[index].base_offset >= upper {
                break;
            }
            if let Some(found) = self.timed_batch_of_segment(index, timestamp, from, lookups)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The first record with the largest timestamp of those from the log's start up to `upper`, a batch boundary; `None`
    /// if none has a timestamp (KIP-734). Reads and decompresses at once: whoever shares the log asks
    /// `LogHandle::newest_record` instead.
    ///
    /// # Errors
    /// As [`PartitionLog::offset_for_timestamp`].
    pub fn newest_record(&mut self, upper: Offset) -> Result<Option<TimestampOffset>, LogError> {
        newest_record(|from| self.settle(|log, lookups| log.newest_batch((from, upper), lookups)))
    }

    /// The first batch with the largest timestamp of those at or after `from` and the log's start and below `upper`, a
    /// batch boundary; `None` if none has a timestamp. Nothing but headers is read.
    ///
    /// # Errors
    /// `Searching` until what is needed of the files was found; `Failed` never.
    pub(crate) fn newest_batch(
        &self,
        (from, upper): (Offset, Offset),
        lookups: &mut Lookups,
    ) -> Result<Option<TimedBatch>, Halt> {
        let from = from.max(self.log_start);
        let mut largest = NO_TIMESTAMP;
        for index in self.segment_index(from)..self.segments.len() {
            if self.segments[index].base_offset >= upper {
                break;
            }
            if self.segments[index].max_timestamp > largest {
                largest = largest.max(self.largest_timestamp(index, (from, upper), lookups)?);
            }
        }
        if largest == NO_TIMESTAMP {
            return Ok(None);
        }
        self.timed_batch(largest, (from, upper), lookups)
    }

    /// Largest timestamp of the batches of a segment at or after `from` and below `below`.
    fn largest_timestamp(
        &self,
        index: usize,
        (from, below): (Offset, Offset),
        lookups: &mut Lookups,
    ) -> Result<i64, Halt> {
        let segment = &self.segments[index];
        if from <= segment.max_timestamp_offset && segment.max_timestamp_offset < below {
            return Ok(segment.max_timestamp);
        }
        let start = self.position_of(lookups, index, from)?;
        let question = Question::LargestTime(Span { start, from, below });
        self.ask(lookups, index, question, |answer| match answer {
            Answer::Timestamp(largest) => Some(*largest),
            _ => None,
        })
    }

    /// The first batch of a segment at or after `from` with a timestamp of at least `timestamp`.
    fn timed_batch_of_segment(
        &self,
        index: usize,
        timestamp: i64,
        from: Offset,
        lookups: &mut Lookups,
    ) -> Result<Option<TimedBatch>, Halt> {
        let entry = self.ask(lookups, index, Question::TimeBefore(timestamp), |answer| match answer {
            Answer::Time(entry) => Some(*entry),
            _ => None,
        })?;
        let base = self.segments[index].base_offset;
        // Up to the offset of that entry every timestamp is smaller.
        let from = entry.map_or(base, |entry| base.plus(i64::from(entry.relative))).max(from);
        let start = self.position_of(lookups, index, from)?;
        let question = Question::BatchOfTime(start, timestamp);
        let found = self.ask(lookups, index, question, |answer| match answer {
            Answer::Batch(found) => Some(*found),
            _ => None,
        })?;
        let Some((position, header)) = found else { return Ok(None) };
        let file = self.open_file(lookups, index)?;
        let (path, log_start) = (self.log_path(base), self.log_start);
        Ok(Some(TimedBatch { file, path, position, header, timestamp, log_start }))
    }

    /// The aborted transactions with records in `from` to `upper` (exclusive), sorted by their first offset. Looks
    /// through files at once.
    ///
    /// # Errors
    /// `Io`, or `Corrupt` if a damaged index cannot be rebuilt.
    pub fn aborted_transactions(&mut self, from: Offset, upper: Offset) -> Result<Vec<AbortedTxn>, LogError> {
        self.settle(|log, lookups| log.aborted(from, upper, lookups))
    }

    /// As [`PartitionLog::aborted_transactions`], without a look at any file.
    ///
    /// # Errors
    /// `Searching` until what is needed of the files was found; `Failed` never.
    pub fn aborted(
        &self,
        from: Offset,
        upper: Offset,
        lookups: &mut Lookups,
    ) -> Result<Vec<AbortedTxn>, Halt> {
        let mut aborted = Vec::new();
        'segments: for index in self.segment_index(from)..self.segments.len() {
            let transactions = &self.segments[index].transactions;
            if transactions.len() == 0 {
                continue;
            }
            let in_file = match transactions.in_file().count() {
                0 => Vec::new(),
                count => self.ask(lookups, index, Question::Aborted(count), |answer| match answer {
                    Answer::Aborted(entries) => Some(entries.clone()),
                    _ => None,
                })?,
            };
            for entry in in_file.iter().chain(transactions.tail()) {
                if entry.last_offset >= from && entry.first_offset < upper {
                    aborted.push(*entry);
                }
                // Later markers end transactions that began at or behind this one's stable offset.
                if entry.last_stable_offset >= upper {
                    break 'segments;
                }
            }
        }
        aborted.sort_unstable();
        Ok(aborted)
    }

    /// Makes the transaction index of a segment anew by replaying its batches on the producers before it.
    pub(super) fn rebuild_transaction_index(&mut self, index: usize) -> Result<(), LogError> {
        let base = self.segments[index].base_offset;
        let path = self.files().path(base, TRANSACTION_INDEX_SUFFIX);
        tracing::warn!(file = %path.display(), "rebuilding a transaction index from its segment's batches");
        let mut rebuilt = crate::entry_file::EntryFile::empty();
        let mut producers = self.producers_at(index)?;
        let size = self.segments[index].size;
        self.replay(index, (0, size), &mut producers, |completed| {
            if completed.aborted {
                rebuilt.push(completed.into());
            }
        })?;
        rebuilt.store(self.disk.as_ref(), &path).map_err(|error| LogError::io(&path, error))?;
        self.segments[index].transactions = rebuilt;
        Ok(())
    }

    /// The producers as they were at the base offset of a segment: from the nearest usable snapshot before it.
    pub(super) fn producers_at(
        &mut self,
        index: usize,
    ) -> Result<crate::producer_state::ProducerTable, LogError> {
        let mut first = index;
        let mut producers = loop {
            let base = self.segments[first].base_offset;
            let path = self.files().path(base, SNAPSHOT_SUFFIX);
            let read = match &self.segments[first].snapshot {
                Some(pending) => Ok(pending.to_vec()),
                None => self.disk.read(&path),
            };
            match read.ok().and_then(|bytes| crate::producer_snapshot::decode(&bytes).ok()) {
                Some(producers) => break producers,
                None if first == 0 => break crate::producer_state::ProducerTable::default(),
                None => first -= 1,
            }
        };
        for replayed in first..index {
            let size = self.segments[replayed].size;
            self.replay(replayed, (0, size), &mut producers, |_| {})?;
        }
        Ok(producers)
    }

    /// Applies the batches of a byte range of a segment to `producers`.
    pub(super) fn replay(
        &mut self,
        index: usize,
        (start, end): (u64, u64),
        producers: &mut crate::producer_state::ProducerTable,
        mut ended: impl FnMut(crate::producer_state::CompletedTransaction),
    ) -> Result<(), LogError> {
        let path = self.log_path(self.segments[index].base_offset);
        let file = self.with_segment(index, Segment::file)?;
        let (_, damage) = crate::batch_scan::scan_batches(file.as_ref(), &path, start, end, |_, batch| {
            if let Some(completed) = producers.apply(batch) {
                ended(completed);
            }
            ControlFlow::Continue(())
        })?;
        match damage {
            Some(damage) => Err(LogError::corrupt(&path, damage.position, damage.reason)),
            None => Ok(()),
        }
    }
}

/// The first record with the largest timestamp. `batch_from` gives the first batch with the largest one of those at or
/// after an offset and the log's start.
pub(crate) fn newest_record(
    mut batch_from: impl FnMut(Offset) -> Result<Option<TimedBatch>, LogError>,
) -> Result<Option<TimestampOffset>, LogError> {
    let mut newest: Option<TimestampOffset> = None;
    let mut from = Offset(0);
    while let Some(batch) = batch_from(from)? {
        let found = batch.newest()?;
        newest = match (newest, found) {
            (Some(newest), Some(found)) if found.timestamp > newest.timestamp => Some(found),
            (newest, found) => newest.or(found),
        };
        // Of a batch in which the log begins, the record that has the timestamp may be before it.
        let is_cut = batch.header.base_offset < batch.log_start;
        if found.is_some_and(|found| found.timestamp >= batch.timestamp || !is_cut) {
            break;
        }
        from = batch.next_offset();
    }
    Ok(newest.filter(|newest| newest.timestamp != NO_TIMESTAMP))
}

/// The first record of a batch, at or after `from`, with the largest timestamp that they have.
fn newest_of_batch(batch: &RecordBatch<'_>, from: Offset) -> Option<TimestampOffset> {
    let mut newest: Option<TimestampOffset> = None;
    let unopened = find_in_batch(batch, from, |record| {
        if newest.is_none_or(|newest| record.timestamp > newest.timestamp) {
            newest = Some(record);
        }
        false
    });
    unopened.or(newest)
}

/// The first record of a batch, at or after `from`, with a timestamp of at least `timestamp`.
fn search_batch(batch: &RecordBatch<'_>, timestamp: i64, from: Offset) -> Option<TimestampOffset> {
    find_in_batch(batch, from, |record| record.timestamp >= timestamp)
}

/// The first record of a batch, at or after `from`, that `is_wanted`. A batch that producers compressed is stored unseen;
/// where it cannot be opened, and where all its records have one time, its first offset is the answer.
fn find_in_batch(
    batch: &RecordBatch<'_>,
    from: Offset,
    mut is_wanted: impl FnMut(TimestampOffset) -> bool,
) -> Option<TimestampOffset> {
    let header = &batch.header;
    let leader_epoch = header.partition_leader_epoch;
    let first = header.base_offset.max(from);
    let whole = TimestampOffset { timestamp: header.max_timestamp, offset: first, leader_epoch };
    if first > header.last_offset() {
        return None;
    }
    if header.timestamp_type() == TimestampType::LogAppendTime {
        return Some(whole);
    }
    let Ok(content) = batch.decompress(DECOMPRESSED_BYTES_MAX) else { return Some(whole) };
    for record in batch.records(&content) {
        let Ok(record) = record else { return Some(whole) };
        let (offset, timestamp) = (record.offset(header), record.timestamp_ms(header));
        let found = TimestampOffset { timestamp, offset, leader_epoch };
        if offset >= from && is_wanted(found) {
            return Some(found);
        }
    }
    None
}
