//! What the page cache holds before a measurement: data that is to be cold is dropped, free memory is put to use.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::{Advice, fadvise};

/// Length of the file of holes that fills free memory; it takes no room on the disk.
const HOLES_BYTES: u64 = 1 << 40;
/// Memory that stays free, so that the kernel need not look for pages at once.
const SPARE_BYTES: u64 = 384 << 20;
const CHUNK_BYTES: usize = 1 << 20;

/// Drops every file directly in `directory` from the page cache; what is not on disk yet stays.
pub(crate) fn drop_files_of(directory: &Path) -> Result<()> {
    for_files_of(directory, |file| Ok(fadvise(file, 0, None, Advice::DontNeed)?))
}

/// Reads every file directly in `directory`, so that the page cache holds it: the machine may have given the pages away
/// since somebody last asked for them.
pub(crate) fn read_files_of(directory: &Path) -> Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    for_files_of(directory, |mut file| {
        while file.read(&mut chunk)? > 0 {}
        Ok(())
    })
}

fn for_files_of(directory: &Path, mut work: impl FnMut(&File) -> Result<()>) -> Result<()> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            // Opened for reading: nobody needs more, and a file that is gone already needs nothing.
            if let Ok(file) = File::open(entry.path()) {
                work(&file)?;
            }
        }
    }
    Ok(())
}

/// Fills free memory with clean pages, as it is on a machine that has been up for a while.
///
/// A virtual machine gives free memory back to its host, and whoever touches it next pays for getting it again: up to
/// 8 µs for 4 KiB, more than all else that a broker does with them. Without this the order of the repetitions would
/// decide who pays; a broker that deletes its files late leaves that to the others.
#[derive(Debug)]
pub(crate) struct FreeMemory {
    holes: File,
    /// Where the next pages are read from. Those before may still be cached and would fill nothing.
    next: Cell<u64>,
}

impl FreeMemory {
    /// `directory` is where the file of holes lies; it is deleted with it.
    pub(crate) fn new(directory: &Path) -> Result<Self> {
        let path = directory.join("holes");
        let holes = File::options().read(true).write(true).create(true).truncate(true).open(&path);
        let holes = holes.with_context(|| format!("cannot create {}", path.display()))?;
        holes.set_len(HOLES_BYTES)?;
        Ok(Self { holes, next: Cell::new(0) })
    }

    /// Reads holes until little memory is free. Evicts nothing that is in use.
    pub(crate) fn fill(&self) -> Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let wanted = free_bytes()?.saturating_sub(SPARE_BYTES);
        for _ in 0..wanted / CHUNK_BYTES as u64 {
            self.holes.read_exact_at(&mut chunk, self.next.get())?;
            self.next.set((self.next.get() + CHUNK_BYTES as u64) % HOLES_BYTES);
        }
        Ok(())
    }
}

/// Memory that nobody uses, not even as a cache.
fn free_bytes() -> Result<u64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemFree:"));
    let kib =
        line.and_then(|line| line.trim().strip_suffix(" kB")).context("/proc/meminfo has no MemFree")?;
    Ok(kib.trim().parse::<u64>()? * 1024)
}
