//! `SaslHandshakeRequest`: request of API SaslHandshake (17), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `SaslHandshakeRequest`: request of API SaslHandshake (17), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslHandshakeRequest<'a> {
    /// `string`, versions 0 on.
    pub mechanism: Cow<'a, str>,
}

impl<'a> SaslHandshakeRequest<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "SaslHandshakeRequest", version });
        }
        Ok(Self { mechanism: reader.string(false)? })
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "SaslHandshakeRequest", version });
        }
        writer.string(false, &self.mechanism)?;
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { SaslHandshakeRequest<'a> {
    mechanism: "mechanism" 0..=1,
} tagged {
}}

crate::codec::message!(SaslHandshakeRequest<'a>, Request);

impl<'a> Request<'a> for SaslHandshakeRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::SaslHandshakeResponse<'r>;
}
