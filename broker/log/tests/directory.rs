//! A data directory as its users see it: who may open it, what a full or failing disk does, what survives.

#[path = "directory/full_disk.rs"]
mod full_disk;
#[path = "directory/no_descriptors.rs"]
mod no_descriptors;
#[path = "directory/producers.rs"]
mod producers;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use broker_log::append::{AppendError, AppendInfo, AppendOptions, AppendOrigin};
use broker_log::committer::CycleOutcome;
use broker_log::handle::{DurabilityListener, LogHandle};
use broker_log::io::local_disk::{LocalDisk, SystemClock};
use broker_log::io::memory_disk::{ManualClock, MemoryDisk, OperationKind};
use broker_log::io::{Clock, Disk};
use broker_log::log_config::{LogConfig, LogIdentity};
use broker_log::manager::{LogDir, LogDirError, LogDirSettings};
use broker_log::recovery::RecoveryReport;
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::types::{BrokerId, LeaderEpoch, Offset, TopicId, Uuid};

const PATH: &str = "/data";

fn settings() -> LogDirSettings {
    let settings = LogDirSettings::new("cluster", BrokerId(1), Uuid::from_u128(9));
    LogDirSettings { recovery_threads: 1, reserve_bytes: 0, ..settings }
}

fn open_with(
    disk: &MemoryDisk,
    settings: LogDirSettings,
    config: LogConfig,
) -> Result<(Arc<LogDir>, RecoveryReport), LogDirError> {
    let config = Arc::new(config);
    let clock = Arc::new(ManualClock::new(1000));
    LogDir::open(Arc::new(disk.clone()), clock, PathBuf::from(PATH), settings, &|_| config.clone())
}

fn open(disk: &MemoryDisk) -> (Arc<LogDir>, RecoveryReport) {
    open_with(disk, settings(), LogConfig::default()).expect("the directory opens")
}

fn identity(topic: &str, id: u128) -> LogIdentity {
    LogIdentity { topic: Arc::from(topic), topic_id: TopicId(Uuid::from_u128(id)), partition: 0 }
}

fn create(dir: &LogDir, id: u128) -> Arc<LogHandle> {
    create_with(dir, id, LogConfig::default())
}

fn create_with(dir: &LogDir, id: u128, config: LogConfig) -> Arc<LogHandle> {
    let identity = identity(&format!("t{id}"), id);
    dir.create_log(identity, Arc::new(config), LeaderEpoch(0)).expect("the log is made")
}

fn batch(bytes: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(1000, None, Some(&vec![7; bytes]), &[]);
    builder.build()
}

fn append_bytes(log: &Arc<LogHandle>, bytes: usize) -> Result<AppendInfo, AppendError> {
    let options = AppendOptions { leader_epoch: LeaderEpoch(0), origin: AppendOrigin::Client, now_ms: 1000 };
    log.append_as_leader(&mut batch(bytes), &options)
}

fn append(log: &Arc<LogHandle>) -> Result<AppendInfo, AppendError> {
    append_bytes(log, 100)
}

#[derive(Clone, Default)]
struct Told {
    flushed: Arc<AtomicI64>,
    failed: Arc<AtomicU32>,
}

impl DurabilityListener for Told {
    fn flushed(&self, offset: Offset) {
        self.flushed.store(offset.0, Ordering::Release);
    }

    fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Release);
    }
}

fn listen(log: &LogHandle) -> Told {
    let told = Told::default();
    log.set_listener(Arc::new(told.clone()));
    told
}

#[test]
fn listener_is_told_once_the_cycle_has_made_the_records_durable() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let log = create(&dir, 1);
    let told = listen(&log);
    append(&log).unwrap();
    append(&log).unwrap();
    assert_eq!(told.flushed.load(Ordering::Acquire), 0);
    assert_eq!(dir.committer().run_cycle(), CycleOutcome::Committed(1));
    assert_eq!(told.flushed.load(Ordering::Acquire), 2);
    assert_eq!(dir.committer().run_cycle(), CycleOutcome::Idle);
}

