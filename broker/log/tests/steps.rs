//! A data directory is stopped at every single step of a roll, a checkpoint, an orderly close and a deletion, by a kill
//! and by a loss of power, and opened again: nothing is lost, moved or back.

use std::path::PathBuf;
use std::sync::Arc;

use broker_log::append::{AppendError, AppendInfo, AppendOptions, AppendOrigin};
use broker_log::commit_log::CommitLogSizes;
use broker_log::committer::Committer;
use broker_log::handle::LogHandle;
use broker_log::io::memory_disk::{ManualClock, MemoryDisk, OperationKind};
use broker_log::log_config::{LogConfig, LogIdentity};
use broker_log::manager::{LogDir, LogDirError, LogDirSettings};
use broker_log::recovery::RecoveryReport;
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::record_batch::batches;
use broker_protocol::types::{BrokerId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicId, Uuid};

/// More than any of the acts here takes.
const STEPS_MAX: u64 = 400;
const NOW_MS: i64 = 1_000_000;
const OLD: TopicId = TopicId(Uuid::from_u128(7));
const NEW: TopicId = TopicId(Uuid::from_u128(8));

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stop {
    Kill,
    PowerLoss,
}

/// A directory on a simulated disk, while it is open.
struct Opened {
    dir: Arc<LogDir>,
    committer: Committer,
}

fn config() -> Arc<LogConfig> {
    Arc::new(LogConfig {
        segment_bytes: 400,
        index_interval_bytes: 1,
        retention_ms: -1,
        file_delete_delay_ms: 0,
        ..LogConfig::default()
    })
}

fn identity(topic_id: TopicId) -> LogIdentity {
    LogIdentity { topic: Arc::from("orders"), topic_id, partition: 0 }
}

fn open(disk: &MemoryDisk) -> Opened {
    let (opened, report) = try_open(disk).expect("opens");
    assert!(report.offline.is_empty() && report.lost.is_empty(), "{report:?}");
    opened
}

fn try_open(disk: &MemoryDisk) -> Result<(Opened, RecoveryReport), LogDirError> {
    let mut settings = LogDirSettings::new("cluster", BrokerId(1), Uuid::from_u128(1));
    settings.commit_log =
        CommitLogSizes { file_bytes: 64 << 10, extend_bytes: 16 << 10, uncovered_bytes_max: 256 << 10 };
    settings.recovery_threads = 1;
    settings.reserve_bytes = 4096;
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let path = PathBuf::from("/data");
    let (dir, report) = LogDir::open(Arc::new(disk.clone()), clock, path, settings, &|_| config())?;
    let committer = dir.committer();
    Ok((Opened { dir, committer }, report))
}

/// Makes the log if it is not there, adds a record and has it committed; answers what was promised then, which is
/// nothing where it is stopped.
fn live(disk: &MemoryDisk) -> i64 {
    let Ok((mut opened, _)) = try_open(disk) else { return 0 };
    let Ok(log) = opened.dir.create_log(identity(OLD), config(), LeaderEpoch(1)) else { return 0 };
    let _ = append(&log, log.with(|log| log.log_end_offset().0));
    opened.committer.run_cycle();
    log.flushed_offset().0
}

/// The batch of one record that belongs at `offset`, from one idempotent producer; its time tells the offset, too.
fn batch(offset: i64) -> Vec<u8> {
    let sequence = i32::try_from(offset).expect("a small number");
    let mut builder =
        BatchBuilder::new(Compression::None).producer(ProducerId(1), ProducerEpoch(0), sequence);
    builder.push(NOW_MS + offset, None, Some(format!("value {offset}").as_bytes()), &[]);
    builder.build()
}

fn append(log: &Arc<LogHandle>, offset: i64) -> Result<AppendInfo, AppendError> {
    let options =
        AppendOptions { leader_epoch: LeaderEpoch(1), origin: AppendOrigin::Client, now_ms: NOW_MS };
    log.append_as_leader(&mut batch(offset), &options)
}

