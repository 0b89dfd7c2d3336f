//! Opens the data directories that Kafka 4.3.1 wrote (`testdata/clean` after a clean stop, `testdata/killed` after
//! kill -9) and compares every record with what Kafka's own clients read from them (`testdata/expected.json`).
//!
//! Kafka preallocates the index files of active segments with 10 MiB of zeroes; the copies under `testdata/killed` were
//! cut behind their last entry, and `give_back_preallocated_tails` undoes that.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use broker_log::io::Disk;
use broker_log::io::local_disk::LocalDisk;
use broker_log::log::{OpenReport, PartitionLog};
use broker_log::log_config::LogConfig;
use broker_protocol::control_record::{EndTransactionMarker, TransactionResult};
use broker_protocol::record_batch::{RecordBatch, TimestampType, batches};
use broker_protocol::types::{Offset, ProducerId};
use serde_json::{Value, json};

const NOW_MS: i64 = 1_795_260_000_000;
const KAFKA_INDEX_BYTES: u64 = 10 << 20;

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// A scratch copy of one of the two directories.
fn copy_of(stopped: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for log in fs::read_dir(testdata().join(stopped)).unwrap() {
        let log = log.unwrap().path();
        if log.is_dir() {
            let target = copy.path().join(log.file_name().unwrap());
            fs::create_dir(&target).unwrap();
            for file in fs::read_dir(&log).unwrap() {
                let file = file.unwrap().path();
                fs::copy(&file, target.join(file.file_name().unwrap())).unwrap();
            }
        }
    }
    copy
}

fn give_back_preallocated_tails(data_dir: &Path) {
    for log in fs::read_dir(data_dir).unwrap() {
        let mut names: Vec<PathBuf> =
            fs::read_dir(log.unwrap().path()).unwrap().map(|file| file.unwrap().path()).collect();
        names.sort();
        for (suffix, entry) in [("index", 8), ("timeindex", 12)] {
            let active = names.iter().rfind(|path| path.extension().is_some_and(|found| found == suffix));
            let file = fs::File::options().write(true).open(active.unwrap()).unwrap();
            file.set_len(KAFKA_INDEX_BYTES / entry * entry).unwrap();
        }
    }
}

/// What Kafka's broker was configured with.
fn config() -> Arc<LogConfig> {
    Arc::new(LogConfig { index_interval_bytes: 256, segment_ms: 1, ..LogConfig::default() })
}

fn open(data_dir: &Path, name: &str) -> (PartitionLog, OpenReport) {
    let disk: Arc<dyn Disk> = Arc::new(LocalDisk);
    PartitionLog::open(disk, data_dir.join(name), None, config(), None, NOW_MS).unwrap()
}

/// Reads batch after batch with small fetches, as a client does.
fn fetch_all(log: &mut PartitionLog, upper: Offset) -> Vec<Vec<u8>> {
    let mut fetched = Vec::new();
    let mut next = log.log_start_offset();
    loop {
        let extent = log.read(next, 300, true, upper).unwrap();
        if extent.len == 0 {
            return fetched;
        }
        let mut bytes = vec![0; extent.len];
        assert_eq!(extent.file.read_at(&mut bytes, extent.position).unwrap(), extent.len);
        for batch in batches(&bytes) {
            let batch = batch.expect("a fetch returns whole batches");
            batch.verify_crc().unwrap();
            next = batch.header.next_offset();
            fetched.push(batch.bytes.to_vec());
        }
    }
}

fn text(bytes: Option<&[u8]>) -> Value {
    // Latin-1, as in the expectations.
    bytes.map_or(Value::Null, |bytes| bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into())
}

/// The records that a consumer gets out of fetched batches, in the form of `expected.json`.
fn records(log: &mut PartitionLog, read_committed: bool) -> Vec<Value> {
    let high_watermark = log.log_end_offset();
    let upper = if read_committed { log.last_stable_offset(high_watermark) } else { high_watermark };
    let mut aborted = BTreeMap::new();
    if read_committed {
        for transaction in log.aborted_transactions(log.log_start_offset(), upper).unwrap() {
            aborted.entry(transaction.first_offset).or_insert_with(Vec::new).push(transaction.producer_id);
        }
    }
    let mut aborting: BTreeSet<ProducerId> = BTreeSet::new();
    let mut out = Vec::new();
    for bytes in fetch_all(log, upper) {
        let (batch, _) = RecordBatch::parse(&bytes).unwrap();
        let header = &batch.header;
        while let Some(entry) = aborted.first_entry().filter(|entry| *entry.key() <= header.last_offset()) {
            aborting.extend(entry.remove());
        }
        let content = batch.decompress(1 << 20).unwrap();
        for record in batch.records(&content) {
            let record = record.unwrap();
            if header.is_control() {
                let marker = EndTransactionMarker::parse(&record).unwrap().unwrap();
                if marker.result == TransactionResult::Abort {
                    aborting.remove(&header.producer_id);
                }
                continue;
            }
            if header.is_transactional() && aborting.contains(&header.producer_id) {
                continue;
            }
            let kind = if header.timestamp_type() == TimestampType::CreateTime { 1 } else { 2 };
            let headers: Vec<Value> =
                record.headers.map(|(key, value)| json!([text(Some(key)), text(value)])).collect();
            let (offset, time) = (record.offset(header).0, record.timestamp_ms(header));
            out.push(json!([offset, time, kind, text(record.key), text(record.value), headers]));
        }
    }
    out
}

