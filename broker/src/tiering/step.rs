//! What is done for one partition when it is its turn: copy what is sealed, apply retention, let local segments go, delete
//! what was given up, scrub.
//!
//! Order: an object, the manifest that names it, the local segment; and for what goes: the manifest without it, the log's
//! start, the object after a delay. After any error the next turn begins by reading back what is published.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use broker_config::TopicConfig;
use broker_log::log::ReadRange;
use broker_log::log_error::{LogError, ReadError};
use broker_protocol::record_batch::{BATCH_HEADER_BYTES, BatchHeader};
use broker_protocol::types::Offset;
use broker_tier::copy::{CopyError, CopySource};
use broker_tier::expire::{self, ExpireError};
use broker_tier::footer::ProducerSnapshot;
use broker_tier::manifest::Manifest;
use broker_tier::plan::{self, Bounds, CopyStep, Limits, LocalSegment};
use broker_tier::publish::{Fence, PublishError, Publisher};
use broker_tier::scrub;

use super::lives::LaterLife;
use super::partition::{TieredPartition, Work};
use super::{Tiering, lineage};
use crate::replication::partition::Partition;

/// Segments that one turn of a partition copies at most, so that others get theirs.
const COPIES_PER_TURN: usize = 16;

/// How often it is asked whether a log start is durable.
const DURABLE_POLL: Duration = Duration::from_millis(5);

/// Why a turn ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error(transparent)]
    Expire(#[from] ExpireError),
    #[error("local log: {0}")]
    Local(#[from] LogError),
    #[error("local log: {0}")]
    Read(#[from] ReadError),
    #[error(
        "the local log begins at offset {local_start}, but offset {needed} has to be copied next: records are missing \
         that no object has"
    )]
    Gap { needed: Offset, local_start: Offset },
    #[error("log directory is out of service")]
    OutOfService,
    #[error(
        "the local log is not the one that was copied ({0}): nothing of it is copied or let go; if its disk was put back \
         from a backup, recover the broker from the object store into an empty directory, or delete the topic"
    )]
    Foreign(String),
    #[error(transparent)]
    LaterLife(#[from] LaterLife),
}

impl StepError {
    /// What published instead of us, if that is why.
    pub(super) fn publish_error(&self) -> Option<&PublishError> {
        match self {
            StepError::Publish(error)
            | StepError::Copy(CopyError::Publish(error))
            | StepError::Expire(ExpireError::Publish(error)) => Some(error),
            _ => None,
        }
    }
}

/// One turn of a partition.
pub(super) struct Step {
    pub(super) tiering: Arc<Tiering>,
    pub(super) partition: Arc<Partition>,
    pub(super) tiered: Arc<TieredPartition>,
    pub(super) config: Arc<TopicConfig>,
}

impl Step {
    /// Does what is due.
    pub(super) async fn run(&self, work: &mut Work) -> Result<(), StepError> {
        let mut publisher = match work.publisher.take() {
            Some(publisher) if publisher.fence().leader_epoch == self.partition.leader_epoch() => publisher,
            _ => self.take_over().await?,
        };
        self.note(publisher.manifest());
        if self.is_tiered() {
            let is_stopped = self.config.remote_log_copy_disable;
            expire::set_copying_stopped(&mut publisher, is_stopped).await?;
            if !is_stopped {
                self.copy(&mut publisher).await?;
            }
            self.retain(&mut publisher).await?;
            self.let_go(&publisher).await?;
        } else if self.config.gives_up_copies() || self.has_all() {
            self.withdraw(&mut publisher).await?;
        } else {
            // Nothing more is copied, and nobody gives up what was: it goes as it gets old.
            self.retain(&mut publisher).await?;
        }
        self.delete_removed(&mut publisher).await?;
        self.scrub_if_due(&mut publisher, work).await?;
        self.note(publisher.manifest());
        self.note_lag(Some(publisher.manifest()));
        work.publisher = Some(publisher);
        Ok(())
    }

