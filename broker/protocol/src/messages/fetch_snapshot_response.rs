//! `FetchSnapshotResponse`: response of API FetchSnapshot (59), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Records, Writer};

/// `FetchSnapshotResponse`: response of API FetchSnapshot (59), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchSnapshotResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `[]TopicSnapshot`, versions 0 on.
    pub topics: Vec<TopicSnapshot<'a>>,
    /// `[]NodeEndpoint`, versions 1 on, tag 0.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> FetchSnapshotResponse<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "FetchSnapshotResponse", version });
        }
        let mut this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            topics: reader.array(true, 3, |reader| TopicSnapshot::decode(reader, version))?,
            node_endpoints: Vec::new(),
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 if version >= 1 => {
                    this.node_endpoints =
                        reader.array(true, 8, |reader| NodeEndpoint::decode(reader, version))?
                }
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
            return Err(EncodeError::UnsupportedVersion { message: "FetchSnapshotResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        let mut tags = writer.begin_tags();
        if version >= 1 && !self.node_endpoints.is_empty() {
            writer.tag(&mut tags, 0, |writer| {
                writer
                    .array(true, &self.node_endpoints, |writer, element| element.encode(writer, version))?;
                Ok(())
            })?;
        }
        writer.end_tags(tags);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { FetchSnapshotResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=1,
    error_code: "errorCode" 0..=1,
    topics: "topics" 0..=1,
} tagged {
    node_endpoints: "nodeEndpoints" 1..=1,
}}

/// Part of [`FetchSnapshotResponse`].
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

/// Part of [`FetchSnapshotResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// `int32`, versions 0 on.
    pub leader_id: i32,
    /// `int32`, versions 0 on.
    pub leader_epoch: i32,
}

impl LeaderIdAndEpoch {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { leader_id: reader.i32()?, leader_epoch: reader.i32()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { LeaderIdAndEpoch {
    leader_id: "leaderId" 0..=1,
    leader_epoch: "leaderEpoch" 0..=1,
} tagged {
}}

/// Part of [`FetchSnapshotResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionSnapshot<'a> {
    /// `int32`, versions 0 on.
    pub index: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `SnapshotId`, versions 0 on.
    pub snapshot_id: SnapshotId,
    /// `int64`, versions 0 on.
    pub size: i64,
    /// `int64`, versions 0 on.
    pub position: i64,
    /// `records`, versions 0 on.
    pub unaligned_records: Records<'a>,
    /// `LeaderIdAndEpoch`, versions 0 on, tag 0.
    pub current_leader: LeaderIdAndEpoch,
}

impl<'a> PartitionSnapshot<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut this = Self {
            index: reader.i32()?,
            error_code: reader.i16()?,
            snapshot_id: SnapshotId::decode(reader, version)?,
            size: reader.i64()?,
            position: reader.i64()?,
            unaligned_records: reader.records(true)?,
            current_leader: LeaderIdAndEpoch::default(),
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => this.current_leader = LeaderIdAndEpoch::decode(reader, version)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.index);
        writer.error_code(self.error_code);
        self.snapshot_id.encode(writer, version)?;
        writer.i64(self.size);
        writer.i64(self.position);
        writer.records(true, &self.unaligned_records)?;
        let mut tags = writer.begin_tags();
        if self.current_leader != LeaderIdAndEpoch::default() {
            writer.tag(&mut tags, 0, |writer| {
                self.current_leader.encode(writer, version)?;
                Ok(())
            })?;
        }
        writer.end_tags(tags);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionSnapshot<'a> {
    index: "index" 0..=1,
    error_code: "errorCode" 0..=1,
    snapshot_id: "snapshotId" 0..=1,
    size: "size" 0..=1,
    position: "position" 0..=1,
    unaligned_records: "unalignedRecords" 0..=1,
} tagged {
    current_leader: "currentLeader" 0..=1,
}}

/// Part of [`FetchSnapshotResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicSnapshot<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `[]PartitionSnapshot`, versions 0 on.
    pub partitions: Vec<PartitionSnapshot<'a>>,
}

impl<'a> TopicSnapshot<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            name: reader.string(true)?,
            partitions: reader.array(true, 37, |reader| PartitionSnapshot::decode(reader, version))?,
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

/// Part of [`FetchSnapshotResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint<'a> {
    /// `int32`, versions 1 on.
    pub node_id: i32,
    /// `string`, versions 1 on.
    pub host: Cow<'a, str>,
    /// `uint16`, versions 1 on.
    pub port: u16,
}

impl<'a> NodeEndpoint<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { node_id: reader.i32()?, host: reader.string(true)?, port: reader.u16()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.node_id);
        writer.string(true, &self.host)?;
        writer.u16(self.port);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { NodeEndpoint<'a> {
    node_id: "nodeId" 1..=1,
    host: "host" 1..=1,
    port: "port" 1..=1,
} tagged {
}}

crate::codec::message!(FetchSnapshotResponse<'a>, Response);
