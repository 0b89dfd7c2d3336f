//! `OffsetDeleteRequest`: request of API OffsetDelete (47), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `OffsetDeleteRequest`: request of API OffsetDelete (47), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequest<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `[]OffsetDeleteRequestTopic`, versions 0 on.
    pub topics: Vec<OffsetDeleteRequestTopic<'a>>,
}

impl<'a> OffsetDeleteRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = i16::MAX;
    /// The API that this message belongs to (key 47).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::OffsetDelete;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "OffsetDeleteRequest", version });
        }
        Ok(Self {
            group_id: reader.string(false)?,
            topics: reader.array(false, 6, |reader| OffsetDeleteRequestTopic::decode(reader, version))?,
        })
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "OffsetDeleteRequest", version });
        }
        writer.string(false, &self.group_id)?;
        writer.array(false, &self.topics, |writer, element| element.encode(writer, version))?;
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetDeleteRequest<'a> {
    group_id: "groupId" 0..=0,
    topics: "topics" 0..=0,
} tagged {
}}

/// Part of [`OffsetDeleteRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequestPartition {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
}

impl OffsetDeleteRequestPartition {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { partition_index: reader.i32()? })
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetDeleteRequestPartition {
    partition_index: "partitionIndex" 0..=0,
} tagged {
}}

/// Part of [`OffsetDeleteRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequestTopic<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `[]OffsetDeleteRequestPartition`, versions 0 on.
    pub partitions: Vec<OffsetDeleteRequestPartition>,
}

impl<'a> OffsetDeleteRequestTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: reader.string(false)?,
            partitions: reader
                .array(false, 4, |reader| OffsetDeleteRequestPartition::decode(reader, version))?,
        })
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(false, &self.name)?;
        writer.array(false, &self.partitions, |writer, element| element.encode(writer, version))?;
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetDeleteRequestTopic<'a> {
    name: "name" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
}}

crate::codec::message!(OffsetDeleteRequest<'a>, Request);

impl<'a> Request<'a> for OffsetDeleteRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::OffsetDeleteResponse<'r>;
}
