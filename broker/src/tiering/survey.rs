//! Whether this disk is as new as what the object store has of its data directory: found out once after each start, from
//! the metadata snapshots and every manifest there, before this broker writes anything.
//!
//! A disk that was put back from an older copy has settings, log starts and records of its own that overrule nothing: its
//! broker writes nothing, lets nothing go, and has to be recovered into an empty directory.

use broker_protocol::types::TopicId;
use broker_tier::discover;
use broker_tier::meta::MetaError;
use broker_tier::publish::{PublishError, load_newest};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Tiering;
use super::metadata_backup::lineage::LineageError;

/// Topics that are asked about at once.
const TOPICS_AT_ONCE: usize = 8;
/// Partitions of each.
const PARTITIONS_AT_ONCE: usize = 8;

impl Tiering {
    /// Makes sure that the store has neither later metadata than this disk's nor a manifest of a later life of it.
    ///
    /// # Errors
    /// See [`LineageError`].
    pub(super) async fn check_disk(&self) -> Result<(), LineageError> {
        self.metadata.check(&self.store, &self.keys, self.generation()).await?;
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
