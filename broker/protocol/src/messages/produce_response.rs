//! `ProduceResponse`: response of API Produce (0), versions 3 to 13. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `ProduceResponse`: response of API Produce (0), versions 3 to 13.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProduceResponse<'a> {
    /// `[]TopicProduceResponse`, versions 3 on.
    pub responses: Vec<TopicProduceResponse<'a>>,
    /// `int32`, versions 3 on.
    pub throttle_time_ms: i32,
    /// `[]NodeEndpoint`, versions 10 on, tag 0.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> ProduceResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 3..=13;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 9;
    /// The API that this message belongs to (key 0).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Produce;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ProduceResponse", version });
        }
        let flexible = version >= 9;
        let mut this = Self {
            responses: reader.array(flexible, 3, |reader| TopicProduceResponse::decode(reader, version))?,
            throttle_time_ms: reader.i32()?,
            node_endpoints: Vec::new(),
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 if version >= 10 => {
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
            return Err(EncodeError::UnsupportedVersion { message: "ProduceResponse", version });
        }
        let flexible = version >= 9;
        writer.array(flexible, &self.responses, |writer, element| element.encode(writer, version))?;
        writer.i32(self.throttle_time_ms);
        if flexible {
            let mut tags = writer.begin_tags();
            if version >= 10 && !self.node_endpoints.is_empty() {
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
crate::codec::json::fields! { ProduceResponse<'a> {
    responses: "responses" 3..=13,
    throttle_time_ms: "throttleTimeMs" 3..=13,
} tagged {
    node_endpoints: "nodeEndpoints" 10..=13,
}}

/// Part of [`ProduceResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchIndexAndErrorMessage<'a> {
    /// `int32`, versions 8 on.
    pub batch_index: i32,
    /// `string`, versions 8 on, nullable.
    pub batch_index_error_message: Option<Cow<'a, str>>,
}

impl<'a> BatchIndexAndErrorMessage<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let this =
            Self { batch_index: reader.i32()?, batch_index_error_message: reader.nullable_string(flexible)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i32(self.batch_index);
        writer.nullable_string(flexible, self.batch_index_error_message.as_deref())?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { BatchIndexAndErrorMessage<'a> {
    batch_index: "batchIndex" 8..=13,
    batch_index_error_message: "batchIndexErrorMessage" 8..=13,
} tagged {
}}

/// Part of [`ProduceResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// `int32`, versions 10 on, default -1.
    pub leader_id: i32,
    /// `int32`, versions 10 on, default -1.
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
    leader_id: "leaderId" 10..=13,
    leader_epoch: "leaderEpoch" 10..=13,
} tagged {
}}

/// Part of [`ProduceResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionProduceResponse<'a> {
    /// `int32`, versions 3 on.
    pub index: i32,
    /// `int16`, versions 3 on.
    pub error_code: i16,
    /// `int64`, versions 3 on.
    pub base_offset: i64,
    /// `int64`, versions 3 on, default -1.
    pub log_append_time_ms: i64,
    /// `int64`, versions 5 on, default -1.
    pub log_start_offset: i64,
    /// `[]BatchIndexAndErrorMessage`, versions 8 on.
    pub record_errors: Vec<BatchIndexAndErrorMessage<'a>>,
    /// `string`, versions 8 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `LeaderIdAndEpoch`, versions 10 on, tag 0.
    pub current_leader: LeaderIdAndEpoch,
}

impl Default for PartitionProduceResponse<'_> {
    fn default() -> Self {
        Self {
            index: 0,
            error_code: 0,
            base_offset: 0,
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Vec::new(),
            error_message: None,
            current_leader: LeaderIdAndEpoch::default(),
        }
    }
}

impl<'a> PartitionProduceResponse<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let mut this = Self {
            index: reader.i32()?,
            error_code: reader.i16()?,
            base_offset: reader.i64()?,
            log_append_time_ms: reader.i64()?,
            log_start_offset: if version >= 5 { reader.i64()? } else { -1 },
            record_errors: if version >= 8 {
                reader.array(flexible, 6, |reader| BatchIndexAndErrorMessage::decode(reader, version))?
            } else {
                Vec::new()
            },
            error_message: if version >= 8 { reader.nullable_string(flexible)? } else { None },
            current_leader: LeaderIdAndEpoch::default(),
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 if version >= 10 => this.current_leader = LeaderIdAndEpoch::decode(reader, version)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i32(self.index);
        writer.error_code(self.error_code);
        writer.i64(self.base_offset);
        writer.i64(self.log_append_time_ms);
        if version >= 5 {
            writer.i64(self.log_start_offset);
        }
        if version >= 8 {
            writer.array(flexible, &self.record_errors, |writer, element| element.encode(writer, version))?;
        }
        if version >= 8 {
            writer.nullable_string(flexible, self.error_message.as_deref())?;
        }
        if flexible {
            let mut tags = writer.begin_tags();
            if version >= 10 && self.current_leader != LeaderIdAndEpoch::default() {
                writer.tag(&mut tags, 0, |writer| {
                    self.current_leader.encode(writer, version)?;
                    Ok(())
                })?;
            }
            writer.end_tags(tags);
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionProduceResponse<'a> {
    index: "index" 3..=13,
    error_code: "errorCode" 3..=13,
    base_offset: "baseOffset" 3..=13,
    log_append_time_ms: "logAppendTimeMs" 3..=13,
    log_start_offset: "logStartOffset" 5..=13,
    record_errors: "recordErrors" 8..=13,
    error_message: "errorMessage" 8..=13,
} tagged {
    current_leader: "currentLeader" 10..=13,
}}

/// Part of [`ProduceResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicProduceResponse<'a> {
    /// `uuid`, versions 13 on.
    pub topic_id: Uuid,
    /// `string`, versions 3 to 12.
    pub name: Cow<'a, str>,
    /// `[]PartitionProduceResponse`, versions 3 on.
    pub partition_responses: Vec<PartitionProduceResponse<'a>>,
}

impl<'a> TopicProduceResponse<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let this = Self {
            topic_id: if version >= 13 { reader.uuid()? } else { Uuid::nil() },
            name: if version <= 12 { reader.string(flexible)? } else { Cow::default() },
            partition_responses: reader
                .array(flexible, 22, |reader| PartitionProduceResponse::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        if version <= 12 {
            writer.string(flexible, &self.name)?;
        }
        writer
            .array(flexible, &self.partition_responses, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicProduceResponse<'a> {
    topic_id: "topicId" 13..=13,
    name: "name" 3..=12,
    partition_responses: "partitionResponses" 3..=13,
} tagged {
}}

/// Part of [`ProduceResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint<'a> {
    /// `int32`, versions 10 on.
    pub node_id: i32,
    /// `string`, versions 10 on.
    pub host: Cow<'a, str>,
    /// `int32`, versions 10 on.
    pub port: i32,
    /// `string`, versions 10 on, nullable.
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
    node_id: "nodeId" 10..=13,
    host: "host" 10..=13,
    port: "port" 10..=13,
    rack: "rack" 10..=13,
} tagged {
}}

crate::codec::message!(ProduceResponse<'a>, Response);
