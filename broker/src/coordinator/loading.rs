//! Reads a partition of `__consumer_offsets` from its start to its end into a shard.

use broker_protocol::record::RecordError;
use broker_protocol::record_batch::{BatchError, batches};
use broker_protocol::types::Offset;
use broker_state::group::GroupShard;

use super::offsets_log::{OffsetsLog, ReadFailed};

/// Most bytes that the records of one compressed batch may open to: Kafka's own batches are 1 MiB at most.
const BATCH_BYTES_MAX: usize = 256 << 20;

/// Why a shard cannot be loaded. Its groups are not served: answering without them would move consumers back.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadFailed),
    /// A batch is damaged.
    #[error("batch at offset {offset}: {source}")]
    Batch {
        /// Where the batch was expected.
        offset: Offset,
        /// What is wrong.
        source: BatchError,
    },
    /// The records of a batch are damaged.
    #[error("records of the batch at offset {offset}: {source}")]
    Records {
        /// First offset of the batch.
        offset: Offset,
        /// What is wrong.
        source: RecordError,
    },
    /// A record is none of Kafka's.
    #[error("record at offset {offset}: {source}")]
    Replay {
        /// Offset of the record.
        offset: Offset,
        /// What is wrong.
        source: broker_state::group::RecordError,
    },
    /// The log ends before its end.
    #[error("no batch at offset {offset}, below the log's end {end}")]
    Missing {
        /// Where nothing was.
        offset: Offset,
        /// End of the log.
        end: Offset,
    },
}

/// Replays all records that `log` has; gives the offset of the last one.
pub(super) fn load(log: &dyn OffsetsLog, shard: &mut GroupShard) -> Result<Offset, LoadError> {
    let (mut next, end) = log.range();
    while next < end {
        let bytes = log.read(next)?;
        let before = next;
        for batch in batches(&bytes) {
            let batch = batch.map_err(|source| LoadError::Batch { offset: next, source })?;
            batch.verify_crc().map_err(|source| LoadError::Batch { offset: next, source })?;
            next = batch.header.next_offset();
            // Markers of transactions: what they commit is not offered yet.
            if batch.header.is_control() {
                continue;
            }
            let failed = |source| LoadError::Records { offset: batch.header.base_offset, source };
            let opened = batch.decompress(BATCH_BYTES_MAX).map_err(failed)?;
            for record in batch.records(&opened) {
                let record = record.map_err(failed)?;
                let Some(key) = record.key else { continue };
                shard
                    .replay(key, record.value)
                    .map_err(|source| LoadError::Replay { offset: record.offset(&batch.header), source })?;
            }
        }
        if next == before {
            return Err(LoadError::Missing { offset: next, end });
        }
    }
    Ok(Offset(end.0 - 1))
}
