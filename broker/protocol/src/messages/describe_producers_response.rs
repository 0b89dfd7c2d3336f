//! `DescribeProducersResponse`: response of API DescribeProducers (61), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `DescribeProducersResponse`: response of API DescribeProducers (61), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeProducersResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `[]TopicResponse`, versions 0 on.
    pub topics: Vec<TopicResponse<'a>>,
}

impl<'a> DescribeProducersResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 61).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeProducers;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DescribeProducersResponse", version });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            topics: reader.array(true, 3, |reader| TopicResponse::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeProducersResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeProducersResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=0,
    topics: "topics" 0..=0,
} tagged {
}}

/// Part of [`DescribeProducersResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerState {
    /// `int64`, versions 0 on.
    pub producer_id: i64,
    /// `int32`, versions 0 on.
    pub producer_epoch: i32,
    /// `int32`, versions 0 on, default -1.
    pub last_sequence: i32,
    /// `int64`, versions 0 on, default -1.
    pub last_timestamp: i64,
    /// `int32`, versions 0 on.
    pub coordinator_epoch: i32,
    /// `int64`, versions 0 on, default -1.
    pub current_txn_start_offset: i64,
}

impl Default for ProducerState {
    fn default() -> Self {
        Self {
            producer_id: 0,
            producer_epoch: 0,
            last_sequence: -1,
            last_timestamp: -1,
            coordinator_epoch: 0,
            current_txn_start_offset: -1,
        }
    }
}

impl ProducerState {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            producer_id: reader.i64()?,
            producer_epoch: reader.i32()?,
            last_sequence: reader.i32()?,
            last_timestamp: reader.i64()?,
            coordinator_epoch: reader.i32()?,
            current_txn_start_offset: reader.i64()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.producer_id);
        writer.i32(self.producer_epoch);
        writer.i32(self.last_sequence);
        writer.i64(self.last_timestamp);
        writer.i32(self.coordinator_epoch);
        writer.i64(self.current_txn_start_offset);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ProducerState {
    producer_id: "producerId" 0..=0,
    producer_epoch: "producerEpoch" 0..=0,
    last_sequence: "lastSequence" 0..=0,
    last_timestamp: "lastTimestamp" 0..=0,
    coordinator_epoch: "coordinatorEpoch" 0..=0,
    current_txn_start_offset: "currentTxnStartOffset" 0..=0,
} tagged {
}}

/// Part of [`DescribeProducersResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionResponse<'a> {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]ProducerState`, versions 0 on.
    pub active_producers: Vec<ProducerState>,
}

impl<'a> PartitionResponse<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            active_producers: reader.array(true, 37, |reader| ProducerState::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.array(true, &self.active_producers, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionResponse<'a> {
    partition_index: "partitionIndex" 0..=0,
    error_code: "errorCode" 0..=0,
    error_message: "errorMessage" 0..=0,
    active_producers: "activeProducers" 0..=0,
} tagged {
}}

/// Part of [`DescribeProducersResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicResponse<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `[]PartitionResponse`, versions 0 on.
    pub partitions: Vec<PartitionResponse<'a>>,
}

impl<'a> TopicResponse<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            name: reader.string(true)?,
            partitions: reader.array(true, 9, |reader| PartitionResponse::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.array(true, &self.partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicResponse<'a> {
    name: "name" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
}}

crate::codec::message!(DescribeProducersResponse<'a>, Response);
