//! `AlterShareGroupOffsetsRequest`: request of API AlterShareGroupOffsets (91), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `AlterShareGroupOffsetsRequest`: request of API AlterShareGroupOffsets (91), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequest<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `[]AlterShareGroupOffsetsRequestTopic`, versions 0 on.
    pub topics: Vec<AlterShareGroupOffsetsRequestTopic<'a>>,
}

impl<'a> AlterShareGroupOffsetsRequest<'a> {
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
                message: "AlterShareGroupOffsetsRequest",
                version,
            });
        }
        let this = Self {
            group_id: reader.string(true)?,
            topics: reader
                .array(true, 3, |reader| AlterShareGroupOffsetsRequestTopic::decode(reader, version))?,
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
                message: "AlterShareGroupOffsetsRequest",
                version,
            });
        }
        writer.string(true, &self.group_id)?;
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterShareGroupOffsetsRequest<'a> {
    group_id: "groupId" 0..=0,
    topics: "topics" 0..=0,
} tagged {
}}

/// Part of [`AlterShareGroupOffsetsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequestPartition {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int64`, versions 0 on.
    pub start_offset: i64,
}

impl AlterShareGroupOffsetsRequestPartition {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { partition_index: reader.i32()?, start_offset: reader.i64()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i64(self.start_offset);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterShareGroupOffsetsRequestPartition {
    partition_index: "partitionIndex" 0..=0,
    start_offset: "startOffset" 0..=0,
} tagged {
}}

/// Part of [`AlterShareGroupOffsetsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequestTopic<'a> {
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
    /// `[]AlterShareGroupOffsetsRequestPartition`, versions 0 on.
    pub partitions: Vec<AlterShareGroupOffsetsRequestPartition>,
}

impl<'a> AlterShareGroupOffsetsRequestTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_name: reader.string(true)?,
            partitions: reader
                .array(true, 13, |reader| AlterShareGroupOffsetsRequestPartition::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.array(true, &self.partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterShareGroupOffsetsRequestTopic<'a> {
    topic_name: "topicName" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
}}

crate::codec::message!(AlterShareGroupOffsetsRequest<'a>, Request);

impl<'a> Request<'a> for AlterShareGroupOffsetsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::AlterShareGroupOffsetsResponse<'r>;
}
