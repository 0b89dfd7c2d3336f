//! `OffsetCommitResponse`: response of API OffsetCommit (8), versions 2 to 10. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `OffsetCommitResponse`: response of API OffsetCommit (8), versions 2 to 10.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponse<'a> {
    /// `int32`, versions 3 on.
    pub throttle_time_ms: i32,
    /// `[]OffsetCommitResponseTopic`, versions 2 on.
    pub topics: Vec<OffsetCommitResponseTopic<'a>>,
}

impl<'a> OffsetCommitResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 2..=10;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 8;
    /// The API that this message belongs to (key 8).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::OffsetCommit;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "OffsetCommitResponse", version });
        }
        let flexible = version >= 8;
        let this = Self {
            throttle_time_ms: if version >= 3 { reader.i32()? } else { 0 },
            topics: reader.array(flexible, 3, |reader| OffsetCommitResponseTopic::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "OffsetCommitResponse", version });
        }
        let flexible = version >= 8;
        if version >= 3 {
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
crate::codec::json::fields! { OffsetCommitResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 3..=10,
    topics: "topics" 2..=10,
} tagged {
}}

/// Part of [`OffsetCommitResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponsePartition {
    /// `int32`, versions 2 on.
    pub partition_index: i32,
    /// `int16`, versions 2 on.
    pub error_code: i16,
}

impl OffsetCommitResponsePartition {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let this = Self { partition_index: reader.i32()?, error_code: reader.i16()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetCommitResponsePartition {
    partition_index: "partitionIndex" 2..=10,
    error_code: "errorCode" 2..=10,
} tagged {
}}

/// Part of [`OffsetCommitResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponseTopic<'a> {
    /// `uuid`, versions 10 on.
    pub topic_id: Uuid,
    /// `string`, versions 2 to 9.
    pub name: Cow<'a, str>,
    /// `[]OffsetCommitResponsePartition`, versions 2 on.
    pub partitions: Vec<OffsetCommitResponsePartition>,
}

impl<'a> OffsetCommitResponseTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let this = Self {
            topic_id: if version >= 10 { reader.uuid()? } else { Uuid::nil() },
            name: if version <= 9 { reader.string(flexible)? } else { Cow::default() },
            partitions: reader
                .array(flexible, 6, |reader| OffsetCommitResponsePartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        if version <= 9 {
            writer.string(flexible, &self.name)?;
        }
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetCommitResponseTopic<'a> {
    topic_id: "topicId" 10..=10,
    name: "name" 2..=9,
    partitions: "partitions" 2..=10,
} tagged {
}}

crate::codec::message!(OffsetCommitResponse<'a>, Response);
