//! Logs that are known and not there: refused, and known at every later start, unless they were deleted in order.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use broker_log::append::{AppendOptions, AppendOrigin};
use broker_log::handle::LogHandle;
use broker_log::io::memory_disk::{ManualClock, MemoryDisk, OperationKind};
use broker_log::io::{Disk, OpenMode};
use broker_log::log_config::{LogConfig, LogIdentity};
use broker_log::manager::{LogDir, LogDirError, LogDirSettings};
use broker_log::recovery::RecoveryReport;
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::types::{BrokerId, LeaderEpoch, Offset, TopicId, Uuid};

const DIR: &str = "/data/orders-0";
const ID: TopicId = TopicId(Uuid::from_u128(7));
const NOW_MS: i64 = 1000;

fn open(disk: &MemoryDisk) -> (Arc<LogDir>, RecoveryReport) {
    let settings = LogDirSettings::new("cluster", BrokerId(1), Uuid::from_u128(9));
    let settings = LogDirSettings { recovery_threads: 1, reserve_bytes: 0, ..settings };
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let path = PathBuf::from("/data");
    LogDir::open(Arc::new(disk.clone()), clock, path, settings, &|_| config()).expect("opens")
}

fn config() -> Arc<LogConfig> {
    Arc::new(LogConfig { segment_bytes: 200, file_delete_delay_ms: 0, ..LogConfig::default() })
}

fn identity(topic_id: TopicId) -> LogIdentity {
    LogIdentity { topic: Arc::from("orders"), topic_id, partition: 0 }
}

fn create(dir: &LogDir, topic_id: TopicId) -> Result<Arc<LogHandle>, LogDirError> {
    dir.create_log(identity(topic_id), config(), LeaderEpoch(0))
}

/// A log of five records in several segments, closed in order.
fn closed() -> MemoryDisk {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    fill(&dir);
    dir.close();
    disk
}

fn fill(dir: &Arc<LogDir>) {
    let log = create(dir, ID).expect("is made");
    for _ in 0..5 {
        append(&log, 1);
        dir.committer().run_cycle();
    }
    assert!(log.with(|log| log.segment_count()) > 1);
}

fn append(log: &Arc<LogHandle>, count: usize) {
    (0..count).for_each(|_| append_bytes(log, 60));
}

fn append_bytes(log: &Arc<LogHandle>, bytes: usize) {
    let options =
        AppendOptions { leader_epoch: LeaderEpoch(0), origin: AppendOrigin::Client, now_ms: NOW_MS };
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(NOW_MS, None, Some(&vec![7; bytes]), &[]);
    log.append_as_leader(&mut builder.build(), &options).expect("is appended");
}

/// Starts again and again, with a checkpoint each time: the log stays refused, for a reason that names `part`.
fn stays_refused(disk: &MemoryDisk, part: &str) {
    for start in 0..3 {
        let (dir, report) = open(disk);
        assert!(report.offline.iter().any(|(_, reason)| reason.contains(part)), "start {start}: {report:?}");
        assert!(dir.get(ID, 0).is_none(), "start {start}");
        let refused = create(&dir, ID);
        assert!(matches!(refused, Err(LogDirError::Offline { .. })), "start {start}: {refused:?}");
        dir.checkpoint();
        disk.kill();
    }
}

#[test]
fn a_log_whose_directory_is_gone_stays_refused() {
    let disk = closed();
    disk.remove_dir_all(Path::new(DIR)).unwrap();
    stays_refused(&disk, DIR);
}

#[test]
fn a_log_that_only_the_commit_log_has_stays_refused_without_its_directory() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    fill(&dir);
    drop(dir);
    disk.kill();
    disk.remove_dir_all(Path::new(DIR)).unwrap();
    stays_refused(&disk, &ID.to_string());
}

/// Removes segments whose names a power loss may take: only the commit log has made them durable.
fn lose_segments_from(disk: &MemoryDisk, base: i64) {
    for base in base..10 {
        let path = Path::new(DIR).join(format!("{base:020}.log"));
        if disk.exists(&path).unwrap() {
            disk.remove_file(&path).unwrap();
        }
    }
}

