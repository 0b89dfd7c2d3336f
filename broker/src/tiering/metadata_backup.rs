//! Copies the cluster's metadata and what groups have committed into the object store, as snapshots that recovery begins
//! with.
//!
//! ```text
//! changed? -> no later generation -> durable commits -> image -> meta/<its offset> -> old ones go
//! ```
//! The key of a snapshot is the offset of the metadata: where nothing but commits has changed, a record without effect
//! moves it on first. Nothing waits for a snapshot: one that fails is told once, counted, and tried again.

pub mod lineage;
pub mod payload;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use broker_protocol::types::Offset;
use broker_state::metadata::record::{NoOp, RecordKind};
use broker_state::metadata::{MetadataBatch, MetadataImage};
use broker_tier::discover::snapshot_at;
use broker_tier::ids::MetadataOffset;
use broker_tier::meta::{self, MetaError, MetaSnapshot};
use broker_tier::publish::{PublishError, check_generation};
use bytes::Bytes;
use tokio::sync::Mutex;

use super::{Standing, Tiering};
use crate::coordinator::{CoordinatorError, GroupCoordinator, GroupsBackup};
use crate::quorum::{MetadataLog, ProposeError};

/// How long snapshots are kept, beside the newest few, which always are.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long an orderly stop waits for the last snapshot.
const LAST_MAX: Duration = Duration::from_secs(2);

/// Why no snapshot was written.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// This broker writes no more, or it cannot be found out whether it may.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The groups cannot be read at the moment.
    #[error("groups cannot be read: {0}")]
    Groups(#[from] CoordinatorError),
    /// The metadata log takes no record.
    #[error("metadata: {0}")]
    Metadata(#[from] ProposeError),
    /// The object store.
    #[error(transparent)]
    Snapshot(#[from] MetaError),
    /// The disk.
    #[error("remote-metadata: {0}")]
    Disk(#[from] io::Error),
}

/// What the last snapshot reflects.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Written {
    offset: Offset,
    groups: Vec<Option<Offset>>,
}

/// Writes snapshots; see the file's header.
#[derive(Debug)]
pub struct MetadataBackup {
    tiering: Arc<Tiering>,
    metadata: MetadataLog,
    groups: Arc<GroupCoordinator>,
    last: Mutex<Option<Written>>,
    is_failing: AtomicBool,
}

impl MetadataBackup {
    /// Writes nothing yet.
    #[must_use]
    pub fn new(
        tiering: Arc<Tiering>,
        metadata: MetadataLog,
        groups: Arc<GroupCoordinator>,
    ) -> MetadataBackup {
        MetadataBackup {
            tiering,
            metadata,
            groups,
            last: Mutex::new(None),
            is_failing: AtomicBool::new(false),
        }
    }

    /// Writes a snapshot every `highwater.remote.metadata.interval.ms` if anything has changed, for as long as this broker
    /// may write to the object store.
    pub async fn run(&self) {
        let interval = Duration::from_millis(self.tiering.config.metadata_interval_ms);
        while !matches!(self.tiering.standing(), Standing::Stopped(_)) {
            tokio::time::sleep(interval).await;
            self.try_write().await;
        }
    }

    /// Writes the last snapshot of an orderly stop, unless the object store takes too long.
    pub async fn finish(&self) {
        if tokio::time::timeout(LAST_MAX, self.try_write()).await.is_err() {
            tracing::warn!("the last metadata snapshot took too long: the object store has an earlier one");
        }
    }

    async fn try_write(&self) {
        // Whether it may is found out by whoever copies.
        if self.tiering.standing() != Standing::Active || !self.tiering.is_surveyed() {
            return;
        }
        match self.write_if_changed().await {
            Ok(_) => {
                if self.is_failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("metadata is copied to the object store again");
                }
            }
            // Groups that are being loaded are no failure.
            Err(BackupError::Groups(CoordinatorError::LoadInProgress)) => {}
            Err(error) => {
                if let BackupError::Publish(error) = &error {
                    self.tiering.stop_if_replaced(error);
                }
                self.tiering.counts.metadata_errors.fetch_add(1, Ordering::Relaxed);
                if !self.is_failing.swap(true, Ordering::Relaxed) {
                    tracing::error!(%error, "metadata cannot be copied to the object store; it is tried again");
                }
            }
        }
    }

    /// Writes a snapshot if metadata or commits have changed since the last one. Returns whether it did.
    ///
    /// # Errors
    /// See [`BackupError`].
    pub async fn write_if_changed(&self) -> Result<bool, BackupError> {
        let mut last = self.last.lock().await;
        let (tiering, own) = (&self.tiering, self.tiering.generation());
        let now = Written { offset: self.metadata.image().position.offset, groups: self.groups.written() };
        if last.as_ref() == Some(&now) {
            return Ok(false);
        }
        check_generation(&tiering.store, &tiering.keys, own).await?;
        let GroupsBackup { groups, written, .. } = self.all_groups().await?;
        let image = self.image_not_written(last.as_ref()).await?;
        let offset = image.position.offset;
        let payload = tiering.env.block_on_disk(move || payload::encode(&image, &groups)).await;
        let now_ms = tiering.env.clock.now_ms();
        let bytes = payload.len() as u64;
        let snapshot = MetaSnapshot {
            cluster: tiering.keys.cluster().clone(),
            offset: MetadataOffset(offset.0.unsigned_abs()),
            generation: own,
            created_ms: now_ms,
            payload: Bytes::from(payload),
        };
        tiering.metadata.begin(&tiering.env, snapshot.offset).await?;
        meta::write(&tiering.store, &tiering.keys, &snapshot).await?;
        *last = Some(Written { offset, groups: written });
        tiering.counts.metadata_snapshots.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(offset = offset.0, bytes, "metadata copied to the object store");
        self.prune().await;
        Ok(true)
    }

    /// What the groups have committed. Of those whose partition of `__consumer_offsets` is out of service, what the last
    /// snapshot says: it is not to be forgotten with the next one.
    async fn all_groups(&self) -> Result<GroupsBackup, BackupError> {
        let mut found = self.groups.backup().await?;
        if found.missing.is_empty() {
            return Ok(found);
        }
        let (snapshot, _) =
            snapshot_at(&self.tiering.store, &self.tiering.keys, None).await.map_err(MetaError::from)?;
        if let Some(Ok(earlier)) = snapshot.map(|snapshot| payload::decode(&snapshot.payload)) {
            found.complete_from(earlier.groups);
        }
        Ok(found)
    }

    /// The newest image, at an offset of which there is surely no snapshot. The first of a process may be at one where
    /// an earlier process has left one.
    async fn image_not_written(&self, last: Option<&Written>) -> Result<Arc<MetadataImage>, BackupError> {
        let metadata = &self.metadata;
        let image = metadata.image();
        if last.is_some_and(|last| last.offset < image.position.offset) {
            return Ok(image);
        }
        let record = RecordKind::NoOp(NoOp {});
        metadata.propose(MetadataBatch { records: vec![record.into()] }).await?;
        Ok(metadata.image())
    }

    /// Deletes old snapshots; what stays goes the next time.
    async fn prune(&self) {
        let kept_ms = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
        let before_ms = self.tiering.store_now_ms().saturating_sub(kept_ms);
        if let Err(error) = meta::prune(&self.tiering.store, &self.tiering.keys, before_ms).await {
            tracing::debug!(%error, "old metadata snapshots were not deleted");
        }
    }
}
