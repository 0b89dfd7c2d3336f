//! Starts tiered storage where the settings name an object store.

use std::sync::Arc;

use broker_config::BrokerConfig;
use broker_log::manager::LogDir;
use tokio::task::JoinHandle;

use super::{Tuning, cluster_of_directory};
use crate::api::context::ApiContext;
use crate::env::Env;
use crate::metrics::tiering::TieringCollector;
use crate::replication::manager::{ReplicaManager, TopicReplicas};
use crate::tiering::metadata_backup::MetadataBackup;
use crate::tiering::start::{Prepared, refuse_without_store};
use crate::tiering::{Tiering, worker};

/// What has to be known before the data directory is opened: see [`Prepared::new`].
pub(super) async fn prepare(
    env: &Env,
    settings: &BrokerConfig,
    tuning: &Tuning,
) -> anyhow::Result<Option<Prepared>> {
    if settings.remote.url.is_none() {
        return Ok(None);
    }
    let (own, dir) = (env.clone(), settings.log_dir.clone());
    let of_directory = env.block_on_disk(move || cluster_of_directory(&own, &dir)).await?;
    let cluster_id = settings.cluster_id.clone().or(of_directory);
    let instead = tuning.object_store.as_ref();
    Prepared::new(env, &settings.remote, &settings.log_dir, cluster_id.as_deref(), instead).await
}

/// Takes the cluster's place in the store.
pub(super) async fn start(
    env: &Env,
    prepared: Option<Prepared>,
    log_dir: &LogDir,
) -> anyhow::Result<Option<Arc<Tiering>>> {
    match prepared {
        Some(prepared) => prepared.start(env, log_dir).await.map(Some),
        None => refuse_without_store(log_dir).map(|()| None),
    }
}

/// Tells of topics that the settings of the start would have compacted although an object store has their older records:
/// nobody was asked who could have refused.
pub(super) fn tell_compacted(replicas: &ReplicaManager) {
    let topics = replicas.topics();
    let is_compacted = |topic: &&Arc<TopicReplicas>| {
        let is_compacted = topic.config().is_some_and(|config| config.cleanup_policy.compact);
        is_compacted && replicas.has_let_go(&topic.name)
    };
    let compacted: Vec<&str> = topics.iter().filter(is_compacted).map(|topic| &*topic.name).collect();
    if let Some(first) = compacted.first() {
        tracing::error!(
            topics = compacted.len(),
            first,
            "cleanup.policy or log.cleanup.policy says compact for topics whose older records lie in an object store only: \
             they are neither compacted nor copied until it says delete again"
        );
    }
}

/// Copies and deletes from now on.
pub(super) fn spawn(ctx: &Arc<ApiContext>) -> Option<JoinHandle<()>> {
    let tiering = ctx.tiering.clone()?;
    Some(tokio::spawn(worker::run(Arc::clone(ctx), tiering)))
}

/// What copies the metadata, where there is an object store.
pub(super) fn backup(ctx: &ApiContext) -> Option<Arc<MetadataBackup>> {
    let tiering = ctx.tiering.clone()?;
    Some(Arc::new(MetadataBackup::new(tiering, ctx.metadata.clone(), Arc::clone(&ctx.groups))))
}

/// Copies the metadata from now on.
pub(super) fn spawn_backup(backup: Option<&Arc<MetadataBackup>>) -> Option<JoinHandle<()>> {
    let backup = Arc::clone(backup?);
    Some(tokio::spawn(async move { backup.run().await }))
}

/// Shows its figures.
pub(super) fn register(ctx: &Arc<ApiContext>) {
    if ctx.tiering.is_some() {
        ctx.metrics.register(Box::new(TieringCollector::new(ctx)));
    }
}
