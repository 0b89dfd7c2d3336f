//! Makes data cold: tells the kernel that the files of a directory are not needed in memory.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::{Advice, fadvise};

/// Drops every file directly in `directory` from the page cache; what is not on disk yet stays.
pub(crate) fn drop_files_of(directory: &Path) -> Result<()> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            // Opened for reading: the advice needs no more, and a file that is gone already needs none.
            if let Ok(file) = File::open(entry.path()) {
                fadvise(&file, 0, None, Advice::DontNeed)?;
            }
        }
    }
    Ok(())
}
