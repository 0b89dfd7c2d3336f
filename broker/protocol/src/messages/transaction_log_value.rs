//! `TransactionLogValue`: data record of type 0, versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `TransactionLogValue`: data record of type 0, versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct TransactionLogValue<'a> {
    /// `int64`, versions 0 on.
    pub producer_id: i64,
    /// `int16`, versions 0 on.
    pub producer_epoch: i16,
    /// `int32`, versions 0 on.
    pub transaction_timeout_ms: i32,
    /// `int8`, versions 0 on.
    pub transaction_status: i8,
    /// `[]PartitionsSchema`, versions 0 on, nullable.
    pub transaction_partitions: Option<Vec<PartitionsSchema<'a>>>,
    /// `int64`, versions 0 on.
    pub transaction_last_update_timestamp_ms: i64,
    /// `int64`, versions 0 on.
    pub transaction_start_timestamp_ms: i64,
    /// `int64`, versions 1 on, tag 0, default -1.
    pub previous_producer_id: i64,
    /// `int64`, versions 1 on, tag 1, default -1.
    pub next_producer_id: i64,
    /// `int16`, versions 1 on, tag 2.
    pub client_transaction_version: i16,
    /// `int16`, versions 1 on, tag 3, default -1.
    pub next_producer_epoch: i16,
}

impl Default for TransactionLogValue<'_> {
    fn default() -> Self {
        Self {
            producer_id: 0,
            producer_epoch: 0,
            transaction_timeout_ms: 0,
            transaction_status: 0,
            transaction_partitions: Some(Vec::new()),
            transaction_last_update_timestamp_ms: 0,
            transaction_start_timestamp_ms: 0,
            previous_producer_id: -1,
            next_producer_id: -1,
            client_transaction_version: 0,
            next_producer_epoch: -1,
        }
    }
}

impl<'a> TransactionLogValue<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 1;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 0;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "TransactionLogValue", version });
        }
        let flexible = version >= 1;
        let mut this = Self {
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            transaction_timeout_ms: reader.i32()?,
            transaction_status: reader.i8()?,
            transaction_partitions: reader
                .nullable_array(flexible, 3, |reader| PartitionsSchema::decode(reader, version))?,
            transaction_last_update_timestamp_ms: reader.i64()?,
            transaction_start_timestamp_ms: reader.i64()?,
            previous_producer_id: -1,
            next_producer_id: -1,
            client_transaction_version: 0,
            next_producer_epoch: -1,
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 => this.previous_producer_id = reader.i64()?,
                    1 => this.next_producer_id = reader.i64()?,
                    2 => this.client_transaction_version = reader.i16()?,
                    3 => this.next_producer_epoch = reader.i16()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "TransactionLogValue", version });
        }
        let flexible = version >= 1;
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        writer.i32(self.transaction_timeout_ms);
        writer.i8(self.transaction_status);
        writer.nullable_array(flexible, self.transaction_partitions.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.i64(self.transaction_last_update_timestamp_ms);
        writer.i64(self.transaction_start_timestamp_ms);
        if flexible {
            let mut tags = writer.begin_tags();
            if self.previous_producer_id != -1 {
                writer.tag(&mut tags, 0, |writer| {
                    writer.i64(self.previous_producer_id);
                    Ok(())
                })?;
            }
            if self.next_producer_id != -1 {
                writer.tag(&mut tags, 1, |writer| {
                    writer.i64(self.next_producer_id);
                    Ok(())
                })?;
            }
            if self.client_transaction_version != 0 {
                writer.tag(&mut tags, 2, |writer| {
                    writer.i16(self.client_transaction_version);
                    Ok(())
                })?;
            }
            if self.next_producer_epoch != -1 {
                writer.tag(&mut tags, 3, |writer| {
                    writer.i16(self.next_producer_epoch);
                    Ok(())
                })?;
            }
            writer.end_tags(tags);
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TransactionLogValue<'a> {
    producer_id: "producerId" 0..=1,
    producer_epoch: "producerEpoch" 0..=1,
    transaction_timeout_ms: "transactionTimeoutMs" 0..=1,
    transaction_status: "transactionStatus" 0..=1,
    transaction_partitions: "transactionPartitions" 0..=1,
    transaction_last_update_timestamp_ms: "transactionLastUpdateTimestampMs" 0..=1,
    transaction_start_timestamp_ms: "transactionStartTimestampMs" 0..=1,
} tagged {
    previous_producer_id: "previousProducerId" 1..=1,
    next_producer_id: "nextProducerId" 1..=1,
    client_transaction_version: "clientTransactionVersion" 1..=1,
    next_producer_epoch: "nextProducerEpoch" 1..=1,
}}

/// Part of [`TransactionLogValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionsSchema<'a> {
    /// `string`, versions 0 on.
    pub topic: Cow<'a, str>,
    /// `[]int32`, versions 0 on.
    pub partition_ids: Vec<i32>,
}

impl<'a> PartitionsSchema<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let this =
            Self { topic: reader.string(flexible)?, partition_ids: reader.array(flexible, 4, Reader::i32)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.string(flexible, &self.topic)?;
        writer.scalars(flexible, &self.partition_ids, Writer::i32)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionsSchema<'a> {
    topic: "topic" 0..=1,
    partition_ids: "partitionIds" 0..=1,
} tagged {
}}

crate::codec::message!(TransactionLogValue<'a>, Data);
