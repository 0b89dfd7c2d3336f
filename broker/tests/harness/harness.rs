//! A broker in this process for tests: on a free loopback port, over a temporary directory or a disk in memory.
//!
//! A test that damages files stops the broker, changes them and starts it again; a disk in memory can also be killed or
//! lose power under a running broker.

#![allow(dead_code, reason = "each test program uses a part of it")]

pub(crate) mod batches;
pub(crate) mod calls;
pub(crate) mod clock;
pub(crate) mod groups;
pub(crate) mod http;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use broker_client::Client;
use broker_config::Config;
use broker_log::commit_log::CommitLogSizes;
use broker_log::io::Disk;
use broker_log::io::local_disk::LocalDisk;
use broker_log::io::memory_disk::MemoryDisk;
use broker_log::manager::LogDirSettings;
use highwater_broker::api::context::ApiContext;
use highwater_broker::env::{Blocking, Env, SystemRandom};
use highwater_broker::metrics::Metrics;
use highwater_broker::server::{Bound, Broker, BrokerHealth, TuneLogDir, Tuning};
use object_store::ObjectStore;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use clock::JumpingClock;

/// A connection of the tests.
pub(crate) type Conn = Client<TcpStream>;

/// Time after which a test that waits for the broker fails. Far above what any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a broker in memory keeps its data.
const MEMORY_DIR: &str = "/data";

/// Settings of every broker here: nothing that waits, nothing that is large.
const QUICK: [&str; 3] =
    ["group.initial.rebalance.delay.ms=0", "offsets.topic.num.partitions=1", "log.segment.delete.delay.ms=0"];

#[derive(Debug)]
enum Store {
    Dir(TempDir),
    Memory(MemoryDisk),
}

impl Store {
    fn path(&self) -> &Path {
        match self {
            Store::Dir(dir) => dir.path(),
            Store::Memory(_) => Path::new(MEMORY_DIR),
        }
    }

    fn disk(&self) -> Arc<dyn Disk> {
        match self {
            Store::Dir(_) => Arc::new(LocalDisk),
            Store::Memory(disk) => Arc::new(disk.clone()),
        }
    }
}

/// A broker that has been stopped, with its files.
#[derive(Debug)]
pub(crate) struct Stopped {
    store: Store,
    sets: Vec<String>,
    clock: Arc<JumpingClock>,
    /// With a commit log of a few kilobytes and nothing in reserve.
    small_files: bool,
    /// What a commit takes, in a broker with one thread.
    commit_time: Option<Duration>,
    /// Stands in for the object store.
    object_store: Option<Arc<dyn ObjectStore>>,
}

impl Stopped {
    fn new(store: Store, sets: &[&str]) -> Stopped {
        let sets = sets.iter().map(|set| (*set).to_owned()).collect();
        let clock = Arc::new(JumpingClock::new());
        Stopped { store, sets, clock, small_files: false, commit_time: None, object_store: None }
    }

    /// A copy of a directory that a broker has left behind, to be started with `sets`.
    pub(crate) fn copy_of(data: &Path, sets: &[&str]) -> Stopped {
        let dir = tempfile::tempdir().unwrap();
        copy_files(data, dir.path());
        Stopped::new(Store::Dir(dir), sets)
    }

    /// Where its data lies.
    pub(crate) fn path(&self) -> PathBuf {
        self.store.path().to_owned()
    }

    /// A copy of its files, in another directory.
    pub(crate) fn copy(&self) -> Stopped {
        let dir = tempfile::tempdir().unwrap();
        copy_files(self.store.path(), dir.path());
        let (sets, clock) = (self.sets.clone(), Arc::clone(&self.clock));
        let object_store = self.object_store.clone();
        Stopped { store: Store::Dir(dir), sets, clock, object_store, ..*self }
    }

    /// An empty directory for a broker whose files are to be small.
    pub(crate) fn empty_with_small_files(sets: &[&str]) -> Stopped {
        let store = Store::Dir(tempfile::tempdir().unwrap());
        Stopped { small_files: true, ..Stopped::new(store, sets) }
    }

