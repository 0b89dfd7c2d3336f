//! Looks through the files of a log without holding the log.
//!
//! What an answer needs of the files is asked for as a [`Question`]. The log, which is held for that only, says what
//! memory tells and hands out a [`Search`] for the rest; it is run without the log, its answer is kept in [`Lookups`],
//! and the log is asked again. Invariant: the files of a segment are only appended to while the log's `generation` stays
//! the same; with another one, nothing that was found before counts.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use broker_protocol::record_batch::{BATCH_HEADER_BYTES, BatchHeader, NO_TIMESTAMP};
use broker_protocol::types::Offset;

use super::PartitionLog;
use super::hints::Boundary;
use crate::batch_scan::walk_headers_within;
use crate::entry_file::{Floor, IndexFault, StoredEntries};
use crate::io::{Disk, FileHandle, OpenMode, Wait};
use crate::log_error::LogError;
use crate::offset_index::{OFFSET_INDEX_SUFFIX, OffsetEntry};
use crate::segment::{Files, LOG_SUFFIX, Segment};
use crate::time_index::{TIME_INDEX_SUFFIX, TimeEntry};
use crate::transaction_index::{AbortedTxn, TRANSACTION_INDEX_SUFFIX};

/// How often the indexes of a log are made anew for one answer: more often they are damaged faster than that.
const REBUILDS_MAX: u32 = 4;

/// Where the batches of an answer end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stop {
    pub(super) position: u64,
    /// Offset after the last of them.
    pub(super) offset: Offset,
}

/// Where an answer that must not be longer than some bytes may end: in a segment between `start` and `limit`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Room {
    pub(super) start: u64,
    pub(super) limit: u64,
    /// Position behind which it must not end, unless it is the first batch and `min_one_batch`.
    pub(super) wanted: u64,
    pub(super) min_one_batch: bool,
}

/// Some of the batches of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span {
    /// Position of the first of them.
    pub(super) start: u64,
    /// Offset at or after which it ends.
    pub(super) from: Offset,
    /// Offset below which the last of them ends, a batch boundary.
    pub(super) below: Offset,
}

/// What the files of a segment are to tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Question {
    /// The open `.log` file.
    File,
    /// Position of the first batch that ends at or after an offset, which the segment holds.
    PositionOf(Offset),
    /// The last batch boundary that there is room for.
    StopWithin(Room),
    /// The entry of the time index before the first one with a timestamp of at least this.
    TimeBefore(i64),
    /// The first batch from a position on with a timestamp of at least this.
    BatchOfTime(u64, i64),
    /// The largest timestamp of the batches in a part of the segment.
    LargestTime(Span),
    /// The aborted transactions in the file, of which there are so many.
    Aborted(u32),
}

/// What they told.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    File(FileHandle),
    Position(u64),
    Stop(Stop),
    Time(Option<TimeEntry>),
    Batch(Option<(u64, BatchHeader)>),
    Timestamp(i64),
    Aborted(Vec<AbortedTxn>),
}

/// Why the log has no answer.
#[derive(Debug)]
pub enum Halt {
    /// Something has to be found in the files first: see [`Lookups`].
    Searching,
    /// The files cannot be used.
    Failed(LogError),
}

impl From<LogError> for Halt {
    fn from(error: LogError) -> Halt {
        Halt::Failed(error)
    }
}

/// What was found in the files for one answer, and what is to be looked for next.
#[derive(Debug, Default)]
pub struct Lookups {
    generation: u64,
    facts: Vec<(Offset, Question, Answer)>,
    search: Option<Box<Search>>,
    rebuilds: u32,
}

impl Lookups {
    /// What to look for, after [`Halt::Searching`].
    pub(crate) fn take_search(&mut self) -> Option<Box<Search>> {
        self.search.take()
    }
}

