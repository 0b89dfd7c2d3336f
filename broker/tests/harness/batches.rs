//! Record batches as producers send them.

use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::record_batch::BATCH_HEADER_BYTES;
use broker_protocol::types::{ProducerEpoch, ProducerId};
use crc_fast::CrcAlgorithm;

/// Timestamp of the first record of [`batch`]; the others follow by one millisecond each. Young enough for retention.
pub(crate) fn base_time_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap() - 60_000
}

/// One batch of records without keys.
pub(crate) fn batch(values: &[&str]) -> Vec<u8> {
    batch_at(base_time_ms(), values)
}

/// One batch whose first record has that time; the others follow by one millisecond each.
pub(crate) fn batch_at(first_ms: i64, values: &[&str]) -> Vec<u8> {
    fill(BatchBuilder::new(Compression::None), first_ms, values)
}

/// One batch in a compression of its own.
pub(crate) fn compressed(compression: Compression, values: &[&str]) -> Vec<u8> {
    compressed_at(compression, base_time_ms(), values)
}

/// One batch in a compression of its own whose first record has that time.
pub(crate) fn compressed_at(compression: Compression, first_ms: i64, values: &[&str]) -> Vec<u8> {
    fill(BatchBuilder::new(compression), first_ms, values)
}

/// One batch of an idempotent producer.
pub(crate) fn numbered(producer: i64, epoch: i16, sequence: i32, values: &[&str]) -> Vec<u8> {
    numbered_at(base_time_ms(), (producer, epoch, sequence), values)
}

/// One batch of an idempotent producer (id, epoch, first sequence) whose first record has that time.
pub(crate) fn numbered_at(
    first_ms: i64,
    (producer, epoch, sequence): (i64, i16, i32),
    values: &[&str],
) -> Vec<u8> {
    let builder =
        BatchBuilder::new(Compression::None).producer(ProducerId(producer), ProducerEpoch(epoch), sequence);
    fill(builder, first_ms, values)
}

/// One batch of an idempotent producer (id, epoch, first sequence) in a compression of its own.
pub(crate) fn compressed_numbered(
    compression: Compression,
    (producer, epoch, sequence): (i64, i16, i32),
    values: &[&str],
) -> Vec<u8> {
    let builder =
        BatchBuilder::new(compression).producer(ProducerId(producer), ProducerEpoch(epoch), sequence);
    fill(builder, base_time_ms(), values)
}

fn fill(mut builder: BatchBuilder, first_ms: i64, values: &[&str]) -> Vec<u8> {
    for (time, value) in (first_ms..).zip(values) {
        builder.push(time, None, Some(value.as_bytes()), &[]);
    }
    builder.build()
}

/// Changes a batch and makes its CRC right again.
pub(crate) fn changed(mut bytes: Vec<u8>, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    change(&mut bytes);
    let crc = crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, &bytes[CRC_FROM..]);
    let crc = u32::try_from(crc).unwrap();
    bytes[CRC_AT..CRC_FROM].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// Where the CRC stands in a batch.
pub(crate) const CRC_AT: usize = 17;
/// From here on the CRC covers the batch.
const CRC_FROM: usize = 21;
/// Where the format's version stands.
pub(crate) const MAGIC_AT: usize = 16;
/// Where the last offset delta stands.
pub(crate) const LAST_OFFSET_DELTA_AT: usize = 23;
/// Where the count of records stands.
pub(crate) const RECORD_COUNT_AT: usize = 57;
/// Where the first record begins.
pub(crate) const RECORDS_AT: usize = BATCH_HEADER_BYTES;
