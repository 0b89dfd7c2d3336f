//! A file of zeroes that is given up when the disk is full, so that checkpoints and commits still find room.

use std::io;
use std::path::PathBuf;

use parking_lot::Mutex;

use super::shared::is_full;
use crate::io::{Disk, OpenMode};

const FILE: &str = "reserve";

/// How much is written at once while the file is made.
const CHUNK: u64 = 1 << 20;

#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    bytes: u64,
    held: Mutex<bool>,
}

impl Reserve {
    /// A reserve of `bytes` bytes, not made yet.
    pub(crate) fn new(dir: PathBuf, bytes: u64) -> Reserve {
        Reserve { path: dir.join(FILE), bytes, held: Mutex::new(false) }
    }

    /// Makes the file if there is room for twice its size.
    pub(crate) fn ensure(&self, disk: &dyn Disk) -> io::Result<()> {
        let mut held = self.held.lock();
        if *held || self.bytes == 0 {
            return Ok(());
        }
        let present = disk.file_len(&self.path).unwrap_or(0);
        if present < self.bytes {
            let dir = self.path.parent().unwrap_or(&self.path);
            if disk.space(dir)?.available < self.bytes.saturating_mul(2) {
                return Ok(());
            }
            let file = disk.open(&self.path, OpenMode::CREATE)?;
            let zeroes = vec![0; usize::try_from(self.bytes.min(CHUNK)).unwrap_or(0)];
            let mut position = present;
            while position < self.bytes {
                let len = usize::try_from(self.bytes - position).unwrap_or(zeroes.len()).min(zeroes.len());
                file.write_at(&zeroes[..len], position)?;
                position += len as u64;
            }
        }
        *held = true;
        Ok(())
    }

    /// Runs `act`; if the disk is full, gives up the reserve and runs it once more.
    pub(crate) fn with<R>(&self, disk: &dyn Disk, mut act: impl FnMut() -> io::Result<R>) -> io::Result<R> {
        match act() {
            Err(error) if is_full(&error) && self.release(disk) => act(),
            result => result,
        }
    }

    fn release(&self, disk: &dyn Disk) -> bool {
        let mut held = self.held.lock();
        let released = *held && disk.remove_file(&self.path).is_ok();
        if released {
            tracing::warn!(file = %self.path.display(), "disk is full: the reserve was given up");
            *held = false;
        }
        released
    }
}