/// A directory whose log holds three durable records in two segments.
fn prepare(seed: u64) -> (MemoryDisk, Opened) {
    let disk = MemoryDisk::new(seed);
    let mut opened = open(&disk);
    let log = opened.dir.create_log(identity(OLD), config(), LeaderEpoch(1)).expect("is made");
    for offset in 0..6 {
        append(&log, offset).expect("is appended");
    }
    opened.committer.run_cycle();
    assert_eq!(log.flushed_offset(), Offset(6));
    (disk, opened)
}

/// Checks that the log holds `at_least` or more of the records, in order and readable by offset and by time, and that
/// the producer's retry is recognised and its next record taken.
fn check(log: &Arc<LogHandle>, at_least: i64, place: &str) {
    let end = log.with(|log| log.log_end_offset().0);
    assert!(end >= at_least, "{place}: ends at {end}, {at_least} were promised");
    let mut offset = 0;
    while offset < end {
        let extent =
            log.with(|log| log.read(Offset(offset), 1 << 20, true, Offset(end))).expect("is readable");
        let mut bytes = vec![0; extent.len];
        assert_eq!(extent.file.read_at(&mut bytes, extent.position).expect("is read"), extent.len, "{place}");
        for found in batches(&bytes) {
            let found = found.expect("is a batch");
            found.verify_crc().expect("is as it was written");
            assert_eq!(found.header.base_offset, Offset(offset), "{place}");
            assert_eq!(found.header.base_timestamp, NOW_MS + offset, "{place}");
            offset += 1;
        }
    }
    for offset in 0..end {
        let found = log.with(|log| log.offset_for_timestamp(NOW_MS + offset, Offset(end))).expect("is found");
        assert_eq!(found.map(|found| found.offset), Some(Offset(offset)), "{place}");
    }
    let retried = append(log, end - 1).expect("a retry is no error");
    assert_eq!(retried.base_offset, Offset(end - 1), "{place}");
    assert_eq!(append(log, end).expect("the next is taken").base_offset, Offset(end), "{place}");
}

/// Runs `act` with the machine or the process stopping at its first step, its second, and so on until it ends without;
/// then opens and has `verify` look. Returns how many steps there were.
fn at_every_step(act: impl Fn(&mut Opened), verify: impl Fn(&mut Opened, i64, &str)) -> u64 {
    for step in 1..STEPS_MAX {
        let mut was_stopped = false;
        for stop in [Stop::Kill, Stop::PowerLoss] {
            let (disk, mut opened) = prepare(step);
            disk.with_faults(|faults| faults.cut_power_after(step));
            let log = opened.dir.get(OLD, 0).expect("was made");
            act(&mut opened);
            was_stopped = disk.with_faults(|faults| faults.power_is_off());
            let promised = log.flushed_offset().0;
            drop((log, opened));
            match stop {
                Stop::Kill => disk.kill(),
                Stop::PowerLoss => disk.power_loss(step),
            }
            verify(&mut open(&disk), promised, &format!("{stop:?} at step {step}"));
        }
        if !was_stopped {
            return step - 1;
        }
    }
    panic!("the act has more than {STEPS_MAX} steps");
}

fn holds_all(opened: &mut Opened, promised: i64, place: &str) {
    let log = opened.dir.get(OLD, 0).unwrap_or_else(|| panic!("{place}: the log is gone"));
    check(&log, promised, place);
}

/// Lives on after the process was killed, until the power goes: what it promises is there.
fn live_on(disk: &MemoryDisk, place: &str) {
    disk.with_faults(|faults| faults.clear());
    disk.kill();
    let promised = live(disk);
    assert!(promised > 0, "{place}: this life does not work");
    for seed in 0..3 {
        disk.power_loss(seed);
        let opened = open(disk);
        let log = opened.dir.get(OLD, 0).unwrap_or_else(|| panic!("{place}: the log is gone"));
        let end = log.flushed_offset().0;
        assert!(end >= promised, "{place}: ends at {end}, {promised} were promised");
    }
}

