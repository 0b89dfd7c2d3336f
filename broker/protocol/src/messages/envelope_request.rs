//! `EnvelopeRequest`: request of API Envelope (58), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `EnvelopeRequest`: request of API Envelope (58), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvelopeRequest<'a> {
    /// `bytes`, versions 0 on.
    pub request_data: Cow<'a, [u8]>,
    /// `bytes`, versions 0 on, nullable.
    pub request_principal: Option<Cow<'a, [u8]>>,
    /// `bytes`, versions 0 on.
    pub client_host_address: Cow<'a, [u8]>,
}

impl Default for EnvelopeRequest<'_> {
    fn default() -> Self {
        Self {
            request_data: Cow::default(),
            request_principal: Some(Cow::default()),
            client_host_address: Cow::default(),
        }
    }
}

impl<'a> EnvelopeRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 58).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Envelope;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "EnvelopeRequest", version });
        }
        let this = Self {
            request_data: reader.bytes(true)?,
            request_principal: reader.nullable_bytes(true)?,
            client_host_address: reader.bytes(true)?,
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
            return Err(EncodeError::UnsupportedVersion { message: "EnvelopeRequest", version });
        }
        writer.bytes_field(true, &self.request_data)?;
        writer.nullable_bytes_field(true, self.request_principal.as_deref())?;
        writer.bytes_field(true, &self.client_host_address)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { EnvelopeRequest<'a> {
    request_data: "requestData" 0..=0,
    request_principal: "requestPrincipal" 0..=0,
    client_host_address: "clientHostAddress" 0..=0,
} tagged {
}}

crate::codec::message!(EnvelopeRequest<'a>, Request);

impl<'a> Request<'a> for EnvelopeRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::EnvelopeResponse<'r>;
}
