//! `InitializeShareGroupStateResponse`: response of API InitializeShareGroupState (83), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `InitializeShareGroupStateResponse`: response of API InitializeShareGroupState (83), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InitializeShareGroupStateResponse<'a> {
    /// `[]InitializeStateResult`, versions 0 on.
    pub results: Vec<InitializeStateResult<'a>>,
}

impl<'a> InitializeShareGroupStateResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 83).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::InitializeShareGroupState;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "InitializeShareGroupStateResponse",
                version,
            });
        }
        let this = Self {
            results: reader.array(true, 18, |reader| InitializeStateResult::decode(reader, version))?,
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
                message: "InitializeShareGroupStateResponse",
                version,
            });
        }
        writer.array(true, &self.results, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { InitializeShareGroupStateResponse<'a> {
    results: "results" 0..=0,
} tagged {
}}

/// Part of [`InitializeShareGroupStateResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionResult<'a> {
    /// `int32`, versions 0 on.
    pub partition: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> PartitionResult<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionResult<'a> {
    partition: "partition" 0..=0,
    error_code: "errorCode" 0..=0,
    error_message: "errorMessage" 0..=0,
} tagged {
}}

/// Part of [`InitializeShareGroupStateResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InitializeStateResult<'a> {
    /// `uuid`, versions 0 on.
    pub topic_id: Uuid,
    /// `[]PartitionResult`, versions 0 on.
    pub partitions: Vec<PartitionResult<'a>>,
}

impl<'a> InitializeStateResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 8, |reader| PartitionResult::decode(reader, version))?,
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
crate::codec::json::fields! { InitializeStateResult<'a> {
    topic_id: "topicId" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
}}

crate::codec::message!(InitializeShareGroupStateResponse<'a>, Response);
