//! Whether every manifest in the store is known to this disk: they are looked at once after each start, while tiering goes on.
//! Until that is done nothing in the store is given up or overruled.
//!
//! A disk that was put back from an older copy has settings, log starts and records of its own that overrule nothing: its
//! broker stops tiering, and has to be recovered into an empty directory. One partition with a later manifest tells so of
//! all. A manifest that cannot be read holds up what is given up, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use broker_protocol::types::TopicId;
use broker_tier::discover;
use broker_tier::meta::MetaError;
use broker_tier::publish::{PublishError, load_newest};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::metadata_backup::lineage::LineageError;
use super::{Standing, Tiering};

/// Topics that are asked about at once.
const TOPICS_AT_ONCE: usize = 8;
/// Partitions of each.
const PARTITIONS_AT_ONCE: usize = 8;
/// Pause after the first failure; it doubles.
const RETRY_FIRST: Duration = Duration::from_millis(500);
/// Longest such pause.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// How far it is.
#[derive(Debug, Default)]
pub(super) struct Survey {
    begun: AtomicBool,
    done: AtomicBool,
}

impl Tiering {
    /// Whether all manifests were looked at, and none is of a later life of this disk.
    pub(super) fn is_surveyed(&self) -> bool {
        self.survey.done.load(Ordering::Acquire)
    }

    /// Looks at all manifests, in a task of its own; the first call of a process does.
    pub(super) fn begin_survey(self: &Arc<Self>, tasks: &mut tokio::task::JoinSet<()>) {
        if !self.survey.begun.swap(true, Ordering::AcqRel) {
            let own = Arc::clone(self);
            tasks.spawn(async move { own.survey_all().await });
        }
    }

    async fn survey_all(&self) {
        let mut pause = RETRY_FIRST;
        while self.standing() == Standing::Active {
            match self.try_survey().await {
                Ok(()) => {
                    self.survey.done.store(true, Ordering::Release);
                    self.wake();
                    return;
                }
                Err(LineageError::LaterLife(error)) => return self.stop(&error.to_string()),
                Err(error) => {
                    self.counts.errors.fetch_add(1, Ordering::Relaxed);
                    if pause == RETRY_FIRST {
                        tracing::error!(
                            %error,
                            "not every manifest can be read: until that is so, nothing that was copied is given up, and no \
                             metadata are copied"
                        );
                    }
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(RETRY_MAX);
        }
    }

    async fn try_survey(&self) -> Result<(), LineageError> {
        let topics = discover::topics(&self.store, &self.keys).await.map_err(MetaError::from)?;
        let checks = topics.into_iter().map(|topic_id| self.check_author(topic_id));
        // What is damaged is told when it is the partition's turn.
        stream::iter(checks).buffer_unordered(TOPICS_AT_ONCE).try_for_each(async |_| Ok(())).await
    }

    /// Makes sure that a topic, which this disk need not know, was not copied by a later life of it. Returns whether that
    /// is certain: what is damaged proves nothing.
    ///
    /// # Errors
    /// See [`LineageError`].
    pub(super) async fn check_author(&self, topic_id: TopicId) -> Result<bool, LineageError> {
        let (store, keys) = (&self.store, &self.keys);
        let partitions = discover::partitions(store, keys, topic_id).await.map_err(MetaError::from)?;
        let checks = partitions.into_iter().map(async |id| match load_newest(store, keys, id, None).await {
            Ok(Some(manifest)) => {
                self.lives.check(&manifest)?;
                Ok(true)
            }
            Ok(None) => Ok(true),
            Err(PublishError::Damaged { .. } | PublishError::WentBack { .. }) => Ok(false),
            Err(error) => Err(LineageError::Manifest(error)),
        });
        let all = stream::iter(checks).buffer_unordered(PARTITIONS_AT_ONCE);
        all.try_fold(true, async |all, one| Ok(all && one)).await
    }
}
