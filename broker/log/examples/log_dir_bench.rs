//! Measures a data directory on the real disk: durable appends per second through the committer, and how long opening
//! takes after a kill.
//!
//! `cargo run --release -p broker-log --example log_dir_bench -- <directory> throughput | dirty [partitions] | open`
//!
//! `dirty` ends as if it were killed: nothing is synced or written on the way out. `open` then opens what it left.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use broker_log::append::{AppendOptions, AppendOrigin};
use broker_log::handle::{DurabilityListener, LogHandle};
use broker_log::io::local_disk::{LocalDisk, SystemClock};
use broker_log::log_config::{LogConfig, LogIdentity};
use broker_log::manager::{CommitObserver, LogDir, LogDirSettings};
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::types::{BrokerId, LeaderEpoch, TopicId, Uuid};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let root = PathBuf::from(arguments.next().ok_or("give an empty directory")?);
    let task = arguments.next().unwrap_or_default();
    match task.as_str() {
        "throughput" => {
            throughput(&root.join("one"), 1)?;
            throughput(&root.join("four"), 4)?;
            throughput(&root.join("many"), 64)
        }
        "dirty" => dirty(&root, arguments.next().map_or(Ok(10_000), |text| text.parse())?),
        "open" => reopen(&root),
        _ => Err("say throughput, dirty or open".into()),
    }
}

fn open(path: &Path) -> Outcome<Arc<LogDir>> {
    let settings = LogDirSettings::new("bench", BrokerId(1), Uuid::new_v4());
    let start = Instant::now();
    let config = Arc::new(LogConfig::default());
    let clock = Arc::new(SystemClock::new());
    let (dir, report) =
        LogDir::open(Arc::new(LocalDisk), clock, path.to_owned(), settings, &|_| config.clone())?;
    let took = start.elapsed();
    let (logs, replayed, scanned) = (report.logs, report.replayed_bytes, report.scanned_bytes);
    println!(
        "open: {took:?}, {logs} logs, {replayed} bytes replayed, {scanned} bytes scanned, clean {}",
        report.clean
    );
    Ok(dir)
}

fn create(dir: &LogDir, count: u32) -> Outcome<Vec<Arc<LogHandle>>> {
    let config = Arc::new(LogConfig::default());
    let create = |partition| {
        let topic_id = TopicId(Uuid::from_u128(7));
        let identity = LogIdentity { topic: Arc::from("bench"), topic_id, partition };
        Ok(dir.create_log(identity, config.clone(), LeaderEpoch(0))?)
    };
    (0..i32::try_from(count)?).map(create).collect()
}

fn batch() -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(1_700_000_000_000, None, Some(&[7; 100]), &[]);
    builder.build()
}

fn append(log: &Arc<LogHandle>, batch: &[u8]) -> Outcome<i64> {
    let options = AppendOptions {
        leader_epoch: LeaderEpoch(0),
        origin: AppendOrigin::Client,
        now_ms: 1_700_000_000_000,
    };
    Ok(log.append_as_leader(&mut batch.to_vec(), &options)?.last_offset.0)
}

#[derive(Default)]
struct Counts {
    cycles: AtomicU64,
    logs: AtomicU64,
    syncs: AtomicU64,
    sync_ns: AtomicU64,
}

struct Observer(Arc<Counts>);

impl CommitObserver for Observer {
    fn fsync(&self, took: Duration) {
        self.0.syncs.fetch_add(1, Ordering::Relaxed);
        self.0.sync_ns.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
    }

    fn cycle(&self, logs: usize, _bytes: u64, _via_commit_log: usize) {
        self.0.cycles.fetch_add(1, Ordering::Relaxed);
        self.0.logs.fetch_add(logs as u64, Ordering::Relaxed);
    }
}

/// Highest flushed offset; appenders keep a bounded distance to it.
struct Flushed(Arc<AtomicI64>);

impl DurabilityListener for Flushed {
    fn flushed(&self, offset: broker_protocol::types::Offset) {
        self.0.fetch_max(offset.0, Ordering::Release);
    }

    fn failed(&self) {
        std::process::abort();
    }
}

/// Single-record appends over `logs` logs, at most `WINDOW` unacknowledged per log.
fn throughput(path: &Path, logs: u32) -> Outcome<()> {
    const SECONDS: u64 = 3;
    const WINDOW: i64 = 64;
    let dir = open(path)?;
    let counts = Arc::new(Counts::default());
    dir.set_observer(Box::new(Observer(counts.clone())));
    dir.spawn_committer_thread()?;
    let handles: Vec<_> = create(&dir, logs)?
        .into_iter()
        .map(|log| {
            let flushed = Arc::new(AtomicI64::new(0));
            log.set_listener(Arc::new(Flushed(flushed.clone())));
            (log, flushed)
        })
        .collect();
    let batch = batch();
    let start = Instant::now();
    let mut appended = 0_u64;
    while start.elapsed() < Duration::from_secs(SECONDS) {
        let mut waiting = true;
        for (log, flushed) in &handles {
            for _ in 0..8 {
                if log.with(|log| log.log_end_offset().0) - flushed.load(Ordering::Acquire) < WINDOW {
                    append(log, &batch)?;
                    appended += 1;
                    waiting = false;
                }
            }
        }
        if waiting {
            std::thread::yield_now();
        }
        if appended.is_multiple_of(1 << 16) {
            dir.maintain(1_700_000_000_000, &|log| log.flushed_offset());
        }
    }
    let took = start.elapsed().as_secs_f64();
    let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
    println!(
        "{logs} logs: {:.0} durable appends/s, {:.0} cycles/s, {:.1} logs per cycle, {:.1} us per sync",
        appended as f64 / took,
        load(&counts.cycles) / took,
        load(&counts.logs) / load(&counts.cycles).max(1.0),
        load(&counts.sync_ns) / load(&counts.syncs).max(1.0) / 1000.0,
    );
    dir.close();
    Ok(())
}

/// Leaves every partition with records since the last checkpoint: some flushed, one not.
fn dirty(path: &Path, partitions: u32) -> Outcome<()> {
    let dir = open(path)?;
    let logs = create(&dir, partitions)?;
    let batch = batch();
    let mut committer = dir.committer();
    let mut commit = |records: u32, what: &str| -> Outcome<()> {
        for log in &logs {
            for _ in 0..records {
                append(log, &batch)?;
            }
        }
        let start = Instant::now();
        committer.run_cycle();
        println!("{what}: {:?}", start.elapsed());
        Ok(())
    };
    commit(1, "first commit of all")?;
    let start = Instant::now();
    dir.checkpoint();
    println!("checkpoint of all: {:?}", start.elapsed());
    commit(2, "commit of all, dirty")?;
    for log in &logs {
        append(log, &batch)?;
    }
    std::process::exit(0)
}

fn reopen(path: &Path) -> Outcome<()> {
    let dir = open(path)?;
    let start = Instant::now();
    dir.checkpoint();
    println!("checkpoint: {:?}", start.elapsed());
    let start = Instant::now();
    dir.close();
    println!("close: {:?}", start.elapsed());
    open(path)?;
    Ok(())
}
