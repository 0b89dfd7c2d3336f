//! Control records: the commit and abort markers that end a transaction in a partition (KIP-98).
//!
//! ```text
//! key:   version i16 = 0 | type i16 (0 abort, 1 commit, others belong to the metadata log)
//! value: version i16 = 0 | coordinator epoch i32
//! ```
//! Newer versions may only append fields, so what follows is ignored, as Kafka does.

use thiserror::Error;

use crate::batch_builder::BatchBuilder;
use crate::compression::Compression;
use crate::record::Record;
use crate::types::{ProducerEpoch, ProducerId};

const VERSION: i16 = 0;
const TYPE_ABORT: i16 = 0;
const TYPE_COMMIT: i16 = 1;

/// How a transaction ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TransactionResult {
    /// Its records are void.
    Abort,
    /// Its records count.
    Commit,
}

/// A marker that ends a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndTransactionMarker {
    /// Whether the transaction counts.
    pub result: TransactionResult,
    /// Epoch of the transaction coordinator that decided; a smaller one than seen before is fenced.
    pub coordinator_epoch: i32,
}

/// Why a record of a control batch cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ControlRecordError {
    /// The key is null, too short or of a negative version.
    #[error("control record has an invalid key")]
    InvalidKey,
    /// The value is null, too short or of a negative version.
    #[error("control record has an invalid value")]
    InvalidValue,
}

impl EndTransactionMarker {
    /// Reads a record of a control batch; `None` if it is a control record of another type.
    ///
    /// # Errors
    /// `InvalidKey` and `InvalidValue` if the bytes do not follow the format.
    pub fn parse(record: &Record<'_>) -> Result<Option<EndTransactionMarker>, ControlRecordError> {
        let (version, rest) = record.key.and_then(read_i16).ok_or(ControlRecordError::InvalidKey)?;
        let (kind, _) = read_i16(rest).ok_or(ControlRecordError::InvalidKey)?;
        if version < VERSION {
            return Err(ControlRecordError::InvalidKey);
        }
        let result = match kind {
            TYPE_ABORT => TransactionResult::Abort,
            TYPE_COMMIT => TransactionResult::Commit,
            _ => return Ok(None),
        };
        let (version, rest) = record.value.and_then(read_i16).ok_or(ControlRecordError::InvalidValue)?;
        let (epoch, _) = rest.split_first_chunk::<4>().ok_or(ControlRecordError::InvalidValue)?;
        if version < VERSION {
            return Err(ControlRecordError::InvalidValue);
        }
        Ok(Some(EndTransactionMarker { result, coordinator_epoch: i32::from_be_bytes(*epoch) }))
    }

    /// Key of the control record.
    #[must_use]
    pub fn key(&self) -> [u8; 4] {
        let kind = match self.result {
            TransactionResult::Abort => TYPE_ABORT,
            TransactionResult::Commit => TYPE_COMMIT,
        };
        let [a, b] = VERSION.to_be_bytes();
        let [c, d] = kind.to_be_bytes();
        [a, b, c, d]
    }

    /// Value of the control record.
    #[must_use]
    pub fn value(&self) -> [u8; 6] {
        let [a, b] = VERSION.to_be_bytes();
        let [c, d, e, f] = self.coordinator_epoch.to_be_bytes();
        [a, b, c, d, e, f]
    }

    /// The whole control batch for one producer, at relative offset 0.
    #[must_use]
    pub fn to_batch(
        &self,
        timestamp_ms: i64,
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
    ) -> Vec<u8> {
        let mut builder = BatchBuilder::new(Compression::None)
            .producer(producer_id, producer_epoch, crate::record_batch::NO_SEQUENCE)
            .transactional()
            .control();
        builder.push(timestamp_ms, Some(&self.key()), Some(&self.value()), &[]);
        builder.build()
    }
}

fn read_i16(bytes: &[u8]) -> Option<(i16, &[u8])> {
    let (value, rest) = bytes.split_first_chunk::<2>()?;
    Some((i16::from_be_bytes(*value), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record_batch::RecordBatch;

    #[test]
    fn marker_survives_its_batch() {
        for result in [TransactionResult::Abort, TransactionResult::Commit] {
            let marker = EndTransactionMarker { result, coordinator_epoch: 7 };
            let bytes = marker.to_batch(5, ProducerId(9), ProducerEpoch(1));
            let (batch, _) = RecordBatch::parse(&bytes).unwrap();
            batch.verify_crc().unwrap();
            assert!(batch.header.is_control() && batch.header.is_transactional());
            let record = batch.records(batch.record_bytes()).next().unwrap().unwrap();
            assert_eq!(EndTransactionMarker::parse(&record), Ok(Some(marker)));
        }
    }

    #[test]
    fn other_types_are_no_marker_and_cut_ones_an_error() {
        let record = |key, value| Record {
            attributes: 0,
            timestamp_delta: 0,
            offset_delta: 0,
            key,
            value,
            headers: Default::default(),
        };
        assert_eq!(EndTransactionMarker::parse(&record(Some(&[0, 0, 0, 2]), None)), Ok(None));
        let cut_key = record(Some(&[0, 0, 0]), None);
        assert_eq!(EndTransactionMarker::parse(&cut_key), Err(ControlRecordError::InvalidKey));
        let cut_value = record(Some(&[0, 0, 0, 1]), Some(&[0, 0, 0]));
        assert_eq!(EndTransactionMarker::parse(&cut_value), Err(ControlRecordError::InvalidValue));
    }
}
