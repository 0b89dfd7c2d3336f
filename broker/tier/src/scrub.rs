//! Compares what the bucket holds of a partition with what its newest manifest names, tells what is wrong, and removes
//! what nobody names any more.
//!
//! Nothing is decided from a listing alone: what is not in one is asked for by name before it is told as missing, and
//! what is in one is removed only if it is older than any copy that may still be under way.

use std::collections::{HashMap, HashSet};

use broker_protocol::types::{Offset, TopicId};
use futures_util::future::ready;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;

use crate::entry::Entry;
use crate::frame::Crc;
use crate::ids::{Generation, ManifestNumber, PartitionId};
use crate::keys::{ClusterKeys, Key};
use crate::manifest::{Manifest, RemovedObject};
use crate::publish::{PublishError, Publisher, check_generation, load_newest, load_page, number_of};
use crate::store::{Listed, Listing, Store};
use crate::store_error::{StoreError, StoreErrorKind};

/// Age at which an object that nobody names is an orphan: three times what a copy may take.
pub const ORPHAN_AGE_MS: i64 = 6 * 3600 * 1000;
/// Time for which manifests that were superseded are kept.
pub const MANIFEST_AGE_MS: i64 = 24 * 3600 * 1000;
/// Bytes of batches that are read and compared at once.
const PIECE_BYTES: u64 = 4 << 20;
/// Objects that are deleted at once: no more than the lane for such requests is wide.
const DELETIONS_AT_ONCE: usize = 8;
/// Objects of a deleted topic that go before it is asked again whether the cluster is still one's own.
const DELETIONS_PER_CHECK: usize = 64;
/// Rounds in which the objects of a deleted topic are listed and deleted.
const DELETE_ROUNDS_MAX: usize = 10;

/// What is wrong with a partition in the bucket, and what is left over.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScrubReport {
    /// Objects that nobody names, old enough to be removed.
    pub orphans: Vec<Key>,
    /// Objects that nobody names and that may belong to a copy under way.
    pub young_count: usize,
    /// Objects that are named and not there: records are lost, a person has to look.
    pub missing: Vec<Key>,
    /// Objects that are named and have another size: records are lost, a person has to look.
    pub resized: Vec<Key>,
    /// Pages that are named and cannot be read: what they name is not known, a person has to look.
    pub damaged: Vec<Key>,
    /// Objects that nobody names who can be read; a page that is missing or damaged may, so they stay.
    pub undecided_count: usize,
    /// Offsets between two entries that no entry holds: the first and the one after the last.
    pub gaps: Vec<(Offset, Offset)>,
    /// Offsets that two entries hold.
    pub overlaps: Vec<(Offset, Offset)>,
    /// Manifests that mean nothing any more.
    pub old_manifests: Vec<ManifestNumber>,
    /// The oldest manifest that is young enough to be kept, and its predecessor's number.
    pub keep_from: Option<ManifestNumber>,
    /// Names that are none of this layout's; they are left alone.
    pub foreign: Vec<String>,
    /// Objects that were removed.
    pub removed_count: usize,
    /// Uploads whose parts a crash had left, and that were aborted.
    pub aborted_uploads: usize,
}

impl ScrubReport {
    /// Whether records are lost or told twice.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let has_all = self.missing.is_empty() && self.resized.is_empty() && self.damaged.is_empty();
        has_all && self.gaps.is_empty() && self.overlaps.is_empty()
    }
}

/// What a manifest and its pages name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Named {
    /// Objects that have to be there, with the size of those whose size is known.
    pub needed: HashMap<Key, Option<u64>>,
    /// Objects that wait to be deleted: they may be there or not.
    pub leaving: HashSet<Key>,
    /// First and last offset of every entry in order.
    pub ranges: Vec<(Offset, Offset)>,
    /// Pages that are not what was written.
    pub damaged: Vec<Key>,
    /// A page that is missing or damaged may name objects that nobody else does.
    pub is_partial: bool,
}

impl Named {
    fn add_entries(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.needed.insert(Key::Segment(entry.object), Some(entry.object_length));
            self.ranges.push((entry.base_offset, entry.end_offset));
        }
    }
}

