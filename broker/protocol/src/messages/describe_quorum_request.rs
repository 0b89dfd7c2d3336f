//! `DescribeQuorumRequest`: request of API DescribeQuorum (55), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DescribeQuorumRequest`: request of API DescribeQuorum (55), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeQuorumRequest<'a> {
    /// `[]TopicData`, versions 0 on.
    pub topics: Vec<TopicData<'a>>,
}

impl<'a> DescribeQuorumRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 55).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeQuorum;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DescribeQuorumRequest", version });
        }
        let this = Self { topics: reader.array(true, 3, |reader| TopicData::decode(reader, version))? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "DescribeQuorumRequest", version });
        }
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeQuorumRequest<'a> {
    topics: "topics" 0..=2,
} tagged {
}}

/// Part of [`DescribeQuorumRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
}

impl PartitionData {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { partition_index: reader.i32()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionData {
    partition_index: "partitionIndex" 0..=2,
} tagged {
}}

/// Part of [`DescribeQuorumRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData<'a> {
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
    /// `[]PartitionData`, versions 0 on.
    pub partitions: Vec<PartitionData>,
}

impl<'a> TopicData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_name: reader.string(true)?,
            partitions: reader.array(true, 5, |reader| PartitionData::decode(reader, version))?,
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
crate::codec::json::fields! { TopicData<'a> {
    topic_name: "topicName" 0..=2,
    partitions: "partitions" 0..=2,
} tagged {
}}

crate::codec::message!(DescribeQuorumRequest<'a>, Request);

impl<'a> Request<'a> for DescribeQuorumRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DescribeQuorumResponse<'r>;
}
