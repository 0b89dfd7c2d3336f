//! A file that is given up when the disk is full, so that what makes room still finds some: checkpoints, commits of log
//! start offsets, the metadata log.
//!
//! Invariant: from the first append that found no room until the disk has as much as the file twice, nothing is
//! appended and nothing but what makes room goes into the commit log.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::removals::gone;
use super::shared::is_full;
use crate::io::{Disk, OpenMode, lacks_files};

const FILE: &str = "reserve";

#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    bytes: u64,
    held: Mutex<bool>,
    refused: AtomicBool,
}

impl Reserve {
    /// A reserve of `bytes` bytes, not made yet.
    pub(crate) fn new(dir: PathBuf, bytes: u64) -> Reserve {
        Reserve { path: dir.join(FILE), bytes, held: Mutex::new(false), refused: AtomicBool::new(false) }
    }

    /// Whether appends are refused: it was given up, could not be made, or is about to go.
    pub(crate) fn refuses_appends(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// An append has found no room: none comes to the disk until `ensure` has seen that there is some again.
    pub(crate) fn refuse_appends(&self) {
        self.refused.store(self.bytes > 0, Ordering::Relaxed);
    }

    /// Makes the file if there is room for twice its size. Gives up one that is there if an append was refused and the
    /// disk has less than as much again.
    pub(crate) fn ensure(&self, disk: &dyn Disk) -> io::Result<()> {
        let mut held = self.held.lock();
        if self.bytes == 0 || (*held && !self.refuses_appends()) {
            return Ok(());
        }
        if *held {
            if disk.space(self.dir())?.available < self.bytes {
                return self.give_up(disk, &mut held).map(drop);
            }
        } else {
            match self.fill(disk) {
                Ok(filled) => *held = filled,
                // A part of it would only be in the way.
                Err(error) if is_full(&error) => gone(disk.remove_file(&self.path))?,
                Err(error) => return Err(error),
            }
        }
        self.refused.store(!*held, Ordering::Relaxed);
        Ok(())
    }

    fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// Answers whether the file is there, in its whole length.
    fn fill(&self, disk: &dyn Disk) -> io::Result<bool> {
        let present = disk.file_len(&self.path).unwrap_or(0);
        if present >= self.bytes {
            return Ok(true);
        }
        if disk.space(self.dir())?.available < self.bytes.saturating_mul(2) {
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
        if *held { self.give_up(disk, &mut held) } else { Ok(self.refuses_appends()) }
    }

    fn give_up(&self, disk: &dyn Disk, held: &mut bool) -> io::Result<bool> {
        // Before there is room: whoever comes to append finds it closed.
        self.refused.store(true, Ordering::Relaxed);
        *held = false;
        if let Err(error) = disk.remove_file(&self.path) {
            tracing::warn!(file = %self.path.display(), %error, "the reserve cannot be given up");
            return Ok(false);
        }
        // Some file systems give space back only with the name's end on the medium.
        match disk.sync_dir(self.dir()) {
            // Nothing is in doubt. What there is room for without it is tried, and the rest is put off.
            Err(error) if lacks_files(&error) => {}
            synced => synced?,
        }
        tracing::warn!(file = %self.path.display(), "disk is full: the reserve was given up");
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
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
        assert!(reserve.refuses_appends());
        reserve.ensure(&disk).unwrap();
        assert!(!reserve.refuses_appends());
    }
}
