//! What to copy next, and what may go where. Pure: values in, values out.
//!
//! Rules: only what is below high watermark, last stable offset and what is on stable storage is copied, in order and
//! without gap; a local segment goes only once a durable manifest names all of it; what goes from the bucket is decided
//! from one ledger of bytes, and never from where the local log begins.

use broker_log::leader_epoch_cache::EpochEntry;
use broker_protocol::types::Offset;

use crate::entry::Entry;
use crate::keys::PageKey;
use crate::manifest::Manifest;

/// Offsets that bound what may be copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// The high watermark.
    pub high_watermark: Offset,
    /// The last stable offset.
    pub last_stable_offset: Offset,
    /// Offset below which everything is on this broker's stable storage.
    pub fsynced: Offset,
}

impl Bounds {
    /// Nothing at or above it is copied.
    #[must_use]
    pub fn ceiling(&self) -> Offset {
        self.high_watermark.min(self.last_stable_offset).min(self.fsynced)
    }
}

/// A segment of the local log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocalSegment {
    /// First offset.
    pub base_offset: Offset,
    /// Base offset of the segment after it; the log's end for the active one.
    pub next_offset: Offset,
    /// Bytes.
    pub bytes: u64,
    /// Nothing is appended to it any more.
    pub is_sealed: bool,
    /// Largest timestamp of a record, or when it was written if records have none; milliseconds since 1970.
    pub newest_ms: i64,
}

/// What a copier does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CopyStep {
    /// Copy the batches from `from` to the end of the segment.
    Copy {
        /// Base offset of the segment.
        segment_base: Offset,
        /// In the first batch.
        from: Offset,
        /// Offset after the last batch.
        next_offset: Offset,
    },
    /// Publish a manifest with this log start first: nothing of what was copied is behind it.
    AdvanceLogStart(Offset),
    /// Everything sealed is copied.
    UpToDate,
    /// A segment waits until all of it is below the ceiling.
    AtCeiling {
        /// What the ceiling has to reach.
        needed: Offset,
    },
    /// The local log does not have what has to be copied next: a person has to look, nothing is copied or deleted.
    Gap {
        /// What has to be copied next.
        needed: Offset,
        /// Where the local log begins.
        local_start: Offset,
    },
}

/// What to copy next. `log_start` is the partition's first offset, `segments` are the local ones in order.
#[must_use]
pub fn next_copy(
    manifest: &Manifest,
    log_start: Offset,
    segments: &[LocalSegment],
    bounds: &Bounds,
) -> CopyStep {
    let from = match manifest.tiered_end() {
        Some(end) if end < log_start => return CopyStep::AdvanceLogStart(log_start),
        Some(end) => end,
        None => log_start.max(manifest.log_start_offset),
    };
    let local_start = segments.first().map_or(from, |segment| segment.base_offset);
    if from < local_start {
        return CopyStep::Gap { needed: from, local_start };
    }
    let holding = segments.iter().find(|segment| from < segment.next_offset);
    match holding {
        Some(segment) if !segment.is_sealed => CopyStep::UpToDate,
        Some(segment) if segment.next_offset > bounds.ceiling() => {
            CopyStep::AtCeiling { needed: segment.next_offset }
        }
        Some(segment) => {
            CopyStep::Copy { segment_base: segment.base_offset, from, next_offset: segment.next_offset }
        }
        None => CopyStep::UpToDate,
    }
}

/// How far copying is behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CopyLag {
    /// Bytes of sealed segments, or parts of them, that are not in the bucket.
    pub bytes: u64,
    /// Age of the newest record of the oldest such segment; `None` without one.
    pub oldest_ms: Option<i64>,
}

/// How far copying is behind. Of a segment that is copied in part, all bytes count.
#[must_use]
pub fn copy_lag(manifest: &Manifest, segments: &[LocalSegment], now_ms: i64) -> CopyLag {
    let end = manifest.tiered_end().unwrap_or(manifest.log_start_offset);
    let behind = segments.iter().filter(|segment| segment.is_sealed && segment.next_offset > end);
    let mut lag = CopyLag::default();
    for segment in behind {
        lag.bytes += segment.bytes;
        lag.oldest_ms.get_or_insert(now_ms.saturating_sub(segment.newest_ms).max(0));
    }
    lag
}

