//! A disk in memory that forgets what was not synced: for tests and for the simulator.
//!
//! Stricter than any filesystem in use: bytes survive [`MemoryDisk::power_loss`] only if the file was synced, in
//! blocks of 512 bytes and in any combination; a name survives only if its directory was synced. A killed process
//! ([`MemoryDisk::kill`]) loses no byte but all its handles and locks. Given a seed and the same calls, the outcome is
//! the same. Layout: `file.rs` holds what a file remembers, `tree.rs` the directories, `faults.rs` what goes wrong.

mod faults;
mod file;
mod tree;

use std::fmt::Debug;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

pub use faults::{DiskFaults, FaultCounts, OperationKind};
use file::{FileContent, Used};
use tree::Tree;

use super::{Clock, DIRECT_BLOCK, DirEntry, Disk, DiskFile, DiskSpace, FileHandle, OpenMode};
use faults::Verdict;

/// The simulated disk. Clones share one disk.
#[derive(Clone)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
}

impl Debug for MemoryDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryDisk")
    }
}

struct State {
    tree: Tree,
    faults: DiskFaults,
    used: Used,
    /// Handles and locks of an earlier incarnation are of no use: their process is gone.
    incarnation: u64,
    locks: Vec<PathBuf>,
}

impl MemoryDisk {
    /// An empty disk; `seed` decides how much of a write survives when the power goes in the middle of it.
    #[must_use]
    pub fn new(seed: u64) -> MemoryDisk {
        let used = Used::default();
        let state = State {
            tree: Tree::new(),
            faults: DiskFaults::new(seed),
            used,
            incarnation: 0,
            locks: Vec::new(),
        };
        MemoryDisk { state: Arc::new(Mutex::new(state)) }
    }

    /// Sets faults and reads their counters.
    pub fn with_faults<R>(&self, change: impl FnOnce(&mut DiskFaults) -> R) -> R {
        change(&mut self.state.lock().faults)
    }

    /// The counters of faults that have happened.
    #[must_use]
    pub fn fault_counts(&self) -> FaultCounts {
        self.state.lock().faults.counts
    }

    /// The process ends, the machine lives on: all bytes and names stay, no handle and no lock does.
    pub fn kill(&self) {
        let mut state = self.state.lock();
        state.faults.counts.kills += 1;
        state.restart();
    }

    /// The machine loses power: of what was not synced, a random part of it (chosen by `seed`) survives.
    pub fn power_loss(&self, seed: u64) {
        let mut state = self.state.lock();
        let state = &mut *state;
        state.faults.reseed(seed);
        state.faults.counts.power_losses += 1;
        state.tree.power_loss(&mut state.faults);
        state.restart();
    }

    /// Turns over one bit of a file, also of what is already durable: the medium has rotted.
    ///
    /// # Errors
    /// `NotFound` where there is no such file, `InvalidInput` past its end.
    pub fn flip_bit(&self, path: &Path, position: u64, bit: u8) -> io::Result<()> {
        let mut state = self.state.lock();
        let file = state.tree.file(path)?;
        file.lock().flip_bit(position, bit)?;
        state.faults.counts.bit_flips += 1;
        Ok(())
    }

    /// Bytes held by all files that still have a name or a handle.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.state.lock().used.bytes()
    }
}

impl State {
    fn restart(&mut self) {
        self.incarnation += 1;
        self.locks.clear();
        self.faults.power_back();
    }

    /// Counts an operation that changes or reads a name or a file, and fails it if it is its turn.
    fn check(&mut self, kind: OperationKind, path: &Path) -> io::Result<()> {
        match self.faults.next(kind, path) {
            Verdict::Go => Ok(()),
            Verdict::Fail(error) | Verdict::FailInPart(error) => Err(error),
        }
    }
}

