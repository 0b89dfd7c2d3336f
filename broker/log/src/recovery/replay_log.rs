//! Puts the commit log's entries of one partition into its segments, and brings its checkpoint in line with them.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use broker_protocol::types::Offset;

use super::segment_bases;
use crate::commit_log::{EntryHeader, EntryKind, Replay};
use crate::io::{DirEntry, Disk, FileHandle, OpenMode};
use crate::log_config::LogIdentity;
use crate::producer_state::ProducerTable;
use crate::segment::{DELETED_SUFFIX, LOG_SUFFIX, Segment, file_name};
use crate::tail_checkpoint::{SegmentSummary, TailCheckpoint};

/// What a replay did.
pub(super) struct Replayed {
    /// What to open the log with.
    pub(super) tail: Option<TailCheckpoint>,
    /// Everything below was durable.
    pub(super) claimed_end: Option<Offset>,
    /// The log starts here at least.
    pub(super) log_start: Option<Offset>,
    /// There were entries.
    pub(super) rebuilt: bool,
}

/// Replays one log. `ours` says that a checkpoint exists, so a log without a tail is younger than it.
pub(super) fn replay_log(
    disk: &dyn Disk,
    dir: &Path,
    identity: &LogIdentity,
    tail: Option<&TailCheckpoint>,
    files: &[DirEntry],
    replay: &Replay,
    ours: bool,
) -> io::Result<Replayed> {
    let entries = || replay.entries_of(identity.topic_id, identity.partition);
    let starts = entries().filter(|(header, _)| header.kind == EntryKind::LogStart);
    let log_start =
        starts.map(|(header, _)| header.end_offset).chain(tail.map(|tail| tail.log_start_offset)).max();
    let mut bases = segment_bases(files);
    let known_bases: BTreeSet<Offset> =
        entries().filter(|(header, _)| is_append(header)).map(|(header, _)| header.segment_base).collect();
    let is_gone = |base: Offset, bases: &BTreeSet<Offset>| {
        let next = bases.union(&known_bases).find(|next| **next > base).copied();
        !bases.contains(&base) && next.is_some_and(|next| Some(next) <= log_start)
    };
    let mut writer = SegmentWriter { disk, dir, open: None };
    let (mut claimed_end, mut cut_below, mut rebuilt) = (None, None, false);
    for (header, bytes) in entries() {
        rebuilt = true;
        match header.kind {
            EntryKind::Append if is_gone(header.segment_base, &bases) => {}
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
            EntryKind::LogStart => {}
        }
    }
    // A checkpoint of more than the log had after a truncation describes bytes that are gone.
    let usable = |tail: &&TailCheckpoint| cut_below.is_none_or(|cut| cut >= tail.recovery_point);
    let tail = match tail {
        Some(tail) => Some(tail).filter(usable).map(|tail| without_deleted(tail, &bases, log_start)),
        None if ours => bases.first().map(|base| tail_of_new_log(identity, *base)),
        None => None,
    };
    Ok(Replayed { tail, claimed_end, log_start, rebuilt })
}

fn is_append(header: &EntryHeader) -> bool {
    header.kind == EntryKind::Append
}

/// Writes what is not in place yet. Files are found and made by name; the last one stays open.
struct SegmentWriter<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    open: Option<(Offset, FileHandle)>,
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
        let file = self.file(header.segment_base)?;
        let mut present = vec![0; bytes.len()];
        if file.read_at(&mut present, header.position)? == bytes.len() && present == bytes {
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

/// The checkpoint without the segments that retention has deleted since, whose end the log start has passed.
fn without_deleted(
    tail: &TailCheckpoint,
    bases: &BTreeSet<Offset>,
    log_start: Option<Offset>,
) -> TailCheckpoint {
    let mut tail = tail.clone();
    let log_start = log_start.unwrap_or(tail.log_start_offset);
    let is_deleted =
        |summary: &SegmentSummary| !bases.contains(&summary.base_offset) && summary.next_offset <= log_start;
    tail.segments.retain(|summary| !is_deleted(summary));
    if tail.segments.is_empty() {
        let base = bases.range(tail.recovery_point..).next().copied().unwrap_or(tail.recovery_point);
        tail.segments.push(SegmentSummary::of(&Segment::empty(base, 0)));
        tail.recovery_point = base;
    }
    tail.log_start_offset = tail.log_start_offset.max(log_start.min(tail.recovery_point));
    tail
}

/// A log that was made after the last checkpoint has nothing that may be trusted, and is read from its first segment.
fn tail_of_new_log(identity: &LogIdentity, base: Offset) -> TailCheckpoint {
    TailCheckpoint {
        identity: identity.clone(),
        log_start_offset: base,
        recovery_point: base,
        segments: vec![SegmentSummary::of(&Segment::empty(base, 0))],
        epochs: Vec::new(),
        producers: ProducerTable::default(),
    }
}
