//! `ExpireDelegationTokenRequest`: request of API ExpireDelegationToken (40), versions 1 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `ExpireDelegationTokenRequest`: request of API ExpireDelegationToken (40), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpireDelegationTokenRequest<'a> {
    /// `bytes`, versions 1 on.
    pub hmac: Cow<'a, [u8]>,
    /// `int64`, versions 1 on.
    pub expiry_time_period_ms: i64,
}

impl<'a> ExpireDelegationTokenRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 40).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ExpireDelegationToken;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ExpireDelegationTokenRequest", version });
        }
        let flexible = version >= 2;
        let this = Self { hmac: reader.bytes(flexible)?, expiry_time_period_ms: reader.i64()? };
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
            return Err(EncodeError::UnsupportedVersion { message: "ExpireDelegationTokenRequest", version });
        }
        let flexible = version >= 2;
        writer.bytes_field(flexible, &self.hmac)?;
        writer.i64(self.expiry_time_period_ms);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ExpireDelegationTokenRequest<'a> {
    hmac: "hmac" 1..=2,
    expiry_time_period_ms: "expiryTimePeriodMs" 1..=2,
} tagged {
}}

crate::codec::message!(ExpireDelegationTokenRequest<'a>, Request);

impl<'a> Request<'a> for ExpireDelegationTokenRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::ExpireDelegationTokenResponse;
}
