//! Cleaning the compacted logs of a data directory: what is left, what readers and producers see of it, what a stop at any
//! step leaves, and what keeps a log from being cleaned.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

#[path = "cleaning/at_every_step.rs"]
mod at_every_step;
#[path = "cleaning/changes.rs"]
mod changes;
#[path = "cleaning/left_by_kafka.rs"]
mod left_by_kafka;
#[path = "cleaning/random.rs"]
mod random;
#[path = "cleaning/trouble.rs"]
mod trouble;
#[path = "cleaning/what_is_left.rs"]
mod what_is_left;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use broker_log::append::{AppendInfo, AppendOptions, AppendOrigin};
use broker_log::cleaner::{Cleaner, CleanerSeams, CleanerSettings};
use broker_log::commit_log::CommitLogSizes;
use broker_log::committer::Committer;
use broker_log::handle::LogHandle;
use broker_log::io::Clock;
use broker_log::io::memory_disk::{ManualClock, MemoryDisk};
use broker_log::log_config::{CleanupPolicy, LogConfig, LogIdentity};
use broker_log::manager::{LogDir, LogDirSettings};
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::record_batch::batches;
use broker_protocol::types::{BrokerId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicId, Uuid};

const NOW_MS: i64 = 1_000_000;
const DAY: Duration = Duration::from_secs(86_400);
const TOPIC: TopicId = TopicId(Uuid::from_u128(7));

/// More steps than any cleaning here takes.
const STEPS_MAX: usize = 10_000;

/// A record as tests tell it: offset, key, value.
type Told = (i64, String, Option<String>);

fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 400,
        index_interval_bytes: 1,
        retention_ms: -1,
        file_delete_delay_ms: 0,
        cleanup: CleanupPolicy { delete: false, compact: true },
        ..LogConfig::default()
    }
}

fn identity() -> LogIdentity {
    LogIdentity { topic: Arc::from("orders"), topic_id: TOPIC, partition: 0 }
}

#[derive(Clone, Copy)]
struct Seams(CleanerSettings);

impl CleanerSeams for Seams {
    fn settings(&self) -> CleanerSettings {
        self.0
    }

    fn last_stable_offset(&self, log: &LogHandle) -> Offset {
        let flushed = log.flushed_offset();
        log.with(|log| log.last_stable_offset(flushed))
    }
}

/// A data directory on a simulated disk, while it is open.
struct Opened {
    dir: Arc<LogDir>,
    committer: Committer,
    cleaner: Cleaner,
    clock: Arc<ManualClock>,
}

impl Opened {
    fn log(&self) -> Arc<LogHandle> {
        self.dir.get(TOPIC, 0).expect("the log is there")
    }

    /// Makes everything durable, and has a checkpoint say so: what is sealed may be cleaned then.
    fn settle(&mut self) {
        self.committer.run_cycle();
        self.dir.checkpoint();
    }

    /// Cleans until there is nothing to clean.
    fn clean(&mut self) {
        for _ in 0..STEPS_MAX {
            let pause = self.cleaner.step();
            if !self.cleaner.is_busy() && !pause.is_zero() {
                return;
            }
        }
        panic!("the cleaner does not come to an end");
    }

    fn cleanings(&self) -> u64 {
        self.dir.cleaner_totals().cleanings
    }
}

fn settings() -> LogDirSettings {
    let mut settings = LogDirSettings::new("cluster", BrokerId(1), Uuid::from_u128(1));
    settings.commit_log =
        CommitLogSizes { file_bytes: 64 << 10, extend_bytes: 16 << 10, uncovered_bytes_max: 256 << 10 };
    settings.recovery_threads = 1;
    settings.reserve_bytes = 4096;
    settings
}

fn open_with(disk: &MemoryDisk, config: LogConfig, change: impl FnOnce(&mut LogDirSettings)) -> Opened {
    let (config, clock) = (Arc::new(config), Arc::new(ManualClock::new(NOW_MS)));
    let mut settings = settings();
    change(&mut settings);
    let path = PathBuf::from("/data");
    let (dir, report) =
        LogDir::open(Arc::new(disk.clone()), clock.clone(), path, settings, &|_| config.clone()).unwrap();
    assert!(report.offline.is_empty() && report.lost.is_empty(), "{report:?}");
    let committer = dir.committer();
    let seams = Seams(CleanerSettings::default());
    let cleaner = Cleaner::new(dir.clone(), Box::new(seams), (1, 2));
    Opened { dir, committer, cleaner, clock }
}

fn open(disk: &MemoryDisk) -> Opened {
    open_with(disk, config(), |_| {})
}

