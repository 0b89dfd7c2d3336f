//! `StreamsGroupHeartbeatRequest`: request of API StreamsGroupHeartbeat (88), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `StreamsGroupHeartbeatRequest`: request of API StreamsGroupHeartbeat (88), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupHeartbeatRequest<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub member_id: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub member_epoch: i32,
    /// `int32`, versions 0 on.
    pub endpoint_information_epoch: i32,
    /// `string`, versions 0 on, nullable.
    pub instance_id: Option<Cow<'a, str>>,
    /// `string`, versions 0 on, nullable.
    pub rack_id: Option<Cow<'a, str>>,
    /// `int32`, versions 0 on, default -1.
    pub rebalance_timeout_ms: i32,
    /// `Topology`, versions 0 on, nullable.
    pub topology: Option<Topology<'a>>,
    /// `[]TaskIds`, versions 0 on, nullable.
    pub active_tasks: Option<Vec<TaskIds<'a>>>,
    /// `[]TaskIds`, versions 0 on, nullable.
    pub standby_tasks: Option<Vec<TaskIds<'a>>>,
    /// `[]TaskIds`, versions 0 on, nullable.
    pub warmup_tasks: Option<Vec<TaskIds<'a>>>,
    /// `string`, versions 0 on, nullable.
    pub process_id: Option<Cow<'a, str>>,
    /// `Endpoint`, versions 0 on, nullable.
    pub user_endpoint: Option<Endpoint<'a>>,
    /// `[]KeyValue`, versions 0 on, nullable.
    pub client_tags: Option<Vec<KeyValue<'a>>>,
    /// `[]TaskOffset`, versions 0 on, nullable.
    pub task_offsets: Option<Vec<TaskOffset<'a>>>,
    /// `[]TaskOffset`, versions 0 on, nullable.
    pub task_end_offsets: Option<Vec<TaskOffset<'a>>>,
    /// `bool`, versions 0 on.
    pub shutdown_application: bool,
}

impl Default for StreamsGroupHeartbeatRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Cow::default(),
            member_id: Cow::default(),
            member_epoch: 0,
            endpoint_information_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            topology: None,
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            process_id: None,
            user_endpoint: None,
            client_tags: None,
            task_offsets: None,
            task_end_offsets: None,
            shutdown_application: false,
        }
    }
}

