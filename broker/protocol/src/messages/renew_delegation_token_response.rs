//! `RenewDelegationTokenResponse`: response of API RenewDelegationToken (39), versions 1 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `RenewDelegationTokenResponse`: response of API RenewDelegationToken (39), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenewDelegationTokenResponse {
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `int64`, versions 1 on.
    pub expiry_timestamp_ms: i64,
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
}

impl RenewDelegationTokenResponse {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 39).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::RenewDelegationToken;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "RenewDelegationTokenResponse", version });
        }
        let flexible = version >= 2;
        let this = Self {
            error_code: reader.i16()?,
            expiry_timestamp_ms: reader.i64()?,
            throttle_time_ms: reader.i32()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "RenewDelegationTokenResponse", version });
        }
        let flexible = version >= 2;
        writer.error_code(self.error_code);
        writer.i64(self.expiry_timestamp_ms);
        writer.i32(self.throttle_time_ms);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { RenewDelegationTokenResponse {
    error_code: "errorCode" 1..=2,
    expiry_timestamp_ms: "expiryTimestampMs" 1..=2,
    throttle_time_ms: "throttleTimeMs" 1..=2,
} tagged {
}}

crate::codec::message!(RenewDelegationTokenResponse, Response);
