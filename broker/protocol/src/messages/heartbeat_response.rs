//! `HeartbeatResponse`: response of API Heartbeat (12), versions 0 to 4. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `HeartbeatResponse`: response of API Heartbeat (12), versions 0 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeartbeatResponse {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
}

impl HeartbeatResponse {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 4;
    /// The API that this message belongs to (key 12).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Heartbeat;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "HeartbeatResponse", version });
        }
        let flexible = version >= 4;
        let this = Self {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            error_code: reader.i16()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "HeartbeatResponse", version });
        }
        let flexible = version >= 4;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        writer.error_code(self.error_code);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { HeartbeatResponse {
    throttle_time_ms: "throttleTimeMs" 1..=4,
    error_code: "errorCode" 0..=4,
} tagged {
}}

crate::codec::message!(HeartbeatResponse, Response);