impl Disk for MemoryDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<FileHandle> {
        let mut state = self.state.lock();
        state.check(OperationKind::Open, path)?;
        state.faults.take_descriptor()?;
        if mode.direct_sync && state.faults.direct_refused {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "direct writes are not offered here"));
        }
        let create = mode.create || mode.create_new;
        let content = match state.tree.file(path) {
            Ok(_) if mode.create_new => return Err(already_exists(path)),
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound && create => {
                let content = Arc::new(Mutex::new(FileContent::new(state.used.clone())));
                state.tree.link(path, content.clone())?;
                content
            }
            Err(error) => return Err(error),
        };
        let told = AtomicU64::new(content.lock().failed_syncs);
        Ok(Arc::new(MemoryFile {
            state: self.state.clone(),
            incarnation: state.incarnation,
            path: path.to_owned(),
            content,
            mode,
            told,
        }))
    }

    fn open_cached(&self, path: &Path, write: bool) -> io::Result<FileHandle> {
        let waits = |state: &State| state.faults.is_cold || state.faults.no_descriptors;
        if waits(&self.state.lock()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.open(path, OpenMode { write, ..OpenMode::READ })
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.check(OperationKind::Directory, path)?;
        state.tree.create_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let mut state = self.state.lock();
        state.check(OperationKind::Directory, path)?;
        state.faults.take_descriptor()?;
        state.tree.list(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        let mut state = self.state.lock();
        state.check(OperationKind::Directory, path)?;
        Ok(state.tree.exists(path))
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        let mut state = self.state.lock();
        state.check(OperationKind::Directory, path)?;
        Ok(state.tree.file(path)?.lock().len())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.check(OperationKind::Directory, from)?;
        state.tree.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.check(OperationKind::Directory, path)?;
        state.tree.unlink(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.check(OperationKind::Directory, path)?;
        state.faults.take_descriptor()?;
        state.tree.remove_dir_all(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.check(OperationKind::Sync, path)?;
        state.faults.take_descriptor()?;
        state.tree.sync_dir(path)
    }

    fn space(&self, path: &Path) -> io::Result<DiskSpace> {
        let mut state = self.state.lock();
        state.check(OperationKind::Directory, path)?;
        let total = state.faults.capacity;
        Ok(DiskSpace { total, available: total.saturating_sub(state.used.bytes()) })
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Debug + Send + Sync>> {
        self.open(path, OpenMode::CREATE)?;
        let mut state = self.state.lock();
        if state.locks.iter().any(|held| held == path) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.locks.push(path.to_owned());
        let incarnation = state.incarnation;
        Ok(Box::new(MemoryLock { state: self.state.clone(), incarnation, path: path.to_owned() }))
    }
}

struct MemoryLock {
    state: Arc<Mutex<State>>,
    incarnation: u64,
    path: PathBuf,
}

impl Debug for MemoryLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MemoryLock({})", self.path.display())
    }
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        if state.incarnation == self.incarnation {
            state.locks.retain(|held| held != &self.path);
        }
    }
}

struct MemoryFile {
    state: Arc<Mutex<State>>,
    incarnation: u64,
    path: PathBuf,
    content: Arc<Mutex<FileContent>>,
    mode: OpenMode,
    /// Failed syncs of the file that this opening of it was told of: as with Linux, each is told of each once.
    told: AtomicU64,
}

impl Debug for MemoryFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MemoryFile({})", self.path.display())
    }
}

impl MemoryFile {
    /// Runs `act` unless the process that opened the file is gone or a fault is due. The second argument of `act`
    /// says what the operation must do to the file before it fails, if it is to fail in part.
    fn operate<R>(
        &self,
        kind: OperationKind,
        act: impl FnOnce(&mut FileContent, &mut DiskFaults, u64) -> io::Result<R>,
        in_part: impl FnOnce(&mut FileContent, &mut DiskFaults),
    ) -> io::Result<R> {
        let mut state = self.state.lock();
        let state = &mut *state;
        if state.incarnation != self.incarnation {
            return Err(io::Error::other("the process that opened this file is gone"));
        }
        let mut content = self.content.lock();
        match state.faults.next(kind, &self.path) {
            Verdict::Go => {
                let room = state.faults.capacity.saturating_sub(state.used.bytes());
                act(&mut content, &mut state.faults, room)
            }
            Verdict::Fail(error) => Err(error),
            Verdict::FailInPart(error) => {
                in_part(&mut content, &mut state.faults);
                Err(error)
            }
        }
    }

