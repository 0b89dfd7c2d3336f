//! `SaslAuthenticateRequest`: request of API SaslAuthenticate (36), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `SaslAuthenticateRequest`: request of API SaslAuthenticate (36), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslAuthenticateRequest<'a> {
    /// `bytes`, versions 0 on.
    pub auth_bytes: Cow<'a, [u8]>,
}

impl<'a> SaslAuthenticateRequest<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "SaslAuthenticateRequest", version });
        }
        let flexible = version >= 2;
        let this = Self { auth_bytes: reader.bytes(flexible)? };
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
            return Err(EncodeError::UnsupportedVersion { message: "SaslAuthenticateRequest", version });
        }
        let flexible = version >= 2;
        writer.bytes_field(flexible, &self.auth_bytes)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { SaslAuthenticateRequest<'a> {
    auth_bytes: "authBytes" 0..=2,
} tagged {
}}

crate::codec::message!(SaslAuthenticateRequest<'a>, Request);

impl<'a> Request<'a> for SaslAuthenticateRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::SaslAuthenticateResponse<'r>;
}
