//! A broker with everything going on that its metrics tell: topics, one of them compacted, copies in an object store,
//! reads, a group that commits, refusals.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use broker_client::{Client, FetchOptions};
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use broker_protocol::messages::{FindCoordinatorRequest, OffsetCommitRequest};
use tokio::net::TcpStream;

use super::tools::directory;
use crate::broker_process::{BrokerOptions, BrokerProcess, free_address};
use crate::scrape;

/// Pause between two turns of the clients.
const PAUSE: Duration = Duration::from_millis(100);
/// How long it may take until segments are copied: they roll after a second.
const COPY_LIMIT: Duration = Duration::from_secs(60);
const SETTINGS: &[(&str, &str)] = &[
    ("highwater.remote.roll.ms", "1000"),
    ("remote.log.manager.task.interval.ms", "500"),
    ("log.local.retention.ms", "1000"),
    ("log.retention.check.interval.ms", "500"),
    ("log.cleaner.backoff.ms", "500"),
];
/// The last version that names topics.
const OFFSET_COMMIT_VERSION: i16 = 9;
/// The last version with one key.
const FIND_COORDINATOR_VERSION: i16 = 3;
const GROUP: &str = "billing";

/// The broker and its clients, until they are stopped.
pub(crate) struct Loaded {
    pub(crate) http: SocketAddr,
    broker: BrokerProcess,
    stop: Arc<AtomicBool>,
    clients: JoinHandle<Result<()>>,
}

/// Starts both and waits until something is in the object store.
pub(crate) fn start(binary: &Path) -> Result<Loaded> {
    let folder = directory().join("broker");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let store = folder.join("store");
    fs::create_dir_all(&store)?;
    let (address, http) = (free_address()?, free_address()?);
    let mut settings: Vec<_> =
        SETTINGS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    settings.push(("highwater.http.listener".to_owned(), http.to_string()));
    settings.push(("highwater.remote.url".to_owned(), format!("file://{}", store.display())));
    let options = BrokerOptions {
        binary: binary.to_path_buf(),
        address,
        directory: folder,
        settings,
        environment: Vec::new(),
    };
    let broker = BrokerProcess::start(&options)?;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let clients = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(work(address, &stopped))
    });
    let loaded = Loaded { http, broker, stop, clients };
    loaded.wait_for_copies()?;
    Ok(loaded)
}

impl Loaded {
    fn wait_for_copies(&self) -> Result<()> {
        let begin = Instant::now();
        loop {
            let page = scrape::page(self.http)?;
            let done = |name| scrape::sum(&page, name) > 0.0;
            if [
                "highwater_remote_end_offset",
                "highwater_remote_reads_total",
                "highwater_group_committed_offset",
            ]
            .into_iter()
            .all(done)
            {
                return Ok(());
            }
            ensure!(!self.clients.is_finished(), "the clients have ended: {}", self.directory());
            ensure!(begin.elapsed() < COPY_LIMIT, "nothing was copied and read back: {}", self.directory());
            std::thread::sleep(PAUSE);
        }
    }

    #[expect(clippy::unused_self, reason = "it is this broker's")]
    fn directory(&self) -> String {
        format!("see {}", directory().join("broker").display())
    }

    /// Stops both.
    pub(crate) fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        match self.clients.join() {
            Ok(outcome) => outcome.context("the clients failed")?,
            Err(_) => bail!("the clients panicked"),
        }
        self.broker.stop()
    }
}

/// What the clients do, turn by turn.
async fn work(address: SocketAddr, stopped: &AtomicBool) -> Result<()> {
    let mut client = Client::new(TcpStream::connect(address).await?, "chart");
    for (topic, configs) in [("orders", &[][..]), ("state", &[("cleanup.policy", "compact")][..])] {
        let created = client.create_topic(topic, 2, configs).await?;
        ensure!(created.error_code == ErrorCode::None, "{topic}: {:?}", created.error_code);
    }
    // Whoever looks for a coordinator first has the topic of the groups made.
    let request = FindCoordinatorRequest { key: GROUP.into(), ..Default::default() };
    client.call(&request, FIND_COORDINATOR_VERSION).await?;
    while !stopped.load(Ordering::Relaxed) {
        for topic in ["orders", "state"] {
            let written = client.produce(topic, 0, &batch(), -1).await?;
            ensure!(written.error_code == ErrorCode::None, "{topic}: {:?}", written.error_code);
        }
        // The oldest records: once their segment has left the disk, they come from the object store.
        client.fetch("orders", 0, FetchOptions::default()).await?;
        commit(&mut client).await?;
        // A refusal, and a connection that speaks another language.
        client.produce("absent", 0, &batch(), -1).await?;
        let mut stranger = std::net::TcpStream::connect(address)?;
        stranger.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

fn batch() -> Vec<u8> {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut builder = BatchBuilder::new(Compression::None);
    for key in 0..100_u8 {
        builder.push(i64::try_from(now_ms).unwrap_or(i64::MAX), Some(&[key]), Some(&[key; 100]), &[]);
    }
    builder.build()
}

/// Commits for a group without members, so that it falls behind.
async fn commit(client: &mut Client<TcpStream>) -> Result<()> {
    let partitions = vec![OffsetCommitRequestPartition { committed_offset: 1, ..Default::default() }];
    let topics = vec![OffsetCommitRequestTopic { name: "orders".into(), partitions, ..Default::default() }];
    let request = OffsetCommitRequest { group_id: GROUP.into(), topics, ..Default::default() };
    client.call(&request, OFFSET_COMMIT_VERSION).await?;
    Ok(())
}
