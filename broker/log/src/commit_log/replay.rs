//! Reads the commit log back after a start: which frames count, in which order, and whether one is damaged or missing.
//!
//! A frame is written only once the one before it is durable. A place without a valid frame is therefore a torn tail as
//! long as none of the same incarnation with a later LSN is there; with one, what has been durable was damaged since.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use broker_protocol::types::{PartitionIndex, TopicId};

use super::frame::{EntryHeader, Frame, encode_entries, find_frame, read_entries, read_frame};
use super::{FileState, file_name, file_number};
use crate::io::{DIRECT_BLOCK, Disk, OpenMode, rewrite};

/// The entries that a checkpoint does not cover yet.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    /// Whole files, for as long as the replay lasts.
    files: Vec<Vec<u8>>,
    entries: BTreeMap<(TopicId, PartitionIndex), Vec<ReplayEntry>>,
    /// The LSN after the last valid one.
    pub(crate) next_lsn: u64,
    /// The highest incarnation seen.
    pub(crate) epoch: u64,
    epoch_min: u64,
    rewrite: bool,
    /// Bytes of valid frames.
    pub(crate) bytes: u64,
    /// LSNs that must have been there and were not: the medium has lost what it had confirmed.
    pub(crate) missing: Vec<Range<u64>>,
    /// Where a frame is damaged that must have been durable: a later one is in the same file.
    pub(crate) damaged: Vec<Damage>,
    /// Where the missing ones should begin.
    pub(crate) gaps: Vec<Damage>,
    /// Where the frames of each file end that counts.
    ends: Vec<Damage>,
    /// All files, those with frames that count marked so.
    pub(super) states: Vec<FileState>,
}

/// A place of the commit log without the frame that is due there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Damage {
    /// The file, or the commit log's directory where the file is not known.
    pub(crate) path: PathBuf,
    /// Where in the file, in bytes.
    pub(crate) position: u64,
    epoch: u64,
    /// That of the frame which is due, or of a later one that is there.
    lsn: u64,
}

#[derive(Clone, Debug)]
struct ReplayEntry {
    header: EntryHeader,
    file: usize,
    bytes: Range<usize>,
}

impl Replay {
    /// The partitions that have entries.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (TopicId, PartitionIndex)> {
        self.entries.keys().copied()
    }

    /// Adds the entries of one partition that a checkpoint has kept, encoded as by [`Replay::encode`]; they are older than
    /// all that the commit log has. What cannot be read is answered with `false`.
    pub(crate) fn add_kept(&mut self, kept: &[u8]) -> bool {
        let Some(entries) = read_entries(kept, 0, None) else { return false };
        let file = self.files.len();
        self.files.push(kept.to_vec());
        let mut older: BTreeMap<_, Vec<ReplayEntry>> = BTreeMap::new();
        for (header, bytes) in entries {
            self.bytes += bytes.len() as u64;
            let key = (header.topic_id, header.partition);
            older.entry(key).or_default().push(ReplayEntry { header, file, bytes });
        }
        for (key, mut entries) in older {
            let later = self.entries.entry(key).or_default();
            entries.append(later);
            *later = entries;
        }
        true
    }

    /// The entries of one partition, for a checkpoint to keep.
    pub(crate) fn encode(&self, topic_id: TopicId, partition: PartitionIndex) -> Vec<u8> {
        encode_entries(self.entries_of(topic_id, partition))
    }

    /// The entries of one partition in the order in which they were written.
    pub(crate) fn entries_of(
        &self,
        topic_id: TopicId,
        partition: PartitionIndex,
    ) -> impl Iterator<Item = (&EntryHeader, &[u8])> {
        let entries = self.entries.get(&(topic_id, partition)).map_or(&[][..], Vec::as_slice);
        entries.iter().map(|entry| (&entry.header, &self.files[entry.file][entry.bytes.clone()]))
    }
}

/// Reads what was written from `from_lsn` on by incarnations not older than `epoch`, that of the checkpoint. Every frame that counts is durable when this returns: a frame may have
/// been left in the page cache by a process that died before it could sync it.
///
/// With `rewrite` the page cache is not trusted: an earlier process has seen a sync fail.
pub(crate) fn read(
    disk: &dyn Disk,
    dir: &Path,
    from_lsn: u64,
    epoch: u64,
    rewrite: bool,
) -> io::Result<Replay> {
    let mut replay = Replay { epoch, epoch_min: epoch, rewrite, ..Replay::default() };
    let mut frames = Vec::new();
    for entry in disk.list(dir)? {
        let Some(number) = file_number(&entry.name) else { continue };
        let live = read_file(disk, &dir.join(file_name(number)), from_lsn, &mut replay, &mut frames)?;
        // A power loss may have left a length in the middle of a block.
        let allocated = entry.len - entry.len % DIRECT_BLOCK as u64;
        replay.states.push(FileState { number, allocated, used: entry.len, live_from: live });
    }
    replay.order(dir, frames, from_lsn);
    Ok(replay)
}

