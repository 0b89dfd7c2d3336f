//! What an object store has of a cluster: its metadata, its partitions, and where each of them goes on. Only reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, bail};
use broker_log::leader_epoch_cache::EpochEntry;
use broker_log::producer_snapshot;
use broker_log::producer_state::ProducerTable;
use broker_protocol::record_batch::batches;
use broker_protocol::types::{LeaderEpoch, Offset, TopicId};
use broker_tier::discover;
use broker_tier::frame::FormatError;
use broker_tier::ids::{ManifestNumber, PartitionId};
use broker_tier::keys::Key;
use broker_tier::manifest::Manifest;
use broker_tier::meta::{self, MetaError};
use broker_tier::publish::{PublishError, load_newest};
use broker_tier::read::{RemoteRange, ReplicaStart};
use broker_tier::store_error::StoreErrorKind;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::moment;
use super::source::{Source, SourceError};
use crate::tiering::metadata_backup::payload::{self, ClusterBackup};

/// Partitions that are looked at at once: the store has as many requests of that kind under way.
pub(super) const AT_ONCE: usize = 8;
/// Bytes of batches that are read at once for what they say of producers.
const READ_BYTES: usize = 8 << 20;

/// A metadata snapshot.
#[derive(Debug)]
pub(super) struct FoundSnapshot {
    pub(super) offset: u64,
    pub(super) created_ms: i64,
    pub(super) backup: ClusterBackup,
}

/// The metadata snapshots.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    /// The newest that can be read.
    pub(super) chosen: Option<FoundSnapshot>,
    /// Newer ones that cannot.
    pub(super) passed_over: Vec<String>,
    /// The highest offset of any, also of one that is too new.
    pub(super) highest_offset: u64,
}

/// A partition.
#[derive(Clone, Debug)]
pub(super) struct Surveyed {
    pub(super) partition: PartitionId,
    /// The topic's name when the manifest was written.
    pub(super) topic: Arc<str>,
    pub(super) number: ManifestNumber,
    /// The newest manifest that is known, of whatever time.
    pub(super) newest_number: ManifestNumber,
    /// No record and no manifest was written in a later epoch.
    pub(super) latest_epoch: LeaderEpoch,
    pub(super) log_start: Offset,
    /// Offset after the last record.
    pub(super) end: Offset,
    pub(super) epochs: Vec<EpochEntry>,
    pub(super) producers: ProducerTable,
    pub(super) bytes: u64,
    pub(super) entries: u64,
    /// Wall clock when the last object was written, milliseconds since 1970.
    pub(super) copied_ms: Option<i64>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) snapshots: Snapshots,
    pub(super) partitions: BTreeMap<PartitionId, Surveyed>,
    /// What cannot be read, and why.
    pub(super) damaged: BTreeMap<PartitionId, String>,
}

/// Looks at everything.
pub(super) async fn survey(source: &Source) -> anyhow::Result<Survey> {
    let snapshots = find_snapshots(source).await?;
    let mut survey = Survey { snapshots, ..Survey::default() };
    let partitions = list_partitions(source).await?;
    let mut looks = stream::iter(partitions)
        .map(|partition| async move { (partition, look_at(source, partition).await) })
        .buffer_unordered(AT_ONCE);
    while let Some((partition, found)) = looks.next().await {
        survey.note(partition, found)?;
    }
    Ok(survey)
}

impl Survey {
    /// Takes in what was found of a partition.
    pub(super) fn note(
        &mut self,
        partition: PartitionId,
        found: Result<Option<Surveyed>, SourceError>,
    ) -> anyhow::Result<()> {
        self.partitions.remove(&partition);
        match found {
            Ok(Some(surveyed)) => {
                self.partitions.insert(partition, surveyed);
            }
            Ok(None) => {}
            Err(SourceError::Damaged(reason)) => {
                self.damaged.insert(partition, reason);
            }
            Err(SourceError::Failed(error)) => {
                return Err(error
                    .context(format!("partition {} of topic {}", partition.partition, partition.topic_id)));
            }
        }
        Ok(())
    }
}

/// Every partition of which something is there.
pub(super) async fn list_partitions(source: &Source) -> anyhow::Result<Vec<PartitionId>> {
    let topics: Vec<TopicId> =
        discover::topics(&source.store, &source.keys).await.context("topics cannot be listed")?;
    let of_topics: Vec<Vec<PartitionId>> = stream::iter(topics)
        .map(|topic| async move { discover::partitions(&source.store, &source.keys, topic).await })
        .buffered(AT_ONCE)
        .try_collect()
        .await
        .context("partitions cannot be listed")?;
    Ok(of_topics.into_iter().flatten().collect())
}

/// The newest metadata snapshot of the time that can be read.
pub(super) async fn find_snapshots(source: &Source) -> anyhow::Result<Snapshots> {
    let listed =
        meta::list(&source.store, &source.keys).await.context("metadata snapshots cannot be listed")?;
    let mut found = Snapshots {
        highest_offset: listed.first().map_or(0, |(offset, _)| offset.0),
        ..Snapshots::default()
    };
    let oldest_ms = listed.iter().map(|(_, written_ms)| *written_ms).min();
    for (offset, written_ms) in listed {
        if source.at_ms.is_some_and(|at_ms| written_ms > at_ms) {
            continue;
        }
        let key = Key::Meta(offset);
        let snapshot = match meta::read(&source.store, &source.keys, offset).await {
            Ok(snapshot) => snapshot,
            // Somebody else has deleted it, being old.
            Err(MetaError::Store(error)) if error.kind == StoreErrorKind::Missing => continue,
            Err(error @ (MetaError::Store(_) | MetaError::Format(_, FormatError::Version(..)))) => {
                return Err(anyhow::Error::new(error).context(key.to_string()));
            }
            Err(error) => {
                found.passed_over.push(format!("{key}: {error}"));
                continue;
            }
        };
        match payload::decode(&snapshot.payload) {
            Ok(backup) => {
                let (offset, created_ms) = (offset.0, snapshot.created_ms);
                found.chosen = Some(FoundSnapshot { offset, created_ms, backup });
                return Ok(found);
            }
            Err(error) if error.is_later() => return Err(anyhow::Error::new(error).context(key.to_string())),
            Err(error) => found.passed_over.push(format!("{key}: {error}")),
        }
    }
    match (source.at_ms, oldest_ms) {
        (Some(at_ms), Some(oldest_ms)) if oldest_ms > at_ms => bail!(
            "--at {}: the oldest metadata snapshot that is kept was written at {}",
            moment::show(at_ms),
            moment::show(oldest_ms)
        ),
        _ => Ok(found),
    }
}

