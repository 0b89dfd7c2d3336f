//! `DescribeQuorumResponse`: response of API DescribeQuorum (55), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `DescribeQuorumResponse`: response of API DescribeQuorum (55), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeQuorumResponse<'a> {
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 2 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]TopicData`, versions 0 on.
    pub topics: Vec<TopicData<'a>>,
    /// `[]Node`, versions 2 on.
    pub nodes: Vec<Node<'a>>,
}

impl Default for DescribeQuorumResponse<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(Cow::default()), topics: Vec::new(), nodes: Vec::new() }
    }
}

impl<'a> DescribeQuorumResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 55).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeQuorum;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DescribeQuorumResponse", version });
        }
        let this = Self {
            error_code: reader.i16()?,
            error_message: if version >= 2 { reader.nullable_string(true)? } else { Some(Cow::default()) },
            topics: reader.array(true, 3, |reader| TopicData::decode(reader, version))?,
            nodes: if version >= 2 {
                reader.array(true, 6, |reader| Node::decode(reader, version))?
            } else {
                Vec::new()
            },
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeQuorumResponse", version });
        }
        writer.error_code(self.error_code);
        if version >= 2 {
            writer.nullable_string(true, self.error_message.as_deref())?;
        }
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        if version >= 2 {
            writer.array(true, &self.nodes, |writer, element| element.encode(writer, version))?;
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeQuorumResponse<'a> {
    error_code: "errorCode" 0..=2,
    error_message: "errorMessage" 2..=2,
    topics: "topics" 0..=2,
    nodes: "nodes" 2..=2,
} tagged {
}}

/// Part of [`DescribeQuorumResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    /// `int32`, versions 0 on.
    pub replica_id: i32,
    /// `uuid`, versions 2 on.
    pub replica_directory_id: Uuid,
    /// `int64`, versions 0 on.
    pub log_end_offset: i64,
    /// `int64`, versions 1 on, default -1.
    pub last_fetch_timestamp: i64,
    /// `int64`, versions 1 on, default -1.
    pub last_caught_up_timestamp: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self {
            replica_id: 0,
            replica_directory_id: Uuid::nil(),
            log_end_offset: 0,
            last_fetch_timestamp: -1,
            last_caught_up_timestamp: -1,
        }
    }
}

impl ReplicaState {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            replica_id: reader.i32()?,
            replica_directory_id: if version >= 2 { reader.uuid()? } else { Uuid::nil() },
            log_end_offset: reader.i64()?,
            last_fetch_timestamp: if version >= 1 { reader.i64()? } else { -1 },
            last_caught_up_timestamp: if version >= 1 { reader.i64()? } else { -1 },
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.replica_id);
        if version >= 2 {
            writer.uuid(self.replica_directory_id);
        }
        writer.i64(self.log_end_offset);
        if version >= 1 {
            writer.i64(self.last_fetch_timestamp);
        }
        if version >= 1 {
            writer.i64(self.last_caught_up_timestamp);
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ReplicaState {
    replica_id: "replicaId" 0..=2,
    replica_directory_id: "replicaDirectoryId" 2..=2,
    log_end_offset: "logEndOffset" 0..=2,
    last_fetch_timestamp: "lastFetchTimestamp" 1..=2,
    last_caught_up_timestamp: "lastCaughtUpTimestamp" 1..=2,
} tagged {
}}

/// Part of [`DescribeQuorumResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionData<'a> {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 2 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `int32`, versions 0 on.
    pub leader_id: i32,
    /// `int32`, versions 0 on.
    pub leader_epoch: i32,
    /// `int64`, versions 0 on.
    pub high_watermark: i64,
    /// `[]ReplicaState`, versions 0 on.
    pub current_voters: Vec<ReplicaState>,
    /// `[]ReplicaState`, versions 0 on.
    pub observers: Vec<ReplicaState>,
}

impl Default for PartitionData<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: 0,
            error_message: Some(Cow::default()),
            leader_id: 0,
            leader_epoch: 0,
            high_watermark: 0,
            current_voters: Vec::new(),
            observers: Vec::new(),
        }
    }
}

impl<'a> PartitionData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            error_message: if version >= 2 { reader.nullable_string(true)? } else { Some(Cow::default()) },
            leader_id: reader.i32()?,
            leader_epoch: reader.i32()?,
            high_watermark: reader.i64()?,
            current_voters: reader.array(true, 13, |reader| ReplicaState::decode(reader, version))?,
            observers: reader.array(true, 13, |reader| ReplicaState::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        if version >= 2 {
            writer.nullable_string(true, self.error_message.as_deref())?;
        }
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.i64(self.high_watermark);
        writer.array(true, &self.current_voters, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.observers, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionData<'a> {
    partition_index: "partitionIndex" 0..=2,
    error_code: "errorCode" 0..=2,
    error_message: "errorMessage" 2..=2,
    leader_id: "leaderId" 0..=2,
    leader_epoch: "leaderEpoch" 0..=2,
    high_watermark: "highWatermark" 0..=2,
    current_voters: "currentVoters" 0..=2,
    observers: "observers" 0..=2,
} tagged {
}}

/// Part of [`DescribeQuorumResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData<'a> {
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
    /// `[]PartitionData`, versions 0 on.
    pub partitions: Vec<PartitionData<'a>>,
}

impl<'a> TopicData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_name: reader.string(true)?,
            partitions: reader.array(true, 25, |reader| PartitionData::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.array(true, &self.partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicData<'a> {
    topic_name: "topicName" 0..=2,
    partitions: "partitions" 0..=2,
} tagged {
}}

/// Part of [`DescribeQuorumResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener<'a> {
    /// `string`, versions 2 on.
    pub name: Cow<'a, str>,
    /// `string`, versions 2 on.
    pub host: Cow<'a, str>,
    /// `uint16`, versions 2 on.
    pub port: u16,
}

impl<'a> Listener<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { name: reader.string(true)?, host: reader.string(true)?, port: reader.u16()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.string(true, &self.host)?;
        writer.u16(self.port);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Listener<'a> {
    name: "name" 2..=2,
    host: "host" 2..=2,
    port: "port" 2..=2,
} tagged {
}}

/// Part of [`DescribeQuorumResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node<'a> {
    /// `int32`, versions 2 on.
    pub node_id: i32,
    /// `[]Listener`, versions 2 on.
    pub listeners: Vec<Listener<'a>>,
}

impl<'a> Node<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            node_id: reader.i32()?,
            listeners: reader.array(true, 5, |reader| Listener::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.node_id);
        writer.array(true, &self.listeners, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Node<'a> {
    node_id: "nodeId" 2..=2,
    listeners: "listeners" 2..=2,
} tagged {
}}

crate::codec::message!(DescribeQuorumResponse<'a>, Response);