/// A directory with an empty log of these settings.
fn made_with(seed: u64, config: LogConfig) -> (MemoryDisk, Opened) {
    let disk = MemoryDisk::new(seed);
    let opened = open_with(&disk, config.clone(), |_| {});
    opened.dir.create_log(identity(), Arc::new(config), LeaderEpoch(1)).unwrap();
    (disk, opened)
}

fn made(seed: u64) -> (MemoryDisk, Opened) {
    made_with(seed, config())
}

/// A batch of records; each is a key and, unless it is a tombstone, a value. Their times begin at `first_ms`.
fn batch_at(first_ms: i64, pairs: &[(&str, Option<&str>)]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::None);
    for (time, (key, value)) in (first_ms..).zip(pairs) {
        builder.push(time, Some(key.as_bytes()), value.map(str::as_bytes), &[]);
    }
    builder.build()
}

fn append_batch(log: &Arc<LogHandle>, bytes: &mut [u8]) -> AppendInfo {
    let options =
        AppendOptions { leader_epoch: LeaderEpoch(1), origin: AppendOrigin::Client, now_ms: NOW_MS };
    log.append_as_leader(bytes, &options).unwrap()
}

/// Appends one record; its time is its offset.
fn append(log: &Arc<LogHandle>, key: &str, value: Option<&str>) -> i64 {
    let offset = log.with(|log| log.log_end_offset().0);
    append_batch(log, &mut batch_at(offset, &[(key, value)]));
    offset
}

/// Appends values of some keys in turn, so many of them, each told by the offset.
fn append_turns(log: &Arc<LogHandle>, keys: &[&str], count: usize) {
    for key in keys.iter().cycle().take(count) {
        let offset = log.with(|log| log.log_end_offset().0);
        append(log, key, Some(&format!("value {offset}")));
    }
}

/// A batch of an idempotent producer.
fn numbered(producer: i64, sequence: i32, key: &str) -> Vec<u8> {
    let mut builder =
        BatchBuilder::new(Compression::None).producer(ProducerId(producer), ProducerEpoch(0), sequence);
    builder.push(NOW_MS, Some(key.as_bytes()), Some(b"value"), &[]);
    builder.build()
}

/// Reads the batches from an offset on that one answer holds.
fn read_from(log: &LogHandle, from: i64) -> Vec<u8> {
    let end = log.with(|log| log.log_end_offset());
    let extent = log.with(|log| log.read(Offset(from), 1 << 20, true, end)).unwrap();
    let path = log.with(|log| log.segment_path(extent.segment_base));
    broker_log::log::PartitionLog::check_extent(&extent, &path).unwrap();
    let mut bytes = vec![0; extent.len];
    assert_eq!(extent.file.read_at(&mut bytes, extent.position).unwrap(), extent.len);
    bytes
}

/// All records, in order.
fn records(log: &LogHandle) -> Vec<Told> {
    let (mut offset, end) = log.with(|log| (log.log_start_offset().0, log.log_end_offset().0));
    let mut told = Vec::new();
    while offset < end {
        let bytes = read_from(log, offset);
        assert!(!bytes.is_empty(), "nothing to read at {offset} below {end}");
        for batch in batches(&bytes) {
            let batch = batch.unwrap();
            let content = batch.decompress(1 << 20).unwrap();
            for record in batch.records(&content) {
                let record = record.unwrap();
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                let offset = record.offset(&batch.header).0;
                told.push((offset, record.key.map(text).unwrap_or_default(), record.value.map(text)));
            }
            offset = batch.header.next_offset().0;
        }
    }
    let start = log.with(|log| log.log_start_offset().0);
    told.retain(|(offset, ..)| *offset >= start);
    assert!(told.is_sorted_by_key(|(offset, ..)| *offset), "{told:?}");
    told
}

/// Of these records, those that have no later one of their key below `end`, and all from there on.
fn compacted(all: &[Told], end: i64) -> Vec<Told> {
    let is_last = |told: &&Told| {
        let (offset, key, _) = told;
        *offset >= end || !all.iter().any(|(later, of, _)| of == key && later > offset && *later < end)
    };
    all.iter().filter(is_last).cloned().collect()
}

/// First offset of the active segment.
fn active_base(log: &LogHandle) -> i64 {
    log.with(|log| log.end_position().0.0)
}

fn names(disk: &MemoryDisk) -> Vec<String> {
    use broker_log::io::Disk;
    disk.list(std::path::Path::new("/data/orders-0")).unwrap().into_iter().map(|file| file.name).collect()
}

/// What is left of cleanings that is no part of a log.
fn leftovers(disk: &MemoryDisk) -> Vec<String> {
    let is_left = |name: &String| [".cleaned", ".swap", ".tmp"].iter().any(|end| name.ends_with(end));
    names(disk).into_iter().filter(is_left).collect()
}

fn now_ms(opened: &Opened) -> i64 {
    opened.clock.now_ms()
}