/// Limits of what stays, local or in the bucket; `None` for no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Wall clock, milliseconds since 1970.
    pub now_ms: i64,
    /// `local.retention.ms` or `retention.ms`.
    pub retention_ms: Option<u64>,
    /// `local.retention.bytes` or `retention.bytes`.
    pub retention_bytes: Option<u64>,
}

impl Limits {
    fn is_expired(&self, newest_ms: i64) -> bool {
        let age = u64::try_from(self.now_ms.saturating_sub(newest_ms)).unwrap_or(0);
        self.retention_ms.is_some_and(|retention_ms| age > retention_ms)
    }

    fn excess(&self, total: u64) -> u64 {
        self.retention_bytes.map_or(0, |retained| total.saturating_sub(retained))
    }
}

/// How many of the oldest local segments may be deleted by `local.retention.*`. `durable` is a manifest that was
/// published, or `None` where the partition is not tiered: then this has no say.
#[must_use]
pub fn local_deletable(durable: Option<&Manifest>, segments: &[LocalSegment], limits: &Limits) -> usize {
    let Some(tiered_end) =
        durable.filter(|manifest| manifest.number.is_some()).and_then(Manifest::tiered_end)
    else {
        return 0;
    };
    let mut excess = limits.excess(segments.iter().map(|segment| segment.bytes).sum());
    let mut count = 0;
    for segment in segments {
        let surplus = excess > 0 && excess >= segment.bytes;
        if !segment.is_sealed
            || segment.next_offset > tiered_end
            || !(surplus || limits.is_expired(segment.newest_ms))
        {
            break;
        }
        excess = excess.saturating_sub(segment.bytes);
        count += 1;
    }
    count
}

/// What retention of the whole partition comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RetentionStep {
    /// The log start as it has to be; it may be what it is.
    StartAt(Offset),
    /// The entries of this page decide: ask again with them.
    NeedsPage(PageKey),
}

/// Where the log has to start by `retention.*`. `local_only_bytes` are those behind what was copied, `oldest` the
/// entries of a page that was asked for.
#[must_use]
pub fn retained_start(
    manifest: &Manifest,
    oldest: Option<(PageKey, &[Entry])>,
    local_only_bytes: u64,
    limits: &Limits,
) -> RetentionStep {
    let mut start = manifest.log_start_offset;
    let mut excess = limits.excess(manifest.bytes() + local_only_bytes);
    for page in &manifest.pages {
        let newest_ms = page.max_timestamp;
        let goes = (excess > 0 && excess >= page.bytes) || expires(limits, newest_ms);
        if page.end_offset < start || goes {
            excess = excess.saturating_sub(page.bytes);
            start = start.max(page.end_offset.plus(1));
            continue;
        }
        return match oldest {
            Some((key, entries)) if key == page.key => {
                let left = entries.get(page.removed_count as usize..).unwrap_or_default();
                RetentionStep::StartAt(start.max(start_among(left, start, excess, limits)))
            }
            _ if excess == 0 && limits.retention_ms.is_none() => RetentionStep::StartAt(start),
            _ => RetentionStep::NeedsPage(page.key),
        };
    }
    RetentionStep::StartAt(start_among(&manifest.entries, start, excess, limits))
}

fn start_among(entries: &[Entry], mut start: Offset, mut excess: u64, limits: &Limits) -> Offset {
    for entry in entries {
        let newest_ms = if entry.max_timestamp >= 0 { entry.max_timestamp } else { entry.created_ms };
        let goes = (excess > 0 && excess >= entry.length) || expires(limits, newest_ms);
        if entry.end_offset >= start && !goes {
            break;
        }
        excess = excess.saturating_sub(entry.length);
        start = start.max(entry.next_offset());
    }
    start
}

/// Whether something whose newest record is so old goes. Of a page without timestamps nothing is known: it is looked at.
fn expires(limits: &Limits, newest_ms: i64) -> bool {
    newest_ms >= 0 && limits.is_expired(newest_ms)
}

/// The leader epochs of local log and bucket together: those of the bucket below its end, the local ones behind it.
#[must_use]
pub fn joined_epochs(manifest: &Manifest, local: &[EpochEntry]) -> Vec<EpochEntry> {
    let end = manifest.tiered_end().unwrap_or(manifest.log_start_offset);
    let mut joined: Vec<EpochEntry> = manifest.epochs.entries().to_vec();
    let latest = manifest.epochs.latest();
    joined.extend(local.iter().filter(|entry| entry.epoch > latest && entry.start_offset >= end));
    joined
}

#[cfg(test)]
mod tests;
