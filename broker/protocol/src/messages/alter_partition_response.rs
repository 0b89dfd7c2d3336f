//! `AlterPartitionResponse`: response of API AlterPartition (56), versions 2 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `AlterPartitionResponse`: response of API AlterPartition (56), versions 2 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterPartitionResponse {
    /// `int32`, versions 2 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 2 on.
    pub error_code: i16,
    /// `[]TopicData`, versions 2 on.
    pub topics: Vec<TopicData>,
}

impl AlterPartitionResponse {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 2..=3;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 56).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AlterPartition;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "AlterPartitionResponse", version });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            topics: reader.array(true, 18, |reader| TopicData::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "AlterPartitionResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterPartitionResponse {
    throttle_time_ms: "throttleTimeMs" 2..=3,
    error_code: "errorCode" 2..=3,
    topics: "topics" 2..=3,
} tagged {
}}

/// Part of [`AlterPartitionResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    /// `int32`, versions 2 on.
    pub partition_index: i32,
    /// `int16`, versions 2 on.
    pub error_code: i16,
    /// `int32`, versions 2 on.
    pub leader_id: i32,
    /// `int32`, versions 2 on.
    pub leader_epoch: i32,
    /// `[]int32`, versions 2 on.
    pub isr: Vec<i32>,
    /// `int8`, versions 2 on.
    pub leader_recovery_state: i8,
    /// `int32`, versions 2 on.
    pub partition_epoch: i32,
}

impl PartitionData {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            leader_id: reader.i32()?,
            leader_epoch: reader.i32()?,
            isr: reader.array(true, 4, Reader::i32)?,
            leader_recovery_state: reader.i8()?,
            partition_epoch: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.scalars(true, &self.isr, Writer::i32)?;
        writer.i8(self.leader_recovery_state);
        writer.i32(self.partition_epoch);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionData {
    partition_index: "partitionIndex" 2..=3,
    error_code: "errorCode" 2..=3,
    leader_id: "leaderId" 2..=3,
    leader_epoch: "leaderEpoch" 2..=3,
    isr: "isr" 2..=3,
    leader_recovery_state: "leaderRecoveryState" 2..=3,
    partition_epoch: "partitionEpoch" 2..=3,
} tagged {
}}

/// Part of [`AlterPartitionResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData {
    /// `uuid`, versions 2 on.
    pub topic_id: Uuid,
    /// `[]PartitionData`, versions 2 on.
    pub partitions: Vec<PartitionData>,
}

impl TopicData {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 21, |reader| PartitionData::decode(reader, version))?,
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
crate::codec::json::fields! { TopicData {
    topic_id: "topicId" 2..=3,
    partitions: "partitions" 2..=3,
} tagged {
}}

crate::codec::message!(AlterPartitionResponse, Response);
