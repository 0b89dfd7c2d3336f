//! When what is done: looks at every partition in turn, works on several at a time, and deletes what deleted topics left.
//!
//! A partition that is slow or in trouble holds up no other one: each has a task of its own while it is worked on.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use broker_log::log::PartitionLog;
use broker_protocol::types::TopicId;
use broker_state::metadata::record::{RecordKind, RemoteDeletion};
use broker_state::outcome::Outcome;
use broker_tier::publish::PublishError;
use broker_tier::scrub;
use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinSet;

use super::partition::{TieredPartition, Work, gist};
use super::step::{Step, StepError};
use super::{Standing, Tiering};
use crate::api::context::ApiContext;
use crate::replication::partition::Partition;

/// Pause after the first failure of a partition; it doubles.
const RETRY_FIRST: Duration = Duration::from_millis(500);
/// Longest such pause.
const RETRY_MAX: Duration = Duration::from_secs(30);

/// After what time the objects of a deleted topic are deleted once more: as long as the scrubber waits for a copy that may
/// be under way.
const DELETED_AGAIN_AFTER: Duration = Duration::from_millis(scrub::ORPHAN_AGE_MS.unsigned_abs());
/// How long copying may be behind before somebody is told, and again after as long.
const BEHIND_TOLD_AFTER: Duration = Duration::from_secs(300);

/// Copies, lets go, deletes and scrubs until the task is dropped.
pub async fn run(ctx: Arc<ApiContext>, tiering: Arc<Tiering>) {
    let interval = Duration::from_millis(tiering.config.task_interval_ms);
    let mut tasks = JoinSet::new();
    let mut last_told = tiering.env.clock.monotonic();
    let mut last_looked = last_told;
    let between_looks = Duration::from_millis(tiering.config.scrub_interval_ms);
    loop {
        let now = tiering.env.clock.monotonic();
        if verify(&ctx, &tiering, interval, &mut last_told).await {
            tiering.begin_survey(&mut tasks);
            begin_round(&ctx, &tiering, &mut tasks);
            if now.saturating_sub(last_looked) >= between_looks {
                last_looked = now;
                let (ctx, tiering) = (Arc::clone(&ctx), Arc::clone(&tiering));
                tasks.spawn(async move { tiering.delete_left_overs(&ctx).await });
            }
        }
        tiering.reader.chunks().rest().await;
        while tasks.try_join_next().is_some() {}
        tell_lag(&tiering, &mut last_told);
        store_known(&tiering).await;
        if matches!(tiering.standing(), Standing::Stopped(_)) {
            tasks.abort_all();
        }
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = tiering.wake.notified() => {}
        }
    }
}

/// Whether this broker may write. While that is being found out, and afterwards if it may not, nothing is copied, which has
/// to be seen.
async fn verify(
    ctx: &Arc<ApiContext>,
    tiering: &Arc<Tiering>,
    interval: Duration,
    last_told: &mut Duration,
) -> bool {
    if matches!(tiering.standing(), Standing::Active) {
        return true;
    }
    let verified = tiering.verify();
    tokio::pin!(verified);
    loop {
        due(ctx, tiering).iter().for_each(|step| step.note_lag(None));
        tell_lag(tiering, last_told);
        tokio::select! {
            may_write = &mut verified => return may_write,
            () = tokio::time::sleep(interval) => {}
        }
    }
}

