//! The metadata log as the rest of the broker sees it: propose records, read images.
//!
//! Decisions are made one after the other: a handler sees the image that its predecessor's records led to, and its own
//! are applied before the next one is asked. A proposal runs to its end even if its caller goes away. Records that
//! contradict the image are refused before they are written, because a log that holds them could never be applied.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use broker_protocol::types::{BrokerId, Offset, TopicId, Uuid};
use broker_state::metadata::{ApplyError, LogPosition, MetadataBatch, MetadataImage, MetadataRecord, apply};
use broker_state::outcome::Outcome;
use bytes::Bytes;
use openraft::Raft;
use openraft::error::{CheckIsLeaderError, ClientWriteError, ForwardToLeader, RaftError};
use tokio::sync::{Mutex, watch};

use super::node::{self, QuorumConfig, QuorumError, RaftNode};
use super::raft_log::{RaftLog, RaftLogError};
use super::{EncodedBatch, TypeConfig};
use crate::env::Env;

/// Largest batch of records in bytes: 10,000 partitions with three replicas each are a tenth of it.
const BATCH_BYTES_MAX: usize = 16 << 20;
/// What the log adds to a batch.
const FRAMING_BYTES_MAX: u64 = 256;
/// A snapshot is made after this many bytes of log, even if they are few entries: bounds what a start reads.
const SNAPSHOT_BYTES: u64 = 16 << 20;

/// Why records were not written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProposeError {
    /// Another broker decides. Ask it.
    #[error("not the leader of the metadata quorum, which is {}", leader.map_or("unknown".to_owned(), |id| format!("broker {id}")))]
    NotLeader {
        /// Who does, if that is known.
        leader: Option<BrokerId>,
    },
    /// The records cannot follow the image: a fault of the handler that made them. Nothing was written.
    #[error("metadata records contradict the image: {0}")]
    Contradiction(#[from] ApplyError),
    /// The records are too many. Nothing was written.
    #[error("metadata batch of {bytes} bytes exceeds {BATCH_BYTES_MAX}")]
    TooLarge {
        /// Their size.
        bytes: usize,
    },
    /// The disk is full. Nothing was written, and the next proposal may find room.
    #[error("{0}")]
    NoRoom(String),
    /// The log is out of service, most likely because its disk failed. Whether the records were written is unknown; the
    /// broker must stop.
    #[error("metadata log is out of service: {0}")]
    OutOfService(String),
}

/// Why a request was not carried out.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SubmitError<E: std::error::Error> {
    /// The handler refused it.
    #[error(transparent)]
    Refused(E),
    /// Its records were not written.
    #[error(transparent)]
    Propose(ProposeError),
}

/// A member of the quorum, as DescribeQuorum tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReplicaDescription {
    /// `node.id`.
    pub broker_id: BrokerId,
    /// Identity of its log directory.
    pub directory_id: Uuid,
    /// Offset after the last entry that it is known to have; -1 if unknown.
    pub log_end_offset: i64,
    /// When it last had all that the leader had, in ms since 1970; -1 if unknown.
    pub last_caught_up_ms: i64,
}

/// The quorum, as DescribeQuorum tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuorumDescription {
    /// Who leads; [`BrokerId::NONE`] if unknown.
    pub leader: BrokerId,
    /// Raft term.
    pub leader_epoch: i32,
    /// Offset after the last committed entry.
    pub high_watermark: i64,
    /// Members that vote.
    pub voters: Vec<ReplicaDescription>,
    /// Members that do not.
    pub observers: Vec<ReplicaDescription>,
}

/// A handle to the metadata log; clones share it.
#[derive(Clone)]
pub struct MetadataLog {
    shared: Arc<Shared>,
}

struct Shared {
    raft: Raft<TypeConfig>,
    log: RaftLog,
    images: watch::Receiver<Arc<MetadataImage>>,
    /// The last entry that was on the disk.
    found: Option<u64>,
    id: u64,
    /// Held from a decision until its records are applied.
    deciding: Arc<Mutex<()>>,
    snapshot_asked: AtomicBool,
}

impl std::fmt::Debug for MetadataLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MetadataLog").field("position", &self.image().position).finish_non_exhaustive()
    }
}

impl MetadataLog {
    /// Opens the log and founds a quorum of one where there is none. When it returns this broker leads and the image is
    /// complete.
    ///
    /// # Errors
    /// Damaged or foreign files, or a disk that fails; the message names the file.
    pub async fn start(env: &Env, config: &QuorumConfig) -> Result<MetadataLog, QuorumError> {
        let node = node::start(env, config).await?;
        let shared = Shared {
            raft: node.raft,
            log: node.log,
            images: node.images,
            found: node.found,
            id: node::raft_node_id(config.node.directory_id),
            deciding: Arc::default(),
            snapshot_asked: AtomicBool::new(false),
        };
        Ok(MetadataLog { shared: Arc::new(shared) })
    }

