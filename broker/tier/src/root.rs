//! `root/<generation>`: which incarnation of a cluster may write below its keys.
//!
//! Forming a cluster claims generation 1, each recovery from the bucket the next one. A broker remembers what it
//! claimed; one that sees a higher generation was replaced and stops tiering. Format: a frame `HWTR` around `Root` of
//! proto/tier/v1.

use broker_protocol::types::Uuid;
use bytes::Bytes;
use proto::tier::v1;
use thiserror::Error;

use crate::frame::{self, FRAME_BYTES_MAX, FormatError, Kind};
use crate::ids::{ClusterId, Generation};
use crate::keys::{ClusterKeys, Key};
use crate::store::{Resolved, Store};
use crate::store_error::{StoreError, StoreErrorKind};

/// Generations that are looked for one by one behind the newest of a listing, which may be stale.
const PROBES_MAX: u64 = 1000;

/// A claim of a generation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Root {
    /// The cluster.
    pub cluster: ClusterId,
    /// The generation.
    pub generation: Generation,
    /// Random, so that whoever claimed it recognises the claim.
    pub claimant: Uuid,
    /// Wall clock of the claimant, milliseconds since 1970.
    pub created_ms: i64,
}

/// What a broker remembers of its own claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The generation.
    pub generation: Generation,
    /// As in the root.
    pub claimant: Uuid,
}

/// What a bucket says to a broker that starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Neither knows the other: claim the first generation.
    Form,
    /// The broker may tier.
    Current,
    /// The cluster was recovered from the bucket elsewhere: this broker must not write to it.
    Superseded(Generation),
    /// The bucket holds this cluster and the broker has nothing: it must not start, but be recovered.
    Recover(Generation),
    /// Another cluster of the same id made the claim that this broker thinks is its own: it must not write.
    Foreign(Root),
    /// The broker has tiered and the bucket does not know: it is another bucket, or one that was emptied.
    Lost,
}

/// Why a root could not be read or claimed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RootError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A root's content.
    #[error("root of generation {0}: {1}")]
    Format(Generation, FormatError),
}

/// What to do, from the newest root of the bucket and what the broker remembers. Pure.
#[must_use]
pub fn judge(newest: Option<&Root>, remembered: Option<Claim>) -> Standing {
    match (newest, remembered) {
        (None, None) => Standing::Form,
        (None, Some(_)) => Standing::Lost,
        (Some(root), None) => Standing::Recover(root.generation),
        (Some(root), Some(claim)) if root.generation > claim.generation => {
            Standing::Superseded(root.generation)
        }
        (Some(root), Some(claim)) if root.generation < claim.generation => Standing::Lost,
        (Some(root), Some(claim)) if root.claimant != claim.claimant => Standing::Foreign(root.clone()),
        (Some(_), Some(_)) => Standing::Current,
    }
}

impl Root {
    /// The content of the root's object.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let message = v1::Root {
            cluster_id: self.cluster.to_string(),
            generation: self.generation.0,
            claimant: self.claimant.into_bytes().to_vec(),
            created_ms: self.created_ms,
        };
        frame::encode(Kind::Root, &message)
    }

    /// Reads a root.
    ///
    /// # Errors
    /// The bytes are no root of this cluster and generation.
    pub fn decode(bytes: &[u8], cluster: &ClusterId, generation: Generation) -> Result<Root, FormatError> {
        let wire: v1::Root = frame::decode(Kind::Root, bytes, &[])?;
        let elsewhere = || FormatError::inconsistent(Kind::Root, "it is another cluster's or generation's");
        if wire.cluster_id != cluster.as_str() || wire.generation != generation.0 {
            return Err(elsewhere());
        }
        let claimant = Uuid::from_slice(&wire.claimant).map_err(|_| elsewhere())?;
        Ok(Root { cluster: cluster.clone(), generation, claimant, created_ms: wire.created_ms })
    }
}

/// The newest root of a cluster; `None` if the bucket does not know it.
///
/// # Errors
/// The store's, or a damaged root.
pub async fn newest(store: &Store, keys: &ClusterKeys) -> Result<Option<Root>, RootError> {
    let listing = store.list(keys, &keys.roots_path()).await?;
    let generation = |key: &Key| match key {
        Key::Root(generation) => Some(*generation),
        _ => None,
    };
    let listed = listing.objects.iter().filter_map(|object| generation(&object.key)).max();
    let mut found = match listed {
        Some(generation) => read(store, keys, generation).await?,
        None => None,
    };
    let mut next = listed.map_or(Generation::FIRST, Generation::next);
    for _ in 0..PROBES_MAX {
        match read(store, keys, next).await? {
            Some(root) => found = Some(root),
            None => break,
        }
        next = next.next();
    }
    Ok(found)
}

async fn read(store: &Store, keys: &ClusterKeys, generation: Generation) -> Result<Option<Root>, RootError> {
    match store.get(&keys.path(&Key::Root(generation)), FRAME_BYTES_MAX).await {
        Ok((bytes, _)) => Root::decode(&bytes, keys.cluster(), generation)
            .map(Some)
            .map_err(|error| RootError::Format(generation, error)),
        Err(error) if error.kind == StoreErrorKind::Missing => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether a generation after this one was claimed. One request; to be asked before each manifest is published.
///
/// # Errors
/// The store's, or a damaged root.
pub async fn successor(
    store: &Store,
    keys: &ClusterKeys,
    generation: Generation,
) -> Result<Option<Root>, RootError> {
    read(store, keys, generation.next()).await
}

/// Whether the root of a generation is there. One request.
///
/// # Errors
/// The store's.
pub async fn is_claimed(
    store: &Store,
    keys: &ClusterKeys,
    generation: Generation,
) -> Result<bool, RootError> {
    Ok(store.head(&keys.path(&Key::Root(generation))).await?.is_some())
}

/// Claims a generation. Whoever claims remembers `claim` durably before, so that it recognises its claim after a crash.
///
/// Returns the root that is there: somebody else's if they were first.
///
/// # Errors
/// The store's: the claim may have been made or may yet be; claiming again with the same `claim` is harmless.
pub async fn claim(store: &Store, keys: &ClusterKeys, claim: Claim, now_ms: i64) -> Result<Root, RootError> {
    let Claim { generation, claimant } = claim;
    let root = Root { cluster: keys.cluster().clone(), generation, claimant, created_ms: now_ms };
    let path = keys.path(&Key::Root(generation));
    match store.create_resolved(&path, &Bytes::from(root.encode())).await? {
        Resolved::Ours => Ok(root),
        Resolved::Theirs(bytes) => Root::decode(&bytes, keys.cluster(), generation)
            .map_err(|error| RootError::Format(generation, error)),
    }
}

#[cfg(test)]
mod tests;
