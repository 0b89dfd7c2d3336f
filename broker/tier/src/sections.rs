//! What an object holds beside its batches: Kafka's own index files, made while the batches go by.
//!
//! ```text
//! offset index, 8 bytes an entry: last offset of a batch minus the base offset u32 | position of that batch u32
//! time index, 12 bytes an entry: largest timestamp so far i64 | last offset of the batch that has it, minus base u32
//! aborted transactions, 34 bytes an entry: version i16 = 0 | producer id i64 | first offset i64 | offset of the marker
//!     i64 | last stable offset after the marker i64
//! ```
//! Big endian; positions count from the first batch. With base offset and batches they are the files of a segment, so
//! a replica is rebuilt from the bucket by writing them down.

use broker_log::leader_epoch_cache::EpochEntry;
use broker_log::transaction_index::AbortedTxn;
use broker_protocol::record_batch::{BatchError, BatchHeader, NO_TIMESTAMP, RecordBatch};
use broker_protocol::types::{Offset, ProducerId};
use thiserror::Error;

use crate::frame::{Crc, array};

/// Bytes of an entry of the offset index.
pub const OFFSET_ENTRY_BYTES: usize = 8;
/// Bytes of an entry of the time index.
pub const TIME_ENTRY_BYTES: usize = 12;
/// Bytes of an aborted transaction.
pub const ABORTED_ENTRY_BYTES: usize = 34;
/// Bytes of batches between two entries of an index, at least: Kafka's `index.interval.bytes`.
const INTERVAL_BYTES_MIN: u64 = 4096;
/// Entries that an index of a large range has at most, about: 1.3 MB for both.
const ENTRIES_WANTED: u64 = 65_536;

/// Why batches cannot be uploaded: uploading them would make damage durable, or leave a hole.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ScanError {
    /// A batch is not what was once written.
    #[error("at position {position}: {error}")]
    Batch {
        /// Bytes before it in the range.
        position: u64,
        /// What is wrong.
        error: BatchError,
    },
    /// A batch does not follow the one before it.
    #[error("at position {position}: a batch at offset {found} where offset {expected} is next")]
    Order {
        /// Bytes before it in the range.
        position: u64,
        /// Its base offset.
        found: Offset,
        /// The offset expected.
        expected: Offset,
    },
    /// The range has more offsets than an index can tell.
    #[error("at position {position}: offset {offset} is too far from the first of the range")]
    Span {
        /// Bytes before it in the range.
        position: u64,
        /// The offset.
        offset: Offset,
    },
}

/// What is learned of a range of batches while they go by.
#[derive(Debug)]
pub struct RangeScan {
    base_offset: Offset,
    next_offset: Offset,
    position: u64,
    interval: u64,
    since_index: u64,
    crc: Crc,
    offset_index: Vec<u8>,
    time_index: Vec<u8>,
    indexed_timestamp: i64,
    max_timestamp: i64,
    max_timestamp_offset: Offset,
    epochs: Vec<EpochEntry>,
}

/// The outcome of a [`RangeScan`].
#[derive(Debug)]
pub struct ScannedRange {
    /// Offset after the last batch.
    pub next_offset: Offset,
    /// Bytes.
    pub length: u64,
    /// CRC-32C of all batches.
    pub crc: u32,
    /// The offset index.
    pub offset_index: Vec<u8>,
    /// The time index.
    pub time_index: Vec<u8>,
    /// Largest timestamp, -1 without any.
    pub max_timestamp: i64,
    /// Last offset of the first batch that has it.
    pub max_timestamp_offset: Offset,
    /// Leader epochs, of which the first begins at the base offset.
    pub epochs: Vec<EpochEntry>,
}

impl RangeScan {
    /// A range that begins at `base_offset`, of about `length` bytes.
    #[must_use]
    pub fn new(base_offset: Offset, length: u64) -> RangeScan {
        RangeScan {
            base_offset,
            next_offset: base_offset,
            position: 0,
            interval: INTERVAL_BYTES_MIN.max(length / ENTRIES_WANTED),
            since_index: 0,
            crc: Crc::new(),
            offset_index: Vec::new(),
            time_index: Vec::new(),
            indexed_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
            max_timestamp_offset: Offset(-1),
            epochs: Vec::new(),
        }
    }