fn begin_round(ctx: &Arc<ApiContext>, tiering: &Arc<Tiering>, tasks: &mut JoinSet<()>) {
    let image = ctx.metadata.image();
    let limit = ctx.settings.number(&image, "remote.log.manager.copy.max.bytes.per.second");
    tiering.limit_copies(limit.and_then(|limit| u64::try_from(limit).ok()));
    for topic_id in image.remote_deletions.iter().copied() {
        if tiering.is_deletion_due(topic_id) && tiering.deleting.lock().insert(topic_id) {
            tasks.spawn(delete_topic(Arc::clone(ctx), Arc::clone(tiering), topic_id));
        }
    }
    for tiered in tiering.partitions() {
        let topic = ctx.replicas.topic_by_id(tiered.id.topic_id);
        if topic.is_none_or(|topic| topic.partition(tiered.id.partition).is_none())
            && tiered.work.try_lock().is_ok()
        {
            tiering.forget(tiered.id);
        }
    }
    for step in due(ctx, tiering) {
        step.note_lag(None);
        let Ok(work) = Arc::clone(&step.tiered.work).try_lock_owned() else { continue };
        if work.retry_at > step.tiering.env.clock.monotonic() {
            continue;
        }
        tasks.spawn(async move {
            let copying = Arc::clone(&step.tiering.copying);
            let _permit = copying.acquire().await.expect("nobody closes the semaphore");
            take_turn(&step, work).await;
        });
    }
}

/// The partitions that something may be due for.
fn due(ctx: &Arc<ApiContext>, tiering: &Arc<Tiering>) -> Vec<Step> {
    let mut due = Vec::new();
    for topic in ctx.replicas.topics() {
        let Some(config) = topic.config() else { continue };
        for partition in topic.partitions() {
            let Some(tiered) = wanted(tiering, &partition, config.remote_storage_enable) else { continue };
            let (tiering, config) = (Arc::clone(tiering), Arc::clone(&config));
            due.push(Step { tiering, partition, tiered, config });
        }
    }
    due
}

/// What is known of a partition that something may be due for: it is tiered and has more than the active segment, or was
/// tiered before.
fn wanted(tiering: &Tiering, partition: &Partition, is_tiered: bool) -> Option<Arc<TieredPartition>> {
    let id = super::id_of(partition);
    let was_tiered = tiering.known.get(id).is_some();
    // The numbers of manifests are remembered now and then, what has left the disk is at once.
    let has_more = |log: &PartitionLog| {
        let has_sealed = log.segment_count() > 1 && !log.was_cleaned();
        log.log_start_offset() < log.local_log_start_offset() || (is_tiered && has_sealed)
    };
    let is_due = was_tiered || partition.log().with(|log| has_more(log));
    (is_due && !partition.is_gone()).then(|| tiering.of(partition))
}

async fn take_turn(step: &Step, mut work: OwnedMutexGuard<Work>) {
    let (tiering, tiered) = (&step.tiering, &step.tiered);
    let outcome = step.run(&mut work).await;
    let (topic, partition) = (&*tiered.topic, tiered.id.partition);
    match outcome {
        Ok(()) => {
            work.failures = 0;
            if tiered.note_trouble(None) {
                tracing::info!(topic, partition, "tiering goes on");
            }
        }
        // The topic was deleted under it.
        Err(_) if step.partition.is_gone() => {}
        Err(error) => {
            work.publisher = None;
            work.failures += 1;
            let doubled = RETRY_FIRST.saturating_mul(1 << (work.failures - 1).min(16));
            work.retry_at = tiering.env.clock.monotonic() + doubled.min(RETRY_MAX);
            tiering.counts.errors.fetch_add(1, Ordering::Relaxed);
            judge(tiering, tiered, &error);
        }
    }
}

/// Tells a failure once, and stops where another broker has taken over.
fn judge(tiering: &Tiering, tiered: &TieredPartition, error: &StepError) {
    if let Some(error) = error.publish_error() {
        tiering.stop_if_replaced(error);
        let _ = tiering.reader.counted(error.clone().into());
    }
    if let StepError::LaterLife(error) = error {
        tiering.stop(&error.to_string());
    }
    let (topic, partition) = (&*tiered.topic, tiered.id.partition);
    // Somebody was faster, most likely an earlier attempt of our own: the next turn takes over what there is.
    if matches!(error.publish_error(), Some(PublishError::Moved(_))) {
        tracing::info!(topic, partition, %error, "tiering begins this turn again");
        return;
    }
    if tiered.note_trouble(Some(error.to_string())) {
        tracing::error!(topic, partition, %error, "tiering of the partition is in trouble; it is tried again");
    }
}

