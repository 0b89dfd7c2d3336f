//! A disk that is full takes no directory out of service, loses nothing, and what makes room works on it.

use std::path::Path;

use broker_log::commit_log::CommitLogSizes;
use broker_log::log_error::LogError;

use super::*;

#[test]
fn a_full_disk_refuses_logs_and_makes_them_once_there_is_room() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used + 10);
    let refused = dir.create_log(identity("t1", 1), Arc::default(), LeaderEpoch(0));
    assert!(matches!(refused, Err(LogDirError::Log(_))), "{refused:?}");
    assert_eq!(dir.is_failed(), None);
    disk.with_faults(|faults| faults.capacity = 1 << 30);
    append(&create(&dir, 1)).unwrap();
    assert_eq!(dir.committer().run_cycle(), CycleOutcome::Committed(1));
}

#[test]
fn a_full_disk_refuses_appends_and_takes_them_again_once_there_is_room() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let log = create(&dir, 1);
    append(&log).unwrap();
    dir.committer().run_cycle();
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used + 50);
    assert!(matches!(append(&log), Err(AppendError::Storage(_))));
    assert_eq!(dir.is_failed(), None);
    disk.with_faults(|faults| faults.capacity = 1 << 30);
    assert_eq!(append(&log).unwrap().base_offset, Offset(1));
    assert_eq!(dir.committer().run_cycle(), CycleOutcome::Committed(1));
    disk.power_loss(2);
    let (dir, report) = open(&disk);
    assert_eq!(dir.logs()[0].flushed_offset(), Offset(2), "{report:?}");
}

#[test]
fn a_directory_lacks_room_until_an_append_or_a_later_look_finds_some() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let log = create(&dir, 1);
    append(&log).unwrap();
    for appends in [true, false] {
        assert!(!dir.lacks_room());
        let used = disk.used_bytes();
        disk.with_faults(|faults| faults.capacity = used + 50);
        assert!(append(&log).is_err() && dir.lacks_room());
        dir.maintain(1000, &|log| log.flushed_offset());
        assert!(dir.lacks_room() && dir.is_failed().is_none());
        disk.with_faults(|faults| faults.capacity = 1 << 30);
        if appends {
            append(&log).unwrap();
        } else {
            dir.maintain(1000, &|log| log.flushed_offset());
        }
    }
    assert!(!dir.lacks_room());
    let names = disk.list(Path::new(PATH)).unwrap();
    assert!(names.iter().all(|entry| entry.name != ".room"), "{names:?}");
}

#[test]
fn a_deleted_log_makes_room_and_is_not_missed_while_checkpoints_find_none() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let old = create_with(&dir, 1, LogConfig { file_delete_delay_ms: 0, ..LogConfig::default() });
    append_bytes(&old, 200_000).unwrap();
    dir.committer().run_cycle();
    dir.checkpoint();
    dir.delete_log(identity("t1", 1).topic_id, 0).unwrap();
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used);
    for _ in 0..3 {
        dir.maintain(1000, &|log| log.flushed_offset());
    }
    assert!(disk.fault_counts().no_space > 0, "a checkpoint found room");
    let names = disk.list(Path::new(PATH)).unwrap();
    let left = names.iter().find(|entry| entry.name.ends_with("-delete")).expect("the name is there");
    assert_eq!(disk.list(&Path::new(PATH).join(&left.name)).unwrap(), [], "its files are there");
    // A log of the same name, which neither a checkpoint nor the commit log has.
    disk.with_faults(|faults| faults.capacity = 1 << 30);
    let log = dir.create_log(identity("t1", 2), Arc::default(), LeaderEpoch(0)).unwrap();
    append_bytes(&log, 100_000).unwrap();
    dir.committer().run_cycle();
    disk.kill();
    let (dir, report) = open(&disk);
    assert!(report.offline.is_empty(), "{report:?}");
    assert_eq!(dir.get(identity("t1", 2).topic_id, 0).unwrap().flushed_offset(), Offset(1));
    dir.maintain(1000, &|log| log.flushed_offset());
    dir.maintain(1000, &|log| log.flushed_offset());
    let names = disk.list(Path::new(PATH)).unwrap();
    assert!(names.iter().all(|entry| !entry.name.ends_with("-delete")), "{names:?}");
}

#[test]
fn a_checkpoint_without_room_is_put_off_and_loses_nothing() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let logs: Vec<_> = (1..4).map(|id| create(&dir, id)).collect();
    logs.iter().for_each(|log| _ = append(log).unwrap());
    dir.committer().run_cycle();
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used);
    dir.checkpoint();
    assert_eq!((dir.is_failed(), disk.fault_counts().no_space > 0), (None, true));
    disk.with_faults(|faults| faults.capacity = 1 << 30);
    logs.iter().for_each(|log| _ = append(log).unwrap());
    dir.committer().run_cycle();
    dir.checkpoint();
    disk.power_loss(2);
    let (dir, _) = open(&disk);
    assert!(dir.logs().iter().all(|log| log.flushed_offset() == Offset(2)));
    assert_eq!(dir.logs().len(), 3);
}

