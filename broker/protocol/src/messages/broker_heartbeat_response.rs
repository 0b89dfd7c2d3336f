//! `BrokerHeartbeatResponse`: response of API BrokerHeartbeat (63), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `BrokerHeartbeatResponse`: response of API BrokerHeartbeat (63), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerHeartbeatResponse {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `bool`, versions 0 on.
    pub is_caught_up: bool,
    /// `bool`, versions 0 on, default true.
    pub is_fenced: bool,
    /// `bool`, versions 0 on.
    pub should_shut_down: bool,
}

impl Default for BrokerHeartbeatResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            is_caught_up: false,
            is_fenced: true,
            should_shut_down: false,
        }
    }
}

impl BrokerHeartbeatResponse {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 63).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::BrokerHeartbeat;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "BrokerHeartbeatResponse", version });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            is_caught_up: reader.bool()?,
            is_fenced: reader.bool()?,
            should_shut_down: reader.bool()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "BrokerHeartbeatResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.bool(self.is_caught_up);
        writer.bool(self.is_fenced);
        writer.bool(self.should_shut_down);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { BrokerHeartbeatResponse {
    throttle_time_ms: "throttleTimeMs" 0..=2,
    error_code: "errorCode" 0..=2,
    is_caught_up: "isCaughtUp" 0..=2,
    is_fenced: "isFenced" 0..=2,
    should_shut_down: "shouldShutDown" 0..=2,
} tagged {
}}

crate::codec::message!(BrokerHeartbeatResponse, Response);
