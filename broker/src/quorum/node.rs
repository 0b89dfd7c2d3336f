//! Starting the raft instance: open the files, found the quorum on an empty directory, lead.
//!
//! A sole voter leads at once: after a restart its committed vote makes it leader again without an election, and where
//! it has none it elects itself without waiting for a time-out. It has nobody to send heartbeats to, so raft's clock
//! is off and an idle quorum of one wakes nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use broker_protocol::types::{BrokerId, Uuid};
use broker_state::metadata::MetadataImage;
use openraft::{Config, Raft, RaftMetrics, SnapshotPolicy};
use tokio::sync::watch;

use super::TypeConfig;
use super::raft_log::{RaftLog, RaftLogError};
use super::raft_network::NoPeers;
use super::raft_state_machine::ImageMachine;
use super::snapshot_files::{SnapshotFileError, SnapshotFiles};
use crate::env::Env;

/// Entries after which a snapshot is made.
const SNAPSHOT_ENTRIES: u64 = 10_000;
/// Entries that are kept although a snapshot has them, so that a follower which lags a little needs no snapshot.
const ENTRIES_KEPT: u64 = 1_000;
/// How long a sole voter may take to lead and to apply its own log before something must be wrong.
const START_MS_MAX: u64 = 60_000;

/// A member of the quorum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RaftNode {
    /// `node.id`.
    pub broker_id: BrokerId,
    /// Identity of its log directory.
    pub directory_id: Uuid,
    /// Where its peers reach it.
    pub host: String,
    /// TCP port; 0 if it has no peers.
    pub port: u16,
}

impl Default for RaftNode {
    fn default() -> RaftNode {
        RaftNode { broker_id: BrokerId::NONE, directory_id: Uuid::nil(), host: String::new(), port: 0 }
    }
}

/// The raft node that lives in a log directory: an emptied disk is another node, never the old voter again.
#[must_use]
pub fn raft_node_id(directory_id: Uuid) -> u64 {
    let (high, low) = directory_id.as_u64_pair();
    high ^ low
}

/// What a quorum needs to start.
#[derive(Clone, Debug)]
pub struct QuorumConfig {
    /// Where its files lie; made if it is not there. The broker has locked the directory above it.
    pub dir: PathBuf,
    /// This broker.
    pub node: RaftNode,
    /// Entries after which a snapshot is made; `None` for the default of 10,000.
    pub snapshot_entries: Option<u64>,
}

/// Why the quorum cannot start.
#[derive(Debug, thiserror::Error)]
pub enum QuorumError {
    /// The disk failed.
    #[error("metadata directory {path}: {source}", path = path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the disk said.
        source: std::io::Error,
    },
    /// A file is damaged, missing, of a later version, or cannot be read. The message names it.
    #[error("{0}")]
    Files(String),
    /// The files belong to another log directory.
    #[error(
        "metadata in {dir} belongs to other log directories than {directory_id}, which meta.properties names: {members}",
        dir = dir.display()
    )]
    Foreign {
        /// Where they lie.
        dir: PathBuf,
        /// Identity of this broker's log directory.
        directory_id: Uuid,
        /// Who they belong to.
        members: String,
    },
    /// Raft stopped or did not get to lead.
    #[error("metadata quorum did not start: {0}")]
    Raft(String),
}

impl From<RaftLogError> for QuorumError {
    fn from(error: RaftLogError) -> QuorumError {
        QuorumError::Files(error.to_string())
    }
}

impl From<SnapshotFileError> for QuorumError {
    fn from(error: SnapshotFileError) -> QuorumError {
        QuorumError::Files(error.to_string())
    }
}

/// A started raft instance.
pub(super) struct Node {
    pub(super) raft: Raft<TypeConfig>,
    pub(super) log: RaftLog,
    pub(super) images: watch::Receiver<Arc<MetadataImage>>,
    /// The last entry that was on the disk.
    pub(super) found: Option<u64>,
}