/// What is there of a partition at the time; `None` if nothing was published then.
async fn look_at(source: &Source, partition: PartitionId) -> Result<Option<Surveyed>, SourceError> {
    match manifest_of_the_time(source, partition).await? {
        Some(manifest) => examine(source, &manifest).await.map(Some),
        None => Ok(None),
    }
}

/// The manifest of a partition at the time.
///
/// # Errors
/// It is not kept any more.
pub(super) async fn manifest_of_the_time(
    source: &Source,
    partition: PartitionId,
) -> Result<Option<Manifest>, SourceError> {
    let (store, keys) = (&source.store, &source.keys);
    let found = discover::manifest_at(store, keys, partition, source.at_ms).await?;
    let (None, Some(at_ms)) = (&found, source.at_ms) else { return Ok(found) };
    let Some(newest) = load_newest(store, keys, partition, None).await? else { return Ok(None) };
    let listing = store.list(keys, &keys.manifests_path(partition)).await.map_err(PublishError::from)?;
    let manifests = listing.objects.iter().filter_map(|object| match object.key {
        Key::Manifest(_, number) => Some((number, object.modified_ms)),
        _ => None,
    });
    match manifests.min() {
        // From the first one on all are there, so there was none.
        Some((ManifestNumber::FIRST, _)) if newest.oldest_kept == ManifestNumber::FIRST => Ok(None),
        oldest => {
            let kept = oldest.map_or_else(|| "none".to_owned(), |(_, written_ms)| moment::show(written_ms));
            let (at, topic) = (moment::show(at_ms), &newest.topic);
            let error = anyhow::anyhow!(
                "--at {at}: manifests of topic {topic}, partition {}, are kept only from {kept} on",
                partition.partition
            );
            Err(SourceError::Failed(error))
        }
    }
}

/// Reads all that a manifest leads to but the records: its pages, and what the last object says of epochs and producers.
pub(super) async fn examine(source: &Source, manifest: &Manifest) -> Result<Surveyed, SourceError> {
    let (number, stamp) = manifest.number.zip(manifest.stamp).ok_or_else(|| {
        SourceError::damaged(format!("{}: a manifest without a number", manifest.partition))
    })?;
    for page in &manifest.pages {
        let entries = source.reader.page(page.key).await?;
        if entries.len() != page.entry_count as usize {
            let (key, found) = (Key::Page(page.key), entries.len());
            let reason = format!("{key}: it has {found} entries, the manifest knows {}", page.entry_count);
            return Err(SourceError::Damaged(reason));
        }
    }
    let start = source.reader.replica_start(manifest).await?;
    let producers = match &start {
        Some(start) => producers_at_end(source, manifest, start).await?,
        None => ProducerTable::default(),
    };
    let end = start.as_ref().map(|start| start.next_offset).or(manifest.next_offset);
    let log_start = manifest.log_start_offset;
    Ok(Surveyed {
        partition: manifest.partition,
        topic: Arc::clone(&manifest.topic),
        number,
        newest_number: number,
        latest_epoch: stamp.leader_epoch.max(manifest.epochs.latest()),
        log_start,
        end: end.unwrap_or(log_start).max(log_start),
        epochs: manifest.epochs.entries().to_vec(),
        producers,
        bytes: manifest.bytes(),
        entries: manifest.entry_count(),
        copied_ms: manifest.entries.last().map(|entry| entry.created_ms),
    })
}

/// The producers at the end of what was copied: those of the last object's snapshot, and what its batches change.
async fn producers_at_end(
    source: &Source,
    manifest: &Manifest,
    start: &ReplicaStart,
) -> Result<ProducerTable, SourceError> {
    let last = source.reader.entry_at(manifest, start.next_offset.plus(-1)).await?;
    let object = Key::Segment(last.object);
    let (mut producers, known_to) = match &start.producers {
        Some(snapshot) => {
            let decoded = producer_snapshot::decode(&snapshot.bytes);
            let producers = decoded.map_err(|error| SourceError::damaged(format!("{object}: {error}")))?;
            (producers, snapshot.offset)
        }
        None => (ProducerTable::default(), last.base_offset),
    };
    let mut from = known_to.max(start.log_start_offset);
    while from < start.next_offset {
        let range =
            RemoteRange { from, max_bytes: READ_BYTES, min_one_batch: true, upper: start.next_offset };
        let read = source.reader.read(manifest, &range).await?;
        for batch in batches(&read.bytes) {
            let batch = batch.map_err(|error| SourceError::damaged(format!("{object}: {error}")))?;
            if batch.header.last_offset() >= known_to {
                producers.apply(&batch);
            }
        }
        if read.next_offset <= from {
            return Err(SourceError::damaged(format!("{object}: nothing can be read at offset {from}")));
        }
        from = read.next_offset;
    }
    producers.forget_ended(start.next_offset);
    Ok(producers)
}
