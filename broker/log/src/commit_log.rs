//! The commit log: one file for the small batches of many partitions, so that a cycle costs one disk write.
//!
//! Files of fixed size in `<data dir>/commit-log/`, written in frames (`frame.rs`) with consecutive LSNs. A file is
//! written from its start again once a checkpoint covers all of it; recycled blocks need no journal commit, and the
//! older LSNs behind the last frame tell that they do not count. Invariant: no frame is overwritten before a durable
//! checkpoint has an LSN above it.

mod frame;
mod replay;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use frame::{AlignedBuffer, FrameBuilder};
pub(crate) use frame::{EntryHeader, EntryKind, FRAME_BYTES_MAX, crc32c};
pub(crate) use replay::{Replay, read};

use broker_protocol::types::Offset;

use crate::io::{DIRECT_BLOCK, Disk, DiskFile, FileHandle, OpenMode};

/// Directory of the commit log inside the data directory.
pub(crate) const COMMIT_LOG_DIR: &str = "commit-log";

/// Sizes of the commit log in bytes; all multiples of [`DIRECT_BLOCK`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommitLogSizes {
    /// Size of one file, at least 2 MiB in production (a frame is up to 1 MiB).
    pub file_bytes: u64,
    /// A file grows by this much at once, in zeroes: the frames that follow overwrite and need no journal commit.
    pub extend_bytes: u64,
    /// Bound of all that is not covered by a checkpoint; past it, cycles sync segments instead.
    pub uncovered_bytes_max: u64,
}

