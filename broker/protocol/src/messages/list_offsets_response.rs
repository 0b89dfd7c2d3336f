//! `ListOffsetsResponse`: response of API ListOffsets (2), versions 1 to 11. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ListOffsetsResponse`: response of API ListOffsets (2), versions 1 to 11.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsResponse<'a> {
    /// `int32`, versions 2 on.
    pub throttle_time_ms: i32,
    /// `[]ListOffsetsTopicResponse`, versions 1 on.
    pub topics: Vec<ListOffsetsTopicResponse<'a>>,
}

impl<'a> ListOffsetsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=11;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 6;
    /// The API that this message belongs to (key 2).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ListOffsets;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ListOffsetsResponse", version });
        }
        let flexible = version >= 6;
        let this = Self {
            throttle_time_ms: if version >= 2 { reader.i32()? } else { 0 },
            topics: reader.array(flexible, 3, |reader| ListOffsetsTopicResponse::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "ListOffsetsResponse", version });
        }
        let flexible = version >= 6;
        if version >= 2 {
            writer.i32(self.throttle_time_ms);
        }
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ListOffsetsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 2..=11,
    topics: "topics" 1..=11,
} tagged {
}}

/// Part of [`ListOffsetsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsPartitionResponse {
    /// `int32`, versions 1 on.
    pub partition_index: i32,
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `int64`, versions 1 on, default -1.
    pub timestamp: i64,
    /// `int64`, versions 1 on, default -1.
    pub offset: i64,
    /// `int32`, versions 4 on, default -1.
    pub leader_epoch: i32,
}

impl Default for ListOffsetsPartitionResponse {
    fn default() -> Self {
        Self { partition_index: 0, error_code: 0, timestamp: -1, offset: -1, leader_epoch: -1 }
    }
}

impl ListOffsetsPartitionResponse {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let this = Self {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            timestamp: reader.i64()?,
            offset: reader.i64()?,
            leader_epoch: if version >= 4 { reader.i32()? } else { -1 },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        writer.i64(self.timestamp);
        writer.i64(self.offset);
        if version >= 4 {
            writer.i32(self.leader_epoch);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ListOffsetsPartitionResponse {
    partition_index: "partitionIndex" 1..=11,
    error_code: "errorCode" 1..=11,
    timestamp: "timestamp" 1..=11,
    offset: "offset" 1..=11,
    leader_epoch: "leaderEpoch" 4..=11,
} tagged {
}}

/// Part of [`ListOffsetsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsTopicResponse<'a> {
    /// `string`, versions 1 on.
    pub name: Cow<'a, str>,
    /// `[]ListOffsetsPartitionResponse`, versions 1 on.
    pub partitions: Vec<ListOffsetsPartitionResponse>,
}

impl<'a> ListOffsetsTopicResponse<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let this = Self {
            name: reader.string(flexible)?,
            partitions: reader
                .array(flexible, 22, |reader| ListOffsetsPartitionResponse::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.string(flexible, &self.name)?;
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ListOffsetsTopicResponse<'a> {
    name: "name" 1..=11,
    partitions: "partitions" 1..=11,
} tagged {
}}

crate::codec::message!(ListOffsetsResponse<'a>, Response);
