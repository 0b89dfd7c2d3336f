//! Records of `__consumer_offsets`, byte for byte Kafka's.
//!
//! Key: record type i16, then the key message in version 0. Value: version i16, then the value message; a null value is
//! a tombstone. Written are OffsetCommit values in version 4 (version 1 with an expiry of their own) and GroupMetadata
//! values in version 3, as Kafka 4.3 does; every version is read.

use std::borrow::Cow;
use std::collections::BTreeSet;

use broker_protocol::codec::{DecodeError, EncodeError, Reader, Writer};
use broker_protocol::messages::group_metadata_value::MemberMetadata;
use broker_protocol::messages::{
    ConsumerProtocolSubscription, GroupMetadataKey, GroupMetadataValue, OffsetCommitKey, OffsetCommitValue,
};
use broker_protocol::types::TopicId;

use super::classic_group::Group;
use super::offsets::CommittedOffset;

const OFFSET_COMMIT_VERSION: i16 = 4;
/// The only version with an expire timestamp; it lacks leader epoch and topic id.
const OFFSET_COMMIT_VERSION_WITH_EXPIRY: i16 = 1;
const GROUP_METADATA_VERSION: i16 = 3;
const KEY_VERSION: i16 = 0;

/// One record to be appended to `__consumer_offsets`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CoordinatorRecord {
    /// Record type and key.
    pub key: Vec<u8>,
    /// Version and value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
}

/// Why a record of `__consumer_offsets` cannot be replayed. The partition's groups cannot be served then.
#[derive(Clone, Debug, thiserror::Error)]
#[error("record of type {record_type} in __consumer_offsets is not readable: {source}")]
pub struct RecordError {
    /// The record type in the key, -1 if the key is too short to have one.
    pub record_type: i16,
    /// What is wrong with it.
    pub source: DecodeError,
}

/// What a record changes.
pub(super) enum Change<'a> {
    /// An offset is committed, or deleted.
    Offset { key: OffsetCommitKey<'a>, committed: Option<CommittedOffset> },
    /// A generation is stable or the group is empty; or the group is deleted.
    Group { key: GroupMetadataKey<'a>, metadata: Option<GroupMetadataValue<'a>> },
    /// A record of another kind of group.
    Unknown,
}

/// Reads one record.
pub(super) fn read<'a>(key: &'a [u8], value: Option<&'a [u8]>) -> Result<Change<'a>, RecordError> {
    let mut reader = Reader::new(key);
    let record_type = reader.i16().map_err(|source| RecordError { record_type: -1, source })?;
    read_change(record_type, &mut reader, value).map_err(|source| RecordError { record_type, source })
}

fn read_change<'a>(
    record_type: i16,
    key: &mut Reader<'a>,
    value: Option<&'a [u8]>,
) -> Result<Change<'a>, DecodeError> {
    match record_type {
        // Type 0 is the key of the first OffsetCommit version, with the same fields.
        0 | OffsetCommitValue::RECORD_TYPE => {
            let key = OffsetCommitKey::decode(key, KEY_VERSION)?;
            let committed = value.map(read_offset).transpose()?;
            Ok(Change::Offset { key, committed })
        }
        GroupMetadataValue::RECORD_TYPE => {
            let key = GroupMetadataKey::decode(key, KEY_VERSION)?;
            let metadata = value.map(read_group).transpose()?;
            Ok(Change::Group { key, metadata })
        }
        _ => Ok(Change::Unknown),
    }
}

fn read_offset(value: &[u8]) -> Result<CommittedOffset, DecodeError> {
    let mut reader = Reader::new(value);
    let version = reader.i16()?;
    let value = OffsetCommitValue::decode(&mut reader, version)?;
    Ok(CommittedOffset {
        offset: value.offset,
        leader_epoch: value.leader_epoch,
        metadata: value.metadata.into(),
        commit_timestamp_ms: value.commit_timestamp,
        expire_timestamp_ms: (value.expire_timestamp != -1).then_some(value.expire_timestamp),
        topic_id: TopicId(value.topic_id),
    })
}

fn read_group(value: &[u8]) -> Result<GroupMetadataValue<'_>, DecodeError> {
    let mut reader = Reader::new(value);
    let version = reader.i16()?;
    GroupMetadataValue::decode(&mut reader, version)
}

