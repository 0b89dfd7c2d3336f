//! Decides whether a batch may be appended, before an offset is given to it. Semantics of Kafka's LogValidator.
//!
//! Uncompressed batches are walked record by record. Compressed ones stay closed unless the topic is compacted (keys must
//! be there) or wants another compression; of a closed one the header's timestamps count and its records are not seen.
//! Left to the caller: producer epochs and sequences against the log's state, and whether a transaction is open.

use thiserror::Error;

use crate::compression::{Compression, CompressionError};
use crate::error_code::ErrorCode;
use crate::record::{Record, RecordError};
use crate::record_batch::{
    self, BatchError, BatchHeader, COMPRESSION_MASK, NO_TIMESTAMP, RecordBatch, TimestampType, assemble,
};
use crate::types::{LeaderEpoch, Offset};

/// Most rejected records that one error names; the rest only count. A batch can hold a million of them.
pub const REJECTED_RECORDS_MAX: usize = 100;

/// Most bytes of content of a compressed batch that are held at once, when nothing else is said.
pub const DECOMPRESSED_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Who hands the batch over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AppendOrigin {
    /// A producer, which is not trusted.
    Client,
    /// The broker's own coordinators, which also write control batches.
    Coordinator,
}

/// What a topic demands of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ValidationRules {
    /// `cleanup.policy` contains `compact`: every record needs a key.
    pub compacted: bool,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far in the past a record's CreateTime may be.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`: how far in the future a record's CreateTime may be.
    pub timestamp_after_max_ms: i64,
    /// `max.message.bytes`: largest batch, as sent and as written.
    pub message_bytes_max: usize,
    /// `compression.type`; `None` is `producer`, which leaves batches as they are.
    pub compression: Option<Compression>,
    /// Level for `compression`; `None` is Kafka's default.
    pub compression_level: Option<i32>,
    /// Most bytes of content held when a compressed batch must be opened; see [`DECOMPRESSED_BYTES_MAX`].
    pub decompressed_bytes_max: usize,
}

impl Default for ValidationRules {
    /// The rules of a topic without settings of its own.
    fn default() -> Self {
        ValidationRules {
            compacted: false,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            message_bytes_max: 1_048_588,
            compression: None,
            compression_level: None,
            decompressed_bytes_max: DECOMPRESSED_BYTES_MAX,
        }
    }
}

/// A record that is the reason why its batch was rejected (KIP-467).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RejectedRecord {
    /// Position of the record in the batch, from 0.
    pub batch_index: i32,
    /// Why, for the producer's user.
    pub message: String,
}

/// Why a batch may not be appended. Each variant is one Kafka error.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ValidationError {
    /// CORRUPT_MESSAGE: the bytes are not what the producer meant to send; sending again may help.
    #[error(transparent)]
    Corrupt(BatchError),
    /// INVALID_RECORD: the batch or single records of it are not acceptable.
    #[error("{message}")]
    InvalidRecord {
        /// What is wrong with the batch.
        message: String,
        /// The records that are to blame, if it is not the batch; at most `REJECTED_RECORDS_MAX`.
        records: Vec<RejectedRecord>,
    },
    /// INVALID_TIMESTAMP: timestamps are further from the broker's clock than the topic allows.
    #[error("one or more records have been rejected due to invalid timestamp")]
    InvalidTimestamp {
        /// The records that are to blame; empty if the batch was not opened; at most `REJECTED_RECORDS_MAX`.
        records: Vec<RejectedRecord>,
    },
    /// MESSAGE_TOO_LARGE: the batch is larger than `max.message.bytes`.
    #[error("record batch has {size} bytes, the most allowed is {max}")]
    MessageTooLarge {
        /// Bytes of the batch, or of the content beyond which it was not opened.
        size: usize,
        /// Most bytes allowed.
        max: usize,
    },
    /// UNSUPPORTED_COMPRESSION_TYPE: no such compression.
    #[error("record batch has unknown compression {id}")]
    UnsupportedCompression {
        /// Number in the attributes.
        id: u8,
    },
}

