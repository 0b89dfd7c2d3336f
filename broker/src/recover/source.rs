//! Where a cluster is recovered from: its keys in an object store, and how its partitions are read there.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use broker_log::io::memory_disk::MemoryDisk;
use broker_tier::cache::ChunkCache;
use broker_tier::chunks::Chunks;
use broker_tier::discover::{self, ClusterFound};
use broker_tier::frame::FormatError;
use broker_tier::ids::ClusterId;
use broker_tier::keys::{ClusterKeys, Prefix};
use broker_tier::publish::PublishError;
use broker_tier::read::{RemoteReadError, RemoteReader};
use broker_tier::root::RootError;
use broker_tier::store::Store;

use super::moment;

/// A cluster in an object store.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) store: Arc<Store>,
    pub(super) keys: Arc<ClusterKeys>,
    pub(super) reader: Arc<RemoteReader>,
    /// As of when; `None` for the newest.
    pub(super) at_ms: Option<i64>,
}

/// Why a part of a cluster cannot be read.
#[derive(Debug)]
pub(super) enum SourceError {
    /// An object is not what was written: the rest can be read.
    Damaged(String),
    /// Nothing can be done about it here.
    Failed(anyhow::Error),
}

impl SourceError {
    pub(super) fn damaged(what: impl Display) -> SourceError {
        SourceError::Damaged(what.to_string())
    }
}

impl From<PublishError> for SourceError {
    fn from(error: PublishError) -> SourceError {
        match &error {
            // A later release wrote it: nothing is damaged.
            PublishError::Damaged { error: FormatError::Version(..), .. } => {
                SourceError::Failed(error.into())
            }
            PublishError::Damaged { .. } | PublishError::WentBack { .. } => SourceError::damaged(error),
            _ => SourceError::Failed(error.into()),
        }
    }
}

impl From<RemoteReadError> for SourceError {
    fn from(error: RemoteReadError) -> SourceError {
        match error {
            RemoteReadError::Publish(error) => error.into(),
            RemoteReadError::Store(error) => SourceError::Failed(error.into()),
            error => SourceError::damaged(error),
        }
    }
}

impl From<broker_tier::recover::RecoverError> for SourceError {
    fn from(error: broker_tier::recover::RecoverError) -> SourceError {
        match error {
            broker_tier::recover::RecoverError::Publish(error) => error.into(),
            error => SourceError::Failed(error.into()),
        }
    }
}

impl Source {
    pub(super) fn new(
        store: &Arc<Store>,
        prefix: &Prefix,
        cluster: &ClusterId,
        at_ms: Option<i64>,
    ) -> anyhow::Result<Source> {
        let keys = Arc::new(ClusterKeys::new(prefix, cluster));
        // Nothing is read twice, and a dry run may not write: the cache holds nothing.
        let disk = Arc::new(MemoryDisk::new(0));
        let cache = ChunkCache::open(disk, Path::new("/cache"), 0, store.env().blocking)?;
        let chunks = Chunks::new(Arc::clone(store), Arc::clone(&keys), Arc::new(cache), 0);
        let reader = RemoteReader::new(Arc::clone(store), Arc::clone(&keys), Arc::new(chunks));
        Ok(Source { store: Arc::clone(store), keys, reader: Arc::new(reader), at_ms })
    }
}

/// The cluster that is asked for, or the only one there is.
///
/// # Errors
/// There is none, or several and none is named.
pub(super) async fn choose_cluster(
    store: &Store,
    prefix: &Prefix,
    wanted: Option<&ClusterId>,
) -> anyhow::Result<ClusterId> {
    let found = discover::clusters(store, prefix).await.context("the object store cannot be read")?;
    let others = || match found.as_slice() {
        [] => "there is no cluster at all".to_owned(),
        found => format!("there are:\n{}", listed(found)),
    };
    let chosen = match (wanted, found.as_slice()) {
        (Some(wanted), found) => {
            found.iter().find(|cluster| cluster.cluster == *wanted).ok_or_else(|| {
                anyhow!("the object store has nothing of cluster {wanted} below this url; {}", others())
            })?
        }
        (None, []) => return Err(anyhow!("the object store has no cluster below this url")),
        (None, [only]) => only,
        (None, _) => {
            return Err(anyhow!(
                "the object store has several clusters, name one with --cluster-id; {}",
                others()
            ));
        }
    };
    match &chosen.root {
        Ok(Some(_)) => Ok(chosen.cluster.clone()),
        Ok(None) => Err(anyhow!(
            "cluster {} has no root in the object store: nothing tells who may write, so nothing was copied",
            chosen.cluster
        )),
        Err(error @ RootError::Format(generation, _)) => {
            let context = format!("root/{:020} of cluster {}", generation.0, chosen.cluster);
            Err(anyhow::Error::new(error.clone()).context(context))
        }
        Err(RootError::Store(error)) => Err(error.clone().into()),
    }
}

fn listed(found: &[ClusterFound]) -> String {
    let line = |cluster: &ClusterFound| match &cluster.root {
        Ok(Some(root)) => {
            format!(
                "  {}, generation {}, since {}",
                cluster.cluster,
                root.generation,
                moment::show(root.created_ms)
            )
        }
        Ok(None) => format!("  {}, without a root", cluster.cluster),
        Err(error) => format!("  {}, whose root cannot be read: {error}", cluster.cluster),
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}