/// What the commit log alone holds of the log, beyond what a checkpoint has, while something of it is away.
fn keeps_late_records(away: &Path) {
    let disk = closed();
    let (dir, _) = open(&disk);
    append(&dir.get(ID, 0).unwrap(), 2);
    dir.committer().run_cycle();
    drop(dir);
    disk.kill();
    lose_segments_from(&disk, 5);
    let (from, to) = (Path::new(DIR).join(away), Path::new("/away"));
    disk.rename(&from, to).unwrap();
    stays_refused(&disk, "orders-0");
    let (dir, _) = open(&disk);
    // An orderly stop is another way to a checkpoint.
    dir.close();
    disk.rename(to, &from).unwrap();
    for start in 0..3 {
        let (dir, report) = open(&disk);
        assert!(report.offline.is_empty() && report.lost.is_empty(), "start {start}: {report:?}");
        let log = dir.get(ID, 0).unwrap();
        assert_eq!(log.flushed_offset(), Offset(7 + start), "{}: start {start}", away.display());
        // What comes after it is put behind it, with a checkpoint in between and without.
        append(&log, 1);
        dir.committer().run_cycle();
        if start == 1 {
            dir.checkpoint();
        }
        disk.kill();
    }
}

#[test]
fn records_that_only_the_commit_log_has_outlive_checkpoints_without_their_log() {
    for away in ["", "00000000000000000000.log", "00000000000000000002.log"] {
        keeps_late_records(Path::new(away));
    }
}

#[test]
fn records_of_a_log_that_no_checkpoint_has_outlive_checkpoints_without_it() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    fill(&dir);
    drop(dir);
    disk.kill();
    disk.rename(Path::new(DIR), Path::new("/away")).unwrap();
    stays_refused(&disk, &ID.to_string());
    disk.rename(Path::new("/away"), Path::new(DIR)).unwrap();
    lose_segments_from(&disk, 1);
    let (dir, report) = open(&disk);
    assert!(report.offline.is_empty(), "{report:?}");
    assert_eq!(dir.get(ID, 0).unwrap().flushed_offset(), Offset(5));
}

#[test]
fn a_damaged_log_that_is_deleted_leaves_its_name_free() {
    let disk = closed();
    disk.remove_file(&Path::new(DIR).join("00000000000000000000.log")).unwrap();
    let (dir, _) = open(&disk);
    let other = TopicId(Uuid::from_u128(8));
    assert!(create(&dir, other).is_err());
    assert!(dir.delete_log(ID, 0).unwrap());
    append(&create(&dir, other).unwrap(), 1);
    dir.committer().run_cycle();
    disk.kill();
    let (dir, report) = open(&disk);
    assert!(report.offline.is_empty(), "{report:?}");
    assert_eq!(dir.get(other, 0).unwrap().flushed_offset(), Offset(1));
    let names = disk.list(Path::new("/data")).unwrap();
    assert!(names.iter().any(|entry| entry.name.ends_with("-stray")), "what was left is set aside");
}

#[test]
fn a_log_without_one_of_its_segments_stays_refused() {
    let disk = closed();
    let is_segment = |name: &str| Path::new(name).extension().is_some_and(|extension| extension == "log");
    let entries = disk.list(Path::new(DIR)).unwrap().into_iter().map(|entry| entry.name);
    let segments: Vec<String> = entries.filter(|name| is_segment(name)).collect();
    assert!(segments.len() > 2);
    for segment in segments.iter().rev().skip(1) {
        let disk = closed();
        disk.remove_file(&Path::new(DIR).join(segment)).unwrap();
        stays_refused(&disk, segment);
    }
}

