//! `SyncGroupResponse`: response of API SyncGroup (14), versions 0 to 5. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `SyncGroupResponse`: response of API SyncGroup (14), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupResponse<'a> {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 5 on, nullable.
    pub protocol_type: Option<Cow<'a, str>>,
    /// `string`, versions 5 on, nullable.
    pub protocol_name: Option<Cow<'a, str>>,
    /// `bytes`, versions 0 on.
    pub assignment: Cow<'a, [u8]>,
}

impl<'a> SyncGroupResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 4;
    /// The API that this message belongs to (key 14).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::SyncGroup;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "SyncGroupResponse", version });
        }
        let flexible = version >= 4;
        let this = Self {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            error_code: reader.i16()?,
            protocol_type: if version >= 5 { reader.nullable_string(flexible)? } else { None },
            protocol_name: if version >= 5 { reader.nullable_string(flexible)? } else { None },
            assignment: reader.bytes(flexible)?,
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
            return Err(EncodeError::UnsupportedVersion { message: "SyncGroupResponse", version });
        }
        let flexible = version >= 4;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        writer.error_code(self.error_code);
        if version >= 5 {
            writer.nullable_string(flexible, self.protocol_type.as_deref())?;
        }
        if version >= 5 {
            writer.nullable_string(flexible, self.protocol_name.as_deref())?;
        }
        writer.bytes_field(flexible, &self.assignment)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { SyncGroupResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 1..=5,
    error_code: "errorCode" 0..=5,
    protocol_type: "protocolType" 5..=5,
    protocol_name: "protocolName" 5..=5,
    assignment: "assignment" 0..=5,
} tagged {
}}

crate::codec::message!(SyncGroupResponse<'a>, Response);
