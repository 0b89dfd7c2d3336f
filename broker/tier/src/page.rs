//! A page: older entries of a partition's manifests, written once and read on demand.
//!
//! Format: a frame `HWTP` around `Page` of proto/tier/v1.

use proto::tier::v1;

use crate::entry::{ENTRY_BYTES_MIN, Entry};
use crate::frame::{self, FormatError, Kind};
use crate::ids::{ClusterId, PartitionId};
use crate::manifest::check_identity;

/// Field of `Page` that repeats entries.
const ENTRIES_FIELD: u32 = 4;

/// The content of a page.
#[must_use]
pub fn encode(cluster: &ClusterId, partition: PartitionId, entries: &[Entry]) -> Vec<u8> {
    let message = v1::Page {
        cluster_id: cluster.to_string(),
        topic_id: partition.topic_id.0.into_bytes().to_vec(),
        partition: partition.partition.unsigned_abs(),
        entries: entries.iter().map(Entry::to_wire).collect(),
    };
    frame::encode(Kind::Page, &message)
}

/// Reads a page: its entries, oldest first, at least one.
///
/// # Errors
/// The bytes are no page of this cluster and partition.
pub fn decode(bytes: &[u8], cluster: &ClusterId, partition: PartitionId) -> Result<Vec<Entry>, FormatError> {
    let message: v1::Page = frame::decode(Kind::Page, bytes, &[(ENTRIES_FIELD, ENTRY_BYTES_MIN)])?;
    let found = (message.cluster_id.as_str(), message.topic_id.as_slice(), message.partition);
    check_identity(Kind::Page, found, cluster, partition)?;
    let read = |entry| Entry::from_wire(Kind::Page, partition, entry);
    let entries = message.entries.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if entries.is_empty() || !entries.windows(2).all(|pair| pair[0].base_offset < pair[1].base_offset) {
        return Err(FormatError::inconsistent(Kind::Page, "entries are out of order"));
    }
    Ok(entries)
}
