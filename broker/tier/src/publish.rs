//! Publishing manifests: the next number only, create-if-absent only, and every answer that may be wrong is resolved by
//! reading back.
//!
//! ```text
//! take over: newest of a listing -> read -> probe number + 1 until absent
//! publish:   no successor of the root -> the disk knows the author -> create number + 1 -> read back if in doubt
//!            -> nothing behind it in a listing
//! ```
//! A writer stops when it meets a higher generation or leader epoch. After any error but these, what was published is
//! unknown: take over again before the next edit. An object that an attempt has named is never deleted by its copier.

use std::sync::Arc;
use std::time::Duration;

use broker_protocol::types::LeaderEpoch;
use bytes::Bytes;
use thiserror::Error;

use crate::author::Authorship;
use crate::entry::Entry;
use crate::frame::{FRAME_BYTES_MAX, FormatError, Kind};
use crate::ids::{Generation, ManifestNumber, PartitionId};
use crate::keys::{ClusterKeys, Key, PageKey};
use crate::manifest::{Manifest, Stamp};
use crate::page;
use crate::root::{self, RootError};
use crate::store::{Resolved, Store};
use crate::store_error::{StoreError, StoreErrorKind};

/// Manifests that are looked for one by one behind the newest of a listing, which may be stale.
const PROBES_MAX: u32 = 10_000;
/// Times that a listing is made anew because what it names is gone.
const LISTINGS_MAX: u32 = 3;
/// A publication that took longer is taken for one whose number may have been used and deleted meanwhile. Far below the
/// time for which manifests are kept.
const PUBLISH_TIME_MAX: Duration = Duration::from_secs(3600);

/// As whom a broker publishes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fence {
    /// The generation that it claimed.
    pub generation: Generation,
    /// The epoch in which it leads the partition.
    pub leader_epoch: LeaderEpoch,
}

/// Why a manifest was not published, or could not be read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PublishError {
    /// The cluster was recovered elsewhere: stop tiering altogether.
    #[error("the cluster was begun anew as generation {by}: this broker, of generation {own}, stops tiering")]
    Superseded {
        /// The generation met.
        by: Generation,
        /// One's own.
        own: Generation,
    },
    /// The bucket is another one, or was emptied: stop tiering altogether.
    #[error(
        "the object store does not know generation {own} of the cluster any more: it was emptied, is not mounted or is \
         another one; once it is back, start the broker again"
    )]
    Lost {
        /// One's own generation.
        own: Generation,
    },
    /// A newer leader tiers this partition: stop tiering it.
    #[error(
        "manifest {number} is of leader epoch {by}: this leader, of epoch {own}, stops tiering the partition"
    )]
    Fenced {
        /// The manifest met.
        number: ManifestNumber,
        /// Its epoch.
        by: LeaderEpoch,
        /// One's own.
        own: LeaderEpoch,
    },
    /// An earlier leader, or an earlier attempt of this one, has published meanwhile: take over again and plan anew.
    #[error("manifest {0} was published meanwhile")]
    Moved(ManifestNumber),
    /// The store: nothing is known to be published; take over again later.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An object is not what it should be: a person has to look.
    #[error("{object}: {error}")]
    Damaged {
        /// The object.
        object: String,
        /// What is wrong with it.
        error: FormatError,
    },
    /// The disk: nothing is published.
    #[error("the disk does not remember what is published: {0}")]
    Unremembered(String),
    /// A manifest that was known is gone, and all behind it: a person has to look.
    #[error(
        "manifest {known} of {partition} was published and is gone; the newest in the bucket is {newest:?}"
    )]
    WentBack {
        /// The partition.
        partition: PartitionId,
        /// The number known.
        known: ManifestNumber,
        /// The newest number found.
        newest: Option<ManifestNumber>,
    },
}

impl From<RootError> for PublishError {
    fn from(error: RootError) -> PublishError {
        match error {
            RootError::Store(error) => error.into(),
            RootError::Format(generation, error) => {
                PublishError::Damaged { object: Key::Root(generation).to_string(), error }
            }
        }
    }
}

/// Publishes the manifests of one partition.
#[derive(Debug)]
pub struct Publisher {
    store: Arc<Store>,
    keys: Arc<ClusterKeys>,
    fence: Fence,
    authorship: Option<Arc<dyn Authorship>>,
    newest: Arc<Manifest>,
}

impl Publisher {
    /// Takes a partition over. `known` is the newest number that the broker has heard of, by replication or its
    /// checkpoint; `none_yet` is the manifest of a partition of which nothing was copied.
    ///
    /// # Errors
    /// `Superseded` or `Fenced` by what is there; `WentBack`; `Damaged`; `Store`.
    pub async fn take_over(
        store: Arc<Store>,
        keys: Arc<ClusterKeys>,
        fence: Fence,
        known: Option<ManifestNumber>,
        none_yet: Manifest,
    ) -> Result<Publisher, PublishError> {
        let found = load_newest(&store, &keys, none_yet.partition, known).await?;
        let newest = Arc::new(found.unwrap_or(none_yet));
        let publisher = Publisher { store, keys, fence, authorship: None, newest };
        publisher.check_fence(&publisher.newest)?;
        Ok(publisher)
    }

