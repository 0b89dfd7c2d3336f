//! `SaslAuthenticateResponse`: response of API SaslAuthenticate (36), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `SaslAuthenticateResponse`: response of API SaslAuthenticate (36), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct SaslAuthenticateResponse<'a> {
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `bytes`, versions 0 on.
    pub auth_bytes: Cow<'a, [u8]>,
    /// `int64`, versions 1 on.
    pub session_lifetime_ms: i64,
}

impl Default for SaslAuthenticateResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(Cow::default()),
            auth_bytes: Cow::default(),
            session_lifetime_ms: 0,
        }
    }
}

impl<'a> SaslAuthenticateResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 36).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::SaslAuthenticate;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "SaslAuthenticateResponse", version });
        }
        let flexible = version >= 2;
        let this = Self {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            auth_bytes: reader.bytes(flexible)?,
            session_lifetime_ms: if version >= 1 { reader.i64()? } else { 0 },
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
            return Err(EncodeError::UnsupportedVersion { message: "SaslAuthenticateResponse", version });
        }
        let flexible = version >= 2;
        writer.error_code(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        writer.bytes_field(flexible, &self.auth_bytes)?;
        if version >= 1 {
            writer.i64(self.session_lifetime_ms);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { SaslAuthenticateResponse<'a> {
    error_code: "errorCode" 0..=2,
    error_message: "errorMessage" 0..=2,
    auth_bytes: "authBytes" 0..=2,
    session_lifetime_ms: "sessionLifetimeMs" 1..=2,
} tagged {
}}

crate::codec::message!(SaslAuthenticateResponse<'a>, Response);