#[test]
fn a_later_listener_is_told_in_place_of_the_first() {
    let (dir, _) = open(&MemoryDisk::new(1));
    let log = create(&dir, 1);
    let (first, second) = (listen(&log), listen(&log));
    append(&log).unwrap();
    dir.committer().run_cycle();
    assert_eq!((first.flushed.load(Ordering::Acquire), second.flushed.load(Ordering::Acquire)), (0, 1));
}

#[test]
fn a_topic_that_does_not_flush_before_it_acknowledges_tells_at_once_and_flushes_by_count() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let log = create_with(
        &dir,
        1,
        LogConfig { flush_before_ack: false, flush_messages: 3, ..LogConfig::default() },
    );
    let told = listen(&log);
    append(&log).unwrap();
    append(&log).unwrap();
    assert_eq!(told.flushed.load(Ordering::Acquire), 2);
    assert_eq!(dir.committer().run_cycle(), CycleOutcome::Idle);
    append(&log).unwrap();
    assert_eq!(told.flushed.load(Ordering::Acquire), 2, "the flush that is due comes first");
    assert_eq!(dir.committer().run_cycle(), CycleOutcome::Committed(1));
    assert_eq!(told.flushed.load(Ordering::Acquire), 3);
    assert_eq!(log.with(|log| log.committed_offset()), Offset(3));
}

#[test]
fn a_topic_that_does_not_flush_before_it_acknowledges_flushes_by_time() {
    let (dir, _) = open(&MemoryDisk::new(1));
    let config = LogConfig { flush_before_ack: false, flush_ms: 50, ..LogConfig::default() };
    let log = create_with(&dir, 1, config);
    append(&log).unwrap();
    let committed = || {
        dir.committer().run_cycle();
        log.with(|log| log.committed_offset())
    };
    for (now_ms, flushed) in [(1000, 0), (1049, 0), (1050, 1)] {
        dir.maintain(now_ms, &|log| log.flushed_offset());
        assert_eq!(committed(), Offset(flushed), "at {now_ms}");
    }
    // The time counts from the first append after that.
    append(&log).unwrap();
    dir.maintain(1049, &|log| log.flushed_offset());
    assert_eq!(committed(), Offset(1));
    dir.maintain(1050, &|log| log.flushed_offset());
    assert_eq!(committed(), Offset(2));
}

/// fault = 34
#[test]
fn a_truncation_whose_sync_fails_takes_the_directory_out_of_service() {
    // The cut file's, and that of the directory.
    for (part, after) in [("t1-0/0", 0), ("t1-0", 1)] {
        let disk = MemoryDisk::new(1);
        let (dir, _) = open(&disk);
        let log = create(&dir, 1);
        let told = listen(&log);
        append(&log).unwrap();
        append(&log).unwrap();
        dir.committer().run_cycle();
        disk.with_faults(|faults| faults.fail(OperationKind::Sync, part, after));
        assert!(log.truncate_to(Offset(1)).is_err(), "{part}");
        let reason = dir.is_failed().expect("the directory is out of service");
        assert!(reason.contains("truncation of t1-0 failed"), "{reason}");
        assert!(matches!(append(&log), Err(AppendError::OutOfService)));
        assert_eq!(dir.committer().run_cycle(), CycleOutcome::Failed);
        assert_eq!(told.failed.load(Ordering::Acquire), 1);
    }
}