/// The record of a committed offset.
pub(super) fn offset_commit(
    group_id: &str,
    topic: &str,
    partition: i32,
    committed: &CommittedOffset,
) -> CoordinatorRecord {
    let version = match committed.expire_timestamp_ms {
        Some(_) => OFFSET_COMMIT_VERSION_WITH_EXPIRY,
        None => OFFSET_COMMIT_VERSION,
    };
    let value = OffsetCommitValue {
        offset: committed.offset,
        leader_epoch: committed.leader_epoch,
        metadata: Cow::Borrowed(&committed.metadata),
        commit_timestamp: committed.commit_timestamp_ms,
        expire_timestamp: committed.expire_timestamp_ms.unwrap_or(-1),
        topic_id: committed.topic_id.0,
    };
    CoordinatorRecord {
        key: offset_key(group_id, topic, partition),
        value: Some(written(version, |writer| value.encode(writer, version))),
    }
}

/// The record that deletes a committed offset.
pub(super) fn offset_tombstone(group_id: &str, topic: &str, partition: i32) -> CoordinatorRecord {
    CoordinatorRecord { key: offset_key(group_id, topic, partition), value: None }
}

fn offset_key(group_id: &str, topic: &str, partition: i32) -> Vec<u8> {
    let key = OffsetCommitKey { group: group_id.into(), topic: topic.into(), partition };
    written(OffsetCommitValue::RECORD_TYPE, |writer| key.encode(writer, KEY_VERSION))
}

/// The record of a group's present generation.
pub(super) fn group_metadata(group: &Group, members: Vec<MemberMetadata<'_>>) -> CoordinatorRecord {
    let value = GroupMetadataValue {
        protocol_type: group.protocol_type.as_deref().unwrap_or_default().into(),
        generation: group.generation,
        protocol: group.protocol_name.as_deref().map(Cow::Borrowed),
        leader: group.leader.as_deref().map(Cow::Borrowed),
        current_state_timestamp: group.state_timestamp_ms.unwrap_or(-1),
        members,
    };
    CoordinatorRecord {
        key: group_key(&group.id),
        value: Some(written(GROUP_METADATA_VERSION, |writer| value.encode(writer, GROUP_METADATA_VERSION))),
    }
}

/// The record of a group without members, as of a moment.
pub(super) fn empty_group(
    group_id: &str,
    protocol_type: &str,
    generation: i32,
    now_ms: i64,
) -> CoordinatorRecord {
    let value = GroupMetadataValue {
        protocol_type: protocol_type.into(),
        generation,
        protocol: None,
        leader: None,
        current_state_timestamp: now_ms,
        members: Vec::new(),
    };
    CoordinatorRecord {
        key: group_key(group_id),
        value: Some(written(GROUP_METADATA_VERSION, |writer| value.encode(writer, GROUP_METADATA_VERSION))),
    }
}

/// The record that deletes a group.
pub(super) fn group_tombstone(group_id: &str) -> CoordinatorRecord {
    CoordinatorRecord { key: group_key(group_id), value: None }
}

fn group_key(group_id: &str) -> Vec<u8> {
    let key = GroupMetadataKey { group: group_id.into() };
    written(GroupMetadataValue::RECORD_TYPE, |writer| key.encode(writer, KEY_VERSION))
}

fn written(number: i16, encode: impl FnOnce(&mut Writer) -> Result<(), EncodeError>) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.i16(number);
    encode(&mut writer).expect("strings and bytes came off the wire, which bounds them alike");
    writer.into_parts().0
}

/// The topics in a member's metadata for protocol type `consumer`. Version 0 is a prefix of all versions.
pub(super) fn subscribed_topics(metadata: &[u8]) -> Option<BTreeSet<String>> {
    let mut reader = Reader::new(metadata);
    let version = reader.i16().ok()?;
    if version < 0 {
        return None;
    }
    let subscription = ConsumerProtocolSubscription::decode(&mut reader, 0).ok()?;
    Some(subscription.topics.into_iter().map(Cow::into_owned).collect())
}

#[cfg(test)]
mod tests;