#[test]
fn without_room_for_the_commit_log_the_segments_are_synced() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let logs: Vec<_> = (1..8).map(|id| create(&dir, id)).collect();
    logs.iter().for_each(|log| _ = append(log).unwrap());
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used + 10);
    assert_eq!(dir.committer().run_cycle(), CycleOutcome::Committed(7));
    disk.with_faults(|faults| faults.capacity = 1 << 30);
    disk.power_loss(2);
    let (dir, _) = open(&disk);
    assert!(dir.logs().iter().all(|log| log.flushed_offset() == Offset(1)));
    assert_eq!(dir.logs().len(), 7);
}

#[test]
fn a_log_start_that_found_no_room_becomes_durable_once_there_is_room() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let log = create(&dir, 1);
    // Large enough to be synced itself: the commit log has no file yet.
    append_bytes(&log, 100_000).unwrap();
    dir.committer().run_cycle();
    // The checkpoint that every start wants, so that the next one is far.
    dir.maintain(1000, &|log| log.flushed_offset());
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used);
    assert!(log.advance_log_start_offset(Offset(1)));
    dir.committer().run_cycle();
    assert_eq!((dir.is_failed(), log.durable_log_start_offset()), (None, Offset(0)));
    disk.with_faults(|faults| faults.capacity = 1 << 30);
    dir.maintain(1000, &|log| log.flushed_offset());
    dir.committer().run_cycle();
    assert_eq!(log.durable_log_start_offset(), Offset(1));
}

const RESERVE: u64 = 64 << 10;
const RECORD: usize = 600_000;

/// Number of the error of a full disk.
const ENOSPC: i32 = 28;

/// A reserve, and a commit log that takes little at once.
fn small() -> LogDirSettings {
    let commit_log =
        CommitLogSizes { file_bytes: 1 << 20, extend_bytes: 16 << 10, uncovered_bytes_max: 4 << 20 };
    LogDirSettings { reserve_bytes: RESERVE, commit_log, ..settings() }
}

/// A directory with a reserve, and a log of several segments that no checkpoint has.
fn reserved(disk: &MemoryDisk) -> (Arc<LogDir>, Arc<LogHandle>) {
    let (dir, _) = open_with(disk, small(), LogConfig::default()).expect("the directory opens");
    // Makes the reserve, and the checkpoint that every start wants.
    maintain(&dir);
    let config = LogConfig {
        segment_bytes: 1_000_000,
        index_interval_bytes: 1,
        file_delete_delay_ms: 0,
        ..LogConfig::default()
    };
    let log = create_with(&dir, 1, config);
    for _ in 0..6 {
        append_bytes(&log, RECORD).expect("there is room");
    }
    dir.committer().run_cycle();
    (dir, log)
}

fn maintain(dir: &LogDir) {
    dir.maintain(1000, &LogHandle::flushed_offset);
}

fn fill(disk: &MemoryDisk) {
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used);
}

#[test]
fn deleting_records_makes_room_where_every_byte_is_taken() {
    let disk = MemoryDisk::new(1);
    let (dir, log) = reserved(&disk);
    fill(&disk);
    assert!(append_bytes(&log, RECORD).is_err());
    assert!(log.advance_log_start_offset(Offset(5)));
    dir.committer().run_cycle();
    assert_eq!(log.durable_log_start_offset(), Offset(5));
    // A checkpoint first, for the log has been in none, then the segments.
    dir.checkpoint();
    maintain(&dir);
    maintain(&dir);
    // The names of removed files take their bytes with them once they are gone from the medium.
    disk.sync_dir(&Path::new(PATH).join("t1-0")).unwrap();
    maintain(&dir);
    assert!(!dir.lacks_room());
    assert_eq!(append_bytes(&log, RECORD).unwrap().base_offset, Offset(6));
}

#[test]
fn what_the_reserve_gave_up_is_not_for_appends() {
    let disk = MemoryDisk::new(1);
    let (dir, log) = reserved(&disk);
    fill(&disk);
    dir.checkpoint();
    let is_full = |error: &LogError| error.to_string().contains("the disk is full but for");
    for _ in 0..2 {
        assert!(disk.space(Path::new(PATH)).unwrap().available > 1000);
        assert!(matches!(append(&log), Err(AppendError::Storage(error)) if is_full(&error)));
        let refused = dir.create_log(identity("t2", 2), Arc::default(), LeaderEpoch(0));
        assert!(matches!(refused, Err(LogDirError::Log(error)) if is_full(&error)));
        assert!(dir.lacks_room());
        maintain(&dir);
    }
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used + 2 * RESERVE + (2 << 20));
    maintain(&dir);
    assert!(!dir.lacks_room());
    append(&log).unwrap();
}