/// fault = 34
#[test]
fn a_failed_sync_is_never_retried_and_what_it_should_have_synced_is_never_acknowledged() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let log = create(&dir, 1);
    let told = listen(&log);
    append(&log).unwrap();
    dir.committer().run_cycle();
    // Large enough to be synced itself.
    append_bytes(&log, 1_040_000).unwrap();
    append_bytes(&log, 100_000).unwrap();
    disk.with_faults(|faults| faults.fail(OperationKind::Sync, "t1-0/", 0));
    assert_eq!(dir.committer().run_cycle(), CycleOutcome::Failed);
    assert_eq!(dir.committer().run_cycle(), CycleOutcome::Failed);
    assert!(dir.is_failed().unwrap().contains("sync of t1-0 failed"));
    assert_eq!((told.flushed.load(Ordering::Acquire), told.failed.load(Ordering::Acquire)), (1, 1));
    assert!(matches!(append(&log), Err(AppendError::OutOfService)));
    dir.close();
    disk.power_loss(3);
    let (dir, report) = open(&disk);
    assert!(report.lost.is_empty() && !report.clean, "{report:?}");
    assert!(dir.get(identity("t1", 1).topic_id, 0).unwrap().flushed_offset() >= Offset(1));
}

#[test]
fn a_segment_of_which_the_commit_log_has_a_mebibyte_is_synced_by_the_cycle_and_begins_anew() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let log = create(&dir, 1);
    let commit = |cycles: u32| {
        for _ in 0..cycles {
            append_bytes(&log, 40_000).unwrap();
            assert_eq!(dir.committer().run_cycle(), CycleOutcome::Committed(1));
        }
    };
    // The 27th sync is the segment's.
    commit(27);
    disk.with_faults(|faults| faults.fail(OperationKind::Sync, "t1-0/", 0));
    commit(26);
    append_bytes(&log, 40_000).unwrap();
    assert_eq!(dir.committer().run_cycle(), CycleOutcome::Failed);
}

/// fault = 33
#[test]
fn a_failed_write_of_the_commit_log_takes_the_directory_out_of_service() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let (first, second) = (create(&dir, 1), create(&dir, 2));
    let told = listen(&second);
    append(&first).unwrap();
    append(&second).unwrap();
    disk.with_faults(|faults| faults.fail(OperationKind::Write, "commit-log", 0));
    assert_eq!(dir.committer().run_cycle(), CycleOutcome::Failed);
    assert_eq!((told.flushed.load(Ordering::Acquire), told.failed.load(Ordering::Acquire)), (0, 1));
    let refused = dir.create_log(identity("t3", 3), Arc::default(), LeaderEpoch(0));
    assert!(matches!(refused, Err(LogDirError::OutOfService { .. })));
}

/// fault = 33
#[test]
fn what_is_acknowledged_after_a_sync_failed_while_a_log_was_made_outlives_a_power_loss() {
    for part in ["t1-0/partition.metadata", "t1-0/0"] {
        let disk = MemoryDisk::new(1);
        let (dir, _) = open(&disk);
        let kind = if part.ends_with("metadata") { OperationKind::Sync } else { OperationKind::Open };
        disk.with_faults(|faults| faults.fail(kind, part, 0));
        let refused = dir.create_log(identity("t1", 1), Arc::default(), LeaderEpoch(0));
        assert!(matches!(refused, Err(LogDirError::Log(_))), "{part}: {refused:?}");
        assert!(dir.is_failed().unwrap().contains("making of t1-0 failed"), "{part}");
        disk.kill();
        let (dir, _) = open(&disk);
        let log = create(&dir, 1);
        append(&log).unwrap();
        assert_eq!(dir.committer().run_cycle(), CycleOutcome::Committed(1), "{part}");
        disk.power_loss(3);
        let (dir, _) = open(&disk);
        let log = dir.get(identity("t1", 1).topic_id, 0).expect("the log is there");
        assert_eq!(log.flushed_offset(), Offset(1), "{part}");
    }
}

#[test]
fn a_directory_is_opened_by_one_process_of_its_own_broker() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    assert!(matches!(open_with(&disk, settings(), LogConfig::default()), Err(LogDirError::Locked { .. })));
    dir.close();
    let other = LogDirSettings { node_id: BrokerId(2), ..settings() };
    let error = open_with(&disk, other, LogConfig::default()).unwrap_err().to_string();
    assert_eq!(error, "/data/meta.properties belongs to node.id 1, not to 2");
}