impl ValidationError {
    /// The error code to answer the producer with.
    #[must_use]
    pub fn error_code(&self) -> ErrorCode {
        match self {
            ValidationError::Corrupt(_) => ErrorCode::CorruptMessage,
            ValidationError::InvalidRecord { .. } => ErrorCode::InvalidRecord,
            ValidationError::InvalidTimestamp { .. } => ErrorCode::InvalidTimestamp,
            ValidationError::MessageTooLarge { .. } => ErrorCode::MessageTooLarge,
            ValidationError::UnsupportedCompression { .. } => ErrorCode::UnsupportedCompressionType,
        }
    }

    /// The records to name in the response's `record_errors`.
    #[must_use]
    pub fn rejected_records(&self) -> &[RejectedRecord] {
        match self {
            ValidationError::InvalidRecord { records, .. }
            | ValidationError::InvalidTimestamp { records } => records,
            _ => &[],
        }
    }
}

/// A batch that may be appended, and what to write for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ValidBatch {
    /// The header as the producer sent it.
    pub header: BatchHeader,
    /// Timestamp type to write.
    pub timestamp_type: TimestampType,
    /// Max timestamp to write, in milliseconds since 1970; -1 for none.
    pub max_timestamp_ms: i64,
    /// The batch to write in place of the producer's bytes, if the topic wants another compression.
    pub recompressed: Option<Vec<u8>>,
}

impl ValidBatch {
    /// Fills in what only the leader knows. `batch` is a copy of the bytes that were validated, or `recompressed`. The
    /// CRC is computed again only if a timestamp changes.
    ///
    /// # Panics
    /// If `batch` is shorter than a batch header.
    pub fn assign(&self, batch: &mut [u8], base_offset: Offset, leader_epoch: LeaderEpoch) {
        record_batch::set_base_offset(batch, base_offset);
        record_batch::set_leader_epoch(batch, leader_epoch);
        if self.timestamp_type == TimestampType::LogAppendTime {
            record_batch::set_append_time(batch, self.max_timestamp_ms);
        } else if self.max_timestamp_ms != self.header.max_timestamp {
            record_batch::set_max_timestamp(batch, self.max_timestamp_ms);
        }
    }
}

/// Validates the one batch that `bytes` holds. `now_ms` is the broker's clock in milliseconds since 1970.
///
/// # Errors
/// See [`ValidationError`]. The first thing wrong is named, and all records that the topic's rules reject.
pub fn validate_batch(
    bytes: &[u8],
    rules: &ValidationRules,
    origin: AppendOrigin,
    now_ms: i64,
) -> Result<ValidBatch, ValidationError> {
    let batch = only_batch(bytes)?;
    check_header(&batch.header, origin)?;
    if bytes.len() > rules.message_bytes_max {
        return Err(ValidationError::MessageTooLarge { size: bytes.len(), max: rules.message_bytes_max });
    }
    batch.verify_crc()?;
    let source = batch.header.compression()?;
    let target = target_compression(&batch.header, rules, source);
    let must_open = source == Compression::None || rules.compacted || target != source;
    let (largest_timestamp_ms, recompressed) = if must_open {
        let records = batch.decompress(rules.decompressed_bytes_max)?;
        let largest_timestamp_ms = walk_records(&batch, &records, rules, now_ms)?;
        let recompressed = (target != source).then(|| recompress_opened(&batch, &records, target, rules));
        (largest_timestamp_ms, recompressed)
    } else {
        check_closed_timestamps(&batch.header, rules, now_ms)?;
        (batch.header.max_timestamp, None)
    };
    if let Some(size) = recompressed.as_ref().map(Vec::len).filter(|size| *size > rules.message_bytes_max) {
        return Err(ValidationError::MessageTooLarge { size, max: rules.message_bytes_max });
    }
    let max_timestamp_ms = match rules.timestamp_type {
        TimestampType::CreateTime => largest_timestamp_ms,
        TimestampType::LogAppendTime => now_ms,
    };
    Ok(ValidBatch {
        header: batch.header,
        timestamp_type: rules.timestamp_type,
        max_timestamp_ms,
        recompressed,
    })
}