/// Deletes all that the store has of a deleted topic. Once it has had time enough for what was under way to arrive, and
/// for a power loss to bring back what a directory has deleted, does so again and says in the metadata that it is done.
async fn delete_topic(ctx: Arc<ApiContext>, tiering: Arc<Tiering>, topic_id: TopicId) {
    // A copy that is under way would leave an object behind.
    for tiered in tiering.partitions().into_iter().filter(|tiered| tiered.id.topic_id == topic_id) {
        let _work = tiered.work.lock().await;
        tiering.forget(tiered.id);
    }
    match scrub::delete_topic(&tiering.store, &tiering.keys, tiering.generation(), topic_id).await {
        Ok(deleted) => {
            tiering.counts.deleted_objects.fetch_add(deleted as u64, Ordering::Relaxed);
            tiering.told_deletions.lock().remove(&topic_id);
            if tiering.note_deletion(topic_id) {
                tracing::info!(%topic_id, deleted, "objects of a deleted topic are deleted");
                tiering.deleting.lock().remove(&topic_id);
                return;
            }
            let done = RemoteDeletion { topic_id: topic_id.into(), is_done: true };
            let records = vec![RecordKind::RemoteDeletion(done).into()];
            let decided = ctx.controller.decide(|_| Outcome { records, response: () }).await;
            match decided {
                Ok(()) => tracing::debug!(%topic_id, deleted, "nothing is left of a deleted topic"),
                Err(error) => tracing::debug!(%topic_id, %error, "a deletion is not noted yet"),
            }
        }
        Err(error) => {
            tiering.stop_if_replaced(&error);
            tiering.counts.errors.fetch_add(1, Ordering::Relaxed);
            // It is tried with every round; that it still fails is no news.
            let text = error.to_string();
            let mut told = tiering.told_deletions.lock();
            if told.get(&topic_id).map(|told| gist(told)) != Some(gist(&text)) {
                tracing::warn!(%topic_id, error = text, "objects of a deleted topic are not deleted yet");
                told.insert(topic_id, text);
            }
        }
    }
    tiering.deleting.lock().remove(&topic_id);
}

impl Tiering {
    /// Whether the objects of a deleted topic were not deleted yet, or long enough ago to do so again.
    fn is_deletion_due(&self, topic_id: TopicId) -> bool {
        let (deleted, now) = (self.deleted.lock(), self.env.clock.monotonic());
        deleted.get(&topic_id).is_none_or(|at| now.saturating_sub(*at) >= DELETED_AGAIN_AFTER)
    }

    /// Notes that the objects of a deleted topic were deleted; whether that was the first time since the start.
    fn note_deletion(&self, topic_id: TopicId) -> bool {
        let mut deleted = self.deleted.lock();
        if deleted.remove(&topic_id).is_some() {
            return false;
        }
        deleted.insert(topic_id, self.env.clock.monotonic());
        true
    }
}

async fn store_known(tiering: &Arc<Tiering>) {
    let own = Arc::clone(tiering);
    let stored = tiering.env.block_on_disk(move || own.known.store(own.env.disk.as_ref())).await;
    if let Err(error) = stored {
        tracing::warn!(%error, "numbers of manifests are not remembered for the next start");
    }
}

/// Tells when copying does not keep up.
fn tell_lag(tiering: &Tiering, last_told: &mut Duration) {
    let now = tiering.env.clock.monotonic();
    if now.saturating_sub(*last_told) < BEHIND_TOLD_AFTER {
        return;
    }
    *last_told = now;
    let late = |since: Duration| now.saturating_sub(since) >= BEHIND_TOLD_AFTER;
    let figures = tiering.partitions().into_iter().map(|tiered| tiered.figures());
    let behind: Vec<_> = figures.filter(|figures| figures.behind_since.is_some_and(late)).collect();
    if behind.is_empty() {
        return;
    }
    tracing::warn!(
        partitions = behind.len(),
        bytes = behind.iter().map(|figures| figures.lag.bytes).sum::<u64>(),
        oldest_ms = behind.iter().filter_map(|figures| figures.lag.oldest_ms).max().unwrap_or(0),
        "copying to the object store is behind: what is not copied is on this disk only"
    );
}
