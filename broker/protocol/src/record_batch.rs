//! Record batches of format 2 as zero-copy views: the header, the CRC, and the few fields a broker rewrites.
//!
//! ```text
//! 0 base offset i64 | 8 length i32 (of what follows) | 12 partition leader epoch i32 | 16 magic i8 = 2 | 17 crc u32
//! 21 attributes i16 | 23 last offset delta i32 | 27 base timestamp i64 | 35 max timestamp i64
//! 43 producer id i64 | 51 producer epoch i16 | 53 base sequence i32 | 57 record count i32 | 61 records
//! attributes: 0-2 compression, 3 timestamp type, 4 transactional, 5 control, 6 base timestamp is the delete horizon
//! ```
//! The CRC-32C covers everything from the attributes on, so base offset and leader epoch can be set without it.

use thiserror::Error;

use crate::compression::Compression;
use crate::types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

/// Bytes of a batch's header, before the first record.
pub const BATCH_HEADER_BYTES: usize = 61;

/// Bytes of base offset and length, which the length field does not count.
pub const LOG_OVERHEAD: usize = 12;

/// The only record format that is accepted and written.
pub const MAGIC_V2: i8 = 2;

/// Base sequence of a batch whose producer asks for no idempotence.
pub const NO_SEQUENCE: i32 = -1;

/// Timestamp that means "none".
pub const NO_TIMESTAMP: i64 = -1;

/// Smallest legal value of the length field: a header without records.
const BATCH_LENGTH_MIN: i32 = (BATCH_HEADER_BYTES - LOG_OVERHEAD) as i32;
/// Least length of a message of magic 0 or 1: shorter than a batch can be, but what is wrong with it is its magic.
const OLD_MESSAGE_LENGTH_MIN: i32 = 14;

const BASE_OFFSET_AT: usize = 0;
const LENGTH_AT: usize = 8;
const LEADER_EPOCH_AT: usize = 12;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const LAST_OFFSET_DELTA_AT: usize = 23;
const BASE_TIMESTAMP_AT: usize = 27;
const MAX_TIMESTAMP_AT: usize = 35;
const PRODUCER_ID_AT: usize = 43;
const PRODUCER_EPOCH_AT: usize = 51;
const BASE_SEQUENCE_AT: usize = 53;
const RECORD_COUNT_AT: usize = 57;

pub(crate) const COMPRESSION_MASK: i16 = 0b111;
pub(crate) const LOG_APPEND_TIME_BIT: i16 = 1 << 3;
pub(crate) const TRANSACTIONAL_BIT: i16 = 1 << 4;
pub(crate) const CONTROL_BIT: i16 = 1 << 5;
pub(crate) const DELETE_HORIZON_BIT: i16 = 1 << 6;

/// Why bytes are not a record batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum BatchError {
    /// Fewer bytes than a batch header has, or than the length field announces: more may follow, or the file ends torn.
    #[error("record batch needs {needed} bytes, {available} are there")]
    Truncated {
        /// Bytes needed to go on, as far as known.
        needed: usize,
        /// Bytes that are there.
        available: usize,
    },
    /// The length field is smaller than a header.
    #[error("record batch length {length} is smaller than the smallest, {BATCH_LENGTH_MIN}")]
    InvalidLength {
        /// Value of the length field.
        length: i32,
    },
    /// A format other than 2.
    #[error("record batch has magic {magic}, expected {MAGIC_V2}")]
    UnsupportedMagic {
        /// Value of the magic byte.
        magic: i8,
    },
    /// The CRC does not fit the bytes.
    #[error("record batch at offset {base_offset} has crc {stored:#010x}, its bytes have {computed:#010x}")]
    CrcMismatch {
        /// Base offset in the header.
        base_offset: i64,
        /// CRC in the header.
        stored: u32,
        /// CRC of the bytes.
        computed: u32,
    },
    /// The attributes name a compression that does not exist.
    #[error("record batch has unknown compression {id}")]
    UnknownCompression {
        /// Number in the attributes, 5 to 7.
        id: u8,
    },
}

/// What a batch's timestamps mean (KIP-32).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum TimestampType {
    /// Set by the producer.
    #[default]
    CreateTime,
    /// Set by the broker: the batch's max timestamp holds for every record.
    LogAppendTime,
}

