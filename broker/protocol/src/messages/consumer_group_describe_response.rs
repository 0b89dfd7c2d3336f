//! `ConsumerGroupDescribeResponse`: response of API ConsumerGroupDescribe (69), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `ConsumerGroupDescribeResponse`: response of API ConsumerGroupDescribe (69), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupDescribeResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `[]DescribedGroup`, versions 0 on.
    pub groups: Vec<DescribedGroup<'a>>,
}

impl<'a> ConsumerGroupDescribeResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 69).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ConsumerGroupDescribe;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "ConsumerGroupDescribeResponse",
                version,
            });
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
            return Err(EncodeError::UnsupportedVersion {
                message: "ConsumerGroupDescribeResponse",
                version,
            });
        }
        writer.i32(self.throttle_time_ms);
        writer.array(true, &self.groups, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ConsumerGroupDescribeResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=1,
    groups: "groups" 0..=1,
} tagged {
}}

/// Part of [`ConsumerGroupDescribeResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions<'a> {
    /// `uuid`, versions 0 on.
    pub topic_id: Uuid,
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
    /// `[]int32`, versions 0 on.
    pub partitions: Vec<i32>,
}

impl<'a> TopicPartitions<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_id: reader.uuid()?,
            topic_name: reader.string(true)?,
            partitions: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.string(true, &self.topic_name)?;
        writer.scalars(true, &self.partitions, Writer::i32)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicPartitions<'a> {
    topic_id: "topicId" 0..=1,
    topic_name: "topicName" 0..=1,
    partitions: "partitions" 0..=1,
} tagged {
}}

/// Part of [`ConsumerGroupDescribeResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment<'a> {
    /// `[]TopicPartitions`, versions 0 on.
    pub topic_partitions: Vec<TopicPartitions<'a>>,
}

impl<'a> Assignment<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_partitions: reader.array(true, 19, |reader| TopicPartitions::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.array(true, &self.topic_partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Assignment<'a> {
    topic_partitions: "topicPartitions" 0..=1,
} tagged {
}}

/// Part of [`ConsumerGroupDescribeResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    /// `string`, versions 0 on.
    pub member_id: Cow<'a, str>,
    /// `string`, versions 0 on, nullable.
    pub instance_id: Option<Cow<'a, str>>,
    /// `string`, versions 0 on, nullable.
    pub rack_id: Option<Cow<'a, str>>,
    /// `int32`, versions 0 on.
    pub member_epoch: i32,
    /// `string`, versions 0 on.
    pub client_id: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub client_host: Cow<'a, str>,
    /// `[]string`, versions 0 on.
    pub subscribed_topic_names: Vec<Cow<'a, str>>,
    /// `string`, versions 0 on, nullable.
    pub subscribed_topic_regex: Option<Cow<'a, str>>,
    /// `Assignment`, versions 0 on.
    pub assignment: Assignment<'a>,
    /// `Assignment`, versions 0 on.
    pub target_assignment: Assignment<'a>,
    /// `int8`, versions 1 on, default -1.
    pub member_type: i8,
}

impl Default for Member<'_> {
    fn default() -> Self {
        Self {
            member_id: Cow::default(),
            instance_id: None,
            rack_id: None,
            member_epoch: 0,
            client_id: Cow::default(),
            client_host: Cow::default(),
            subscribed_topic_names: Vec::new(),
            subscribed_topic_regex: None,
            assignment: Assignment::default(),
            target_assignment: Assignment::default(),
            member_type: -1,
        }
    }
}

impl<'a> Member<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            member_id: reader.string(true)?,
            instance_id: reader.nullable_string(true)?,
            rack_id: reader.nullable_string(true)?,
            member_epoch: reader.i32()?,
            client_id: reader.string(true)?,
            client_host: reader.string(true)?,
            subscribed_topic_names: reader.array(true, 1, |reader| reader.string(true))?,
            subscribed_topic_regex: reader.nullable_string(true)?,
            assignment: Assignment::decode(reader, version)?,
            target_assignment: Assignment::decode(reader, version)?,
            member_type: if version >= 1 { reader.i8()? } else { -1 },
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.member_id)?;
        writer.nullable_string(true, self.instance_id.as_deref())?;
        writer.nullable_string(true, self.rack_id.as_deref())?;
        writer.i32(self.member_epoch);
        writer.string(true, &self.client_id)?;
        writer.string(true, &self.client_host)?;
        writer.array(true, &self.subscribed_topic_names, |writer, element| writer.string(true, element))?;
        writer.nullable_string(true, self.subscribed_topic_regex.as_deref())?;
        self.assignment.encode(writer, version)?;
        self.target_assignment.encode(writer, version)?;
        if version >= 1 {
            writer.i8(self.member_type);
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Member<'a> {
    member_id: "memberId" 0..=1,
    instance_id: "instanceId" 0..=1,
    rack_id: "rackId" 0..=1,
    member_epoch: "memberEpoch" 0..=1,
    client_id: "clientId" 0..=1,
    client_host: "clientHost" 0..=1,
    subscribed_topic_names: "subscribedTopicNames" 0..=1,
    subscribed_topic_regex: "subscribedTopicRegex" 0..=1,
    assignment: "assignment" 0..=1,
    target_assignment: "targetAssignment" 0..=1,
    member_type: "memberType" 1..=1,
} tagged {
}}

/// Part of [`ConsumerGroupDescribeResponse`].
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
    /// `string`, versions 0 on.
    pub assignor_name: Cow<'a, str>,
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
            assignor_name: Cow::default(),
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
            assignor_name: reader.string(true)?,
            members: reader.array(true, 16, |reader| Member::decode(reader, version))?,
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
        writer.string(true, &self.assignor_name)?;
        writer.array(true, &self.members, |writer, element| element.encode(writer, version))?;
        writer.i32(self.authorized_operations);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribedGroup<'a> {
    error_code: "errorCode" 0..=1,
    error_message: "errorMessage" 0..=1,
    group_id: "groupId" 0..=1,
    group_state: "groupState" 0..=1,
    group_epoch: "groupEpoch" 0..=1,
    assignment_epoch: "assignmentEpoch" 0..=1,
    assignor_name: "assignorName" 0..=1,
    members: "members" 0..=1,
    authorized_operations: "authorizedOperations" 0..=1,
} tagged {
}}

crate::codec::message!(ConsumerGroupDescribeResponse<'a>, Response);
