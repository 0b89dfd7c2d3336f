//! Whether this disk is as new as what the object store has of its data directory. Found out once, from every manifest and
//! the metadata snapshots there, before anything in the store is given up or overruled.

use broker_protocol::types::{Offset, TopicId};
use broker_tier::discover;
use broker_tier::meta::MetaError;
use broker_tier::publish::{PublishError, load_newest};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Tiering;
use super::metadata_backup::lineage::LineageError;

/// Partitions that are asked about at once.
const AT_ONCE: usize = 16;

impl Tiering {
    /// Whether the store has nothing that tells of later metadata than this disk's, which are at offset `own`, and no
    /// manifest of a later life.
    ///
    /// # Errors
    /// See [`LineageError`].
    pub(super) async fn check_metadata(&self, own: Offset) -> Result<(), LineageError> {
        self.lives.check_all()?;
        self.surveyed.get_or_try_init(async || self.survey().await).await?;
        self.lives.check_all()?;
        self.metadata.check(&self.env, (&self.store, &self.keys), self.generation(), own).await
    }

    /// Looks at the newest manifest of every partition that the store knows, also of topics that this disk does not.
    async fn survey(&self) -> Result<(), LineageError> {
        for topic_id in discover::topics(&self.store, &self.keys).await.map_err(MetaError::from)? {
            match self.check_author(topic_id).await {
                // It is noted, and tells enough.
                Err(LineageError::LaterLife(_)) => return Ok(()),
                checked => checked?,
            }
        }
        Ok(())
    }

    /// Makes sure that a topic was not copied by a later life of this disk. What cannot be read proves nothing.
    pub(super) async fn check_author(&self, topic_id: TopicId) -> Result<(), LineageError> {
        let (store, keys) = (&self.store, &self.keys);
        let partitions = discover::partitions(store, keys, topic_id).await.map_err(MetaError::from)?;
        let checks = partitions.into_iter().map(async |id| match load_newest(store, keys, id, None).await {
            Ok(Some(manifest)) => Ok(self.lives.check(&manifest)?),
            Ok(None) | Err(PublishError::Damaged { .. } | PublishError::WentBack { .. }) => Ok(()),
            Err(error) => Err(LineageError::Manifest(error)),
        });
        stream::iter(checks).buffer_unordered(AT_ONCE).try_collect::<()>().await
    }
}
