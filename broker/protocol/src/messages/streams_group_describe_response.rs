//! `StreamsGroupDescribeResponse`: response of API StreamsGroupDescribe (89), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `StreamsGroupDescribeResponse`: response of API StreamsGroupDescribe (89), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupDescribeResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `[]DescribedGroup`, versions 0 on.
    pub groups: Vec<DescribedGroup<'a>>,
}

impl<'a> StreamsGroupDescribeResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 89).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::StreamsGroupDescribe;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "StreamsGroupDescribeResponse", version });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            groups: reader.array(true, 20, |reader| DescribedGroup::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "StreamsGroupDescribeResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.array(true, &self.groups, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { StreamsGroupDescribeResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=0,
    groups: "groups" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupDescribeResponse`].
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

/// Part of [`StreamsGroupDescribeResponse`].
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

/// Part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subtopology<'a> {
    /// `string`, versions 0 on.
    pub subtopology_id: Cow<'a, str>,
    /// `[]string`, versions 0 on.
    pub source_topics: Vec<Cow<'a, str>>,
    /// `[]string`, versions 0 on.
    pub repartition_sink_topics: Vec<Cow<'a, str>>,
    /// `[]TopicInfo`, versions 0 on.
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    /// `[]TopicInfo`, versions 0 on.
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
}

impl<'a> Subtopology<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            subtopology_id: reader.string(true)?,
            source_topics: reader.array(true, 1, |reader| reader.string(true))?,
            repartition_sink_topics: reader.array(true, 1, |reader| reader.string(true))?,
            state_changelog_topics: reader.array(true, 9, |reader| TopicInfo::decode(reader, version))?,
            repartition_source_topics: reader.array(true, 9, |reader| TopicInfo::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.subtopology_id)?;
        writer.array(true, &self.source_topics, |writer, element| writer.string(true, element))?;
        writer.array(true, &self.repartition_sink_topics, |writer, element| writer.string(true, element))?;
        writer
            .array(true, &self.state_changelog_topics, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.repartition_source_topics, |writer, element| {
            element.encode(writer, version)
        })?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Subtopology<'a> {
    subtopology_id: "subtopologyId" 0..=0,
    source_topics: "sourceTopics" 0..=0,
    repartition_sink_topics: "repartitionSinkTopics" 0..=0,
    state_changelog_topics: "stateChangelogTopics" 0..=0,
    repartition_source_topics: "repartitionSourceTopics" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology<'a> {
    /// `int32`, versions 0 on.
    pub epoch: i32,
    /// `[]Subtopology`, versions 0 on, nullable.
    pub subtopologies: Option<Vec<Subtopology<'a>>>,
}

impl<'a> Topology<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            epoch: reader.i32()?,
            subtopologies: reader.nullable_array(true, 6, |reader| Subtopology::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.epoch);
        writer.nullable_array(true, self.subtopologies.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
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

/// Part of [`StreamsGroupDescribeResponse`].
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

/// Part of [`StreamsGroupDescribeResponse`].
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

/// Part of [`StreamsGroupDescribeResponse`].
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

/// Part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment<'a> {
    /// `[]TaskIds`, versions 0 on.
    pub active_tasks: Vec<TaskIds<'a>>,
    /// `[]TaskIds`, versions 0 on.
    pub standby_tasks: Vec<TaskIds<'a>>,
    /// `[]TaskIds`, versions 0 on.
    pub warmup_tasks: Vec<TaskIds<'a>>,
}

impl<'a> Assignment<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            active_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
            standby_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
            warmup_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.array(true, &self.active_tasks, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.standby_tasks, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.warmup_tasks, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Assignment<'a> {
    active_tasks: "activeTasks" 0..=0,
    standby_tasks: "standbyTasks" 0..=0,
    warmup_tasks: "warmupTasks" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member<'a> {
    /// `string`, versions 0 on.
    pub member_id: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub member_epoch: i32,
    /// `string`, versions 0 on, nullable.
    pub instance_id: Option<Cow<'a, str>>,
    /// `string`, versions 0 on, nullable.
    pub rack_id: Option<Cow<'a, str>>,
    /// `string`, versions 0 on.
    pub client_id: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub client_host: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub topology_epoch: i32,
    /// `string`, versions 0 on.
    pub process_id: Cow<'a, str>,
    /// `Endpoint`, versions 0 on, nullable.
    pub user_endpoint: Option<Endpoint<'a>>,
    /// `[]KeyValue`, versions 0 on.
    pub client_tags: Vec<KeyValue<'a>>,
    /// `[]TaskOffset`, versions 0 on.
    pub task_offsets: Vec<TaskOffset<'a>>,
    /// `[]TaskOffset`, versions 0 on.
    pub task_end_offsets: Vec<TaskOffset<'a>>,
    /// `Assignment`, versions 0 on.
    pub assignment: Assignment<'a>,
    /// `Assignment`, versions 0 on.
    pub target_assignment: Assignment<'a>,
    /// `bool`, versions 0 on.
    pub is_classic: bool,
}

impl<'a> Member<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            member_id: reader.string(true)?,
            member_epoch: reader.i32()?,
            instance_id: reader.nullable_string(true)?,
            rack_id: reader.nullable_string(true)?,
            client_id: reader.string(true)?,
            client_host: reader.string(true)?,
            topology_epoch: reader.i32()?,
            process_id: reader.string(true)?,
            user_endpoint: reader.nullable_struct(|reader| Endpoint::decode(reader, version))?,
            client_tags: reader.array(true, 3, |reader| KeyValue::decode(reader, version))?,
            task_offsets: reader.array(true, 14, |reader| TaskOffset::decode(reader, version))?,
            task_end_offsets: reader.array(true, 14, |reader| TaskOffset::decode(reader, version))?,
            assignment: Assignment::decode(reader, version)?,
            target_assignment: Assignment::decode(reader, version)?,
            is_classic: reader.bool()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.nullable_string(true, self.instance_id.as_deref())?;
        writer.nullable_string(true, self.rack_id.as_deref())?;
        writer.string(true, &self.client_id)?;
        writer.string(true, &self.client_host)?;
        writer.i32(self.topology_epoch);
        writer.string(true, &self.process_id)?;
        writer.nullable_struct(self.user_endpoint.as_ref(), |writer, value| value.encode(writer, version))?;
        writer.array(true, &self.client_tags, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.task_offsets, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.task_end_offsets, |writer, element| element.encode(writer, version))?;
        self.assignment.encode(writer, version)?;
        self.target_assignment.encode(writer, version)?;
        writer.bool(self.is_classic);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Member<'a> {
    member_id: "memberId" 0..=0,
    member_epoch: "memberEpoch" 0..=0,
    instance_id: "instanceId" 0..=0,
    rack_id: "rackId" 0..=0,
    client_id: "clientId" 0..=0,
    client_host: "clientHost" 0..=0,
    topology_epoch: "topologyEpoch" 0..=0,
    process_id: "processId" 0..=0,
    user_endpoint: "userEndpoint" 0..=0,
    client_tags: "clientTags" 0..=0,
    task_offsets: "taskOffsets" 0..=0,
    task_end_offsets: "taskEndOffsets" 0..=0,
    assignment: "assignment" 0..=0,
    target_assignment: "targetAssignment" 0..=0,
    is_classic: "isClassic" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup<'a> {
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub group_state: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub group_epoch: i32,
    /// `int32`, versions 0 on.
    pub assignment_epoch: i32,
    /// `Topology`, versions 0 on, nullable.
    pub topology: Option<Topology<'a>>,
    /// `[]Member`, versions 0 on.
    pub members: Vec<Member<'a>>,
    /// `int32`, versions 0 on, default -2147483648.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: None,
            group_id: Cow::default(),
            group_state: Cow::default(),
            group_epoch: 0,
            assignment_epoch: 0,
            topology: None,
            members: Vec::new(),
            authorized_operations: i32::MIN,
        }
    }
}

impl<'a> DescribedGroup<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            group_id: reader.string(true)?,
            group_state: reader.string(true)?,
            group_epoch: reader.i32()?,
            assignment_epoch: reader.i32()?,
            topology: reader.nullable_struct(|reader| Topology::decode(reader, version))?,
            members: reader.array(true, 28, |reader| Member::decode(reader, version))?,
            authorized_operations: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.string(true, &self.group_id)?;
        writer.string(true, &self.group_state)?;
        writer.i32(self.group_epoch);
        writer.i32(self.assignment_epoch);
        writer.nullable_struct(self.topology.as_ref(), |writer, value| value.encode(writer, version))?;
        writer.array(true, &self.members, |writer, element| element.encode(writer, version))?;
        writer.i32(self.authorized_operations);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribedGroup<'a> {
    error_code: "errorCode" 0..=0,
    error_message: "errorMessage" 0..=0,
    group_id: "groupId" 0..=0,
    group_state: "groupState" 0..=0,
    group_epoch: "groupEpoch" 0..=0,
    assignment_epoch: "assignmentEpoch" 0..=0,
    topology: "topology" 0..=0,
    members: "members" 0..=0,
    authorized_operations: "authorizedOperations" 0..=0,
} tagged {
}}

crate::codec::message!(StreamsGroupDescribeResponse<'a>, Response);
