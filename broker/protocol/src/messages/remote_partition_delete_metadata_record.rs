//! `RemotePartitionDeleteMetadataRecord`: data record of type 2, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `RemotePartitionDeleteMetadataRecord`: data record of type 2, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemotePartitionDeleteMetadataRecord<'a> {
    /// `TopicIdPartitionEntry`, versions 0 on.
    pub topic_id_partition: TopicIdPartitionEntry<'a>,
    /// `int32`, versions 0 on.
    pub broker_id: i32,
    /// `int64`, versions 0 on.
    pub event_timestamp_ms: i64,
    /// `int8`, versions 0 on.
    pub remote_partition_delete_state: i8,
}

impl<'a> RemotePartitionDeleteMetadataRecord<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 2;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "RemotePartitionDeleteMetadataRecord",
                version,
            });
        }
        let this = Self {
            topic_id_partition: TopicIdPartitionEntry::decode(reader, version)?,
            broker_id: reader.i32()?,
            event_timestamp_ms: reader.i64()?,
            remote_partition_delete_state: reader.i8()?,
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
                message: "RemotePartitionDeleteMetadataRecord",
                version,
            });
        }
        self.topic_id_partition.encode(writer, version)?;
        writer.i32(self.broker_id);
        writer.i64(self.event_timestamp_ms);
        writer.i8(self.remote_partition_delete_state);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { RemotePartitionDeleteMetadataRecord<'a> {
    topic_id_partition: "topicIdPartition" 0..=0,
    broker_id: "brokerId" 0..=0,
    event_timestamp_ms: "eventTimestampMs" 0..=0,
    remote_partition_delete_state: "remotePartitionDeleteState" 0..=0,
} tagged {
}}

/// Part of [`RemotePartitionDeleteMetadataRecord`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicIdPartitionEntry<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `uuid`, versions 0 on.
    pub id: Uuid,
    /// `int32`, versions 0 on.
    pub partition: i32,
}

impl<'a> TopicIdPartitionEntry<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { name: reader.string(true)?, id: reader.uuid()?, partition: reader.i32()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.uuid(self.id);
        writer.i32(self.partition);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicIdPartitionEntry<'a> {
    name: "name" 0..=0,
    id: "id" 0..=0,
    partition: "partition" 0..=0,
} tagged {
}}

crate::codec::message!(RemotePartitionDeleteMetadataRecord<'a>, Data);