/// Rewrites `batch` with its records in another compression; header and offsets stay, length and CRC follow. At most
/// `decompressed_bytes_max` bytes of content are held.
///
/// # Errors
/// If the batch cannot be opened.
pub fn recompress(
    batch: &RecordBatch<'_>,
    target: Compression,
    level: Option<i32>,
    decompressed_bytes_max: usize,
) -> Result<Vec<u8>, RecordError> {
    let records = batch.decompress(decompressed_bytes_max)?;
    Ok(assemble(&with_compression(batch.header, target), &target.compress(&records, level)))
}

fn recompress_opened(
    batch: &RecordBatch<'_>,
    records: &[u8],
    target: Compression,
    rules: &ValidationRules,
) -> Vec<u8> {
    assemble(&with_compression(batch.header, target), &target.compress(records, rules.compression_level))
}

fn with_compression(mut header: BatchHeader, compression: Compression) -> BatchHeader {
    header.attributes = (header.attributes & !COMPRESSION_MASK) | i16::from(compression.id());
    header
}

/// Control batches keep the compression they have, as in Kafka.
fn target_compression(header: &BatchHeader, rules: &ValidationRules, source: Compression) -> Compression {
    if header.is_control() { source } else { rules.compression.unwrap_or(source) }
}

/// Since format 2 a producer sends exactly one batch for a partition.
fn only_batch(bytes: &[u8]) -> Result<RecordBatch<'_>, ValidationError> {
    if bytes.is_empty() {
        return Err(invalid("produce requests must have one record batch per partition, there is none"));
    }
    let (batch, rest) = RecordBatch::parse(bytes)?;
    if !rest.is_empty() {
        return Err(invalid("produce requests must have exactly one record batch per partition"));
    }
    Ok(batch)
}

fn check_header(header: &BatchHeader, origin: AppendOrigin) -> Result<(), ValidationError> {
    let BatchHeader { record_count, last_offset_delta, base_offset, base_sequence, producer_id, .. } =
        *header;
    if record_count <= 0 {
        return Err(invalid(format!("record count of the batch is {record_count}, expected 1 or more")));
    }
    if last_offset_delta != record_count - 1 {
        return Err(invalid(format!(
            "last offset delta {last_offset_delta} does not fit a batch of {record_count} records"
        )));
    }
    if origin == AppendOrigin::Coordinator {
        return Ok(());
    }
    if base_offset != Offset(0) {
        return Err(invalid(format!("base offset of a produced batch is {base_offset}, expected 0")));
    }
    if header.is_control() {
        return Err(invalid("clients are not allowed to write control records"));
    }
    if header.has_delete_horizon() {
        return Err(invalid("clients are not allowed to set a delete horizon"));
    }
    if header.has_producer_id() && base_sequence < 0 {
        return Err(invalid(format!(
            "base sequence {base_sequence} of producer id {producer_id} is negative"
        )));
    }
    Ok(())
}

/// Walks the uncompressed records; returns the largest timestamp, -1 if none has one.
fn walk_records(
    batch: &RecordBatch<'_>,
    records: &[u8],
    rules: &ValidationRules,
    now_ms: i64,
) -> Result<i64, ValidationError> {
    let header = &batch.header;
    let mut largest_timestamp_ms = NO_TIMESTAMP;
    let mut rejected = Rejected::default();
    for (index, record) in (0_i32..).zip(batch.records(records)) {
        let record = record?;
        if record.offset_delta != index {
            let delta = record.offset_delta;
            return Err(invalid(format!("offset delta of record {index} is {delta}, expected {index}")));
        }
        let timestamp_ms = header.base_timestamp.saturating_add(record.timestamp_delta);
        largest_timestamp_ms = largest_timestamp_ms.max(timestamp_ms);
        check_record(header, &record, timestamp_ms, rules, now_ms, &mut rejected);
    }
    rejected.into_result()?;
    Ok(largest_timestamp_ms)
}

fn check_record(
    header: &BatchHeader,
    record: &Record<'_>,
    timestamp_ms: i64,
    rules: &ValidationRules,
    now_ms: i64,
    rejected: &mut Rejected,
) {
    if rules.compacted && record.key.is_none() && !header.is_control() {
        rejected.add_invalid(record.offset_delta, || {
            "compacted topic cannot accept message without key".to_owned()
        });
        return;
    }
    if let Some(problem) = timestamp_problem(header, timestamp_ms, rules, now_ms) {
        rejected.add_timestamp(record.offset_delta, || problem.describe(timestamp_ms, rules, now_ms));
    }
}

