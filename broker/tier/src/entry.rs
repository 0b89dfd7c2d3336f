//! One range of offsets of a partition and where its batches lie: what manifests and pages are lists of.
//!
//! Invariant: an entry that was read makes sense by itself: its offsets, positions and epochs are in order, its object
//! is one of its own partition.

use broker_log::leader_epoch_cache::EpochEntry;
use broker_log::transaction_index::AbortedTxn;
use broker_protocol::record_batch::BATCH_HEADER_BYTES;
use broker_protocol::types::{LeaderEpoch, Offset, ProducerId};
use proto::tier::v1;

use crate::frame::{FormatError, Kind};
use crate::ids::PartitionId;
use crate::keys::{Key, SegmentKey};

/// Fewest bytes of an encoded entry: its key alone has 128.
pub(crate) const ENTRY_BYTES_MIN: usize = 128;
/// Aborted transactions that stand in the entry itself; of more, only the count does.
pub const ABORTED_IN_ENTRY_MAX: usize = 32;
/// Most bytes of batches in an entry, so that the offset index can tell positions.
pub const ENTRY_LENGTH_MAX: u64 = i32::MAX as u64;

/// One range of offsets; see the file's header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// First offset: the base offset of the first batch.
    pub base_offset: Offset,
    /// Last offset, included.
    pub end_offset: Offset,
    /// The object.
    pub object: SegmentKey,
    /// Where the batches begin in it, in bytes.
    pub position: u64,
    /// Bytes of the batches.
    pub length: u64,
    /// Bytes of the object.
    pub object_length: u64,
    /// Where the object's footer begins, in bytes.
    pub footer_position: u64,
    /// CRC-32C of the batches.
    pub batches_crc: u32,
    /// Leader epochs of the range, of which the first begins at the base offset here, wherever it began before.
    pub epochs: Vec<EpochEntry>,
    /// Largest timestamp of a batch, -1 without any.
    pub max_timestamp: i64,
    /// Last offset of the first batch that has it, -1 without any.
    pub max_timestamp_offset: Offset,
    /// Count of aborted transactions whose marker is in the range.
    pub aborted_count: u32,
    /// These, or none if there are more than [`ABORTED_IN_ENTRY_MAX`].
    pub aborted: Vec<AbortedTxn>,
    /// Wall clock when the object was written, milliseconds since 1970.
    pub created_ms: i64,
}

impl Entry {
    /// Offset after the last one.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.end_offset.plus(1)
    }

    /// Whether the range holds an offset.
    #[must_use]
    pub fn holds(&self, offset: Offset) -> bool {
        (self.base_offset..=self.end_offset).contains(&offset)
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.epochs.capacity() * size_of::<EpochEntry>() + self.aborted.capacity() * size_of::<AbortedTxn>()
    }

    pub(crate) fn to_wire(&self) -> v1::Entry {
        v1::Entry {
            base_offset: self.base_offset.0,
            end_offset: self.end_offset.0,
            object: Key::Segment(self.object).to_string(),
            position: self.position,
            length: self.length,
            object_length: self.object_length,
            footer_position: self.footer_position,
            batches_crc: self.batches_crc,
            epochs: epochs_to_wire(&self.epochs),
            max_timestamp: self.max_timestamp,
            max_timestamp_offset: self.max_timestamp_offset.0,
            aborted_count: self.aborted_count,
            aborted: self.aborted.iter().map(aborted_to_wire).collect(),
            created_ms: self.created_ms,
        }
    }

    pub(crate) fn from_wire(
        kind: Kind,
        partition: PartitionId,
        wire: v1::Entry,
    ) -> Result<Entry, FormatError> {
        let object = match Key::parse(&wire.object) {
            Ok(Key::Segment(key)) => key,
            _ => return Err(FormatError::inconsistent(kind, format!("{:?} is no object", wire.object))),
        };
        let entry = Entry {
            base_offset: Offset(wire.base_offset),
            end_offset: Offset(wire.end_offset),
            object,
            position: wire.position,
            length: wire.length,
            object_length: wire.object_length,
            footer_position: wire.footer_position,
            batches_crc: wire.batches_crc,
            epochs: wire.epochs.iter().map(epoch_from_wire).collect(),
            max_timestamp: wire.max_timestamp,
            max_timestamp_offset: Offset(wire.max_timestamp_offset),
            aborted_count: wire.aborted_count,
            aborted: wire.aborted.iter().map(aborted_from_wire).collect(),
            created_ms: wire.created_ms,
        };
        match entry.fault(partition) {
            None => Ok(entry),
            Some(fault) => {
                let range = format!("{}..={}", entry.base_offset, entry.end_offset);
                Err(FormatError::inconsistent(kind, format!("entry {range}: {fault}")))
            }
        }
    }

    /// What is wrong with the entry, if anything is.
    pub(crate) fn fault(&self, partition: PartitionId) -> Option<&'static str> {
        let span = self.end_offset.0.checked_sub(self.base_offset.0);
        let batches_end = self.position.checked_add(self.length);
        let lengths = BATCH_HEADER_BYTES as u64..=ENTRY_LENGTH_MAX;
        let all_aborted = usize::try_from(self.aborted_count) == Ok(self.aborted.len());
        if self.base_offset.0 < 0 || self.end_offset.0 == i64::MAX {
            return Some("offsets are out of range");
        }
        if !span.is_some_and(|span| (0..=i64::from(i32::MAX)).contains(&span)) {
            return Some("offsets are out of order");
        }
        if self.object.partition != partition {
            return Some("the object is another partition's");
        }
        if !lengths.contains(&self.length) {
            return Some("the length is out of range");
        }
        if batches_end.is_none_or(|end| end > self.footer_position)
            || self.footer_position >= self.object_length
        {
            return Some("positions are out of order");
        }
        if !epochs_in_order(&self.epochs, self.base_offset, self.end_offset) {
            return Some("leader epochs are out of order");
        }
        if !(self.aborted.is_empty() || all_aborted) {
            return Some("aborted transactions are missing");
        }
        None
    }
}

fn epochs_in_order(epochs: &[EpochEntry], base: Offset, end: Offset) -> bool {
    let ascend =
        |pair: &[EpochEntry]| pair[0].epoch < pair[1].epoch && pair[0].start_offset < pair[1].start_offset;
    let (Some(first), Some(last)) = (epochs.first(), epochs.last()) else { return false };
    first.start_offset == base && last.start_offset <= end && epochs.windows(2).all(ascend)
}

pub(crate) fn epochs_to_wire(epochs: &[EpochEntry]) -> Vec<v1::EpochStart> {
    let start =
        |entry: &EpochEntry| v1::EpochStart { epoch: entry.epoch.0, start_offset: entry.start_offset.0 };
    epochs.iter().map(start).collect()
}

pub(crate) fn epoch_from_wire(start: &v1::EpochStart) -> EpochEntry {
    EpochEntry { epoch: LeaderEpoch(start.epoch), start_offset: Offset(start.start_offset) }
}

fn aborted_to_wire(txn: &AbortedTxn) -> v1::AbortedTransaction {
    v1::AbortedTransaction {
        producer_id: txn.producer_id.0,
        first_offset: txn.first_offset.0,
        last_offset: txn.last_offset.0,
        last_stable_offset: txn.last_stable_offset.0,
    }
}

fn aborted_from_wire(txn: &v1::AbortedTransaction) -> AbortedTxn {
    AbortedTxn {
        producer_id: ProducerId(txn.producer_id),
        first_offset: Offset(txn.first_offset),
        last_offset: Offset(txn.last_offset),
        last_stable_offset: Offset(txn.last_stable_offset),
    }
}