    /// Whether segments are copied. A log that was compacted before has holes, and stays where it is.
    fn is_tiered(&self) -> bool {
        self.config.remote_storage_enable && !self.partition.log().with(|log| log.was_cleaned())
    }

    /// Whether all records are on the disk.
    fn has_all(&self) -> bool {
        self.partition.log().with(|log| log.local_log_start_offset() <= log.log_start_offset())
    }

    /// Reads back what is published, and makes sure that it is of this log.
    pub(super) async fn take_over(&self) -> Result<Publisher, StepError> {
        let (tiering, id) = (&self.tiering, self.tiered.id);
        let fence = Fence { generation: tiering.generation(), leader_epoch: self.partition.leader_epoch() };
        let log_start = self.partition.log().with(|log| log.log_start_offset());
        let none_yet =
            Manifest::empty(tiering.cluster.clone(), id, Arc::clone(&self.tiered.topic), log_start);
        let (store, keys) = (Arc::clone(&tiering.store), Arc::clone(&tiering.keys));
        let publisher = Publisher::take_over(store, keys, fence, tiering.known.get(id), none_yet).await?;
        tiering.lives.check(publisher.manifest())?;
        lineage::check(self, publisher.manifest()).await?;
        Ok(publisher.with_authorship(Arc::clone(&tiering.lives) as _))
    }

    /// Tells readers and the next start of a manifest that is durable.
    fn note(&self, manifest: &Arc<Manifest>) {
        if let Some(number) = manifest.number {
            self.tiering.known.note(self.tiered.id, number);
            self.tiered.note(&self.tiering.reader, manifest);
        }
    }

    fn segments(&self) -> Vec<LocalSegment> {
        let now_ms = self.tiering.env.clock.now_ms();
        let infos = self.partition.log().with(|log| log.segment_infos(now_ms));
        infos
            .into_iter()
            .map(|info| LocalSegment {
                base_offset: info.base_offset,
                next_offset: info.next_base,
                bytes: info.bytes,
                is_sealed: info.is_sealed,
                newest_ms: info.newest_ms,
            })
            .collect()
    }

    fn log_start(&self) -> Offset {
        self.partition.log().with(|log| log.log_start_offset())
    }

    /// Notes how far copying is behind the manifest, or that of the last turn.
    pub(super) fn note_lag(&self, manifest: Option<&Arc<Manifest>>) {
        let known = || self.tiered.remote().map(|remote| remote.manifest());
        let none_yet = || {
            let cluster = self.tiering.cluster.clone();
            Arc::new(Manifest::empty(cluster, self.tiered.id, Arc::clone(&self.tiered.topic), Offset(0)))
        };
        let manifest = manifest.cloned().or_else(known).unwrap_or_else(none_yet);
        let clock = &self.tiering.env.clock;
        let copies = self.is_tiered() && !self.config.remote_log_copy_disable;
        let lag = if copies {
            plan::copy_lag(&manifest, &self.segments(), clock.now_ms())
        } else {
            plan::CopyLag::default()
        };
        self.tiered.note_lag(lag, clock.monotonic());
    }

