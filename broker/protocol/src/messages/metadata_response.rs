//! `MetadataResponse`: response of API Metadata (3), versions 0 to 13. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, required};
use crate::types::Uuid;

/// `MetadataResponse`: response of API Metadata (3), versions 0 to 13.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponse<'a> {
    /// `int32`, versions 3 on.
    pub throttle_time_ms: i32,
    /// `[]MetadataResponseBroker`, versions 0 on.
    pub brokers: Vec<MetadataResponseBroker<'a>>,
    /// `string`, versions 2 on, nullable.
    pub cluster_id: Option<Cow<'a, str>>,
    /// `int32`, versions 1 on, default -1.
    pub controller_id: i32,
    /// `[]MetadataResponseTopic`, versions 0 on.
    pub topics: Vec<MetadataResponseTopic<'a>>,
    /// `int16`, versions 13 on.
    pub error_code: i16,
    /// `int32`, versions 8 to 10, default -2147483648.
    pub cluster_authorized_operations: i32,
}

impl Default for MetadataResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            brokers: Vec::new(),
            cluster_id: None,
            controller_id: -1,
            topics: Vec::new(),
            error_code: 0,
            cluster_authorized_operations: i32::MIN,
        }
    }
}

impl<'a> MetadataResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=13;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 9;
    /// The API that this message belongs to (key 3).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Metadata;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "MetadataResponse", version });
        }
        let flexible = version >= 9;
        let this = Self {
            throttle_time_ms: if version >= 3 { reader.i32()? } else { 0 },
            brokers: reader.array(flexible, 10, |reader| MetadataResponseBroker::decode(reader, version))?,
            cluster_id: if version >= 2 { reader.nullable_string(flexible)? } else { None },
            controller_id: if version >= 1 { reader.i32()? } else { -1 },
            topics: reader.array(flexible, 8, |reader| MetadataResponseTopic::decode(reader, version))?,
            error_code: if version >= 13 { reader.i16()? } else { 0 },
            cluster_authorized_operations: if (8..=10).contains(&version) { reader.i32()? } else { i32::MIN },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "MetadataResponse", version });
        }
        let flexible = version >= 9;
        if version >= 3 {
            writer.i32(self.throttle_time_ms);
        }
        writer.array(flexible, &self.brokers, |writer, element| element.encode(writer, version))?;
        if version >= 2 {
            writer.nullable_string(flexible, self.cluster_id.as_deref())?;
        }
        if version >= 1 {
            writer.i32(self.controller_id);
        }
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if version >= 13 {
            writer.error_code(self.error_code);
        }
        if (8..=10).contains(&version) {
            writer.i32(self.cluster_authorized_operations);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { MetadataResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 3..=13,
    brokers: "brokers" 0..=13,
    cluster_id: "clusterId" 2..=13,
    controller_id: "controllerId" 1..=13,
    topics: "topics" 0..=13,
    error_code: "errorCode" 13..=13,
    cluster_authorized_operations: "clusterAuthorizedOperations" 8..=10,
} tagged {
}}

/// Part of [`MetadataResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetadataResponseBroker<'a> {
    /// `int32`, versions 0 on.
    pub node_id: i32,
    /// `string`, versions 0 on.
    pub host: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub port: i32,
    /// `string`, versions 1 on, nullable.
    pub rack: Option<Cow<'a, str>>,
}

impl<'a> MetadataResponseBroker<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let this = Self {
            node_id: reader.i32()?,
            host: reader.string(flexible)?,
            port: reader.i32()?,
            rack: if version >= 1 { reader.nullable_string(flexible)? } else { None },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i32(self.node_id);
        writer.string(flexible, &self.host)?;
        writer.i32(self.port);
        if version >= 1 {
            writer.nullable_string(flexible, self.rack.as_deref())?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { MetadataResponseBroker<'a> {
    node_id: "nodeId" 0..=13,
    host: "host" 0..=13,
    port: "port" 0..=13,
    rack: "rack" 1..=13,
} tagged {
}}

