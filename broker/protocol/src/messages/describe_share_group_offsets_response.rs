//! `DescribeShareGroupOffsetsResponse`: response of API DescribeShareGroupOffsets (90), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `DescribeShareGroupOffsetsResponse`: response of API DescribeShareGroupOffsets (90), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `[]DescribeShareGroupOffsetsResponseGroup`, versions 0 on.
    pub groups: Vec<DescribeShareGroupOffsetsResponseGroup<'a>>,
}

impl<'a> DescribeShareGroupOffsetsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 90).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeShareGroupOffsets;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "DescribeShareGroupOffsetsResponse",
                version,
            });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            groups: reader
                .array(true, 6, |reader| DescribeShareGroupOffsetsResponseGroup::decode(reader, version))?,
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
                message: "DescribeShareGroupOffsetsResponse",
                version,
            });
        }
        writer.i32(self.throttle_time_ms);
        writer.array(true, &self.groups, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeShareGroupOffsetsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=1,
    groups: "groups" 0..=1,
} tagged {
}}

/// Part of [`DescribeShareGroupOffsetsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeShareGroupOffsetsResponsePartition<'a> {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int64`, versions 0 on.
    pub start_offset: i64,
    /// `int32`, versions 0 on.
    pub leader_epoch: i32,
    /// `int64`, versions 1 on, default -1.
    pub lag: i64,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for DescribeShareGroupOffsetsResponsePartition<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            start_offset: 0,
            leader_epoch: 0,
            lag: -1,
            error_code: 0,
            error_message: None,
        }
    }
}

impl<'a> DescribeShareGroupOffsetsResponsePartition<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition_index: reader.i32()?,
            start_offset: reader.i64()?,
            leader_epoch: reader.i32()?,
            lag: if version >= 1 { reader.i64()? } else { -1 },
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i64(self.start_offset);
        writer.i32(self.leader_epoch);
        if version >= 1 {
            writer.i64(self.lag);
        }
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeShareGroupOffsetsResponsePartition<'a> {
    partition_index: "partitionIndex" 0..=1,
    start_offset: "startOffset" 0..=1,
    leader_epoch: "leaderEpoch" 0..=1,
    lag: "lag" 1..=1,
    error_code: "errorCode" 0..=1,
    error_message: "errorMessage" 0..=1,
} tagged {
}}

/// Part of [`DescribeShareGroupOffsetsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponseTopic<'a> {
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
    /// `uuid`, versions 0 on.
    pub topic_id: Uuid,
    /// `[]DescribeShareGroupOffsetsResponsePartition`, versions 0 on.
    pub partitions: Vec<DescribeShareGroupOffsetsResponsePartition<'a>>,
}

impl<'a> DescribeShareGroupOffsetsResponseTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_name: reader.string(true)?,
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 20, |reader| {
                DescribeShareGroupOffsetsResponsePartition::decode(reader, version)
            })?,
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
crate::codec::json::fields! { DescribeShareGroupOffsetsResponseTopic<'a> {
    topic_name: "topicName" 0..=1,
    topic_id: "topicId" 0..=1,
    partitions: "partitions" 0..=1,
} tagged {
}}

/// Part of [`DescribeShareGroupOffsetsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponseGroup<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `[]DescribeShareGroupOffsetsResponseTopic`, versions 0 on.
    pub topics: Vec<DescribeShareGroupOffsetsResponseTopic<'a>>,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> DescribeShareGroupOffsetsResponseGroup<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            group_id: reader.string(true)?,
            topics: reader
                .array(true, 19, |reader| DescribeShareGroupOffsetsResponseTopic::decode(reader, version))?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.group_id)?;
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeShareGroupOffsetsResponseGroup<'a> {
    group_id: "groupId" 0..=1,
    topics: "topics" 0..=1,
    error_code: "errorCode" 0..=1,
    error_message: "errorMessage" 0..=1,
} tagged {
}}

crate::codec::message!(DescribeShareGroupOffsetsResponse<'a>, Response);
