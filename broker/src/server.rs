//! Starts the parts of a broker in order and stops them in reverse.
//!
//! Start: sockets are bound (so that a port in use is found first), the log directory recovers, the metadata quorum
//! comes up, the broker registers, its replicas follow the image, and only then is the first connection accepted.

mod health;
mod kafka_directory;
mod tiered;
mod unknown_logs;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use broker_config::{Config, Listener as ListenerConfig};
use broker_log::cleaner::Cleaner;
use broker_log::commit_log::CommitLogSizes;
use broker_log::log_config::{LogConfig, LogIdentity};
use broker_log::manager::{LogDir, LogDirSettings};
use broker_log::meta_properties::{META_PROPERTIES_FILE, MetaProperties};
use broker_log::recovery::RecoveryReport;
use broker_protocol::types::{BrokerId, uuid_to_base64};
use object_store::ObjectStore;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::api::context::{AdvertisedListener, ApiContext};
use crate::api::fetch_session::FetchSessions;
use crate::controller::Controller;
use crate::coordinator::GroupCoordinator;
use crate::env::{Blocking, Env};
use crate::lifecycle;
use crate::metrics::scrape::BrokerCollector;
use crate::metrics::{CommitMetrics, Metrics};
use crate::net::acceptor::{self, Connections};
use crate::net::budget::MemoryBudget;
use crate::net::stream::Listener;
use crate::producer_ids::ProducerIds;
use crate::quorum::{MetadataLog, QuorumConfig, RaftNode};
use crate::recover;
use crate::replication::cleaning::ReplicaCleaning;
use crate::replication::manager::ReplicaManager;
use crate::tiering::metadata_backup::MetadataBackup;
use crate::topic_settings::TopicSettings;

pub use health::BrokerHealth;

/// How long connections may take to finish what they have begun when the broker stops.
const DRAIN: Duration = Duration::from_secs(5);

/// How often the log directory is looked after: time-based rolls, retention, checkpoints.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(1);

/// How many requests may have their batches opened at once.
const OPENINGS_MAX: usize = 4;

/// Where the metadata log lies inside the data directory.
pub(crate) const METADATA_DIR: &str = "metadata";

/// A socket that is bound, and the listener it belongs to.
pub struct Bound<L> {
    /// As configured.
    pub config: ListenerConfig,
    /// The socket.
    pub socket: L,
}

/// What is given beyond the settings: by the process its limits, and all else by a simulation.
#[derive(Default)]
pub struct Tuning {
    /// Client connections that may be open at most, whatever `max.connections` says; `None` for any number.
    pub connections_max: Option<usize>,
    /// Time that the disk takes for a commit; counts only where the committer is a task.
    pub commit_time: Duration,
    /// Changes how the log directory is run, for example to small files.
    pub log_dir: Option<TuneLogDir>,
    /// Stands in for the object store that `highwater.remote.url` names, which has to be set.
    pub object_store: Option<Arc<dyn ObjectStore>>,
    /// Changes of the metadata after which a snapshot of it is made; `None` for the default.
    pub metadata_snapshot_entries: Option<u64>,
}

/// Changes the settings of the log directory that no user may set.
pub type TuneLogDir = Arc<dyn Fn(&mut LogDirSettings) + Send + Sync>;

/// A running broker.
pub struct Broker {
    ctx: Arc<ApiContext>,
    connections: Arc<Connections>,
    acceptors: Vec<JoinHandle<()>>,
    background: Vec<JoinHandle<()>>,
    backup: Option<Arc<MetadataBackup>>,
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker").finish_non_exhaustive()
    }
}

