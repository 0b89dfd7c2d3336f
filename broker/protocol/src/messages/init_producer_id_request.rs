//! `InitProducerIdRequest`: request of API InitProducerId (22), versions 0 to 6. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `InitProducerIdRequest`: request of API InitProducerId (22), versions 0 to 6.
#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdRequest<'a> {
    /// `string`, versions 0 on, nullable.
    pub transactional_id: Option<Cow<'a, str>>,
    /// `int32`, versions 0 on.
    pub transaction_timeout_ms: i32,
    /// `int64`, versions 3 on, default -1.
    pub producer_id: i64,
    /// `int16`, versions 3 on, default -1.
    pub producer_epoch: i16,
    /// `bool`, versions 6 on.
    pub enable2_pc: bool,
    /// `bool`, versions 6 on.
    pub keep_prepared_txn: bool,
}

impl Default for InitProducerIdRequest<'_> {
    fn default() -> Self {
        Self {
            transactional_id: Some(Cow::default()),
            transaction_timeout_ms: 0,
            producer_id: -1,
            producer_epoch: -1,
            enable2_pc: false,
            keep_prepared_txn: false,
        }
    }
}

impl<'a> InitProducerIdRequest<'a> {
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
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "InitProducerIdRequest", version });
        }
        let flexible = version >= 2;
        let this = Self {
            transactional_id: reader.nullable_string(flexible)?,
            transaction_timeout_ms: reader.i32()?,
            producer_id: if version >= 3 { reader.i64()? } else { -1 },
            producer_epoch: if version >= 3 { reader.i16()? } else { -1 },
            enable2_pc: if version >= 6 { reader.bool()? } else { false },
            keep_prepared_txn: if version >= 6 { reader.bool()? } else { false },
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
            return Err(EncodeError::UnsupportedVersion { message: "InitProducerIdRequest", version });
        }
        let flexible = version >= 2;
        writer.nullable_string(flexible, self.transactional_id.as_deref())?;
        writer.i32(self.transaction_timeout_ms);
        if version >= 3 {
            writer.i64(self.producer_id);
        }
        if version >= 3 {
            writer.i16(self.producer_epoch);
        }
        if version >= 6 {
            writer.bool(self.enable2_pc);
        }
        if version >= 6 {
            writer.bool(self.keep_prepared_txn);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { InitProducerIdRequest<'a> {
    transactional_id: "transactionalId" 0..=6,
    transaction_timeout_ms: "transactionTimeoutMs" 0..=6,
    producer_id: "producerId" 3..=6,
    producer_epoch: "producerEpoch" 3..=6,
    enable2_pc: "enable2Pc" 6..=6,
    keep_prepared_txn: "keepPreparedTxn" 6..=6,
} tagged {
}}

crate::codec::message!(InitProducerIdRequest<'a>, Request);

impl<'a> Request<'a> for InitProducerIdRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::InitProducerIdResponse;
}
