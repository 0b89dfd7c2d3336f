//! `SaslHandshakeResponse`: response of API SaslHandshake (17), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `SaslHandshakeResponse`: response of API SaslHandshake (17), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslHandshakeResponse<'a> {
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `[]string`, versions 0 on.
    pub mechanisms: Vec<Cow<'a, str>>,
}

impl<'a> SaslHandshakeResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = i16::MAX;
    /// The API that this message belongs to (key 17).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::SaslHandshake;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "SaslHandshakeResponse", version });
        }
        Ok(Self {
            error_code: reader.i16()?,
            mechanisms: reader.array(false, 2, |reader| reader.string(false))?,
        })
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "SaslHandshakeResponse", version });
        }
        writer.error_code(self.error_code);
        writer.array(false, &self.mechanisms, |writer, element| writer.string(false, element))?;
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { SaslHandshakeResponse<'a> {
    error_code: "errorCode" 0..=1,
    mechanisms: "mechanisms" 0..=1,
} tagged {
}}

crate::codec::message!(SaslHandshakeResponse<'a>, Response);
