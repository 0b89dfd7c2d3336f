//! `EndQuorumEpochResponse`: response of API EndQuorumEpoch (54), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `EndQuorumEpochResponse`: response of API EndQuorumEpoch (54), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndQuorumEpochResponse<'a> {
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `[]TopicData`, versions 0 on.
    pub topics: Vec<TopicData<'a>>,
    /// `[]NodeEndpoint`, versions 1 on, tag 0.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> EndQuorumEpochResponse<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "EndQuorumEpochResponse", version });
        }
        let flexible = version >= 1;
        let mut this = Self {
            error_code: reader.i16()?,
            topics: reader.array(flexible, 3, |reader| TopicData::decode(reader, version))?,
            node_endpoints: Vec::new(),
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 => {
                        this.node_endpoints =
                            reader.array(true, 8, |reader| NodeEndpoint::decode(reader, version))?
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
            return Err(EncodeError::UnsupportedVersion { message: "EndQuorumEpochResponse", version });
        }
        let flexible = version >= 1;
        writer.error_code(self.error_code);
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if flexible {
            let mut tags = writer.begin_tags();
            if !self.node_endpoints.is_empty() {
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
crate::codec::json::fields! { EndQuorumEpochResponse<'a> {
    error_code: "errorCode" 0..=1,
    topics: "topics" 0..=1,
} tagged {
    node_endpoints: "nodeEndpoints" 1..=1,
}}

/// Part of [`EndQuorumEpochResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `int32`, versions 0 on.
    pub leader_id: i32,
    /// `int32`, versions 0 on.
    pub leader_epoch: i32,
}

impl PartitionData {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let this = Self {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            leader_id: reader.i32()?,
            leader_epoch: reader.i32()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionData {
    partition_index: "partitionIndex" 0..=1,
    error_code: "errorCode" 0..=1,
    leader_id: "leaderId" 0..=1,
    leader_epoch: "leaderEpoch" 0..=1,
} tagged {
}}

/// Part of [`EndQuorumEpochResponse`].
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

/// Part of [`EndQuorumEpochResponse`].
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

crate::codec::message!(EndQuorumEpochResponse<'a>, Response);
