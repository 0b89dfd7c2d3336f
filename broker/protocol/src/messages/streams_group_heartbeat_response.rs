//! `StreamsGroupHeartbeatResponse`: response of API StreamsGroupHeartbeat (88), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `StreamsGroupHeartbeatResponse`: response of API StreamsGroupHeartbeat (88), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupHeartbeatResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `string`, versions 0 on.
    pub member_id: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub member_epoch: i32,
    /// `int32`, versions 0 on.
    pub heartbeat_interval_ms: i32,
    /// `int32`, versions 0 on.
    pub acceptable_recovery_lag: i32,
    /// `int32`, versions 0 on.
    pub task_offset_interval_ms: i32,
    /// `[]Status`, versions 0 on, nullable.
    pub status: Option<Vec<Status<'a>>>,
    /// `[]TaskIds`, versions 0 on, nullable.
    pub active_tasks: Option<Vec<TaskIds<'a>>>,
    /// `[]TaskIds`, versions 0 on, nullable.
    pub standby_tasks: Option<Vec<TaskIds<'a>>>,
    /// `[]TaskIds`, versions 0 on, nullable.
    pub warmup_tasks: Option<Vec<TaskIds<'a>>>,
    /// `int32`, versions 0 on.
    pub endpoint_information_epoch: i32,
    /// `[]EndpointToPartitions`, versions 0 on, nullable.
    pub partitions_by_user_endpoint: Option<Vec<EndpointToPartitions<'a>>>,
}

impl Default for StreamsGroupHeartbeatResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            member_id: Cow::default(),
            member_epoch: 0,
            heartbeat_interval_ms: 0,
            acceptable_recovery_lag: 0,
            task_offset_interval_ms: 0,
            status: Some(Vec::new()),
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            endpoint_information_epoch: 0,
            partitions_by_user_endpoint: None,
        }
    }
}

impl<'a> StreamsGroupHeartbeatResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 88).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::StreamsGroupHeartbeat;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "StreamsGroupHeartbeatResponse",
                version,
            });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            member_id: reader.string(true)?,
            member_epoch: reader.i32()?,
            heartbeat_interval_ms: reader.i32()?,
            acceptable_recovery_lag: reader.i32()?,
            task_offset_interval_ms: reader.i32()?,
            status: reader.nullable_array(true, 3, |reader| Status::decode(reader, version))?,
            active_tasks: reader.nullable_array(true, 3, |reader| TaskIds::decode(reader, version))?,
            standby_tasks: reader.nullable_array(true, 3, |reader| TaskIds::decode(reader, version))?,
            warmup_tasks: reader.nullable_array(true, 3, |reader| TaskIds::decode(reader, version))?,
            endpoint_information_epoch: reader.i32()?,
            partitions_by_user_endpoint: reader
                .nullable_array(true, 7, |reader| EndpointToPartitions::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion {
                message: "StreamsGroupHeartbeatResponse",
                version,
            });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.string(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.i32(self.heartbeat_interval_ms);
        writer.i32(self.acceptable_recovery_lag);
        writer.i32(self.task_offset_interval_ms);
        writer.nullable_array(true, self.status.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.nullable_array(true, self.active_tasks.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.nullable_array(true, self.standby_tasks.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.nullable_array(true, self.warmup_tasks.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.i32(self.endpoint_information_epoch);
        writer.nullable_array(true, self.partitions_by_user_endpoint.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { StreamsGroupHeartbeatResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=0,
    error_code: "errorCode" 0..=0,
    error_message: "errorMessage" 0..=0,
    member_id: "memberId" 0..=0,
    member_epoch: "memberEpoch" 0..=0,
    heartbeat_interval_ms: "heartbeatIntervalMs" 0..=0,
    acceptable_recovery_lag: "acceptableRecoveryLag" 0..=0,
    task_offset_interval_ms: "taskOffsetIntervalMs" 0..=0,
    status: "status" 0..=0,
    active_tasks: "activeTasks" 0..=0,
    standby_tasks: "standbyTasks" 0..=0,
    warmup_tasks: "warmupTasks" 0..=0,
    endpoint_information_epoch: "endpointInformationEpoch" 0..=0,
    partitions_by_user_endpoint: "partitionsByUserEndpoint" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupHeartbeatResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status<'a> {
    /// `int8`, versions 0 on.
    pub status_code: i8,
    /// `string`, versions 0 on.
    pub status_detail: Cow<'a, str>,
}

impl<'a> Status<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { status_code: reader.i8()?, status_detail: reader.string(true)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i8(self.status_code);
        writer.string(true, &self.status_detail)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Status<'a> {
    status_code: "statusCode" 0..=0,
    status_detail: "statusDetail" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupHeartbeatResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskIds<'a> {
    /// `string`, versions 0 on.
    pub subtopology_id: Cow<'a, str>,
    /// `[]int32`, versions 0 on.
    pub partitions: Vec<i32>,
}

impl<'a> TaskIds<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this =
            Self { subtopology_id: reader.string(true)?, partitions: reader.array(true, 4, Reader::i32)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.subtopology_id)?;
        writer.scalars(true, &self.partitions, Writer::i32)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TaskIds<'a> {
    subtopology_id: "subtopologyId" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupHeartbeatResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint<'a> {
    /// `string`, versions 0 on.
    pub host: Cow<'a, str>,
    /// `uint16`, versions 0 on.
    pub port: u16,
}

impl<'a> Endpoint<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { host: reader.string(true)?, port: reader.u16()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.host)?;
        writer.u16(self.port);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Endpoint<'a> {
    host: "host" 0..=0,
    port: "port" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupHeartbeatResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartition<'a> {
    /// `string`, versions 0 on.
    pub topic: Cow<'a, str>,
    /// `[]int32`, versions 0 on.
    pub partitions: Vec<i32>,
}

impl<'a> TopicPartition<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { topic: reader.string(true)?, partitions: reader.array(true, 4, Reader::i32)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic)?;
        writer.scalars(true, &self.partitions, Writer::i32)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicPartition<'a> {
    topic: "topic" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupHeartbeatResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointToPartitions<'a> {
    /// `Endpoint`, versions 0 on.
    pub user_endpoint: Endpoint<'a>,
    /// `[]TopicPartition`, versions 0 on.
    pub active_partitions: Vec<TopicPartition<'a>>,
    /// `[]TopicPartition`, versions 0 on.
    pub standby_partitions: Vec<TopicPartition<'a>>,
}

impl<'a> EndpointToPartitions<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            user_endpoint: Endpoint::decode(reader, version)?,
            active_partitions: reader.array(true, 3, |reader| TopicPartition::decode(reader, version))?,
            standby_partitions: reader.array(true, 3, |reader| TopicPartition::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        self.user_endpoint.encode(writer, version)?;
        writer.array(true, &self.active_partitions, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.standby_partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { EndpointToPartitions<'a> {
    user_endpoint: "userEndpoint" 0..=0,
    active_partitions: "activePartitions" 0..=0,
    standby_partitions: "standbyPartitions" 0..=0,
} tagged {
}}

crate::codec::message!(StreamsGroupHeartbeatResponse<'a>, Response);
