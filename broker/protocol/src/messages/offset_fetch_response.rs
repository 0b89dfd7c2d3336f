//! `OffsetFetchResponse`: response of API OffsetFetch (9), versions 1 to 10. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `OffsetFetchResponse`: response of API OffsetFetch (9), versions 1 to 10.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponse<'a> {
    /// `int32`, versions 3 on.
    pub throttle_time_ms: i32,
    /// `[]OffsetFetchResponseGroup`, versions 8 on.
    pub groups: Vec<OffsetFetchResponseGroup<'a>>,
    /// `[]OffsetFetchResponseTopic`, versions 1 to 7.
    pub topics: Vec<OffsetFetchResponseTopic<'a>>,
    /// `int16`, versions 2 to 7.
    pub error_code: i16,
}

impl<'a> OffsetFetchResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=10;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 6;
    /// The API that this message belongs to (key 9).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::OffsetFetch;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "OffsetFetchResponse", version });
        }
        let flexible = version >= 6;
        let this = Self {
            throttle_time_ms: if version >= 3 { reader.i32()? } else { 0 },
            groups: if version >= 8 {
                reader.array(flexible, 5, |reader| OffsetFetchResponseGroup::decode(reader, version))?
            } else {
                Vec::new()
            },
            topics: if version <= 7 {
                reader.array(flexible, 3, |reader| OffsetFetchResponseTopic::decode(reader, version))?
            } else {
                Vec::new()
            },
            error_code: if (2..=7).contains(&version) { reader.i16()? } else { 0 },
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
            return Err(EncodeError::UnsupportedVersion { message: "OffsetFetchResponse", version });
        }
        let flexible = version >= 6;
        if version >= 3 {
            writer.i32(self.throttle_time_ms);
        }
        if version >= 8 {
            writer.array(flexible, &self.groups, |writer, element| element.encode(writer, version))?;
        }
        if version <= 7 {
            writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        }
        if (2..=7).contains(&version) {
            writer.error_code(self.error_code);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetFetchResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 3..=10,
    groups: "groups" 8..=10,
    topics: "topics" 1..=7,
    error_code: "errorCode" 2..=7,
} tagged {
}}

/// Part of [`OffsetFetchResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponsePartitions<'a> {
    /// `int32`, versions 8 on.
    pub partition_index: i32,
    /// `int64`, versions 8 on.
    pub committed_offset: i64,
    /// `int32`, versions 8 on, default -1.
    pub committed_leader_epoch: i32,
    /// `string`, versions 8 on, nullable.
    pub metadata: Option<Cow<'a, str>>,
    /// `int16`, versions 8 on.
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartitions<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(Cow::default()),
            error_code: 0,
        }
    }
}

impl<'a> OffsetFetchResponsePartitions<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition_index: reader.i32()?,
            committed_offset: reader.i64()?,
            committed_leader_epoch: reader.i32()?,
            metadata: reader.nullable_string(true)?,
            error_code: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i64(self.committed_offset);
        writer.i32(self.committed_leader_epoch);
        writer.nullable_string(true, self.metadata.as_deref())?;
        writer.error_code(self.error_code);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetFetchResponsePartitions<'a> {
    partition_index: "partitionIndex" 8..=10,
    committed_offset: "committedOffset" 8..=10,
    committed_leader_epoch: "committedLeaderEpoch" 8..=10,
    metadata: "metadata" 8..=10,
    error_code: "errorCode" 8..=10,
} tagged {
}}

/// Part of [`OffsetFetchResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseTopics<'a> {
    /// `uuid`, versions 10 on.
    pub topic_id: Uuid,
    /// `string`, versions 8 to 9.
    pub name: Cow<'a, str>,
    /// `[]OffsetFetchResponsePartitions`, versions 8 on.
    pub partitions: Vec<OffsetFetchResponsePartitions<'a>>,
}

impl<'a> OffsetFetchResponseTopics<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_id: if version >= 10 { reader.uuid()? } else { Uuid::nil() },
            name: if version <= 9 { reader.string(true)? } else { Cow::default() },
            partitions: reader
                .array(true, 20, |reader| OffsetFetchResponsePartitions::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        if version <= 9 {
            writer.string(true, &self.name)?;
        }
        writer.array(true, &self.partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetFetchResponseTopics<'a> {
    topic_id: "topicId" 10..=10,
    name: "name" 8..=9,
    partitions: "partitions" 8..=10,
} tagged {
}}

/// Part of [`OffsetFetchResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseGroup<'a> {
    /// `string`, versions 8 on.
    pub group_id: Cow<'a, str>,
    /// `[]OffsetFetchResponseTopics`, versions 8 on.
    pub topics: Vec<OffsetFetchResponseTopics<'a>>,
    /// `int16`, versions 8 on.
    pub error_code: i16,
}

impl<'a> OffsetFetchResponseGroup<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            group_id: reader.string(true)?,
            topics: reader.array(true, 3, |reader| OffsetFetchResponseTopics::decode(reader, version))?,
            error_code: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.group_id)?;
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.error_code(self.error_code);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetFetchResponseGroup<'a> {
    group_id: "groupId" 8..=10,
    topics: "topics" 8..=10,
    error_code: "errorCode" 8..=10,
} tagged {
}}

/// Part of [`OffsetFetchResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponsePartition<'a> {
    /// `int32`, versions 1 to 7.
    pub partition_index: i32,
    /// `int64`, versions 1 to 7.
    pub committed_offset: i64,
    /// `int32`, versions 5 to 7, default -1.
    pub committed_leader_epoch: i32,
    /// `string`, versions 1 to 7, nullable.
    pub metadata: Option<Cow<'a, str>>,
    /// `int16`, versions 1 to 7.
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartition<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(Cow::default()),
            error_code: 0,
        }
    }
}

impl<'a> OffsetFetchResponsePartition<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let this = Self {
            partition_index: reader.i32()?,
            committed_offset: reader.i64()?,
            committed_leader_epoch: if version >= 5 { reader.i32()? } else { -1 },
            metadata: reader.nullable_string(flexible)?,
            error_code: reader.i16()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.i32(self.partition_index);
        writer.i64(self.committed_offset);
        if version >= 5 {
            writer.i32(self.committed_leader_epoch);
        }
        writer.nullable_string(flexible, self.metadata.as_deref())?;
        writer.error_code(self.error_code);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetFetchResponsePartition<'a> {
    partition_index: "partitionIndex" 1..=7,
    committed_offset: "committedOffset" 1..=7,
    committed_leader_epoch: "committedLeaderEpoch" 5..=7,
    metadata: "metadata" 1..=7,
    error_code: "errorCode" 1..=7,
} tagged {
}}

/// Part of [`OffsetFetchResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseTopic<'a> {
    /// `string`, versions 1 to 7.
    pub name: Cow<'a, str>,
    /// `[]OffsetFetchResponsePartition`, versions 1 to 7.
    pub partitions: Vec<OffsetFetchResponsePartition<'a>>,
}

impl<'a> OffsetFetchResponseTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let this = Self {
            name: reader.string(flexible)?,
            partitions: reader
                .array(flexible, 16, |reader| OffsetFetchResponsePartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.string(flexible, &self.name)?;
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetFetchResponseTopic<'a> {
    name: "name" 1..=7,
    partitions: "partitions" 1..=7,
} tagged {
}}

crate::codec::message!(OffsetFetchResponse<'a>, Response);