#[test]
fn a_damaged_identity_is_written_again_and_another_one_refused() {
    let file = Path::new(DIR).join("partition.metadata");
    for content in ["", "version: 0\ntopic_id: ?\n"] {
        let disk = closed();
        disk.write_atomically(&file, content.as_bytes()).unwrap();
        let before = disk.read(&file).unwrap();
        let (dir, report) = open(&disk);
        assert!(report.offline.is_empty(), "{report:?}");
        assert_eq!(dir.get(ID, 0).unwrap().flushed_offset(), Offset(5));
        assert_ne!(disk.read(&file).unwrap(), before);
    }
    let disk = closed();
    let other = format!("version: 0\ntopic_id: {}\n", TopicId(Uuid::from_u128(8)));
    disk.write_atomically(&file, other.as_bytes()).unwrap();
    stays_refused(&disk, "partition.metadata");
}

#[test]
fn a_deleted_log_is_not_missed_whenever_its_files_go() {
    for maintained in 0..4 {
        let disk = closed();
        let (dir, _) = open(&disk);
        dir.delete_log(ID, 0).unwrap();
        for _ in 0..maintained {
            dir.maintain(NOW_MS, &|log| log.flushed_offset());
        }
        disk.kill();
        let (dir, report) = open(&disk);
        assert!(report.offline.is_empty(), "{maintained}: {report:?}");
        create(&dir, TopicId(Uuid::from_u128(8))).unwrap();
        for _ in 0..3 {
            dir.maintain(NOW_MS, &|log| log.flushed_offset());
        }
        let names = disk.list(Path::new("/data")).unwrap();
        assert!(names.iter().all(|entry| !entry.name.ends_with("-delete")), "{maintained}: {names:?}");
    }
}

#[test]
fn a_lost_log_is_forgotten_once_it_is_deleted() {
    let disk = closed();
    disk.remove_dir_all(Path::new(DIR)).unwrap();
    let (dir, _) = open(&disk);
    assert_eq!(dir.unopened(), [(ID, 0)]);
    assert!(dir.delete_log(ID, 0).unwrap());
    disk.kill();
    let (dir, report) = open(&disk);
    assert!(report.offline.is_empty() && dir.unopened().is_empty(), "{report:?}");
    create(&dir, TopicId(Uuid::from_u128(8))).unwrap();
}

#[test]
fn a_start_is_clean_only_after_an_orderly_close() {
    let disk = closed();
    let (dir, report) = open(&disk);
    assert!(report.clean, "{report:?}");
    drop(dir);
    disk.kill();
    let (_, report) = open(&disk);
    assert!(!report.clean, "{report:?}");
}

#[test]
fn segments_before_the_start_stay_until_a_durable_checkpoint_has_the_log() {
    let disk = MemoryDisk::new(1);
    let settings = LogDirSettings::new("cluster", BrokerId(1), Uuid::from_u128(9));
    let settings = LogDirSettings {
        recovery_threads: 1,
        reserve_bytes: 0,
        checkpoint_interval: Duration::ZERO,
        checkpoint_logs_per_step: 1,
        ..settings
    };
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let (dir, _) =
        LogDir::open(Arc::new(disk.clone()), clock, "/data".into(), settings, &|_| config()).unwrap();
    let logs = [0, 1, 2].map(|partition| {
        let identity = LogIdentity { partition, ..identity(ID) };
        dir.create_log(identity, config(), LeaderEpoch(0)).unwrap()
    });
    for log in &logs {
        (0..5).for_each(|_| append(log, 1));
        log.advance_log_start_offset(Offset(4));
    }
    dir.committer().run_cycle();
    let segments = || logs.each_ref().map(|log| log.with(|log| log.segment_count()));
    let all = segments();
    // The checkpoint under way has one of the logs, then two: a crash would still find the one before.
    for _ in 0..2 {
        dir.maintain(NOW_MS, &|log| log.flushed_offset());
        assert_eq!(segments(), all);
    }
    for _ in 0..3 {
        dir.maintain(NOW_MS, &|log| log.flushed_offset());
    }
    assert!(segments().iter().zip(&all).all(|(left, all)| left < all), "{:?} of {all:?}", segments());
}