#[test]
fn a_start_on_a_full_disk_leaves_what_there_is_to_the_reserve() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = reserved(&disk);
    fill(&disk);
    dir.checkpoint();
    disk.kill();
    drop(dir);
    let (dir, _) = open_with(&disk, small(), LogConfig::default()).expect("the directory opens");
    assert!(append(&dir.logs()[0]).is_err() && dir.lacks_room());
}

#[test]
fn a_sync_that_finds_no_room_fails_the_directory_also_in_a_checkpoint() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let log = create(&dir, 1);
    append(&log).unwrap();
    disk.with_faults(|faults| {
        faults.errno = ENOSPC;
        faults.fail(OperationKind::Sync, ".log", 0);
    });
    dir.checkpoint();
    assert!(dir.is_failed().is_some());
}

/// Logs with so much for the commit log together that the reserve is nothing to it, not committed.
fn with_much_for_the_commit_log(dir: &Arc<LogDir>) -> Vec<Arc<LogHandle>> {
    let logs: Vec<_> = (10..50).map(|id| create(dir, id)).collect();
    logs.iter().for_each(|log| _ = append_bytes(log, 150_000).expect("there is room"));
    logs
}

#[test]
fn appends_of_a_cycle_do_not_take_the_reserve() {
    let disk = MemoryDisk::new(1);
    let (dir, log) = reserved(&disk);
    let logs = with_much_for_the_commit_log(&dir);
    fill(&disk);
    dir.committer().run_cycle();
    assert!(logs.iter().all(|log| log.flushed_offset() == Offset(1)));
    assert!(disk.exists(&Path::new(PATH).join("reserve")).unwrap());
    assert!(log.advance_log_start_offset(Offset(5)));
    dir.committer().run_cycle();
    assert_eq!((dir.is_failed(), log.durable_log_start_offset()), (None, Offset(5)));
}

#[test]
fn a_start_on_a_full_disk_takes_nothing_for_the_commit_log() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = reserved(&disk);
    dir.checkpoint();
    // Written and not committed when the process goes.
    let logs = with_much_for_the_commit_log(&dir);
    fill(&disk);
    dir.give_up_reserve();
    drop(logs);
    disk.kill();
    drop(dir);
    let before = disk.used_bytes();
    let (dir, _) = open_with(&disk, small(), LogConfig::default()).expect("the directory opens");
    assert!(dir.logs().iter().all(|log| log.flushed_offset() > Offset(0)));
    assert!(disk.used_bytes() < before + RESERVE / 8, "{} and then {}", before, disk.used_bytes());
}

#[test]
fn an_append_that_finds_no_room_stops_all_others_until_there_is_some() {
    let disk = MemoryDisk::new(1);
    let (dir, log) = reserved(&disk);
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used + 1000);
    assert!(!log.lacks_room());
    assert!(append_bytes(&log, RECORD).is_err());
    assert!(append(&log).is_err() && log.lacks_room());
    // As much again as the reserve, which need not go then.
    disk.with_faults(|faults| faults.capacity = used + RESERVE + (3 << 20));
    maintain(&dir);
    assert!(disk.exists(&Path::new(PATH).join("reserve")).unwrap());
    append(&log).unwrap();
}

#[test]
fn a_reserve_that_finds_no_room_for_its_name_is_no_failure() {
    let disk = MemoryDisk::new(1);
    disk.with_faults(|faults| {
        faults.errno = ENOSPC;
        faults.fail(OperationKind::Open, "reserve", 0);
    });
    let (dir, log) = reserved(&disk);
    assert_eq!((dir.is_failed(), dir.lacks_room()), (None, false));
    append(&log).expect("the next look has made it");
}

#[test]
fn a_failed_sync_while_the_reserve_is_given_up_fails_the_directory() {
    let disk = MemoryDisk::new(1);
    let (dir, log) = reserved(&disk);
    dir.checkpoint();
    // There is something for the next checkpoint, but nothing to sync.
    log.advance_log_start_offset(Offset(1));
    dir.committer().run_cycle();
    fill(&disk);
    disk.with_faults(|faults| faults.fail(OperationKind::Sync, "", 0));
    dir.checkpoint();
    let reason = dir.is_failed().expect("it is out of service");
    assert!(reason.contains("giving up the reserve"), "{reason}");
}

#[test]
fn a_log_that_finds_no_room_to_be_made_tells_that_there_is_none() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    fill(&disk);
    assert!(dir.create_log(identity("t1", 1), Arc::default(), LeaderEpoch(0)).is_err());
    assert!(dir.lacks_room());
}
