//! `ShareFetchResponse`: response of API ShareFetch (78), versions 1 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Records, Writer};
use crate::types::Uuid;

/// `ShareFetchResponse`: response of API ShareFetch (78), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareFetchResponse<'a> {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `string`, versions 1 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `int32`, versions 1 on.
    pub acquisition_lock_timeout_ms: i32,
    /// `[]ShareFetchableTopicResponse`, versions 1 on.
    pub responses: Vec<ShareFetchableTopicResponse<'a>>,
    /// `[]NodeEndpoint`, versions 1 on.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> ShareFetchResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 1;
    /// The API that this message belongs to (key 78).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ShareFetch;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ShareFetchResponse", version });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            acquisition_lock_timeout_ms: reader.i32()?,
            responses: reader
                .array(true, 18, |reader| ShareFetchableTopicResponse::decode(reader, version))?,
            node_endpoints: reader.array(true, 11, |reader| NodeEndpoint::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "ShareFetchResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.i32(self.acquisition_lock_timeout_ms);
        writer.array(true, &self.responses, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.node_endpoints, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ShareFetchResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 1..=2,
    error_code: "errorCode" 1..=2,
    error_message: "errorMessage" 1..=2,
    acquisition_lock_timeout_ms: "acquisitionLockTimeoutMs" 1..=2,
    responses: "responses" 1..=2,
    node_endpoints: "nodeEndpoints" 1..=2,
} tagged {
}}

/// Part of [`ShareFetchResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// `int32`, versions 1 on.
    pub leader_id: i32,
    /// `int32`, versions 1 on.
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
    leader_id: "leaderId" 1..=2,
    leader_epoch: "leaderEpoch" 1..=2,
} tagged {
}}

/// Part of [`ShareFetchResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcquiredRecords {
    /// `int64`, versions 1 on.
    pub first_offset: i64,
    /// `int64`, versions 1 on.
    pub last_offset: i64,
    /// `int16`, versions 1 on.
    pub delivery_count: i16,
}

impl AcquiredRecords {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this =
            Self { first_offset: reader.i64()?, last_offset: reader.i64()?, delivery_count: reader.i16()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.first_offset);
        writer.i64(self.last_offset);
        writer.i16(self.delivery_count);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AcquiredRecords {
    first_offset: "firstOffset" 1..=2,
    last_offset: "lastOffset" 1..=2,
    delivery_count: "deliveryCount" 1..=2,
} tagged {
}}

/// Part of [`ShareFetchResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData<'a> {
    /// `int32`, versions 1 on.
    pub partition_index: i32,
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `string`, versions 1 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `int16`, versions 1 on.
    pub acknowledge_error_code: i16,
    /// `string`, versions 1 on, nullable.
    pub acknowledge_error_message: Option<Cow<'a, str>>,
    /// `LeaderIdAndEpoch`, versions 1 on.
    pub current_leader: LeaderIdAndEpoch,
    /// `records`, versions 1 on.
    pub records: Records<'a>,
    /// `[]AcquiredRecords`, versions 1 on.
    pub acquired_records: Vec<AcquiredRecords>,
}

impl<'a> PartitionData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            acknowledge_error_code: reader.i16()?,
            acknowledge_error_message: reader.nullable_string(true)?,
            current_leader: LeaderIdAndEpoch::decode(reader, version)?,
            records: reader.records(true)?,
            acquired_records: reader.array(true, 19, |reader| AcquiredRecords::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.i16(self.acknowledge_error_code);
        writer.nullable_string(true, self.acknowledge_error_message.as_deref())?;
        self.current_leader.encode(writer, version)?;
        writer.records(true, &self.records)?;
        writer.array(true, &self.acquired_records, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionData<'a> {
    partition_index: "partitionIndex" 1..=2,
    error_code: "errorCode" 1..=2,
    error_message: "errorMessage" 1..=2,
    acknowledge_error_code: "acknowledgeErrorCode" 1..=2,
    acknowledge_error_message: "acknowledgeErrorMessage" 1..=2,
    current_leader: "currentLeader" 1..=2,
    records: "records" 1..=2,
    acquired_records: "acquiredRecords" 1..=2,
} tagged {
}}

/// Part of [`ShareFetchResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareFetchableTopicResponse<'a> {
    /// `uuid`, versions 1 on.
    pub topic_id: Uuid,
    /// `[]PartitionData`, versions 1 on.
    pub partitions: Vec<PartitionData<'a>>,
}

impl<'a> ShareFetchableTopicResponse<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 22, |reader| PartitionData::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.array(true, &self.partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ShareFetchableTopicResponse<'a> {
    topic_id: "topicId" 1..=2,
    partitions: "partitions" 1..=2,
} tagged {
}}

/// Part of [`ShareFetchResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint<'a> {
    /// `int32`, versions 1 on.
    pub node_id: i32,
    /// `string`, versions 1 on.
    pub host: Cow<'a, str>,
    /// `int32`, versions 1 on.
    pub port: i32,
    /// `string`, versions 1 on, nullable.
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
    node_id: "nodeId" 1..=2,
    host: "host" 1..=2,
    port: "port" 1..=2,
    rack: "rack" 1..=2,
} tagged {
}}

crate::codec::message!(ShareFetchResponse<'a>, Response);
