//! `DescribeTopicPartitionsRequest`: request of API DescribeTopicPartitions (75), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DescribeTopicPartitionsRequest`: request of API DescribeTopicPartitions (75), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsRequest<'a> {
    /// `[]TopicRequest`, versions 0 on.
    pub topics: Vec<TopicRequest<'a>>,
    /// `int32`, versions 0 on, default 2000.
    pub response_partition_limit: i32,
    /// `Cursor`, versions 0 on, nullable.
    pub cursor: Option<Cursor<'a>>,
}

impl Default for DescribeTopicPartitionsRequest<'_> {
    fn default() -> Self {
        Self { topics: Vec::new(), response_partition_limit: 2000, cursor: None }
    }
}

impl<'a> DescribeTopicPartitionsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 75).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeTopicPartitions;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "DescribeTopicPartitionsRequest",
                version,
            });
        }
        let this = Self {
            topics: reader.array(true, 2, |reader| TopicRequest::decode(reader, version))?,
            response_partition_limit: reader.i32()?,
            cursor: reader.nullable_struct(|reader| Cursor::decode(reader, version))?,
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
                message: "DescribeTopicPartitionsRequest",
                version,
            });
        }
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.i32(self.response_partition_limit);
        writer.nullable_struct(self.cursor.as_ref(), |writer, value| value.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeTopicPartitionsRequest<'a> {
    topics: "topics" 0..=0,
    response_partition_limit: "responsePartitionLimit" 0..=0,
    cursor: "cursor" 0..=0,
} tagged {
}}

/// Part of [`DescribeTopicPartitionsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicRequest<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
}

impl<'a> TopicRequest<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { name: reader.string(true)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicRequest<'a> {
    name: "name" 0..=0,
} tagged {
}}

/// Part of [`DescribeTopicPartitionsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cursor<'a> {
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub partition_index: i32,
}

impl<'a> Cursor<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { topic_name: reader.string(true)?, partition_index: reader.i32()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.i32(self.partition_index);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Cursor<'a> {
    topic_name: "topicName" 0..=0,
    partition_index: "partitionIndex" 0..=0,
} tagged {
}}

crate::codec::message!(DescribeTopicPartitionsRequest<'a>, Request);

impl<'a> Request<'a> for DescribeTopicPartitionsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DescribeTopicPartitionsResponse<'r>;
}