/// The header of a record batch, as read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchHeader {
    /// Offset of the first record; what a producer sends is relative and replaced by the leader.
    pub base_offset: Offset,
    /// Bytes after the length field, at least 49.
    pub batch_length: i32,
    /// Epoch of the leader that appended the batch.
    pub partition_leader_epoch: LeaderEpoch,
    /// Record format, always 2.
    pub magic: i8,
    /// CRC-32C from the attributes to the end of the batch.
    pub crc: u32,
    /// Flags; see the methods.
    pub attributes: i16,
    /// Last offset minus base offset. Survives compaction, so it may exceed the record count.
    pub last_offset_delta: i32,
    /// Milliseconds since 1970 of the first record, or the delete horizon (KIP-534).
    pub base_timestamp: i64,
    /// Largest timestamp of a record, in milliseconds since 1970; -1 for none.
    pub max_timestamp: i64,
    /// Producer id, or -1.
    pub producer_id: ProducerId,
    /// Producer epoch, or -1.
    pub producer_epoch: ProducerEpoch,
    /// Sequence of the first record, or -1.
    pub base_sequence: i32,
    /// Records in the batch; 0 in a batch that compaction emptied.
    pub record_count: i32,
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`; the records need not be there. Does not check the CRC.
    ///
    /// # Errors
    /// `Truncated` below 61 bytes (17 suffice to find a wrong length or magic), `InvalidLength`, `UnsupportedMagic`.
    pub fn parse(bytes: &[u8]) -> Result<BatchHeader, BatchError> {
        let available = bytes.len();
        let truncated = BatchError::Truncated { needed: BATCH_HEADER_BYTES, available };
        if available <= MAGIC_AT {
            return Err(truncated);
        }
        let batch_length = i32::from_be_bytes(array_at(bytes, LENGTH_AT));
        let invalid_length = BatchError::InvalidLength { length: batch_length };
        if batch_length < OLD_MESSAGE_LENGTH_MIN {
            return Err(invalid_length);
        }
        let magic = i8::from_be_bytes(array_at(bytes, MAGIC_AT));
        if magic != MAGIC_V2 {
            return Err(BatchError::UnsupportedMagic { magic });
        }
        if batch_length < BATCH_LENGTH_MIN {
            return Err(invalid_length);
        }
        if available < BATCH_HEADER_BYTES {
            return Err(truncated);
        }
        Ok(BatchHeader {
            base_offset: Offset(i64::from_be_bytes(array_at(bytes, BASE_OFFSET_AT))),
            batch_length,
            partition_leader_epoch: LeaderEpoch(i32::from_be_bytes(array_at(bytes, LEADER_EPOCH_AT))),
            magic,
            crc: u32::from_be_bytes(array_at(bytes, CRC_AT)),
            attributes: i16::from_be_bytes(array_at(bytes, ATTRIBUTES_AT)),
            last_offset_delta: i32::from_be_bytes(array_at(bytes, LAST_OFFSET_DELTA_AT)),
            base_timestamp: i64::from_be_bytes(array_at(bytes, BASE_TIMESTAMP_AT)),
            max_timestamp: i64::from_be_bytes(array_at(bytes, MAX_TIMESTAMP_AT)),
            producer_id: ProducerId(i64::from_be_bytes(array_at(bytes, PRODUCER_ID_AT))),
            producer_epoch: ProducerEpoch(i16::from_be_bytes(array_at(bytes, PRODUCER_EPOCH_AT))),
            base_sequence: i32::from_be_bytes(array_at(bytes, BASE_SEQUENCE_AT)),
            record_count: i32::from_be_bytes(array_at(bytes, RECORD_COUNT_AT)),
        })
    }

    /// Bytes of the whole batch, header included; at least 61.
    #[must_use]
    pub fn size_in_bytes(&self) -> usize {
        LOG_OVERHEAD + usize::try_from(self.batch_length).unwrap_or(0)
    }

    /// Offset of the last record, also if compaction removed it.
    #[must_use]
    pub fn last_offset(&self) -> Offset {
        Offset(self.base_offset.0.saturating_add(i64::from(self.last_offset_delta)))
    }

    /// Offset after the last record.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        Offset(self.last_offset().0.saturating_add(1))
    }

    /// Sequence of the last record, -1 without a base sequence. Sequences go from 0 to `i32::MAX` and round again.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence == NO_SEQUENCE {
            return NO_SEQUENCE;
        }
        increment_sequence(self.base_sequence, self.last_offset_delta)
    }

    /// How the records are compressed.
    ///
    /// # Errors
    /// `UnknownCompression` for the reserved numbers 5 to 7.
    pub fn compression(&self) -> Result<Compression, BatchError> {
        let id = (self.attributes & COMPRESSION_MASK) as u8;
        Compression::from_id(id).ok_or(BatchError::UnknownCompression { id })
    }

    /// Whether producer or broker set the timestamps.
    #[must_use]
    pub fn timestamp_type(&self) -> TimestampType {
        if self.attributes & LOG_APPEND_TIME_BIT == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// Whether the batch belongs to a transaction (KIP-98).
    #[must_use]
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL_BIT != 0
    }

    /// Whether the records are control records, which applications never see.
    #[must_use]
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL_BIT != 0
    }

    /// Whether the base timestamp is the time from which the batch's tombstones may go (KIP-534).
    #[must_use]
    pub fn has_delete_horizon(&self) -> bool {
        self.attributes & DELETE_HORIZON_BIT != 0
    }

    /// Whether the batch has a producer id.
    #[must_use]
    pub fn has_producer_id(&self) -> bool {
        self.producer_id.0 > ProducerId::NONE.0
    }
}

/// The sequence `delta` (0 or more) after `sequence`, which wraps from `i32::MAX` to 0.
#[must_use]
pub fn increment_sequence(sequence: i32, delta: i32) -> i32 {
    let wrap = i64::from(i32::MAX) + 1;
    let sum = (i64::from(sequence) + i64::from(delta)).rem_euclid(wrap);
    i32::try_from(sum).expect("the remainder of a division by 2^31 fits an i32")
}

/// One whole record batch in a buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordBatch<'a> {
    /// The header, already read.
    pub header: BatchHeader,
    /// The batch, header included; exactly `header.size_in_bytes()` long.
    pub bytes: &'a [u8],
}

impl<'a> RecordBatch<'a> {
    /// Reads the batch at the start of `bytes` and returns it with what follows it. Does not check the CRC.
    ///
    /// # Errors
    /// As `BatchHeader::parse`, and `Truncated` if the batch ends after `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<(RecordBatch<'a>, &'a [u8]), BatchError> {
        let header = BatchHeader::parse(bytes)?;
        let needed = header.size_in_bytes();
        match bytes.split_at_checked(needed) {
            Some((batch, rest)) => Ok((RecordBatch { header, bytes: batch }, rest)),
            None => Err(BatchError::Truncated { needed, available: bytes.len() }),
        }
    }

    /// Checks the CRC over the attributes and everything after them.
    ///
    /// # Errors
    /// `CrcMismatch`: the bytes are not what was once written.
    pub fn verify_crc(&self) -> Result<(), BatchError> {
        let computed = crc_of(self.bytes);
        let stored = self.header.crc;
        if computed == stored {
            return Ok(());
        }
        Err(BatchError::CrcMismatch { base_offset: self.header.base_offset.0, stored, computed })
    }

    /// The bytes behind the header, compressed as the header says.
    #[must_use]
    pub fn record_bytes(&self) -> &'a [u8] {
        &self.bytes[BATCH_HEADER_BYTES..]
    }
}