    /// Has manifests name their author.
    #[must_use]
    pub fn with_authorship(self, authorship: Arc<dyn Authorship>) -> Publisher {
        Publisher { authorship: Some(authorship), ..self }
    }

    /// The newest manifest as far as known: what is edited next.
    #[must_use]
    pub fn manifest(&self) -> &Arc<Manifest> {
        &self.newest
    }

    /// As whom it publishes.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.fence
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &Arc<ClusterKeys> {
        &self.keys
    }

    /// Publishes an edit of [`Publisher::manifest`]. Whatever it names has to be in the bucket.
    ///
    /// # Errors
    /// See [`PublishError`]; the edit counts if and only if this returns `Ok`, now or in what the next take-over finds.
    pub async fn publish(&mut self, edited: Manifest) -> Result<(), PublishError> {
        let env = self.store.env();
        self.check_generation().await?;
        let number = self.newest.number.map_or(ManifestNumber::FIRST, ManifestNumber::next);
        let author = match &self.authorship {
            Some(authorship) => Some(authorship.next().await.map_err(unremembered)?),
            None => None,
        };
        let stamp = Stamp {
            generation: self.fence.generation,
            leader_epoch: self.fence.leader_epoch,
            writer: env.random.uuid(),
            now_ms: env.clock.now_ms(),
            author,
        };
        let next = Manifest { number: Some(number), stamp: Some(stamp), ..edited };
        let path = self.keys.path(&Key::Manifest(next.partition, number));
        let began = env.clock.monotonic();
        let bytes = Bytes::from(next.encode());
        let resolved = if self.store.is_planted_manifest_overwritten() {
            self.store.put_unique(&path, bytes).await.map(|()| Resolved::Ours)
        } else {
            self.store.create_resolved(&path, &bytes).await
        };
        match resolved? {
            Resolved::Ours => {}
            Resolved::Theirs(bytes) => {
                let theirs = decode(&bytes, &self.keys, next.partition, number)?;
                self.check_fence(&theirs)?;
                return Err(PublishError::Moved(number));
            }
        }
        let took = env.clock.monotonic().saturating_sub(began);
        self.check_is_newest(&next, took).await?;
        self.newest = Arc::new(next);
        Ok(())
    }

    /// Writes the newest manifest once more under one's own generation and epoch, so that whoever led before can
    /// publish nothing any more: what recovery does before it reads.
    ///
    /// # Errors
    /// As [`Publisher::publish`]; on `Moved`, take over and try again.
    pub async fn publish_fence(&mut self) -> Result<(), PublishError> {
        self.publish(Manifest::clone(&self.newest)).await
    }

    /// Whether the newest manifest is one's own, so that no earlier leader can publish any more.
    #[must_use]
    pub fn is_fencing(&self) -> bool {
        let own = |stamp: &Stamp| (stamp.generation, stamp.leader_epoch);
        self.newest.stamp.as_ref().map(own) == Some((self.fence.generation, self.fence.leader_epoch))
    }

    /// Whether the cluster is still this broker's: asked before anything is written or deleted.
    ///
    /// # Errors
    /// As [`check_generation`].
    pub async fn check_generation(&self) -> Result<(), PublishError> {
        check_generation(&self.store, &self.keys, self.fence.generation).await
    }

    /// A create that was long under way may have used a number that others had used before and deleted again.
    async fn check_is_newest(&self, ours: &Manifest, took: Duration) -> Result<(), PublishError> {
        let (partition, number) = (ours.partition, ours.number.unwrap_or(ManifestNumber::FIRST));
        let behind = self.keys.path(&Key::Manifest(partition, number));
        let prefix = self.keys.manifests_path(partition);
        let later = self.store.list_behind(&self.keys, &prefix, Some(&behind)).await?;
        let later = later.objects.iter().filter_map(|object| number_of(partition, &object.key)).max();
        let known = if took > PUBLISH_TIME_MAX { later.max(Some(number)) } else { later };
        if known.is_none() {
            return Ok(());
        }
        let newest = load_newest(&self.store, &self.keys, partition, known).await?;
        match newest {
            Some(newest) if newest.number == ours.number => Ok(()),
            Some(newest) => {
                self.check_fence(&newest)?;
                Err(PublishError::Moved(newest.number.unwrap_or(number)))
            }
            None => Err(PublishError::Moved(number)),
        }
    }

