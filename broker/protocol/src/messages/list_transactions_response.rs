//! `ListTransactionsResponse`: response of API ListTransactions (66), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ListTransactionsResponse`: response of API ListTransactions (66), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListTransactionsResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `[]string`, versions 0 on.
    pub unknown_state_filters: Vec<Cow<'a, str>>,
    /// `[]TransactionState`, versions 0 on.
    pub transaction_states: Vec<TransactionState<'a>>,
}

impl<'a> ListTransactionsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 66).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ListTransactions;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ListTransactionsResponse", version });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            unknown_state_filters: reader.array(true, 1, |reader| reader.string(true))?,
            transaction_states: reader.array(true, 11, |reader| TransactionState::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "ListTransactionsResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.array(true, &self.unknown_state_filters, |writer, element| writer.string(true, element))?;
        writer.array(true, &self.transaction_states, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ListTransactionsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=2,
    error_code: "errorCode" 0..=2,
    unknown_state_filters: "unknownStateFilters" 0..=2,
    transaction_states: "transactionStates" 0..=2,
} tagged {
}}

/// Part of [`ListTransactionsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionState<'a> {
    /// `string`, versions 0 on.
    pub transactional_id: Cow<'a, str>,
    /// `int64`, versions 0 on.
    pub producer_id: i64,
    /// `string`, versions 0 on.
    pub transaction_state: Cow<'a, str>,
}

impl<'a> TransactionState<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            transactional_id: reader.string(true)?,
            producer_id: reader.i64()?,
            transaction_state: reader.string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.transactional_id)?;
        writer.i64(self.producer_id);
        writer.string(true, &self.transaction_state)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TransactionState<'a> {
    transactional_id: "transactionalId" 0..=2,
    producer_id: "producerId" 0..=2,
    transaction_state: "transactionState" 0..=2,
} tagged {
}}

crate::codec::message!(ListTransactionsResponse<'a>, Response);