    async fn copy(&self, publisher: &mut Publisher) -> Result<(), StepError> {
        for _ in 0..COPIES_PER_TURN {
            let mut bounds = Bounds {
                high_watermark: self.partition.high_watermark(),
                last_stable_offset: self.partition.last_stable_offset(),
                fsynced: self.partition.log().with(|log| log.committed_offset()),
            };
            if self.tiering.store.is_planted_upload_past_high_watermark() {
                let end = self.partition.log().with(|log| log.log_end_offset());
                bounds = Bounds { high_watermark: end, last_stable_offset: end, fsynced: end };
            }
            let step = plan::next_copy(publisher.manifest(), self.log_start(), &self.segments(), &bounds);
            match step {
                CopyStep::Copy { from, next_offset, .. } => {
                    let source = self.source(from, next_offset).await?;
                    if self.tiering.store.is_planted_local_deleted_before_manifest() {
                        self.partition.log().release_local(next_offset);
                    }
                    let manifest = self.tiering.copier.copy(publisher, &source, self.log_start()).await?;
                    self.tiering.counts.copies.fetch_add(1, Ordering::Relaxed);
                    self.tiering.counts.copied_bytes.fetch_add(source.length, Ordering::Relaxed);
                    tracing::debug!(
                        topic = &*self.tiered.topic,
                        partition = self.tiered.id.partition,
                        base_offset = source.base_offset.0,
                        next_offset = next_offset.0,
                        bytes = source.length,
                        "segment copied"
                    );
                    self.note(&manifest);
                    self.note_lag(Some(&manifest));
                }
                CopyStep::AdvanceLogStart(_) if !self.tiering.is_surveyed() => return Ok(()),
                CopyStep::AdvanceLogStart(_) => self.retain(publisher).await?,
                CopyStep::UpToDate | CopyStep::AtCeiling { .. } => return Ok(()),
                CopyStep::Gap { needed, local_start } => {
                    return Err(StepError::Gap { needed, local_start });
                }
            }
        }
        self.tiering.wake();
        Ok(())
    }

    /// The batches of a sealed segment from an offset on.
    async fn source(&self, from: Offset, next_offset: Offset) -> Result<CopySource, StepError> {
        let log = Arc::clone(self.partition.log());
        let read = move || -> Result<CopySource, StepError> {
            let range =
                ReadRange { from, max_bytes: i32::MAX as usize, min_one_batch: true, upper: next_offset };
            let extent = log.read(&range)?;
            let path = log.with(|log| log.segment_path(extent.segment_base));
            let mut header = [0; BATCH_HEADER_BYTES];
            let failed = |error| LogError::Io { path: path.clone(), source: error };
            let count = extent.file.read_at(&mut header, extent.position).map_err(failed)?;
            // A batch that cannot be read is told by whoever copies it, with its place.
            let base_offset = BatchHeader::parse(&header[..count]).map_or(from, |header| header.base_offset);
            let (aborted, producers) = log.with(|log| {
                let aborted = log.aborted_of_segment(extent.segment_base)?;
                Ok::<_, LogError>((aborted, log.producer_snapshot_at(next_offset)))
            })?;
            Ok(CopySource {
                file: extent.file,
                path,
                position: extent.position,
                length: extent.len as u64,
                base_offset,
                next_offset,
                aborted: aborted.into_iter().filter(|txn| txn.last_offset >= from).collect(),
                producer_snapshot: producers
                    .map(|bytes| ProducerSnapshot { offset: next_offset, bytes: bytes.into() }),
            })
        };
        self.tiering.env.block_on_disk(read).await
    }

    /// Moves the log's start to where retention and DeleteRecords want it: in the store first, then for readers.
    async fn retain(&self, publisher: &mut Publisher) -> Result<(), StepError> {
        let tiered_end = publisher.manifest().tiered_end();
        if publisher.manifest().number.is_none() && tiered_end.is_none() || !self.tiering.is_surveyed() {
            return Ok(());
        }
        let segments = self.segments();
        let is_local_only = |segment: &&LocalSegment| tiered_end.is_none_or(|end| segment.next_offset > end);
        let local_only_bytes = segments.iter().filter(is_local_only).map(|segment| segment.bytes).sum();
        let deletes = self.config.cleanup_policy.delete;
        let limits = Limits {
            now_ms: self.tiering.env.clock.now_ms(),
            retention_ms: self.config.retention_ms.filter(|_| deletes),
            retention_bytes: self.config.retention_bytes.filter(|_| deletes),
        };
        let (reader, log_start) = (&self.tiering.reader, self.log_start());
        let start = expire::apply_retention(publisher, reader, log_start, local_only_bytes, &limits).await?;
        self.note(publisher.manifest());
        if start > log_start {
            self.partition.log().advance_log_start_offset(start);
        }
        Ok(())
    }

