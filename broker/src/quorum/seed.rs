//! A metadata log that begins with an image instead of nothing: what a cluster has that was recovered elsewhere.
//!
//! The files say what those of a broker say whose log was wholly purged behind a snapshot, so a start needs to know
//! nothing of it. Offsets go on from the image's.

use std::collections::{BTreeMap, BTreeSet};

use broker_state::metadata::{MetadataImage, snapshot};
use bytes::Bytes;

use super::node::{QuorumConfig, QuorumError, open_snapshots, raft_node_id};
use super::raft_log::RaftLog;
use super::{LogId, SnapshotMeta, StoredMembership};
use crate::env::Env;

/// Writes the files of a quorum of one whose metadata is `image`; durable when this returns. The directory must not have
/// any yet.
///
/// # Errors
/// The disk failed.
pub async fn seed(env: &Env, config: &QuorumConfig, image: &MetadataImage) -> Result<(), QuorumError> {
    let (files, _) = open_snapshots(env, config)?;
    let id = raft_node_id(config.node.directory_id);
    let index = u64::try_from(image.position.offset.0)
        .map_err(|_| QuorumError::Files("an image without an offset begins no metadata log".to_owned()))?;
    let last = LogId { leader_id: openraft::LeaderId::new(image.position.term, id), index };
    let nodes = BTreeMap::from([(id, config.node.clone())]);
    let membership = openraft::Membership::new(vec![BTreeSet::from([id])], nodes);
    let meta = SnapshotMeta {
        last_log_id: Some(last),
        last_membership: StoredMembership::new(Some(last), membership),
        snapshot_id: format!("{}-{index}", image.position.term),
    };
    let log = RaftLog::open(env, &config.dir, files.clone(), None)?;
    log.begin_behind(last).await?;
    let bytes = Bytes::from(snapshot::encode(image));
    env.block_on_disk(move || files.save(&meta, bytes)).await?;
    Ok(())
}
