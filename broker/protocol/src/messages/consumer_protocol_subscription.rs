//! `ConsumerProtocolSubscription`: data, versions 0 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ConsumerProtocolSubscription`: data, versions 0 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerProtocolSubscription<'a> {
    /// `[]string`, versions 0 on.
    pub topics: Vec<Cow<'a, str>>,
    /// `bytes`, versions 0 on, nullable.
    pub user_data: Option<Cow<'a, [u8]>>,
    /// `[]TopicPartition`, versions 1 on.
    pub owned_partitions: Vec<TopicPartition<'a>>,
    /// `int32`, versions 2 on, default -1.
    pub generation_id: i32,
    /// `string`, versions 3 on, nullable.
    pub rack_id: Option<Cow<'a, str>>,
}

impl Default for ConsumerProtocolSubscription<'_> {
    fn default() -> Self {
        Self {
            topics: Vec::new(),
            user_data: None,
            owned_partitions: Vec::new(),
            generation_id: -1,
            rack_id: None,
        }
    }
}

impl<'a> ConsumerProtocolSubscription<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "ConsumerProtocolSubscription", version });
        }
        Ok(Self {
            topics: reader.array(false, 2, |reader| reader.string(false))?,
            user_data: reader.nullable_bytes(false)?,
            owned_partitions: if version >= 1 {
                reader.array(false, 6, |reader| TopicPartition::decode(reader, version))?
            } else {
                Vec::new()
            },
            generation_id: if version >= 2 { reader.i32()? } else { -1 },
            rack_id: if version >= 3 { reader.nullable_string(false)? } else { None },
        })
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "ConsumerProtocolSubscription", version });
        }
        writer.array(false, &self.topics, |writer, element| writer.string(false, element))?;
        writer.nullable_bytes_field(false, self.user_data.as_deref())?;
        if version >= 1 {
            writer.array(false, &self.owned_partitions, |writer, element| element.encode(writer, version))?;
        }
        if version >= 2 {
            writer.i32(self.generation_id);
        }
        if version >= 3 {
            writer.nullable_string(false, self.rack_id.as_deref())?;
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ConsumerProtocolSubscription<'a> {
    topics: "topics" 0..=3,
    user_data: "userData" 0..=3,
    owned_partitions: "ownedPartitions" 1..=3,
    generation_id: "generationId" 2..=3,
    rack_id: "rackId" 3..=3,
} tagged {
}}

/// Part of [`ConsumerProtocolSubscription`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartition<'a> {
    /// `string`, versions 1 on.
    pub topic: Cow<'a, str>,
    /// `[]int32`, versions 1 on.
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
    topic: "topic" 1..=3,
    partitions: "partitions" 1..=3,
} tagged {
}}

crate::codec::message!(ConsumerProtocolSubscription<'a>, Data);
