//! The one place that turns errors of the log into Kafka's error codes.

use broker_log::append::AppendError;
use broker_log::log_error::LogError;
use broker_protocol::error_code::ErrorCode;

use crate::replication::partition::Partition;

/// What a producer is told of an append that failed.
#[must_use]
pub fn append_error_code(error: &AppendError) -> ErrorCode {
    match error {
        AppendError::CorruptMessage(_) => ErrorCode::CorruptMessage,
        AppendError::InvalidRecord { .. } => ErrorCode::InvalidRecord,
        AppendError::InvalidTimestamp { .. } => ErrorCode::InvalidTimestamp,
        AppendError::MessageTooLarge { .. } => ErrorCode::MessageTooLarge,
        AppendError::RecordListTooLarge { .. } => ErrorCode::RecordListTooLarge,
        // A client that sends the old formats learns that its records are what is wrong.
        AppendError::UnsupportedForMessageFormat { .. } => ErrorCode::InvalidRecord,
        AppendError::UnsupportedCompressionType { .. } => ErrorCode::UnsupportedCompressionType,
        AppendError::OutOfOrderSequence(_) => ErrorCode::OutOfOrderSequenceNumber,
        AppendError::InvalidProducerEpoch(_) => ErrorCode::InvalidProducerEpoch,
        AppendError::InvalidTxnState(_) => ErrorCode::InvalidTxnState,
        AppendError::TransactionCoordinatorFenced(_) => ErrorCode::TransactionCoordinatorFenced,
        AppendError::FencedLeaderEpoch { .. } | AppendError::OffsetOutOfOrder { .. } => {
            ErrorCode::NotLeaderOrFollower
        }
        AppendError::Storage(_) | AppendError::OutOfService => ErrorCode::KafkaStorageError,
    }
}

/// What a client is told of a log that cannot be read; the reason is logged, once for each.
#[must_use]
pub fn log_error_code(error: &LogError, partition: &Partition) -> ErrorCode {
    if partition.note_fault(error.to_string()) {
        tracing::error!(topic = %partition.topic(), partition = partition.index(), %error, "log cannot be read");
    }
    match error {
        LogError::Corrupt { .. } => ErrorCode::CorruptMessage,
        _ => ErrorCode::KafkaStorageError,
    }
}
