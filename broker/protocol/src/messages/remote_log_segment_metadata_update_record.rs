//! `RemoteLogSegmentMetadataUpdateRecord`: data record of type 1, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `RemoteLogSegmentMetadataUpdateRecord`: data record of type 1, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteLogSegmentMetadataUpdateRecord<'a> {
    /// `RemoteLogSegmentIdEntry`, versions 0 on.
    pub remote_log_segment_id: RemoteLogSegmentIdEntry<'a>,
    /// `int32`, versions 0 on.
    pub broker_id: i32,
    /// `int64`, versions 0 on.
    pub event_timestamp_ms: i64,
    /// `bytes`, versions 0 on, nullable.
    pub custom_metadata: Option<Cow<'a, [u8]>>,
    /// `int8`, versions 0 on.
    pub remote_log_segment_state: i8,
}

impl<'a> RemoteLogSegmentMetadataUpdateRecord<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 1;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "RemoteLogSegmentMetadataUpdateRecord",
                version,
            });
        }
        let this = Self {
            remote_log_segment_id: RemoteLogSegmentIdEntry::decode(reader, version)?,
            broker_id: reader.i32()?,
            event_timestamp_ms: reader.i64()?,
            custom_metadata: reader.nullable_bytes(true)?,
            remote_log_segment_state: reader.i8()?,
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
                message: "RemoteLogSegmentMetadataUpdateRecord",
                version,
            });
        }
        self.remote_log_segment_id.encode(writer, version)?;
        writer.i32(self.broker_id);
        writer.i64(self.event_timestamp_ms);
        writer.nullable_bytes_field(true, self.custom_metadata.as_deref())?;
        writer.i8(self.remote_log_segment_state);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { RemoteLogSegmentMetadataUpdateRecord<'a> {
    remote_log_segment_id: "remoteLogSegmentId" 0..=0,
    broker_id: "brokerId" 0..=0,
    event_timestamp_ms: "eventTimestampMs" 0..=0,
    custom_metadata: "customMetadata" 0..=0,
    remote_log_segment_state: "remoteLogSegmentState" 0..=0,
} tagged {
}}

/// Part of [`RemoteLogSegmentMetadataUpdateRecord`].
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

/// Part of [`RemoteLogSegmentMetadataUpdateRecord`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteLogSegmentIdEntry<'a> {
    /// `TopicIdPartitionEntry`, versions 0 on.
    pub topic_id_partition: TopicIdPartitionEntry<'a>,
    /// `uuid`, versions 0 on.
    pub id: Uuid,
}

impl<'a> RemoteLogSegmentIdEntry<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this =
            Self { topic_id_partition: TopicIdPartitionEntry::decode(reader, version)?, id: reader.uuid()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        self.topic_id_partition.encode(writer, version)?;
        writer.uuid(self.id);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { RemoteLogSegmentIdEntry<'a> {
    topic_id_partition: "topicIdPartition" 0..=0,
    id: "id" 0..=0,
} tagged {
}}

crate::codec::message!(RemoteLogSegmentMetadataUpdateRecord<'a>, Data);
