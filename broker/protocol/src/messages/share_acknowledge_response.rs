//! `ShareAcknowledgeResponse`: response of API ShareAcknowledge (79), versions 1 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `ShareAcknowledgeResponse`: response of API ShareAcknowledge (79), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareAcknowledgeResponse<'a> {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `string`, versions 1 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `int32`, versions 2 on.
    pub acquisition_lock_timeout_ms: i32,
    /// `[]ShareAcknowledgeTopicResponse`, versions 1 on.
    pub responses: Vec<ShareAcknowledgeTopicResponse<'a>>,
    /// `[]NodeEndpoint`, versions 1 on.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> ShareAcknowledgeResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 1;
    /// The API that this message belongs to (key 79).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ShareAcknowledge;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ShareAcknowledgeResponse", version });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            acquisition_lock_timeout_ms: if version >= 2 { reader.i32()? } else { 0 },
            responses: reader
                .array(true, 18, |reader| ShareAcknowledgeTopicResponse::decode(reader, version))?,
            node_endpoints: reader.array(true, 11, |reader| NodeEndpoint::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "ShareAcknowledgeResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        if version >= 2 {
            writer.i32(self.acquisition_lock_timeout_ms);
        }
        writer.array(true, &self.responses, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.node_endpoints, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ShareAcknowledgeResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 1..=2,
    error_code: "errorCode" 1..=2,
    error_message: "errorMessage" 1..=2,
    acquisition_lock_timeout_ms: "acquisitionLockTimeoutMs" 2..=2,
    responses: "responses" 1..=2,
    node_endpoints: "nodeEndpoints" 1..=2,
} tagged {
}}

/// Part of [`ShareAcknowledgeResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// `int32`, versions 1 on.
    pub leader_id: i32,
    /// `int32`, versions 1 on.
    pub leader_epoch: i32,
}

impl LeaderIdAndEpoch {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { leader_id: reader.i32()?, leader_epoch: reader.i32()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { LeaderIdAndEpoch {
    leader_id: "leaderId" 1..=2,
    leader_epoch: "leaderEpoch" 1..=2,
} tagged {
}}

/// Part of [`ShareAcknowledgeResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData<'a> {
    /// `int32`, versions 1 on.
    pub partition_index: i32,
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `string`, versions 1 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `LeaderIdAndEpoch`, versions 1 on.
    pub current_leader: LeaderIdAndEpoch,
}

impl<'a> PartitionData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            current_leader: LeaderIdAndEpoch::decode(reader, version)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        self.current_leader.encode(writer, version)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionData<'a> {
    partition_index: "partitionIndex" 1..=2,
    error_code: "errorCode" 1..=2,
    error_message: "errorMessage" 1..=2,
    current_leader: "currentLeader" 1..=2,
} tagged {
}}

/// Part of [`ShareAcknowledgeResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareAcknowledgeTopicResponse<'a> {
    /// `uuid`, versions 1 on.
    pub topic_id: Uuid,
    /// `[]PartitionData`, versions 1 on.
    pub partitions: Vec<PartitionData<'a>>,
}

impl<'a> ShareAcknowledgeTopicResponse<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 17, |reader| PartitionData::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.array(true, &self.partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ShareAcknowledgeTopicResponse<'a> {
    topic_id: "topicId" 1..=2,
    partitions: "partitions" 1..=2,
} tagged {
}}

/// Part of [`ShareAcknowledgeResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint<'a> {
    /// `int32`, versions 1 on.
    pub node_id: i32,
    /// `string`, versions 1 on.
    pub host: Cow<'a, str>,
    /// `int32`, versions 1 on.
    pub port: i32,
    /// `string`, versions 1 on, nullable.
    pub rack: Option<Cow<'a, str>>,
}

impl<'a> NodeEndpoint<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            node_id: reader.i32()?,
            host: reader.string(true)?,
            port: reader.i32()?,
            rack: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.node_id);
        writer.string(true, &self.host)?;
        writer.i32(self.port);
        writer.nullable_string(true, self.rack.as_deref())?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { NodeEndpoint<'a> {
    node_id: "nodeId" 1..=2,
    host: "host" 1..=2,
    port: "port" 1..=2,
    rack: "rack" 1..=2,
} tagged {
}}

crate::codec::message!(ShareAcknowledgeResponse<'a>, Response);
