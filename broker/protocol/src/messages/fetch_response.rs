//! `FetchResponse`: response of API Fetch (1), versions 4 to 18. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Records, Writer};
use crate::types::Uuid;

/// `FetchResponse`: response of API Fetch (1), versions 4 to 18.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchResponse<'a> {
    /// `int32`, versions 4 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 7 on.
    pub error_code: i16,
    /// `int32`, versions 7 on.
    pub session_id: i32,
    /// `[]FetchableTopicResponse`, versions 4 on.
    pub responses: Vec<FetchableTopicResponse<'a>>,
    /// `[]NodeEndpoint`, versions 16 on, tag 0.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> FetchResponse<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "FetchResponse", version });
        }
        let flexible = version >= 12;
        let mut this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: if version >= 7 { reader.i16()? } else { 0 },
            session_id: if version >= 7 { reader.i32()? } else { 0 },
            responses: reader.array(flexible, 3, |reader| FetchableTopicResponse::decode(reader, version))?,
            node_endpoints: Vec::new(),
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 if version >= 16 => {
                        this.node_endpoints =
                            reader.array(true, 11, |reader| NodeEndpoint::decode(reader, version))?
                    }
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
            return Err(EncodeError::UnsupportedVersion { message: "FetchResponse", version });
        }
        let flexible = version >= 12;
        writer.i32(self.throttle_time_ms);
        if version >= 7 {
            writer.error_code(self.error_code);
        }
        if version >= 7 {
            writer.i32(self.session_id);
        }
        writer.array(flexible, &self.responses, |writer, element| element.encode(writer, version))?;
        if flexible {
            let mut tags = writer.begin_tags();
            if version >= 16 && !self.node_endpoints.is_empty() {
                writer.tag(&mut tags, 0, |writer| {
                    writer.array(true, &self.node_endpoints, |writer, element| {
                        element.encode(writer, version)
                    })?;
                    Ok(())
                })?;
            }
            writer.end_tags(tags);
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { FetchResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 4..=18,
    error_code: "errorCode" 7..=18,
    session_id: "sessionId" 7..=18,
    responses: "responses" 4..=18,
} tagged {
    node_endpoints: "nodeEndpoints" 16..=18,
}}

/// Part of [`FetchResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AbortedTransaction {
    /// `int64`, versions 4 on.
    pub producer_id: i64,
    /// `int64`, versions 4 on.
    pub first_offset: i64,
}

impl AbortedTransaction {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let this = Self { producer_id: reader.i64()?, first_offset: reader.i64()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        writer.i64(self.producer_id);
        writer.i64(self.first_offset);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AbortedTransaction {
    producer_id: "producerId" 4..=18,
    first_offset: "firstOffset" 4..=18,
} tagged {
}}

/// Part of [`FetchResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct EpochEndOffset {
    /// `int32`, versions 12 on, default -1.
    pub epoch: i32,
    /// `int64`, versions 12 on, default -1.
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self { epoch: -1, end_offset: -1 }
    }
}

impl EpochEndOffset {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { epoch: reader.i32()?, end_offset: reader.i64()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.epoch);
        writer.i64(self.end_offset);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { EpochEndOffset {
    epoch: "epoch" 12..=18,
    end_offset: "endOffset" 12..=18,
} tagged {
}}

/// Part of [`FetchResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// `int32`, versions 12 on, default -1.
    pub leader_id: i32,
    /// `int32`, versions 12 on, default -1.
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self { leader_id: -1, leader_epoch: -1 }
    }
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
    leader_id: "leaderId" 12..=18,
    leader_epoch: "leaderEpoch" 12..=18,
} tagged {
}}

/// Part of [`FetchResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotId {
    /// `int64`, versions 12 on, default -1.
    pub end_offset: i64,
    /// `int32`, versions 12 on, default -1.
    pub epoch: i32,
}

impl Default for SnapshotId {
    fn default() -> Self {
        Self { end_offset: -1, epoch: -1 }
    }
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
    end_offset: "endOffset" 12..=18,
    epoch: "epoch" 12..=18,
} tagged {
}}

/// Part of [`FetchResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionData<'a> {
    /// `int32`, versions 4 on.
    pub partition_index: i32,
    /// `int16`, versions 4 on.
    pub error_code: i16,
    /// `int64`, versions 4 on.
    pub high_watermark: i64,
    /// `int64`, versions 4 on, default -1.
    pub last_stable_offset: i64,
    /// `int64`, versions 5 on, default -1.
    pub log_start_offset: i64,
    /// `[]AbortedTransaction`, versions 4 on, nullable.
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// `int32`, versions 11 on, default -1.
    pub preferred_read_replica: i32,
    /// `records`, versions 4 on.
    pub records: Records<'a>,
    /// `EpochEndOffset`, versions 12 on, tag 0.
    pub diverging_epoch: EpochEndOffset,
    /// `LeaderIdAndEpoch`, versions 12 on, tag 1.
    pub current_leader: LeaderIdAndEpoch,
    /// `SnapshotId`, versions 12 on, tag 2.
    pub snapshot_id: SnapshotId,
}

