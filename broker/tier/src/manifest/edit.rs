//! Changes of a manifest. Pure: each gives what the next manifest says; nothing counts until that is published.

use broker_log::leader_epoch_cache::LeaderEpochCache;
use broker_protocol::record_batch::NO_TIMESTAMP;
use broker_protocol::types::{Offset, Uuid};
use thiserror::Error;

use super::{Manifest, PageRef, Removed, RemovedObject};
use crate::entry::Entry;
use crate::ids::ManifestNumber;
use crate::keys::PageKey;

/// Entries that a manifest holds itself at most, between two copies: 40 KiB of memory.
pub const ENTRIES_MAX: usize = 192;
/// Entries of a page: the oldest of a manifest that has too many. The rest stays, since what is newest is read most.
pub const PAGE_ENTRIES: usize = 128;
/// Most things in the list of what waits to be deleted; of the rest, retention takes more with a later manifest.
pub const REMOVED_MAX: usize = 1024;

/// Why an entry does not follow the manifest. Nothing was changed; whoever copies plans again, or tells a person.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum AdmissionError {
    /// It would leave a hole, or tell the same offsets twice.
    #[error(
        "an entry that begins at {base_offset} does not follow the last one, which is followed by {next_offset}"
    )]
    NotNext {
        /// Where the entry begins.
        base_offset: Offset,
        /// Where it has to begin.
        next_offset: Offset,
    },
    /// The first entry has to hold the log's start.
    #[error("a first entry from {base_offset} to {end_offset} does not hold the log's start, {log_start}")]
    NotAtStart {
        /// Where the entry begins.
        base_offset: Offset,
        /// Where it ends.
        end_offset: Offset,
        /// First offset that readers may ask for.
        log_start: Offset,
    },
    /// It makes no sense by itself.
    #[error("entry is inconsistent: {0}")]
    Inconsistent(&'static str),
    /// A leader epoch of the entry is older than one that was copied before.
    #[error("an entry that begins with leader epoch {found} follows records of epoch {latest}")]
    OlderEpoch {
        /// First epoch of the entry.
        found: i32,
        /// Newest epoch of the manifest.
        latest: i32,
    },
}

/// Entries that leave the manifest for a page, which has to be written before the manifest is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpilledPage {
    /// Where it goes.
    pub key: PageKey,
    /// Its entries.
    pub entries: Vec<Entry>,
}

impl Manifest {
    /// Adds an entry behind the last one.
    ///
    /// # Errors
    /// The entry does not follow, and nothing is changed.
    pub fn append(&mut self, entry: Entry) -> Result<(), AdmissionError> {
        if let Some(fault) = entry.fault(self.partition) {
            return Err(AdmissionError::Inconsistent(fault));
        }
        let (base_offset, end_offset, log_start) =
            (entry.base_offset, entry.end_offset, self.log_start_offset);
        match self.tiered_end() {
            Some(next_offset) if base_offset != next_offset => {
                return Err(AdmissionError::NotNext { base_offset, next_offset });
            }
            None if !entry.holds(log_start) => {
                return Err(AdmissionError::NotAtStart { base_offset, end_offset, log_start });
            }
            _ => {}
        }
        let (found, latest) = (entry.epochs[0].epoch, self.epochs.latest());
        if found < latest {
            return Err(AdmissionError::OlderEpoch { found: found.0, latest: latest.0 });
        }
        for epoch in &entry.epochs {
            self.epochs.assign(epoch.epoch, epoch.start_offset);
        }
        self.epochs.truncate_from_start(log_start);
        self.next_offset = Some(entry.next_offset());
        self.entries.push(entry);
        Ok(())
    }

    /// Moves the oldest entries into a page if there are too many. The page has to be written before this manifest.
    pub fn spill(&mut self, id: Uuid) -> Option<SpilledPage> {
        if self.entries.len() <= ENTRIES_MAX {
            return None;
        }
        let rest = self.entries.split_off(PAGE_ENTRIES);
        let entries = std::mem::replace(&mut self.entries, rest);
        let (first, last) = (entries.first()?, entries.last()?);
        let key = PageKey { partition: self.partition, first: first.base_offset, id };
        let newest = newest_of(&entries);
        self.pages.push(PageRef {
            key,
            base_offset: first.base_offset,
            end_offset: last.end_offset,
            entry_count: u32::try_from(entries.len()).expect("a page has few entries"),
            removed_count: 0,
            bytes: entries.iter().map(|entry| entry.length).sum(),
            max_timestamp: newest.0,
            max_timestamp_offset: newest.1,
            aborted_count: entries.iter().fold(0, |sum: u32, entry| sum.saturating_add(entry.aborted_count)),
        });
        Some(SpilledPage { key, entries })
    }

