//! `InitProducerIdResponse`: response of API InitProducerId (22), versions 0 to 6. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `InitProducerIdResponse`: response of API InitProducerId (22), versions 0 to 6.
#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdResponse {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `int64`, versions 0 on, default -1.
    pub producer_id: i64,
    /// `int16`, versions 0 on.
    pub producer_epoch: i16,
    /// `int64`, versions 6 on, default -1.
    pub ongoing_txn_producer_id: i64,
    /// `int16`, versions 6 on, default -1.
    pub ongoing_txn_producer_epoch: i16,
}

impl Default for InitProducerIdResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            producer_id: -1,
            producer_epoch: 0,
            ongoing_txn_producer_id: -1,
            ongoing_txn_producer_epoch: -1,
        }
    }
}

impl InitProducerIdResponse {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=6;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 22).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::InitProducerId;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "InitProducerIdResponse", version });
        }
        let flexible = version >= 2;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            ongoing_txn_producer_id: if version >= 6 { reader.i64()? } else { -1 },
            ongoing_txn_producer_epoch: if version >= 6 { reader.i16()? } else { -1 },
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
            return Err(EncodeError::UnsupportedVersion { message: "InitProducerIdResponse", version });
        }
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        if version >= 6 {
            writer.i64(self.ongoing_txn_producer_id);
        }
        if version >= 6 {
            writer.i16(self.ongoing_txn_producer_epoch);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { InitProducerIdResponse {
    throttle_time_ms: "throttleTimeMs" 0..=6,
    error_code: "errorCode" 0..=6,
    producer_id: "producerId" 0..=6,
    producer_epoch: "producerEpoch" 0..=6,
    ongoing_txn_producer_id: "ongoingTxnProducerId" 6..=6,
    ongoing_txn_producer_epoch: "ongoingTxnProducerEpoch" 6..=6,
} tagged {
}}

crate::codec::message!(InitProducerIdResponse, Response);