    /// The newest image.
    #[must_use]
    pub fn image(&self) -> Arc<MetadataImage> {
        Arc::clone(&self.shared.images.borrow())
    }

    /// Offset of the last entry that was on the disk before this start; -1 if there was none.
    #[must_use]
    pub fn found(&self) -> Offset {
        Offset(self.shared.found.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1))
    }

    /// Tells of every newer image; several may be skipped at once.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<MetadataImage>> {
        self.shared.images.clone()
    }

    /// Lets a handler decide on the newest image, and makes its records durable and applied. Returns its response and
    /// the offset of its records; where it has none, the offset of the image that it saw.
    ///
    /// # Errors
    /// The handler's, or why its records were not written.
    pub async fn submit<T, E: std::error::Error>(
        &self,
        decide: impl FnOnce(&MetadataImage) -> Result<Outcome<MetadataRecord, T>, E>,
    ) -> Result<(T, Offset), SubmitError<E>> {
        let turn = Arc::clone(&self.shared.deciding).lock_owned().await;
        let image = self.image();
        let Outcome { records, response } = decide(&image).map_err(SubmitError::Refused)?;
        if records.is_empty() {
            return Ok((response, image.position.offset));
        }
        let bytes = check(&image, records).map_err(SubmitError::Propose)?;
        let shared = Arc::clone(&self.shared);
        // A task of its own: a caller that goes away must not let the next handler see an image without these records.
        let writing = tokio::spawn(async move {
            let written = shared.write(bytes).await;
            drop(turn);
            written
        });
        let stopped = |_| ProposeError::OutOfService("the runtime shuts down".to_owned());
        let offset = writing.await.map_err(stopped).flatten().map_err(SubmitError::Propose)?;
        Ok((response, offset))
    }

    /// Makes records durable and applies them; returns their offset, or that of the image if there are none.
    ///
    /// # Errors
    /// See [`ProposeError`].
    pub async fn propose(&self, batch: MetadataBatch) -> Result<Offset, ProposeError> {
        let decided =
            |_: &MetadataImage| Ok::<_, Infallible>(Outcome { records: batch.records, response: () });
        match self.submit(decided).await {
            Ok(((), offset)) => Ok(offset),
            Err(SubmitError::Propose(error)) => Err(error),
            Err(SubmitError::Refused(never)) => match never {},
        }
    }

    /// The topics that the log removes, as far back as its files reach: at least to the snapshot before the last one.
    /// Reads all of them.
    ///
    /// # Errors
    /// The disk failed, or an entry is damaged; the message names the file.
    pub async fn removed_topics(&self) -> Result<BTreeSet<TopicId>, QuorumError> {
        Ok(self.shared.log.removed_topics().await?)
    }

    /// The file that the log ends in.
    #[must_use]
    pub fn newest_file(&self) -> PathBuf {
        self.shared.log.newest_file()
    }

    /// Whether this broker decides.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.shared.raft.metrics().borrow().current_leader == Some(self.shared.id)
    }

    /// Raft term.
    #[must_use]
    pub fn term(&self) -> u64 {
        self.shared.raft.metrics().borrow().current_term
    }

    /// Returns once the image holds all that was decided before the call, having heard from a quorum that no other
    /// broker decides (raft's ReadIndex).
    ///
    /// # Errors
    /// Another broker leads, or the log is out of service.
    pub async fn ensure_linearizable(&self) -> Result<(), ProposeError> {
        match self.shared.raft.ensure_linearizable().await {
            Ok(_) => Ok(()),
            Err(RaftError::APIError(CheckIsLeaderError::ForwardToLeader(to))) => Err(not_leader(&to)),
            Err(RaftError::APIError(CheckIsLeaderError::QuorumNotEnough(_))) => {
                Err(ProposeError::NotLeader { leader: None })
            }
            Err(RaftError::Fatal(error)) => Err(ProposeError::OutOfService(error.to_string())),
        }
    }

    /// The quorum as this broker knows it at `now_ms`.
    #[must_use]
    pub fn describe(&self, now_ms: i64) -> QuorumDescription {
        let metrics = self.shared.raft.metrics().borrow().clone();
        let membership = metrics.membership_config.membership();
        let end_of =
            |index: Option<u64>| index.map_or(0, |index| i64::try_from(index + 1).unwrap_or(i64::MAX));
        let replica = |id: u64, node: &RaftNode| {
            let known = match &metrics.replication {
                _ if id == self.shared.id => Some(metrics.last_log_index),
                Some(replication) => replication.get(&id).map(|matched| matched.map(|id| id.index)),
                None => None,
            };
            let caught_up = known.is_some_and(|index| index >= metrics.last_log_index);
            ReplicaDescription {
                broker_id: node.broker_id,
                directory_id: node.directory_id,
                log_end_offset: known.map_or(-1, end_of),
                last_caught_up_ms: if caught_up { now_ms } else { -1 },
            }
        };
        let voters: Vec<u64> = membership.voter_ids().collect();
        let members = |votes: bool| {
            let of_kind = membership.nodes().filter(|(id, _)| voters.contains(id) == votes);
            of_kind.map(|(&id, node)| replica(id, node)).collect()
        };
        let leader = metrics.current_leader.and_then(|id| membership.get_node(&id));
        QuorumDescription {
            leader: leader.map_or(BrokerId::NONE, |node| node.broker_id),
            leader_epoch: i32::try_from(metrics.current_term).unwrap_or(i32::MAX),
            high_watermark: end_of(metrics.last_applied.map(|id| id.index)),
            voters: members(true),
            observers: members(false),
        }
    }

    /// Returns, with the reason, when the log goes out of service: the broker must stop then. Also returns after
    /// [`MetadataLog::shutdown`].
    pub async fn out_of_service(&self) -> String {
        let mut metrics = self.shared.raft.metrics();
        match metrics.wait_for(|metrics| metrics.running_state.is_err()).await {
            Ok(metrics) => {
                metrics.running_state.as_ref().map_or_else(ToString::to_string, |()| String::new())
            }
            Err(_) => "raft stopped".to_owned(),
        }
    }

    /// Why the log is out of service, if it is; also after [`MetadataLog::shutdown`].
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.shared.raft.metrics().borrow().running_state.as_ref().err().map(ToString::to_string)
    }

    /// Writes a snapshot in the background.
    ///
    /// # Errors
    /// The log is out of service.
    pub async fn snapshot(&self) -> Result<(), ProposeError> {
        let asked = self.shared.raft.trigger().snapshot().await;
        asked.map_err(|error| ProposeError::OutOfService(error.to_string()))
    }

    /// Stops raft. What was proposed before is durable; later proposals fail.
    pub async fn shutdown(&self) {
        // A turn that is under way ends first.
        let _turn = self.shared.deciding.lock().await;
        if let Err(error) = self.shared.raft.shutdown().await {
            tracing::error!(%error, "metadata quorum did not stop in order");
        }
    }
}