/// One look through the files of a segment.
#[derive(Debug)]
pub(crate) struct Search {
    generation: u64,
    disk: Arc<dyn Disk>,
    dir: Arc<Path>,
    base: Offset,
    /// Valid bytes of the segment when the log was asked.
    size: u64,
    index_interval_bytes: u32,
    /// The time index has the segment's largest timestamp.
    has_all_times: bool,
    question: Question,
    file: Option<FileHandle>,
    offsets: StoredEntries<OffsetEntry>,
    offset_floor: Floor<OffsetEntry>,
    times: StoredEntries<TimeEntry>,
    time_floor: Floor<TimeEntry>,
    transactions: StoredEntries<AbortedTxn>,
    outcome: Option<Outcome>,
}

#[derive(Debug)]
enum Outcome {
    Answered(Answer),
    /// An index was damaged: both as they should be.
    Rebuilt(Box<Segment>),
    /// Their index is damaged.
    TransactionsDamaged,
}

impl Search {
    /// Looks. Answers `false` if that would have to wait for the disk and may not.
    ///
    /// # Errors
    /// `Io`, or `Corrupt` if what is read is no batch.
    pub(crate) fn run(&mut self, wait: Wait) -> Result<bool, LogError> {
        let found = match self.find(wait) {
            Err(Trouble::Log(LogError::Corrupt { .. })) if wait == Wait::Never => return Ok(false),
            Err(Trouble::Log(corrupt @ LogError::Corrupt { .. })) => Err(self.compare_indexes(corrupt)),
            found => found,
        };
        let outcome = match found {
            Ok(answer) => Outcome::Answered(answer),
            Err(Trouble::Log(LogError::Io { source, .. }))
                if wait == Wait::Never && source.kind() == std::io::ErrorKind::WouldBlock =>
            {
                return Ok(false);
            }
            // It is for who may wait to mend it.
            Err(Trouble::Damaged) if wait == Wait::Never => return Ok(false),
            Err(Trouble::Damaged) if matches!(self.question, Question::Aborted(_)) => {
                Outcome::TransactionsDamaged
            }
            Err(Trouble::Damaged) => Outcome::Rebuilt(Box::new(self.rebuild()?)),
            Err(Trouble::Log(error)) => return Err(error),
        };
        self.outcome = Some(outcome);
        Ok(true)
    }

    fn find(&mut self, wait: Wait) -> Result<Answer, Trouble> {
        let path = self.path(LOG_SUFFIX);
        match self.question {
            Question::File => Ok(Answer::File(self.log_file(&path, wait)?)),
            Question::PositionOf(offset) => self.position_of(&path, wait, offset),
            Question::StopWithin(room) => self.stop_within(&path, wait, room),
            Question::TimeBefore(timestamp) => {
                Ok(Answer::Time(self.time_before(wait, |entry| entry.timestamp < timestamp)?))
            }
            Question::BatchOfTime(start, timestamp) => {
                let file = self.log_file(&path, wait)?;
                let found =
                    walk_headers_within(wait, (&*file, &path), (start, self.size), |position, header| {
                        if header.max_timestamp >= timestamp {
                            ControlFlow::Break((position, *header))
                        } else {
                            ControlFlow::Continue(())
                        }
                    })?;
                Ok(Answer::Batch(found))
            }
            Question::LargestTime(span) => self.largest_time(&path, wait, span),
            Question::Aborted(_) => {
                let path = self.path(TRANSACTION_INDEX_SUFFIX);
                let entries = self.transactions.all((self.disk.as_ref(), &path), wait);
                Ok(Answer::Aborted(entries.map_err(|fault| Trouble::of(fault, &path))?))
            }
        }
    }

