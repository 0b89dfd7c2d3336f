//! Measures the cleaner on the real disk: fills a compacted log with records of random keys, then cleans it.
//!
//! `cargo run --release -p broker-log --example clean_bench -- <empty directory> fill [MiB] [keys] [value bytes] [codec]`
//! `cargo run --release -p broker-log --example clean_bench -- <directory> clean`
//!
//! `clean` prints what was read and written, how long it took, and the most memory that the process has had.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker_log::append::{AppendOptions, AppendOrigin};
use broker_log::cleaner::{Cleaner, CleanerSeams, CleanerSettings};
use broker_log::handle::LogHandle;
use broker_log::io::Clock;
use broker_log::io::local_disk::{LocalDisk, SystemClock};
use broker_log::log_config::{CleanupPolicy, LogConfig, LogIdentity};
use broker_log::manager::{LogDir, LogDirSettings};
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::types::{BrokerId, LeaderEpoch, Offset, TopicId, Uuid};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const TOPIC: TopicId = TopicId(Uuid::from_u128(7));

/// Bytes of records in a batch, about.
const BATCH_BYTES: usize = 16 << 10;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let root = PathBuf::from(arguments.next().ok_or("give a directory")?);
    match arguments.next().unwrap_or_default().as_str() {
        "fill" => {
            let mut number = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse());
            let (mib, keys, value_bytes) = (number(1024)?, number(1_000_000)?, number(100)?);
            let codec = arguments.next().unwrap_or_else(|| "none".to_owned());
            let codec = Compression::from_name(&codec).ok_or("no such codec")?;
            fill(&root, mib << 20, keys, usize::try_from(value_bytes)?, codec)
        }
        "clean" => clean(&root),
        _ => Err("say fill or clean".into()),
    }
}

fn config() -> LogConfig {
    let cleanup = CleanupPolicy { delete: false, compact: true };
    LogConfig { segment_bytes: 100 << 20, cleanup, ..LogConfig::default() }
}

fn open(path: &Path) -> Outcome<Arc<LogDir>> {
    let settings = LogDirSettings::new("bench", BrokerId(1), Uuid::new_v4());
    let (config, clock) = (Arc::new(config()), Arc::new(SystemClock::new()));
    Ok(LogDir::open(Arc::new(LocalDisk), clock, path.to_owned(), settings, &|_| config.clone())?.0)
}

fn fill(root: &Path, bytes: u64, keys: u64, value_bytes: usize, codec: Compression) -> Outcome<()> {
    let dir = open(root)?;
    let identity = LogIdentity { topic: Arc::from("bench"), topic_id: TOPIC, partition: 0 };
    let log = dir.create_log(identity, Arc::new(config()), LeaderEpoch(0))?;
    dir.spawn_committer_thread()?;
    let now_ms = SystemClock::new().now_ms();
    let options = AppendOptions { leader_epoch: LeaderEpoch(0), origin: AppendOrigin::OpenedClient, now_ms };
    let (mut random, mut records) = (1_u64, 0_u64);
    while log.with(|log| log.size_bytes()) < bytes {
        let mut builder = BatchBuilder::new(codec);
        while builder.uncompressed_bytes() < BATCH_BYTES {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let key = format!("key-{:016}", (random >> 33) % keys);
            let value: Vec<u8> = random.to_le_bytes().iter().copied().cycle().take(value_bytes).collect();
            builder.push(now_ms, Some(key.as_bytes()), Some(&value), &[]);
            records += 1;
        }
        log.append_as_leader(&mut builder.build(), &options)?;
    }
    // What is active is not cleaned.
    while !log.with(|log| log.maybe_roll_by_time(i64::MAX))? {}
    dir.close();
    println!("{records} records of {keys} keys in {bytes} bytes");
    Ok(())
}

struct Seams;

impl CleanerSeams for Seams {
    fn settings(&self) -> CleanerSettings {
        CleanerSettings::default()
    }

    fn last_stable_offset(&self, log: &LogHandle) -> Offset {
        log.flushed_offset()
    }
}

fn clean(root: &Path) -> Outcome<()> {
    let dir = open(root)?;
    let log = dir.get(TOPIC, 0).ok_or("fill it first")?;
    let before = log.with(|log| log.size_bytes());
    let idle_kib = memory_kib("VmRSS:")?;
    let mut cleaner = Cleaner::new(dir.clone(), Box::new(Seams), (1, 2));
    let began = Instant::now();
    while cleaner.step() == Duration::ZERO || cleaner.is_busy() {}
    let took = began.elapsed();
    let totals = dir.cleaner_totals();
    let after = log.with(|log| log.size_bytes());
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!(
        "{} cleanings, {:.0} MiB to {:.0} MiB in {:.2} s: {:.0} MiB/s; read {:.0} MiB, written {:.0} MiB",
        totals.cleanings,
        mib(before),
        mib(after),
        took.as_secs_f64(),
        mib(before) / took.as_secs_f64(),
        mib(totals.read_bytes),
        mib(totals.written_bytes),
    );
    println!("memory: {idle_kib} KiB idle, {} KiB at most", memory_kib("VmHWM:")?);
    drop(cleaner);
    println!("memory: {} KiB afterwards", memory_kib("VmRSS:")?);
    dir.close();
    Ok(())
}

/// A figure of the process, as Linux has it.
fn memory_kib(name: &str) -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such figure")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
