//! What a bucket holds, for whoever has nothing else: which clusters, which partitions, and what of them, newest or as
//! they were at some moment for which manifests are kept.

use broker_protocol::types::{Offset, TopicId};

use crate::ids::{ClusterId, ManifestNumber, PartitionId};
use crate::keys::{ClusterKeys, Prefix};
use crate::manifest::Manifest;
use crate::meta::{self, MetaError, MetaSnapshot};
use crate::publish::{PublishError, load, load_newest, number_of};
use crate::root::{self, Root, RootError};
use crate::store::Store;
use crate::store_error::StoreError;

/// A cluster in a bucket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClusterFound {
    /// Its id.
    pub cluster: ClusterId,
    /// Its newest root, or why it cannot be read; `None` where there is none, so that nothing can be recovered.
    pub root: Result<Option<Root>, RootError>,
}

/// What a partition comes to in a bucket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionFound {
    /// The partition.
    pub partition: PartitionId,
    /// The topic's name when the manifest was written.
    pub topic: String,
    /// The manifest.
    pub number: ManifestNumber,
    /// First offset that readers may ask for.
    pub log_start_offset: Offset,
    /// Offset after the last record that was copied: what lies beyond cannot be there.
    pub next_offset: Offset,
    /// Bytes of all batches.
    pub bytes: u64,
    /// Count of entries.
    pub entries: u64,
    /// Wall clock of whoever wrote the manifest.
    pub written_ms: i64,
}

/// The clusters below a prefix.
///
/// # Errors
/// The store's.
pub async fn clusters(store: &Store, prefix: &Prefix) -> Result<Vec<ClusterFound>, StoreError> {
    let mut found = Vec::new();
    for folder in store.folders(&prefix.path()).await? {
        let Ok(cluster) = prefix.cluster_of(&folder) else { continue };
        let keys = ClusterKeys::new(prefix, &cluster);
        let root = root::newest(store, &keys).await;
        found.push(ClusterFound { cluster, root });
    }
    found.sort_by(|one, other| one.cluster.cmp(&other.cluster));
    Ok(found)
}

/// The topics of a cluster of which something is in the bucket, deleted ones that are not cleaned up yet included.
///
/// # Errors
/// The store's.
pub async fn topics(store: &Store, keys: &ClusterKeys) -> Result<Vec<TopicId>, StoreError> {
    let folders = store.folders(&keys.topics_path()).await?;
    let mut found: Vec<TopicId> = folders.iter().filter_map(|folder| keys.topic_at(folder).ok()).collect();
    found.sort_unstable();
    Ok(found)
}

/// When the newest object of a topic was written by the store's clock, milliseconds since 1970; `None` if there is none.
///
/// # Errors
/// The store's.
pub async fn written_ms(
    store: &Store,
    keys: &ClusterKeys,
    topic_id: TopicId,
) -> Result<Option<i64>, StoreError> {
    let listing = store.list(keys, &keys.topic_path(topic_id)).await?;
    Ok(listing.objects.iter().map(|object| object.modified_ms).max())
}

/// The partitions of a topic of which something is in the bucket.
///
/// # Errors
/// The store's.
pub async fn partitions(
    store: &Store,
    keys: &ClusterKeys,
    topic_id: TopicId,
) -> Result<Vec<PartitionId>, StoreError> {
    let folders = store.folders(&keys.topic_path(topic_id)).await?;
    let mut found: Vec<PartitionId> =
        folders.iter().filter_map(|folder| keys.partition_at(folder).ok()).collect();
    found.sort_unstable();
    Ok(found)
}

/// The manifest of a partition that was the newest at a moment by the store's clock, or is without one. What was below
/// the log's start later stays below it: its objects may be gone.
///
/// # Errors
/// See [`PublishError`].
pub async fn manifest_at(
    store: &Store,
    keys: &ClusterKeys,
    partition: PartitionId,
    at_ms: Option<i64>,
) -> Result<Option<Manifest>, PublishError> {
    let Some(newest) = load_newest(store, keys, partition, None).await? else { return Ok(None) };
    let Some(at_ms) = at_ms else { return Ok(Some(newest)) };
    let listing = store.list(keys, &keys.manifests_path(partition)).await?;
    let then = listing.objects.iter().filter(|object| object.modified_ms <= at_ms);
    let then = then.filter_map(|object| number_of(partition, &object.key)).max();
    let Some(number) = then.filter(|number| *number >= newest.oldest_kept) else { return Ok(None) };
    let Some(mut manifest) = load(store, keys, partition, number).await? else { return Ok(None) };
    manifest.advance_log_start(newest.log_start_offset, at_ms);
    Ok(Some(manifest))
}

/// What a manifest comes to; `None` if it names nothing.
#[must_use]
pub fn summary(manifest: &Manifest) -> Option<PartitionFound> {
    Some(PartitionFound {
        partition: manifest.partition,
        topic: manifest.topic.to_string(),
        number: manifest.number?,
        log_start_offset: manifest.log_start_offset,
        next_offset: manifest.tiered_end()?,
        bytes: manifest.bytes(),
        entries: manifest.entry_count(),
        written_ms: manifest.stamp?.now_ms,
    })
}

/// The newest metadata snapshot that can be read, written at a moment or before it by the store's clock; and those that
/// are newer and cannot be read.
///
/// # Errors
/// The store's.
pub async fn snapshot_at(
    store: &Store,
    keys: &ClusterKeys,
    at_ms: Option<i64>,
) -> Result<(Option<MetaSnapshot>, Vec<MetaError>), StoreError> {
    let mut damaged = Vec::new();
    for (offset, modified_ms) in meta::list(store, keys).await? {
        if at_ms.is_some_and(|at_ms| modified_ms > at_ms) {
            continue;
        }
        match meta::read(store, keys, offset).await {
            Ok(snapshot) => return Ok((Some(snapshot), damaged)),
            Err(MetaError::Store(error)) => return Err(error),
            Err(error) => damaged.push(error),
        }
    }
    Ok((None, damaged))
}

#[cfg(test)]
mod tests;
