//! How far a consumer group is behind, in records and in seconds.

use broker_log::io::DiskFile;
use broker_log::log::ReadRange;
use broker_protocol::compression::Compression;
use broker_protocol::record::Records;
use broker_protocol::record_batch::{BATCH_HEADER_BYTES, BatchHeader, TimestampType};
use broker_protocol::types::Offset;

use crate::replication::partition::Partition;

/// Most bytes of a batch's records that are read to find one of them: every scrape reads them for each group.
const READ_BYTES_MAX: usize = 64 * 1024;

/// Lag of one group in one partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartitionLag {
    /// First offset of the partition.
    pub log_start: Offset,
    /// Its high watermark.
    pub high_watermark: Offset,
    /// Records between the committed offset and the high watermark.
    pub records: i64,
    /// Age of the record at the committed offset, in milliseconds; 0 if there are none behind it, `None` if it has no timestamp
    /// or cannot be read. Inside a batch that is compressed or large it may be the age of the batch's first record.
    pub age_ms: Option<u64>,
}

impl PartitionLag {
    /// The age in seconds; 0 if it is not known.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.age_ms.unwrap_or(0) as f64 / 1000.0
    }
}

/// The lag of a group that has committed `committed`.
#[must_use]
pub fn of(partition: &Partition, committed: Offset, now_ms: i64) -> PartitionLag {
    let high_watermark = partition.high_watermark();
    let start = partition.log().with(|log| log.log_start_offset());
    let from = committed.max(start);
    let range = ReadRange { from, max_bytes: 0, min_one_batch: true, upper: high_watermark };
    let found = (from < high_watermark).then(|| partition.log().read(&range));
    let records = (high_watermark.0 - committed.max(start).0).max(0);
    // A log that cannot be read shows elsewhere.
    let timestamp = found
        .and_then(Result::ok)
        .and_then(|extent| timestamp_at(extent.file.as_ref(), extent.position, committed.max(start)));
    let age_ms = match timestamp {
        _ if records == 0 => Some(0),
        Some(timestamp) if timestamp >= 0 => {
            Some(u64::try_from(now_ms.saturating_sub(timestamp)).unwrap_or(0))
        }
        _ => None,
    };
    PartitionLag { log_start: start, high_watermark, records, age_ms }
}

/// The timestamp of the first record at or after `offset` in the batch at `position`; where that record cannot be seen
/// without opening the batch or reading much of it, that of the batch's first record, which bounds it.
fn timestamp_at(file: &dyn DiskFile, position: u64, offset: Offset) -> Option<i64> {
    let mut bytes = [0; BATCH_HEADER_BYTES];
    file.read_at(&mut bytes, position).ok()?;
    let header = BatchHeader::parse(&bytes).ok()?;
    if header.timestamp_type() == TimestampType::LogAppendTime {
        return Some(header.max_timestamp);
    }
    // A delete horizon stands where the first record's timestamp was (KIP-534).
    let has_first = !header.has_delete_horizon();
    let bound = if has_first { header.base_timestamp } else { header.max_timestamp };
    if has_first && offset <= header.base_offset || header.compression() != Ok(Compression::None) {
        return Some(bound);
    }
    let len = header.size_in_bytes().saturating_sub(BATCH_HEADER_BYTES).min(READ_BYTES_MAX);
    let mut records = vec![0; len];
    let read = file.read_at(&mut records, position + BATCH_HEADER_BYTES as u64).ok()?;
    let found = Records::new(&records[..read], header.record_count)
        .map_while(Result::ok)
        .find(|record| record.offset(&header) >= offset);
    Some(found.map_or(bound, |record| record.timestamp_ms(&header)))
}