    /// Why no batch was where a look led: an index that is not what it was, or the log itself.
    fn compare_indexes(&mut self, corrupt: LogError) -> Trouble {
        let (disk, offsets, times) =
            (self.disk.as_ref(), self.path(OFFSET_INDEX_SUFFIX), self.path(TIME_INDEX_SUFFIX));
        let compared = self.offsets.compare((disk, &offsets), Wait::Allowed);
        let compared = compared.and_then(|()| self.times.compare((disk, &times), Wait::Allowed));
        match compared {
            Err(IndexFault::Damaged) => Trouble::Damaged,
            Ok(()) | Err(IndexFault::Io(_)) => Trouble::Log(corrupt),
        }
    }

    fn position_of(&mut self, path: &Path, wait: Wait, offset: Offset) -> Result<Answer, Trouble> {
        let relative = offset.0.saturating_sub(self.base.0);
        let start = self.floor(wait, |entry| i64::from(entry.relative) <= relative)?;
        let file = self.log_file(path, wait)?;
        let found = walk_headers_within(wait, (&*file, path), (start, self.size), |position, header| {
            if header.last_offset() >= offset {
                ControlFlow::Break(position)
            } else {
                ControlFlow::Continue(())
            }
        })?;
        let missing = || LogError::corrupt(path, 0, format!("no batch holds offset {offset}"));
        Ok(Answer::Position(found.ok_or_else(missing)?))
    }