/// Without opening the batch only the first and the largest timestamp are known.
fn check_closed_timestamps(
    header: &BatchHeader,
    rules: &ValidationRules,
    now_ms: i64,
) -> Result<(), ValidationError> {
    let outside = [header.base_timestamp, header.max_timestamp]
        .into_iter()
        .any(|timestamp_ms| timestamp_problem(header, timestamp_ms, rules, now_ms).is_some());
    if outside { Err(ValidationError::InvalidTimestamp { records: Vec::new() }) } else { Ok(()) }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum TimestampProblem {
    OutOfRange,
    SetByProducer,
}

impl TimestampProblem {
    fn describe(self, timestamp_ms: i64, rules: &ValidationRules, now_ms: i64) -> String {
        match self {
            TimestampProblem::SetByProducer => {
                "producer must not set the timestamp type to LogAppendTime".to_owned()
            }
            TimestampProblem::OutOfRange => {
                let oldest = now_ms.saturating_sub(rules.timestamp_before_max_ms);
                let newest = now_ms.saturating_add(rules.timestamp_after_max_ms);
                format!("timestamp {timestamp_ms} is out of range, it should be within [{oldest}, {newest}]")
            }
        }
    }
}

fn timestamp_problem(
    header: &BatchHeader,
    timestamp_ms: i64,
    rules: &ValidationRules,
    now_ms: i64,
) -> Option<TimestampProblem> {
    if rules.timestamp_type == TimestampType::CreateTime && timestamp_ms != NO_TIMESTAMP {
        let age_ms = now_ms.saturating_sub(timestamp_ms);
        let ahead_ms = timestamp_ms.saturating_sub(now_ms);
        if age_ms > rules.timestamp_before_max_ms || ahead_ms > rules.timestamp_after_max_ms {
            return Some(TimestampProblem::OutOfRange);
        }
    }
    (header.timestamp_type() == TimestampType::LogAppendTime).then_some(TimestampProblem::SetByProducer)
}

/// Rejected records so far. As in Kafka, the error is INVALID_TIMESTAMP only if timestamps alone are wrong.
#[derive(Debug, Default)]
struct Rejected {
    count: usize,
    other_than_timestamp: bool,
    records: Vec<RejectedRecord>,
}

impl Rejected {
    fn add_invalid(&mut self, batch_index: i32, message: impl FnOnce() -> String) {
        self.other_than_timestamp = true;
        self.add_timestamp(batch_index, message);
    }

    fn add_timestamp(&mut self, batch_index: i32, message: impl FnOnce() -> String) {
        self.count += 1;
        if self.records.len() < REJECTED_RECORDS_MAX {
            self.records.push(RejectedRecord { batch_index, message: message() });
        }
    }

    fn into_result(self) -> Result<(), ValidationError> {
        if self.count == 0 {
            return Ok(());
        }
        if !self.other_than_timestamp {
            return Err(ValidationError::InvalidTimestamp { records: self.records });
        }
        let message =
            format!("one or more records have been rejected due to {} record errors in total", self.count);
        Err(ValidationError::InvalidRecord { message, records: self.records })
    }
}

fn invalid(message: impl Into<String>) -> ValidationError {
    ValidationError::InvalidRecord { message: message.into(), records: Vec::new() }
}

impl From<BatchError> for ValidationError {
    fn from(error: BatchError) -> ValidationError {
        match error {
            BatchError::UnsupportedMagic { .. } => invalid(error.to_string()),
            BatchError::UnknownCompression { id } => ValidationError::UnsupportedCompression { id },
            _ => ValidationError::Corrupt(error),
        }
    }
}

impl From<RecordError> for ValidationError {
    fn from(error: RecordError) -> ValidationError {
        match error {
            RecordError::Batch(error) => error.into(),
            RecordError::Compression(CompressionError::TooLarge { limit, .. }) => {
                ValidationError::MessageTooLarge { size: limit.saturating_add(1), max: limit }
            }
            RecordError::Compression(CompressionError::Corrupt { .. })
            | RecordError::Malformed { .. }
            | RecordError::TrailingBytes { .. } => invalid(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