impl<'a> StreamsGroupHeartbeatRequest<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "StreamsGroupHeartbeatRequest", version });
        }
        let this = Self {
            group_id: reader.string(true)?,
            member_id: reader.string(true)?,
            member_epoch: reader.i32()?,
            endpoint_information_epoch: reader.i32()?,
            instance_id: reader.nullable_string(true)?,
            rack_id: reader.nullable_string(true)?,
            rebalance_timeout_ms: reader.i32()?,
            topology: reader.nullable_struct(|reader| Topology::decode(reader, version))?,
            active_tasks: reader.nullable_array(true, 3, |reader| TaskIds::decode(reader, version))?,
            standby_tasks: reader.nullable_array(true, 3, |reader| TaskIds::decode(reader, version))?,
            warmup_tasks: reader.nullable_array(true, 3, |reader| TaskIds::decode(reader, version))?,
            process_id: reader.nullable_string(true)?,
            user_endpoint: reader.nullable_struct(|reader| Endpoint::decode(reader, version))?,
            client_tags: reader.nullable_array(true, 3, |reader| KeyValue::decode(reader, version))?,
            task_offsets: reader.nullable_array(true, 14, |reader| TaskOffset::decode(reader, version))?,
            task_end_offsets: reader
                .nullable_array(true, 14, |reader| TaskOffset::decode(reader, version))?,
            shutdown_application: reader.bool()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "StreamsGroupHeartbeatRequest", version });
        }
        writer.string(true, &self.group_id)?;
        writer.string(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.i32(self.endpoint_information_epoch);
        writer.nullable_string(true, self.instance_id.as_deref())?;
        writer.nullable_string(true, self.rack_id.as_deref())?;
        writer.i32(self.rebalance_timeout_ms);
        writer.nullable_struct(self.topology.as_ref(), |writer, value| value.encode(writer, version))?;
        writer.nullable_array(true, self.active_tasks.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.nullable_array(true, self.standby_tasks.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.nullable_array(true, self.warmup_tasks.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.nullable_string(true, self.process_id.as_deref())?;
        writer.nullable_struct(self.user_endpoint.as_ref(), |writer, value| value.encode(writer, version))?;
        writer.nullable_array(true, self.client_tags.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.nullable_array(true, self.task_offsets.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.nullable_array(true, self.task_end_offsets.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.bool(self.shutdown_application);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { StreamsGroupHeartbeatRequest<'a> {
    group_id: "groupId" 0..=0,
    member_id: "memberId" 0..=0,
    member_epoch: "memberEpoch" 0..=0,
    endpoint_information_epoch: "endpointInformationEpoch" 0..=0,
    instance_id: "instanceId" 0..=0,
    rack_id: "rackId" 0..=0,
    rebalance_timeout_ms: "rebalanceTimeoutMs" 0..=0,
    topology: "topology" 0..=0,
    active_tasks: "activeTasks" 0..=0,
    standby_tasks: "standbyTasks" 0..=0,
    warmup_tasks: "warmupTasks" 0..=0,
    process_id: "processId" 0..=0,
    user_endpoint: "userEndpoint" 0..=0,
    client_tags: "clientTags" 0..=0,
    task_offsets: "taskOffsets" 0..=0,
    task_end_offsets: "taskEndOffsets" 0..=0,
    shutdown_application: "shutdownApplication" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupHeartbeatRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyValue<'a> {
    /// `string`, versions 0 on.
    pub key: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub value: Cow<'a, str>,
}

impl<'a> KeyValue<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { key: reader.string(true)?, value: reader.string(true)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.key)?;
        writer.string(true, &self.value)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { KeyValue<'a> {
    key: "key" 0..=0,
    value: "value" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupHeartbeatRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicInfo<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub partitions: i32,
    /// `int16`, versions 0 on.
    pub replication_factor: i16,
    /// `[]KeyValue`, versions 0 on.
    pub topic_configs: Vec<KeyValue<'a>>,
}

impl<'a> TopicInfo<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            name: reader.string(true)?,
            partitions: reader.i32()?,
            replication_factor: reader.i16()?,
            topic_configs: reader.array(true, 3, |reader| KeyValue::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.i32(self.partitions);
        writer.i16(self.replication_factor);
        writer.array(true, &self.topic_configs, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicInfo<'a> {
    name: "name" 0..=0,
    partitions: "partitions" 0..=0,
    replication_factor: "replicationFactor" 0..=0,
    topic_configs: "topicConfigs" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupHeartbeatRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CopartitionGroup {
    /// `[]int16`, versions 0 on.
    pub source_topics: Vec<i16>,
    /// `[]int16`, versions 0 on.
    pub source_topic_regex: Vec<i16>,
    /// `[]int16`, versions 0 on.
    pub repartition_source_topics: Vec<i16>,
}

impl CopartitionGroup {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            source_topics: reader.array(true, 2, Reader::i16)?,
            source_topic_regex: reader.array(true, 2, Reader::i16)?,
            repartition_source_topics: reader.array(true, 2, Reader::i16)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.scalars(true, &self.source_topics, Writer::i16)?;
        writer.scalars(true, &self.source_topic_regex, Writer::i16)?;
        writer.scalars(true, &self.repartition_source_topics, Writer::i16)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CopartitionGroup {
    source_topics: "sourceTopics" 0..=0,
    source_topic_regex: "sourceTopicRegex" 0..=0,
    repartition_source_topics: "repartitionSourceTopics" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupHeartbeatRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subtopology<'a> {
    /// `string`, versions 0 on.
    pub subtopology_id: Cow<'a, str>,
    /// `[]string`, versions 0 on.
    pub source_topics: Vec<Cow<'a, str>>,
    /// `[]string`, versions 0 on.
    pub source_topic_regex: Vec<Cow<'a, str>>,
    /// `[]TopicInfo`, versions 0 on.
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    /// `[]string`, versions 0 on.
    pub repartition_sink_topics: Vec<Cow<'a, str>>,
    /// `[]TopicInfo`, versions 0 on.
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
    /// `[]CopartitionGroup`, versions 0 on.
    pub copartition_groups: Vec<CopartitionGroup>,
}

impl<'a> Subtopology<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            subtopology_id: reader.string(true)?,
            source_topics: reader.array(true, 1, |reader| reader.string(true))?,
            source_topic_regex: reader.array(true, 1, |reader| reader.string(true))?,
            state_changelog_topics: reader.array(true, 9, |reader| TopicInfo::decode(reader, version))?,
            repartition_sink_topics: reader.array(true, 1, |reader| reader.string(true))?,
            repartition_source_topics: reader.array(true, 9, |reader| TopicInfo::decode(reader, version))?,
            copartition_groups: reader.array(true, 4, |reader| CopartitionGroup::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.subtopology_id)?;
        writer.array(true, &self.source_topics, |writer, element| writer.string(true, element))?;
        writer.array(true, &self.source_topic_regex, |writer, element| writer.string(true, element))?;
        writer
            .array(true, &self.state_changelog_topics, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.repartition_sink_topics, |writer, element| writer.string(true, element))?;
        writer.array(true, &self.repartition_source_topics, |writer, element| {
            element.encode(writer, version)
        })?;
        writer.array(true, &self.copartition_groups, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Subtopology<'a> {
    subtopology_id: "subtopologyId" 0..=0,
    source_topics: "sourceTopics" 0..=0,
    source_topic_regex: "sourceTopicRegex" 0..=0,
    state_changelog_topics: "stateChangelogTopics" 0..=0,
    repartition_sink_topics: "repartitionSinkTopics" 0..=0,
    repartition_source_topics: "repartitionSourceTopics" 0..=0,
    copartition_groups: "copartitionGroups" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupHeartbeatRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology<'a> {
    /// `int32`, versions 0 on.
    pub epoch: i32,
    /// `[]Subtopology`, versions 0 on.
    pub subtopologies: Vec<Subtopology<'a>>,
}

impl<'a> Topology<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            epoch: reader.i32()?,
            subtopologies: reader.array(true, 8, |reader| Subtopology::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.epoch);
        writer.array(true, &self.subtopologies, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Topology<'a> {
    epoch: "epoch" 0..=0,
    subtopologies: "subtopologies" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupHeartbeatRequest`].
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

/// Part of [`StreamsGroupHeartbeatRequest`].
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

/// Part of [`StreamsGroupHeartbeatRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskOffset<'a> {
    /// `string`, versions 0 on.
    pub subtopology_id: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub partition: i32,
    /// `int64`, versions 0 on.
    pub offset: i64,
}

impl<'a> TaskOffset<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this =
            Self { subtopology_id: reader.string(true)?, partition: reader.i32()?, offset: reader.i64()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.subtopology_id)?;
        writer.i32(self.partition);
        writer.i64(self.offset);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TaskOffset<'a> {
    subtopology_id: "subtopologyId" 0..=0,
    partition: "partition" 0..=0,
    offset: "offset" 0..=0,
} tagged {
}}

crate::codec::message!(StreamsGroupHeartbeatRequest<'a>, Request);

impl<'a> Request<'a> for StreamsGroupHeartbeatRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::StreamsGroupHeartbeatResponse<'r>;
}
