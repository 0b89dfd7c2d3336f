//! Whether this broker may write to the object store, and what it refuses to start with.
//!
//! A broker that never claimed a place in the store learns before it touches its disk whether its cluster is in there
//! already: then it has lost its disk, and has to be recovered. One that has claimed starts also while the store cannot be
//! reached, and copies nothing until it has been.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Context, bail};
use broker_config::RemoteConfig;
use broker_log::manager::LogDir;
use broker_tier::bandwidth::Bandwidth;
use broker_tier::cache::ChunkCache;
use broker_tier::chunks::Chunks;
use broker_tier::copy::Copier;
use broker_tier::ids::{ClusterId, Generation};
use broker_tier::keys::ClusterKeys;
use broker_tier::read::RemoteReader;
use broker_tier::root::{self, Claim, Standing as Verdict};
use broker_tier::store::{SelfTestError, Store};
use broker_tier::url::RemoteUrl;
use object_store::ObjectStore;
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, Semaphore};

use super::claim::{self, Remembered};
use super::connect::{connect, tier_env};
use super::known::KnownManifests;
use super::lives::Lives;
use super::metadata_backup::lineage::{LineageError, MetadataLineage};
use super::partition::gist;
use super::survey::Survey;
use super::{Standing, Tiering, TieringCounts};
use crate::env::Env;

/// Where chunks of objects are kept, inside the data directory.
const CACHE_DIR: &str = "remote-cache";

/// Unit of the budget of reads, in bytes.
pub(super) const BUDGET_UNIT: usize = 1024;

/// What is known before the data directory is opened.
#[derive(Debug)]
pub struct Prepared {
    config: RemoteConfig,
    url: RemoteUrl,
    store: Arc<Store>,
    remembered: Option<Remembered>,
}

impl Prepared {
    /// Connects to the store that the settings name, if they name one; `cluster_id` is the cluster's id if it is known
    /// already. Changes nothing.
    ///
    /// # Errors
    /// The settings make no sense; the store cannot be reached and nothing tells that this broker belongs there; or the
    /// store holds this cluster and the data directory does not.
    pub async fn new(
        env: &Env,
        config: &RemoteConfig,
        dir: &Path,
        cluster_id: Option<&str>,
        instead: Option<&Arc<dyn ObjectStore>>,
    ) -> anyhow::Result<Option<Prepared>> {
        let Some(url) = &config.url else { return Ok(None) };
        let url = RemoteUrl::parse(url).context("highwater.remote.url")?;
        let store = Arc::new(connect(config, &url, env, instead)?);
        let (disk, of) = (Arc::clone(&env.disk), dir.to_owned());
        let remembered = env.block_on_disk(move || claim::load(disk.as_ref(), &of)).await?;
        let prepared = Prepared { config: config.clone(), url, store, remembered };
        if let (None, Some(cluster_id)) = (&prepared.remembered, cluster_id) {
            prepared.refuse_lost_disk(&ClusterId::parse(cluster_id)?, dir).await?;
        }
        Ok(Some(prepared))
    }

    async fn refuse_lost_disk(&self, cluster: &ClusterId, dir: &Path) -> anyhow::Result<()> {
        let keys = ClusterKeys::new(&self.url.prefix, cluster);
        let newest = root::newest(&self.store, &keys).await.with_context(|| self.place())?;
        if let Some(root) = newest {
            bail!(
                "{} holds generation {} of cluster {cluster}, and {} does not belong to it: bring the data back with \
                 `highwater-broker recover --remote {} --data-dir {} --cluster-id {cluster}`, or name another cluster or \
                 place",
                self.place(),
                root.generation,
                dir.display(),
                self.url,
                dir.display()
            );
        }
        Ok(())
    }

    fn place(&self) -> String {
        format!("highwater.remote.url {}", self.url)
    }