/// Opens the files and starts raft; founds a quorum of one where there is none. When it returns this node leads, and
/// its whole log is applied.
pub(super) async fn start(env: &Env, config: &QuorumConfig) -> Result<Node, QuorumError> {
    let (files, snapshot) = open_snapshots(env, config)?;
    let applied = snapshot.as_ref().and_then(|(meta, _)| meta.last_log_id);
    let log = RaftLog::open(env, &config.dir, files.clone(), applied)?;
    files.tidy()?;
    let found = log.last_index();
    let machine = ImageMachine::new(env.clone(), files, snapshot);
    let images = machine.subscribe();
    let id = raft_node_id(config.node.directory_id);
    let raft = Raft::new(id, Arc::new(raft_config(config)), NoPeers, log.clone(), machine)
        .await
        .map_err(raft_error)?;
    let node = Node { raft, log, images, found };
    if let Err(error) = lead(&node.raft, id, config).await {
        // The error that is handed on says more than a panic of raft's task would.
        let _ = node.raft.shutdown().await;
        return Err(error);
    }
    Ok(node)
}

pub(super) type OpenedSnapshots = (SnapshotFiles, Option<(super::SnapshotMeta, MetadataImage)>);

pub(super) fn open_snapshots(env: &Env, config: &QuorumConfig) -> Result<OpenedSnapshots, QuorumError> {
    let io_error = |source| QuorumError::Io { path: config.dir.clone(), source };
    if !env.disk.exists(&config.dir).map_err(io_error)? {
        env.disk.create_dir_all(&config.dir).map_err(io_error)?;
        let parent = config.dir.parent().unwrap_or(&config.dir);
        env.disk.sync_dir(parent).map_err(io_error)?;
    }
    Ok(SnapshotFiles::open(env.disk.clone(), &config.dir)?)
}

fn raft_config(config: &QuorumConfig) -> Config {
    let snapshot_entries = config.snapshot_entries.unwrap_or(SNAPSHOT_ENTRIES);
    Config {
        cluster_name: "metadata".to_owned(),
        // A sole voter needs no clock. The intervals only bound how often its sleeping task wakes.
        enable_tick: false,
        heartbeat_interval: 3_600_000,
        election_timeout_min: 7_200_000,
        election_timeout_max: 14_400_000,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(snapshot_entries),
        max_in_snapshot_log_to_keep: ENTRIES_KEPT.min(snapshot_entries),
        ..Config::default()
    }
}

async fn lead(raft: &Raft<TypeConfig>, id: u64, config: &QuorumConfig) -> Result<(), QuorumError> {
    if raft.is_initialized().await.map_err(raft_error)? {
        let metrics = raft.metrics().borrow().clone();
        let membership = metrics.membership_config.membership();
        if !membership.voter_ids().any(|voter| voter == id) {
            let members: Vec<String> = membership
                .nodes()
                .map(|(_, node)| format!("broker {} with {}", node.broker_id, node.directory_id))
                .collect();
            let directory_id = config.node.directory_id;
            return Err(QuorumError::Foreign {
                dir: config.dir.clone(),
                directory_id,
                members: members.join(", "),
            });
        }
        if metrics.current_leader != Some(id) {
            raft.trigger().elect().await.map_err(raft_error)?;
        }
    } else {
        raft.initialize(BTreeMap::from([(id, config.node.clone())])).await.map_err(raft_error)?;
    }
    let leads = |metrics: &RaftMetrics<u64, RaftNode>| {
        let applied = metrics.last_applied.map(|applied| applied.index);
        metrics.running_state.is_err()
            || (metrics.current_leader == Some(id) && applied.is_some() && applied == metrics.last_log_index)
    };
    let mut metrics = raft.metrics();
    let started = tokio::time::timeout(Duration::from_millis(START_MS_MAX), metrics.wait_for(leads)).await;
    match started {
        Ok(Ok(metrics)) => metrics.running_state.clone().map_err(raft_error),
        Ok(Err(_)) => Err(QuorumError::Raft("raft stopped".to_owned())),
        Err(_) => Err(QuorumError::Raft(format!("no leadership within {START_MS_MAX} ms"))),
    }
}

fn raft_error(error: impl std::error::Error) -> QuorumError {
    QuorumError::Raft(error.to_string())
}
