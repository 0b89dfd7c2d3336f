//! `OffsetCommitRequest`: request of API OffsetCommit (8), versions 2 to 10. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `OffsetCommitRequest`: request of API OffsetCommit (8), versions 2 to 10.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitRequest<'a> {
    /// `string`, versions 2 on.
    pub group_id: Cow<'a, str>,
    /// `int32`, versions 2 on, default -1.
    pub generation_id_or_member_epoch: i32,
    /// `string`, versions 2 on.
    pub member_id: Cow<'a, str>,
    /// `string`, versions 7 on, nullable.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `int64`, versions 2 to 4, default -1.
    pub retention_time_ms: i64,
    /// `[]OffsetCommitRequestTopic`, versions 2 on.
    pub topics: Vec<OffsetCommitRequestTopic<'a>>,
}

impl Default for OffsetCommitRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Cow::default(),
            generation_id_or_member_epoch: -1,
            member_id: Cow::default(),
            group_instance_id: None,
            retention_time_ms: -1,
            topics: Vec::new(),
        }
    }
}

impl<'a> OffsetCommitRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 2..=10;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 8;
    /// The API that this message belongs to (key 8).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::OffsetCommit;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "OffsetCommitRequest", version });
        }
        let flexible = version >= 8;
        let this = Self {
            group_id: reader.string(flexible)?,
            generation_id_or_member_epoch: reader.i32()?,
            member_id: reader.string(flexible)?,
            group_instance_id: if version >= 7 { reader.nullable_string(flexible)? } else { None },
            retention_time_ms: if version <= 4 { reader.i64()? } else { -1 },
            topics: reader.array(flexible, 3, |reader| OffsetCommitRequestTopic::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "OffsetCommitRequest", version });
        }
        let flexible = version >= 8;
        writer.string(flexible, &self.group_id)?;
        writer.i32(self.generation_id_or_member_epoch);
        writer.string(flexible, &self.member_id)?;
        if version >= 7 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        if version <= 4 {
            writer.i64(self.retention_time_ms);
        }
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetCommitRequest<'a> {
    group_id: "groupId" 2..=10,
    generation_id_or_member_epoch: "generationIdOrMemberEpoch" 2..=10,
    member_id: "memberId" 2..=10,
    group_instance_id: "groupInstanceId" 7..=10,
    retention_time_ms: "retentionTimeMs" 2..=4,
    topics: "topics" 2..=10,
} tagged {
}}

/// Part of [`OffsetCommitRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitRequestPartition<'a> {
    /// `int32`, versions 2 on.
    pub partition_index: i32,
    /// `int64`, versions 2 on.
    pub committed_offset: i64,
    /// `int32`, versions 6 on, default -1.
    pub committed_leader_epoch: i32,
    /// `string`, versions 2 on, nullable.
    pub committed_metadata: Option<Cow<'a, str>>,
}

impl Default for OffsetCommitRequestPartition<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            committed_metadata: Some(Cow::default()),
        }
    }
}

impl<'a> OffsetCommitRequestPartition<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let this = Self {
            partition_index: reader.i32()?,
            committed_offset: reader.i64()?,
            committed_leader_epoch: if version >= 6 { reader.i32()? } else { -1 },
            committed_metadata: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        writer.i32(self.partition_index);
        writer.i64(self.committed_offset);
        if version >= 6 {
            writer.i32(self.committed_leader_epoch);
        }
        writer.nullable_string(flexible, self.committed_metadata.as_deref())?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetCommitRequestPartition<'a> {
    partition_index: "partitionIndex" 2..=10,
    committed_offset: "committedOffset" 2..=10,
    committed_leader_epoch: "committedLeaderEpoch" 6..=10,
    committed_metadata: "committedMetadata" 2..=10,
} tagged {
}}

/// Part of [`OffsetCommitRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitRequestTopic<'a> {
    /// `uuid`, versions 10 on.
    pub topic_id: Uuid,
    /// `string`, versions 2 to 9.
    pub name: Cow<'a, str>,
    /// `[]OffsetCommitRequestPartition`, versions 2 on.
    pub partitions: Vec<OffsetCommitRequestPartition<'a>>,
}

impl<'a> OffsetCommitRequestTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let this = Self {
            topic_id: if version >= 10 { reader.uuid()? } else { Uuid::nil() },
            name: if version <= 9 { reader.string(flexible)? } else { Cow::default() },
            partitions: reader
                .array(flexible, 14, |reader| OffsetCommitRequestPartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        if version <= 9 {
            writer.string(flexible, &self.name)?;
        }
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetCommitRequestTopic<'a> {
    topic_id: "topicId" 10..=10,
    name: "name" 2..=9,
    partitions: "partitions" 2..=10,
} tagged {
}}

crate::codec::message!(OffsetCommitRequest<'a>, Request);

impl<'a> Request<'a> for OffsetCommitRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::OffsetCommitResponse<'r>;
}