/// A disk after a life that ended at a step, or that was over before.
fn killed_at(step: u64, direct_refused: bool) -> (MemoryDisk, bool) {
    let disk = MemoryDisk::new(step);
    disk.with_faults(|faults| {
        faults.direct_refused = direct_refused;
        faults.cut_power_after(step);
    });
    live(&disk);
    let is_over = !disk.with_faults(|faults| faults.power_is_off());
    (disk, is_over)
}

/// fault = 39, 40
#[test]
fn what_a_killed_process_had_not_synced_is_synced_by_the_next_one() {
    for direct_refused in [false, true] {
        let end = (1..STEPS_MAX).find(|step| {
            let (disk, is_over) = killed_at(*step, direct_refused);
            live_on(&disk, &format!("killed at step {step}"));
            is_over
        });
        assert!(end.is_some_and(|step| step > 30), "{end:?}");
    }
}

/// fault = 33
#[test]
fn what_a_failed_sync_leaves_in_the_page_cache_is_written_again() {
    let failed = |sync: u64, disk: &MemoryDisk| {
        disk.with_faults(|faults| faults.fail(OperationKind::Sync, "", sync));
        live(disk);
        disk.fault_counts().sync_errors > 0
    };
    for direct_refused in [false, true] {
        // In the first life, or in the one after a kill.
        for step in 0..STEPS_MAX {
            let mut is_over = false;
            for sync in 0..STEPS_MAX {
                let (disk, killed_all) = match step {
                    0 => (MemoryDisk::new(sync), false),
                    step => killed_at(step, direct_refused),
                };
                is_over = killed_all;
                disk.with_faults(|faults| faults.direct_refused = direct_refused);
                disk.kill();
                let has_failed = failed(sync, &disk);
                live_on(&disk, &format!("killed at step {step}, sync {sync} failed"));
                if !has_failed {
                    break;
                }
            }
            if is_over {
                break;
            }
        }
    }
}

/// fault = 39, 40
#[test]
fn a_roll_that_is_stopped_at_any_step_leaves_one_log_without_a_gap() {
    let steps = at_every_step(
        |opened| {
            let log = opened.dir.get(OLD, 0).expect("was made");
            let segments = |log: &Arc<LogHandle>| log.with(|log| log.segment_count());
            let before = segments(&log);
            // Errors are what a stop in the middle looks like from inside.
            let appended = (6..12).filter(|offset| append(&log, *offset).is_ok()).count();
            assert!(appended < 6 || segments(&log) > before, "nothing has rolled");
            opened.committer.run_cycle();
        },
        holds_all,
    );
    assert!(steps > 10, "{steps}");
}

/// fault = 36, 40
#[test]
fn a_checkpoint_that_is_stopped_at_any_step_leaves_the_old_one_or_the_new_one() {
    let steps = at_every_step(|opened| opened.dir.checkpoint(), holds_all);
    assert!(steps > 5, "{steps}");
}

/// fault = 40
#[test]
fn a_close_that_is_stopped_at_any_step_loses_nothing() {
    let steps = at_every_step(|opened| opened.dir.close(), holds_all);
    assert!(steps > 5, "{steps}");
}

/// fault = 42
#[test]
fn a_deletion_that_is_stopped_at_any_step_is_finished_later_and_gives_nothing_to_the_next_topic() {
    let steps = at_every_step(
        |opened| {
            // Fails where it is stopped.
            let _ = opened.dir.delete_log(OLD, 0);
            opened.dir.maintain(NOW_MS + 1, &|log| log.flushed_offset());
        },
        |opened, promised, place| {
            if let Some(log) = opened.dir.get(OLD, 0) {
                check(&log, promised, place);
                assert!(opened.dir.delete_log(OLD, 0).expect("is deleted"), "{place}");
            }
            let new = opened.dir.create_log(identity(NEW), config(), LeaderEpoch(0)).expect("is made");
            assert_eq!(new.with(|log| log.log_end_offset()), Offset(0), "{place}");
            assert!(opened.dir.get(OLD, 0).is_none(), "{place}");
        },
    );
    assert!(steps > 2, "{steps}");
}