/// Compares. Pure; `now_ms` is by the store's clock.
#[must_use]
pub fn judge(manifest: &Manifest, named: &Named, listing: &Listing, now_ms: i64) -> ScrubReport {
    let (foreign, damaged) = (listing.foreign.clone(), named.damaged.clone());
    let mut report = ScrubReport { foreign, damaged, ..ScrubReport::default() };
    let listed: HashMap<Key, &Listed> = listing.objects.iter().map(|object| (object.key, object)).collect();
    for (key, size) in &named.needed {
        match listed.get(key) {
            None => report.missing.push(*key),
            Some(object) if size.is_some_and(|size| size != object.size) => report.resized.push(*key),
            Some(_) => {}
        }
    }
    for object in &listing.objects {
        let is_named = named.needed.contains_key(&object.key) || named.leaving.contains(&object.key);
        match object.key {
            Key::Manifest(_, number) if number < manifest.oldest_kept => report.old_manifests.push(number),
            Key::Segment(_) if !is_named && named.is_partial => report.undecided_count += 1,
            Key::Segment(_) | Key::Page(_) if !is_named => {
                if object.modified_ms <= now_ms.saturating_sub(ORPHAN_AGE_MS) {
                    report.orphans.push(object.key);
                } else {
                    report.young_count += 1;
                }
            }
            _ => {}
        }
    }
    for pair in named.ranges.windows(2) {
        let (before, after) = (pair[0].1.plus(1), pair[1].0);
        if before < after {
            report.gaps.push((before, after));
        } else if before > after {
            report.overlaps.push((after, before));
        }
    }
    report.keep_from = keep_from(manifest, listing, now_ms);
    report.missing.sort_unstable();
    report.orphans.sort_unstable();
    report
}

/// The manifests of the last while are kept, and the one that was the newest when it began.
fn keep_from(manifest: &Manifest, listing: &Listing, now_ms: i64) -> Option<ManifestNumber> {
    let old = |object: &&Listed| object.modified_ms <= now_ms.saturating_sub(MANIFEST_AGE_MS);
    let numbers = listing.objects.iter().filter(old);
    let newest_old = numbers.filter_map(|object| number_of(manifest.partition, &object.key)).max();
    // One alone is not worth a manifest: an idle partition would get one with every run.
    newest_old.filter(|number| number.0 > manifest.oldest_kept.0 + 1)
}

