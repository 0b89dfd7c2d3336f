//! The payload of a metadata snapshot: the cluster's metadata and what its groups have committed. Format: `ClusterBackup`
//! of proto/backup/v1, without a frame of its own: the snapshot around it has one.

use std::sync::Arc;

use broker_protocol::types::{TopicId, Uuid};
use broker_state::group::{CommittedOffset, GroupBackup, OffsetBackup};
use broker_state::metadata::snapshot::{self, SnapshotError};
use broker_state::metadata::{MetadataImage, record};
use prost::Message;
use proto::backup::v1;

/// Version of the message that this release writes, and the highest that it reads.
const VERSION: u32 = 1;

/// What a metadata snapshot says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClusterBackup {
    /// The cluster's metadata.
    pub image: MetadataImage,
    /// The groups that have committed something, by name.
    pub groups: Vec<GroupBackup>,
}

/// Why a payload cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PayloadError {
    /// A later release wrote it.
    #[error("it has version {0}, this release reads up to {VERSION}")]
    Version(u32),
    /// A later release wrote the metadata in it.
    #[error("its metadata was written by a later release: {0}")]
    LaterMetadata(SnapshotError),
    /// It makes no sense.
    #[error("it is inconsistent: {0}")]
    Inconsistent(String),
}

impl PayloadError {
    /// Whether a later release can read it: nothing is damaged.
    #[must_use]
    pub fn is_later(&self) -> bool {
        matches!(self, PayloadError::Version(_) | PayloadError::LaterMetadata(_))
    }
}

/// The bytes of a payload.
#[must_use]
pub fn encode(image: &MetadataImage, groups: &[GroupBackup]) -> Vec<u8> {
    let groups = groups.iter().map(group_to_wire).collect();
    let message = v1::ClusterBackup { version: VERSION, metadata: snapshot::encode(image), groups };
    message.encode_to_vec()
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// See [`PayloadError`].
pub fn decode(bytes: &[u8]) -> Result<ClusterBackup, PayloadError> {
    let inconsistent = |reason: &dyn ToString| PayloadError::Inconsistent(reason.to_string());
    let message = v1::ClusterBackup::decode(bytes).map_err(|error| inconsistent(&error))?;
    if message.version != VERSION {
        return Err(PayloadError::Version(message.version));
    }
    let image = snapshot::decode(&message.metadata).map_err(|error| match error {
        SnapshotError::Decode(
            record::DecodeError::Version { .. } | record::DecodeError::UnknownRecord { .. },
        ) => PayloadError::LaterMetadata(error),
        error => inconsistent(&error),
    })?;
    let groups: Option<Vec<GroupBackup>> = message.groups.into_iter().map(group_from_wire).collect();
    let groups = groups.ok_or_else(|| inconsistent(&"a committed offset is out of range"))?;
    Ok(ClusterBackup { image, groups })
}

fn group_to_wire(group: &GroupBackup) -> v1::Group {
    let mut topics: Vec<v1::TopicOffsets> = Vec::new();
    for OffsetBackup { topic, partition, committed } in &group.offsets {
        let id = committed.topic_id;
        let topic_id = if id.is_zero() { Vec::new() } else { id.0.into_bytes().to_vec() };
        let offset = v1::CommittedOffset {
            partition: u32::try_from(*partition).unwrap_or(u32::MAX),
            offset: committed.offset,
            leader_epoch: committed.leader_epoch,
            metadata: committed.metadata.to_string(),
            commit_timestamp_ms: committed.commit_timestamp_ms,
            expire_timestamp_ms: committed.expire_timestamp_ms,
        };
        match topics.last_mut() {
            Some(last) if last.topic == **topic && last.topic_id == topic_id => last.offsets.push(offset),
            _ => topics.push(v1::TopicOffsets { topic: topic.to_string(), topic_id, offsets: vec![offset] }),
        }
    }
    v1::Group {
        group_id: group.group_id.to_string(),
        protocol_type: group.protocol_type.clone(),
        generation: group.generation,
        topics,
    }
}

fn group_from_wire(group: v1::Group) -> Option<GroupBackup> {
    let mut offsets = Vec::new();
    for topic in group.topics {
        let name: Arc<str> = topic.topic.into();
        let topic_id = match topic.topic_id.as_slice() {
            [] => TopicId::ZERO,
            bytes => TopicId(Uuid::from_slice(bytes).ok()?),
        };
        for offset in topic.offsets {
            let committed = CommittedOffset {
                offset: offset.offset,
                leader_epoch: offset.leader_epoch,
                metadata: offset.metadata.into(),
                commit_timestamp_ms: offset.commit_timestamp_ms,
                expire_timestamp_ms: offset.expire_timestamp_ms,
                topic_id,
            };
            let partition = i32::try_from(offset.partition).ok()?;
            offsets.push(OffsetBackup { topic: Arc::clone(&name), partition, committed });
        }
    }
    Some(GroupBackup {
        group_id: group.group_id.into(),
        protocol_type: group.protocol_type,
        generation: group.generation,
        offsets,
    })
}

#[cfg(test)]
mod tests;