    /// With a disk that takes `commit_time` to make anything but metadata durable.
    pub(crate) fn with_commit_time(self, commit_time: Duration) -> Stopped {
        Stopped { commit_time: Some(commit_time), ..self }
    }

    /// With an object store of the test's own; `highwater.remote.url` has to be set beside it.
    pub(crate) fn with_object_store(self, object_store: Arc<dyn ObjectStore>) -> Stopped {
        Stopped { object_store: Some(object_store), ..self }
    }

    /// An empty directory.
    pub(crate) fn empty(sets: &[&str]) -> Stopped {
        Stopped::new(Store::Dir(tempfile::tempdir().unwrap()), sets)
    }

    /// An empty disk in memory.
    pub(crate) fn empty_in_memory(sets: &[&str]) -> Stopped {
        Stopped::new(Store::Memory(MemoryDisk::new(1)), sets)
    }

    /// Its clock.
    pub(crate) fn clock(&self) -> &JumpingClock {
        &self.clock
    }

    /// Its disk, which must be one in memory.
    pub(crate) fn disk(&self) -> &MemoryDisk {
        match &self.store {
            Store::Memory(disk) => disk,
            Store::Dir(_) => panic!("only a disk in memory can fail or be cut off from its broker"),
        }
    }

    /// Starts it again; the error's chain as one line if it refuses to.
    pub(crate) async fn try_start(self) -> Result<TestBroker, String> {
        self.launch().await.map_err(|refused| refused.0)
    }

    /// Starts it again, which it must refuse; the error's chain as one line, and the files that it leaves.
    pub(crate) async fn refused(self) -> (String, Stopped) {
        *self.launch().await.expect_err("the broker starts")
    }

    async fn launch(self) -> Result<TestBroker, Box<(String, Stopped)>> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let dir = format!("log.dirs={}", self.store.path().display());
        let listener = format!("listeners=PLAINTEXT://{address}");
        let mut sets: Vec<String> = QUICK.iter().map(|set| (*set).to_owned()).collect();
        sets.extend([dir, listener]);
        sets.extend(self.sets.iter().cloned());
        let (config, _) = Config::load(None, [], &sets).unwrap();
        let listener = config.broker().listeners[0].clone();
        let env = Env {
            disk: self.store.disk(),
            clock: Arc::clone(&self.clock) as _,
            random: Arc::new(SystemRandom),
            blocking: if self.commit_time.is_some() { Blocking::Inline } else { Blocking::Threads },
        };
        let listeners = vec![Bound { config: listener, socket }];
        let metrics = Arc::new(Metrics::new());
        let small = |settings: &mut LogDirSettings| {
            settings.commit_log =
                CommitLogSizes { file_bytes: 32 << 10, extend_bytes: 8 << 10, uncovered_bytes_max: 1 << 20 };
            settings.reserve_bytes = 0;
        };
        let log_dir: Option<TuneLogDir> = if self.small_files { Some(Arc::new(small)) } else { None };
        let object_store = self.object_store.clone();
        let tuning = Tuning { log_dir, object_store, ..Tuning::default() };
        let tuning = Tuning { commit_time: self.commit_time.unwrap_or_default(), ..tuning };
        let config = Arc::new(config);
        let start = Broker::start_tuned(env, config, listeners, Arc::clone(&metrics), &tuning);
        match within("start", start).await {
            Ok(broker) => {
                let health = Arc::new(BrokerHealth::default());
                health.started(&broker);
                Ok(TestBroker { broker, address, metrics, health, stopped: self })
            }
            Err(error) => Err(Box::new((format!("{error:#}"), self))),
        }
    }

    /// Starts it again.
    pub(crate) async fn start(self) -> TestBroker {
        self.try_start().await.unwrap()
    }
}

/// A running broker.
pub(crate) struct TestBroker {
    broker: Broker,
    address: SocketAddr,
    metrics: Arc<Metrics>,
    health: Arc<BrokerHealth>,
    stopped: Stopped,
}

