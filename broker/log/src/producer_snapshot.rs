//! `<offset>.snapshot`: the producers as they were when the log ended at that offset, in Kafka's format.
//!
//! ```text
//! version i16 = 1 | crc u32 (CRC-32C of all that follows) | count i32 | entries
//! entry: producer id i64 | epoch i16 | last sequence i32 | last offset i64 | offset delta i32 | timestamp i64
//!        | coordinator epoch i32 | first offset of the open transaction i64, -1 for none
//! ```
//! It holds the last batch of each producer only, so retries of the four before are not recognised after a restart
//! from it; our own checkpoint keeps all five.

use broker_protocol::types::{Offset, ProducerEpoch, ProducerId};
use thiserror::Error;

use crate::entry_file::crc32c;
use crate::producer_state::{BatchMetadata, ProducerState, ProducerTable};

const VERSION: i16 = 1;
const HEADER_BYTES: usize = 10;
const CRC_END: usize = 6;
const ENTRY_BYTES: usize = 46;

/// Why a snapshot cannot be used; the producers are then read from the log itself.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SnapshotError {
    /// Too short or too long for its entries.
    #[error("producer snapshot has {0} bytes, which does not fit its count of entries")]
    Length(usize),
    /// Written by another version.
    #[error("producer snapshot has version {0}, expected {VERSION}")]
    Version(i16),
    /// The checksum does not fit.
    #[error("producer snapshot does not fit its checksum")]
    Checksum,
}

/// The content of the file for these producers.
#[must_use]
pub fn encode(producers: &ProducerTable) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + producers.len() * ENTRY_BYTES);
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    let count = i32::try_from(producers.len()).expect("fewer than 2^31 producers");
    bytes.extend_from_slice(&count.to_be_bytes());
    for (id, state) in producers.iter() {
        let last = state.batches().last();
        bytes.extend_from_slice(&id.0.to_be_bytes());
        bytes.extend_from_slice(&state.epoch.0.to_be_bytes());
        bytes.extend_from_slice(&state.last_sequence().to_be_bytes());
        bytes.extend_from_slice(&last.map_or(-1, |batch| batch.last_offset.0).to_be_bytes());
        bytes.extend_from_slice(&last.map_or(0, |batch| batch.offset_delta).to_be_bytes());
        bytes.extend_from_slice(&state.last_timestamp.to_be_bytes());
        bytes.extend_from_slice(&state.coordinator_epoch.to_be_bytes());
        bytes.extend_from_slice(&state.transaction_start.map_or(-1, |offset| offset.0).to_be_bytes());
    }
    let crc = crc32c(&bytes[CRC_END..]);
    bytes[2..CRC_END].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// Reads a file.
///
/// # Errors
/// Another version, a wrong length or a wrong checksum.
pub fn decode(bytes: &[u8]) -> Result<ProducerTable, SnapshotError> {
    let entries = bytes.get(HEADER_BYTES..).ok_or(SnapshotError::Length(bytes.len()))?;
    let version = i16::from_be_bytes([bytes[0], bytes[1]]);
    if version != VERSION {
        return Err(SnapshotError::Version(version));
    }
    let crc = u32::from_be_bytes(array(bytes, 2));
    if crc != crc32c(&bytes[CRC_END..]) {
        return Err(SnapshotError::Checksum);
    }
    let count = usize::try_from(i32::from_be_bytes(array(bytes, CRC_END)));
    if count.ok().and_then(|count| count.checked_mul(ENTRY_BYTES)) != Some(entries.len()) {
        return Err(SnapshotError::Length(bytes.len()));
    }
    let mut producers = ProducerTable::default();
    for entry in entries.chunks_exact(ENTRY_BYTES) {
        let (id, state) = decode_entry(entry);
        producers.restore(id, state);
    }
    Ok(producers)
}

fn decode_entry(entry: &[u8]) -> (ProducerId, ProducerState) {
    let timestamp = i64::from_be_bytes(array(entry, 26));
    let last_offset = i64::from_be_bytes(array(entry, 14));
    let batch = BatchMetadata {
        last_sequence: i32::from_be_bytes(array(entry, 10)),
        last_offset: Offset(last_offset),
        offset_delta: i32::from_be_bytes(array(entry, 22)).max(0),
        timestamp,
    };
    let start = i64::from_be_bytes(array(entry, 38));
    let state = ProducerState::restored(
        ProducerEpoch(i16::from_be_bytes(array(entry, 8))),
        i32::from_be_bytes(array(entry, 34)),
        timestamp,
        (start >= 0).then_some(Offset(start)),
        if last_offset >= 0 { std::slice::from_ref(&batch) } else { &[] },
    );
    (ProducerId(i64::from_be_bytes(array(entry, 0))), state)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a range of N bytes has N bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `00000000000000000072.snapshot` of a log that Kafka 4.3.1 wrote.
    const KAFKA: &str = "000145ad4489000000020000000000000003000000000 01d00000000000000400000000 4\
        000001a1fd68924500000000ffffffffffffffff000000000000000400000000001d00000000000000450000\
        0004000001a1fd68922d00000000ffffffffffffffff";

    fn kafka_bytes() -> Vec<u8> {
        let digits: Vec<char> = KAFKA.chars().filter(char::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
            .collect()
    }

    #[test]
    fn snapshot_that_kafka_wrote_is_read_and_written_alike() {
        let producers = decode(&kafka_bytes()).unwrap();
        let known: Vec<_> = producers.iter().map(|(id, state)| (id.0, state.last_sequence())).collect();
        assert_eq!(known, [(3, 29), (4, 29)]);
        assert_eq!(encode(&producers), kafka_bytes());
    }

    /// fault = 38
    #[test]
    fn any_flipped_bit_or_missing_byte_is_noticed() {
        let bytes = kafka_bytes();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(decode(&damaged).is_err(), "byte {at}");
            assert!(decode(&bytes[..at]).is_err(), "length {at}");
        }
    }
}
