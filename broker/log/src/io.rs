//! The seams that simulation replaces: disk and clock.
//!
//! Everything in the workspace that touches a file or reads the time does so through these traits. All calls block;
//! the committer calls them from its own thread, appends call them inline (a page cache write costs microseconds).

pub mod local_disk;
pub mod memory_disk;
pub(crate) mod pieces;

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::io::Errno;

/// An open file. Dropping the last handle closes it, which makes nothing durable.
pub type FileHandle = Arc<dyn DiskFile>;

/// How [`Disk::open`] opens a file. Files are always readable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OpenMode {
    /// Also writable.
    pub write: bool,
    /// Made if it is not there. Its directory entry is durable only after [`Disk::sync_dir`].
    pub create: bool,
    /// Fails with `AlreadyExists` if it is there; implies `create`.
    pub create_new: bool,
    /// Bypass the page cache and make each write durable before it returns (O_DIRECT | O_DSYNC). Offsets, lengths
    /// and buffers must be multiples of [`DIRECT_BLOCK`]. A disk that cannot do so fails with `InvalidInput`.
    pub direct_sync: bool,
}

impl OpenMode {
    /// Read only.
    pub const READ: OpenMode =
        OpenMode { write: false, create: false, create_new: false, direct_sync: false };
    /// Read and write a file that must be there.
    pub const WRITE: OpenMode = OpenMode { write: true, ..OpenMode::READ };
    /// Read and write; made if it is not there.
    pub const CREATE: OpenMode = OpenMode { create: true, ..OpenMode::WRITE };
    /// Read and write a file that must not be there yet.
    pub const CREATE_NEW: OpenMode = OpenMode { create_new: true, ..OpenMode::CREATE };
}

/// Alignment, in bytes, that [`OpenMode::direct_sync`] asks of offsets, lengths and buffers.
pub const DIRECT_BLOCK: usize = 4096;

/// An entry of a directory.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DirEntry {
    /// Name inside the directory.
    pub name: String,
    /// Whether it is a directory itself.
    pub is_dir: bool,
    /// Length in bytes; 0 for a directory.
    pub len: u64,
}

/// Room on the filesystem that holds a path, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DiskSpace {
    /// Size of the filesystem.
    pub total: u64,
    /// What an unprivileged process can still write.
    pub available: u64,
}

/// A filesystem.
///
/// Durability as POSIX has it, at its strictest: bytes are durable after [`DiskFile::sync_data`], the name of a new,
/// renamed or removed file after [`Disk::sync_dir`] of its directory, and nothing else is.
pub trait Disk: Send + Sync + Debug {
    /// Opens a file.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<FileHandle>;
    /// Opens a file that must be there, but fails with `WouldBlock` where that would wait for the disk, or might.
    fn open_cached(&self, _path: &Path, _write: bool) -> io::Result<FileHandle> {
        Err(io::ErrorKind::WouldBlock.into())
    }
    /// Makes a directory and its missing parents.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;
    /// The entries of a directory, sorted by name.
    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>>;
    /// Whether something of that name is there.
    fn exists(&self, path: &Path) -> io::Result<bool>;
    /// Length of a file in bytes.
    fn file_len(&self, path: &Path) -> io::Result<u64>;
    /// Replaces `to` if it is there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes a directory and all below it.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;
    /// Makes the entries of a directory durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Room on the filesystem of `path`.
    fn space(&self, path: &Path) -> io::Result<DiskSpace>;
    /// Takes an exclusive lock on a file, made if it is not there, for as long as the handle lives; `WouldBlock` if
    /// another process (or another holder in this one) has it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Debug + Send + Sync>>;

    /// Reads a whole file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.open(path, OpenMode::READ)?;
        let mut bytes = vec![0; usize::try_from(file.len()?).map_err(io::Error::other)?];
        let read = file.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Puts `bytes` in the place of `path` so that a crash leaves either the old file or the new one, and returns
    /// once the new one is durable: write `<path>.tmp`, sync, rename, sync the directory.
    fn write_atomically(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut name = path.as_os_str().to_owned();
        name.push(".tmp");
        let tmp = PathBuf::from(name);
        let file = self.open(&tmp, OpenMode::CREATE)?;
        file.set_len(0)?;
        file.write_at(bytes, 0)?;
        file.sync_data()?;
        drop(file);
        self.rename(&tmp, path)?;
        self.sync_dir(path.parent().unwrap_or(Path::new(".")))
    }
}

/// Whether an error says that nothing could be opened or listed now, for want of file descriptors or of the
/// kernel's memory (EMFILE, ENFILE, ENOMEM): nothing was changed, nothing synced, and the same may succeed later. A
/// [`Disk`] tells a write, sync or rename that failed as another error, whatever the system calls it.
pub(crate) fn lacks_files(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM))
}

/// Whether something may wait for the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// It fails with `WouldBlock` instead: for threads that others wait for.
    Never,
    /// As long as it takes.
    Allowed,
}

impl Wait {
    /// Opens a file as [`Disk::open`] or as [`Disk::open_cached`] does.
    pub(crate) fn open(self, disk: &dyn Disk, path: &Path, mode: OpenMode) -> io::Result<FileHandle> {
        match self {
            Wait::Never => disk.open_cached(path, mode.write),
            Wait::Allowed => disk.open(path, mode),
        }
    }

