//! A scrub that somebody asks for.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use broker_protocol::types::{Offset, TopicId};
use broker_tier::discover;
use broker_tier::ids::PartitionId;
use broker_tier::keys::Key;
use broker_tier::publish::{PublishError, Publisher, load_newest};
use broker_tier::scrub::{self, ScrubReport};
use broker_tier::store_error::StoreError;
use serde_json::json;

use super::Tiering;
use super::metadata_backup::lineage::LineageError;
use super::step::Step;
use crate::api::context::ApiContext;

/// What became of one partition.
#[derive(Debug)]
pub struct ScrubAnswer {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// What was found, or why nothing was compared.
    pub result: Result<ScrubReport, String>,
}

impl ScrubAnswer {
    /// Whether all that is named is there, once.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.result.as_ref().is_ok_and(ScrubReport::is_sound)
    }

    /// What people and scripts are told.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let (topic, partition) = (&*self.topic, self.partition);
        let report = match &self.result {
            Err(error) => return json!({ "topic": topic, "partition": partition, "error": error }),
            Ok(report) => report,
        };
        let keys = |keys: &[Key]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
        let ranges = |ranges: &[(Offset, Offset)]| {
            ranges.iter().map(|(from, to)| json!({ "from": from.0, "to": to.0 })).collect::<Vec<_>>()
        };
        json!({
            "topic": topic,
            "partition": partition,
            "missing": keys(&report.missing),
            "resized": keys(&report.resized),
            "gaps": ranges(&report.gaps),
            "overlaps": ranges(&report.overlaps),
            "damaged": report.damaged.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "undecided": report.undecided_count,
            "aborted_uploads": report.aborted_uploads,
            "orphans": keys(&report.orphans),
            "young": report.young_count,
            "foreign": report.foreign,
            "removed": report.removed_count,
        })
    }
}

/// Why what deleted topics have left stays.
#[derive(Debug, thiserror::Error)]
enum LeftOversError {
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Lineage(#[from] LineageError),
}

impl Tiering {
    /// Compares what the store has with what manifests name, for the partitions of `topic` or for all, one after the
    /// other, and removes what nobody names any more. Where this broker may not write, nothing is removed.
    ///
    /// Of all partitions also means: and what deleted topics have left.
    pub async fn scrub(self: &Arc<Self>, ctx: &ApiContext, topic: Option<&str>) -> Vec<ScrubAnswer> {
        self.compare(ctx, topic, false).await
    }

    /// Does what [`Tiering::scrub`] does and reads all batches that manifests name, too, one piece after the other. Nothing
    /// else waits for that. `None` if somebody else has it done already.
    pub async fn verify_objects(
        self: &Arc<Self>,
        ctx: &ApiContext,
        topic: Option<&str>,
    ) -> Option<Vec<ScrubAnswer>> {
        let _alone = self.verifying.try_lock().ok()?;
        Some(self.compare(ctx, topic, true).await)
    }

    async fn compare(
        self: &Arc<Self>,
        ctx: &ApiContext,
        topic: Option<&str>,
        verifies: bool,
    ) -> Vec<ScrubAnswer> {
        let mut answers = Vec::new();
        for replicas in ctx.replicas.topics() {
            if topic.is_some_and(|topic| *topic != *replicas.name) {
                continue;
            }
            let Some(config) = replicas.config() else { continue };
            for partition in replicas.partitions() {
                let has_let_go = partition.log().with(|log| log.has_let_go());
                if self.known.get(super::id_of(&partition)).is_none() && !has_let_go {
                    continue;
                }
                let (tiered, index) = (self.of(&partition), partition.index());
                let (tiering, config) = (Arc::clone(self), Arc::clone(&config));
                let step = Step { tiering, partition, tiered, config };
                let topic = Arc::clone(&replicas.name);
                let result = match self.scrub_one(&step).await {
                    Ok(report) if verifies => self.verify_one(&step, report).await,
                    result => result,
                };
                answers.push(ScrubAnswer { topic, partition: index, result });
            }
        }
        if topic.is_none() {
            self.delete_left_overs(ctx).await;
        }
        answers
    }

    /// Deletes what lies in the store under topics that there are not, if this broker may: what deleted topics have left,
    /// and what nobody knows.
    pub(super) async fn delete_left_overs(self: &Arc<Self>, ctx: &ApiContext) {
        if !matches!(self.standing(), super::Standing::Active) || !self.is_surveyed() {
            return;
        }
        if let Err(error) = self.scrub_unpublished(ctx).await {
            tracing::warn!(%error, "copies of which no manifest tells are not looked for");
        }
        match self.try_delete_left_overs(ctx).await {
            Ok(0) => {}
            Ok(removed) => {
                self.counts.deleted_objects.fetch_add(removed as u64, Ordering::Relaxed);
                tracing::info!(removed, "what deleted topics have left is deleted");
            }
            Err(error) => {
                match &error {
                    LeftOversError::Publish(error) => self.stop_if_replaced(error),
                    LeftOversError::Lineage(LineageError::LaterLife(error)) => self.stop(&error.to_string()),
                    LeftOversError::Lineage(_) | LeftOversError::Store(_) => {}
                }
                tracing::warn!(%error, "what deleted topics have left is not deleted");
            }
        }
    }

