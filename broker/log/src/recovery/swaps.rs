//! Brings to an end, or drops, what a stop has left of segments that were to take the place of others.
//!
//! What a swap record says has happened, and is done again as far as it was lost; all else is dropped. In a directory that
//! Kafka wrote there are no records: there, as Kafka has it, a `.swap` is completed and a `.cleaned` dropped.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::{Path, PathBuf};

use broker_protocol::types::Offset;

use super::{Found, segment_bases};
use crate::batch_scan::walk_headers;
use crate::commit_log::EntryKind;
use crate::io::{DirEntry, OpenMode};
use crate::log::set_aside;
use crate::log_config::LogIdentity;
use crate::log_error::LogError;
use crate::manager::LogDirError;
use crate::manager::shared::Shared;
use crate::segment::{Files, LOG_SUFFIX};
use crate::swap_files::{self, CLEANED, SWAP};
use crate::swap_record::{self, Named, SwapRecord};
use crate::tail_checkpoint::TailCheckpoint;

/// What was found and settled.
pub(super) struct SettledSwaps {
    /// The log's place in the checkpoint, in line with the records.
    pub(super) tail: Option<TailCheckpoint>,
    /// Records that the checkpoint does not know of, by number.
    pub(super) records: Vec<(u64, PathBuf)>,
}

/// Settles the swaps of one log; `None` if there were none, and no file was touched.
///
/// # Errors
/// `Corrupt` if a record that counts is damaged, or neither it nor what it names fits the files; `Io`.
pub(super) fn settle(
    shared: &Shared,
    found: &Found,
    dir: &Path,
    (identity, tail): (&LogIdentity, Option<&TailCheckpoint>),
    listed: &[DirEntry],
) -> Result<Option<SettledSwaps>, LogDirError> {
    let is_ours =
        |file: &DirEntry| swap_record::parse(&file.name).is_some() || swap_files::parse(&file.name).is_some();
    if !listed.iter().any(is_ours) {
        return Ok(None);
    }
    let files = Files { disk: shared.disk.as_ref(), dir };
    let needed = needed(found, identity, tail);
    let mut settling = Settling { files, listed, needed, aside: Vec::new(), unused: unused(listed) };
    let records = settling.live_records(tail.map(|tail| tail.swaps))?;
    let mut tail = tail.cloned();
    for (index, record) in records.iter().enumerate() {
        // A later one may have replaced what this one has put in place.
        if !records[index + 1..].iter().any(|later| later.covers(record.first)) {
            settling.redo(record, tail.as_mut())?;
        }
    }
    if let (Some(tail), Some(last)) = (&mut tail, records.last()) {
        tail.swaps = tail.swaps.max(last.number);
    }
    if tail.is_none() && found.is_foreign() {
        settling.complete_kafkas()?;
    }
    for base in std::mem::take(&mut settling.unused) {
        swap_files::remove(files, base)?;
    }
    // Before a checkpoint counts that makes the records superfluous.
    files.disk.sync_dir(dir).map_err(LogDirError::io(dir))?;
    shared.removals.add_files(settling.aside, 0);
    let records = records.iter().map(|record| (record.number, swap_record::path(dir, record.number)));
    Ok(Some(SettledSwaps { tail, records: records.collect() }))
}

/// Where the segments end that nothing has taken away since: not before the log start, nor behind a truncation.
fn needed(found: &Found, identity: &LogIdentity, tail: Option<&TailCheckpoint>) -> RangeInclusive<Offset> {
    let of_kind = |kind| {
        let entries = found.replay.entries_of(identity.topic_id, identity.partition);
        entries.filter(move |(header, _)| header.kind == kind).map(|(header, _)| header.end_offset)
    };
    let starts = of_kind(EntryKind::LogStart).chain(tail.map(|tail| tail.log_start_offset));
    let cut = of_kind(EntryKind::Truncate).min().unwrap_or(Offset(i64::MAX));
    starts.max().unwrap_or_default().plus(1)..=cut
}

/// First offsets of the segments that were to take the place of others.
fn unused(listed: &[DirEntry]) -> BTreeSet<Offset> {
    listed.iter().filter_map(|file| swap_files::parse(&file.name)).map(|(base, ..)| base).collect()
}

struct Settling<'a> {
    files: Files<'a>,
    listed: &'a [DirEntry],
    /// Where the segments end that must be there.
    needed: RangeInclusive<Offset>,
    /// To be removed.
    aside: Vec<PathBuf>,
    /// Segments that wait to take the place of others, by first offset: those that nothing speaks for.
    unused: BTreeSet<Offset>,
}

