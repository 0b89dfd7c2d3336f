//! What all clients of a run share, and which clients there are.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use broker_protocol::error_code::ErrorCode;
use checker::{Key, Report};
use tokio::task::JoinSet;

use super::payload::Payloads;
use super::reader;
use super::recorder::Recorder;
use super::writer::{self, WriterPlan};

/// Topic of the batched producers, with segments that fill within seconds.
pub(crate) const BATCHED: &str = "batched";
/// Topic of the producers that send one record at a time, with segments that get too old within seconds.
pub(crate) const SINGLE: &str = "single";
/// Partitions of the two topics.
const BATCHED_PARTITIONS: i32 = 20;
const SINGLE_PARTITIONS: i32 = 100;
const BATCHED_CONFIGS: [(&str, &str); 1] = [("segment.bytes", "4194304")];
const SINGLE_CONFIGS: [(&str, &str); 2] = [("segment.bytes", "1048576"), ("segment.ms", "10000")];

/// Clients of each kind.
const BATCHED_WRITERS: i32 = 4;
const SINGLE_WRITERS: i32 = 10;
const READERS: usize = 2;
/// Requests per second of a producer that sends one record at a time.
const SINGLE_PER_SECOND: u64 = 400;
/// Records of a batch, and bytes of a record in it.
const BATCHED_RECORDS: usize = 100;
const BATCHED_RECORD_BYTES: usize = 1000;
const SINGLE_RECORD_BYTES: usize = 100;
/// How long a new topic may take.
const CREATE_ATTEMPTS_MAX: u32 = 100;

/// A partition of one of the two topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) topic: &'static str,
    pub(crate) index: i32,
    /// Its name in the history.
    pub(crate) key: Key,
}

/// What all clients share.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) recorder: Recorder,
    pub(crate) payloads: Payloads,
    pub(crate) partitions: Vec<Partition>,
    next_process: AtomicU64,
    next_value: AtomicU64,
    acked_bytes: AtomicU64,
    stopping: AtomicBool,
}

impl Load {
    /// Creates the topics on a broker that runs.
    pub(crate) async fn create(address: SocketAddr, history: Option<&Path>) -> Result<Self> {
        let mut partitions = Vec::new();
        let topics = [
            (BATCHED, BATCHED_PARTITIONS, &BATCHED_CONFIGS[..]),
            (SINGLE, SINGLE_PARTITIONS, &SINGLE_CONFIGS[..]),
        ];
        for (topic, count, configs) in topics {
            create_topic(address, topic, count, configs).await?;
            let partition = |index| Partition { topic, index, key: Key::from(format!("{topic}-{index}")) };
            partitions.extend((0..count).map(partition));
        }
        Ok(Self {
            address,
            recorder: Recorder::new(history)?,
            payloads: Payloads::new(),
            partitions,
            next_process: AtomicU64::new(0),
            next_value: AtomicU64::new(0),
            acked_bytes: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
        })
    }

    /// The number of a new life of a client.
    pub(crate) fn new_process(&self) -> u64 {
        self.next_process.fetch_add(1, Ordering::Relaxed)
    }

    /// The first of `count` numbers of records.
    pub(crate) fn new_values(&self, count: usize) -> u64 {
        self.next_value.fetch_add(count as u64, Ordering::Relaxed)
    }

    /// Payload that was acknowledged so far, in bytes.
    pub(crate) fn acked_bytes(&self) -> u64 {
        self.acked_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn add_acked_bytes(&self, bytes: usize) {
        self.acked_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Tells the clients to bring what is under way to its end.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// The verdict, and what was odd.
    pub(crate) fn finish(self) -> Result<(Report, Vec<String>)> {
        self.recorder.finish()
    }
}

async fn create_topic(
    address: SocketAddr,
    name: &str,
    partitions: i32,
    configs: &[(&str, &str)],
) -> Result<()> {
    let mut client = super::connect(address).await;
    let created = client.create_topic(name, partitions, configs).await?;
    ensure!(
        created.error_code == ErrorCode::None,
        "topic {name} was not created: {:?} {}",
        created.error_code,
        created.error_message.unwrap_or_default()
    );
    for _ in 0..CREATE_ATTEMPTS_MAX {
        if client.list_offset(name, partitions - 1, -1).await?.error_code == ErrorCode::None {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("topic {name} has no leader five seconds after its creation")
}

/// The running clients.
#[derive(Debug)]
pub(crate) struct Clients {
    tasks: JoinSet<()>,
    /// The first error of a client, left by it: tasks end with the run only.
    error: Arc<Mutex<Option<anyhow::Error>>>,
}

impl Clients {
    /// Fails if a client gave up.
    pub(crate) fn check(&self) -> Result<()> {
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner).take();
        error.map_or(Ok(()), Err)
    }

    /// Waits for the end of all.
    pub(crate) async fn join(mut self) -> Result<()> {
        while let Some(ended) = self.tasks.join_next().await {
            ended.context("a client panicked")?;
        }
        self.check()
    }

    fn spawn(&mut self, client: impl Future<Output = Result<()>> + Send + 'static) {
        let error = Arc::clone(&self.error);
        self.tasks.spawn(async move {
            if let Err(why) = client.await {
                error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
            }
        });
    }
}

/// Starts all clients. Each partition has one producer, so that its sequence numbers have one source.
pub(crate) fn spawn(load: &Arc<Load>, offered_mb_s: u64, random: &mut SplitMix) -> Clients {
    let mut clients = Clients { tasks: JoinSet::new(), error: Arc::default() };
    let batch_bytes = BATCHED_RECORDS * BATCHED_RECORD_BYTES;
    let batches_s = (offered_mb_s * 1_000_000 / batch_bytes as u64).max(1);
    let kinds = [
        (BATCHED, BATCHED_WRITERS, BATCHED_RECORDS, BATCHED_RECORD_BYTES, batches_s / BATCHED_WRITERS as u64),
        (SINGLE, SINGLE_WRITERS, 1, SINGLE_RECORD_BYTES, SINGLE_PER_SECOND),
    ];
    for (topic, writers, records, record_bytes, batches_s) in kinds {
        for number in 0..writers {
            let own =
                |partition: &&Partition| partition.topic == topic && partition.index % writers == number;
            let plan = WriterPlan {
                partitions: load.partitions.iter().filter(own).cloned().collect(),
                records,
                record_bytes,
                interval: Duration::from_secs(1) / u32::try_from(batches_s.max(1)).unwrap_or(u32::MAX),
            };
            clients.spawn(writer::run(Arc::clone(load), plan, random.fork()));
        }
    }
    for number in 0..READERS {
        let own = load.partitions.iter().skip(number).step_by(READERS).cloned().collect();
        clients.spawn(reader::run(Arc::clone(load), format!("kill9-{number}"), own));
    }
    clients
}

/// A small generator of random numbers (SplitMix64, Steele et al. 2014).
#[derive(Debug)]
pub(crate) struct SplitMix(u64);

impl SplitMix {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is small enough that the bias does not matter.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// A generator of its own for another client.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }
}

/// A seed from the clock.
pub(crate) fn clock_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_nanos() as u64 % 1_000_000_000
}