impl Broker {
    /// Starts a broker on sockets that are bound already.
    ///
    /// # Errors
    /// The log directory or the metadata cannot be used; the message names the file and the reason.
    pub async fn start<L: Listener>(
        env: Env,
        config: Arc<Config>,
        listeners: Vec<Bound<L>>,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Broker> {
        Broker::start_tuned(env, config, listeners, metrics, &Tuning::default()).await
    }

    /// [`Broker::start`] within what `tuning` gives.
    ///
    /// # Errors
    /// As `start`.
    pub async fn start_tuned<L: Listener>(
        env: Env,
        config: Arc<Config>,
        listeners: Vec<Bound<L>>,
        metrics: Arc<Metrics>,
        tuning: &Tuning,
    ) -> anyhow::Result<Broker> {
        let began = env.clock.monotonic();
        let settings = config.broker();
        let broker_id = BrokerId(settings.node_id);
        let advertised = advertised(settings, &listeners)?;

        let prepared = tiered::prepare(&env, settings, tuning).await?;
        let log_dir = open_log_dir(&env, settings, &metrics, tuning).await?;
        let tiering = tiered::start(&env, prepared, &log_dir).await?;
        let metadata = start_metadata_log(&env, &log_dir, settings, &advertised, tuning).await?;
        if let Some(tiering) = &tiering {
            tiering.note_metadata(metadata.found()).await.context("remote-metadata")?;
        }
        unknown_logs::refuse(&env, &log_dir, &metadata).await?;
        let topic_settings = Arc::new(TopicSettings::new(broker_id, Arc::clone(&config)));
        let replicas =
            Arc::new(ReplicaManager::new(broker_id, Arc::clone(&log_dir), Arc::clone(&topic_settings)));
        let controller = Controller::new(metadata.clone(), Arc::clone(&log_dir), env.clone());
        lifecycle::register(&controller, &env, settings, log_dir.meta(), &advertised).await?;
        // What is there is served also where the disk has no room for what is not.
        if let Some(behind) = controller.follow(&replicas, &env).await.filter(|behind| !behind.lacks_room) {
            anyhow::bail!(behind);
        }
        tiered::tell_compacted(&replicas);

        let groups = GroupCoordinator::new(env.clone(), settings, Arc::clone(&replicas));
        let ctx = Arc::new(ApiContext {
            config: Arc::new(settings.clone()),
            advertised,
            metadata,
            controller,
            settings: topic_settings,
            producer_ids: ProducerIds::default(),
            replicas,
            tiering,
            sessions: FetchSessions::new(settings.network.fetch_session_slots, Arc::clone(&env.random)),
            groups: Arc::new(groups),
            metrics: Arc::clone(&metrics),
            memory: MemoryBudget::new(settings.network.queued_request_bytes_max),
            cold_reads: Arc::new(Semaphore::new(settings.storage.cold_read_threads)),
            cold_bytes: Arc::new(Semaphore::new(settings.storage.cold_read_bytes_max)),
            openings: Arc::new(Semaphore::new(OPENINGS_MAX)),
            request_bytes_max: settings.network.request_bytes_max,
            idle_max: settings.network.idle_ms_max.map_or(lifecycle::NEVER, Duration::from_millis),
            stopping: AtomicBool::new(false),
            env,
        });
        ctx.groups.start(&ctx);
        metrics.register(Box::new(BrokerCollector::new(&ctx)));
        tiered::register(&ctx);

        let connections = Arc::new(Connections::new(tuning.connections_max.unwrap_or(usize::MAX)));
        let acceptors = accept(listeners, &ctx, &connections)?;
        let following = Arc::clone(&ctx);
        let mut background = vec![
            tokio::spawn(maintain(Arc::clone(&ctx))),
            tokio::spawn(acceptor::keep_within_limit(Arc::clone(&ctx), Arc::clone(&connections))),
            tokio::spawn(async move {
                following.controller.follow_all(&following.replicas, &following.env).await
            }),
        ];
        background.extend(start_cleaner(&ctx)?);
        background.extend(tiered::spawn(&ctx));
        let backup = tiered::backup(&ctx);
        background.extend(tiered::spawn_backup(backup.as_ref()));
        let took = ctx.env.clock.monotonic().saturating_sub(began);
        tracing::info!(
            node_id = broker_id.0,
            took_ms = ms(took),
            version = env!("CARGO_PKG_VERSION"),
            "broker started"
        );
        Ok(Broker { ctx, connections, acceptors, background, backup })
    }

    /// What its handlers work with.
    #[must_use]
    pub fn context(&self) -> &Arc<ApiContext> {
        &self.ctx
    }

    /// Returns, with the reason, when the broker cannot go on and has to be stopped: what its metadata log failed to
    /// write may be there after a restart, or not, and nothing can be decided until that is known. A failed log
    /// directory is no such reason: the broker goes on and answers what it can.
    pub async fn failed(&self) -> String {
        format!("metadata log is out of service: {}", self.ctx.metadata.out_of_service().await)
    }

    /// Stops it: no new connections, requests that were read are answered, then everything is made durable.
    ///
    /// # Errors
    /// The log directory cannot be closed cleanly; nothing acknowledged is lost, the next start takes longer.
    pub async fn stop(self) -> anyhow::Result<()> {
        let began = self.ctx.env.clock.monotonic();
        for acceptor in &self.acceptors {
            acceptor.abort();
        }
        self.ctx.stopping.store(true, Ordering::Release);
        self.ctx.groups.drain();
        self.connections.wake_all();
        let drained = tokio::time::timeout(DRAIN, async {
            while !self.connections.is_empty() {
                self.connections.wake_all();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        if drained.is_err() {
            tracing::warn!(
                connections = self.connections.len(),
                "connections were still busy and are dropped"
            );
        }
        for task in &self.background {
            task.abort();
        }
        if let Some(backup) = &self.backup {
            backup.finish().await;
        }
        self.ctx.groups.stop();
        let log_dir = Arc::clone(self.ctx.replicas.log_dir());
        self.ctx.env.block_on_disk(move || log_dir.close()).await;
        self.ctx.metadata.shutdown().await;
        let took = self.ctx.env.clock.monotonic().saturating_sub(began);
        tracing::info!(took_ms = ms(took), "broker stopped");
        Ok(())
    }
}

/// Lets clients in.
fn accept<L: Listener>(
    listeners: Vec<Bound<L>>,
    ctx: &Arc<ApiContext>,
    connections: &Arc<Connections>,
) -> anyhow::Result<Vec<JoinHandle<()>>> {
    let accept = |Bound { config, socket }: Bound<L>| {
        let address = socket.local_addr()?;
        tracing::info!(listener = config.name, %address, "listening");
        let name = Arc::from(config.name.as_str());
        Ok(tokio::spawn(acceptor::accept_all(socket, name, Arc::clone(ctx), Arc::clone(connections))))
    };
    listeners.into_iter().map(accept).collect()
}

/// Whole milliseconds, for log lines: a number also where they are JSON.
fn ms(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

async fn start_metadata_log(
    env: &Env,
    log_dir: &LogDir,
    settings: &broker_config::BrokerConfig,
    advertised: &[AdvertisedListener],
    tuning: &Tuning,
) -> anyhow::Result<MetadataLog> {
    let own = advertised.first().context("there is no listener")?;
    let config = QuorumConfig {
        dir: settings.log_dir.join(METADATA_DIR),
        node: RaftNode {
            broker_id: BrokerId(settings.node_id),
            directory_id: log_dir.meta().directory_id,
            host: own.host.clone(),
            port: own.port,
        },
        snapshot_entries: tuning.metadata_snapshot_entries,
    };
    refuse_lost_metadata(env, log_dir, &config.dir)?;
    let began = env.clock.monotonic();
    let metadata = MetadataLog::start(env, &config).await?;
    let took = env.clock.monotonic().saturating_sub(began);
    let image = metadata.image();
    tracing::info!(
        offset = image.position.offset.0,
        topics = image.topics.len(),
        partitions = image.topics.partition_count(),
        took_ms = ms(took),
        "metadata recovered"
    );
    Ok(metadata)
}

/// Refuses to begin without metadata beside partitions that were made by some: nothing would know them, and what nothing
/// knows is removed.
fn refuse_lost_metadata(env: &Env, log_dir: &LogDir, metadata: &Path) -> anyhow::Result<()> {
    let partitions = log_dir.logs().len();
    let is_there = || -> std::io::Result<bool> {
        Ok(env.disk.exists(metadata)? && env.disk.list(metadata)?.iter().any(|entry| entry.len > 0))
    };
    anyhow::ensure!(
        partitions == 0 || is_there().with_context(|| format!("metadata in {}", metadata.display()))?,
        "metadata in {} is lost, but {partitions} partitions are there that it knew: put it back",
        metadata.display()
    );
    Ok(())
}

/// Opens the log directory and has a thread or a task commit what is appended.
async fn open_log_dir(
    env: &Env,
    settings: &broker_config::BrokerConfig,
    metrics: &Arc<Metrics>,
    tuning: &Tuning,
) -> anyhow::Result<Arc<LogDir>> {
    kafka_directory::refuse(env, &settings.log_dir)?;
    recover::marker::refuse(env.disk.as_ref(), &settings.log_dir)?;
    let (env_, settings_) = (env.clone(), settings.clone());
    let tune = tuning.log_dir.clone();
    let began = env.clock.monotonic();
    let (log_dir, report) = env
        .block_on_disk(move || {
            let mut settings = log_dir_settings(&env_, &settings_)?;
            if let Some(tune) = tune {
                tune(&mut settings);
            }
            let path = settings_.log_dir.clone();
            // The topics' own settings come with the metadata, before the first append.
            let config_of = |_: &LogIdentity| Arc::new(LogConfig::default());
            let opened = LogDir::open(env_.disk, env_.clock, path, settings, &config_of);
            opened.map_err(anyhow::Error::from)
        })
        .await
        .context("log.dirs")?;
    let took = env.clock.monotonic().saturating_sub(began);
    report_recovery(&settings.log_dir, &report, took);
    log_dir.set_observer(Box::new(CommitMetrics(Arc::clone(metrics))));
    match env.blocking {
        Blocking::Threads => log_dir.spawn_committer_thread().context("the committer cannot be started")?,
        Blocking::Inline => spawn_committer_task(&log_dir, tuning.commit_time),
    }
    Ok(log_dir)
}

fn log_dir_settings(env: &Env, settings: &broker_config::BrokerConfig) -> anyhow::Result<LogDirSettings> {
    let cluster_id = match &settings.cluster_id {
        Some(id) => id.clone(),
        None => {
            cluster_of_directory(env, &settings.log_dir)?.unwrap_or_else(|| uuid_to_base64(env.random.uuid()))
        }
    };
    let storage = &settings.storage;
    let defaults = LogDirSettings::new(&cluster_id, BrokerId(settings.node_id), env.random.uuid());
    Ok(LogDirSettings {
        commit_log: CommitLogSizes {
            uncovered_bytes_max: storage.commit_log_bytes_max,
            ..defaults.commit_log
        },
        checkpoint_interval: Duration::from_millis(storage.checkpoint_interval_ms),
        retention_check_interval: Duration::from_millis(storage.retention_check_interval_ms),
        recovery_threads: if env.blocking == Blocking::Inline { 1 } else { defaults.recovery_threads },
        ..defaults
    })
}

/// The cluster that a directory in use belongs to; an empty one founds another.
fn cluster_of_directory(env: &Env, dir: &Path) -> anyhow::Result<Option<String>> {
    let file = dir.join(META_PROPERTIES_FILE);
    let named = || file.display().to_string();
    if !env.disk.exists(&file).with_context(named)? {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&env.disk.read(&file).with_context(named)?).into_owned();
    let decoded = MetaProperties::decode(&text, env.random.uuid());
    Ok(Some(decoded.map_err(|reason| anyhow::anyhow!("{}: {reason}", file.display()))?.cluster_id))
}

fn report_recovery(dir: &Path, report: &RecoveryReport, took: Duration) {
    tracing::info!(
        dir = %dir.display(),
        clean = report.clean,
        logs = report.logs,
        logs_read_fully = report.logs_read_fully,
        replayed_bytes = report.replayed_bytes,
        scanned_bytes = report.scanned_bytes,
        took_ms = ms(took),
        "log directory recovered"
    );
    if let Some((name, instead)) = report.checkpoint.damage() {
        let file = dir.join(name);
        tracing::warn!(file = %file.display(), instead, "the checkpoint is damaged or gone");
    }
    if report.missing_frames > 0 {
        let dir = dir.join("commit-log");
        let frames = report.missing_frames;
        tracing::error!(dir = %dir.display(), frames, "frames of the commit log are not there: unless a later checkpoint had them, acknowledged changes are lost");
    }
    for (log, bytes) in &report.cut {
        tracing::info!(%log, bytes, "an unacknowledged tail was cut off");
    }
    for (log, offset) in &report.lost {
        tracing::error!(%log, offset = offset.0, "records that were durable are missing from this offset on");
    }
    for (log, reason) in &report.offline {
        tracing::error!(log, reason, "log cannot be opened and stays offline");
    }
}

/// The committer as a task: what a simulation has instead of its thread.
fn spawn_committer_task(log_dir: &Arc<LogDir>, commit_time: Duration) {
    let wake = Arc::new(tokio::sync::Notify::new());
    let woken = Arc::clone(&wake);
    log_dir.set_wake(Box::new(move || woken.notify_one()));
    let mut committer = log_dir.committer();
    tokio::spawn(async move {
        loop {
            wake.notified().await;
            // What is appended meanwhile is part of the cycle, as with a disk that is busy.
            tokio::time::sleep(commit_time).await;
            committer.run_cycle();
        }
    });
}

/// Has a thread, or a task where there are none, clean the compacted logs, unless the settings say otherwise.
fn start_cleaner(ctx: &ApiContext) -> anyhow::Result<Option<JoinHandle<()>>> {
    if !ctx.config.storage.cleaner_enabled {
        return Ok(None);
    }
    let (replicas, settings) = (Arc::clone(&ctx.replicas), Arc::clone(&ctx.settings));
    let seams = Box::new(ReplicaCleaning::new(replicas, ctx.metadata.clone(), settings));
    let log_dir = Arc::clone(ctx.replicas.log_dir());
    let mut cleaner = Cleaner::new(Arc::clone(&log_dir), seams, ctx.env.random.uuid().as_u64_pair());
    match ctx.env.blocking {
        Blocking::Threads => {
            log_dir.spawn_cleaner_thread(cleaner).context("the cleaner cannot be started")?;
            Ok(None)
        }
        Blocking::Inline => Ok(Some(tokio::spawn(async move {
            loop {
                let pause = cleaner.step();
                // No disk does any work in no time.
                tokio::time::sleep(pause.max(Duration::from_millis(1))).await;
            }
        }))),
    }
}

/// The addresses clients are told: as configured, port 0 replaced by the real one, an empty host by the machine's.
fn advertised<L: Listener>(
    settings: &broker_config::BrokerConfig,
    listeners: &[Bound<L>],
) -> anyhow::Result<Vec<AdvertisedListener>> {
    settings
        .advertised_listeners
        .iter()
        .map(|advertised| {
            let bound = listeners.iter().find(|bound| bound.config.name == advertised.name);
            let port = match (advertised.port, bound) {
                (0, Some(bound)) => bound.socket.local_addr()?.port(),
                (port, _) => port,
            };
            let host = match advertised.host.as_str() {
                "" => host_name()?,
                host => host.to_owned(),
            };
            Ok(AdvertisedListener { name: advertised.name.clone(), host, port })
        })
        .collect()
}

/// The name of this machine.
fn host_name() -> anyhow::Result<String> {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_string_lossy().into_owned();
    anyhow::ensure!(!name.is_empty(), "advertised.listeners: this machine has no host name, so name a host");
    Ok(name)
}

async fn maintain(ctx: Arc<ApiContext>) {
    loop {
        tokio::time::sleep(MAINTENANCE_INTERVAL).await;
        let replicas = Arc::clone(&ctx.replicas);
        let now_ms = ctx.env.clock.now_ms();
        ctx.env.block_on_disk(move || replicas.maintain(now_ms)).await;
    }
}

#[cfg(test)]
mod tests;
