//! The bucket's half of recovery: whoever rebuilds a broker from the bucket first makes sure that the old one, should it
//! still live, can publish nothing any more. Only what is read afterwards stays true.
//!
//! Order: remember a claim durably, [`claim_next`], then [`fence_partition`] for each partition of `discover.rs`, then
//! read. A second run, or one after a crash, does the same again and changes nothing but numbers of manifests.

use std::sync::Arc;

use broker_protocol::types::{LeaderEpoch, Offset, Uuid};
use thiserror::Error;

use crate::ids::{Generation, PartitionId};
use crate::keys::ClusterKeys;
use crate::manifest::Manifest;
use crate::publish::{Fence, PublishError, Publisher, load_newest};
use crate::root::{self, Claim, Root, RootError};
use crate::store::Store;

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