#[test]
fn a_log_that_no_checkpoint_has_stays_refused_without_its_first_segment_though_it_starts_behind_it() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    dir.checkpoint();
    let config = LogConfig { segment_bytes: 800_000, ..LogConfig::default() };
    let log = dir.create_log(identity(ID), Arc::new(config), LeaderEpoch(0)).unwrap();
    // Too much for the commit log, which then has a record and the start.
    (0..2).for_each(|_| append_bytes(&log, 600_000));
    dir.committer().run_cycle();
    append(&log, 1);
    log.advance_log_start_offset(Offset(1));
    dir.committer().run_cycle();
    disk.remove_file(&Path::new(DIR).join("00000000000000000000.log")).unwrap();
    disk.kill();
    let (_, report) = open(&disk);
    assert!(report.offline.iter().any(|(_, reason)| reason.contains("the segment is missing")), "{report:?}");
}

#[test]
fn a_log_whose_making_was_cut_short_is_cleared_away_whatever_its_name() {
    for (topic, filled) in [("n".repeat(249), false), ("n".repeat(249), true), ("orders".to_owned(), false)] {
        let disk = closed();
        let made = PathBuf::from(format!("/data/{topic}-3"));
        disk.create_dir_all(&made).unwrap();
        for name in ["partition.metadata", "00000000000000000000.log"] {
            disk.open(&made.join(name), OpenMode::CREATE).unwrap();
        }
        if filled {
            let file = disk.open(&made.join("00000000000000000000.log"), OpenMode::WRITE).unwrap();
            file.write_at(b"bytes", 0).unwrap();
        }
        let (dir, report) = open(&disk);
        assert!(report.offline.is_empty(), "{report:?}");
        assert_eq!(dir.get(ID, 0).unwrap().flushed_offset(), Offset(5));
        let names: Vec<String> =
            disk.list(Path::new("/data")).unwrap().into_iter().map(|one| one.name).collect();
        assert!(!disk.exists(&made).unwrap(), "{names:?}");
        let strays = names.iter().filter(|name| name.ends_with("-stray") && name.starts_with(&topic[..4]));
        assert_eq!(strays.count(), usize::from(filled), "{names:?}");
        assert!(names.iter().all(|name| name.len() <= 255));
    }
}

#[test]
fn a_log_that_cannot_be_set_aside_leaves_the_others_in_service() {
    let disk = closed();
    let made = Path::new("/data/bills-0");
    disk.create_dir_all(made).unwrap();
    disk.open(&made.join("00000000000000000000.log"), OpenMode::CREATE).unwrap().write_at(b"x", 0).unwrap();
    disk.with_faults(|faults| faults.fail(OperationKind::Directory, "bills-0", 1));
    let (dir, report) = open(&disk);
    assert_eq!(report.offline.len(), 1, "{report:?}");
    assert_eq!(dir.get(ID, 0).unwrap().flushed_offset(), Offset(5));
}

#[test]
fn topics_named_like_the_metadata_log_keep_their_records() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let of_orders = LogIdentity { topic: Arc::from("__cluster_metadata-orders"), ..identity(ID) };
    let log = dir.create_log(of_orders, config(), LeaderEpoch(0)).unwrap();
    append(&log, 3);
    dir.committer().run_cycle();
    disk.kill();
    let (dir, report) = open(&disk);
    assert!(report.offline.is_empty(), "{report:?}");
    assert_eq!(dir.get(ID, 0).unwrap().flushed_offset(), Offset(3));
}

#[test]
fn no_log_is_made_over_records() {
    let disk = closed();
    let (dir, _) = open(&disk);
    let there = Path::new("/data/bills-0");
    disk.create_dir_all(there).unwrap();
    let segment = disk.open(&there.join("00000000000000000000.log"), OpenMode::CREATE).unwrap();
    segment.write_at(b"records", 0).unwrap();
    let bills = LogIdentity { topic: Arc::from("bills"), ..identity(TopicId(Uuid::from_u128(8))) };
    let refused = dir.create_log(bills.clone(), config(), LeaderEpoch(0));
    assert!(matches!(refused, Err(LogDirError::Offline { .. })), "{refused:?}");
    assert_eq!(segment.len().unwrap(), 7);
    segment.set_len(0).unwrap();
    append(&dir.create_log(bills, config(), LeaderEpoch(0)).unwrap(), 1);
}