    /// Takes the cluster's place in the store, or the one that the data directory remembers.
    ///
    /// # Errors
    /// The store is not fit for it, belongs to somebody else, or is not the one of before; the disk's.
    pub async fn start(self, env: &Env, log_dir: &LogDir) -> anyhow::Result<Arc<Tiering>> {
        let cluster = ClusterId::parse(&log_dir.meta().cluster_id)?;
        let keys = Arc::new(ClusterKeys::new(&self.url.prefix, &cluster));
        let dir = log_dir.path().to_owned();
        let (disk, path) = (Arc::clone(&env.disk), dir.clone());
        let (own, directory_id, is_first) =
            (env.clone(), log_dir.meta().directory_id, self.remembered.is_none());
        let load = move || -> io::Result<_> {
            let known = KnownManifests::load(disk.as_ref(), &path)?;
            let metadata = MetadataLineage::load(disk.as_ref(), &path)?;
            Ok((known, metadata, Lives::begin(&own, &path, directory_id, is_first)?))
        };
        let (known, metadata, lives) = env.block_on_disk(load).await?;
        let (claim, standing, clock_ahead_ms) = match &self.remembered {
            Some(Remembered { claim, url }) if *url == self.url.to_string() => {
                (*claim, Standing::Unverified, 0)
            }
            Some(remembered) => self.move_to(&keys, env, &dir, remembered).await?,
            None => self.form(&cluster, &keys, env, &dir).await?,
        };
        let (disk, directory) = (Arc::clone(&env.disk), dir.join(CACHE_DIR));
        let (bytes_max, blocking) = (self.config.cache_bytes_max, tier_env(env).blocking);
        let cache =
            env.block_on_disk(move || ChunkCache::open(disk, &directory, bytes_max, blocking)).await?;
        // A quarter is for answers, the rest for what they are made of.
        let (store, answers) = (self.store, self.config.read_bytes_max / 4);
        let budget = self.config.read_bytes_max - answers;
        let chunks = Arc::new(Chunks::new(Arc::clone(&store), Arc::clone(&keys), Arc::new(cache), budget));
        let bandwidth = Arc::new(Bandwidth::new(Arc::clone(&env.clock), None));
        let permits = usize::try_from(answers).unwrap_or(usize::MAX) / BUDGET_UNIT;
        tracing::info!(url = %self.url, generation = claim.generation.0, "tiered storage is on");
        Ok(Arc::new(Tiering {
            reader: Arc::new(RemoteReader::new(Arc::clone(&store), Arc::clone(&keys), chunks)),
            copier: Copier::new(Arc::clone(&store), Arc::clone(&keys), Arc::clone(&bandwidth)),
            copying: Arc::new(Semaphore::new(self.config.copiers)),
            verifying: tokio::sync::Mutex::default(),
            read_budget: Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS))),
            read_budget_units: permits.min(Semaphore::MAX_PERMITS),
            env: env.clone(),
            config: self.config,
            cluster,
            store,
            keys,
            bandwidth,
            claim,
            standing: RwLock::new(standing),
            clock_ahead_ms: AtomicI64::new(clock_ahead_ms),
            partitions: Mutex::new(BTreeMap::new()),
            known,
            metadata,
            lives: Arc::new(lives),
            survey: Survey::default(),
            deleting: Mutex::default(),
            deleted: Mutex::new(BTreeMap::new()),
            told: Mutex::default(),
            told_deletions: Mutex::default(),
            copy_limit: Mutex::default(),
            counts: TieringCounts::default(),
            wake: Notify::new(),
        }))
    }

    /// The first claim of a cluster that has never tiered.
    async fn form(
        &self,
        cluster: &ClusterId,
        keys: &ClusterKeys,
        env: &Env,
        dir: &Path,
    ) -> anyhow::Result<(Claim, Standing, i64)> {
        let tested = self.store.self_test(keys).await.with_context(|| self.place())?;
        self.refuse_lost_disk(cluster, dir).await?;
        let claim = Claim { generation: Generation::FIRST, claimant: env.random.uuid() };
        self.remember(env, dir, claim).await?;
        let root = root::claim(&self.store, keys, claim, env.clock.now_ms()).await;
        let root = root.with_context(|| self.place())?;
        anyhow::ensure!(
            root.claimant == claim.claimant,
            "{}: another cluster {cluster} has just begun there",
            self.place()
        );
        Ok((claim, Standing::Active, tested.clock_ahead_ms))
    }

    /// The same objects lie elsewhere now.
    async fn move_to(
        &self,
        keys: &ClusterKeys,
        env: &Env,
        dir: &Path,
        remembered: &Remembered,
    ) -> anyhow::Result<(Claim, Standing, i64)> {
        let (claim, before) = (remembered.claim, &remembered.url);
        let newest = root::newest(&self.store, keys).await.with_context(|| self.place())?;
        match root::judge(newest.as_ref(), Some(claim)) {
            Verdict::Current => {}
            verdict => bail!(
                "{} is not the place that this broker has copied to, which was {before}: {}",
                self.place(),
                told(&verdict)
            ),
        }
        let tested = self.store.self_test(keys).await.with_context(|| self.place())?;
        tracing::warn!(%before, now = %self.url, "objects are looked for in another place than before");
        self.remember(env, dir, claim).await?;
        Ok((claim, Standing::Unverified, tested.clock_ahead_ms))
    }

    async fn remember(&self, env: &Env, dir: &Path, claim: Claim) -> anyhow::Result<()> {
        let remembered = Remembered { claim, url: self.url.to_string() };
        let (disk, dir) = (Arc::clone(&env.disk), dir.to_owned());
        Ok(env.block_on_disk(move || claim::store(disk.as_ref(), &dir, &remembered)).await?)
    }
}

