//! `ConsumerProtocolAssignment`: data, versions 0 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ConsumerProtocolAssignment`: data, versions 0 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerProtocolAssignment<'a> {
    /// `[]TopicPartition`, versions 0 on.
    pub assigned_partitions: Vec<TopicPartition<'a>>,
    /// `bytes`, versions 0 on, nullable.
    pub user_data: Option<Cow<'a, [u8]>>,
}

impl<'a> ConsumerProtocolAssignment<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=3;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = i16::MAX;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ConsumerProtocolAssignment", version });
        }
        Ok(Self {
            assigned_partitions: reader.array(false, 6, |reader| TopicPartition::decode(reader, version))?,
            user_data: reader.nullable_bytes(false)?,
        })
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "ConsumerProtocolAssignment", version });
        }
        writer.array(false, &self.assigned_partitions, |writer, element| element.encode(writer, version))?;
        writer.nullable_bytes_field(false, self.user_data.as_deref())?;
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ConsumerProtocolAssignment<'a> {
    assigned_partitions: "assignedPartitions" 0..=3,
    user_data: "userData" 0..=3,
} tagged {
}}

/// Part of [`ConsumerProtocolAssignment`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartition<'a> {
    /// `string`, versions 0 on.
    pub topic: Cow<'a, str>,
    /// `[]int32`, versions 0 on.
    pub partitions: Vec<i32>,
}

impl<'a> TopicPartition<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { topic: reader.string(false)?, partitions: reader.array(false, 4, Reader::i32)? })
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(false, &self.topic)?;
        writer.scalars(false, &self.partitions, Writer::i32)?;
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicPartition<'a> {
    topic: "topic" 0..=3,
    partitions: "partitions" 0..=3,
} tagged {
}}

crate::codec::message!(ConsumerProtocolAssignment<'a>, Data);
