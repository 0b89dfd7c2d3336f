//! `ConsumerGroupHeartbeatResponse`: response of API ConsumerGroupHeartbeat (68), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `ConsumerGroupHeartbeatResponse`: response of API ConsumerGroupHeartbeat (68), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupHeartbeatResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `string`, versions 0 on, nullable.
    pub member_id: Option<Cow<'a, str>>,
    /// `int32`, versions 0 on.
    pub member_epoch: i32,
    /// `int32`, versions 0 on.
    pub heartbeat_interval_ms: i32,
    /// `Assignment`, versions 0 on, nullable.
    pub assignment: Option<Assignment>,
}

impl<'a> ConsumerGroupHeartbeatResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 68).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ConsumerGroupHeartbeat;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "ConsumerGroupHeartbeatResponse",
                version,
            });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            member_id: reader.nullable_string(true)?,
            member_epoch: reader.i32()?,
            heartbeat_interval_ms: reader.i32()?,
            assignment: reader.nullable_struct(|reader| Assignment::decode(reader, version))?,
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
                message: "ConsumerGroupHeartbeatResponse",
                version,
            });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.nullable_string(true, self.member_id.as_deref())?;
        writer.i32(self.member_epoch);
        writer.i32(self.heartbeat_interval_ms);
        writer.nullable_struct(self.assignment.as_ref(), |writer, value| value.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ConsumerGroupHeartbeatResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=1,
    error_code: "errorCode" 0..=1,
    error_message: "errorMessage" 0..=1,
    member_id: "memberId" 0..=1,
    member_epoch: "memberEpoch" 0..=1,
    heartbeat_interval_ms: "heartbeatIntervalMs" 0..=1,
    assignment: "assignment" 0..=1,
} tagged {
}}

/// Part of [`ConsumerGroupHeartbeatResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions {
    /// `uuid`, versions 0 on.
    pub topic_id: Uuid,
    /// `[]int32`, versions 0 on.
    pub partitions: Vec<i32>,
}

impl TopicPartitions {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { topic_id: reader.uuid()?, partitions: reader.array(true, 4, Reader::i32)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.scalars(true, &self.partitions, Writer::i32)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicPartitions {
    topic_id: "topicId" 0..=1,
    partitions: "partitions" 0..=1,
} tagged {
}}

/// Part of [`ConsumerGroupHeartbeatResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment {
    /// `[]TopicPartitions`, versions 0 on.
    pub topic_partitions: Vec<TopicPartitions>,
}

impl Assignment {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_partitions: reader.array(true, 18, |reader| TopicPartitions::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.array(true, &self.topic_partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Assignment {
    topic_partitions: "topicPartitions" 0..=1,
} tagged {
}}

crate::codec::message!(ConsumerGroupHeartbeatResponse<'a>, Response);
