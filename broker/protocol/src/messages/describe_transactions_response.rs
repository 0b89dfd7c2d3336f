//! `DescribeTransactionsResponse`: response of API DescribeTransactions (65), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `DescribeTransactionsResponse`: response of API DescribeTransactions (65), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTransactionsResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `[]TransactionState`, versions 0 on.
    pub transaction_states: Vec<TransactionState<'a>>,
}

impl<'a> DescribeTransactionsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 65).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeTransactions;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DescribeTransactionsResponse", version });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            transaction_states: reader.array(true, 28, |reader| TransactionState::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeTransactionsResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.array(true, &self.transaction_states, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeTransactionsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=0,
    transaction_states: "transactionStates" 0..=0,
} tagged {
}}

/// Part of [`DescribeTransactionsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData<'a> {
    /// `string`, versions 0 on.
    pub topic: Cow<'a, str>,
    /// `[]int32`, versions 0 on.
    pub partitions: Vec<i32>,
}

impl<'a> TopicData<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { topic: reader.string(true)?, partitions: reader.array(true, 4, Reader::i32)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic)?;
        writer.scalars(true, &self.partitions, Writer::i32)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicData<'a> {
    topic: "topic" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
}}

/// Part of [`DescribeTransactionsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionState<'a> {
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on.
    pub transactional_id: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub transaction_state: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub transaction_timeout_ms: i32,
    /// `int64`, versions 0 on.
    pub transaction_start_time_ms: i64,
    /// `int64`, versions 0 on.
    pub producer_id: i64,
    /// `int16`, versions 0 on.
    pub producer_epoch: i16,
    /// `[]TopicData`, versions 0 on.
    pub topics: Vec<TopicData<'a>>,
}

impl<'a> TransactionState<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            error_code: reader.i16()?,
            transactional_id: reader.string(true)?,
            transaction_state: reader.string(true)?,
            transaction_timeout_ms: reader.i32()?,
            transaction_start_time_ms: reader.i64()?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            topics: reader.array(true, 3, |reader| TopicData::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.error_code(self.error_code);
        writer.string(true, &self.transactional_id)?;
        writer.string(true, &self.transaction_state)?;
        writer.i32(self.transaction_timeout_ms);
        writer.i64(self.transaction_start_time_ms);
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TransactionState<'a> {
    error_code: "errorCode" 0..=0,
    transactional_id: "transactionalId" 0..=0,
    transaction_state: "transactionState" 0..=0,
    transaction_timeout_ms: "transactionTimeoutMs" 0..=0,
    transaction_start_time_ms: "transactionStartTimeMs" 0..=0,
    producer_id: "producerId" 0..=0,
    producer_epoch: "producerEpoch" 0..=0,
    topics: "topics" 0..=0,
} tagged {
}}

crate::codec::message!(DescribeTransactionsResponse<'a>, Response);