/// Part of [`MetadataResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponsePartition {
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int32`, versions 0 on.
    pub leader_id: i32,
    /// `int32`, versions 7 on, default -1.
    pub leader_epoch: i32,
    /// `[]int32`, versions 0 on.
    pub replica_nodes: Vec<i32>,
    /// `[]int32`, versions 0 on.
    pub isr_nodes: Vec<i32>,
    /// `[]int32`, versions 5 on.
    pub offline_replicas: Vec<i32>,
}

impl Default for MetadataResponsePartition {
    fn default() -> Self {
        Self {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            offline_replicas: Vec::new(),
        }
    }
}

impl MetadataResponsePartition {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let this = Self {
            error_code: reader.i16()?,
            partition_index: reader.i32()?,
            leader_id: reader.i32()?,
            leader_epoch: if version >= 7 { reader.i32()? } else { -1 },
            replica_nodes: reader.array(flexible, 4, Reader::i32)?,
            isr_nodes: reader.array(flexible, 4, Reader::i32)?,
            offline_replicas: if version >= 5 { reader.array(flexible, 4, Reader::i32)? } else { Vec::new() },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.error_code(self.error_code);
        writer.i32(self.partition_index);
        writer.i32(self.leader_id);
        if version >= 7 {
            writer.i32(self.leader_epoch);
        }
        writer.scalars(flexible, &self.replica_nodes, Writer::i32)?;
        writer.scalars(flexible, &self.isr_nodes, Writer::i32)?;
        if version >= 5 {
            writer.scalars(flexible, &self.offline_replicas, Writer::i32)?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { MetadataResponsePartition {
    error_code: "errorCode" 0..=13,
    partition_index: "partitionIndex" 0..=13,
    leader_id: "leaderId" 0..=13,
    leader_epoch: "leaderEpoch" 7..=13,
    replica_nodes: "replicaNodes" 0..=13,
    isr_nodes: "isrNodes" 0..=13,
    offline_replicas: "offlineReplicas" 5..=13,
} tagged {
}}

/// Part of [`MetadataResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponseTopic<'a> {
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable from version 12.
    pub name: Option<Cow<'a, str>>,
    /// `uuid`, versions 10 on.
    pub topic_id: Uuid,
    /// `bool`, versions 1 on.
    pub is_internal: bool,
    /// `[]MetadataResponsePartition`, versions 0 on.
    pub partitions: Vec<MetadataResponsePartition>,
    /// `int32`, versions 8 on, default -2147483648.
    pub topic_authorized_operations: i32,
}

impl Default for MetadataResponseTopic<'_> {
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

impl<'a> MetadataResponseTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let this = Self {
            error_code: reader.i16()?,
            name: if version >= 12 {
                reader.nullable_string(flexible)?
            } else {
                Some(reader.string(flexible)?)
            },
            topic_id: if version >= 10 { reader.uuid()? } else { Uuid::nil() },
            is_internal: if version >= 1 { reader.bool()? } else { false },
            partitions: reader
                .array(flexible, 18, |reader| MetadataResponsePartition::decode(reader, version))?,
            topic_authorized_operations: if version >= 8 { reader.i32()? } else { i32::MIN },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.error_code(self.error_code);
        if version >= 12 {
            writer.nullable_string(flexible, self.name.as_deref())?;
        } else {
            writer.string(flexible, required(&self.name, "name")?)?;
        }
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        if version >= 1 {
            writer.bool(self.is_internal);
        }
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if version >= 8 {
            writer.i32(self.topic_authorized_operations);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { MetadataResponseTopic<'a> {
    error_code: "errorCode" 0..=13,
    name: "name" 0..=13,
    topic_id: "topicId" 10..=13,
    is_internal: "isInternal" 1..=13,
    partitions: "partitions" 0..=13,
    topic_authorized_operations: "topicAuthorizedOperations" 8..=13,
} tagged {
}}

crate::codec::message!(MetadataResponse<'a>, Response);