/// Iterates over the batches that `bytes` holds one after the other; ends after the first error. A batch cut off at the
/// end, as in a fetch response, is the error `Truncated`.
pub fn batches(bytes: &[u8]) -> Batches<'_> {
    Batches { rest: bytes }
}

/// Iterator of [`batches`].
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<RecordBatch<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match RecordBatch::parse(self.rest) {
            Ok((batch, rest)) => {
                self.rest = rest;
                Some(Ok(batch))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(error))
            }
        }
    }
}

/// Puts a batch together: `header` with the length, magic and CRC that fit, then `record_bytes`, which are compressed as
/// the header says.
///
/// # Panics
/// If the batch would be larger than 2 GiB, which no batch limit allows.
#[must_use]
pub fn assemble(header: &BatchHeader, record_bytes: &[u8]) -> Vec<u8> {
    let mut batch = vec![0; BATCH_HEADER_BYTES];
    batch.reserve_exact(record_bytes.len());
    batch.extend_from_slice(record_bytes);
    let length = i32::try_from(batch.len() - LOG_OVERHEAD).expect("a record batch is smaller than 2 GiB");
    put(&mut batch, BASE_OFFSET_AT, header.base_offset.0.to_be_bytes());
    put(&mut batch, LENGTH_AT, length.to_be_bytes());
    put(&mut batch, LEADER_EPOCH_AT, header.partition_leader_epoch.0.to_be_bytes());
    put(&mut batch, MAGIC_AT, MAGIC_V2.to_be_bytes());
    put(&mut batch, ATTRIBUTES_AT, header.attributes.to_be_bytes());
    put(&mut batch, LAST_OFFSET_DELTA_AT, header.last_offset_delta.to_be_bytes());
    put(&mut batch, BASE_TIMESTAMP_AT, header.base_timestamp.to_be_bytes());
    put(&mut batch, MAX_TIMESTAMP_AT, header.max_timestamp.to_be_bytes());
    put(&mut batch, PRODUCER_ID_AT, header.producer_id.0.to_be_bytes());
    put(&mut batch, PRODUCER_EPOCH_AT, header.producer_epoch.0.to_be_bytes());
    put(&mut batch, BASE_SEQUENCE_AT, header.base_sequence.to_be_bytes());
    put(&mut batch, RECORD_COUNT_AT, header.record_count.to_be_bytes());
    set_crc(&mut batch);
    batch
}

