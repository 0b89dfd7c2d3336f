//! Records out of the batches of a fetch, owned, for code that checks what was read.

use broker_protocol::record::RecordError;
use broker_protocol::record_batch::{BatchError, batches};

/// Most content of one compressed batch that is held.
const DECOMPRESSED_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A record that a consumer would see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnedRecord {
    /// Offset in the partition.
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp_ms: i64,
    /// Leader epoch of the batch.
    pub leader_epoch: i32,
    /// Producer id of the batch, or -1.
    pub producer_id: i64,
    /// The key; `None` is null.
    pub key: Option<Vec<u8>>,
    /// The value; `None` is null.
    pub value: Option<Vec<u8>>,
}

/// Reads the records in `bytes` from `from_offset` on: checks each batch's CRC, leaves out control records and a batch cut
/// off at the end. Aborted transactions are not filtered.
///
/// # Errors
/// If a batch is damaged.
pub fn read_records(bytes: &[u8], from_offset: i64) -> Result<Vec<OwnedRecord>, RecordError> {
    let mut found = Vec::new();
    for batch in batches(bytes) {
        let batch = match batch {
            Err(BatchError::Truncated { .. }) => break,
            batch => batch?,
        };
        batch.verify_crc()?;
        if batch.header.is_control() {
            continue;
        }
        let content = batch.decompress(DECOMPRESSED_BYTES_MAX)?;
        for record in batch.records(&content) {
            let record = record?;
            let offset = record.offset(&batch.header).0;
            if offset >= from_offset {
                found.push(OwnedRecord {
                    offset,
                    timestamp_ms: record.timestamp_ms(&batch.header),
                    leader_epoch: batch.header.partition_leader_epoch.0,
                    producer_id: batch.header.producer_id.0,
                    key: record.key.map(<[u8]>::to_vec),
                    value: record.value.map(<[u8]>::to_vec),
                });
            }
        }
    }
    Ok(found)
}
