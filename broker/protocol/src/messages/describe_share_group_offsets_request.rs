//! `DescribeShareGroupOffsetsRequest`: request of API DescribeShareGroupOffsets (90), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DescribeShareGroupOffsetsRequest`: request of API DescribeShareGroupOffsets (90), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsRequest<'a> {
    /// `[]DescribeShareGroupOffsetsRequestGroup`, versions 0 on.
    pub groups: Vec<DescribeShareGroupOffsetsRequestGroup<'a>>,
}

impl<'a> DescribeShareGroupOffsetsRequest<'a> {
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
                message: "DescribeShareGroupOffsetsRequest",
                version,
            });
        }
        let this = Self {
            groups: reader
                .array(true, 3, |reader| DescribeShareGroupOffsetsRequestGroup::decode(reader, version))?,
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
                message: "DescribeShareGroupOffsetsRequest",
                version,
            });
        }
        writer.array(true, &self.groups, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeShareGroupOffsetsRequest<'a> {
    groups: "groups" 0..=1,
} tagged {
}}

/// Part of [`DescribeShareGroupOffsetsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsRequestTopic<'a> {
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
    /// `[]int32`, versions 0 on.
    pub partitions: Vec<i32>,
}

impl<'a> DescribeShareGroupOffsetsRequestTopic<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { topic_name: reader.string(true)?, partitions: reader.array(true, 4, Reader::i32)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.scalars(true, &self.partitions, Writer::i32)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeShareGroupOffsetsRequestTopic<'a> {
    topic_name: "topicName" 0..=1,
    partitions: "partitions" 0..=1,
} tagged {
}}

/// Part of [`DescribeShareGroupOffsetsRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeShareGroupOffsetsRequestGroup<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `[]DescribeShareGroupOffsetsRequestTopic`, versions 0 on, nullable.
    pub topics: Option<Vec<DescribeShareGroupOffsetsRequestTopic<'a>>>,
}

impl Default for DescribeShareGroupOffsetsRequestGroup<'_> {
    fn default() -> Self {
        Self { group_id: Cow::default(), topics: Some(Vec::new()) }
    }
}

impl<'a> DescribeShareGroupOffsetsRequestGroup<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            group_id: reader.string(true)?,
            topics: reader.nullable_array(true, 3, |reader| {
                DescribeShareGroupOffsetsRequestTopic::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.group_id)?;
        writer.nullable_array(true, self.topics.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeShareGroupOffsetsRequestGroup<'a> {
    group_id: "groupId" 0..=1,
    topics: "topics" 0..=1,
} tagged {
}}

crate::codec::message!(DescribeShareGroupOffsetsRequest<'a>, Request);

impl<'a> Request<'a> for DescribeShareGroupOffsetsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DescribeShareGroupOffsetsResponse<'r>;
}