/// Everything that a manifest and its pages name. Pages that are gone or damaged are told by the report, and nothing that
/// they may name is an orphan.
///
/// # Errors
/// The store's.
pub async fn named_by(store: &Store, keys: &ClusterKeys, manifest: &Manifest) -> Result<Named, PublishError> {
    let mut named = Named::default();
    for page in &manifest.pages {
        named.needed.insert(Key::Page(page.key), None);
        match load_page(store, keys, page.key).await {
            Ok(entries) => {
                named.add_entries(entries.get(page.removed_count as usize..).unwrap_or_default());
                let removed = entries.iter().take(page.removed_count as usize);
                named.leaving.extend(removed.map(|entry| Key::Segment(entry.object)));
            }
            Err(PublishError::Store(error)) if error.kind == StoreErrorKind::Missing => {
                named.is_partial = true;
                named.ranges.push((page.base_offset, page.end_offset));
            }
            Err(PublishError::Damaged { .. }) => {
                named.is_partial = true;
                named.damaged.push(Key::Page(page.key));
                named.ranges.push((page.base_offset, page.end_offset));
            }
            Err(error) => return Err(error),
        }
    }
    named.add_entries(&manifest.entries);
    for removed in &manifest.removed {
        match removed.object {
            RemovedObject::Segment(key) => {
                named.leaving.insert(Key::Segment(key));
            }
            RemovedObject::Page(key, _) => {
                named.leaving.insert(Key::Page(key));
                match load_page(store, keys, key).await {
                    Ok(entries) => {
                        named.leaving.extend(entries.iter().map(|entry| Key::Segment(entry.object)));
                    }
                    // It goes last: what it named is gone.
                    Err(PublishError::Store(error)) if error.kind == StoreErrorKind::Missing => {}
                    Err(PublishError::Damaged { .. }) => {
                        named.is_partial = true;
                        named.damaged.push(Key::Page(key));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(named)
}

/// Looks at a partition and removes nothing. `now_ms` is by the store's clock.
///
/// # Errors
/// The store's, or a damaged manifest or page.
pub async fn inspect(
    store: &Store,
    keys: &ClusterKeys,
    manifest: &Manifest,
    now_ms: i64,
) -> Result<ScrubReport, PublishError> {
    let listing = store.list(keys, &keys.partition_path(manifest.partition)).await?;
    // The manifest may be older than the listing, but then what it does not name is young.
    let named = named_by(store, keys, manifest).await?;
    let mut report = judge(manifest, &named, &listing, now_ms);
    let mut missing = Vec::new();
    for key in std::mem::take(&mut report.missing) {
        match store.head(&keys.path(&key)).await? {
            None => missing.push(key),
            Some((size, _))
                if named.needed.get(&key).copied().flatten().is_some_and(|known| known != size) =>
            {
                report.resized.push(key);
            }
            Some(_) => {}
        }
    }
    report.missing = missing;
    Ok(report)
}

/// Looks at a partition that one leads, and removes orphans and manifests that mean nothing any more.
///
/// # Errors
/// The store's, or as [`Publisher::publish`]; what was removed stays removed.
pub async fn scrub(publisher: &mut Publisher, now_ms: i64) -> Result<ScrubReport, PublishError> {
    let (store, keys) = (publisher.store().clone(), publisher.keys().clone());
    let partition = publisher.manifest().partition;
    // Without one, all that is there is nobody's: what was copied first, and never published.
    let newest = load_newest(&store, &keys, partition, publisher.manifest().number).await?;
    let newest = newest.unwrap_or_else(|| Manifest::clone(publisher.manifest()));
    if newest.number != publisher.manifest().number {
        return Err(PublishError::Moved(newest.number.unwrap_or(ManifestNumber::FIRST)));
    }
    let mut report = inspect(&store, &keys, &newest, now_ms).await?;
    if !report.orphans.is_empty() {
        // An earlier leader that stood still may yet publish what it has copied: first it has to be fenced.
        if !publisher.is_fencing() {
            publisher.publish_fence().await?;
        }
        report.removed_count += delete_all(&store, &keys, &report.orphans).await?;
    }
    report.aborted_uploads = abort_old_uploads(&store, &keys.partition_path(partition), now_ms).await;
    if let Some(number) = report.keep_from {
        // The next run deletes those below it: first it has to be durable that they mean nothing.
        let mut edited = Manifest::clone(publisher.manifest());
        edited.keep_from(number);
        publisher.publish(edited).await?;
    }
    let manifest = |number: &ManifestNumber| Key::Manifest(partition, *number);
    let old: Vec<Key> = report.old_manifests.iter().map(manifest).collect();
    report.removed_count += delete_all(&store, &keys, &old).await?;
    Ok(report)
}

/// Deletes objects, several at once; returns how many.
async fn delete_all(store: &Store, keys: &ClusterKeys, objects: &[Key]) -> Result<usize, StoreError> {
    let paths: Vec<Path> = objects.iter().map(|key| keys.path(key)).collect();
    let deletions = stream::iter(paths).map(|path| async move { store.delete(&path).await });
    deletions.buffer_unordered(DELETIONS_AT_ONCE).try_for_each(|()| ready(Ok(()))).await?;
    Ok(objects.len())
}

/// Aborts uploads that no copy can be under way with any more. A store that cannot list them is none the worse.
async fn abort_old_uploads(store: &Store, prefix: &Path, now_ms: i64) -> usize {
    match store.abort_uploads(prefix, now_ms.saturating_sub(ORPHAN_AGE_MS)).await {
        Ok(aborted) => aborted,
        Err(error) => {
            tracing::debug!(%error, "uploads that a crash has left are not looked for");
            0
        }
    }
}

/// Deletes everything of a topic that was deleted, as long as nobody has begun the cluster anew after `own`: whoever has
/// may have the topic still. Harmless to repeat; returns how many objects were deleted.
///
/// # Errors
/// `Superseded`; the store's, or there is always something left: it goes the next time.
pub async fn delete_topic(
    store: &Store,
    keys: &ClusterKeys,
    own: Generation,
    topic_id: TopicId,
) -> Result<usize, PublishError> {
    let (mut deleted, prefix) = (0, keys.topic_path(topic_id));
    check_generation(store, keys, own).await?;
    abort_old_uploads(store, &prefix, i64::MAX).await;
    // A leader that does not know yet may still be writing.
    for _ in 0..DELETE_ROUNDS_MAX {
        let objects = store.list(keys, &prefix).await?.objects;
        if objects.is_empty() {
            return Ok(deleted);
        }
        // Manifests first: without them nothing else means anything.
        let (mut all, others): (Vec<Key>, Vec<Key>) =
            objects.iter().map(|object| object.key).partition(|key| matches!(key, Key::Manifest(..)));
        all.extend(others);
        for some in all.chunks(DELETIONS_PER_CHECK) {
            check_generation(store, keys, own).await?;
            deleted += delete_all(store, keys, some).await?;
        }
    }
    let detail = format!("objects are left after {deleted} deletions: somebody writes them");
    Err(StoreError::new(StoreErrorKind::Unreachable, "delete", prefix, detail).into())
}

/// Reads all batches that a manifest names and compares their checksums: damage that no size tells. Gives the objects
/// that are damaged; those that are missing are [`inspect`]'s to tell, as are pages. In memory is one piece at a time.
///
/// # Errors
/// The store's.
pub async fn verify_batches(
    store: &Store,
    keys: &ClusterKeys,
    manifest: &Manifest,
) -> Result<Vec<Key>, PublishError> {
    let mut damaged = Vec::new();
    for page in &manifest.pages {
        match load_page(store, keys, page.key).await {
            Ok(entries) => {
                let left = entries.get(page.removed_count as usize..).unwrap_or_default();
                verify_entries(store, keys, left, &mut damaged).await?;
            }
            Err(PublishError::Damaged { .. }) => {}
            Err(PublishError::Store(error)) if error.kind == StoreErrorKind::Missing => {}
            Err(error) => return Err(error),
        }
    }
    verify_entries(store, keys, &manifest.entries, &mut damaged).await?;
    Ok(damaged)
}

async fn verify_entries(
    store: &Store,
    keys: &ClusterKeys,
    entries: &[Entry],
    damaged: &mut Vec<Key>,
) -> Result<(), StoreError> {
    for entry in entries {
        let (key, end) = (Key::Segment(entry.object), entry.position + entry.length);
        let (path, mut crc, mut at) = (keys.path(&key), Crc::new(), entry.position);
        let is_sound = loop {
            if at >= end {
                break crc.finish() == entry.batches_crc;
            }
            let piece = at..(at + PIECE_BYTES).min(end);
            at = piece.end;
            match store.get_range(&path, piece).await {
                Ok(bytes) => crc.update(&bytes),
                Err(error) if error.kind == StoreErrorKind::Missing => break true,
                // It is shorter than it was.
                Err(error) if matches!(error.kind, StoreErrorKind::Invalid | StoreErrorKind::Truncated) => {
                    break false;
                }
                Err(error) => return Err(error),
            }
        };
        if !is_sound {
            damaged.push(key);
        }
    }
    Ok(())
}

/// Looks at a partition of which nothing is known here, as a person asks for it.
///
/// # Errors
/// As [`inspect`].
pub async fn inspect_newest(
    store: &Store,
    keys: &ClusterKeys,
    partition: PartitionId,
    now_ms: i64,
) -> Result<Option<ScrubReport>, PublishError> {
    match load_newest(store, keys, partition, None).await? {
        Some(manifest) => inspect(store, keys, &manifest, now_ms).await.map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests;
