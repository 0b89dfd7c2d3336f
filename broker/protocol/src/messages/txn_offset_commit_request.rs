//! `TxnOffsetCommitRequest`: request of API TxnOffsetCommit (28), versions 0 to 5. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `TxnOffsetCommitRequest`: request of API TxnOffsetCommit (28), versions 0 to 5.
#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequest<'a> {
    /// `string`, versions 0 on.
    pub transactional_id: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `int64`, versions 0 on.
    pub producer_id: i64,
    /// `int16`, versions 0 on.
    pub producer_epoch: i16,
    /// `int32`, versions 3 on, default -1.
    pub generation_id: i32,
    /// `string`, versions 3 on.
    pub member_id: Cow<'a, str>,
    /// `string`, versions 3 on, nullable.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `[]TxnOffsetCommitRequestTopic`, versions 0 on.
    pub topics: Vec<TxnOffsetCommitRequestTopic<'a>>,
}

impl Default for TxnOffsetCommitRequest<'_> {
    fn default() -> Self {
        Self {
            transactional_id: Cow::default(),
            group_id: Cow::default(),
            producer_id: 0,
            producer_epoch: 0,
            generation_id: -1,
            member_id: Cow::default(),
            group_instance_id: None,
            topics: Vec::new(),
        }
    }
}

impl<'a> TxnOffsetCommitRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 3;
    /// The API that this message belongs to (key 28).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::TxnOffsetCommit;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "TxnOffsetCommitRequest", version });
        }
        let flexible = version >= 3;
        let this = Self {
            transactional_id: reader.string(flexible)?,
            group_id: reader.string(flexible)?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            generation_id: if version >= 3 { reader.i32()? } else { -1 },
            member_id: if version >= 3 { reader.string(flexible)? } else { Cow::default() },
            group_instance_id: if version >= 3 { reader.nullable_string(flexible)? } else { None },
            topics: reader
                .array(flexible, 3, |reader| TxnOffsetCommitRequestTopic::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "TxnOffsetCommitRequest", version });
        }
        let flexible = version >= 3;
        writer.string(flexible, &self.transactional_id)?;
        writer.string(flexible, &self.group_id)?;
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        if version >= 3 {
            writer.i32(self.generation_id);
        }
        if version >= 3 {
            writer.string(flexible, &self.member_id)?;
        }
        if version >= 3 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TxnOffsetCommitRequest<'a> {
    transactional_id: "transactionalId" 0..=5,
    group_id: "groupId" 0..=5,
    producer_id: "producerId" 0..=5,
    producer_epoch: "producerEpoch" 0..=5,
    generation_id: "generationId" 3..=5,
    member_id: "memberId" 3..=5,
    group_instance_id: "groupInstanceId" 3..=5,
    topics: "topics" 0..=5,
} tagged {
}}

/// Part of [`TxnOffsetCommitRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequestPartition<'a> {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int64`, versions 0 on.
    pub committed_offset: i64,
    /// `int32`, versions 2 on, default -1.
    pub committed_leader_epoch: i32,
    /// `string`, versions 0 on, nullable.
    pub committed_metadata: Option<Cow<'a, str>>,
}

impl Default for TxnOffsetCommitRequestPartition<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            committed_metadata: Some(Cow::default()),
        }
    }
}

impl<'a> TxnOffsetCommitRequestPartition<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let this = Self {
            partition_index: reader.i32()?,
            committed_offset: reader.i64()?,
            committed_leader_epoch: if version >= 2 { reader.i32()? } else { -1 },
            committed_metadata: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.i32(self.partition_index);
        writer.i64(self.committed_offset);
        if version >= 2 {
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
crate::codec::json::fields! { TxnOffsetCommitRequestPartition<'a> {
    partition_index: "partitionIndex" 0..=5,
    committed_offset: "committedOffset" 0..=5,
    committed_leader_epoch: "committedLeaderEpoch" 2..=5,
    committed_metadata: "committedMetadata" 0..=5,
} tagged {
}}

/// Part of [`TxnOffsetCommitRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitRequestTopic<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `[]TxnOffsetCommitRequestPartition`, versions 0 on.
    pub partitions: Vec<TxnOffsetCommitRequestPartition<'a>>,
}

impl<'a> TxnOffsetCommitRequestTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let this = Self {
            name: reader.string(flexible)?,
            partitions: reader
                .array(flexible, 14, |reader| TxnOffsetCommitRequestPartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.string(flexible, &self.name)?;
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TxnOffsetCommitRequestTopic<'a> {
    name: "name" 0..=5,
    partitions: "partitions" 0..=5,
} tagged {
}}

crate::codec::message!(TxnOffsetCommitRequest<'a>, Request);

impl<'a> Request<'a> for TxnOffsetCommitRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::TxnOffsetCommitResponse<'r>;
}
