//! How a data directory is run, and why it cannot be opened or changed.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use broker_protocol::types::{BrokerId, TopicId, Uuid};
use thiserror::Error;

use crate::commit_log::CommitLogSizes;
use crate::io::lacks_files;
use crate::log_config::LogIdentity;
use crate::log_error::LogError;
use crate::manager::shared::{is_full, passes};
use crate::meta_properties::MetaPropertiesError;

/// Settings of a data directory.
#[derive(Clone, Debug)]
pub struct LogDirSettings {
    /// Cluster that the directory must belong to.
    pub cluster_id: String,
    /// Broker that the directory must belong to.
    pub node_id: BrokerId,
    /// Becomes the directory's id if it has none yet: random.
    pub new_directory_id: Uuid,
    /// Sizes of the commit log.
    pub commit_log: CommitLogSizes,
    /// Longest time between two checkpoints while there is anything to cover.
    pub checkpoint_interval: Duration,
    /// Logs that one `maintain` covers of a checkpoint under way; all of them once the commit log is half full.
    pub checkpoint_logs_per_step: usize,
    /// Time between two retention passes (`log.retention.check.interval.ms`).
    pub retention_check_interval: Duration,
    /// Bytes set aside for a full disk; 0 for none.
    pub reserve_bytes: u64,
    /// Threads that open logs at the start; 1 in a simulation.
    pub recovery_threads: usize,
    /// A bug to run with, to see that tests find it.
    #[cfg(feature = "planted-bugs")]
    pub planted: Option<PlantedBug>,
}

impl LogDirSettings {
    /// The defaults for a directory of this broker.
    #[must_use]
    pub fn new(cluster_id: &str, node_id: BrokerId, new_directory_id: Uuid) -> LogDirSettings {
        LogDirSettings {
            cluster_id: cluster_id.to_owned(),
            node_id,
            new_directory_id,
            commit_log: CommitLogSizes::default(),
            checkpoint_interval: Duration::from_secs(60),
            checkpoint_logs_per_step: 256,
            retention_check_interval: Duration::from_secs(300),
            reserve_bytes: 8 << 20,
            recovery_threads: 2,
            #[cfg(feature = "planted-bugs")]
            planted: None,
        }
    }
}

/// A bug that tests must find.
#[cfg(feature = "planted-bugs")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlantedBug {
    /// Listeners are told without anything having been made durable.
    AckBeforeFsync,
    /// The names of new directories and files are never made durable.
    NoDirectoryFsync,
    /// What recovery finds behind the commit log counts as durable without a sync.
    ReplayedTailNotSynced,
    /// What a cleaning has written takes the place of segments without a sync.
    SwapBeforeFsync,
}

#[cfg(feature = "planted-bugs")]
impl LogDirSettings {
    pub(crate) fn is_planted_ack_before_fsync(&self) -> bool {
        self.planted == Some(PlantedBug::AckBeforeFsync)
    }

    pub(crate) fn is_planted_no_directory_fsync(&self) -> bool {
        self.planted == Some(PlantedBug::NoDirectoryFsync)
    }

    pub(crate) fn is_planted_replayed_tail_not_synced(&self) -> bool {
        self.planted == Some(PlantedBug::ReplayedTailNotSynced)
    }

    pub(crate) fn is_planted_swap_before_fsync(&self) -> bool {
        self.planted == Some(PlantedBug::SwapBeforeFsync)
    }
}

#[cfg(not(feature = "planted-bugs"))]
#[expect(clippy::unused_self, reason = "the same calls as with planted bugs")]
impl LogDirSettings {
    pub(crate) const fn is_planted_ack_before_fsync(&self) -> bool {
        false
    }

    pub(crate) const fn is_planted_no_directory_fsync(&self) -> bool {
        false
    }

    pub(crate) const fn is_planted_replayed_tail_not_synced(&self) -> bool {
        false
    }

    pub(crate) const fn is_planted_swap_before_fsync(&self) -> bool {
        false
    }
}

/// Why a data directory cannot be used, or one of its logs cannot be made or deleted.
#[derive(Debug, Error)]
pub enum LogDirError {
    /// The disk failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// File or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process runs with the directory.
    #[error("{} is locked by another process", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The directory belongs to somebody else.
    #[error(transparent)]
    MetaProperties(#[from] MetaPropertiesError),
    /// A log cannot be made or opened.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The directory of a log to be made is taken.
    #[error("cannot make {identity}: its directory holds topic id {found}, which must be deleted first")]
    NameTaken {
        /// The log to be made.
        identity: LogIdentity,
        /// Topic id of the log that is there.
        found: TopicId,
    },
    /// The log was found damaged when the directory was opened.
    #[error("{identity} is offline: {reason}")]
    Offline {
        /// The log.
        identity: LogIdentity,
        /// What was found.
        reason: String,
    },
    /// The directory is out of service or closed.
    #[error("log directory {} is out of service: {reason}", path.display())]
    OutOfService {
        /// The directory.
        path: PathBuf,
        /// The first failure.
        reason: String,
    },
}

impl LogDirError {
    /// Whether the disk, or the quota, is full or no more files can be opened, and nothing else is wrong: the same may
    /// succeed later.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            LogDirError::Io { source, .. } => is_full(source) || lacks_files(source),
            LogDirError::Log(error) => passes(error),
            _ => false,
        }
    }

    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> LogDirError {
        |source| LogDirError::Io { path: path.to_owned(), source }
    }
}
