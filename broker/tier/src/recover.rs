//! The bucket's half of recovery: whoever rebuilds a broker from the bucket first makes sure that the old one, should it
//! still live, can publish nothing any more. Only what is read afterwards stays true.
//!
//! Order: remember a claim durably, [`claim_next`], then [`fence_partition`] for each partition of `discover.rs`, then
//! read. A second run, or one after a crash, does the same again and changes nothing but numbers of manifests.

use std::sync::Arc;

use broker_protocol::types::{LeaderEpoch, Offset, Uuid};
use bytes::Bytes;
use thiserror::Error;

use crate::ids::{Generation, ManifestNumber, PartitionId};
use crate::keys::{ClusterKeys, Key};
use crate::manifest::{Manifest, Stamp};
use crate::publish::{Fence, PublishError, Publisher, check_generation, load_newest, number_of};
use crate::root::{self, Claim, Root, RootError};
use crate::store::{Resolved, Store};

/// Times that a partition is taken over again because the old broker was faster.
const FENCE_ATTEMPTS: u32 = 10;
/// Times that a generation is tried that others have claimed meanwhile.
const CLAIM_ATTEMPTS: u32 = 10;

/// Why a cluster was not recovered.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RecoverError {
    /// The bucket does not know the cluster.
    #[error("the bucket holds nothing of cluster {0}")]
    Unknown(String),
    /// Others claim generations all the time: somebody else recovers the cluster.
    #[error("the cluster is being recovered by somebody else: generation {0} was claimed meanwhile")]
    Contended(Generation),
    /// The root.
    #[error(transparent)]
    Root(#[from] RootError),
    /// A manifest.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// A partition that nobody but the recovered cluster can publish any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FencedPartition {
    /// What was copied: durable, and what the recovered partition consists of.
    pub manifest: Arc<Manifest>,
    /// The leader epoch in which the fence was published: the partition's first leader has it or a later one.
    pub leader_epoch: LeaderEpoch,
}

/// The claim to be remembered durably before [`claim_next`]: the generation after the newest, or the one that `claimant`
/// has claimed already.
///
/// # Errors
/// `Unknown`; the store's.
pub async fn next_claim(store: &Store, keys: &ClusterKeys, claimant: Uuid) -> Result<Claim, RecoverError> {
    let newest = root::newest(store, keys).await?;
    let newest = newest.ok_or_else(|| RecoverError::Unknown(keys.cluster().to_string()))?;
    let is_own = newest.claimant == claimant;
    let generation = if is_own { newest.generation } else { newest.generation.next() };
    Ok(Claim { generation, claimant })
}

/// Claims the next generation for `claimant`, which is random and was remembered before; claiming again gives the same.
///
/// # Errors
/// `Unknown`, `Contended`; the store's.
pub async fn claim_next(store: &Store, keys: &ClusterKeys, claimant: Uuid) -> Result<Root, RecoverError> {
    let mut lost = Generation::FIRST;
    for _ in 0..CLAIM_ATTEMPTS {
        let claim = next_claim(store, keys, claimant).await?;
        let root = root::claim(store, keys, claim, store.env().clock.now_ms()).await?;
        if root.claimant == claimant {
            return Ok(root);
        }
        lost = root.generation;
    }
    Err(RecoverError::Contended(lost))
}

/// Takes a partition over for a generation that was claimed; `None` if nothing of it was ever published.
///
/// # Errors
/// `Superseded` if somebody else has recovered the cluster since; the store's.
pub async fn fence_partition(
    store: &Arc<Store>,
    keys: &Arc<ClusterKeys>,
    generation: Generation,
    partition: PartitionId,
) -> Result<Option<FencedPartition>, RecoverError> {
    let mut outcome = Ok(());
    for _ in 0..FENCE_ATTEMPTS {
        let Some(found) = load_newest(store, keys, partition, None).await? else { return Ok(None) };
        let leader_epoch = fencing_epoch(&found, generation);
        let none_yet = Manifest::empty(keys.cluster().clone(), partition, found.topic.clone(), Offset(0));
        let fence = Fence { generation, leader_epoch };
        let taken = Publisher::take_over(store.clone(), keys.clone(), fence, found.number, none_yet).await;
        let mut publisher = taken?;
        if publisher.manifest().stamp.is_some_and(|stamp| stamp.generation == generation) {
            return Ok(Some(FencedPartition { manifest: publisher.manifest().clone(), leader_epoch }));
        }
        match publisher.publish_fence().await {
            Ok(()) => {
                return Ok(Some(FencedPartition { manifest: publisher.manifest().clone(), leader_epoch }));
            }
            // The old broker has published once more: what it named is durable and counts.
            Err(PublishError::Moved(number)) => outcome = Err(PublishError::Moved(number)),
            Err(error) => return Err(error.into()),
        }
    }
    outcome?;
    Ok(None)
}

/// Has a partition of which something cannot be read begin anew: its newest manifest names nothing any more, so that
/// nobody takes for copied what is written next. What it had named becomes orphans. `None` if nothing was ever published.
///
/// # Errors
/// `Superseded` if somebody else has recovered the cluster since; the store's.
pub async fn empty_partition(
    store: &Arc<Store>,
    keys: &Arc<ClusterKeys>,
    generation: Generation,
    partition: PartitionId,
    topic: &Arc<str>,
) -> Result<Option<ManifestNumber>, RecoverError> {
    let failed = |error| RecoverError::Publish(PublishError::Store(error));
    for _ in 0..FENCE_ATTEMPTS {
        check_generation(store, keys, generation).await?;
        let listing = store.list(keys, &keys.manifests_path(partition)).await.map_err(failed)?;
        let listed = listing.objects.iter().filter_map(|object| number_of(partition, &object.key)).max();
        let Some(mut newest) = listed else { return Ok(None) };
        while store
            .head(&keys.path(&Key::Manifest(partition, newest.next())))
            .await
            .map_err(failed)?
            .is_some()
        {
            newest = newest.next();
        }
        let number = newest.next();
        let (writer, now_ms) = (store.env().random.uuid(), store.env().clock.now_ms());
        // Any later leader of the generation goes on.
        let stamp = Stamp { generation, leader_epoch: LeaderEpoch(0), writer, now_ms, author: None };
        let none = Manifest::empty(keys.cluster().clone(), partition, Arc::clone(topic), Offset(0));
        let none = Manifest { number: Some(number), stamp: Some(stamp), oldest_kept: number, ..none };
        let path = keys.path(&Key::Manifest(partition, number));
        match store.create_resolved(&path, &Bytes::from(none.encode())).await.map_err(failed)? {
            Resolved::Ours => return Ok(Some(number)),
            // The old broker was faster.
            Resolved::Theirs(_) => {}
        }
    }
    Err(RecoverError::Contended(generation))
}

/// An epoch above all that the partition has had, or the one of a fence that is there already.
fn fencing_epoch(found: &Manifest, generation: Generation) -> LeaderEpoch {
    let written = found.stamp.map_or(LeaderEpoch::NONE, |stamp| stamp.leader_epoch);
    if found.stamp.is_some_and(|stamp| stamp.generation == generation) {
        return written;
    }
    LeaderEpoch(written.max(found.epochs.latest()).0.saturating_add(1))
}

#[cfg(test)]
mod tests;