/// Adds the frames of a file and returns its first LSN, if the file counts.
fn read_file(
    disk: &dyn Disk,
    path: &Path,
    from_lsn: u64,
    replay: &mut Replay,
    frames: &mut Vec<(usize, Frame)>,
) -> io::Result<Option<u64>> {
    let file = disk.open(path, OpenMode::WRITE)?;
    // A checkpoint begins a new file, so the first frame tells whether any frame of the file is past it.
    let mut first = vec![0; super::FRAME_BYTES_MAX];
    let read = file.read_at(&mut first, 0)?;
    let counts = |epoch: u64, lsn: u64| lsn >= from_lsn && epoch >= replay.epoch_min;
    let Some(frame) = read_frame(&first[..read], 0) else {
        drop((file, first));
        let bytes = disk.read(path)?;
        let later = find_frame(&bytes, 0, counts, counts);
        replay.damaged.extend(later.map(|frame| Damage::at(path, 0, frame.epoch, frame.lsn)));
        return Ok(None);
    };
    if !counts(frame.epoch, frame.lsn) {
        return Ok(None);
    }
    drop(first);
    if replay.rewrite {
        rewrite(file.as_ref(), 0, file.len()?)?;
    }
    file.sync_data()?;
    drop(file);
    let bytes = disk.read(path)?;
    let (first_lsn, epoch) = (frame.lsn, frame.epoch);
    let mut next = Some(frame);
    let (mut lsn, mut end) = (first_lsn, 0);
    while let Some(frame) = next.take().filter(|frame| frame.lsn == lsn && frame.epoch == epoch) {
        lsn += 1;
        end = frame.end;
        next = read_frame(&bytes, frame.end);
        frames.push((replay.files.len(), frame));
    }
    let later =
        find_frame(&bytes, end, |of, due| (of, due) == (epoch, lsn), |of, at| of == epoch && at > lsn);
    replay.damaged.extend(later.map(|frame| Damage::at(path, end, epoch, frame.lsn)));
    replay.ends.push(Damage::at(path, end, epoch, lsn));
    replay.epoch = replay.epoch.max(epoch);
    replay.files.push(bytes);
    Ok(Some(first_lsn))
}

impl Damage {
    fn at(path: &Path, position: usize, epoch: u64, lsn: u64) -> Damage {
        Damage { path: path.to_owned(), position: position as u64, epoch, lsn }
    }
}

impl Replay {
    /// Puts frames in order and drops those that a later incarnation did not see when it began.
    fn order(&mut self, dir: &Path, mut frames: Vec<(usize, Frame)>, from_lsn: u64) {
        frames.sort_by_key(|(_, frame)| (frame.lsn, frame.epoch));
        let mut epoch_starts: BTreeMap<u64, u64> = BTreeMap::new();
        for (_, frame) in &frames {
            let start = epoch_starts.entry(frame.epoch).or_insert(frame.lsn);
            *start = (*start).min(frame.lsn);
        }
        let is_superseded =
            |epoch: u64, lsn: u64| epoch_starts.range(epoch + 1..).any(|(_, start)| lsn >= *start);
        self.damaged.retain(|damage| !is_superseded(damage.epoch, damage.lsn));
        self.next_lsn = from_lsn;
        for (file, frame) in frames {
            if is_superseded(frame.epoch, frame.lsn) {
                continue;
            }
            if frame.lsn > self.next_lsn {
                self.missing.push(self.next_lsn..frame.lsn);
                let end = self.ends.iter().rfind(|end| end.lsn == self.next_lsn);
                let nowhere = || Damage::at(dir, 0, frame.epoch, self.next_lsn);
                self.gaps.push(end.cloned().unwrap_or_else(nowhere));
            }
            self.next_lsn = frame.lsn + 1;
            for (header, bytes) in frame.entries {
                self.bytes += bytes.len() as u64;
                let key = (header.topic_id, header.partition);
                self.entries.entry(key).or_default().push(ReplayEntry { header, file, bytes });
            }
        }
    }
}
