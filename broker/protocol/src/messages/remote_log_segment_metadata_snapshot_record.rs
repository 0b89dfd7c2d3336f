//! `RemoteLogSegmentMetadataSnapshotRecord`: data record of type 3, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `RemoteLogSegmentMetadataSnapshotRecord`: data record of type 3, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteLogSegmentMetadataSnapshotRecord<'a> {
    /// `uuid`, versions 0 on.
    pub segment_id: Uuid,
    /// `int64`, versions 0 on.
    pub start_offset: i64,
    /// `int64`, versions 0 on.
    pub end_offset: i64,
    /// `int32`, versions 0 on.
    pub broker_id: i32,
    /// `int64`, versions 0 on.
    pub max_timestamp_ms: i64,
    /// `int64`, versions 0 on.
    pub event_timestamp_ms: i64,
    /// `[]SegmentLeaderEpochEntry`, versions 0 on.
    pub segment_leader_epochs: Vec<SegmentLeaderEpochEntry>,
    /// `int32`, versions 0 on.
    pub segment_size_in_bytes: i32,
    /// `bytes`, versions 0 on, nullable.
    pub custom_metadata: Option<Cow<'a, [u8]>>,
    /// `int8`, versions 0 on.
    pub remote_log_segment_state: i8,
    /// `bool`, versions 0 on, tag 0.
    pub txn_index_empty: bool,
}

impl<'a> RemoteLogSegmentMetadataSnapshotRecord<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 3;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "RemoteLogSegmentMetadataSnapshotRecord",
                version,
            });
        }
        let mut this = Self {
            segment_id: reader.uuid()?,
            start_offset: reader.i64()?,
            end_offset: reader.i64()?,
            broker_id: reader.i32()?,
            max_timestamp_ms: reader.i64()?,
            event_timestamp_ms: reader.i64()?,
            segment_leader_epochs: reader
                .array(true, 13, |reader| SegmentLeaderEpochEntry::decode(reader, version))?,
            segment_size_in_bytes: reader.i32()?,
            custom_metadata: reader.nullable_bytes(true)?,
            remote_log_segment_state: reader.i8()?,
            txn_index_empty: false,
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => this.txn_index_empty = reader.bool()?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion {
                message: "RemoteLogSegmentMetadataSnapshotRecord",
                version,
            });
        }
        writer.uuid(self.segment_id);
        writer.i64(self.start_offset);
        writer.i64(self.end_offset);
        writer.i32(self.broker_id);
        writer.i64(self.max_timestamp_ms);
        writer.i64(self.event_timestamp_ms);
        writer.array(true, &self.segment_leader_epochs, |writer, element| element.encode(writer, version))?;
        writer.i32(self.segment_size_in_bytes);
        writer.nullable_bytes_field(true, self.custom_metadata.as_deref())?;
        writer.i8(self.remote_log_segment_state);
        let mut tags = writer.begin_tags();
        if self.txn_index_empty {
            writer.tag(&mut tags, 0, |writer| {
                writer.bool(self.txn_index_empty);
                Ok(())
            })?;
        }
        writer.end_tags(tags);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { RemoteLogSegmentMetadataSnapshotRecord<'a> {
    segment_id: "segmentId" 0..=0,
    start_offset: "startOffset" 0..=0,
    end_offset: "endOffset" 0..=0,
    broker_id: "brokerId" 0..=0,
    max_timestamp_ms: "maxTimestampMs" 0..=0,
    event_timestamp_ms: "eventTimestampMs" 0..=0,
    segment_leader_epochs: "segmentLeaderEpochs" 0..=0,
    segment_size_in_bytes: "segmentSizeInBytes" 0..=0,
    custom_metadata: "customMetadata" 0..=0,
    remote_log_segment_state: "remoteLogSegmentState" 0..=0,
} tagged {
    txn_index_empty: "txnIndexEmpty" 0..=0,
}}

/// Part of [`RemoteLogSegmentMetadataSnapshotRecord`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SegmentLeaderEpochEntry {
    /// `int32`, versions 0 on.
    pub leader_epoch: i32,
    /// `int64`, versions 0 on.
    pub offset: i64,
}

impl SegmentLeaderEpochEntry {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { leader_epoch: reader.i32()?, offset: reader.i64()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.leader_epoch);
        writer.i64(self.offset);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { SegmentLeaderEpochEntry {
    leader_epoch: "leaderEpoch" 0..=0,
    offset: "offset" 0..=0,
} tagged {
}}

crate::codec::message!(RemoteLogSegmentMetadataSnapshotRecord<'a>, Data);