    /// Bytes of the batches taken.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Takes the whole batches at the beginning of `bytes` and returns how many bytes they have. A batch that goes on
    /// behind `bytes` is not taken.
    ///
    /// # Errors
    /// A batch is damaged or out of order.
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, ScanError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let position = self.position;
            match RecordBatch::parse(rest) {
                Ok((batch, behind)) => {
                    batch.verify_crc().map_err(|error| ScanError::Batch { position, error })?;
                    self.take_batch(&batch.header)?;
                    self.crc.update(batch.bytes);
                    rest = behind;
                }
                Err(BatchError::Truncated { .. }) => break,
                Err(error) => return Err(ScanError::Batch { position, error }),
            }
        }
        Ok(bytes.len() - rest.len())
    }

    /// Bytes of the batch that stands at the beginning of `bytes`, as far as they tell.
    ///
    /// # Errors
    /// The bytes are no batch.
    pub fn bytes_needed(&self, bytes: &[u8]) -> Result<usize, ScanError> {
        match RecordBatch::parse(bytes) {
            Ok((batch, _)) => Ok(batch.bytes.len()),
            Err(BatchError::Truncated { needed, .. }) => Ok(needed),
            Err(error) => Err(ScanError::Batch { position: self.position, error }),
        }
    }

    fn take_batch(&mut self, header: &BatchHeader) -> Result<(), ScanError> {
        let (position, last) = (self.position, header.last_offset());
        if header.base_offset != self.next_offset || last < header.base_offset {
            let (found, expected) = (header.base_offset, self.next_offset);
            return Err(ScanError::Order { position, found, expected });
        }
        let relative = last.0 - self.base_offset.0;
        let relative = i32::try_from(relative).map_err(|_| ScanError::Span { position, offset: last })?;
        let at = i32::try_from(position).map_err(|_| ScanError::Span { position, offset: last })?;
        if header.max_timestamp > self.max_timestamp {
            (self.max_timestamp, self.max_timestamp_offset) = (header.max_timestamp, last);
        }
        if self.epochs.last().is_none_or(|known| known.epoch < header.partition_leader_epoch) {
            let (epoch, start_offset) = (header.partition_leader_epoch, header.base_offset);
            self.epochs.push(EpochEntry { epoch, start_offset });
        }
        if self.since_index > self.interval {
            self.offset_index.extend_from_slice(&relative.to_be_bytes());
            self.offset_index.extend_from_slice(&at.to_be_bytes());
            self.index_timestamp();
            self.since_index = 0;
        }
        let bytes = header.size_in_bytes() as u64;
        self.position += bytes;
        self.since_index += bytes;
        self.next_offset = header.next_offset();
        Ok(())
    }

    fn index_timestamp(&mut self) {
        if self.max_timestamp > self.indexed_timestamp {
            let relative = self.max_timestamp_offset.0 - self.base_offset.0;
            let relative = i32::try_from(relative).expect("a scan takes no batch that is too far");
            self.time_index.extend_from_slice(&self.max_timestamp.to_be_bytes());
            self.time_index.extend_from_slice(&relative.to_be_bytes());
            self.indexed_timestamp = self.max_timestamp;
        }
    }

    /// Ends the range.
    #[must_use]
    pub fn finish(mut self) -> ScannedRange {
        self.index_timestamp();
        ScannedRange {
            next_offset: self.next_offset,
            length: self.position,
            crc: self.crc.finish(),
            offset_index: self.offset_index,
            time_index: self.time_index,
            max_timestamp: self.max_timestamp,
            max_timestamp_offset: self.max_timestamp_offset,
            epochs: self.epochs,
        }
    }
}

/// A batch boundary at or before the batch that holds `offset`: its position in the range.
#[must_use]
pub fn position_before(offset_index: &[u8], base_offset: Offset, offset: Offset) -> u64 {
    let (entries, _) = offset_index.as_chunks::<OFFSET_ENTRY_BYTES>();
    let after = entries.partition_point(|entry| base_offset.0 + i64::from(number(entry, 0)) <= offset.0);
    after.checked_sub(1).map_or(0, |index| u64::from(number(&entries[index], 4)))
}

/// An offset of the range before which no batch has a timestamp of `timestamp` or later.
#[must_use]
pub fn offset_before_time(time_index: &[u8], base_offset: Offset, timestamp: i64) -> Offset {
    let (entries, _) = time_index.as_chunks::<TIME_ENTRY_BYTES>();
    let earlier = entries.partition_point(|entry| i64::from_be_bytes(array(entry, 0)) < timestamp);
    match earlier.checked_sub(1) {
        Some(index) => base_offset.plus(i64::from(number(&entries[index], 8))),
        None => base_offset,
    }
}

/// The bytes of aborted transactions.
#[must_use]
pub fn encode_aborted(aborted: &[AbortedTxn]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(aborted.len() * ABORTED_ENTRY_BYTES);
    for txn in aborted {
        bytes.extend_from_slice(&0i16.to_be_bytes());
        for field in [txn.producer_id.0, txn.first_offset.0, txn.last_offset.0, txn.last_stable_offset.0] {
            bytes.extend_from_slice(&field.to_be_bytes());
        }
    }
    bytes
}

/// Aborted transactions from their bytes; what is behind the last whole entry means nothing.
#[must_use]
pub fn decode_aborted(bytes: &[u8]) -> Vec<AbortedTxn> {
    let (entries, _) = bytes.as_chunks::<ABORTED_ENTRY_BYTES>();
    let field = |entry: &[u8], at| i64::from_be_bytes(array(entry, at));
    let txn = |entry: &[u8; ABORTED_ENTRY_BYTES]| AbortedTxn {
        producer_id: ProducerId(field(entry, 2)),
        first_offset: Offset(field(entry, 10)),
        last_offset: Offset(field(entry, 18)),
        last_stable_offset: Offset(field(entry, 26)),
    };
    entries.iter().map(txn).collect()
}

fn number(entry: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(array(entry, at))
}

#[cfg(test)]
pub(crate) mod tests;
