//! `ConsumerGroupPartitionMetadataValue`: data record of type 4, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `ConsumerGroupPartitionMetadataValue`: data record of type 4, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupPartitionMetadataValue<'a> {
    /// `[]TopicMetadata`, versions 0 on.
    pub topics: Vec<TopicMetadata<'a>>,
}

impl<'a> ConsumerGroupPartitionMetadataValue<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 4;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "ConsumerGroupPartitionMetadataValue",
                version,
            });
        }
        let this = Self { topics: reader.array(true, 23, |reader| TopicMetadata::decode(reader, version))? };
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
                message: "ConsumerGroupPartitionMetadataValue",
                version,
            });
        }
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ConsumerGroupPartitionMetadataValue<'a> {
    topics: "topics" 0..=0,
} tagged {
}}

/// Part of [`ConsumerGroupPartitionMetadataValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionMetadata<'a> {
    /// `int32`, versions 0 on.
    pub partition: i32,
    /// `[]string`, versions 0 on.
    pub racks: Vec<Cow<'a, str>>,
}

impl<'a> PartitionMetadata<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this =
            Self { partition: reader.i32()?, racks: reader.array(true, 1, |reader| reader.string(true))? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition);
        writer.array(true, &self.racks, |writer, element| writer.string(true, element))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionMetadata<'a> {
    partition: "partition" 0..=0,
    racks: "racks" 0..=0,
} tagged {
}}

/// Part of [`ConsumerGroupPartitionMetadataValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicMetadata<'a> {
    /// `uuid`, versions 0 on.
    pub topic_id: Uuid,
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub num_partitions: i32,
    /// `[]PartitionMetadata`, versions 0 on.
    pub partition_metadata: Vec<PartitionMetadata<'a>>,
}

impl<'a> TopicMetadata<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_id: reader.uuid()?,
            topic_name: reader.string(true)?,
            num_partitions: reader.i32()?,
            partition_metadata: reader.array(true, 6, |reader| PartitionMetadata::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.string(true, &self.topic_name)?;
        writer.i32(self.num_partitions);
        writer.array(true, &self.partition_metadata, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicMetadata<'a> {
    topic_id: "topicId" 0..=0,
    topic_name: "topicName" 0..=0,
    num_partitions: "numPartitions" 0..=0,
    partition_metadata: "partitionMetadata" 0..=0,
} tagged {
}}

crate::codec::message!(ConsumerGroupPartitionMetadataValue<'a>, Data);
