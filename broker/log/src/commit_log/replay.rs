//! Reads the commit log back after a start: which frames count, in which order, and whether one is missing.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::Path;

use broker_protocol::types::{PartitionIndex, TopicId};

use super::frame::{EntryHeader, Frame, encode_entries, read_entries, read_frame};
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
    /// All files, those with frames that count marked so.
    pub(super) states: Vec<FileState>,
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
    replay.order(frames, from_lsn);
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
    let read = file.read_at(&mut first[..DIRECT_BLOCK], 0)?;
    if read < DIRECT_BLOCK || first[..4] == [0; 4] {
        return Ok(None);
    }
    let read = file.read_at(&mut first, 0)?;
    let Some(frame) = read_frame(&first[..read], 0) else { return Ok(None) };
    if frame.lsn < from_lsn || frame.epoch < replay.epoch_min {
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
    let mut lsn = first_lsn;
    while let Some(frame) = next.take().filter(|frame| frame.lsn == lsn && frame.epoch == epoch) {
        lsn += 1;
        next = read_frame(&bytes, frame.end);
        frames.push((replay.files.len(), frame));
    }
    replay.epoch = replay.epoch.max(epoch);
    replay.files.push(bytes);
    Ok(Some(first_lsn))
}

impl Replay {
    /// Puts frames in order and drops those that a later incarnation did not see when it began.
    fn order(&mut self, mut frames: Vec<(usize, Frame)>, from_lsn: u64) {
        frames.sort_by_key(|(_, frame)| (frame.lsn, frame.epoch));
        let mut epoch_starts: BTreeMap<u64, u64> = BTreeMap::new();
        for (_, frame) in &frames {
            let start = epoch_starts.entry(frame.epoch).or_insert(frame.lsn);
            *start = (*start).min(frame.lsn);
        }
        let superseded =
            |frame: &Frame| epoch_starts.range(frame.epoch + 1..).any(|(_, start)| frame.lsn >= *start);
        self.next_lsn = from_lsn;
        for (file, frame) in frames {
            if superseded(&frame) {
                continue;
            }
            if frame.lsn > self.next_lsn {
                self.missing.push(self.next_lsn..frame.lsn);
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