/// Refuses a data directory whose older records lie in an object store that no setting names.
///
/// # Errors
/// With the first such log.
pub fn refuse_without_store(log_dir: &LogDir) -> anyhow::Result<()> {
    for log in log_dir.logs() {
        let (start, local) = log.with(|log| (log.log_start_offset(), log.local_log_start_offset()));
        anyhow::ensure!(
            start >= local,
            "highwater.remote.url is not set, but the offsets {start} to {local} of {} lie in an object store only",
            log.identity()
        );
    }
    Ok(())
}

fn told(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Superseded(by) => format!(
            "the cluster was recovered elsewhere, as generation {by}: this broker must not write to the object store any \
             more"
        ),
        Verdict::Foreign(root) => {
            format!("generation {} of the cluster was claimed by another broker", root.generation)
        }
        Verdict::Lost | Verdict::Form => {
            "the object store knows nothing of this cluster: it was emptied, or is another one".to_owned()
        }
        Verdict::Recover(generation) => format!("it holds generation {generation} of the cluster"),
        Verdict::Current => "it is the cluster's".to_owned(),
    }
}

impl Tiering {
    /// Finds out whether this broker may write, if it does not know yet; answers whether it may.
    pub(super) async fn verify(&self) -> bool {
        match self.standing() {
            Standing::Active => return true,
            Standing::Stopped(_) => return false,
            Standing::Unverified => {}
        }
        match self.try_verify().await {
            Ok(()) => matches!(self.standing(), Standing::Active),
            Err(error) => {
                self.tell_unreachable(&error);
                false
            }
        }
    }

    async fn try_verify(&self) -> anyhow::Result<()> {
        let newest = root::newest(&self.store, &self.keys).await?;
        match root::judge(newest.as_ref(), Some(self.claim)) {
            Verdict::Current => {}
            // Stopped between remembering the claim and making it.
            Verdict::Lost if newest.is_none() && self.has_never_copied() => {
                let root = root::claim(&self.store, &self.keys, self.claim, self.env.clock.now_ms()).await?;
                if root.claimant != self.claim.claimant {
                    self.stop(&told(&Verdict::Foreign(root)));
                    return Ok(());
                }
            }
            verdict => {
                self.stop(&told(&verdict));
                return Ok(());
            }
        }
        match self.store.self_test(&self.keys).await {
            Ok(tested) => self.clock_ahead_ms.store(tested.clock_ahead_ms, Ordering::Relaxed),
            Err(SelfTestError::Store(error)) => return Err(error.into()),
            // A listing may be stale once; it is tried again.
            Err(error @ SelfTestError::NotListed) => return Err(error.into()),
            Err(error) => {
                self.stop(&error.to_string());
                return Ok(());
            }
        }
        match self.metadata.check(&self.store, &self.keys, self.generation()).await {
            Ok(()) => {}
            Err(error @ LineageError::Older { .. }) => {
                self.stop(&error.to_string());
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        *self.standing.write() = Standing::Active;
        tracing::info!("the object store is reached");
        Ok(())
    }

    fn has_never_copied(&self) -> bool {
        self.claim.generation == Generation::FIRST && self.known.is_empty()
    }

    fn tell_unreachable(&self, error: &anyhow::Error) {
        self.counts.errors.fetch_add(1, Ordering::Relaxed);
        let text = format!("{error:#}");
        let mut told = self.told.lock();
        // A probe has a name of its own each time.
        if told.as_deref().map(gist) != Some(gist(&text)) {
            tracing::error!(error = text, "the object store is not reached: nothing is copied until it is");
            *told = Some(text);
        }
    }
}
