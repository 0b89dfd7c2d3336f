//! `ReadShareGroupStateResponse`: response of API ReadShareGroupState (84), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `ReadShareGroupStateResponse`: response of API ReadShareGroupState (84), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadShareGroupStateResponse<'a> {
    /// `[]ReadStateResult`, versions 0 on.
    pub results: Vec<ReadStateResult<'a>>,
}

impl<'a> ReadShareGroupStateResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 84).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ReadShareGroupState;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ReadShareGroupStateResponse", version });
        }
        let this =
            Self { results: reader.array(true, 18, |reader| ReadStateResult::decode(reader, version))? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "ReadShareGroupStateResponse", version });
        }
        writer.array(true, &self.results, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ReadShareGroupStateResponse<'a> {
    results: "results" 0..=0,
} tagged {
}}

/// Part of [`ReadShareGroupStateResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateBatch {
    /// `int64`, versions 0 on.
    pub first_offset: i64,
    /// `int64`, versions 0 on.
    pub last_offset: i64,
    /// `int8`, versions 0 on.
    pub delivery_state: i8,
    /// `int16`, versions 0 on.
    pub delivery_count: i16,
}

impl StateBatch {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            first_offset: reader.i64()?,
            last_offset: reader.i64()?,
            delivery_state: reader.i8()?,
            delivery_count: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.first_offset);
        writer.i64(self.last_offset);
        writer.i8(self.delivery_state);
        writer.i16(self.delivery_count);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { StateBatch {
    first_offset: "firstOffset" 0..=0,
    last_offset: "lastOffset" 0..=0,
    delivery_state: "deliveryState" 0..=0,
    delivery_count: "deliveryCount" 0..=0,
} tagged {
}}

/// Part of [`ReadShareGroupStateResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionResult<'a> {
    /// `int32`, versions 0 on.
    pub partition: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `int32`, versions 0 on.
    pub state_epoch: i32,
    /// `int64`, versions 0 on.
    pub start_offset: i64,
    /// `[]StateBatch`, versions 0 on.
    pub state_batches: Vec<StateBatch>,
}

impl<'a> PartitionResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            state_epoch: reader.i32()?,
            start_offset: reader.i64()?,
            state_batches: reader.array(true, 20, |reader| StateBatch::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.i32(self.state_epoch);
        writer.i64(self.start_offset);
        writer.array(true, &self.state_batches, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionResult<'a> {
    partition: "partition" 0..=0,
    error_code: "errorCode" 0..=0,
    error_message: "errorMessage" 0..=0,
    state_epoch: "stateEpoch" 0..=0,
    start_offset: "startOffset" 0..=0,
    state_batches: "stateBatches" 0..=0,
} tagged {
}}

/// Part of [`ReadShareGroupStateResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadStateResult<'a> {
    /// `uuid`, versions 0 on.
    pub topic_id: Uuid,
    /// `[]PartitionResult`, versions 0 on.
    pub partitions: Vec<PartitionResult<'a>>,
}

impl<'a> ReadStateResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 21, |reader| PartitionResult::decode(reader, version))?,
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
crate::codec::json::fields! { ReadStateResult<'a> {
    topic_id: "topicId" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
}}

crate::codec::message!(ReadShareGroupStateResponse<'a>, Response);