    /// Lets local segments go that a durable manifest names, by `local.retention.*`.
    async fn let_go(&self, publisher: &Publisher) -> Result<(), StepError> {
        let limits = Limits {
            now_ms: self.tiering.env.clock.now_ms(),
            retention_ms: self.config.local_retention_ms,
            retention_bytes: self.config.local_retention_bytes,
        };
        let segments = self.segments();
        let count = plan::local_deletable(Some(publisher.manifest()), &segments, &limits);
        if let Some(last) = count.checked_sub(1).and_then(|last| segments.get(last)) {
            // What was copied may be gone with all the rest, and then this is the only copy.
            publisher.check_generation().await?;
            self.partition.log().release_local(last.next_offset);
        }
        Ok(())
    }

    /// Gives up what was copied: tiering was turned off so. Readers are told first.
    async fn withdraw(&self, publisher: &mut Publisher) -> Result<(), StepError> {
        if publisher.manifest().tiered_end().is_none() || !self.tiering.is_surveyed() {
            return Ok(());
        }
        let log = self.partition.log();
        let local_start = log.with(|log| log.local_log_start_offset().max(log.log_start_offset()));
        log.advance_log_start_offset(local_start);
        while log.durable_log_start_offset() < local_start {
            if self.partition.is_gone() {
                return Err(StepError::OutOfService);
            }
            tokio::time::sleep(DURABLE_POLL).await;
        }
        expire::remove_all(publisher, local_start).await?;
        self.note(publisher.manifest());
        Ok(())
    }

    async fn delete_removed(&self, publisher: &mut Publisher) -> Result<(), StepError> {
        if publisher.manifest().removed.is_empty() || !self.tiering.is_surveyed() {
            return Ok(());
        }
        let now_ms = self.tiering.env.clock.now_ms();
        let grace_ms = i64::try_from(self.tiering.config.delete_delay_ms).unwrap_or(i64::MAX);
        let deleted = expire::delete_removed(publisher, &self.tiering.reader, now_ms, grace_ms).await?;
        self.tiering.counts.deleted_objects.fetch_add(deleted as u64, Ordering::Relaxed);
        Ok(())
    }

    async fn scrub_if_due(&self, publisher: &mut Publisher, work: &mut Work) -> Result<(), StepError> {
        let now = self.tiering.env.clock.monotonic();
        let interval = Duration::from_millis(self.tiering.config.scrub_interval_ms);
        // The first one is due an interval after the start.
        let last = *work.last_scrub.get_or_insert(now);
        if publisher.manifest().number.is_none() || now.saturating_sub(last) < interval {
            return Ok(());
        }
        work.last_scrub = Some(now);
        self.scrub(publisher).await
    }

    /// Compares what the store has with what the manifest names, and removes what nobody names any more.
    pub(super) async fn scrub(&self, publisher: &mut Publisher) -> Result<(), StepError> {
        let report = scrub::scrub(publisher, self.tiering.store_now_ms()).await?;
        self.tiering.counts.scrubs.fetch_add(1, Ordering::Relaxed);
        self.tiering.counts.deleted_objects.fetch_add(report.removed_count as u64, Ordering::Relaxed);
        let (topic, partition) = (&*self.tiered.topic, self.tiered.id.partition);
        if report.is_sound() {
            tracing::debug!(topic, partition, removed = report.removed_count, "objects were compared");
        } else {
            tracing::error!(
                topic,
                partition,
                missing = ?report.missing,
                resized = ?report.resized,
                gaps = ?report.gaps,
                overlaps = ?report.overlaps,
                damaged = ?report.damaged,
                "what was copied is not sound"
            );
        }
        self.tiered.note_scrub(report);
        self.note(publisher.manifest());
        Ok(())
    }
}
