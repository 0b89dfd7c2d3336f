//! `DeleteRecordsResponse`: response of API DeleteRecords (21), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `DeleteRecordsResponse`: response of API DeleteRecords (21), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `[]DeleteRecordsTopicResult`, versions 0 on.
    pub topics: Vec<DeleteRecordsTopicResult<'a>>,
}

impl<'a> DeleteRecordsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 21).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DeleteRecords;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DeleteRecordsResponse", version });
        }
        let flexible = version >= 2;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            topics: reader.array(flexible, 3, |reader| DeleteRecordsTopicResult::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DeleteRecordsResponse", version });
        }
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteRecordsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=2,
    topics: "topics" 0..=2,
} tagged {
}}

/// Part of [`DeleteRecordsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsPartitionResult {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int64`, versions 0 on.
    pub low_watermark: i64,
    /// `int16`, versions 0 on.
    pub error_code: i16,
}

impl DeleteRecordsPartitionResult {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this =
            Self { partition_index: reader.i32()?, low_watermark: reader.i64()?, error_code: reader.i16()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i32(self.partition_index);
        writer.i64(self.low_watermark);
        writer.error_code(self.error_code);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteRecordsPartitionResult {
    partition_index: "partitionIndex" 0..=2,
    low_watermark: "lowWatermark" 0..=2,
    error_code: "errorCode" 0..=2,
} tagged {
}}

/// Part of [`DeleteRecordsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsTopicResult<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `[]DeleteRecordsPartitionResult`, versions 0 on.
    pub partitions: Vec<DeleteRecordsPartitionResult>,
}

impl<'a> DeleteRecordsTopicResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            name: reader.string(flexible)?,
            partitions: reader
                .array(flexible, 14, |reader| DeleteRecordsPartitionResult::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.name)?;
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteRecordsTopicResult<'a> {
    name: "name" 0..=2,
    partitions: "partitions" 0..=2,
} tagged {
}}

crate::codec::message!(DeleteRecordsResponse<'a>, Response);
