//! The disk and the clock of production: a Linux filesystem and the system's time.
//!
//! Every call is one system call or a short fixed sequence. Nothing is cached here, least of all the outcome of a
//! failed sync: what to do about an error is the caller's decision.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSliceMut};
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::fs::{Advice, FallocateFlags, FlockOperation, Mode, OFlags, ResolveFlags};
use rustix::io::{Errno, ReadWriteFlags};

use super::{
    Clock, DIRECT_BLOCK, DirEntry, Disk, DiskFile, DiskSpace, FileHandle, OpenMode, Syncing, lacks_files,
    write_zeroes,
};

/// `O_DSYNC`, the same on every architecture we build for. rustix spells it as `O_SYNC`, which also waits for the
/// journal to hold the time of modification and doubles the latency.
const O_DSYNC: u32 = 0o10000;

/// So many pages at least [`DiskFile::is_resident`] looks at, evenly spread: all of a range that has no more.
const RESIDENCY_PROBES: u64 = 16;

/// And no fewer than one in so many: the kernel caches files in pieces of several pages, and each look costs half a
/// microsecond.
const PAGES_PER_PROBE: u64 = 16;

/// Size in bytes of a page of the page cache, as far as residency goes.
const PAGE: u64 = 4096;

/// The filesystem of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalDisk;

impl Disk for LocalDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<FileHandle> {
        let mut options = OpenOptions::new();
        options.read(true).write(mode.write).create(mode.create).create_new(mode.create_new);
        if mode.direct_sync {
            options.custom_flags((OFlags::DIRECT.bits() | O_DSYNC).cast_signed());
        }
        Ok(Arc::new(LocalFile { file: options.open(path)?, direct: mode.direct_sync }))
    }

    fn open_cached(&self, path: &Path, write: bool) -> io::Result<FileHandle> {
        let access = if write { OFlags::RDWR } else { OFlags::RDONLY };
        let (flags, cached) = (access | OFlags::CLOEXEC, ResolveFlags::CACHED);
        let opened = rustix::fs::openat2(rustix::fs::CWD, path, flags, Mode::empty(), cached);
        // Where the kernel cannot tell, whoever may wait opens it.
        let file = opened.map_err(|_| io::Error::from(io::ErrorKind::WouldBlock))?;
        Ok(Arc::new(LocalFile { file: File::from(file), direct: false }))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            // A name that is not UTF-8 is not ours, and one that has gone since the listing began is none.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let is_link = entry.file_type()?.is_symlink();
            let metadata = match if is_link { fs::metadata(entry.path()) } else { entry.metadata() } {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let is_dir = metadata.is_dir();
            entries.push(DirEntry { name, is_dir, len: if is_dir { 0 } else { metadata.len() } });
        }
        entries.sort_unstable();
        Ok(entries)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        Ok(fs::metadata(path)?.len())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to).map_err(failed_change)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        File::open(path)?.sync_all().map_err(failed_sync)
    }

    fn space(&self, path: &Path) -> io::Result<DiskSpace> {
        let stat = rustix::fs::statvfs(path)?;
        Ok(DiskSpace {
            total: stat.f_blocks.saturating_mul(stat.f_frsize),
            available: stat.f_bavail.saturating_mul(stat.f_frsize),
        })
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn std::fmt::Debug + Send + Sync>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Box::new(file))
    }
}

/// What a failed sync is told as. With delayed allocation it may be the sync that meets the full disk, and what it could
/// not write is lost all the same: nobody may take it for a write that made no change.
fn failed_sync(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            io::Error::other(format!("sync failed: {error}"))
        }
        _ => failed_change(error),
    }
}

/// What a failed change is told as: see [`lacks_files`].
fn failed_change(error: io::Error) -> io::Error {
    if lacks_files(&error) { io::Error::other(error.to_string()) } else { error }
}

#[derive(Debug)]
struct LocalFile {
    file: File,
    direct: bool,
}