    fn require_writable(&self) -> io::Result<()> {
        if self.mode.write { Ok(()) } else { Err(io::Error::from_raw_os_error(9)) }
    }
}

impl DiskFile for MemoryFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.operate(OperationKind::Read, |file, _, _| Ok(file.read_at(buffer, position)), |_, _| {})
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.require_writable()?;
        let direct = self.mode.direct_sync;
        if direct
            && !(bytes.len().is_multiple_of(DIRECT_BLOCK) && position.is_multiple_of(DIRECT_BLOCK as u64))
        {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "direct writes are made of whole blocks",
            ));
        }
        self.operate(
            OperationKind::Write,
            |file, faults, room| {
                let grows = (position + bytes.len() as u64).saturating_sub(file.len());
                if grows > room {
                    faults.counts.no_space += 1;
                    let fits =
                        bytes.len() - usize::try_from(grows - room).unwrap_or(bytes.len()).min(bytes.len());
                    file.write_at(&bytes[..fits], position);
                    return Err(io::ErrorKind::StorageFull.into());
                }
                file.write_at(bytes, position);
                if direct {
                    file.sync_range(position, bytes.len() as u64);
                }
                Ok(())
            },
            |file, faults| file.write_in_part(bytes, position, direct, faults),
        )
    }

    fn len(&self) -> io::Result<u64> {
        self.operate(OperationKind::Read, |file, _, _| Ok(file.len()), |_, _| {})
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.require_writable()?;
        self.operate(
            OperationKind::Write,
            |file, faults, room| {
                if len.saturating_sub(file.len()) > room {
                    faults.counts.no_space += 1;
                    return Err(io::ErrorKind::StorageFull.into());
                }
                file.set_len(len);
                Ok(())
            },
            |_, _| {},
        )
    }

    fn sync_data(&self) -> io::Result<()> {
        self.operate(
            OperationKind::Sync,
            |file, faults, _| {
                if self.told.swap(file.failed_syncs, Ordering::Relaxed) < file.failed_syncs {
                    return Err(io::Error::from_raw_os_error(faults.errno));
                }
                file.sync();
                Ok(())
            },
            // What the kernel does after a failed write-back: the pages count as clean and are never written. Where the
            // power or the process goes instead, they stay changed.
            |file, faults| {
                if !faults.power_is_off() {
                    file.lose_dirty();
                    file.failed_syncs += 1;
                    self.told.store(file.failed_syncs, Ordering::Relaxed);
                }
            },
        )
    }

    fn is_resident(&self, _position: u64, len: u64) -> bool {
        len == 0 || !self.state.lock().faults.is_cold
    }

    fn drop_cache(&self, _position: u64, _len: u64) {}

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

fn already_exists(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is there already", path.display()))
}

fn not_found(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("{} is not there", path.display()))
}

/// A clock that only moves when told to.
#[derive(Debug, Default)]
pub struct ManualClock {
    now_ms: AtomicI64,
    monotonic_ns: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `now_ms` (milliseconds since 1970).
    #[must_use]
    pub fn new(now_ms: i64) -> ManualClock {
        ManualClock { now_ms: AtomicI64::new(now_ms), monotonic_ns: AtomicU64::new(0) }
    }

    /// Moves both times on.
    pub fn advance(&self, by: Duration) {
        self.now_ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::Relaxed);
        self.monotonic_ns.fetch_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Sets the wall clock alone, also backwards.
    pub fn set_now_ms(&self, now_ms: i64) {
        self.now_ms.store(now_ms, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.monotonic_ns.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests;
