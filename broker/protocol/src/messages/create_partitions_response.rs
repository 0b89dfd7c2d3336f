//! `CreatePartitionsResponse`: response of API CreatePartitions (37), versions 0 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `CreatePartitionsResponse`: response of API CreatePartitions (37), versions 0 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `[]CreatePartitionsTopicResult`, versions 0 on.
    pub results: Vec<CreatePartitionsTopicResult<'a>>,
}

impl<'a> CreatePartitionsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=3;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 37).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::CreatePartitions;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "CreatePartitionsResponse", version });
        }
        let flexible = version >= 2;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            results: reader
                .array(flexible, 5, |reader| CreatePartitionsTopicResult::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "CreatePartitionsResponse", version });
        }
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.results, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreatePartitionsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=3,
    results: "results" 0..=3,
} tagged {
}}

/// Part of [`CreatePartitionsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsTopicResult<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> CreatePartitionsTopicResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            name: reader.string(flexible)?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.name)?;
        writer.error_code(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreatePartitionsTopicResult<'a> {
    name: "name" 0..=3,
    error_code: "errorCode" 0..=3,
    error_message: "errorMessage" 0..=3,
} tagged {
}}

crate::codec::message!(CreatePartitionsResponse<'a>, Response);
