//! A file from front to back in pieces, which a thread of its own reads ahead where the disk is one that may wait.

use std::fmt::Debug;
use std::io;
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;

use super::{FileHandle, read_leaving_no_trace};

/// Pieces that wait to be taken at most.
const AHEAD: usize = 2;

/// A piece of a file.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Its bytes: fewer than asked for where the file ends.
    pub(crate) bytes: Vec<u8>,
    /// Some of it was not in memory, and was dropped from there behind the read.
    pub(crate) is_cold: bool,
}

/// The pieces of a range of a file, in order.
pub(crate) enum Pieces {
    /// Each is read when it is asked for.
    Inline(Reader),
    /// A thread reads them and reuses the buffers that come back; it ends when nobody takes them any more.
    Threaded { read: Receiver<io::Result<Piece>>, used: Sender<Vec<u8>> },
}

impl Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pieces")
    }
}

impl Pieces {
    /// Of the bytes in `range`, `piece_bytes` at a time.
    pub(crate) fn of(file: FileHandle, range: Range<u64>, piece_bytes: usize) -> Pieces {
        let is_threaded = file.may_read_ahead() && range.end - range.start > piece_bytes as u64;
        let reader = Reader { file, range, piece_bytes: piece_bytes.max(1) };
        if !is_threaded {
            return Pieces::Inline(reader);
        }
        let (full, read) = sync_channel(AHEAD);
        let (used, empty) = channel::<Vec<u8>>();
        let mut ahead = reader.clone();
        let work = move || {
            while let Some(piece) = ahead.next(empty.try_recv().unwrap_or_default()) {
                let is_over = piece.is_err();
                if full.send(piece).is_err() || is_over {
                    break;
                }
            }
        };
        match thread::Builder::new().name("read-ahead".to_owned()).spawn(work) {
            Ok(_) => Pieces::Threaded { read, used },
            Err(_) => Pieces::Inline(reader),
        }
    }

    /// The next one; none behind the range's end, the file's end or an error. `used` is a buffer that is not needed any more.
    pub(crate) fn next(&mut self, used: Vec<u8>) -> Option<io::Result<Piece>> {
        match self {
            Pieces::Inline(reader) => reader.next(used),
            Pieces::Threaded { read, used: back } => {
                // After the last piece nobody needs it.
                let _ = back.send(used);
                read.recv().ok()
            }
        }
    }
}

/// What is left to be read of a file.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    file: FileHandle,
    range: Range<u64>,
    piece_bytes: usize,
}

impl Reader {
    fn next(&mut self, mut bytes: Vec<u8>) -> Option<io::Result<Piece>> {
        let from = self.range.start;
        let left = usize::try_from(self.range.end.saturating_sub(from)).unwrap_or(usize::MAX);
        let len = left.min(self.piece_bytes);
        bytes.resize(len, 0);
        match read_leaving_no_trace(self.file.as_ref(), &mut bytes, from) {
            Ok((0, _)) => None,
            Ok((read, is_cold)) => {
                bytes.truncate(read);
                self.range.start += read as u64;
                Some(Ok(Piece { bytes, is_cold }))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

/// Closes files whose names are gone. To give up what a large one has in memory takes the kernel a while: 20 ms for 100 MiB.
pub(crate) fn close(files: Vec<FileHandle>) {
    if files.first().is_some_and(|file| file.may_read_ahead()) {
        // Without a thread they are closed here, with the closure.
        let _ = thread::Builder::new().name("close".to_owned()).spawn(move || drop(files));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::io::local_disk::LocalDisk;
    use crate::io::memory_disk::{MemoryDisk, OperationKind};
    use crate::io::{Disk, OpenMode};

    fn taken(mut pieces: Pieces) -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = Vec::new();
        while let Some(piece) = pieces.next(vec![9; 3]) {
            all.push(piece.unwrap().bytes);
        }
        all
    }

    fn lengths(pieces: Pieces) -> Vec<usize> {
        taken(pieces).iter().map(Vec::len).collect()
    }

    #[test]
    fn pieces_are_those_of_the_range_with_and_without_a_thread() {
        let directory = tempfile::tempdir().unwrap();
        let disks: [(Arc<dyn Disk>, &Path); 2] =
            [(Arc::new(LocalDisk), directory.path()), (Arc::new(MemoryDisk::new(1)), Path::new("/"))];
        for (disk, root) in disks {
            let file = disk.open(&root.join("file"), OpenMode::CREATE).unwrap();
            let content: Vec<u8> = (0..=255).cycle().take(10_000).collect();
            file.write_at(&content, 0).unwrap();
            let pieces = || Pieces::of(file.clone(), 100..9000, 1000);
            assert_eq!(matches!(pieces(), Pieces::Threaded { .. }), file.may_read_ahead());
            assert_eq!(taken(pieces()).concat(), content[100..9000]);
            assert_eq!(lengths(pieces()), [vec![1000; 8], vec![900]].concat());
            assert_eq!(lengths(Pieces::of(file.clone(), 9500..12_000, 1000)), [500], "the file ends");
            assert_eq!(lengths(Pieces::of(file.clone(), 100..100, 1000)), [0; 0]);
            assert_eq!(lengths(Pieces::of(file, 100..103, 0)), [1; 3]);
        }
    }

    #[test]
    fn who_takes_no_more_leaves_no_thread_behind() {
        let directory = tempfile::tempdir().unwrap();
        let file = LocalDisk.open(&directory.path().join("file"), OpenMode::CREATE).unwrap();
        file.write_at(&[7; 100_000], 0).unwrap();
        let mut pieces = Pieces::of(file.clone(), 0..100_000, 100);
        assert!(pieces.next(Vec::new()).unwrap().is_ok());
        drop(pieces);
        while Arc::strong_count(&file) > 1 {
            thread::yield_now();
        }
    }

    #[test]
    fn an_error_is_told() {
        let disk = MemoryDisk::new(1);
        let file = disk.open(Path::new("/file"), OpenMode::CREATE).unwrap();
        file.write_at(&[7; 1000], 0).unwrap();
        let mut pieces = Pieces::of(file, 0..1000, 600);
        assert!(pieces.next(Vec::new()).unwrap().is_ok());
        disk.with_faults(|faults| faults.fail(OperationKind::Read, "file", 0));
        assert!(pieces.next(Vec::new()).unwrap().is_err());
    }
}
