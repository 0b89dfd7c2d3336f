//! `AlterPartitionReassignmentsResponse`: response of API AlterPartitionReassignments (45), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `AlterPartitionReassignmentsResponse`: response of API AlterPartitionReassignments (45), versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionReassignmentsResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `bool`, versions 1 on, default true.
    pub allow_replication_factor_change: bool,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]ReassignableTopicResponse`, versions 0 on.
    pub responses: Vec<ReassignableTopicResponse<'a>>,
}

impl Default for AlterPartitionReassignmentsResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            allow_replication_factor_change: true,
            error_code: 0,
            error_message: Some(Cow::default()),
            responses: Vec::new(),
        }
    }
}

impl<'a> AlterPartitionReassignmentsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 45).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AlterPartitionReassignments;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "AlterPartitionReassignmentsResponse",
                version,
            });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            allow_replication_factor_change: if version >= 1 { reader.bool()? } else { true },
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            responses: reader.array(true, 3, |reader| ReassignableTopicResponse::decode(reader, version))?,
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
                message: "AlterPartitionReassignmentsResponse",
                version,
            });
        }
        writer.i32(self.throttle_time_ms);
        if version >= 1 {
            writer.bool(self.allow_replication_factor_change);
        }
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.array(true, &self.responses, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterPartitionReassignmentsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=1,
    allow_replication_factor_change: "allowReplicationFactorChange" 1..=1,
    error_code: "errorCode" 0..=1,
    error_message: "errorMessage" 0..=1,
    responses: "responses" 0..=1,
} tagged {
}}

/// Part of [`AlterPartitionReassignmentsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct ReassignablePartitionResponse<'a> {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for ReassignablePartitionResponse<'_> {
    fn default() -> Self {
        Self { partition_index: 0, error_code: 0, error_message: Some(Cow::default()) }
    }
}

impl<'a> ReassignablePartitionResponse<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ReassignablePartitionResponse<'a> {
    partition_index: "partitionIndex" 0..=1,
    error_code: "errorCode" 0..=1,
    error_message: "errorMessage" 0..=1,
} tagged {
}}

/// Part of [`AlterPartitionReassignmentsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReassignableTopicResponse<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `[]ReassignablePartitionResponse`, versions 0 on.
    pub partitions: Vec<ReassignablePartitionResponse<'a>>,
}

impl<'a> ReassignableTopicResponse<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            name: reader.string(true)?,
            partitions: reader
                .array(true, 8, |reader| ReassignablePartitionResponse::decode(reader, version))?,
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
crate::codec::json::fields! { ReassignableTopicResponse<'a> {
    name: "name" 0..=1,
    partitions: "partitions" 0..=1,
} tagged {
}}

crate::codec::message!(AlterPartitionReassignmentsResponse<'a>, Response);