impl Default for CommitLogSizes {
    fn default() -> CommitLogSizes {
        CommitLogSizes { file_bytes: 16 << 20, extend_bytes: 1 << 20, uncovered_bytes_max: 256 << 20 }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct FileState {
    number: u64,
    /// Length of the file.
    allocated: u64,
    /// Bytes written since it was recycled.
    used: u64,
    /// First LSN, unless all of the file is covered by a checkpoint.
    live_from: Option<u64>,
}

#[derive(Debug)]
struct CurrentFile {
    file: FileHandle,
    state: FileState,
}

/// The writing side. One owner at a time: the committer's cycle, or the checkpoint for a moment.
#[derive(Debug)]
pub(crate) struct CommitLog {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    sizes: CommitLogSizes,
    direct: bool,
    epoch: u64,
    next_lsn: u64,
    frame: FrameBuilder,
    current: Option<CurrentFile>,
    live: Vec<FileState>,
    free: Vec<FileState>,
    next_number: u64,
    zeroes: AlignedBuffer,
}

impl CommitLog {
    /// A new incarnation behind what was replayed. Writes nothing yet.
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        sizes: CommitLogSizes,
        replay: &Replay,
    ) -> CommitLog {
        let extend = usize::try_from(sizes.extend_bytes).unwrap_or(FRAME_BYTES_MAX).max(DIRECT_BLOCK);
        let (live, free) = replay.states.iter().partition(|state| state.live_from.is_some());
        CommitLog {
            disk,
            dir,
            sizes,
            direct: true,
            epoch: replay.epoch + 1,
            next_lsn: replay.next_lsn,
            frame: FrameBuilder::new(),
            current: None,
            live,
            free,
            next_number: replay.states.iter().map(|state| state.number + 1).max().unwrap_or(1),
            zeroes: AlignedBuffer::new(extend),
        }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn next_lsn(&self) -> u64 {
        self.next_lsn
    }

    /// Bytes that only the commit log holds durably.
    pub(crate) fn uncovered_bytes(&self) -> u64 {
        let current = self.current.as_ref().map_or(0, |current| current.state.used);
        self.live.iter().map(|state| state.used).sum::<u64>() + current
    }

    /// Whether a checkpoint must come before the next use.
    pub(crate) fn is_full(&self) -> bool {
        self.uncovered_bytes() >= self.sizes.uncovered_bytes_max
    }

    /// Whether something was pushed and is not written.
    pub(crate) fn has_pending(&self) -> bool {
        !self.frame.is_empty()
    }

    /// Forgets what was pushed and not written.
    pub(crate) fn clear(&mut self) {
        self.frame.clear();
    }

    /// Adds an entry without bytes.
    pub(crate) fn push(&mut self, header: &EntryHeader) -> io::Result<()> {
        if self.frame.room().is_none() {
            self.write()?;
        }
        self.frame.push(header, 0);
        Ok(())
    }

    /// Adds the bytes `from..to` of a segment, read back from the page cache. `header.position` is ignored, and only
    /// the last piece carries `end_offset`: the pieces before it, which may be all that a crash leaves, claim no more
    /// than `header.end_offset`.
    pub(crate) fn push_range(
        &mut self,
        header: &EntryHeader,
        end_offset: Offset,
        file: &dyn DiskFile,
        (from, to): (u64, u64),
    ) -> io::Result<()> {
        let mut position = from;
        while position < to {
            let Some(room) = self.frame.room().filter(|room| *room > 0) else {
                self.write()?;
                continue;
            };
            let len = usize::try_from(to - position).unwrap_or(room).min(room);
            let mut piece = EntryHeader { position, ..*header };
            position += len as u64;
            if position == to {
                piece.end_offset = end_offset;
            }
            let place = self.frame.push(&piece, len);
            if file.read_at(place, piece.position)? < len {
                let what = "a segment is shorter than what was appended to it";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
            }
        }
        Ok(())
    }

    /// Writes what was pushed. All of it is durable once this returns `Ok`; after an error other than `StorageFull`
    /// the state of the file is unknown. After `StorageFull`, or if a file cannot be opened now, the frame is still
    /// there: make room and call again.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        let len = self.frame.padded_len();
        if self.current.as_ref().is_none_or(|current| current.state.used + len > self.sizes.file_bytes) {
            Self::retire(&mut self.current, &mut self.live);
            self.current = Some(self.next_file()?);
        }
        let current = self.current.as_mut().expect("set just above");
        while current.state.allocated < current.state.used + len {
            current.file.write_at(self.zeroes.bytes(), current.state.allocated)?;
            current.state.allocated += self.zeroes.bytes().len() as u64;
        }
        current.file.write_at(self.frame.seal(self.epoch, self.next_lsn), current.state.used)?;
        if !self.direct {
            current.file.sync_data()?;
        }
        current.state.live_from.get_or_insert(self.next_lsn);
        current.state.used += len;
        self.next_lsn += 1;
        self.frame.clear();
        Ok(())
    }

    /// Begins a checkpoint: later frames go to another file. Returns the LSN below which everything has been
    /// committed, and which the checkpoint will cover.
    pub(crate) fn begin_checkpoint(&mut self) -> u64 {
        Self::retire(&mut self.current, &mut self.live);
        self.next_lsn
    }

    /// A durable checkpoint covers everything below `lsn`: files with nothing else may be written again.
    pub(crate) fn end_checkpoint(&mut self, lsn: u64) {
        let (covered, live) =
            self.live.iter().partition(|state: &&FileState| state.live_from.is_none_or(|from| from < lsn));
        self.live = live;
        self.free.extend::<Vec<FileState>>(covered);
    }

    fn retire(current: &mut Option<CurrentFile>, live: &mut Vec<FileState>) {
        if let Some(current) = current.take() {
            live.push(current.state);
        }
    }

    fn next_file(&mut self) -> io::Result<CurrentFile> {
        let (mut state, is_new) = match self.free.last() {
            Some(free) => (*free, false),
            None => (FileState { number: self.next_number, allocated: 0, used: 0, live_from: None }, true),
        };
        (state.used, state.live_from) = (0, None);
        let path = self.dir.join(file_name(state.number));
        let file = self.open(&path)?;
        if is_new {
            // First: where it cannot be opened now, the next attempt takes the same file.
            self.disk.sync_dir(&self.dir)?;
            self.next_number += 1;
        } else {
            self.free.pop();
        }
        Ok(CurrentFile { file, state })
    }

    /// Opens for direct writes where the filesystem takes them. Some refuse only the write, so one is tried.
    fn open(&mut self, path: &Path) -> io::Result<FileHandle> {
        if self.direct {
            let mode = OpenMode { direct_sync: true, ..OpenMode::CREATE };
            let opened = self.disk.open(path, mode).and_then(|file| {
                if file.is_empty()? {
                    file.write_at(&self.zeroes.bytes()[..DIRECT_BLOCK], 0)?;
                }
                Ok(file)
            });
            match opened {
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => self.direct = false,
                other => return other,
            }
        }
        self.disk.open(path, OpenMode::CREATE)
    }
}

fn file_name(number: u64) -> String {
    format!("{number:020}.log")
}

fn file_number(name: &str) -> Option<u64> {
    name.strip_suffix(".log").filter(|digits| digits.len() == 20)?.parse().ok()
}

#[cfg(test)]
mod tests;
