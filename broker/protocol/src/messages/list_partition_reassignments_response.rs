//! `ListPartitionReassignmentsResponse`: response of API ListPartitionReassignments (46), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ListPartitionReassignmentsResponse`: response of API ListPartitionReassignments (46), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ListPartitionReassignmentsResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]OngoingTopicReassignment`, versions 0 on.
    pub topics: Vec<OngoingTopicReassignment<'a>>,
}

impl Default for ListPartitionReassignmentsResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, error_message: Some(Cow::default()), topics: Vec::new() }
    }
}

impl<'a> ListPartitionReassignmentsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 46).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ListPartitionReassignments;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "ListPartitionReassignmentsResponse",
                version,
            });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            topics: reader.array(true, 3, |reader| OngoingTopicReassignment::decode(reader, version))?,
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
                message: "ListPartitionReassignmentsResponse",
                version,
            });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ListPartitionReassignmentsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=0,
    error_code: "errorCode" 0..=0,
    error_message: "errorMessage" 0..=0,
    topics: "topics" 0..=0,
} tagged {
}}

/// Part of [`ListPartitionReassignmentsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OngoingPartitionReassignment {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `[]int32`, versions 0 on.
    pub replicas: Vec<i32>,
    /// `[]int32`, versions 0 on.
    pub adding_replicas: Vec<i32>,
    /// `[]int32`, versions 0 on.
    pub removing_replicas: Vec<i32>,
}

impl OngoingPartitionReassignment {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition_index: reader.i32()?,
            replicas: reader.array(true, 4, Reader::i32)?,
            adding_replicas: reader.array(true, 4, Reader::i32)?,
            removing_replicas: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.scalars(true, &self.replicas, Writer::i32)?;
        writer.scalars(true, &self.adding_replicas, Writer::i32)?;
        writer.scalars(true, &self.removing_replicas, Writer::i32)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OngoingPartitionReassignment {
    partition_index: "partitionIndex" 0..=0,
    replicas: "replicas" 0..=0,
    adding_replicas: "addingReplicas" 0..=0,
    removing_replicas: "removingReplicas" 0..=0,
} tagged {
}}

/// Part of [`ListPartitionReassignmentsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OngoingTopicReassignment<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `[]OngoingPartitionReassignment`, versions 0 on.
    pub partitions: Vec<OngoingPartitionReassignment>,
}

impl<'a> OngoingTopicReassignment<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            name: reader.string(true)?,
            partitions: reader
                .array(true, 8, |reader| OngoingPartitionReassignment::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.array(true, &self.partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OngoingTopicReassignment<'a> {
    name: "name" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
}}

crate::codec::message!(ListPartitionReassignmentsResponse<'a>, Response);
