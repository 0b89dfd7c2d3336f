//! What an append is told and what it answers, and the check of batches that the broker itself made. Pure.
//!
//! What a producer sends is judged by `validate` in the protocol crate: one batch with sound header, CRC and records.
//! The broker's own appends may be several batches. Offsets are assigned by `PartitionLog` afterwards.

use broker_protocol::control_record::{EndTransactionMarker, TransactionResult};
use broker_protocol::record_batch::{BatchError, RecordBatch, batches};
use broker_protocol::types::{LeaderEpoch, Offset};
use broker_protocol::validate::{RejectedRecord, ValidationError};
use thiserror::Error;

use crate::log_error::LogError;
use crate::producer_state::{Marker, ProducerError};

/// Who appends; it decides what is checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AppendOrigin {
    /// A producer: everything is checked.
    #[default]
    Client,
    /// A producer whose compressed batch was opened and checked ahead: its records are not looked at again.
    OpenedClient,
    /// A group or transaction coordinator of this broker: control batches are allowed, sequences are not
    /// checked, and neither a batch nor a list of them is too large.
    Coordinator,
    /// A copy of batches that were accepted before.
    Replay,
}

/// How to append.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AppendOptions {
    /// Epoch of the leader, written into each batch.
    pub leader_epoch: LeaderEpoch,
    /// Who appends.
    pub origin: AppendOrigin,
    /// Wall clock, milliseconds since 1970.
    pub now_ms: i64,
}

/// What an append did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AppendInfo {
    /// Offset of the first record.
    pub base_offset: Offset,
    /// Offset of the last record: it must be durable before the append is acknowledged.
    pub last_offset: Offset,
    /// The time written into the batches; -1 if the producer's times were kept.
    pub log_append_time_ms: i64,
    /// First offset of the log.
    pub log_start_offset: Offset,
    /// Records appended.
    pub records: u64,
    /// Bytes appended.
    pub bytes: u64,
    /// The batch was in the log already; the offsets are the original ones and nothing was written.
    pub duplicate: bool,
}

/// Why an append is refused. Nothing was changed, except that `Storage` makes the log refuse all further appends.
#[derive(Debug, Error)]
pub enum AppendError {
    /// CRC, length or structure is wrong. CORRUPT_MESSAGE.
    #[error("corrupt record batch: {0}")]
    CorruptMessage(String),
    /// The records break a rule. INVALID_RECORD.
    #[error("invalid records: {message}")]
    InvalidRecord {
        /// The rule.
        message: String,
        /// Position in the batch and reason, for each record to blame.
        record_errors: Vec<(i32, String)>,
    },
    /// A timestamp outside the allowed distance from now. INVALID_TIMESTAMP.
    #[error("invalid timestamp: {message}")]
    InvalidTimestamp {
        /// The limit.
        message: String,
        /// Position in the batch and reason, for each record to blame.
        record_errors: Vec<(i32, String)>,
    },
    /// A batch larger than `max.message.bytes`. MESSAGE_TOO_LARGE.
    #[error("record batch of {size} bytes exceeds the limit of {limit}")]
    MessageTooLarge {
        /// Bytes of the batch.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The batches together are larger than a segment. RECORD_LIST_TOO_LARGE.
    #[error("record batches of {size} bytes exceed the segment size {limit}")]
    RecordListTooLarge {
        /// Bytes of the batches.
        size: usize,
        /// `segment.bytes`.
        limit: usize,
    },
    /// A record format other than 2. UNSUPPORTED_FOR_MESSAGE_FORMAT.
    #[error("record format {magic} is not supported, expected 2")]
    UnsupportedForMessageFormat {
        /// The magic byte.
        magic: i8,
    },
    /// A compression that does not exist. UNSUPPORTED_COMPRESSION_TYPE.
    #[error("unknown compression {id}")]
    UnsupportedCompressionType {
        /// Number in the batch's attributes.
        id: u8,
    },
    /// The producer's sequence has a gap. OUT_OF_ORDER_SEQUENCE_NUMBER.
    #[error("{0}")]
    OutOfOrderSequence(ProducerError),
    /// A newer incarnation of the producer has written. INVALID_PRODUCER_EPOCH.
    #[error("{0}")]
    InvalidProducerEpoch(ProducerError),
    /// A non-transactional batch in a transaction. INVALID_TXN_STATE.
    #[error("{0}")]
    InvalidTxnState(ProducerError),
    /// A marker of a coordinator that was replaced. TRANSACTION_COORDINATOR_FENCED.
    #[error("{0}")]
    TransactionCoordinatorFenced(ProducerError),
    /// Appending for a leader epoch that is over. FENCED_LEADER_EPOCH.
    #[error("leader epoch {epoch} is older than the log's {latest}")]
    FencedLeaderEpoch {
        /// Epoch asked for.
        epoch: LeaderEpoch,
        /// The log's latest epoch.
        latest: LeaderEpoch,
    },
    /// A follower's batch that does not continue the log. UNEXPECTED: the replication stream is out of step.
    #[error("batch at offset {offset} does not continue the log, which ends at {log_end}")]
    OffsetOutOfOrder {
        /// Base offset of the batch.
        offset: Offset,
        /// End of the log.
        log_end: Offset,
    },
    /// The disk failed. KAFKA_STORAGE_ERROR.
    #[error(transparent)]
    Storage(#[from] LogError),
    /// An earlier append failed on the disk; the log takes no more until it is opened again. KAFKA_STORAGE_ERROR.
    #[error("the log is out of service since a write failed")]
    OutOfService,
}

impl From<ProducerError> for AppendError {
    fn from(error: ProducerError) -> Self {
        match error {
            ProducerError::OutOfOrderSequence { .. } => AppendError::OutOfOrderSequence(error),
            ProducerError::StaleEpoch { .. } => AppendError::InvalidProducerEpoch(error),
            ProducerError::NotTransactional { .. } => AppendError::InvalidTxnState(error),
            ProducerError::CoordinatorFenced { .. } => AppendError::TransactionCoordinatorFenced(error),
        }
    }
}

impl From<BatchError> for AppendError {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::UnsupportedMagic { magic } => AppendError::UnsupportedForMessageFormat { magic },
            BatchError::UnknownCompression { id } => AppendError::UnsupportedCompressionType { id },
            error => AppendError::CorruptMessage(error.to_string()),
        }
    }
}

