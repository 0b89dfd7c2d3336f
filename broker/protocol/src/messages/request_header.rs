//! `RequestHeader`: header, versions 1 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `RequestHeader`: header, versions 1 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestHeader<'a> {
    /// `int16`, versions 1 on.
    pub request_api_key: i16,
    /// `int16`, versions 1 on.
    pub request_api_version: i16,
    /// `int32`, versions 1 on.
    pub correlation_id: i32,
    /// `string`, versions 1 on, nullable.
    pub client_id: Option<Cow<'a, str>>,
}

impl Default for RequestHeader<'_> {
    fn default() -> Self {
        Self {
            request_api_key: 0,
            request_api_version: 0,
            correlation_id: 0,
            client_id: Some(Cow::default()),
        }
    }
}

impl<'a> RequestHeader<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "RequestHeader", version });
        }
        let flexible = version >= 2;
        let this = Self {
            request_api_key: reader.i16()?,
            request_api_version: reader.i16()?,
            correlation_id: reader.i32()?,
            client_id: reader.nullable_string(false)?,
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
            return Err(EncodeError::UnsupportedVersion { message: "RequestHeader", version });
        }
        let flexible = version >= 2;
        writer.i16(self.request_api_key);
        writer.i16(self.request_api_version);
        writer.i32(self.correlation_id);
        writer.nullable_string(false, self.client_id.as_deref())?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { RequestHeader<'a> {
    request_api_key: "requestApiKey" 1..=2,
    request_api_version: "requestApiVersion" 1..=2,
    correlation_id: "correlationId" 1..=2,
    client_id: "clientId" 1..=2,
} tagged {
}}

crate::codec::message!(RequestHeader<'a>, Header);
