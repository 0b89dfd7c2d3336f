//! `AllocateProducerIdsResponse`: response of API AllocateProducerIds (67), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `AllocateProducerIdsResponse`: response of API AllocateProducerIds (67), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AllocateProducerIdsResponse {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `int64`, versions 0 on.
    pub producer_id_start: i64,
    /// `int32`, versions 0 on.
    pub producer_id_len: i32,
}

impl AllocateProducerIdsResponse {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 67).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AllocateProducerIds;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "AllocateProducerIdsResponse", version });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            producer_id_start: reader.i64()?,
            producer_id_len: reader.i32()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "AllocateProducerIdsResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.i64(self.producer_id_start);
        writer.i32(self.producer_id_len);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AllocateProducerIdsResponse {
    throttle_time_ms: "throttleTimeMs" 0..=0,
    error_code: "errorCode" 0..=0,
    producer_id_start: "producerIdStart" 0..=0,
    producer_id_len: "producerIdLen" 0..=0,
} tagged {
}}

crate::codec::message!(AllocateProducerIdsResponse, Response);
