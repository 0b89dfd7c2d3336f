//! `DescribeTopicPartitionsResponse`: response of API DescribeTopicPartitions (75), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `DescribeTopicPartitionsResponse`: response of API DescribeTopicPartitions (75), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTopicPartitionsResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `[]DescribeTopicPartitionsResponseTopic`, versions 0 on.
    pub topics: Vec<DescribeTopicPartitionsResponseTopic<'a>>,
    /// `Cursor`, versions 0 on, nullable.
    pub next_cursor: Option<Cursor<'a>>,
}

impl<'a> DescribeTopicPartitionsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 75).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeTopicPartitions;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "DescribeTopicPartitionsResponse",
                version,
            });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            topics: reader
                .array(true, 26, |reader| DescribeTopicPartitionsResponseTopic::decode(reader, version))?,
            next_cursor: reader.nullable_struct(|reader| Cursor::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion {
                message: "DescribeTopicPartitionsResponse",
                version,
            });
        }
        writer.i32(self.throttle_time_ms);
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.nullable_struct(self.next_cursor.as_ref(), |writer, value| value.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeTopicPartitionsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=0,
    topics: "topics" 0..=0,
    next_cursor: "nextCursor" 0..=0,
} tagged {
}}

/// Part of [`DescribeTopicPartitionsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponsePartition {
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int32`, versions 0 on.
    pub leader_id: i32,
    /// `int32`, versions 0 on, default -1.
    pub leader_epoch: i32,
    /// `[]int32`, versions 0 on.
    pub replica_nodes: Vec<i32>,
    /// `[]int32`, versions 0 on.
    pub isr_nodes: Vec<i32>,
    /// `[]int32`, versions 0 on, nullable.
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// `[]int32`, versions 0 on, nullable.
    pub last_known_elr: Option<Vec<i32>>,
    /// `[]int32`, versions 0 on.
    pub offline_replicas: Vec<i32>,
}

impl Default for DescribeTopicPartitionsResponsePartition {
    fn default() -> Self {
        Self {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            eligible_leader_replicas: None,
            last_known_elr: None,
            offline_replicas: Vec::new(),
        }
    }
}

impl DescribeTopicPartitionsResponsePartition {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            error_code: reader.i16()?,
            partition_index: reader.i32()?,
            leader_id: reader.i32()?,
            leader_epoch: reader.i32()?,
            replica_nodes: reader.array(true, 4, Reader::i32)?,
            isr_nodes: reader.array(true, 4, Reader::i32)?,
            eligible_leader_replicas: reader.nullable_array(true, 4, Reader::i32)?,
            last_known_elr: reader.nullable_array(true, 4, Reader::i32)?,
            offline_replicas: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.error_code(self.error_code);
        writer.i32(self.partition_index);
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.scalars(true, &self.replica_nodes, Writer::i32)?;
        writer.scalars(true, &self.isr_nodes, Writer::i32)?;
        writer.nullable_scalars(true, self.eligible_leader_replicas.as_deref(), Writer::i32)?;
        writer.nullable_scalars(true, self.last_known_elr.as_deref(), Writer::i32)?;
        writer.scalars(true, &self.offline_replicas, Writer::i32)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeTopicPartitionsResponsePartition {
    error_code: "errorCode" 0..=0,
    partition_index: "partitionIndex" 0..=0,
    leader_id: "leaderId" 0..=0,
    leader_epoch: "leaderEpoch" 0..=0,
    replica_nodes: "replicaNodes" 0..=0,
    isr_nodes: "isrNodes" 0..=0,
    eligible_leader_replicas: "eligibleLeaderReplicas" 0..=0,
    last_known_elr: "lastKnownElr" 0..=0,
    offline_replicas: "offlineReplicas" 0..=0,
} tagged {
}}

/// Part of [`DescribeTopicPartitionsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponseTopic<'a> {
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub name: Option<Cow<'a, str>>,
    /// `uuid`, versions 0 on.
    pub topic_id: Uuid,
    /// `bool`, versions 0 on.
    pub is_internal: bool,
    /// `[]DescribeTopicPartitionsResponsePartition`, versions 0 on.
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    /// `int32`, versions 0 on, default -2147483648.
    pub topic_authorized_operations: i32,
}

impl Default for DescribeTopicPartitionsResponseTopic<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            name: Some(Cow::default()),
            topic_id: Uuid::nil(),
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: i32::MIN,
        }
    }
}

impl<'a> DescribeTopicPartitionsResponseTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            error_code: reader.i16()?,
            name: reader.nullable_string(true)?,
            topic_id: reader.uuid()?,
            is_internal: reader.bool()?,
            partitions: reader.array(true, 20, |reader| {
                DescribeTopicPartitionsResponsePartition::decode(reader, version)
            })?,
            topic_authorized_operations: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.name.as_deref())?;
        writer.uuid(self.topic_id);
        writer.bool(self.is_internal);
        writer.array(true, &self.partitions, |writer, element| element.encode(writer, version))?;
        writer.i32(self.topic_authorized_operations);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeTopicPartitionsResponseTopic<'a> {
    error_code: "errorCode" 0..=0,
    name: "name" 0..=0,
    topic_id: "topicId" 0..=0,
    is_internal: "isInternal" 0..=0,
    partitions: "partitions" 0..=0,
    topic_authorized_operations: "topicAuthorizedOperations" 0..=0,
} tagged {
}}

/// Part of [`DescribeTopicPartitionsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cursor<'a> {
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub partition_index: i32,
}

impl<'a> Cursor<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { topic_name: reader.string(true)?, partition_index: reader.i32()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.i32(self.partition_index);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Cursor<'a> {
    topic_name: "topicName" 0..=0,
    partition_index: "partitionIndex" 0..=0,
} tagged {
}}

crate::codec::message!(DescribeTopicPartitionsResponse<'a>, Response);
