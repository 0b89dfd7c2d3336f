//! `AlterShareGroupOffsetsResponse`: response of API AlterShareGroupOffsets (91), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `AlterShareGroupOffsetsResponse`: response of API AlterShareGroupOffsets (91), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]AlterShareGroupOffsetsResponseTopic`, versions 0 on.
    pub responses: Vec<AlterShareGroupOffsetsResponseTopic<'a>>,
}

impl<'a> AlterShareGroupOffsetsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 91).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AlterShareGroupOffsets;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "AlterShareGroupOffsetsResponse",
                version,
            });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            responses: reader
                .array(true, 19, |reader| AlterShareGroupOffsetsResponseTopic::decode(reader, version))?,
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
                message: "AlterShareGroupOffsetsResponse",
                version,
            });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.array(true, &self.responses, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterShareGroupOffsetsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=0,
    error_code: "errorCode" 0..=0,
    error_message: "errorMessage" 0..=0,
    responses: "responses" 0..=0,
} tagged {
}}

/// Part of [`AlterShareGroupOffsetsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsResponsePartition<'a> {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> AlterShareGroupOffsetsResponsePartition<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterShareGroupOffsetsResponsePartition<'a> {
    partition_index: "partitionIndex" 0..=0,
    error_code: "errorCode" 0..=0,
    error_message: "errorMessage" 0..=0,
} tagged {
}}

/// Part of [`AlterShareGroupOffsetsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsResponseTopic<'a> {
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
    /// `uuid`, versions 0 on.
    pub topic_id: Uuid,
    /// `[]AlterShareGroupOffsetsResponsePartition`, versions 0 on.
    pub partitions: Vec<AlterShareGroupOffsetsResponsePartition<'a>>,
}

impl<'a> AlterShareGroupOffsetsResponseTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_name: reader.string(true)?,
            topic_id: reader.uuid()?,
            partitions: reader
                .array(true, 8, |reader| AlterShareGroupOffsetsResponsePartition::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.uuid(self.topic_id);
        writer.array(true, &self.partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterShareGroupOffsetsResponseTopic<'a> {
    topic_name: "topicName" 0..=0,
    topic_id: "topicId" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
}}

crate::codec::message!(AlterShareGroupOffsetsResponse<'a>, Response);
