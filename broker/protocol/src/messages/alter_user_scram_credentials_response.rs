//! `AlterUserScramCredentialsResponse`: response of API AlterUserScramCredentials (51), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `AlterUserScramCredentialsResponse`: response of API AlterUserScramCredentials (51), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterUserScramCredentialsResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `[]AlterUserScramCredentialsResult`, versions 0 on.
    pub results: Vec<AlterUserScramCredentialsResult<'a>>,
}

impl<'a> AlterUserScramCredentialsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 51).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AlterUserScramCredentials;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "AlterUserScramCredentialsResponse",
                version,
            });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            results: reader
                .array(true, 5, |reader| AlterUserScramCredentialsResult::decode(reader, version))?,
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
                message: "AlterUserScramCredentialsResponse",
                version,
            });
        }
        writer.i32(self.throttle_time_ms);
        writer.array(true, &self.results, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterUserScramCredentialsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=0,
    results: "results" 0..=0,
} tagged {
}}

/// Part of [`AlterUserScramCredentialsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct AlterUserScramCredentialsResult<'a> {
    /// `string`, versions 0 on.
    pub user: Cow<'a, str>,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for AlterUserScramCredentialsResult<'_> {
    fn default() -> Self {
        Self { user: Cow::default(), error_code: 0, error_message: Some(Cow::default()) }
    }
}

impl<'a> AlterUserScramCredentialsResult<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            user: reader.string(true)?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.user)?;
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterUserScramCredentialsResult<'a> {
    user: "user" 0..=0,
    error_code: "errorCode" 0..=0,
    error_message: "errorMessage" 0..=0,
} tagged {
}}

crate::codec::message!(AlterUserScramCredentialsResponse<'a>, Response);
