//! `WriteShareGroupStateRequest`: request of API WriteShareGroupState (85), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `WriteShareGroupStateRequest`: request of API WriteShareGroupState (85), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteShareGroupStateRequest<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `[]WriteStateData`, versions 0 on.
    pub topics: Vec<WriteStateData>,
}

impl<'a> WriteShareGroupStateRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 85).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::WriteShareGroupState;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "WriteShareGroupStateRequest", version });
        }
        let this = Self {
            group_id: reader.string(true)?,
            topics: reader.array(true, 18, |reader| WriteStateData::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "WriteShareGroupStateRequest", version });
        }
        writer.string(true, &self.group_id)?;
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { WriteShareGroupStateRequest<'a> {
    group_id: "groupId" 0..=1,
    topics: "topics" 0..=1,
} tagged {
}}

/// Part of [`WriteShareGroupStateRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateBatch {
    /// `int64`, versions 0 on.
    pub first_offset: i64,
    /// `int64`, versions 0 on.
    pub last_offset: i64,
    /// `int8`, versions 0 on.
    pub delivery_state: i8,
    /// `int16`, versions 0 on.
    pub delivery_count: i16,
}

impl StateBatch {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            first_offset: reader.i64()?,
            last_offset: reader.i64()?,
            delivery_state: reader.i8()?,
            delivery_count: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.first_offset);
        writer.i64(self.last_offset);
        writer.i8(self.delivery_state);
        writer.i16(self.delivery_count);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { StateBatch {
    first_offset: "firstOffset" 0..=1,
    last_offset: "lastOffset" 0..=1,
    delivery_state: "deliveryState" 0..=1,
    delivery_count: "deliveryCount" 0..=1,
} tagged {
}}

/// Part of [`WriteShareGroupStateRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionData {
    /// `int32`, versions 0 on.
    pub partition: i32,
    /// `int32`, versions 0 on.
    pub state_epoch: i32,
    /// `int32`, versions 0 on.
    pub leader_epoch: i32,
    /// `int64`, versions 0 on.
    pub start_offset: i64,
    /// `int32`, versions 1 on, default -1.
    pub delivery_complete_count: i32,
    /// `[]StateBatch`, versions 0 on.
    pub state_batches: Vec<StateBatch>,
}

impl Default for PartitionData {
    fn default() -> Self {
        Self {
            partition: 0,
            state_epoch: 0,
            leader_epoch: 0,
            start_offset: 0,
            delivery_complete_count: -1,
            state_batches: Vec::new(),
        }
    }
}

impl PartitionData {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition: reader.i32()?,
            state_epoch: reader.i32()?,
            leader_epoch: reader.i32()?,
            start_offset: reader.i64()?,
            delivery_complete_count: if version >= 1 { reader.i32()? } else { -1 },
            state_batches: reader.array(true, 20, |reader| StateBatch::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition);
        writer.i32(self.state_epoch);
        writer.i32(self.leader_epoch);
        writer.i64(self.start_offset);
        if version >= 1 {
            writer.i32(self.delivery_complete_count);
        }
        writer.array(true, &self.state_batches, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionData {
    partition: "partition" 0..=1,
    state_epoch: "stateEpoch" 0..=1,
    leader_epoch: "leaderEpoch" 0..=1,
    start_offset: "startOffset" 0..=1,
    delivery_complete_count: "deliveryCompleteCount" 1..=1,
    state_batches: "stateBatches" 0..=1,
} tagged {
}}

/// Part of [`WriteShareGroupStateRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteStateData {
    /// `uuid`, versions 0 on.
    pub topic_id: Uuid,
    /// `[]PartitionData`, versions 0 on.
    pub partitions: Vec<PartitionData>,
}

impl WriteStateData {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
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
crate::codec::json::fields! { WriteStateData {
    topic_id: "topicId" 0..=1,
    partitions: "partitions" 0..=1,
} tagged {
}}

crate::codec::message!(WriteShareGroupStateRequest<'a>, Request);

impl<'a> Request<'a> for WriteShareGroupStateRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::WriteShareGroupStateResponse<'r>;
}
