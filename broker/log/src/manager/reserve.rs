//! A file that is given up when the disk is full, so that checkpoints and commits still find room.
//!
//! Invariant: while it is missing nothing is appended, so that what was given up serves what makes room: commits of log
//! start offsets, and checkpoints.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::removals::gone;
use super::shared::is_full;
use crate::io::{Disk, OpenMode};

const FILE: &str = "reserve";

#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    bytes: u64,
    held: Mutex<bool>,
    missing: AtomicBool,
}

impl Reserve {
    /// A reserve of `bytes` bytes, not made yet.
    pub(crate) fn new(dir: PathBuf, bytes: u64) -> Reserve {
        Reserve { path: dir.join(FILE), bytes, held: Mutex::new(false), missing: AtomicBool::new(false) }
    }

    /// Whether it was given up, or could not be made.
    pub(crate) fn is_missing(&self) -> bool {
        self.missing.load(Ordering::Relaxed)
    }

    /// Makes the file if there is room for twice its size.
    pub(crate) fn ensure(&self, disk: &dyn Disk) -> io::Result<()> {
        let mut held = self.held.lock();
        if *held || self.bytes == 0 {
            return Ok(());
        }
        match self.fill(disk) {
            Ok(filled) => *held = filled,
            // A part of it would only be in the way.
            Err(error) if is_full(&error) => gone(disk.remove_file(&self.path))?,
            Err(error) => return Err(error),
        }
        self.missing.store(!*held, Ordering::Relaxed);
        Ok(())
    }

    /// Answers whether the file is there, in its whole length.
    fn fill(&self, disk: &dyn Disk) -> io::Result<bool> {
        let present = disk.file_len(&self.path).unwrap_or(0);
        if present >= self.bytes {
            return Ok(true);
        }
        let dir = self.path.parent().unwrap_or(&self.path);
        if disk.space(dir)?.available < self.bytes.saturating_mul(2) {
            return Ok(false);
        }
        disk.open(&self.path, OpenMode::CREATE)?.allocate(self.bytes)?;
        Ok(true)
    }

    /// Gives it up; answers whether it was there, or somebody else has given it up meanwhile.
    ///
    /// # Errors
    /// Its name could not be made to go: as after any failed sync, nothing is known of the directory's other names.
    pub(crate) fn release(&self, disk: &dyn Disk) -> io::Result<bool> {
        let mut held = self.held.lock();
        if !*held {
            return Ok(self.is_missing());
        }
        // Before there is room: whoever comes to append finds it closed.
        self.missing.store(true, Ordering::Relaxed);
        *held = false;
        if let Err(error) = disk.remove_file(&self.path) {
            tracing::warn!(file = %self.path.display(), %error, "the reserve cannot be given up");
            return Ok(false);
        }
        // Some file systems give space back only with the name's end on the medium.
        disk.sync_dir(self.path.parent().unwrap_or(&self.path))?;
        tracing::warn!(file = %self.path.display(), "disk is full: the reserve was given up");
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::io::memory_disk::MemoryDisk;

    #[test]
    fn who_comes_second_may_use_what_the_first_gave_up() {
        let disk = MemoryDisk::new(1);
        disk.create_dir_all(Path::new("/data")).unwrap();
        let reserve = Reserve::new(PathBuf::from("/data"), 100);
        assert!(!reserve.release(&disk).unwrap(), "there was none");
        reserve.ensure(&disk).unwrap();
        assert!(reserve.release(&disk).unwrap() && reserve.release(&disk).unwrap());
        assert!(reserve.is_missing());
        reserve.ensure(&disk).unwrap();
        assert!(!reserve.is_missing());
    }
}
