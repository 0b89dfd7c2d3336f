//! `IncrementalAlterConfigsResponse`: response of API IncrementalAlterConfigs (44), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `IncrementalAlterConfigsResponse`: response of API IncrementalAlterConfigs (44), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncrementalAlterConfigsResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `[]AlterConfigsResourceResponse`, versions 0 on.
    pub responses: Vec<AlterConfigsResourceResponse<'a>>,
}

impl<'a> IncrementalAlterConfigsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 1;
    /// The API that this message belongs to (key 44).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::IncrementalAlterConfigs;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "IncrementalAlterConfigsResponse",
                version,
            });
        }
        let flexible = version >= 1;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            responses: reader
                .array(flexible, 6, |reader| AlterConfigsResourceResponse::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion {
                message: "IncrementalAlterConfigsResponse",
                version,
            });
        }
        let flexible = version >= 1;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.responses, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { IncrementalAlterConfigsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=1,
    responses: "responses" 0..=1,
} tagged {
}}

/// Part of [`IncrementalAlterConfigsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct AlterConfigsResourceResponse<'a> {
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `int8`, versions 0 on.
    pub resource_type: i8,
    /// `string`, versions 0 on.
    pub resource_name: Cow<'a, str>,
}

impl Default for AlterConfigsResourceResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(Cow::default()),
            resource_type: 0,
            resource_name: Cow::default(),
        }
    }
}

impl<'a> AlterConfigsResourceResponse<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let this = Self {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            resource_type: reader.i8()?,
            resource_name: reader.string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.error_code(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        writer.i8(self.resource_type);
        writer.string(flexible, &self.resource_name)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterConfigsResourceResponse<'a> {
    error_code: "errorCode" 0..=1,
    error_message: "errorMessage" 0..=1,
    resource_type: "resourceType" 0..=1,
    resource_name: "resourceName" 0..=1,
} tagged {
}}

crate::codec::message!(IncrementalAlterConfigsResponse<'a>, Response);
