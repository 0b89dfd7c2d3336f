//! `ConsumerGroupHeartbeatRequest`: request of API ConsumerGroupHeartbeat (68), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `ConsumerGroupHeartbeatRequest`: request of API ConsumerGroupHeartbeat (68), versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupHeartbeatRequest<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub member_id: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub member_epoch: i32,
    /// `string`, versions 0 on, nullable.
    pub instance_id: Option<Cow<'a, str>>,
    /// `string`, versions 0 on, nullable.
    pub rack_id: Option<Cow<'a, str>>,
    /// `int32`, versions 0 on, default -1.
    pub rebalance_timeout_ms: i32,
    /// `[]string`, versions 0 on, nullable.
    pub subscribed_topic_names: Option<Vec<Cow<'a, str>>>,
    /// `string`, versions 1 on, nullable.
    pub subscribed_topic_regex: Option<Cow<'a, str>>,
    /// `string`, versions 0 on, nullable.
    pub server_assignor: Option<Cow<'a, str>>,
    /// `[]TopicPartitions`, versions 0 on, nullable.
    pub topic_partitions: Option<Vec<TopicPartitions>>,
}

impl Default for ConsumerGroupHeartbeatRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Cow::default(),
            member_id: Cow::default(),
            member_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            subscribed_topic_names: None,
            subscribed_topic_regex: None,
            server_assignor: None,
            topic_partitions: None,
        }
    }
}

impl<'a> ConsumerGroupHeartbeatRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 68).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ConsumerGroupHeartbeat;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "ConsumerGroupHeartbeatRequest",
                version,
            });
        }
        let this = Self {
            group_id: reader.string(true)?,
            member_id: reader.string(true)?,
            member_epoch: reader.i32()?,
            instance_id: reader.nullable_string(true)?,
            rack_id: reader.nullable_string(true)?,
            rebalance_timeout_ms: reader.i32()?,
            subscribed_topic_names: reader.nullable_array(true, 1, |reader| reader.string(true))?,
            subscribed_topic_regex: if version >= 1 { reader.nullable_string(true)? } else { None },
            server_assignor: reader.nullable_string(true)?,
            topic_partitions: reader
                .nullable_array(true, 18, |reader| TopicPartitions::decode(reader, version))?,
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
                message: "ConsumerGroupHeartbeatRequest",
                version,
            });
        }
        writer.string(true, &self.group_id)?;
        writer.string(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.nullable_string(true, self.instance_id.as_deref())?;
        writer.nullable_string(true, self.rack_id.as_deref())?;
        writer.i32(self.rebalance_timeout_ms);
        writer.nullable_array(true, self.subscribed_topic_names.as_deref(), |writer, element| {
            writer.string(true, element)
        })?;
        if version >= 1 {
            writer.nullable_string(true, self.subscribed_topic_regex.as_deref())?;
        }
        writer.nullable_string(true, self.server_assignor.as_deref())?;
        writer.nullable_array(true, self.topic_partitions.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ConsumerGroupHeartbeatRequest<'a> {
    group_id: "groupId" 0..=1,
    member_id: "memberId" 0..=1,
    member_epoch: "memberEpoch" 0..=1,
    instance_id: "instanceId" 0..=1,
    rack_id: "rackId" 0..=1,
    rebalance_timeout_ms: "rebalanceTimeoutMs" 0..=1,
    subscribed_topic_names: "subscribedTopicNames" 0..=1,
    subscribed_topic_regex: "subscribedTopicRegex" 1..=1,
    server_assignor: "serverAssignor" 0..=1,
    topic_partitions: "topicPartitions" 0..=1,
} tagged {
}}

/// Part of [`ConsumerGroupHeartbeatRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions {
    /// `uuid`, versions 0 on.
    pub topic_id: Uuid,
    /// `[]int32`, versions 0 on.
    pub partitions: Vec<i32>,
}

impl TopicPartitions {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { topic_id: reader.uuid()?, partitions: reader.array(true, 4, Reader::i32)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.scalars(true, &self.partitions, Writer::i32)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicPartitions {
    topic_id: "topicId" 0..=1,
    partitions: "partitions" 0..=1,
} tagged {
}}

crate::codec::message!(ConsumerGroupHeartbeatRequest<'a>, Request);

impl<'a> Request<'a> for ConsumerGroupHeartbeatRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::ConsumerGroupHeartbeatResponse<'r>;
}
