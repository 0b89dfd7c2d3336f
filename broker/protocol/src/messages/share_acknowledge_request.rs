//! `ShareAcknowledgeRequest`: request of API ShareAcknowledge (79), versions 1 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `ShareAcknowledgeRequest`: request of API ShareAcknowledge (79), versions 1 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareAcknowledgeRequest<'a> {
    /// `string`, versions 1 on, nullable.
    pub group_id: Option<Cow<'a, str>>,
    /// `string`, versions 1 on, nullable.
    pub member_id: Option<Cow<'a, str>>,
    /// `int32`, versions 1 on.
    pub share_session_epoch: i32,
    /// `bool`, versions 2 on.
    pub is_renew_ack: bool,
    /// `[]AcknowledgeTopic`, versions 1 on.
    pub topics: Vec<AcknowledgeTopic>,
}

impl Default for ShareAcknowledgeRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: None,
            member_id: Some(Cow::default()),
            share_session_epoch: 0,
            is_renew_ack: false,
            topics: Vec::new(),
        }
    }
}

impl<'a> ShareAcknowledgeRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 1;
    /// The API that this message belongs to (key 79).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ShareAcknowledge;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ShareAcknowledgeRequest", version });
        }
        let this = Self {
            group_id: reader.nullable_string(true)?,
            member_id: reader.nullable_string(true)?,
            share_session_epoch: reader.i32()?,
            is_renew_ack: if version >= 2 { reader.bool()? } else { false },
            topics: reader.array(true, 18, |reader| AcknowledgeTopic::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "ShareAcknowledgeRequest", version });
        }
        writer.nullable_string(true, self.group_id.as_deref())?;
        writer.nullable_string(true, self.member_id.as_deref())?;
        writer.i32(self.share_session_epoch);
        if version >= 2 {
            writer.bool(self.is_renew_ack);
        }
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ShareAcknowledgeRequest<'a> {
    group_id: "groupId" 1..=2,
    member_id: "memberId" 1..=2,
    share_session_epoch: "shareSessionEpoch" 1..=2,
    is_renew_ack: "isRenewAck" 2..=2,
    topics: "topics" 1..=2,
} tagged {
}}

/// Part of [`ShareAcknowledgeRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgementBatch {
    /// `int64`, versions 1 on.
    pub first_offset: i64,
    /// `int64`, versions 1 on.
    pub last_offset: i64,
    /// `[]int8`, versions 1 on.
    pub acknowledge_types: Vec<i8>,
}

impl AcknowledgementBatch {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            first_offset: reader.i64()?,
            last_offset: reader.i64()?,
            acknowledge_types: reader.array(true, 1, Reader::i8)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.first_offset);
        writer.i64(self.last_offset);
        writer.scalars(true, &self.acknowledge_types, Writer::i8)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AcknowledgementBatch {
    first_offset: "firstOffset" 1..=2,
    last_offset: "lastOffset" 1..=2,
    acknowledge_types: "acknowledgeTypes" 1..=2,
} tagged {
}}

/// Part of [`ShareAcknowledgeRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgePartition {
    /// `int32`, versions 1 on.
    pub partition_index: i32,
    /// `[]AcknowledgementBatch`, versions 1 on.
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

impl AcknowledgePartition {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition_index: reader.i32()?,
            acknowledgement_batches: reader
                .array(true, 18, |reader| AcknowledgementBatch::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer
            .array(true, &self.acknowledgement_batches, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AcknowledgePartition {
    partition_index: "partitionIndex" 1..=2,
    acknowledgement_batches: "acknowledgementBatches" 1..=2,
} tagged {
}}

/// Part of [`ShareAcknowledgeRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgeTopic {
    /// `uuid`, versions 1 on.
    pub topic_id: Uuid,
    /// `[]AcknowledgePartition`, versions 1 on.
    pub partitions: Vec<AcknowledgePartition>,
}

impl AcknowledgeTopic {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 6, |reader| AcknowledgePartition::decode(reader, version))?,
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
crate::codec::json::fields! { AcknowledgeTopic {
    topic_id: "topicId" 1..=2,
    partitions: "partitions" 1..=2,
} tagged {
}}

crate::codec::message!(ShareAcknowledgeRequest<'a>, Request);

impl<'a> Request<'a> for ShareAcknowledgeRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::ShareAcknowledgeResponse<'r>;
}
