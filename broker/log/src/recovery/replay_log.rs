//! Puts the commit log's entries of one partition into its segments, and brings its checkpoint in line with them.

use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use broker_protocol::record_batch::RecordBatch;
use broker_protocol::types::Offset;

use super::{Found, segment_bases};
use crate::batch_scan::scan_batches;
use crate::commit_log::{EntryHeader, EntryKind};
use crate::io::{DirEntry, Disk, FileHandle, OpenMode};
use crate::log_config::LogIdentity;
use crate::manager::LogKey;
use crate::producer_snapshot;
use crate::producer_state::ProducerTable;
use crate::segment::{DELETED_SUFFIX, LOG_SUFFIX, SNAPSHOT_SUFFIX, Segment, file_name};
use crate::tail_checkpoint::{SegmentSummary, TailCheckpoint};

/// What a replay did.
pub(super) struct Replayed {
    /// What to open the log with.
    pub(super) tail: Option<TailCheckpoint>,
    /// Everything below was durable.
    pub(super) claimed_end: Option<Offset>,
    /// The log starts here at least.
    pub(super) log_start: Option<Offset>,
    /// Readers may ask from here on, where that is not all there is on the disk.
    pub(super) remote_start: Option<Offset>,
    /// There were entries.
    pub(super) rebuilt: bool,
    /// Among them was a truncation.
    pub(super) truncated: bool,
    /// The tail names a segment of which no checkpoint says that its name is durable.
    pub(super) new_segment: bool,
}

/// Replays one log.
pub(super) fn replay_log(
    disk: &dyn Disk,
    dir: &Path,
    (identity, tail): (&LogIdentity, Option<&TailCheckpoint>),
    found: &Found,
    files: &[DirEntry],
) -> io::Result<Replayed> {
    // Where a checkpoint exists, a log without a tail is younger than it.
    let ours = !found.is_foreign();
    let entries = || found.replay.entries_of(identity.topic_id, identity.partition);
    let starts = |kind| {
        let of_kind = entries().filter(move |(header, _)| header.kind == kind);
        of_kind.map(|(header, _)| header.end_offset)
    };
    let log_start = starts(EntryKind::LogStart).chain(tail.map(|tail| tail.log_start_offset)).max();
    let remote_start = starts(EntryKind::RemoteStart).chain(tail.and_then(|tail| tail.remote_start)).max();
    let mut bases = segment_bases(files);
    let first_needed = first_needed(&bases, entries().map(|(header, _)| header), tail, log_start);
    let tells = first_needed.is_some_and(|first| !knows_producers(tail, first));
    let mut writer = SegmentWriter { disk, dir, open: None, distrust_cache: found.distrust_cache };
    let (mut claimed_end, mut cut_below, mut rebuilt) = (tail.map(|tail| tail.recovery_point), None, false);
    for (header, bytes) in entries() {
        rebuilt = true;
        match header.kind {
            // What is left out tells of producers only, and is set aside afterwards.
            EntryKind::Append if Some(header.segment_base) < first_needed && tells => {
                writer.write(header, bytes)?;
            }
            EntryKind::Append if Some(header.segment_base) < first_needed => {}
            EntryKind::Append => {
                writer.write(header, bytes)?;
                bases.insert(header.segment_base);
                claimed_end = claimed_end.max(Some(header.end_offset));
            }
            EntryKind::Truncate => {
                writer.truncate(header, &mut bases)?;
                claimed_end = claimed_end.map(|end: Offset| end.min(header.end_offset));
                cut_below =
                    Some(cut_below.map_or(header.end_offset, |cut: Offset| cut.min(header.end_offset)));
            }
            EntryKind::LogStart | EntryKind::RemoteStart => {}
        }
    }
    // A checkpoint of more than the log had after a truncation describes bytes that are gone.
    let usable = |tail: &&TailCheckpoint| cut_below.is_none_or(|cut| cut >= tail.recovery_point);
    let tail = match (tail, first_needed) {
        (Some(tail), Some(first)) => {
            Some(tail).filter(usable).map(|tail| from_segment(disk, dir, tail, first))
        }
        (Some(tail), None) => Some(tail).filter(usable).cloned(),
        (None, first) if ours => first
            .or(bases.first().copied())
            .map(|base| tail_at(identity.clone(), base, ProducerTable::default())),
        (None, _) => None,
    };
    let new_segment = tail.as_ref().is_some_and(|tail| tail.segments.iter().all(|summary| summary.size == 0));
    let truncated = cut_below.is_some();
    Ok(Replayed { tail, claimed_end, log_start, remote_start, rebuilt, truncated, new_segment })
}