/// What stays of a batch that loses all its records: a header that keeps offsets, sequences and the largest timestamp.
#[must_use]
pub fn without_records(header: &BatchHeader) -> Vec<u8> {
    let attributes = header.attributes & !(COMPRESSION_MASK | DELETE_HORIZON_BIT);
    let base_timestamp = header.max_timestamp;
    assemble(&BatchHeader { attributes, base_timestamp, record_count: 0, ..*header }, &[])
}

/// Writes the base offset into the batch at the start of `batch`; outside the CRC.
///
/// # Panics
/// If `batch` is shorter than a batch header.
pub fn set_base_offset(batch: &mut [u8], base_offset: Offset) {
    put(batch, BASE_OFFSET_AT, base_offset.0.to_be_bytes());
}

/// Writes the leader epoch into the batch at the start of `batch`; outside the CRC.
///
/// # Panics
/// If `batch` is shorter than a batch header.
pub fn set_leader_epoch(batch: &mut [u8], leader_epoch: LeaderEpoch) {
    put(batch, LEADER_EPOCH_AT, leader_epoch.0.to_be_bytes());
}

/// Makes the broker's clock the time of every record: sets the timestamp type to LogAppendTime and the max timestamp to
/// `now_ms`, then the CRC. `batch` is exactly one batch.
///
/// # Panics
/// If `batch` is shorter than a batch header.
pub fn set_append_time(batch: &mut [u8], now_ms: i64) {
    let attributes = i16::from_be_bytes(array_at(batch, ATTRIBUTES_AT)) | LOG_APPEND_TIME_BIT;
    put(batch, ATTRIBUTES_AT, attributes.to_be_bytes());
    set_max_timestamp(batch, now_ms);
}

/// Writes the max timestamp, then the CRC. `batch` is exactly one batch.
///
/// # Panics
/// If `batch` is shorter than a batch header.
pub fn set_max_timestamp(batch: &mut [u8], max_timestamp_ms: i64) {
    put(batch, MAX_TIMESTAMP_AT, max_timestamp_ms.to_be_bytes());
    set_crc(batch);
}

/// Writes the CRC that fits the bytes. `batch` is exactly one batch.
fn set_crc(batch: &mut [u8]) {
    let crc = crc_of(batch);
    put(batch, CRC_AT, crc.to_be_bytes());
}

/// CRC-32C (Castagnoli) from the attributes on.
fn crc_of(batch: &[u8]) -> u32 {
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, &batch[ATTRIBUTES_AT..]);
    u32::try_from(crc).expect("a 32-bit crc fits a u32")
}

fn put<const N: usize>(batch: &mut [u8], at: usize, value: [u8; N]) {
    assert!(batch.len() >= BATCH_HEADER_BYTES, "a record batch has a header of {BATCH_HEADER_BYTES} bytes");
    batch[at..at + N].copy_from_slice(&value);
}

/// The `N` bytes at `at`; the caller has checked that they are there.
fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a range of N bytes has N bytes")
}

#[cfg(test)]
mod tests;