impl Settling<'_> {
    /// The records with higher numbers than `known`, in order. The others are set aside, and what was not finished is
    /// removed.
    fn live_records(&mut self, known: Option<u64>) -> Result<Vec<SwapRecord>, LogDirError> {
        let mut records = Vec::new();
        for file in self.listed {
            let path = self.files.dir.join(&file.name);
            match swap_record::parse(&file.name) {
                None => {}
                Some(Named::Record(number)) if known.is_none_or(|known| number > known) => {
                    let bytes = self.files.disk.read(&path).map_err(LogDirError::io(&path))?;
                    let record = SwapRecord::decode(&bytes).filter(|record| record.number == number);
                    let damaged = || LogError::corrupt(&path, 0, "the record of a swap is damaged");
                    records.push(record.ok_or_else(damaged)?);
                }
                Some(Named::Record(_)) => self.aside.push(path),
                Some(Named::Unfinished) => {
                    self.files.disk.remove_file(&path).map_err(LogDirError::io(&path))?;
                }
            }
        }
        records.sort_by_key(|record| record.number);
        Ok(records)
    }

    /// Does what a record says, as far as it is not done.
    fn redo(&mut self, record: &SwapRecord, tail: Option<&mut TailCheckpoint>) -> Result<(), LogDirError> {
        let is_there = |tail: &TailCheckpoint| tail.segments.iter().any(|s| record.covers(s.base_offset));
        if tail.as_deref().is_some_and(|tail| !is_there(tail)) {
            // Deleted since, and in the checkpoint it is.
            return Ok(());
        }
        let (first, size) = (record.first, record.segment.size);
        let path = self.files.path(first, LOG_SUFFIX);
        let waits = self.len(&swap_files::path(self.files.dir, first, LOG_SUFFIX, SWAP)).is_some();
        if waits {
            self.unused.remove(&first);
        } else if self.len(&path) != Some(size) {
            // Of what was deleted since, or cut and written to again, the commit log tells, not the file's length.
            let was_cut = *self.needed.end() < Offset(i64::MAX);
            let is_gone = was_cut || !self.needed.contains(&record.segment.next_offset);
            return match tail {
                None => Ok(()),
                Some(tail) if is_gone => {
                    record.apply(tail);
                    Ok(())
                }
                // It was taken back, and what was to give way is there: the end of the record itself was lost.
                Some(tail) if self.has_all(record, tail) => Ok(()),
                Some(_) => {
                    let reason = format!("swap {} put {size} bytes here, which are gone", record.number);
                    Err(LogError::corrupt(&path, 0, reason).into())
                }
            };
        }
        self.put_in_place(first, record.end)?;
        if let Some(tail) = tail {
            record.apply(tail);
        }
        Ok(())
    }

    /// Whether the segments that a record replaces are there as the checkpoint has them.
    fn has_all(&self, record: &SwapRecord, tail: &TailCheckpoint) -> bool {
        let mut replaced = tail.segments.iter().filter(|segment| record.covers(segment.base_offset));
        replaced.all(|segment| {
            let path = self.files.path(segment.base_offset, LOG_SUFFIX);
            self.len(&path).is_some_and(|len| len >= segment.size)
        })
    }

    fn len(&self, path: &Path) -> Option<u64> {
        let name = path.file_name()?.to_str()?;
        self.listed.iter().find(|file| file.name == name).map(|file| file.len)
    }

    /// Sets the segments from `first` up to `end` aside, and has what waits there take their place.
    fn put_in_place(&mut self, first: Offset, end: Offset) -> Result<(), LogDirError> {
        for base in segment_bases(self.listed).range(first.plus(1)..end.max(first.plus(1))) {
            set_aside(self.files, *base, &mut self.aside)?;
        }
        Ok(swap_files::to_place(self.files, first)?)
    }

    /// Completes what Kafka had written whole. Where it was about to split a segment it had begun to write the parts anew:
    /// then the segment itself is still there.
    fn complete_kafkas(&mut self) -> Result<(), LogDirError> {
        let named = |ending: &'static str| {
            let parsed = self.listed.iter().filter_map(|file| swap_files::parse(&file.name));
            let logs = parsed.filter(move |(_, suffix, of)| *suffix == LOG_SUFFIX && *of == ending);
            logs.map(|(base, ..)| base).collect::<BTreeSet<Offset>>()
        };
        let first_cleaned = named(CLEANED).first().copied().unwrap_or(Offset(i64::MAX));
        for first in named(SWAP).range(..first_cleaned) {
            let path = swap_files::path(self.files.dir, *first, LOG_SUFFIX, SWAP);
            let file = self.files.disk.open(&path, OpenMode::READ).map_err(LogDirError::io(&path))?;
            let len = file.len().map_err(LogDirError::io(&path))?;
            let mut end = *first;
            walk_headers(file.as_ref(), &path, 0, len, |_, header| {
                end = header.next_offset();
                ControlFlow::<()>::Continue(())
            })?;
            self.unused.remove(first);
            self.put_in_place(*first, end)?;
        }
        Ok(())
    }
}
