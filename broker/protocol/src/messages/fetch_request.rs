//! `FetchRequest`: request of API Fetch (1), versions 4 to 18. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `FetchRequest`: request of API Fetch (1), versions 4 to 18.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchRequest<'a> {
    /// `int32`, versions 4 to 14, default -1.
    pub replica_id: i32,
    /// `int32`, versions 4 on.
    pub max_wait_ms: i32,
    /// `int32`, versions 4 on.
    pub min_bytes: i32,
    /// `int32`, versions 4 on, default 2147483647.
    pub max_bytes: i32,
    /// `int8`, versions 4 on.
    pub isolation_level: i8,
    /// `int32`, versions 7 on.
    pub session_id: i32,
    /// `int32`, versions 7 on, default -1.
    pub session_epoch: i32,
    /// `[]FetchTopic`, versions 4 on.
    pub topics: Vec<FetchTopic<'a>>,
    /// `[]ForgottenTopic`, versions 7 on.
    pub forgotten_topics_data: Vec<ForgottenTopic<'a>>,
    /// `string`, versions 11 on.
    pub rack_id: Cow<'a, str>,
    /// `string`, versions 12 on, tag 0, nullable.
    pub cluster_id: Option<Cow<'a, str>>,
    /// `ReplicaState`, versions 15 on, tag 1.
    pub replica_state: ReplicaState,
}

impl Default for FetchRequest<'_> {
    fn default() -> Self {
        Self {
            replica_id: -1,
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: i32::MAX,
            isolation_level: 0,
            session_id: 0,
            session_epoch: -1,
            topics: Vec::new(),
            forgotten_topics_data: Vec::new(),
            rack_id: Cow::default(),
            cluster_id: None,
            replica_state: ReplicaState::default(),
        }
    }
}

impl<'a> FetchRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 4..=18;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 12;
    /// The API that this message belongs to (key 1).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Fetch;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "FetchRequest", version });
        }
        let flexible = version >= 12;
        let mut this = Self {
            replica_id: if version <= 14 { reader.i32()? } else { -1 },
            max_wait_ms: reader.i32()?,
            min_bytes: reader.i32()?,
            max_bytes: reader.i32()?,
            isolation_level: reader.i8()?,
            session_id: if version >= 7 { reader.i32()? } else { 0 },
            session_epoch: if version >= 7 { reader.i32()? } else { -1 },
            topics: reader.array(flexible, 3, |reader| FetchTopic::decode(reader, version))?,
            forgotten_topics_data: if version >= 7 {
                reader.array(flexible, 3, |reader| ForgottenTopic::decode(reader, version))?
            } else {
                Vec::new()
            },
            rack_id: if version >= 11 { reader.string(flexible)? } else { Cow::default() },
            cluster_id: None,
            replica_state: ReplicaState::default(),
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 => this.cluster_id = reader.nullable_string(true)?,
                    1 if version >= 15 => this.replica_state = ReplicaState::decode(reader, version)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "FetchRequest", version });
        }
        let flexible = version >= 12;
        if version <= 14 {
            writer.i32(self.replica_id);
        }
        writer.i32(self.max_wait_ms);
        writer.i32(self.min_bytes);
        writer.i32(self.max_bytes);
        writer.i8(self.isolation_level);
        if version >= 7 {
            writer.i32(self.session_id);
        }
        if version >= 7 {
            writer.i32(self.session_epoch);
        }
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if version >= 7 {
            writer.array(flexible, &self.forgotten_topics_data, |writer, element| {
                element.encode(writer, version)
            })?;
        }
        if version >= 11 {
            writer.string(flexible, &self.rack_id)?;
        }
        if flexible {
            let mut tags = writer.begin_tags();
            if self.cluster_id.is_some() {
                writer.tag(&mut tags, 0, |writer| {
                    writer.nullable_string(true, self.cluster_id.as_deref())?;
                    Ok(())
                })?;
            }
            if version >= 15 && self.replica_state != ReplicaState::default() {
                writer.tag(&mut tags, 1, |writer| {
                    self.replica_state.encode(writer, version)?;
                    Ok(())
                })?;
            }
            writer.end_tags(tags);
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { FetchRequest<'a> {
    replica_id: "replicaId" 4..=14,
    max_wait_ms: "maxWaitMs" 4..=18,
    min_bytes: "minBytes" 4..=18,
    max_bytes: "maxBytes" 4..=18,
    isolation_level: "isolationLevel" 4..=18,
    session_id: "sessionId" 7..=18,
    session_epoch: "sessionEpoch" 7..=18,
    topics: "topics" 4..=18,
    forgotten_topics_data: "forgottenTopicsData" 7..=18,
    rack_id: "rackId" 11..=18,
} tagged {
    cluster_id: "clusterId" 12..=18,
    replica_state: "replicaState" 15..=18,
}}

/// Part of [`FetchRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct FetchPartition {
    /// `int32`, versions 4 on.
    pub partition: i32,
    /// `int32`, versions 9 on, default -1.
    pub current_leader_epoch: i32,
    /// `int64`, versions 4 on.
    pub fetch_offset: i64,
    /// `int32`, versions 12 on, default -1.
    pub last_fetched_epoch: i32,
    /// `int64`, versions 5 on, default -1.
    pub log_start_offset: i64,
    /// `int32`, versions 4 on.
    pub partition_max_bytes: i32,
    /// `uuid`, versions 17 on, tag 0.
    pub replica_directory_id: Uuid,
    /// `int64`, versions 18 on, tag 1, default 9223372036854775807.
    pub high_watermark: i64,
}

