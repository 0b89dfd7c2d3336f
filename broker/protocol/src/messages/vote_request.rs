//! `VoteRequest`: request of API Vote (52), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `VoteRequest`: request of API Vote (52), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct VoteRequest<'a> {
    /// `string`, versions 0 on, nullable.
    pub cluster_id: Option<Cow<'a, str>>,
    /// `int32`, versions 1 on, default -1.
    pub voter_id: i32,
    /// `[]TopicData`, versions 0 on.
    pub topics: Vec<TopicData<'a>>,
}

impl Default for VoteRequest<'_> {
    fn default() -> Self {
        Self { cluster_id: None, voter_id: -1, topics: Vec::new() }
    }
}

impl<'a> VoteRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 52).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Vote;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "VoteRequest", version });
        }
        let this = Self {
            cluster_id: reader.nullable_string(true)?,
            voter_id: if version >= 1 { reader.i32()? } else { -1 },
            topics: reader.array(true, 3, |reader| TopicData::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "VoteRequest", version });
        }
        writer.nullable_string(true, self.cluster_id.as_deref())?;
        if version >= 1 {
            writer.i32(self.voter_id);
        }
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { VoteRequest<'a> {
    cluster_id: "clusterId" 0..=2,
    voter_id: "voterId" 1..=2,
    topics: "topics" 0..=2,
} tagged {
}}

/// Part of [`VoteRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int32`, versions 0 on.
    pub replica_epoch: i32,
    /// `int32`, versions 0 on.
    pub replica_id: i32,
    /// `uuid`, versions 1 on.
    pub replica_directory_id: Uuid,
    /// `uuid`, versions 1 on.
    pub voter_directory_id: Uuid,
    /// `int32`, versions 0 on.
    pub last_offset_epoch: i32,
    /// `int64`, versions 0 on.
    pub last_offset: i64,
    /// `bool`, versions 2 on.
    pub pre_vote: bool,
}

impl PartitionData {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition_index: reader.i32()?,
            replica_epoch: reader.i32()?,
            replica_id: reader.i32()?,
            replica_directory_id: if version >= 1 { reader.uuid()? } else { Uuid::nil() },
            voter_directory_id: if version >= 1 { reader.uuid()? } else { Uuid::nil() },
            last_offset_epoch: reader.i32()?,
            last_offset: reader.i64()?,
            pre_vote: if version >= 2 { reader.bool()? } else { false },
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i32(self.replica_epoch);
        writer.i32(self.replica_id);
        if version >= 1 {
            writer.uuid(self.replica_directory_id);
        }
        if version >= 1 {
            writer.uuid(self.voter_directory_id);
        }
        writer.i32(self.last_offset_epoch);
        writer.i64(self.last_offset);
        if version >= 2 {
            writer.bool(self.pre_vote);
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionData {
    partition_index: "partitionIndex" 0..=2,
    replica_epoch: "replicaEpoch" 0..=2,
    replica_id: "replicaId" 0..=2,
    replica_directory_id: "replicaDirectoryId" 1..=2,
    voter_directory_id: "voterDirectoryId" 1..=2,
    last_offset_epoch: "lastOffsetEpoch" 0..=2,
    last_offset: "lastOffset" 0..=2,
    pre_vote: "preVote" 2..=2,
} tagged {
}}

/// Part of [`VoteRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData<'a> {
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
    /// `[]PartitionData`, versions 0 on.
    pub partitions: Vec<PartitionData>,
}

impl<'a> TopicData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_name: reader.string(true)?,
            partitions: reader.array(true, 25, |reader| PartitionData::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.array(true, &self.partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicData<'a> {
    topic_name: "topicName" 0..=2,
    partitions: "partitions" 0..=2,
} tagged {
}}

crate::codec::message!(VoteRequest<'a>, Request);

impl<'a> Request<'a> for VoteRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::VoteResponse<'r>;
}
