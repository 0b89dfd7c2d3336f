//! Logs that the metadata does not know, found at a start.
//!
//! A partition is in the metadata log, durably, before its directory is made. So a directory that the metadata does not
//! know tells that a part of the metadata was lost, unless its topic was removed: then its deletion was cut short, and
//! goes on. Nothing is taken away, and nothing registered, before that is known.

use std::path::PathBuf;
use std::sync::Arc;

use broker_log::manager::LogDir;

use crate::env::Env;
use crate::quorum::MetadataLog;

/// So many directories are named.
const NAMED_MAX: usize = 3;

/// Refuses to begin where directories of partitions are there that the metadata lost. The log directory is closed then, so
/// that all it has lies in the directories themselves.
pub(super) async fn refuse(env: &Env, log_dir: &Arc<LogDir>, metadata: &MetadataLog) -> anyhow::Result<()> {
    let unknown = find(env, log_dir, metadata).await?;
    if unknown.is_empty() {
        return Ok(());
    }
    let closing = Arc::clone(log_dir);
    env.block_on_disk(move || closing.close()).await;
    metadata.shutdown().await;
    anyhow::bail!(
        "metadata log {} is cut off or older than the partitions beside it: it neither has nor removed those in {}. \
         Put the right metadata back, or move these directories away to start without them",
        metadata.newest_file().display(),
        named(&unknown)
    )
}

/// Directories of partitions that the metadata does not have, and whose topics it did not remove, by their paths.
async fn find(env: &Env, log_dir: &Arc<LogDir>, metadata: &MetadataLog) -> anyhow::Result<Vec<PathBuf>> {
    let (image, log_dir) = (metadata.image(), Arc::clone(log_dir));
    let mut unknown = env
        .block_on_disk(move || {
            log_dir.directories_without(&|topic_id, partition| {
                image.topics.by_id(topic_id).is_some_and(|topic| topic.partition(partition).is_some())
            })
        })
        .await?;
    if unknown.is_empty() {
        return Ok(Vec::new());
    }
    let removed = metadata.removed_topics().await?;
    unknown.retain(|(topic_id, _)| !removed.contains(topic_id));
    let mut dirs: Vec<PathBuf> = unknown.into_iter().map(|(_, dir)| dir).collect();
    dirs.sort();
    Ok(dirs)
}

fn named(dirs: &[PathBuf]) -> String {
    let names: Vec<String> = dirs.iter().take(NAMED_MAX).map(|dir| dir.display().to_string()).collect();
    match dirs.len() - names.len() {
        0 => names.join(", "),
        others => format!("{} and {others} others", names.join(", ")),
    }
}