    /// Reads as [`DiskFile::read_at`] or as [`DiskFile::read_cached`] does.
    pub(crate) fn read_at(self, file: &dyn DiskFile, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        match self {
            Wait::Never => file.read_cached(buffer, position),
            Wait::Allowed => file.read_at(buffer, position),
        }
    }
}

/// A sync that was begun.
pub struct Syncing(Box<dyn FnOnce() -> io::Result<()> + Send>);

impl Syncing {
    /// One that is over.
    #[must_use]
    pub fn over(result: io::Result<()>) -> Syncing {
        Syncing(Box::new(|| result))
    }

    /// One that a thread makes.
    pub(crate) fn by(thread: JoinHandle<io::Result<()>>) -> Syncing {
        Syncing(Box::new(|| thread.join().unwrap_or_else(|_| Err(io::Error::other("the sync panicked")))))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It has failed: see [`DiskFile::sync_data`].
    pub fn wait(self) -> io::Result<()> {
        (self.0)()
    }
}

impl Debug for Syncing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Syncing")
    }
}

/// An open file of a [`Disk`]. All positions and lengths are in bytes; writes are complete or fail.
pub trait DiskFile: Send + Sync + Debug {
    /// Reads until `buffer` is full or the file ends; returns the count of bytes read.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize>;
    /// Writes all of `bytes`; on an error any part of them may have been written.
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()>;
    /// Length of the file.
    fn len(&self) -> io::Result<u64>;
    /// Cuts or extends (with zeroes) the file.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Extends the file to `len` bytes for which the disk has room from then on. After an error some of them may be there.
    fn allocate(&self, len: u64) -> io::Result<()> {
        write_zeroes(self, len)
    }
    /// Makes content and length durable (fdatasync). After a failure the state of the file is unknown: never retry.
    fn sync_data(&self) -> io::Result<()>;
    /// Begins what [`DiskFile::sync_data`] does, and need not wait for it. It covers what was written before.
    fn begin_sync(self: Arc<Self>) -> Syncing {
        Syncing::over(self.sync_data())
    }
    /// Whether a range is in memory, so that reading it will not wait for the disk. `true` when unknown.
    fn is_resident(&self, position: u64, len: u64) -> bool;
    /// Drops a range from the page cache where it is clean there; a hint.
    fn drop_cache(&self, position: u64, len: u64);
    /// The descriptor for sendfile, where there is one.
    fn as_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>>;

    /// All of its bytes, where they are in memory, so that they need no copy to be sent.
    fn as_bytes(&self) -> Option<&[u8]> {
        None
    }

    /// Reads as [`DiskFile::read_at`] does, but fails with `WouldBlock` where that would wait for the disk.
    fn read_cached(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        if self.is_resident(position, buffer.len() as u64) {
            self.read_at(buffer, position)
        } else {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }

    /// Whether threads may read it beside the caller. Where calls have to come in the same order in every run they may not.
    fn may_read_ahead(&self) -> bool {
        false
    }

    /// Whether the file is empty.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// Reads as [`DiskFile::read_at`] does, without bringing into memory what was not there. Answers also whether some of it
/// had to come from the disk.
///
/// # Errors
/// The disk's.
pub fn read_leaving_no_trace(
    file: &dyn DiskFile,
    buffer: &mut [u8],
    position: u64,
) -> io::Result<(usize, bool)> {
    match file.read_cached(buffer, position) {
        Ok(read) if read == buffer.len() => Ok((read, false)),
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        // Where it ends early, a read that may wait has the last word.
        _ => {
            let read = file.read_at(buffer, position);
            file.drop_cache(position, buffer.len() as u64);
            read.map(|read| (read, true))
        }
    }
}

/// Most bytes that [`rewrite`] and [`write_zeroes`] hold in memory.
const REWRITE_BYTES: u64 = 1 << 20;

/// Writes zeroes from a file's end up to `len`.
pub(crate) fn write_zeroes<F: DiskFile + ?Sized>(file: &F, len: u64) -> io::Result<()> {
    let mut position = file.len()?;
    let zeroes = vec![0; usize::try_from(len.min(REWRITE_BYTES)).map_err(io::Error::other)?];
    while position < len {
        let count = usize::try_from(len - position).unwrap_or(zeroes.len()).min(zeroes.len());
        file.write_at(&zeroes[..count], position)?;
        position += count as u64;
    }
    Ok(())
}

/// Writes the bytes `from..to` of a file in their own place, so that the page cache takes them for changed.
pub(crate) fn rewrite(file: &dyn DiskFile, from: u64, to: u64) -> io::Result<()> {
    let mut position = from;
    while position < to {
        let len = (to - position).min(REWRITE_BYTES);
        let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)?];
        if file.read_at(&mut bytes, position)? < bytes.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        file.write_at(&bytes, position)?;
        position += len;
    }
    Ok(())
}

/// Time. Decisions take the result as an argument; only executors call this.
pub trait Clock: Send + Sync + Debug {
    /// Wall clock in milliseconds since 1970. May jump: nothing that is safe hangs on it.
    fn now_ms(&self) -> i64;
    /// Time since some fixed moment; never goes back.
    fn monotonic(&self) -> Duration;
}
