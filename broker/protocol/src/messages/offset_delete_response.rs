//! `OffsetDeleteResponse`: response of API OffsetDelete (47), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `OffsetDeleteResponse`: response of API OffsetDelete (47), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponse<'a> {
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `[]OffsetDeleteResponseTopic`, versions 0 on.
    pub topics: Vec<OffsetDeleteResponseTopic<'a>>,
}

impl<'a> OffsetDeleteResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = i16::MAX;
    /// The API that this message belongs to (key 47).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::OffsetDelete;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "OffsetDeleteResponse", version });
        }
        Ok(Self {
            error_code: reader.i16()?,
            throttle_time_ms: reader.i32()?,
            topics: reader.array(false, 6, |reader| OffsetDeleteResponseTopic::decode(reader, version))?,
        })
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "OffsetDeleteResponse", version });
        }
        writer.error_code(self.error_code);
        writer.i32(self.throttle_time_ms);
        writer.array(false, &self.topics, |writer, element| element.encode(writer, version))?;
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetDeleteResponse<'a> {
    error_code: "errorCode" 0..=0,
    throttle_time_ms: "throttleTimeMs" 0..=0,
    topics: "topics" 0..=0,
} tagged {
}}

/// Part of [`OffsetDeleteResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponsePartition {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
}

impl OffsetDeleteResponsePartition {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { partition_index: reader.i32()?, error_code: reader.i16()? })
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetDeleteResponsePartition {
    partition_index: "partitionIndex" 0..=0,
    error_code: "errorCode" 0..=0,
} tagged {
}}

/// Part of [`OffsetDeleteResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponseTopic<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `[]OffsetDeleteResponsePartition`, versions 0 on.
    pub partitions: Vec<OffsetDeleteResponsePartition>,
}

impl<'a> OffsetDeleteResponseTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: reader.string(false)?,
            partitions: reader
                .array(false, 6, |reader| OffsetDeleteResponsePartition::decode(reader, version))?,
        })
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(false, &self.name)?;
        writer.array(false, &self.partitions, |writer, element| element.encode(writer, version))?;
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetDeleteResponseTopic<'a> {
    name: "name" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
}}

crate::codec::message!(OffsetDeleteResponse<'a>, Response);