/// The bytes of records that can follow the image.
fn check(image: &MetadataImage, records: Vec<MetadataRecord>) -> Result<Bytes, ProposeError> {
    let batch = MetadataBatch { records };
    let next = LogPosition { offset: image.position.offset.plus(1), term: image.position.term };
    apply(image, next, &batch)?;
    let bytes = batch.encode_versioned();
    match bytes.len() <= BATCH_BYTES_MAX {
        true => Ok(bytes.into()),
        false => Err(ProposeError::TooLarge { bytes: bytes.len() }),
    }
}

fn not_leader(to: &ForwardToLeader<u64, RaftNode>) -> ProposeError {
    ProposeError::NotLeader { leader: to.leader_node.as_ref().map(|node| node.broker_id) }
}

impl Shared {
    async fn write(&self, bytes: Bytes) -> Result<Offset, ProposeError> {
        self.log.make_room(bytes.len() as u64 + FRAMING_BYTES_MAX).await.map_err(|error| match error {
            RaftLogError::NoRoom { .. } => ProposeError::NoRoom(error.to_string()),
            error => ProposeError::OutOfService(error.to_string()),
        })?;
        let written = match self.raft.client_write(EncodedBatch(bytes)).await {
            Ok(written) => written,
            Err(RaftError::APIError(ClientWriteError::ForwardToLeader(to))) => return Err(not_leader(&to)),
            Err(RaftError::APIError(ClientWriteError::ChangeMembershipError(error))) => {
                return Err(ProposeError::OutOfService(error.to_string()));
            }
            Err(RaftError::Fatal(error)) => return Err(ProposeError::OutOfService(error.to_string())),
        };
        self.snapshot_if_long().await;
        Ok(super::raft_state_machine::position_of(written.log_id).offset)
    }

    /// Asks for a snapshot when the log after the last one has grown long in bytes.
    async fn snapshot_if_long(&self) {
        let snapshot = self.raft.metrics().borrow().snapshot.map(|id| id.index);
        let is_long = self.log.bytes_after(snapshot) > SNAPSHOT_BYTES;
        if !is_long {
            self.snapshot_asked.store(false, Ordering::Relaxed);
        } else if !self.snapshot_asked.swap(true, Ordering::Relaxed)
            && let Err(error) = self.raft.trigger().snapshot().await
        {
            tracing::error!(%error, "metadata snapshot could not be asked for");
        }
    }
}

#[cfg(test)]
mod tests;