impl Default for FetchPartition {
    fn default() -> Self {
        Self {
            partition: 0,
            current_leader_epoch: -1,
            fetch_offset: 0,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: 0,
            replica_directory_id: Uuid::nil(),
            high_watermark: i64::MAX,
        }
    }
}

impl FetchPartition {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let mut this = Self {
            partition: reader.i32()?,
            current_leader_epoch: if version >= 9 { reader.i32()? } else { -1 },
            fetch_offset: reader.i64()?,
            last_fetched_epoch: if version >= 12 { reader.i32()? } else { -1 },
            log_start_offset: if version >= 5 { reader.i64()? } else { -1 },
            partition_max_bytes: reader.i32()?,
            replica_directory_id: Uuid::nil(),
            high_watermark: i64::MAX,
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 if version >= 17 => this.replica_directory_id = reader.uuid()?,
                    1 if version >= 18 => this.high_watermark = reader.i64()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        writer.i32(self.partition);
        if version >= 9 {
            writer.i32(self.current_leader_epoch);
        }
        writer.i64(self.fetch_offset);
        if version >= 12 {
            writer.i32(self.last_fetched_epoch);
        }
        if version >= 5 {
            writer.i64(self.log_start_offset);
        }
        writer.i32(self.partition_max_bytes);
        if flexible {
            let mut tags = writer.begin_tags();
            if version >= 17 && !self.replica_directory_id.is_nil() {
                writer.tag(&mut tags, 0, |writer| {
                    writer.uuid(self.replica_directory_id);
                    Ok(())
                })?;
            }
            if version >= 18 && self.high_watermark != i64::MAX {
                writer.tag(&mut tags, 1, |writer| {
                    writer.i64(self.high_watermark);
                    Ok(())
                })?;
            }
            writer.end_tags(tags);
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { FetchPartition {
    partition: "partition" 4..=18,
    current_leader_epoch: "currentLeaderEpoch" 9..=18,
    fetch_offset: "fetchOffset" 4..=18,
    last_fetched_epoch: "lastFetchedEpoch" 12..=18,
    log_start_offset: "logStartOffset" 5..=18,
    partition_max_bytes: "partitionMaxBytes" 4..=18,
} tagged {
    replica_directory_id: "replicaDirectoryId" 17..=18,
    high_watermark: "highWatermark" 18..=18,
}}

/// Part of [`FetchRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchTopic<'a> {
    /// `uuid`, versions 13 on.
    pub topic_id: Uuid,
    /// `string`, versions 4 to 12.
    pub topic: Cow<'a, str>,
    /// `[]FetchPartition`, versions 4 on.
    pub partitions: Vec<FetchPartition>,
}

impl<'a> FetchTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let this = Self {
            topic_id: if version >= 13 { reader.uuid()? } else { Uuid::nil() },
            topic: if version <= 12 { reader.string(flexible)? } else { Cow::default() },
            partitions: reader.array(flexible, 16, |reader| FetchPartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        if version <= 12 {
            writer.string(flexible, &self.topic)?;
        }
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { FetchTopic<'a> {
    topic_id: "topicId" 13..=18,
    topic: "topic" 4..=12,
    partitions: "partitions" 4..=18,
} tagged {
}}

/// Part of [`FetchRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForgottenTopic<'a> {
    /// `uuid`, versions 13 on.
    pub topic_id: Uuid,
    /// `string`, versions 7 to 12.
    pub topic: Cow<'a, str>,
    /// `[]int32`, versions 7 on.
    pub partitions: Vec<i32>,
}

impl<'a> ForgottenTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let this = Self {
            topic_id: if version >= 13 { reader.uuid()? } else { Uuid::nil() },
            topic: if version <= 12 { reader.string(flexible)? } else { Cow::default() },
            partitions: reader.array(flexible, 4, Reader::i32)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        if version <= 12 {
            writer.string(flexible, &self.topic)?;
        }
        writer.scalars(flexible, &self.partitions, Writer::i32)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ForgottenTopic<'a> {
    topic_id: "topicId" 13..=18,
    topic: "topic" 7..=12,
    partitions: "partitions" 7..=18,
} tagged {
}}

/// Part of [`FetchRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    /// `int32`, versions 15 on, default -1.
    pub replica_id: i32,
    /// `int64`, versions 15 on, default -1.
    pub replica_epoch: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self { replica_id: -1, replica_epoch: -1 }
    }
}

impl ReplicaState {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { replica_id: reader.i32()?, replica_epoch: reader.i64()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.replica_id);
        writer.i64(self.replica_epoch);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ReplicaState {
    replica_id: "replicaId" 15..=18,
    replica_epoch: "replicaEpoch" 15..=18,
} tagged {
}}

crate::codec::message!(FetchRequest<'a>, Request);

impl<'a> Request<'a> for FetchRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::FetchResponse<'r>;
}
