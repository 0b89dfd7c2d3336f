//! `EndQuorumEpochRequest`: request of API EndQuorumEpoch (54), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `EndQuorumEpochRequest`: request of API EndQuorumEpoch (54), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndQuorumEpochRequest<'a> {
    /// `string`, versions 0 on, nullable.
    pub cluster_id: Option<Cow<'a, str>>,
    /// `[]TopicData`, versions 0 on.
    pub topics: Vec<TopicData<'a>>,
    /// `[]LeaderEndpoint`, versions 1 on.
    pub leader_endpoints: Vec<LeaderEndpoint<'a>>,
}

impl<'a> EndQuorumEpochRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 1;
    /// The API that this message belongs to (key 54).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::EndQuorumEpoch;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "EndQuorumEpochRequest", version });
        }
        let flexible = version >= 1;
        let this = Self {
            cluster_id: reader.nullable_string(flexible)?,
            topics: reader.array(flexible, 3, |reader| TopicData::decode(reader, version))?,
            leader_endpoints: if version >= 1 {
                reader.array(flexible, 5, |reader| LeaderEndpoint::decode(reader, version))?
            } else {
                Vec::new()
            },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "EndQuorumEpochRequest", version });
        }
        let flexible = version >= 1;
        writer.nullable_string(flexible, self.cluster_id.as_deref())?;
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if version >= 1 {
            writer
                .array(flexible, &self.leader_endpoints, |writer, element| element.encode(writer, version))?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { EndQuorumEpochRequest<'a> {
    cluster_id: "clusterId" 0..=1,
    topics: "topics" 0..=1,
    leader_endpoints: "leaderEndpoints" 1..=1,
} tagged {
}}

/// Part of [`EndQuorumEpochRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaInfo {
    /// `int32`, versions 1 on.
    pub candidate_id: i32,
    /// `uuid`, versions 1 on.
    pub candidate_directory_id: Uuid,
}

impl ReplicaInfo {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { candidate_id: reader.i32()?, candidate_directory_id: reader.uuid()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.candidate_id);
        writer.uuid(self.candidate_directory_id);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ReplicaInfo {
    candidate_id: "candidateId" 1..=1,
    candidate_directory_id: "candidateDirectoryId" 1..=1,
} tagged {
}}

/// Part of [`EndQuorumEpochRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int32`, versions 0 on.
    pub leader_id: i32,
    /// `int32`, versions 0 on.
    pub leader_epoch: i32,
    /// `[]ReplicaInfo`, versions 1 on.
    pub preferred_candidates: Vec<ReplicaInfo>,
    /// `[]int32`, version 0.
    pub preferred_successors: Vec<i32>,
}

impl PartitionData {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let this = Self {
            partition_index: reader.i32()?,
            leader_id: reader.i32()?,
            leader_epoch: reader.i32()?,
            preferred_candidates: if version >= 1 {
                reader.array(flexible, 21, |reader| ReplicaInfo::decode(reader, version))?
            } else {
                Vec::new()
            },
            preferred_successors: if version == 0 {
                reader.array(flexible, 4, Reader::i32)?
            } else {
                Vec::new()
            },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.i32(self.partition_index);
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        if version >= 1 {
            writer.array(flexible, &self.preferred_candidates, |writer, element| {
                element.encode(writer, version)
            })?;
        }
        if version == 0 {
            writer.scalars(flexible, &self.preferred_successors, Writer::i32)?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionData {
    partition_index: "partitionIndex" 0..=1,
    leader_id: "leaderId" 0..=1,
    leader_epoch: "leaderEpoch" 0..=1,
    preferred_candidates: "preferredCandidates" 1..=1,
    preferred_successors: "preferredSuccessors" 0..=0,
} tagged {
}}

/// Part of [`EndQuorumEpochRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData<'a> {
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
    /// `[]PartitionData`, versions 0 on.
    pub partitions: Vec<PartitionData>,
}

impl<'a> TopicData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let this = Self {
            topic_name: reader.string(flexible)?,
            partitions: reader.array(flexible, 14, |reader| PartitionData::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.string(flexible, &self.topic_name)?;
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicData<'a> {
    topic_name: "topicName" 0..=1,
    partitions: "partitions" 0..=1,
} tagged {
}}

/// Part of [`EndQuorumEpochRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaderEndpoint<'a> {
    /// `string`, versions 1 on.
    pub name: Cow<'a, str>,
    /// `string`, versions 1 on.
    pub host: Cow<'a, str>,
    /// `uint16`, versions 1 on.
    pub port: u16,
}

impl<'a> LeaderEndpoint<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { name: reader.string(true)?, host: reader.string(true)?, port: reader.u16()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.string(true, &self.host)?;
        writer.u16(self.port);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { LeaderEndpoint<'a> {
    name: "name" 1..=1,
    host: "host" 1..=1,
    port: "port" 1..=1,
} tagged {
}}

crate::codec::message!(EndQuorumEpochRequest<'a>, Request);

impl<'a> Request<'a> for EndQuorumEpochRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::EndQuorumEpochResponse<'r>;
}
