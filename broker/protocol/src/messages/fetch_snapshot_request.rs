//! `FetchSnapshotRequest`: request of API FetchSnapshot (59), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `FetchSnapshotRequest`: request of API FetchSnapshot (59), versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchSnapshotRequest<'a> {
    /// `int32`, versions 0 on, default -1.
    pub replica_id: i32,
    /// `int32`, versions 0 on, default 2147483647.
    pub max_bytes: i32,
    /// `[]TopicSnapshot`, versions 0 on.
    pub topics: Vec<TopicSnapshot<'a>>,
    /// `string`, versions 0 on, tag 0, nullable.
    pub cluster_id: Option<Cow<'a, str>>,
}

impl Default for FetchSnapshotRequest<'_> {
    fn default() -> Self {
        Self { replica_id: -1, max_bytes: i32::MAX, topics: Vec::new(), cluster_id: None }
    }
}

impl<'a> FetchSnapshotRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 59).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::FetchSnapshot;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "FetchSnapshotRequest", version });
        }
        let mut this = Self {
            replica_id: reader.i32()?,
            max_bytes: reader.i32()?,
            topics: reader.array(true, 3, |reader| TopicSnapshot::decode(reader, version))?,
            cluster_id: None,
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => this.cluster_id = reader.nullable_string(true)?,
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
            return Err(EncodeError::UnsupportedVersion { message: "FetchSnapshotRequest", version });
        }
        writer.i32(self.replica_id);
        writer.i32(self.max_bytes);
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        let mut tags = writer.begin_tags();
        if self.cluster_id.is_some() {
            writer.tag(&mut tags, 0, |writer| {
                writer.nullable_string(true, self.cluster_id.as_deref())?;
                Ok(())
            })?;
        }
        writer.end_tags(tags);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { FetchSnapshotRequest<'a> {
    replica_id: "replicaId" 0..=1,
    max_bytes: "maxBytes" 0..=1,
    topics: "topics" 0..=1,
} tagged {
    cluster_id: "clusterId" 0..=1,
}}

/// Part of [`FetchSnapshotRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SnapshotId {
    /// `int64`, versions 0 on.
    pub end_offset: i64,
    /// `int32`, versions 0 on.
    pub epoch: i32,
}

impl SnapshotId {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { end_offset: reader.i64()?, epoch: reader.i32()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.end_offset);
        writer.i32(self.epoch);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { SnapshotId {
    end_offset: "endOffset" 0..=1,
    epoch: "epoch" 0..=1,
} tagged {
}}

/// Part of [`FetchSnapshotRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionSnapshot {
    /// `int32`, versions 0 on.
    pub partition: i32,
    /// `int32`, versions 0 on.
    pub current_leader_epoch: i32,
    /// `SnapshotId`, versions 0 on.
    pub snapshot_id: SnapshotId,
    /// `int64`, versions 0 on.
    pub position: i64,
    /// `uuid`, versions 1 on, tag 0.
    pub replica_directory_id: Uuid,
}

impl PartitionSnapshot {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let mut this = Self {
            partition: reader.i32()?,
            current_leader_epoch: reader.i32()?,
            snapshot_id: SnapshotId::decode(reader, version)?,
            position: reader.i64()?,
            replica_directory_id: Uuid::nil(),
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 if version >= 1 => this.replica_directory_id = reader.uuid()?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition);
        writer.i32(self.current_leader_epoch);
        self.snapshot_id.encode(writer, version)?;
        writer.i64(self.position);
        let mut tags = writer.begin_tags();
        if version >= 1 && !self.replica_directory_id.is_nil() {
            writer.tag(&mut tags, 0, |writer| {
                writer.uuid(self.replica_directory_id);
                Ok(())
            })?;
        }
        writer.end_tags(tags);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionSnapshot {
    partition: "partition" 0..=1,
    current_leader_epoch: "currentLeaderEpoch" 0..=1,
    snapshot_id: "snapshotId" 0..=1,
    position: "position" 0..=1,
} tagged {
    replica_directory_id: "replicaDirectoryId" 1..=1,
}}

/// Part of [`FetchSnapshotRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicSnapshot<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `[]PartitionSnapshot`, versions 0 on.
    pub partitions: Vec<PartitionSnapshot>,
}

impl<'a> TopicSnapshot<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            name: reader.string(true)?,
            partitions: reader.array(true, 30, |reader| PartitionSnapshot::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.array(true, &self.partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicSnapshot<'a> {
    name: "name" 0..=1,
    partitions: "partitions" 0..=1,
} tagged {
}}

crate::codec::message!(FetchSnapshotRequest<'a>, Request);

impl<'a> Request<'a> for FetchSnapshotRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::FetchSnapshotResponse<'r>;
}