    /// Scrubs the partitions of which something is in the store and no manifest is known: nothing else looks at them.
    async fn scrub_unpublished(self: &Arc<Self>, ctx: &ApiContext) -> Result<(), PublishError> {
        for topic_id in discover::topics(&self.store, &self.keys).await? {
            let Some(replicas) = ctx.replicas.topic_by_id(topic_id) else { continue };
            let Some(config) = replicas.config() else { continue };
            for id in discover::partitions(&self.store, &self.keys, topic_id).await? {
                let Some(partition) = replicas.partition(id.partition) else { continue };
                if self.known.get(id).is_some() {
                    continue;
                }
                let (tiered, tiering, config) = (self.of(&partition), Arc::clone(self), Arc::clone(&config));
                let step = Step { tiering, partition, tiered, config };
                let scrubbed = self.scrub_one(&step).await;
                if let Err(error) = scrubbed {
                    tracing::debug!(partition = %id, error, "a partition without a manifest is not scrubbed");
                }
            }
        }
        Ok(())
    }

    async fn try_delete_left_overs(&self, ctx: &ApiContext) -> Result<usize, LeftOversError> {
        let (store, keys, own) = (&self.store, &self.keys, self.generation());
        // First the listing: a topic of which something is in it was made before the metadata are looked at.
        let listed = discover::topics(store, keys).await?;
        let image = ctx.metadata.image();
        let is_unknown =
            |id: &TopicId| image.topics.by_id(*id).is_none() && !image.remote_deletions.contains(id);
        let unknown: Vec<TopicId> = listed.into_iter().filter(is_unknown).collect();
        let mut removed = 0;
        for topic_id in image.remote_deletions.iter().copied() {
            removed += scrub::delete_topic(store, keys, own, topic_id).await?;
        }
        // Recovery as of an earlier time gives such topics up, and leaves time to think again.
        let old_ms = self.store_now_ms().saturating_sub(scrub::MANIFEST_AGE_MS);
        for topic_id in unknown {
            if !self.check_author(topic_id).await? {
                tracing::warn!(%topic_id, "whose topic this is cannot be read: what was copied of it is not deleted");
                continue;
            }
            let written_ms = discover::written_ms(store, keys, topic_id).await?;
            if written_ms.is_some_and(|written_ms| written_ms <= old_ms) {
                tracing::warn!(%topic_id, "the cluster does not know this topic: what was copied of it is deleted");
                removed += scrub::delete_topic(store, keys, own, topic_id).await?;
            }
        }
        Ok(removed)
    }

    async fn scrub_one(&self, step: &Step) -> Result<ScrubReport, String> {
        if !matches!(self.standing(), super::Standing::Active) {
            let now_ms = self.store_now_ms();
            let found = scrub::inspect_newest(&self.store, &self.keys, step.tiered.id, now_ms).await;
            return found.map(Option::unwrap_or_default).map_err(|error| error.to_string());
        }
        let mut work = step.tiered.work.lock().await;
        let mut publisher: Publisher = match work.publisher.take() {
            Some(publisher) => publisher,
            None => step.take_over().await.map_err(|error| error.to_string())?,
        };
        // After an error the next turn takes over again.
        step.scrub(&mut publisher).await.map_err(|error| error.to_string())?;
        work.publisher = Some(publisher);
        Ok(step.tiered.last_scrub().unwrap_or_default())
    }

    /// Adds to a report what is damaged inside objects.
    async fn verify_one(&self, step: &Step, mut report: ScrubReport) -> Result<ScrubReport, String> {
        let found = match self.damaged_objects(step.tiered.id).await {
            Ok(found) => found,
            Err(_) if step.partition.is_gone() => return Ok(report),
            Err(error) => return Err(error.to_string()),
        };
        if !found.is_empty() {
            let (topic, partition) = (&*step.tiered.topic, step.tiered.id.partition);
            tracing::error!(topic, partition, damaged = ?found, "what was copied is not what was written");
            report.damaged.extend(found);
            report.damaged.sort_unstable();
            report.damaged.dedup();
            step.tiered.note_scrub(report.clone());
        }
        Ok(report)
    }

    /// Reads what the newest manifest names. What retention has given up meanwhile may be half gone and is no damage.
    async fn damaged_objects(&self, id: PartitionId) -> Result<Vec<Key>, PublishError> {
        let (store, keys) = (&self.store, &self.keys);
        let Some(manifest) = load_newest(store, keys, id, self.known.get(id)).await? else {
            return Ok(Vec::new());
        };
        let mut damaged = scrub::verify_batches(store, keys, &manifest).await?;
        if damaged.is_empty() {
            return Ok(damaged);
        }
        let Some(newest) = load_newest(store, keys, id, self.known.get(id)).await? else {
            return Ok(Vec::new());
        };
        let named = scrub::named_by(store, keys, &newest).await?;
        damaged.retain(|key| named.is_partial || named.needed.contains_key(key));
        Ok(damaged)
    }
}
