//! Tiered storage: sealed segments are copied to an object store, leave the disk, and are read back (KIP-405).
//!
//! `broker/tier` knows how; here stands when, for which partitions, and what the local log is told. Invariants: only what
//! is below high watermark, last stable offset and what is synced is copied; only what a durable manifest names leaves the
//! disk; a broker that meets a higher generation of its cluster, or whose disk is an older copy, writes nothing more.
//!
//! Read `start.rs` and `survey.rs` (may this broker write?), `worker.rs` (when), `step.rs` (what is done for a partition),
//! `reading.rs`.

pub mod claim;
pub mod connect;
pub(crate) mod known;
mod lineage;
pub(crate) mod lives;
pub mod metadata_backup;
mod partition;
mod reading;
mod scrubbing;
pub mod start;
mod step;
mod survey;
pub mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use broker_config::RemoteConfig;
use broker_protocol::types::{Offset, TopicId};
use broker_tier::bandwidth::Bandwidth;
use broker_tier::copy::Copier;
use broker_tier::ids::{ClusterId, Generation, MetadataOffset, PartitionId};
use broker_tier::keys::ClusterKeys;
use broker_tier::publish::PublishError;
use broker_tier::read::RemoteReader;
use broker_tier::root::Claim;
use broker_tier::store::Store;
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, Semaphore};

pub use partition::{Figures, TieredPartition};
pub use reading::{RemoteBytes, RemoteFault, RemoteRead};
pub use scrubbing::ScrubAnswer;

use self::metadata_backup::lineage::MetadataLineage;
use crate::env::Env;
use crate::replication::partition::Partition;

/// Whether this broker may write to the object store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// The store was not reached since the start: nothing is copied yet.
    Unverified,
    /// It may.
    Active,
    /// It may not any more, and why.
    Stopped(String),
}

/// Counts for metrics; they only grow.
#[derive(Debug, Default)]
pub struct TieringCounts {
    /// Ranges copied.
    pub copies: AtomicU64,
    /// Bytes of them.
    pub copied_bytes: AtomicU64,
    /// Copies, publications and deletions that failed and are tried again.
    pub errors: AtomicU64,
    /// Objects deleted: what retention gave up, deleted topics, orphans.
    pub deleted_objects: AtomicU64,
    /// Reads for clients that failed.
    pub read_errors: AtomicU64,
    /// Reads for clients that were given up because they took too long.
    pub read_timeouts: AtomicU64,
    /// Runs of the scrubber.
    pub scrubs: AtomicU64,
    /// Metadata snapshots written.
    pub metadata_snapshots: AtomicU64,
    /// Metadata snapshots that could not be written.
    pub metadata_errors: AtomicU64,
}

/// Tiered storage of a broker; see the file's header.
#[derive(Debug)]
pub struct Tiering {
    env: Env,
    config: RemoteConfig,
    cluster: ClusterId,
    store: Arc<Store>,
    keys: Arc<ClusterKeys>,
    reader: Arc<RemoteReader>,
    copier: Copier,
    bandwidth: Arc<Bandwidth>,
    /// The limit in force, in bytes a second.
    copy_limit: Mutex<Option<u64>>,
    claim: Claim,
    standing: RwLock<Standing>,
    /// The store's clock minus this machine's, in milliseconds.
    clock_ahead_ms: AtomicI64,
    partitions: Mutex<BTreeMap<PartitionId, Arc<TieredPartition>>>,
    known: known::KnownManifests,
    /// Which metadata snapshots are this disk's.
    metadata: MetadataLineage,
    /// Which manifests are this disk's.
    lives: Arc<lives::Lives>,
    /// How far looking at all manifests is.
    survey: survey::Survey,
    /// Deleted topics whose objects are being deleted.
    deleting: Mutex<BTreeSet<TopicId>>,
    /// Those whose objects were deleted once, and when, by the monotonic clock.
    deleted: Mutex<BTreeMap<TopicId, Duration>>,
    /// Why objects of deleted topics were not deleted, as it was told.
    told_deletions: Mutex<BTreeMap<TopicId, String>>,
    /// Why the store was not reached, as it was told.
    told: Mutex<Option<String>>,
    copying: Arc<Semaphore>,
    /// Held while somebody has all batches read.
    verifying: tokio::sync::Mutex<()>,
    /// Bytes that are being read for clients, and of answers that wait to be sent, in KiB.
    read_budget: Arc<Semaphore>,
    read_budget_units: usize,
    counts: TieringCounts,
    wake: Notify,
}

impl Tiering {
    /// The object store.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Keys of the cluster's objects.
    #[must_use]
    pub fn keys(&self) -> &Arc<ClusterKeys> {
        &self.keys
    }

    /// Reads what was copied.
    #[must_use]
    pub fn reader(&self) -> &Arc<RemoteReader> {
        &self.reader
    }

    /// The generation of the cluster that this broker belongs to.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.claim.generation
    }

    /// The counts.
    #[must_use]
    pub fn counts(&self) -> &TieringCounts {
        &self.counts
    }

    /// Whether this broker may write to the store.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing.read().clone()
    }

    /// Remembers where this disk's metadata were when they began to be compared with the store's, if nothing is remembered
    /// yet; `found`: before this start has added to them.
    ///
    /// # Errors
    /// The disk's.
    pub async fn note_metadata(&self, found: Offset) -> std::io::Result<()> {
        self.metadata.begin_with(&self.env, MetadataOffset(u64::try_from(found.0).unwrap_or(0))).await
    }

    /// What the store's clock shows, in milliseconds since 1970, as far as known.
    #[must_use]
    pub fn store_now_ms(&self) -> i64 {
        self.env.clock.now_ms().saturating_add(self.clock_ahead_ms.load(Ordering::Relaxed))
    }

    /// Has what is due be done soon.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Stops all writing to the store, until the next start: another broker writes in this one's place, or its disk is not
    /// the one that has written before.
    pub fn stop(&self, reason: &str) {
        let mut standing = self.standing.write();
        if !matches!(*standing, Standing::Stopped(_)) {
            tracing::error!(reason, "tiered storage is stopped: nothing more is copied or deleted");
            *standing = Standing::Stopped(reason.to_owned());
        }
    }

    /// Stops all writing to the store if an error says that it is not this broker's any more.
    fn stop_if_replaced(&self, error: &PublishError) {
        if matches!(error, PublishError::Superseded { .. } | PublishError::Lost { .. }) {
            self.stop(&error.to_string());
        }
    }

    /// What is known of the tiering of a partition.
    #[must_use]
    pub fn of(&self, partition: &Partition) -> Arc<TieredPartition> {
        let id = id_of(partition);
        let mut partitions = self.partitions.lock();
        let known = partitions.entry(id);
        Arc::clone(known.or_insert_with(|| Arc::new(TieredPartition::new(id, Arc::clone(partition.topic())))))
    }

    /// All partitions of which something is known, in order.
    #[must_use]
    pub fn partitions(&self) -> Vec<Arc<TieredPartition>> {
        self.partitions.lock().values().cloned().collect()
    }

    fn limit_copies(&self, bytes_per_second: Option<u64>) {
        let mut limit = self.copy_limit.lock();
        if *limit != bytes_per_second {
            *limit = bytes_per_second;
            self.bandwidth.set(bytes_per_second.filter(|limit| *limit < i64::MAX as u64));
        }
    }

    fn forget(&self, id: PartitionId) {
        self.partitions.lock().remove(&id);
        self.known.forget(id);
    }
}

fn id_of(partition: &Partition) -> PartitionId {
    PartitionId { topic_id: partition.topic_id(), partition: partition.index() }
}