fn check_expectations(data_dir: &Path) {
    let expected: Value =
        serde_json::from_slice(&fs::read(testdata().join("expected.json")).unwrap()).unwrap();
    for log in expected["logs"].as_array().unwrap() {
        let name = format!("{}-{}", log["topic"].as_str().unwrap(), log["partition"]);
        let (mut opened, report) = open(data_dir, &name);
        assert_eq!(report.cut, None, "{name}");
        assert!(!report.from_checkpoint);
        assert_eq!(opened.log_start_offset().0, log["log_start"].as_i64().unwrap(), "{name}");
        assert_eq!(opened.log_end_offset().0, log["high_watermark"].as_i64().unwrap(), "{name}");
        let read_committed = log["isolation"] == "read_committed";
        let found = records(&mut opened, read_committed);
        assert_eq!(&found, log["records"].as_array().unwrap(), "{name} read_committed={read_committed}");
    }
}

#[test]
fn every_record_of_a_cleanly_stopped_kafka_is_read() {
    check_expectations(copy_of("clean").path());
}

#[test]
fn every_record_of_a_killed_kafka_is_read() {
    let copy = copy_of("killed");
    give_back_preallocated_tails(copy.path());
    check_expectations(copy.path());
}

#[test]
fn every_directory_opens_again_from_its_checkpoint_with_the_same_records() {
    let copy = copy_of("killed");
    give_back_preallocated_tails(copy.path());
    for name in ["codecs-0", "rolled-0", "txn-0", "append-time-0", "__consumer_offsets-0"] {
        let (mut first, _) = open(copy.path(), name);
        let end = first.log_end_offset();
        let uncommitted = fetch_all(&mut first, end);
        let aborted = first.aborted_transactions(Offset(0), end).unwrap();
        let tail = first.prepare_checkpoint(NOW_MS).unwrap().tail;
        let tail = broker_log::tail_checkpoint::TailCheckpoint::decode(&tail.encode()).unwrap();
        drop(first);
        let disk: Arc<dyn Disk> = Arc::new(LocalDisk);
        let (mut second, report) =
            PartitionLog::open(disk, copy.path().join(name), None, config(), Some(&tail), NOW_MS).unwrap();
        assert!(report.from_checkpoint);
        assert_eq!(report.bytes_scanned, 0, "{name}");
        assert_eq!(fetch_all(&mut second, end), uncommitted, "{name}");
        assert_eq!(second.aborted_transactions(Offset(0), end).unwrap(), aborted);
    }
}

/// Kafka's clean stop completes the index files, as sealing a segment does.
#[test]
fn index_files_are_made_byte_for_byte_as_kafka_makes_them() {
    let copy = copy_of("clean");
    for name in
        ["codecs-0", "codecs-1", "rolled-0", "txn-0", "append-time-0", "keyed-0", "__consumer_offsets-0"]
    {
        let dir = copy.path().join(name);
        let wanted: BTreeMap<String, Vec<u8>> = fs::read_dir(&dir)
            .unwrap()
            .map(|file| file.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
            .collect();
        let is_index = |name: &str| {
            name.ends_with("index") || name.ends_with(".snapshot") || name == "leader-epoch-checkpoint"
        };
        for index in wanted.keys().filter(|name| is_index(name)) {
            fs::remove_file(dir.join(index)).unwrap();
        }
        let (mut log, _) = open(copy.path(), name);
        assert!(log.maybe_roll_by_time(NOW_MS + 10).unwrap());
        log.finish_rolls().unwrap();
        for (file, bytes) in wanted.iter().filter(|(name, _)| is_index(name)) {
            if file == "leader-epoch-checkpoint" {
                continue;
            }
            let made = fs::read(dir.join(file)).unwrap_or_default();
            assert_eq!(&made, bytes, "{name}/{file}");
        }
    }
}