    fn stop_within(&mut self, path: &Path, wait: Wait, room: Room) -> Result<Answer, Trouble> {
        let boundary = self.floor(wait, |entry| u64::from(entry.position) <= room.wanted)?;
        let file = self.log_file(path, wait)?;
        if boundary > room.start {
            let mut bytes = [0; BATCH_HEADER_BYTES];
            wait.read_at(file.as_ref(), &mut bytes, boundary).map_err(|error| LogError::io(path, error))?;
            let header =
                BatchHeader::parse(&bytes).map_err(|error| LogError::corrupt(path, boundary, error))?;
            return Ok(Answer::Stop(Stop { position: boundary, offset: header.base_offset }));
        }
        let mut stop = Stop { position: room.start, offset: self.base };
        walk_headers_within(wait, (&*file, path), (room.start, room.limit), |position, header| {
            let after = position + header.size_in_bytes() as u64;
            if after > room.wanted && !(room.min_one_batch && position == room.start) {
                return ControlFlow::Break(());
            }
            stop = Stop { position: after, offset: header.next_offset() };
            if after > room.wanted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(Answer::Stop(stop))
    }

    fn largest_time(&mut self, path: &Path, wait: Wait, span: Span) -> Result<Answer, Trouble> {
        let Span { mut start, from, below } = span;
        let (base, relative) = (self.base, below.0.saturating_sub(self.base.0));
        let entry = self.time_before(wait, |entry| i64::from(entry.relative) < relative)?;
        let mut largest = NO_TIMESTAMP;
        if let Some(entry) = entry.filter(|entry| base.plus(i64::from(entry.relative)) >= from) {
            // Whenever the offset index gets an entry, the time index gets one for anything larger than before: up to the
            // last batch with an entry there, no timestamp is larger than this.
            largest = entry.timestamp;
            start = start.max(self.floor(wait, |entry| i64::from(entry.relative) < relative)?);
        }
        let file = self.log_file(path, wait)?;
        walk_headers_within(wait, (&*file, path), (start, self.size), |_, header| {
            if header.base_offset >= below {
                return ControlFlow::Break(());
            }
            largest = largest.max(header.max_timestamp);
            ControlFlow::Continue(())
        })?;
        Ok(Answer::Timestamp(largest))
    }

    /// A batch boundary: that of the last entry of the offset index for which `before` holds.
    fn floor(&mut self, wait: Wait, before: impl Fn(&OffsetEntry) -> bool) -> Result<u64, Trouble> {
        let entry = match self.offset_floor {
            Floor::Known(entry) => entry,
            Floor::InFile => {
                let path = self.path(OFFSET_INDEX_SUFFIX);
                let found = self.offsets.last_before((self.disk.as_ref(), &path), wait, before);
                found.map_err(|fault| Trouble::of(fault, &path))?
            }
        };
        Ok(entry.map_or(0, |entry| u64::from(entry.position)))
    }

    fn time_before(
        &mut self,
        wait: Wait,
        before: impl Fn(&TimeEntry) -> bool,
    ) -> Result<Option<TimeEntry>, Trouble> {
        match self.time_floor {
            Floor::Known(entry) => Ok(entry),
            Floor::InFile => {
                let path = self.path(TIME_INDEX_SUFFIX);
                let found = self.times.last_before((self.disk.as_ref(), &path), wait, before);
                found.map_err(|fault| Trouble::of(fault, &path))
            }
        }
    }

    fn log_file(&mut self, path: &Path, wait: Wait) -> Result<FileHandle, LogError> {
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        let opened = wait.open(self.disk.as_ref(), path, OpenMode::WRITE);
        let file = opened.map_err(|error| LogError::io(path, error))?;
        Ok(self.file.insert(file).clone())
    }

    fn rebuild(&mut self) -> Result<Segment, LogError> {
        let path = self.path(LOG_SUFFIX);
        tracing::warn!(file = %path.display(), "rebuilding the indexes of a segment from its batches");
        let file = self.log_file(&path, Wait::Allowed)?;
        let interval = self.index_interval_bytes;
        let mut rebuilt = Segment::scan_indexes((&*file, &path), self.base, self.size, interval)?;
        if self.has_all_times {
            rebuilt.index_timestamp();
        }
        Ok(rebuilt)
    }

    fn path(&self, suffix: &str) -> PathBuf {
        Files { disk: self.disk.as_ref(), dir: &self.dir }.path(self.base, suffix)
    }
}

/// Why a look came to nothing.
enum Trouble {
    /// An index is not what it was.
    Damaged,
    Log(LogError),
}

impl Trouble {
    fn of(fault: IndexFault, path: &Path) -> Trouble {
        match fault {
            IndexFault::Damaged => Trouble::Damaged,
            IndexFault::Io(error) => Trouble::Log(LogError::io(path, error)),
        }
    }
}

impl From<LogError> for Trouble {
    fn from(error: LogError) -> Trouble {
        Trouble::Log(error)
    }
}

impl PartitionLog {
    /// What the files of a segment tell, if they were asked; otherwise has them asked.
    pub(super) fn ask<T>(
        &self,
        lookups: &mut Lookups,
        index: usize,
        question: Question,
        pick: impl Fn(&Answer) -> Option<T>,
    ) -> Result<T, Halt> {
        if lookups.generation != self.generation {
            lookups.facts.clear();
            lookups.generation = self.generation;
        }
        let base = self.segments[index].base_offset;
        let known = lookups.facts.iter().find(|(of, asked, _)| *of == base && *asked == question);
        if let Some(told) = known.and_then(|(_, _, answer)| pick(answer)) {
            return Ok(told);
        }
        lookups.search = Some(Box::new(self.search(index, question)));
        Err(Halt::Searching)
    }

    fn search(&self, index: usize, question: Question) -> Search {
        let segment = &self.segments[index];
        let offset_floor = match question {
            Question::PositionOf(offset) => {
                let relative = offset.0.saturating_sub(segment.base_offset.0);
                segment.offsets.floor(|entry| i64::from(entry.relative) <= relative)
            }
            Question::StopWithin(room) => {
                segment.offsets.floor(|entry| u64::from(entry.position) <= room.wanted)
            }
            Question::LargestTime(Span { below, .. }) => {
                let relative = below.0.saturating_sub(segment.base_offset.0);
                segment.offsets.floor(|entry| i64::from(entry.relative) < relative)
            }
            _ => Floor::Known(None),
        };
        let time_floor = match question {
            Question::TimeBefore(timestamp) => segment.times.floor(|entry| entry.timestamp < timestamp),
            Question::LargestTime(Span { below, .. }) => {
                let relative = below.0.saturating_sub(segment.base_offset.0);
                segment.times.floor(|entry| i64::from(entry.relative) < relative)
            }
            _ => Floor::Known(None),
        };
        Search {
            generation: self.generation,
            disk: Arc::clone(&self.disk),
            dir: Arc::clone(&self.dir),
            base: segment.base_offset,
            size: segment.size,
            index_interval_bytes: self.config.index_interval_bytes,
            has_all_times: segment.indexed_timestamp == segment.max_timestamp,
            question,
            file: segment.open_file(),
            offsets: segment.offsets.in_file(),
            offset_floor,
            times: segment.times.in_file(),
            time_floor,
            transactions: segment.transactions.in_file(),
            outcome: None,
        }
    }

    /// Whether the files are still those that a search has looked at.
    pub(crate) fn is_current(&self, search: &Search) -> bool {
        self.generation == search.generation
    }

    /// Takes over what a search found.
    ///
    /// # Errors
    /// `Io` if a rebuilt index cannot be stored; `Corrupt` if it is damaged again and again.
    pub(crate) fn learn(&mut self, search: Search, lookups: &mut Lookups) -> Result<(), LogError> {
        let found = self.segments.binary_search_by_key(&search.base, |segment| segment.base_offset);
        let Some(index) = found.ok().filter(|_| self.is_current(&search)) else { return Ok(()) };
        let Search { base, question, file, offsets, times, transactions, outcome, .. } = search;
        let segment = &mut self.segments[index];
        segment.keep_file(file);
        segment.offsets.learn(offsets);
        segment.times.learn(times);
        segment.transactions.learn(transactions);
        if !matches!(outcome, Some(Outcome::Answered(_))) {
            lookups.rebuilds += 1;
            if lookups.rebuilds > REBUILDS_MAX {
                let path = self.log_path(base);
                let reason = "an index of the segment is damaged again right after it was rebuilt";
                return Err(LogError::corrupt(&path, 0, reason));
            }
        }
        match outcome {
            Some(Outcome::Answered(answer)) => {
                self.note_answer(base, &question, &answer);
                lookups.facts.push((base, question, answer));
            }
            Some(Outcome::Rebuilt(rebuilt)) => {
                self.generation += 1;
                self.with_segment(index, |segment, files| {
                    segment.replace_indexes(*rebuilt);
                    segment.store_indexes(files)
                })?;
            }
            Some(Outcome::TransactionsDamaged) => {
                self.generation += 1;
                self.rebuild_transaction_index(index)?;
            }
            None => {}
        }
        Ok(())
    }

    /// Remembers batch boundaries: the next reader may ask for the same.
    fn note_answer(&mut self, segment_base: Offset, question: &Question, answer: &Answer) {
        let boundary = match (question, answer) {
            (Question::PositionOf(offset), Answer::Position(position)) => (*offset, *position),
            (Question::StopWithin(room), Answer::Stop(stop)) if stop.position > room.start => {
                (stop.offset, stop.position)
            }
            _ => return,
        };
        self.hints.note_read(Boundary { offset: boundary.0, segment_base, position: boundary.1 });
    }

    /// Calls `act` until it needs nothing more of the files, which are looked through at once: for owners of the log.
    pub(super) fn settle<T>(
        &mut self,
        mut act: impl FnMut(&mut PartitionLog, &mut Lookups) -> Result<T, Halt>,
    ) -> Result<T, LogError> {
        let mut lookups = Lookups::default();
        loop {
            match act(self, &mut lookups) {
                Ok(done) => return Ok(done),
                Err(Halt::Failed(error)) => return Err(error),
                Err(Halt::Searching) => {
                    let mut search = lookups.take_search().expect("whoever halts has said what to look for");
                    search.run(Wait::Allowed)?;
                    self.learn(*search, &mut lookups)?;
                }
            }
        }
    }
}