impl Default for PartitionData<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: 0,
            high_watermark: 0,
            last_stable_offset: -1,
            log_start_offset: -1,
            aborted_transactions: Some(Vec::new()),
            preferred_read_replica: -1,
            records: Records::Null,
            diverging_epoch: EpochEndOffset::default(),
            current_leader: LeaderIdAndEpoch::default(),
            snapshot_id: SnapshotId::default(),
        }
    }
}

impl<'a> PartitionData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let mut this = Self {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            high_watermark: reader.i64()?,
            last_stable_offset: reader.i64()?,
            log_start_offset: if version >= 5 { reader.i64()? } else { -1 },
            aborted_transactions: reader
                .nullable_array(flexible, 16, |reader| AbortedTransaction::decode(reader, version))?,
            preferred_read_replica: if version >= 11 { reader.i32()? } else { -1 },
            records: reader.records(flexible)?,
            diverging_epoch: EpochEndOffset::default(),
            current_leader: LeaderIdAndEpoch::default(),
            snapshot_id: SnapshotId::default(),
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 => this.diverging_epoch = EpochEndOffset::decode(reader, version)?,
                    1 => this.current_leader = LeaderIdAndEpoch::decode(reader, version)?,
                    2 => this.snapshot_id = SnapshotId::decode(reader, version)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        writer.i64(self.high_watermark);
        writer.i64(self.last_stable_offset);
        if version >= 5 {
            writer.i64(self.log_start_offset);
        }
        writer.nullable_array(flexible, self.aborted_transactions.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        if version >= 11 {
            writer.i32(self.preferred_read_replica);
        }
        writer.records(flexible, &self.records)?;
        if flexible {
            let mut tags = writer.begin_tags();
            if self.diverging_epoch != EpochEndOffset::default() {
                writer.tag(&mut tags, 0, |writer| {
                    self.diverging_epoch.encode(writer, version)?;
                    Ok(())
                })?;
            }
            if self.current_leader != LeaderIdAndEpoch::default() {
                writer.tag(&mut tags, 1, |writer| {
                    self.current_leader.encode(writer, version)?;
                    Ok(())
                })?;
            }
            if self.snapshot_id != SnapshotId::default() {
                writer.tag(&mut tags, 2, |writer| {
                    self.snapshot_id.encode(writer, version)?;
                    Ok(())
                })?;
            }
            writer.end_tags(tags);
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionData<'a> {
    partition_index: "partitionIndex" 4..=18,
    error_code: "errorCode" 4..=18,
    high_watermark: "highWatermark" 4..=18,
    last_stable_offset: "lastStableOffset" 4..=18,
    log_start_offset: "logStartOffset" 5..=18,
    aborted_transactions: "abortedTransactions" 4..=18,
    preferred_read_replica: "preferredReadReplica" 11..=18,
    records: "records" 4..=18,
} tagged {
    diverging_epoch: "divergingEpoch" 12..=18,
    current_leader: "currentLeader" 12..=18,
    snapshot_id: "snapshotId" 12..=18,
}}

/// Part of [`FetchResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchableTopicResponse<'a> {
    /// `uuid`, versions 13 on.
    pub topic_id: Uuid,
    /// `string`, versions 4 to 12.
    pub topic: Cow<'a, str>,
    /// `[]PartitionData`, versions 4 on.
    pub partitions: Vec<PartitionData<'a>>,
}

impl<'a> FetchableTopicResponse<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let this = Self {
            topic_id: if version >= 13 { reader.uuid()? } else { Uuid::nil() },
            topic: if version <= 12 { reader.string(flexible)? } else { Cow::default() },
            partitions: reader.array(flexible, 30, |reader| PartitionData::decode(reader, version))?,
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
crate::codec::json::fields! { FetchableTopicResponse<'a> {
    topic_id: "topicId" 13..=18,
    topic: "topic" 4..=12,
    partitions: "partitions" 4..=18,
} tagged {
}}

/// Part of [`FetchResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint<'a> {
    /// `int32`, versions 16 on.
    pub node_id: i32,
    /// `string`, versions 16 on.
    pub host: Cow<'a, str>,
    /// `int32`, versions 16 on.
    pub port: i32,
    /// `string`, versions 16 on, nullable.
    pub rack: Option<Cow<'a, str>>,
}

impl<'a> NodeEndpoint<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            node_id: reader.i32()?,
            host: reader.string(true)?,
            port: reader.i32()?,
            rack: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.node_id);
        writer.string(true, &self.host)?;
        writer.i32(self.port);
        writer.nullable_string(true, self.rack.as_deref())?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { NodeEndpoint<'a> {
    node_id: "nodeId" 16..=18,
    host: "host" 16..=18,
    port: "port" 16..=18,
    rack: "rack" 16..=18,
} tagged {
}}

crate::codec::message!(FetchResponse<'a>, Response);