    fn check_fence(&self, found: &Manifest) -> Result<(), PublishError> {
        let Some((number, stamp)) = found.number.zip(found.stamp) else { return Ok(()) };
        let (own, by) = (self.fence, stamp);
        if by.generation > own.generation {
            return Err(PublishError::Superseded { by: by.generation, own: own.generation });
        }
        // Epochs of an earlier generation count for nothing: a recovered cluster may begin with smaller ones.
        if by.generation == own.generation && by.leader_epoch > own.leader_epoch {
            return Err(PublishError::Fenced { number, by: by.leader_epoch, own: own.leader_epoch });
        }
        Ok(())
    }
}

/// Whether nobody has begun the cluster anew after this generation, and the bucket still is the one where it was claimed.
/// Two requests, at the same time.
///
/// # Errors
/// `Superseded`, `Lost`, `Damaged`, `Store`.
pub async fn check_generation(
    store: &Store,
    keys: &ClusterKeys,
    own: Generation,
) -> Result<(), PublishError> {
    let (successor, claimed) =
        tokio::join!(root::successor(store, keys, own), root::is_claimed(store, keys, own));
    match successor? {
        Some(successor) => Err(PublishError::Superseded { by: successor.generation, own }),
        None if claimed? => Ok(()),
        None => Err(PublishError::Lost { own }),
    }
}

/// The newest manifest of a partition, `None` if there is none. `known` is a number that was heard of.
///
/// # Errors
/// `WentBack`, `Damaged`, `Store`.
pub async fn load_newest(
    store: &Store,
    keys: &ClusterKeys,
    partition: PartitionId,
    known: Option<ManifestNumber>,
) -> Result<Option<Manifest>, PublishError> {
    let mut listed = None;
    for _ in 0..LISTINGS_MAX {
        let listing = store.list(keys, &keys.manifests_path(partition)).await?;
        listed = listing.objects.iter().filter_map(|object| number_of(partition, &object.key)).max();
        let Some(start) = listed.max(known) else {
            return probe(store, keys, partition, ManifestNumber::FIRST, None).await;
        };
        if let Some(found) = load(store, keys, partition, start).await? {
            return probe(store, keys, partition, start.next(), Some(found)).await;
        }
        if Some(start) != listed {
            break;
        }
        // It was deleted after the listing was made, so there are newer ones.
    }
    let known = known.or(listed).unwrap_or(ManifestNumber::FIRST);
    Err(PublishError::WentBack { partition, known, newest: listed })
}

async fn probe(
    store: &Store,
    keys: &ClusterKeys,
    partition: PartitionId,
    from: ManifestNumber,
    mut found: Option<Manifest>,
) -> Result<Option<Manifest>, PublishError> {
    let mut next = from;
    for _ in 0..PROBES_MAX {
        match load(store, keys, partition, next).await? {
            Some(manifest) => found = Some(manifest),
            None => return Ok(found),
        }
        next = next.next();
    }
    Ok(found)
}

/// A manifest, `None` if it is not there.
///
/// # Errors
/// `Damaged`, `Store`.
pub async fn load(
    store: &Store,
    keys: &ClusterKeys,
    partition: PartitionId,
    number: ManifestNumber,
) -> Result<Option<Manifest>, PublishError> {
    match store.get(&keys.path(&Key::Manifest(partition, number)), FRAME_BYTES_MAX).await {
        Ok((bytes, _)) => decode(&bytes, keys, partition, number).map(Some),
        Err(error) if error.kind == StoreErrorKind::Missing => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The entries of a page.
///
/// # Errors
/// `Damaged`; `Store`, also if it is not there.
pub async fn load_page(store: &Store, keys: &ClusterKeys, key: PageKey) -> Result<Vec<Entry>, PublishError> {
    let (bytes, _) = store.get(&keys.path(&Key::Page(key)), FRAME_BYTES_MAX).await?;
    let damaged = |error| PublishError::Damaged { object: key.to_string(), error };
    let entries = page::decode(&bytes, keys.cluster(), key.partition).map_err(damaged)?;
    if entries[0].base_offset != key.first {
        let error = FormatError::inconsistent(Kind::Page, "it begins elsewhere than its key says");
        return Err(damaged(error));
    }
    Ok(entries)
}

/// The manifest's number, if it is a key of one of this partition.
pub(crate) fn number_of(partition: PartitionId, key: &Key) -> Option<ManifestNumber> {
    match key {
        Key::Manifest(of, number) if *of == partition => Some(*number),
        _ => None,
    }
}

fn unremembered(error: std::io::Error) -> PublishError {
    PublishError::Unremembered(error.to_string())
}

fn decode(
    bytes: &[u8],
    keys: &ClusterKeys,
    partition: PartitionId,
    number: ManifestNumber,
) -> Result<Manifest, PublishError> {
    let damaged =
        |error| PublishError::Damaged { object: Key::Manifest(partition, number).to_string(), error };
    Manifest::decode(bytes, keys.cluster(), partition, number).map_err(damaged)
}

#[cfg(test)]
mod tests;
