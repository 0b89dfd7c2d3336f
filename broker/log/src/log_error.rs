//! What can go wrong with one partition's log, apart from a batch that is refused (see `append.rs`).

use std::io;
use std::path::{Path, PathBuf};

use broker_protocol::types::Offset;
use thiserror::Error;

/// The log's files cannot be used. The caller takes the partition or the whole directory out of service.
#[derive(Debug, Error)]
pub enum LogError {
    /// The disk failed, or a file is not there.
    #[error("{}: {source}", path.display())]
    Io {
        /// File or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file's content is not what was once written.
    #[error("{} is corrupt at position {position}: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where in the file, in bytes.
        position: u64,
        /// What was found.
        reason: String,
    },
    /// The directory belongs to another partition.
    #[error("{} holds topic id {found}, expected {expected}", path.display())]
    WrongTopic {
        /// The directory.
        path: PathBuf,
        /// Topic id in `partition.metadata`.
        found: String,
        /// Topic id asked for.
        expected: String,
    },
    /// A directory name that is not `<topic>-<partition>`.
    #[error("{} is not the directory of a partition", path.display())]
    NotAPartition {
        /// The directory.
        path: PathBuf,
    },
}

impl LogError {
    /// Names the file in an error of the disk.
    pub(crate) fn io(path: &Path, source: io::Error) -> LogError {
        LogError::Io { path: path.to_owned(), source }
    }

    /// Names file and position in a finding.
    pub(crate) fn corrupt(path: &Path, position: u64, reason: impl ToString) -> LogError {
        LogError::Corrupt { path: path.to_owned(), position, reason: reason.to_string() }
    }
}

/// Why nothing can be read at an offset.
#[derive(Debug, Error)]
pub enum ReadError {
    /// Below the log's start or behind its end. OFFSET_OUT_OF_RANGE.
    #[error("offset {offset} is outside the log, which holds {log_start} to {log_end}")]
    OutOfRange {
        /// Offset asked for.
        offset: Offset,
        /// First offset of the log.
        log_start: Offset,
        /// Offset after the last record.
        log_end: Offset,
    },
    /// The files cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
}
