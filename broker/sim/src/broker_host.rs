//! The simulated machine of the broker: its disk and clock outlive the process, the process starts from nothing but them.
//! The process is the broker, or `recover` on a machine whose disk is empty.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use broker_config::Config;
use broker_log::io::memory_disk::MemoryDisk;
use broker_log::manager::LogDirSettings;
use broker_tier::ids::ClusterId;
use broker_tier::store::Store;
use broker_tier::url::RemoteUrl;
use highwater_broker::api::context::ApiContext;
use highwater_broker::env::{Blocking, Env};
use highwater_broker::metrics::Metrics;
use highwater_broker::recover::{RecoverOptions, Recovered, recover};
use highwater_broker::server::{Bound, Broker, Tuning};
use highwater_broker::tiering::connect::connect;
use tokio::sync::Notify;

use crate::bucket::Bucket;
use crate::bucket::directory::Directory;
use crate::bucket::remote_store::RemoteStore;
use crate::bug::Bug;
use crate::clock::SimClock;
use crate::net::SimListener;
use crate::plan::remote::{DIRECTORY, StoreKind};
use crate::plan::{Plan, purpose};
use crate::random::{Rng, SimRandom};

/// Port that clients connect to.
pub const PORT: u16 = 9092;

/// Where the broker process stands.
pub enum Process {
    /// It recovers.
    Starting,
    /// It serves.
    Serving(Arc<ApiContext>),
    /// It gave up during its start, and says why.
    Refused(String),
    /// It was asked to stop and has; the error of an unclean stop.
    Stopped(Option<String>),
    /// It was to recover the data directory, and how that ended.
    Recovered(Recovered),
    /// It is gone.
    Down,
}

/// What the process is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Duty {
    /// The broker.
    Serve,
    /// `recover` of this cluster.
    Recover(ClusterId),
}

/// The machine.
pub struct BrokerHost {
    /// Its disk.
    pub disk: MemoryDisk,
    /// Its clock.
    pub clock: Arc<SimClock>,
    /// Where it copies segments to.
    pub store: Option<RemoteStore>,
    /// The process that runs on it.
    pub process: RefCell<Process>,
    /// Tells the process to stop in order.
    pub stop: Notify,
    /// Has it compare what is in the object store with what should be.
    pub scrub: Notify,
    /// What the process will be that is started next.
    pub duty: RefCell<Duty>,
    config: Arc<Config>,
    plan: Plan,
    bug: Option<Bug>,
    /// Ids and commit times of the process's lives.
    rng: RefCell<Rng>,
    /// Cleanings of earlier lives, and of this one.
    cleanings: Cell<(u64, u64)>,
}

impl BrokerHost {
    /// A machine with an empty disk.
    ///
    /// # Errors
    /// The plan's settings are refused.
    pub fn new(plan: &Plan, clock: Arc<SimClock>, bug: Option<Bug>) -> anyhow::Result<Rc<BrokerHost>> {
        let (config, _) = Config::load(None, std::iter::empty(), &plan.settings)?;
        let disk = MemoryDisk::new(Rng::new(plan.seed, purpose::DISK).next_u64());
        Ok(Rc::new(BrokerHost {
            store: store(plan, &disk, &clock, bug),
            disk,
            clock,
            process: RefCell::new(Process::Down),
            stop: Notify::new(),
            scrub: Notify::new(),
            duty: RefCell::new(Duty::Serve),
            config: Arc::new(config),
            plan: plan.clone(),
            bug,
            rng: RefCell::new(Rng::new(plan.seed, purpose::BROKER)),
            cleanings: Cell::default(),
        }))
    }