impl DiskFile for LocalFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let mut read = 0;
        while read < buffer.len() {
            match self.file.read_at(&mut buffer[read..], position + read as u64) {
                Ok(0) => break,
                Ok(count) => read += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        if self.direct {
            let aligned = |value: usize| value.is_multiple_of(DIRECT_BLOCK);
            assert!(
                aligned(bytes.as_ptr().addr())
                    && aligned(bytes.len())
                    && position.is_multiple_of(DIRECT_BLOCK as u64),
                "direct writes are made of whole aligned blocks"
            );
        }
        self.file.write_all_at(bytes, position).map_err(failed_change)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len).map_err(failed_change)
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), 0, len) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => write_zeroes(self, len),
            allocated => allocated.map_err(|error| failed_change(error.into())),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data().map_err(failed_sync)
    }

    fn begin_sync(self: Arc<Self>) -> Syncing {
        let file = self.clone();
        let thread = thread::Builder::new().name("sync".to_owned()).spawn(move || file.sync_data());
        match thread {
            Ok(thread) => Syncing::by(thread),
            Err(_) => Syncing::over(self.sync_data()),
        }
    }

    fn is_resident(&self, position: u64, len: u64) -> bool {
        if len == 0 {
            return true;
        }
        let first = position / PAGE;
        let last = (position + len - 1) / PAGE;
        let pages = last - first + 1;
        let probes = pages.min(RESIDENCY_PROBES.max(pages.div_ceil(PAGES_PER_PROBE) + 1));
        (0..probes).all(|probe| {
            // The first and the last page are always among those looked at.
            let page = first + (last - first) * probe / (probes - 1).max(1);
            self.page_is_resident((page * PAGE).max(position))
        })
    }

    fn read_cached(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let mut read = 0;
        while read < buffer.len() {
            let mut buffers = [IoSliceMut::new(&mut buffer[read..])];
            let at = position + read as u64;
            match rustix::io::preadv2(&self.file, &mut buffers, at, ReadWriteFlags::NOWAIT) {
                Ok(0) => break,
                Ok(count) => read += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Err(io::ErrorKind::WouldBlock.into()),
                // The kernel cannot say: as with `is_resident`, it counts as being in memory.
                Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => return self.read_at(buffer, position),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(read)
    }

    fn may_read_ahead(&self) -> bool {
        true
    }

    fn drop_cache(&self, position: u64, len: u64) {
        if let Some(len) = NonZeroU64::new(len) {
            // A hint: a filesystem that refuses it costs memory, not correctness.
            let _ = rustix::fs::fadvise(&self.file, position, Some(len), Advice::DontNeed);
        }
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.file.as_fd())
    }
}

impl LocalFile {
    /// Whether one byte can be read without waiting. Answers `true` where the kernel cannot say.
    fn page_is_resident(&self, position: u64) -> bool {
        let mut byte = [0; 1];
        let mut buffers = [IoSliceMut::new(&mut byte)];
        let probe = rustix::io::preadv2(&self.file, &mut buffers, position, ReadWriteFlags::NOWAIT);
        probe != Err(Errno::AGAIN)
    }
}