    /// Moves the log's start up; it never moves down. Entries that end before it are removed, up to the limits of the
    /// list of what waits to be deleted. Returns whether anything changed.
    ///
    /// The oldest page is trimmed by [`Manifest::trim_page`], which has to see it: see [`Manifest::page_to_trim`].
    pub fn advance_log_start(&mut self, to: Offset, now_ms: i64) -> bool {
        let moved = to > self.log_start_offset;
        if moved {
            self.log_start_offset = to;
            self.epochs.truncate_from_start(to);
        }
        let before = self.removed.len();
        let start = self.log_start_offset;
        let whole = self.pages.iter().take_while(|page| page.end_offset < start).count();
        for page in self.pages.drain(..whole.min(REMOVED_MAX.saturating_sub(before))) {
            let object = RemovedObject::Page(page.key, page.removed_count);
            self.removed.push(Removed { object, removed_ms: now_ms });
        }
        if self.pages.is_empty() {
            let room = REMOVED_MAX.saturating_sub(self.removed.len());
            let gone = self.entries.iter().take_while(|entry| entry.end_offset < start).count();
            for entry in self.entries.drain(..gone.min(room)) {
                let object = RemovedObject::Segment(entry.object);
                self.removed.push(Removed { object, removed_ms: now_ms });
            }
        }
        moved || self.removed.len() > before
    }

    /// The page of which some entries, but not all, may end before the log's start.
    #[must_use]
    pub fn page_to_trim(&self) -> Option<&PageRef> {
        self.pages.first().filter(|page| page.base_offset < self.log_start_offset)
    }

    /// Removes the entries of the oldest page that end before the log's start. `entries` is all that the page holds.
    /// Returns whether anything changed.
    pub fn trim_page(&mut self, entries: &[Entry], now_ms: i64) -> bool {
        let start = self.log_start_offset;
        let room = REMOVED_MAX.saturating_sub(self.removed.len());
        let Some(page) = self.pages.first_mut().filter(|page| page.end_offset >= start) else { return false };
        if entries.first().map(|entry| entry.base_offset) != Some(page.base_offset) {
            return false;
        }
        let removed = page.removed_count as usize;
        let gone = entries.iter().skip(removed).take_while(|entry| entry.end_offset < start).take(room);
        let gone: Vec<&Entry> = gone.collect();
        page.removed_count += u32::try_from(gone.len()).expect("a page has few entries");
        page.bytes -= gone.iter().map(|entry| entry.length).sum::<u64>().min(page.bytes);
        self.removed.extend(
            gone.iter()
                .map(|entry| Removed { object: RemovedObject::Segment(entry.object), removed_ms: now_ms }),
        );
        !gone.is_empty()
    }

    /// Removes everything, as when tiering is turned off with `remote.log.delete.on.disable`: readers may ask from
    /// `log_start` on, which the local log still has, and copying would begin there anew. Returns whether anything
    /// changed.
    pub fn remove_all(&mut self, log_start: Offset, now_ms: i64) -> bool {
        let moved = self.advance_log_start(log_start, now_ms);
        let before = self.removed.len();
        let pages = self.pages.drain(..).map(|page| RemovedObject::Page(page.key, page.removed_count));
        let segments = self.entries.drain(..).map(|entry| RemovedObject::Segment(entry.object));
        self.removed.extend(pages.chain(segments).map(|object| Removed { object, removed_ms: now_ms }));
        self.next_offset = None;
        self.epochs = LeaderEpochCache::default();
        moved || self.removed.len() > before
    }

    /// Takes off the list what was deleted.
    pub fn forget_removed(&mut self, deleted: &[RemovedObject]) {
        self.removed.retain(|removed| !deleted.contains(&removed.object));
    }

    /// Declares that manifests below `number` mean nothing; it never goes back and never passes the newest one.
    pub fn keep_from(&mut self, number: ManifestNumber) {
        let newest = self.number.unwrap_or(ManifestNumber::FIRST);
        self.oldest_kept = self.oldest_kept.max(number.min(newest));
    }
}

/// The largest timestamp of entries and its offset.
fn newest_of(entries: &[Entry]) -> (i64, Offset) {
    let mut newest = (NO_TIMESTAMP, Offset(-1));
    for entry in entries {
        if entry.max_timestamp > newest.0 {
            newest = (entry.max_timestamp, entry.max_timestamp_offset);
        }
    }
    newest
}
