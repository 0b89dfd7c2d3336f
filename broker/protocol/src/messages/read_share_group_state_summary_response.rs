//! `ReadShareGroupStateSummaryResponse`: response of API ReadShareGroupStateSummary (87), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `ReadShareGroupStateSummaryResponse`: response of API ReadShareGroupStateSummary (87), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadShareGroupStateSummaryResponse<'a> {
    /// `[]ReadStateSummaryResult`, versions 0 on.
    pub results: Vec<ReadStateSummaryResult<'a>>,
}

impl<'a> ReadShareGroupStateSummaryResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 87).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ReadShareGroupStateSummary;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "ReadShareGroupStateSummaryResponse",
                version,
            });
        }
        let this = Self {
            results: reader.array(true, 18, |reader| ReadStateSummaryResult::decode(reader, version))?,
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
                message: "ReadShareGroupStateSummaryResponse",
                version,
            });
        }
        writer.array(true, &self.results, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ReadShareGroupStateSummaryResponse<'a> {
    results: "results" 0..=1,
} tagged {
}}

/// Part of [`ReadShareGroupStateSummaryResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionResult<'a> {
    /// `int32`, versions 0 on.
    pub partition: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `int32`, versions 0 on.
    pub state_epoch: i32,
    /// `int32`, versions 0 on.
    pub leader_epoch: i32,
    /// `int64`, versions 0 on.
    pub start_offset: i64,
    /// `int32`, versions 1 on, default -1.
    pub delivery_complete_count: i32,
}

impl Default for PartitionResult<'_> {
    fn default() -> Self {
        Self {
            partition: 0,
            error_code: 0,
            error_message: None,
            state_epoch: 0,
            leader_epoch: 0,
            start_offset: 0,
            delivery_complete_count: -1,
        }
    }
}

impl<'a> PartitionResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            state_epoch: reader.i32()?,
            leader_epoch: reader.i32()?,
            start_offset: reader.i64()?,
            delivery_complete_count: if version >= 1 { reader.i32()? } else { -1 },
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.i32(self.state_epoch);
        writer.i32(self.leader_epoch);
        writer.i64(self.start_offset);
        if version >= 1 {
            writer.i32(self.delivery_complete_count);
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionResult<'a> {
    partition: "partition" 0..=1,
    error_code: "errorCode" 0..=1,
    error_message: "errorMessage" 0..=1,
    state_epoch: "stateEpoch" 0..=1,
    leader_epoch: "leaderEpoch" 0..=1,
    start_offset: "startOffset" 0..=1,
    delivery_complete_count: "deliveryCompleteCount" 1..=1,
} tagged {
}}

/// Part of [`ReadShareGroupStateSummaryResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadStateSummaryResult<'a> {
    /// `uuid`, versions 0 on.
    pub topic_id: Uuid,
    /// `[]PartitionResult`, versions 0 on.
    pub partitions: Vec<PartitionResult<'a>>,
}

impl<'a> ReadStateSummaryResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 24, |reader| PartitionResult::decode(reader, version))?,
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
crate::codec::json::fields! { ReadStateSummaryResult<'a> {
    topic_id: "topicId" 0..=1,
    partitions: "partitions" 0..=1,
} tagged {
}}

crate::codec::message!(ReadShareGroupStateSummaryResponse<'a>, Response);
