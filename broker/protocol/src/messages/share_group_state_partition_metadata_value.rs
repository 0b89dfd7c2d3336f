//! `ShareGroupStatePartitionMetadataValue`: data record of type 15, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `ShareGroupStatePartitionMetadataValue`: data record of type 15, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupStatePartitionMetadataValue<'a> {
    /// `[]TopicPartitionsInfo`, versions 0 on.
    pub initializing_topics: Vec<TopicPartitionsInfo<'a>>,
    /// `[]TopicPartitionsInfo`, versions 0 on.
    pub initialized_topics: Vec<TopicPartitionsInfo<'a>>,
    /// `[]TopicInfo`, versions 0 on.
    pub deleting_topics: Vec<TopicInfo<'a>>,
}

impl<'a> ShareGroupStatePartitionMetadataValue<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 15;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "ShareGroupStatePartitionMetadataValue",
                version,
            });
        }
        let this = Self {
            initializing_topics: reader
                .array(true, 19, |reader| TopicPartitionsInfo::decode(reader, version))?,
            initialized_topics: reader
                .array(true, 19, |reader| TopicPartitionsInfo::decode(reader, version))?,
            deleting_topics: reader.array(true, 18, |reader| TopicInfo::decode(reader, version))?,
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
                message: "ShareGroupStatePartitionMetadataValue",
                version,
            });
        }
        writer.array(true, &self.initializing_topics, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.initialized_topics, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.deleting_topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ShareGroupStatePartitionMetadataValue<'a> {
    initializing_topics: "initializingTopics" 0..=0,
    initialized_topics: "initializedTopics" 0..=0,
    deleting_topics: "deletingTopics" 0..=0,
} tagged {
}}

/// Part of [`ShareGroupStatePartitionMetadataValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitionsInfo<'a> {
    /// `uuid`, versions 0 on.
    pub topic_id: Uuid,
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
    /// `[]int32`, versions 0 on.
    pub partitions: Vec<i32>,
}

impl<'a> TopicPartitionsInfo<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_id: reader.uuid()?,
            topic_name: reader.string(true)?,
            partitions: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.string(true, &self.topic_name)?;
        writer.scalars(true, &self.partitions, Writer::i32)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicPartitionsInfo<'a> {
    topic_id: "topicId" 0..=0,
    topic_name: "topicName" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
}}

/// Part of [`ShareGroupStatePartitionMetadataValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicInfo<'a> {
    /// `uuid`, versions 0 on.
    pub topic_id: Uuid,
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
}

impl<'a> TopicInfo<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { topic_id: reader.uuid()?, topic_name: reader.string(true)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.string(true, &self.topic_name)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicInfo<'a> {
    topic_id: "topicId" 0..=0,
    topic_name: "topicName" 0..=0,
} tagged {
}}

crate::codec::message!(ShareGroupStatePartitionMetadataValue<'a>, Data);
