//! `OffsetForLeaderEpochResponse`: response of API OffsetForLeaderEpoch (23), versions 2 to 4. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `OffsetForLeaderEpochResponse`: response of API OffsetForLeaderEpoch (23), versions 2 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetForLeaderEpochResponse<'a> {
    /// `int32`, versions 2 on.
    pub throttle_time_ms: i32,
    /// `[]OffsetForLeaderTopicResult`, versions 2 on.
    pub topics: Vec<OffsetForLeaderTopicResult<'a>>,
}

impl<'a> OffsetForLeaderEpochResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 2..=4;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 4;
    /// The API that this message belongs to (key 23).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::OffsetForLeaderEpoch;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "OffsetForLeaderEpochResponse", version });
        }
        let flexible = version >= 4;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            topics: reader
                .array(flexible, 3, |reader| OffsetForLeaderTopicResult::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "OffsetForLeaderEpochResponse", version });
        }
        let flexible = version >= 4;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetForLeaderEpochResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 2..=4,
    topics: "topics" 2..=4,
} tagged {
}}

/// Part of [`OffsetForLeaderEpochResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct EpochEndOffset {
    /// `int16`, versions 2 on.
    pub error_code: i16,
    /// `int32`, versions 2 on.
    pub partition: i32,
    /// `int32`, versions 2 on, default -1.
    pub leader_epoch: i32,
    /// `int64`, versions 2 on, default -1.
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self { error_code: 0, partition: 0, leader_epoch: -1, end_offset: -1 }
    }
}

impl EpochEndOffset {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let this = Self {
            error_code: reader.i16()?,
            partition: reader.i32()?,
            leader_epoch: reader.i32()?,
            end_offset: reader.i64()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.error_code(self.error_code);
        writer.i32(self.partition);
        writer.i32(self.leader_epoch);
        writer.i64(self.end_offset);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { EpochEndOffset {
    error_code: "errorCode" 2..=4,
    partition: "partition" 2..=4,
    leader_epoch: "leaderEpoch" 2..=4,
    end_offset: "endOffset" 2..=4,
} tagged {
}}

/// Part of [`OffsetForLeaderEpochResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetForLeaderTopicResult<'a> {
    /// `string`, versions 2 on.
    pub topic: Cow<'a, str>,
    /// `[]EpochEndOffset`, versions 2 on.
    pub partitions: Vec<EpochEndOffset>,
}

impl<'a> OffsetForLeaderTopicResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let this = Self {
            topic: reader.string(flexible)?,
            partitions: reader.array(flexible, 18, |reader| EpochEndOffset::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.string(flexible, &self.topic)?;
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetForLeaderTopicResult<'a> {
    topic: "topic" 2..=4,
    partitions: "partitions" 2..=4,
} tagged {
}}

crate::codec::message!(OffsetForLeaderEpochResponse<'a>, Response);
