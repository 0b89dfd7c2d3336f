//! A partition's manifest: which objects hold which of its offsets. Pure; `publish.rs` writes and reads it.
//!
//! ```text
//! log start ─┬─ pages of older entries ─┬─ entries ─┬─ next offset: where copying goes on
//! ```
//! Invariants, kept by the edits of `manifest/edit.rs`: entries follow one another without gap or overlap, log start and
//! `oldest_kept` never go back. Of what is read, only the order of entries is demanded, so that a damaged history can be
//! read where it is whole, and reported by the scrubber where it is not.

mod edit;
mod wire;

pub use edit::{AdmissionError, ENTRIES_MAX, PAGE_ENTRIES, REMOVED_MAX, SpilledPage};
pub(crate) use wire::check_identity;

use std::sync::Arc;

use broker_log::leader_epoch_cache::LeaderEpochCache;
use broker_protocol::types::{LeaderEpoch, Offset, Uuid};

use crate::author::Author;
use crate::entry::Entry;
use crate::ids::{ClusterId, Generation, ManifestNumber, PartitionId};
use crate::keys::{PageKey, SegmentKey};

/// A page of older entries, as the manifest knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageRef {
    /// The page.
    pub key: PageKey,
    /// First offset of its first entry, also of one that was removed.
    pub base_offset: Offset,
    /// Last offset of its last entry.
    pub end_offset: Offset,
    /// Count of its entries.
    pub entry_count: u32,
    /// How many of its first entries were removed.
    pub removed_count: u32,
    /// Bytes of the batches of those that were not.
    pub bytes: u64,
    /// Largest timestamp, -1 without any.
    pub max_timestamp: i64,
    /// Its offset, as in the entry.
    pub max_timestamp_offset: Offset,
    /// Count of aborted transactions whose marker is in the page.
    pub aborted_count: u32,
}

/// What no entry names any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RemovedObject {
    /// An object with batches.
    Segment(SegmentKey),
    /// A page, with the objects that its entries from the given one on name.
    Page(PageKey, u32),
}

/// Something that is to be deleted, and since when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Removed {
    /// What.
    pub object: RemovedObject,
    /// Wall clock when it was removed, milliseconds since 1970.
    pub removed_ms: i64,
}

/// Who writes a manifest, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// Generation that the writer belongs to.
    pub generation: Generation,
    /// Leader epoch in which it writes.
    pub leader_epoch: LeaderEpoch,
    /// Random, so that the writer recognises its own manifest.
    pub writer: Uuid,
    /// Wall clock, milliseconds since 1970.
    pub now_ms: i64,
    /// Which life of which data directory; `None` for recovery.
    pub author: Option<Author>,
}

/// A manifest; see the file's header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// The cluster.
    pub cluster: ClusterId,
    /// The partition.
    pub partition: PartitionId,
    /// The topic's name, for people.
    pub topic: Arc<str>,
    /// The number; `None` as long as nothing was published.
    pub number: Option<ManifestNumber>,
    /// Who wrote it; `None` as long as nothing was published.
    pub stamp: Option<Stamp>,
    /// First offset that readers may ask for.
    pub log_start_offset: Offset,
    /// Offset after the last entry; `None` as long as nothing was copied.
    pub next_offset: Option<Offset>,
    /// Leader epochs from the log start to the last entry.
    pub epochs: LeaderEpochCache,
    /// Older entries, oldest first.
    pub pages: Vec<PageRef>,
    /// The newest entries, oldest first.
    pub entries: Vec<Entry>,
    /// What waits to be deleted.
    pub removed: Vec<Removed>,
    /// Manifests with smaller numbers mean nothing.
    pub oldest_kept: ManifestNumber,
    /// Copying was turned off.
    pub is_copying_stopped: bool,
}

/// Where an offset is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place<'a> {
    /// In this entry.
    Entry(&'a Entry),
    /// In an entry of this page.
    Page(&'a PageRef),
    /// Below the log's start.
    BelowStart,
    /// At or above the end of what was copied.
    AboveEnd,
    /// Nowhere, although what is before and behind it was copied.
    Gap,
}

impl Manifest {
    /// The manifest of a partition of which nothing was copied.
    #[must_use]
    pub fn empty(cluster: ClusterId, partition: PartitionId, topic: Arc<str>, log_start: Offset) -> Manifest {
        Manifest {
            cluster,
            partition,
            topic,
            number: None,
            stamp: None,
            log_start_offset: log_start,
            next_offset: None,
            epochs: LeaderEpochCache::default(),
            pages: Vec::new(),
            entries: Vec::new(),
            removed: Vec::new(),
            oldest_kept: ManifestNumber::FIRST,
            is_copying_stopped: false,
        }
    }

    /// Offset up to which everything from the log's start on is in the bucket: local segments that end there or before
    /// may be deleted. `None` if nothing is.
    #[must_use]
    pub fn tiered_end(&self) -> Option<Offset> {
        self.next_offset.filter(|_| !(self.pages.is_empty() && self.entries.is_empty()))
    }

    /// Bytes of the batches of all entries: the one ledger of what retention counts.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let paged: u64 = self.pages.iter().map(|page| page.bytes).sum();
        paged + self.entries.iter().map(|entry| entry.length).sum::<u64>()
    }

    /// Count of entries, those in pages included.
    #[must_use]
    pub fn entry_count(&self) -> u64 {
        let paged: u64 = self.pages.iter().map(|page| u64::from(page.entry_count - page.removed_count)).sum();
        paged + self.entries.len() as u64
    }

    /// Where an offset is.
    #[must_use]
    pub fn find(&self, offset: Offset) -> Place<'_> {
        if offset < self.log_start_offset {
            return Place::BelowStart;
        }
        if self.tiered_end().is_none_or(|end| offset >= end) {
            return Place::AboveEnd;
        }
        if let Some(entry) = find_entry(&self.entries, offset) {
            return Place::Entry(entry);
        }
        let after = self.pages.partition_point(|page| page.base_offset <= offset);
        match after.checked_sub(1).map(|index| &self.pages[index]) {
            Some(page) if offset <= page.end_offset => Place::Page(page),
            _ => Place::Gap,
        }
    }

    /// The largest epoch not larger than `epoch`, and the offset after its last record, if that lies in what was
    /// copied; otherwise the local log knows.
    #[must_use]
    pub fn epoch_end_offset(&self, epoch: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        let end = self.tiered_end()?;
        if epoch >= self.epochs.latest() {
            return None;
        }
        let (found, offset) = self.epochs.end_offset_for(epoch, end);
        (found != LeaderEpoch::NONE).then_some((found, offset))
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let entries: usize = self.entries.iter().map(Entry::heap_bytes).sum();
        entries
            + self.entries.capacity() * size_of::<Entry>()
            + self.pages.capacity() * size_of::<PageRef>()
            + self.removed.capacity() * size_of::<Removed>()
            + std::mem::size_of_val(self.epochs.entries())
    }
}

/// The entry of a list in order that holds an offset. Of two that overlap, the later one.
#[must_use]
pub fn find_entry(entries: &[Entry], offset: Offset) -> Option<&Entry> {
    let after = entries.partition_point(|entry| entry.base_offset <= offset);
    entries[..after].last().filter(|entry| entry.holds(offset))
}

#[cfg(test)]
pub(crate) mod tests;