impl From<ValidationError> for AppendError {
    fn from(error: ValidationError) -> Self {
        let message = error.to_string();
        let record_errors = |records: Vec<RejectedRecord>| {
            records.into_iter().map(|record| (record.batch_index, record.message)).collect()
        };
        match error {
            ValidationError::Corrupt(error) => error.into(),
            ValidationError::InvalidRecord { records, .. } => {
                AppendError::InvalidRecord { message, record_errors: record_errors(records) }
            }
            ValidationError::InvalidTimestamp { records } => {
                AppendError::InvalidTimestamp { message, record_errors: record_errors(records) }
            }
            ValidationError::MessageTooLarge { size, max } => {
                AppendError::MessageTooLarge { size, limit: max }
            }
            ValidationError::UnsupportedCompression { id } => AppendError::UnsupportedCompressionType { id },
        }
    }
}

/// What the batches of one append are together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Inspection {
    /// Count of batches.
    pub(crate) batches: usize,
    /// Count of records.
    pub(crate) records: u64,
    /// Offsets that the batches take.
    pub(crate) span: i64,
    /// Largest timestamp.
    pub(crate) max_timestamp: i64,
}

/// Checks structure, size and CRC of batches that this broker made; `each` judges every batch further.
pub(crate) fn inspect(
    bytes: &[u8],
    limit: usize,
    mut each: impl FnMut(&RecordBatch<'_>) -> Result<(), AppendError>,
) -> Result<Inspection, AppendError> {
    let mut found = Inspection { batches: 0, records: 0, span: 0, max_timestamp: -1 };
    for batch in batches(bytes) {
        let batch = batch?;
        let header = &batch.header;
        if header.last_offset_delta < 0 || header.record_count < 0 {
            return Err(AppendError::CorruptMessage(format!(
                "record batch has last offset delta {} and {} records",
                header.last_offset_delta, header.record_count
            )));
        }
        batch.verify_crc()?;
        each(&batch)?;
        found.batches += 1;
        found.records += u64::try_from(header.record_count).unwrap_or(0);
        found.span += i64::from(header.last_offset_delta) + 1;
        found.max_timestamp = found.max_timestamp.max(header.max_timestamp);
    }
    if bytes.len() > limit {
        return Err(AppendError::RecordListTooLarge { size: bytes.len(), limit });
    }
    Ok(found)
}

/// The transaction marker in a control batch; `None` for other batches and other control records.
pub(crate) fn marker_of(batch: &RecordBatch<'_>) -> Option<Marker> {
    const CONTROL_BATCH_BYTES_MAX: usize = 64 << 10;
    if !batch.header.is_control() {
        return None;
    }
    let content = batch.decompress(CONTROL_BATCH_BYTES_MAX).ok()?;
    let record = batch.records(&content).next()?.ok()?;
    let marker = EndTransactionMarker::parse(&record).ok()??;
    Some(Marker {
        commit: marker.result == TransactionResult::Commit,
        coordinator_epoch: marker.coordinator_epoch,
    })
}