    /// Another machine with an empty disk, to go on in this one's place with the same settings and object store.
    #[must_use]
    pub fn successor(&self) -> Rc<BrokerHost> {
        let mut rng = Rng::new(self.plan.seed, purpose::RECOVERED);
        Rc::new(BrokerHost {
            store: self.store.clone(),
            disk: MemoryDisk::new(rng.next_u64()),
            clock: Arc::clone(&self.clock),
            process: RefCell::new(Process::Down),
            stop: Notify::new(),
            scrub: Notify::new(),
            duty: RefCell::new(Duty::Serve),
            config: Arc::clone(&self.config),
            plan: self.plan.clone(),
            bug: self.bug,
            rng: RefCell::new(rng),
            cleanings: Cell::default(),
        })
    }

    /// The process, from start to an orderly stop.
    ///
    /// # Errors
    /// None: how it ended stands in `process`.
    pub async fn run(self: Rc<Self>) -> turmoil::Result {
        *self.process.borrow_mut() = Process::Starting;
        let duty = self.duty.borrow().clone();
        let ended = match duty {
            Duty::Serve => self.be_broker().await,
            Duty::Recover(cluster) => match self.recover(cluster).await {
                Ok(recovered) => Process::Recovered(recovered),
                Err(error) => Process::Refused(format!("{error:#}")),
            },
        };
        *self.process.borrow_mut() = ended;
        Ok(())
    }

    async fn be_broker(&self) -> Process {
        match self.start().await {
            Ok(broker) => {
                self.adjust_store(broker.context());
                *self.process.borrow_mut() = Process::Serving(Arc::clone(broker.context()));
                self.serve(broker.context()).await;
                Process::Stopped(broker.stop().await.err().map(|error| format!("{error:#}")))
            }
            Err(error) => Process::Refused(format!("{error:#}")),
        }
    }

    async fn recover(&self, cluster: ClusterId) -> anyhow::Result<Recovered> {
        let env = self.env(Rng::new(self.rng.borrow_mut().next_u64(), 0));
        let settings = self.config.broker();
        let url = settings.remote.url.as_deref().context("the plan has no object store")?;
        let (url, (file_bytes, bug)) = (RemoteUrl::parse(url)?, (self.plan.commit_log_file_bytes, self.bug));
        let instead = self.store.as_ref().map(RemoteStore::object_store);
        let store = Arc::new(connect(&settings.remote, &url, &env, instead.as_ref())?);
        self.plant(&store);
        let options = RecoverOptions {
            url,
            cluster: Some(cluster),
            data_dir: settings.log_dir.clone(),
            dry_run: false,
            at_ms: None,
            skip_damaged: false,
            tune: Some(Arc::new(move |settings| adjust(settings, file_bytes, bug))),
        };
        recover(&env, settings, &store, &options).await
    }

    /// Small parts, so that a few seconds of load have uploads of several.
    fn adjust_store(&self, ctx: &ApiContext) {
        let Some((remote, tiering)) = self.plan.remote.as_ref().zip(ctx.tiering.as_ref()) else { return };
        tiering.store().set_part_bytes(remote.part_bytes);
        self.plant(tiering.store());
    }

    #[cfg(feature = "planted-bugs")]
    fn plant(&self, store: &Store) {
        if let Some(bug) = self.bug.and_then(Bug::of_tier) {
            store.plant(bug);
        }
    }

    #[cfg(not(feature = "planted-bugs"))]
    #[expect(clippy::unused_self, reason = "the same call as with planted bugs")]
    const fn plant(&self, _store: &Store) {}

    /// What the process sees of the machine.
    fn env(&self, rng: Rng) -> Env {
        Env {
            disk: Arc::new(self.disk.clone()),
            clock: Arc::clone(&self.clock) as _,
            random: Arc::new(SimRandom::new(rng)),
            blocking: Blocking::Inline,
        }
    }

    /// Waits until the process is to stop.
    async fn serve(&self, ctx: &Arc<ApiContext>) {
        loop {
            tokio::select! {
                biased;
                () = self.stop.notified() => return,
                () = self.scrub.notified() => {}
            }
            if let Some(tiering) = ctx.tiering.clone() {
                let ctx = Arc::clone(ctx);
                tokio::spawn(async move { tiering.scrub(&ctx, None).await });
            }
        }
    }