/// The segment that holds the log start, if one before it is not there any more: retention has deleted it, or its name
/// was lost together with what nobody needs. What is before the log start is then left out altogether, for a log has
/// no gaps; only producers are looked for in it. `None` if all segments are needed or there.
fn first_needed<'a>(
    bases: &BTreeSet<Offset>,
    entries: impl Iterator<Item = &'a EntryHeader>,
    tail: Option<&TailCheckpoint>,
    log_start: Option<Offset>,
) -> Option<Offset> {
    let log_start = log_start?;
    // A file with none of these that is not there was deleted; with one, its name was lost, and all of it is here.
    let appends: Vec<&EntryHeader> = entries.filter(|header| header.kind == EntryKind::Append).collect();
    let is_needed = |header: &&&EntryHeader| header.end_offset > log_start;
    let needed = appends.iter().filter(is_needed).map(|header| header.segment_base);
    let usable: BTreeSet<Offset> = bases.iter().copied().chain(needed).collect();
    let described = tail.iter().flat_map(|tail| &tail.segments).map(|summary| summary.base_offset);
    let described = described.chain(appends.iter().map(|header| header.segment_base));
    let all: BTreeSet<Offset> = usable.iter().copied().chain(described).collect();
    let first = match all.range(..=log_start).next_back() {
        Some(first) if usable.contains(first) => *first,
        // All were deleted, and the name of the empty segment behind them is lost.
        _ => log_start,
    };
    let is_missing = !usable.contains(&first) || all.range(..first).any(|base| !bases.contains(base));
    is_missing.then_some(first)
}

/// Writes what is not in place yet. Files are found and made by name; the last one stays open.
struct SegmentWriter<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    open: Option<(Offset, FileHandle)>,
    distrust_cache: bool,
}

impl SegmentWriter<'_> {
    fn file(&mut self, base: Offset) -> io::Result<&FileHandle> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != base) {
            let path = self.dir.join(file_name(base, LOG_SUFFIX));
            self.open = Some((base, self.disk.open(&path, OpenMode::CREATE)?));
        }
        Ok(&self.open.as_ref().expect("set just above").1)
    }

    /// After a kill the page cache has the bytes; writing them again would only make them dirty.
    fn write(&mut self, header: &EntryHeader, bytes: &[u8]) -> io::Result<()> {
        let distrust_cache = self.distrust_cache;
        let file = self.file(header.segment_base)?;
        let mut present = vec![0; bytes.len()];
        if !distrust_cache && file.read_at(&mut present, header.position)? == bytes.len() && present == bytes
        {
            return Ok(());
        }
        file.write_at(bytes, header.position)
    }

    fn truncate(&mut self, header: &EntryHeader, bases: &mut BTreeSet<Offset>) -> io::Result<()> {
        let file = self.file(header.segment_base)?;
        if file.len()? > header.position {
            file.set_len(header.position)?;
        }
        bases.insert(header.segment_base);
        for base in bases.split_off(&header.segment_base.plus(1)) {
            let name = file_name(base, LOG_SUFFIX);
            self.disk.rename(&self.dir.join(&name), &self.dir.join(format!("{name}.{DELETED_SUFFIX}")))?;
        }
        Ok(())
    }
}