impl std::fmt::Debug for TestBroker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestBroker").field("address", &self.address).finish_non_exhaustive()
    }
}

impl TestBroker {
    /// Starts one over a temporary directory, with `sets` (`key=value`) beyond the settings of every test.
    pub(crate) async fn start(sets: &[&str]) -> TestBroker {
        Stopped::new(Store::Dir(tempfile::tempdir().unwrap()), sets).start().await
    }

    /// Starts one over a disk in memory.
    pub(crate) async fn start_in_memory(sets: &[&str]) -> TestBroker {
        TestBroker::start_on(MemoryDisk::new(1), sets).await
    }

    /// Starts one over that disk.
    pub(crate) async fn start_on(disk: MemoryDisk, sets: &[&str]) -> TestBroker {
        Stopped::new(Store::Memory(disk), sets).start().await
    }

    /// Starts one over a disk in memory that takes `commit_time` to make anything but metadata durable.
    pub(crate) async fn start_slow(commit_time: Duration) -> TestBroker {
        let stopped = Stopped::new(Store::Memory(MemoryDisk::new(1)), &[]);
        stopped.with_commit_time(commit_time).start().await
    }

    /// Stops it in order.
    pub(crate) async fn stop(self) -> Stopped {
        within("stop", self.broker.stop()).await.unwrap();
        self.stopped
    }

    /// Stops it in order and starts it again.
    pub(crate) async fn restart(self) -> TestBroker {
        self.stop().await.start().await
    }

    /// Ends it as `kill -9` does and starts another on its disk, which must be one in memory.
    pub(crate) async fn kill(self) -> TestBroker {
        self.disk().kill();
        self.stopped.start().await
    }

    /// Cuts the power and starts another on what the disk in memory kept.
    pub(crate) async fn power_loss(self, seed: u64) -> TestBroker {
        self.disk().power_loss(seed);
        self.stopped.start().await
    }

    /// Its files as they would be after `kill -9` at this moment; it must not be writing. It goes on.
    pub(crate) fn killed_copy(&self) -> Stopped {
        self.stopped.copy()
    }

    /// Its disk, which must be one in memory.
    pub(crate) fn disk(&self) -> &MemoryDisk {
        self.stopped.disk()
    }

    /// Its clock.
    pub(crate) fn clock(&self) -> &JumpingClock {
        &self.stopped.clock
    }

    /// A fresh connection.
    pub(crate) async fn client(&self) -> Conn {
        Client::new(self.socket().await, "tests")
    }

    /// A fresh connection without a client.
    pub(crate) async fn socket(&self) -> TcpStream {
        within("connect", TcpStream::connect(self.address)).await.unwrap()
    }

    /// The broker itself.
    pub(crate) fn broker(&self) -> &Broker {
        &self.broker
    }

    /// What its handlers work with.
    pub(crate) fn context(&self) -> &Arc<ApiContext> {
        self.broker.context()
    }

    /// What its HTTP pages ask.
    pub(crate) fn health(&self) -> &Arc<BrokerHealth> {
        &self.health
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its data lies.
    pub(crate) fn path(&self) -> PathBuf {
        self.stopped.path()
    }
}

/// Copies a directory with all below it.
pub(crate) fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_files(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// Waits for `future`, but not for ever.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} took longer than {PATIENCE:?}"),
    }
}

/// Sends bytes on a connection of their own and checks that the broker ends it without a word.
pub(crate) async fn assert_closed_by(broker: &TestBroker, bytes: &[u8]) {
    let mut socket = broker.socket().await;
    // The broker may close before it has all of them.
    let _ = socket.write_all(bytes).await;
    assert_closed(&mut socket).await;
}

/// Checks that the broker ends the connection without a word.
pub(crate) async fn assert_closed(socket: &mut TcpStream) {
    let mut answer = Vec::new();
    // Where bytes are left unread, the end of a connection is a reset.
    let _ = within("close", socket.read_to_end(&mut answer)).await;
    assert_eq!(answer, b"", "the broker answered");
}