/// The time of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose [`Clock::monotonic`] starts now.
    #[must_use]
    pub fn new() -> SystemClock {
        SystemClock { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        }
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_that_meets_a_full_disk_is_not_told_as_a_write_that_does() {
        for number in [28, 122] {
            let error = failed_sync(io::Error::from_raw_os_error(number));
            assert_eq!(error.kind(), io::ErrorKind::Other, "{error}");
        }
        assert_eq!(failed_sync(io::Error::from_raw_os_error(5)).raw_os_error(), Some(5));
    }

    #[test]
    fn a_write_or_sync_that_finds_no_memory_is_not_told_as_an_open_that_does() {
        let no_memory = || io::Error::from_raw_os_error(12);
        assert!(lacks_files(&no_memory()));
        for told in [failed_sync(no_memory()), failed_change(no_memory())] {
            assert!(!lacks_files(&told), "{told}");
        }
    }

    #[test]
    fn reads_stop_at_the_end_of_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = LocalDisk.open(&dir.path().join("a"), OpenMode::CREATE_NEW).unwrap();
        file.write_at(b"hello", 3).unwrap();
        let mut buffer = [9; 16];
        assert_eq!(file.read_at(&mut buffer, 0).unwrap(), 8);
        assert_eq!(&buffer[..8], b"\0\0\0hello");
        assert_eq!(file.read_at(&mut buffer, 100).unwrap(), 0);
    }

    #[test]
    fn an_atomic_write_replaces_the_file_and_leaves_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoint");
        LocalDisk.write_atomically(&path, b"the first, longer one").unwrap();
        LocalDisk.write_atomically(&path, b"second").unwrap();
        assert_eq!(LocalDisk.read(&path).unwrap(), b"second");
        assert_eq!(LocalDisk.list(dir.path()).unwrap().len(), 1);
    }

    #[test]
    fn what_is_allocated_takes_room_at_once() {
        use std::os::unix::fs::MetadataExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let file = LocalDisk.open(&path, OpenMode::CREATE_NEW).unwrap();
        file.allocate(300_000).unwrap();
        assert_eq!(file.len().unwrap(), 300_000);
        assert!(std::fs::metadata(&path).unwrap().blocks() * 512 >= 300_000);
        let written = LocalDisk.open(&dir.path().join("b"), OpenMode::CREATE_NEW).unwrap();
        write_zeroes(&*written, 3_000_000).unwrap();
        assert_eq!(written.len().unwrap(), 3_000_000);
    }

    #[test]
    fn a_lock_is_held_by_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let held = LocalDisk.lock(&path).unwrap();
        assert_eq!(LocalDisk.lock(&path).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(held);
        LocalDisk.lock(&path).unwrap();
    }

    #[test]
    fn what_was_just_written_is_resident() {
        let dir = tempfile::tempdir().unwrap();
        let file = LocalDisk.open(&dir.path().join("a"), OpenMode::CREATE_NEW).unwrap();
        file.write_at(&[1; 100_000], 0).unwrap();
        assert!(file.is_resident(5, 90_000));
        assert!(file.is_resident(0, 0));
        let mut buffer = [0; 5000];
        assert_eq!(file.read_cached(&mut buffer, 96_000).unwrap(), 4000);
        assert_eq!(buffer[..4000], [1; 4000]);
        file.sync_data().unwrap();
        file.drop_cache(0, 100_000);
        // Not every filesystem lets go of it, and a look may have it read in the background.
        match file.read_cached(&mut buffer, 0) {
            Ok(count) => assert_eq!(buffer[..count], [1; 5000]),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
    }

    #[test]
    fn a_file_is_opened_without_waiting_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        LocalDisk.open(&path, OpenMode::CREATE_NEW).unwrap().write_at(b"hello", 0).unwrap();
        match LocalDisk.open_cached(&path, true) {
            Ok(file) => {
                file.write_at(b"H", 0).unwrap();
                assert_eq!(LocalDisk.read(&path).unwrap(), b"Hello");
            }
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
        let missing = LocalDisk.open_cached(&dir.path().join("b"), false).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn direct_writes_are_read_back_where_the_filesystem_allows_them() {
        let dir = tempfile::tempdir().unwrap();
        let mode = OpenMode { direct_sync: true, ..OpenMode::CREATE_NEW };
        let Ok(file) = LocalDisk.open(&dir.path().join("a"), mode) else { return };
        let mut memory = vec![7; 3 * DIRECT_BLOCK];
        let start = memory.as_ptr().align_offset(DIRECT_BLOCK);
        let block = &mut memory[start..start + DIRECT_BLOCK];
        file.write_at(block, 0).unwrap();
        block.fill(0);
        assert_eq!(file.read_at(block, 0).unwrap(), DIRECT_BLOCK);
        assert_eq!(block[100], 7);
    }
}