/// The checkpoint without the segments before `first`.
fn from_segment(disk: &dyn Disk, dir: &Path, tail: &TailCheckpoint, first: Offset) -> TailCheckpoint {
    let tail_before = tail;
    let mut tail = tail.clone();
    tail.segments.retain(|summary| summary.base_offset >= first);
    if tail.segments.is_empty() {
        // Where nothing tells how far the checkpoint's producers have come, none may be refused for it.
        let producers =
            producers_before(disk, dir, tail_before, first).or_else(|| snapshot_at(disk, dir, first));
        let TailCheckpoint { identity, epochs, clean_below, swaps, remote_start, .. } = tail;
        let at_first = tail_at(identity, first, producers.unwrap_or_default());
        return TailCheckpoint { epochs, clean_below, swaps, remote_start, ..at_first };
    }
    tail.log_start_offset = tail.log_start_offset.max(first);
    tail
}

/// The producers as they were when the segment at `base` was made, if that was kept.
fn snapshot_at(disk: &dyn Disk, dir: &Path, base: Offset) -> Option<ProducerTable> {
    let bytes = disk.read(&dir.join(file_name(base, SNAPSHOT_SUFFIX))).ok()?;
    producer_snapshot::decode(&bytes).ok()
}

/// Whether what the checkpoint describes tells of the producers, as it goes on behind `first`; or nothing can.
fn knows_producers(tail: Option<&TailCheckpoint>, first: Offset) -> bool {
    tail.is_none_or(|tail| tail.segments.iter().any(|summary| summary.base_offset >= first))
}

/// The producers as they were when the log ended at `first`, from the checkpoint or a snapshot on and what is left of the
/// segments behind it; `None` if that does not tell.
fn producers_before(
    disk: &dyn Disk,
    dir: &Path,
    tail: &TailCheckpoint,
    first: Offset,
) -> Option<ProducerTable> {
    let bases = segment_bases(&disk.list(dir).ok()?);
    let last = tail.segments.last()?;
    // The further back, the more batches of each producer are known: a snapshot tells of the last one only.
    let of_tail = (tail.recovery_point <= first)
        .then(|| ((tail.recovery_point, last.base_offset, last.size), tail.producers.clone()));
    let of_snapshots = bases.range(..=first).filter_map(|&base| {
        let producers = snapshot_at(disk, dir, base)?;
        Some(((base, base, 0), producers))
    });
    of_tail
        .into_iter()
        .chain(of_snapshots)
        .find_map(|(from, known)| go_on(disk, dir, &bases, (from, known), first))
}

/// Brings the producers that are known at an offset, in a segment and at a position of it, to `first`.
fn go_on(
    disk: &dyn Disk,
    dir: &Path,
    bases: &BTreeSet<Offset>,
    ((mut next, from_base, from_position), mut producers): ((Offset, Offset, u64), ProducerTable),
    first: Offset,
) -> Option<ProducerTable> {
    for &base in bases.range(from_base..first) {
        let path = dir.join(file_name(base, LOG_SUFFIX));
        let file = disk.open(&path, OpenMode::READ).ok()?;
        let start = if base == from_base { from_position } else { 0 };
        let visit = |_: u64, batch: &RecordBatch<'_>| {
            if batch.header.base_offset > next {
                return ControlFlow::Break("there is a gap before it".to_owned());
            }
            if batch.header.next_offset() > next {
                producers.apply(batch);
                next = batch.header.next_offset();
            }
            ControlFlow::Continue(())
        };
        scan_batches(file.as_ref(), &path, start, file.len().ok()?, visit).ok()?;
    }
    (next >= first).then_some(producers)
}

/// A checkpoint that trusts nothing from the segment at `base` on: that of a log which is younger than the last
/// checkpoint, and is read from its first segment.
fn tail_at(identity: LogIdentity, base: Offset, producers: ProducerTable) -> TailCheckpoint {
    TailCheckpoint {
        identity,
        log_start_offset: base,
        recovery_point: base,
        segments: vec![SegmentSummary::of(&Segment::empty(base, 0))],
        epochs: Vec::new(),
        producers,
        clean_below: Offset(0),
        swaps: 0,
        remote_start: None,
    }
}

/// Stands for a log of which only the topic id is known, and that it held records; the id is all the name there is.
pub(super) fn nameless_tail((topic_id, partition): LogKey) -> TailCheckpoint {
    let identity = LogIdentity { topic: topic_id.to_string().into(), topic_id, partition };
    tail_at(identity, Offset(0), ProducerTable::default())
}