    async fn start(&self) -> anyhow::Result<Broker> {
        let mut rng = Rng::new(self.rng.borrow_mut().next_u64(), 0);
        let commit_ms = rng.between(0, self.plan.commit_ms_max);
        let (bug, file_bytes) = (self.bug, self.plan.commit_log_file_bytes);
        let env = self.env(rng);
        let tuning = Tuning {
            commit_time: Duration::from_millis(commit_ms),
            log_dir: Some(Arc::new(move |settings| adjust(settings, file_bytes, bug))),
            metadata_snapshot_entries: Some(self.plan.metadata_snapshot_entries),
            object_store: self.store.as_ref().map(RemoteStore::object_store),
            ..Tuning::default()
        };
        let listener = self.config.broker().listeners.first().cloned();
        let listener = listener.ok_or_else(|| anyhow::anyhow!("the plan's settings name no listener"))?;
        let socket = SimListener::bind(PORT).await?;
        let bound = vec![Bound { config: listener, socket }];
        Broker::start_tuned(env, Arc::clone(&self.config), bound, Arc::new(Metrics::new()), &tuning).await
    }

    /// What the process serves from, while it does.
    #[must_use]
    pub fn serving(&self) -> Option<Arc<ApiContext>> {
        match &*self.process.borrow() {
            Process::Serving(ctx) => Some(Arc::clone(ctx)),
            _ => None,
        }
    }

    /// Counts what the cleaner has done: between two steps of the simulation.
    pub fn note_cleanings(&self) {
        let Process::Serving(ctx) = &*self.process.borrow() else { return };
        let ((before, last), now) = (self.cleanings.get(), ctx.replicas.log_dir().cleaner_totals().cleanings);
        self.cleanings.set(if now < last { (before + last, now) } else { (before, now) });
    }

    /// Cleanings in all lives.
    #[must_use]
    pub fn cleanings(&self) -> u64 {
        let (before, last) = self.cleanings.get();
        before + last
    }

    /// Takes back an order to stop that the last process did not live to see.
    pub fn forget_stop(&self) {
        // Enabled, it takes the order if there is one.
        let _ordered = pin!(self.stop.notified()).as_mut().enable();
    }

    /// Why the broker's log directory or metadata is out of service, if it is.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        match &*self.process.borrow() {
            Process::Serving(ctx) => ctx.replicas.log_dir().is_failed().or_else(|| ctx.metadata.failure()),
            _ => None,
        }
    }

    /// The machine's data directory.
    #[must_use]
    pub fn log_dir(&self) -> &Path {
        &self.config.broker().log_dir
    }
}

/// The store of a plan.
fn store(plan: &Plan, disk: &MemoryDisk, clock: &Arc<SimClock>, bug: Option<Bug>) -> Option<RemoteStore> {
    let remote = plan.remote.as_ref()?;
    let (clock, rng) = (Arc::clone(clock), Rng::new(plan.seed, purpose::BUCKET));
    Some(match remote.store {
        StoreKind::Bucket => {
            RemoteStore::Bucket(Bucket::new(clock, rng, remote.latency_ms, remote.weather.clone()))
        }
        StoreKind::Directory => {
            let (disk, syncs) = (Arc::new(disk.clone()), bug != Some(Bug::DirectoryWithoutFsync));
            RemoteStore::Directory(Directory::new(disk, Path::new(DIRECTORY), clock, syncs, rng))
        }
    })
}

/// Small files, so that a few seconds of load meet the ends of them.
fn adjust(settings: &mut LogDirSettings, file_bytes: u64, bug: Option<Bug>) {
    settings.commit_log.file_bytes = file_bytes;
    settings.commit_log.extend_bytes = 256 << 10;
    settings.reserve_bytes = 64 << 10;
    settings.checkpoint_logs_per_step = 2;
    #[cfg(feature = "planted-bugs")]
    {
        settings.planted = bug.and_then(Bug::of_log);
    }
    #[cfg(not(feature = "planted-bugs"))]
    let _: Option<Bug> = bug;
}