#[test]
fn an_orderly_close_is_clean_and_scans_nothing_at_the_next_start() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let log = create(&dir, 1);
    (0..20).for_each(|_| _ = append(&log).unwrap());
    dir.close();
    assert!(matches!(append(&log), Err(AppendError::OutOfService)));
    assert!(disk.exists(&Path::new(PATH).join(".kafka_cleanshutdown")).unwrap());
    let (dir, report) = open(&disk);
    assert!(report.clean && report.scanned_bytes == 0 && report.logs_read_fully == 0, "{report:?}");
    assert_eq!(dir.logs()[0].flushed_offset(), Offset(20));
}

#[test]
fn a_directory_that_is_dropped_without_a_close_keeps_no_log_in_memory() {
    let (dir, _) = open(&MemoryDisk::new(1));
    let log = create(&dir, 1);
    append(&log).unwrap();
    let weak = Arc::downgrade(&log);
    drop((log, dir));
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_name_is_free_again_only_after_its_log_is_deleted() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    create(&dir, 1);
    let taken = dir.create_log(identity("t1", 2), Arc::default(), LeaderEpoch(0));
    assert!(
        matches!(taken, Err(LogDirError::NameTaken { found, .. }) if found == identity("t1", 1).topic_id)
    );
    assert!(dir.delete_log(identity("t1", 1).topic_id, 0).unwrap());
    assert!(!dir.delete_log(identity("t1", 1).topic_id, 0).unwrap());
    dir.create_log(identity("t1", 2), Arc::default(), LeaderEpoch(0)).unwrap();
    disk.kill();
    let (dir, _) = open(&disk);
    assert!(dir.get(identity("t1", 1).topic_id, 0).is_none());
}

#[test]
fn what_was_cut_off_by_a_truncation_does_not_come_back() {
    for seed in 0..30 {
        let disk = MemoryDisk::new(seed);
        let (dir, _) = open(&disk);
        let log = create(&dir, 1);
        for round in 0..6 {
            (0..5).for_each(|_| _ = append(&log).unwrap());
            dir.committer().run_cycle();
            if round == 2 && seed % 2 == 0 {
                dir.checkpoint();
            }
        }
        log.truncate_to(Offset(7)).unwrap();
        assert_eq!(log.flushed_offset(), Offset(7));
        append_bytes(&log, 333).unwrap();
        dir.committer().run_cycle();
        let end = log.with(|log| log.end_position());
        disk.power_loss(seed);
        let (dir, report) = open(&disk);
        let log = dir.logs()[0].clone();
        assert_eq!(log.with(|log| log.end_position()), end, "seed {seed}: {report:?}");
        assert_eq!(log.flushed_offset(), Offset(8));
    }
}

#[test]
fn the_committer_thread_commits_what_many_threads_append() {
    let root = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock::new());
    let config = Arc::new(LogConfig::default());
    let path = root.path().join("data");
    let open = || {
        LogDir::open(Arc::new(LocalDisk), clock.clone(), path.clone(), settings(), &|_| config.clone())
            .unwrap()
    };
    let (dir, _) = open();
    dir.spawn_committer_thread().unwrap();
    let logs: Vec<_> = (1..4).map(|id| create(&dir, id)).collect();
    let told: Vec<_> = logs.iter().map(|log| listen(log)).collect();
    std::thread::scope(|scope| {
        for log in &logs {
            scope.spawn(move || (0..200).for_each(|_| _ = append(log).unwrap()));
        }
    });
    let deadline = clock.monotonic() + Duration::from_secs(30);
    while told.iter().any(|told| told.flushed.load(Ordering::Acquire) < 200) {
        assert!(clock.monotonic() < deadline, "the committer sleeps");
        std::thread::yield_now();
    }
    dir.close();
    let (dir, report) = open();
    assert!(report.clean && dir.logs().iter().all(|log| log.flushed_offset() == Offset(200)), "{report:?}");
    dir.close();
}
