//! The names of a segment's files while it takes the place of others.
//!
//! ```text
//! <base>.log.cleaned  being written           dropped at a start
//! <base>.log.swap     whole and durable       takes its place if a swap record says so, or if Kafka has left it
//! <base>.log          in its place
//! ```
//! The indexes have the same endings. Each goes before its `.log`, and is made anew where it is not what it should be.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use broker_protocol::types::Offset;

use crate::log_error::LogError;
use crate::offset_index::OFFSET_INDEX_SUFFIX;
use crate::segment::{Files, LOG_SUFFIX, file_name};
use crate::time_index::TIME_INDEX_SUFFIX;
use crate::transaction_index::TRANSACTION_INDEX_SUFFIX;

/// Name ending of a segment that is being written to take the place of others.
pub(crate) const CLEANED: &str = "cleaned";

/// Name ending of a segment that is about to take the place of others.
pub(crate) const SWAP: &str = "swap";

/// Endings of the files of such a segment, the `.log` last.
const SUFFIXES: [&str; 4] = [TRANSACTION_INDEX_SUFFIX, TIME_INDEX_SUFFIX, OFFSET_INDEX_SUFFIX, LOG_SUFFIX];

/// Path of one of the files of such a segment.
pub(crate) fn path(dir: &Path, base: Offset, suffix: &str, ending: &str) -> PathBuf {
    dir.join(format!("{}.{ending}", file_name(base, suffix)))
}

/// Renames the files of a segment that is being written to those of one that is about to take its place.
///
/// # Errors
/// `Io`.
pub(crate) fn to_swap(files: Files<'_>, base: Offset) -> Result<(), LogError> {
    for suffix in SUFFIXES {
        let (from, to) = (path(files.dir, base, suffix, CLEANED), path(files.dir, base, suffix, SWAP));
        rename_if_there(files, &from, &to)?;
    }
    Ok(())
}

/// Renames the files of a segment that is about to take its place to their names there. Whatever had these names is gone
/// but for whoever has it open.
///
/// # Errors
/// `Io`.
pub(crate) fn to_place(files: Files<'_>, base: Offset) -> Result<(), LogError> {
    for suffix in SUFFIXES {
        rename_if_there(files, &path(files.dir, base, suffix, SWAP), &files.path(base, suffix))?;
    }
    Ok(())
}

/// Removes the files of a segment that does not take the place of others.
///
/// # Errors
/// `Io`.
pub(crate) fn remove(files: Files<'_>, base: Offset) -> Result<(), LogError> {
    for ending in [CLEANED, SWAP] {
        for suffix in SUFFIXES {
            let path = path(files.dir, base, suffix, ending);
            match files.disk.remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(LogError::io(&path, error)),
                _ => {}
            }
        }
    }
    Ok(())
}

/// The segment that a file of this name is about to be, and the ending.
pub(crate) fn parse(name: &str) -> Option<(Offset, &str, &str)> {
    let (base, rest) = crate::segment::parse_file_name(name)?;
    let (suffix, ending) = rest.split_once('.')?;
    ([CLEANED, SWAP].contains(&ending) && SUFFIXES.contains(&suffix)).then_some((base, suffix, ending))
}

fn rename_if_there(files: Files<'_>, from: &Path, to: &Path) -> Result<(), LogError> {
    match files.disk.rename(from, to) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(LogError::io(from, error)),
        _ => Ok(()),
    }
}
