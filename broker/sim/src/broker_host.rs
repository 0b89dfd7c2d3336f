//! The simulated machine of the broker: its disk and clock outlive the process, the process starts from nothing but them.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use broker_config::Config;
use broker_log::io::memory_disk::MemoryDisk;
use broker_log::manager::LogDirSettings;
use highwater_broker::api::context::ApiContext;
use highwater_broker::env::{Blocking, Env};
use highwater_broker::metrics::Metrics;
use highwater_broker::server::{Bound, Broker, Tuning};
use tokio::sync::Notify;

use crate::clock::SimClock;
use crate::net::SimListener;
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
    /// It is gone.
    Down,
}

/// The machine.
pub struct BrokerHost {
    /// Its disk.
    pub disk: MemoryDisk,
    /// Its clock.
    pub clock: Arc<SimClock>,
    /// The process that runs on it.
    pub process: RefCell<Process>,
    /// Tells the process to stop in order.
    pub stop: Notify,
    config: Arc<Config>,
    plan: Plan,
    bug: Option<Bug>,
    /// Ids and commit times of the process's lives.
    rng: RefCell<Rng>,
    /// Cleanings of earlier lives, and of this one.
    cleanings: Cell<(u64, u64)>,
}

/// A bug of broker-log to run with.
#[cfg(feature = "planted-bugs")]
pub type Bug = broker_log::manager::PlantedBug;
/// A build without planted bugs has none.
#[cfg(not(feature = "planted-bugs"))]
pub type Bug = std::convert::Infallible;

impl BrokerHost {
    /// A machine with an empty disk.
    ///
    /// # Errors
    /// The plan's settings are refused.
    pub fn new(plan: &Plan, clock: Arc<SimClock>, bug: Option<Bug>) -> anyhow::Result<Rc<BrokerHost>> {
        let (config, _) = Config::load(None, std::iter::empty(), &plan.settings)?;
        Ok(Rc::new(BrokerHost {
            disk: MemoryDisk::new(Rng::new(plan.seed, purpose::DISK).next_u64()),
            clock,
            process: RefCell::new(Process::Down),
            stop: Notify::new(),
            config: Arc::new(config),
            plan: plan.clone(),
            bug,
            rng: RefCell::new(Rng::new(plan.seed, purpose::BROKER)),
            cleanings: Cell::default(),
        }))
    }

    /// The process, from start to an orderly stop.
    ///
    /// # Errors
    /// None: how it ended stands in `process`.
    pub async fn run(self: Rc<Self>) -> turmoil::Result {
        *self.process.borrow_mut() = Process::Starting;
        let ended = match self.start().await {
            Ok(broker) => {
                *self.process.borrow_mut() = Process::Serving(Arc::clone(broker.context()));
                self.stop.notified().await;
                Process::Stopped(broker.stop().await.err().map(|error| format!("{error:#}")))
            }
            Err(error) => Process::Refused(format!("{error:#}")),
        };
        *self.process.borrow_mut() = ended;
        Ok(())
    }

    async fn start(&self) -> anyhow::Result<Broker> {
        let mut rng = Rng::new(self.rng.borrow_mut().next_u64(), 0);
        let commit_ms = rng.between(0, self.plan.commit_ms_max);
        let (bug, file_bytes) = (self.bug, self.plan.commit_log_file_bytes);
        let env = Env {
            disk: Arc::new(self.disk.clone()),
            clock: Arc::clone(&self.clock) as _,
            random: Arc::new(SimRandom::new(rng)),
            blocking: Blocking::Inline,
        };
        let tuning = Tuning {
            commit_time: Duration::from_millis(commit_ms),
            log_dir: Some(Arc::new(move |settings| adjust(settings, file_bytes, bug))),
            metadata_snapshot_entries: Some(self.plan.metadata_snapshot_entries),
            ..Tuning::default()
        };
        let listener = self.config.broker().listeners.first().cloned();
        let listener = listener.ok_or_else(|| anyhow::anyhow!("the plan's settings name no listener"))?;
        let socket = SimListener::bind(PORT).await?;
        let bound = vec![Bound { config: listener, socket }];
        Broker::start_tuned(env, Arc::clone(&self.config), bound, Arc::new(Metrics::new()), &tuning).await
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

/// Small files, so that a few seconds of load meet the ends of them.
fn adjust(settings: &mut LogDirSettings, file_bytes: u64, bug: Option<Bug>) {
    settings.commit_log.file_bytes = file_bytes;
    settings.commit_log.extend_bytes = 256 << 10;
    settings.reserve_bytes = 64 << 10;
    settings.checkpoint_logs_per_step = 2;
    #[cfg(feature = "planted-bugs")]
    {
        settings.planted = bug;
    }
    #[cfg(not(feature = "planted-bugs"))]
    let _: Option<Bug> = bug;
}
