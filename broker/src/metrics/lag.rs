//! How far a consumer group is behind, in records and in seconds.

use broker_protocol::record_batch::{BATCH_HEADER_BYTES, BatchHeader};
use broker_protocol::types::Offset;

use crate::replication::partition::Partition;

/// Lag of one group in one partition.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PartitionLag {
    /// Records between the committed offset and the high watermark.
    pub records: i64,
    /// Age of the record at the committed offset, in seconds; 0 when there is none.
    pub seconds: f64,
}

/// The lag of a group that has committed `committed`.
#[must_use]
pub fn of(partition: &Partition, committed: Offset, now_ms: i64) -> PartitionLag {
    let high_watermark = partition.high_watermark();
    let (start, found) = partition.log().with(|log| {
        let start = log.log_start_offset();
        let first_unread = committed.max(start);
        let found = (first_unread < high_watermark).then(|| log.read(first_unread, 0, true, high_watermark));
        (start, found)
    });
    let records = (high_watermark.0 - committed.max(start).0).max(0);
    // The header of the batch that holds the first unread record; a log that cannot be read shows elsewhere.
    let timestamp = found.and_then(Result::ok).and_then(|extent| {
        let mut header = [0; BATCH_HEADER_BYTES];
        extent.file.read_at(&mut header, extent.position).ok()?;
        Some(BatchHeader::parse(&header).ok()?.base_timestamp)
    });
    let seconds = match timestamp {
        Some(timestamp) if records > 0 => now_ms.saturating_sub(timestamp).max(0) as f64 / 1000.0,
        _ => 0.0,
    };
    PartitionLag { records, seconds }
}
