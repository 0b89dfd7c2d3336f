//! A process without file descriptors: what needs one is refused or put off, nothing goes out of service or is lost.

use std::path::Path;

use super::*;

/// Numbers of the errors EMFILE, ENFILE and ENOMEM.
const NUMBERS: [i32; 3] = [24, 23, 12];

fn take_descriptors(disk: &MemoryDisk) {
    disk.with_faults(|faults| faults.no_descriptors = true);
}

fn give_descriptors(disk: &MemoryDisk) {
    disk.with_faults(|faults| faults.no_descriptors = false);
}

fn maintain(dir: &LogDir) {
    dir.maintain(1000, &LogHandle::flushed_offset);
}

/// A log with one record that is durable in a segment of its own, whose file is closed.
fn idle_log(dir: &Arc<LogDir>, id: u128, config: LogConfig) -> Arc<LogHandle> {
    let log = create_with(dir, id, config);
    append_bytes(&log, 2_000_000).expect("there is room");
    dir.committer().run_cycle();
    assert_eq!(log.with(|log| log.close_idle()), 0);
    log
}

fn large() -> LogConfig {
    LogConfig { max_message_bytes: 4 << 20, ..LogConfig::default() }
}

#[test]
fn an_append_whose_file_cannot_be_opened_is_refused_and_nothing_else() {
    for errno in NUMBERS {
        let disk = MemoryDisk::new(1);
        let (dir, _) = open(&disk);
        let log = idle_log(&dir, 1, large());
        disk.with_faults(|faults| {
            faults.errno = errno;
            faults.fail(OperationKind::Open, "t1-0/", 0);
        });
        assert!(matches!(append(&log), Err(AppendError::Storage(_))));
        assert_eq!((dir.is_failed(), dir.lacks_room()), (None, false));
        assert_eq!(append(&log).unwrap().base_offset, Offset(1));
        assert_eq!(dir.committer().run_cycle(), CycleOutcome::Committed(1));
        disk.power_loss(2);
        let (dir, _) = open(&disk);
        assert_eq!(dir.logs()[0].flushed_offset(), Offset(2));
    }
}

#[test]
fn a_roll_whose_file_cannot_be_made_leaves_the_log_appendable() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let log = create_with(&dir, 1, LogConfig { segment_bytes: 300, ..LogConfig::default() });
    append(&log).unwrap();
    take_descriptors(&disk);
    assert!(append_bytes(&log, 150).is_err());
    // Due by time as well.
    dir.maintain(i64::MAX, &LogHandle::flushed_offset);
    assert_eq!((dir.is_failed(), log.with(|log| log.segment_count())), (None, 1));
    give_descriptors(&disk);
    assert_eq!(append_bytes(&log, 150).unwrap().base_offset, Offset(1));
    dir.committer().run_cycle();
    assert_eq!((log.with(|log| log.segment_count()), log.flushed_offset()), (2, Offset(2)));
    disk.power_loss(2);
    let (dir, _) = open(&disk);
    assert_eq!(dir.logs()[0].flushed_offset(), Offset(2));
}

#[test]
fn a_log_that_cannot_be_made_is_made_later() {
    for after in 0..2 {
        let disk = MemoryDisk::new(1);
        let (dir, _) = open(&disk);
        disk.with_faults(|faults| {
            faults.errno = NUMBERS[0];
            faults.fail(OperationKind::Open, "t1-0/", after);
        });
        let refused = dir.create_log(identity("t1", 1), Arc::default(), LeaderEpoch(0));
        assert!(refused.is_err_and(|error| error.passes()));
        assert_eq!((dir.is_failed(), dir.lacks_room()), (None, false));
        append(&create(&dir, 1)).unwrap();
        assert_eq!(dir.committer().run_cycle(), CycleOutcome::Committed(1));
        disk.power_loss(2);
        let (dir, _) = open(&disk);
        assert_eq!(dir.logs()[0].flushed_offset(), Offset(1));
    }
}

#[test]
fn a_commit_that_cannot_open_what_it_syncs_is_put_off_and_acknowledges_nothing() {
    for seed in 0..10 {
        let disk = MemoryDisk::new(seed);
        let (dir, _) = open(&disk);
        // A new directory; a new segment, whose name must be synced; and a small batch for the commit log, which opens its
        // first file.
        let rolled = idle_log(&dir, 2, LogConfig { segment_bytes: 3_000_000, ..large() });
        let old = idle_log(&dir, 3, large());
        let new = create(&dir, 1);
        append_bytes(&rolled, 2_000_000).unwrap();
        for log in [&new, &old] {
            append(log).unwrap();
        }
        let told = [&new, &rolled, &old].map(|log| listen(log));
        let flushed = || told.each_ref().map(|told| told.flushed.load(Ordering::Acquire));
        take_descriptors(&disk);
        // The commit log is gone without: the old log's file is open.
        assert_eq!(dir.committer().run_cycle(), CycleOutcome::Committed(1));
        assert_eq!((dir.is_failed(), flushed()), (None, [0, 1, 2]));
        maintain(&dir);
        assert_eq!(dir.committer().run_cycle(), CycleOutcome::Idle);
        // What is appended behind it is handed out with it.
        append(&rolled).unwrap();
        assert_eq!(dir.committer().run_cycle(), CycleOutcome::Idle);
        give_descriptors(&disk);
        maintain(&dir);
        assert_eq!(dir.committer().run_cycle(), CycleOutcome::Committed(2));
        assert_eq!(flushed(), [1, 3, 2]);
        disk.power_loss(seed);
        let (dir, report) = open(&disk);
        let found = [1, 2, 3].map(|id| dir.get(identity("", id).topic_id, 0).unwrap().flushed_offset().0);
        assert_eq!(found, [1, 3, 2], "seed {seed}: {report:?}");
    }
}

#[test]
fn a_commit_whose_file_was_closed_after_a_checkpoint_is_put_off_until_it_can_be_opened() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let log = idle_log(&dir, 1, large());
    append(&log).unwrap();
    // Synced by the checkpoint, told by nobody.
    dir.checkpoint();
    assert_eq!(log.with(|log| log.close_idle()), 0);
    take_descriptors(&disk);
    assert_eq!(dir.committer().run_cycle(), CycleOutcome::Idle);
    assert_eq!((dir.is_failed(), log.flushed_offset()), (None, Offset(1)));
    give_descriptors(&disk);
    maintain(&dir);
    assert_eq!(dir.committer().run_cycle(), CycleOutcome::Committed(1));
    assert_eq!(log.flushed_offset(), Offset(2));
}

#[test]
fn a_truncation_that_the_commit_log_has_no_file_for_is_put_off_with_what_follows_it() {
    for seed in 0..10 {
        let disk = MemoryDisk::new(seed);
        let (dir, _) = open(&disk);
        let log = create(&dir, 1);
        (0..5).for_each(|_| _ = append(&log).unwrap());
        dir.committer().run_cycle();
        // The commit log goes on in another file.
        dir.checkpoint();
        log.truncate_to(Offset(2)).unwrap();
        append_bytes(&log, 333).unwrap();
        take_descriptors(&disk);
        assert_eq!(dir.committer().run_cycle(), CycleOutcome::Idle);
        assert_eq!((dir.is_failed(), log.flushed_offset()), (None, Offset(2)));
        give_descriptors(&disk);
        maintain(&dir);
        assert_eq!(dir.committer().run_cycle(), CycleOutcome::Committed(1));
        let end = log.with(|log| log.end_position());
        disk.power_loss(seed);
        let (dir, _) = open(&disk);
        let log = dir.logs()[0].clone();
        assert_eq!((log.with(|log| log.end_position()), log.flushed_offset()), (end, Offset(3)));
    }
}

#[test]
fn a_checkpoint_that_cannot_open_its_files_is_put_off_and_loses_nothing() {
    for seed in 0..10 {
        let disk = MemoryDisk::new(seed);
        let (dir, _) = open(&disk);
        let logs: Vec<_> = (1..8).map(|id| create(&dir, id)).collect();
        logs.iter().for_each(|log| _ = append(log).unwrap());
        assert_eq!(dir.committer().run_cycle(), CycleOutcome::Committed(7));
        disk.with_faults(|faults| faults.errno = NUMBERS[0]);
        // The segment's file; its directory, whose sync follows that of the file; the checkpoint's own file.
        for (kind, part, after) in [
            (OperationKind::Open, "t1-0/0", 0),
            (OperationKind::Sync, "t1-0", 1),
            (OperationKind::Open, "log-checkpoint", 0),
        ] {
            logs.iter().for_each(|log| _ = append(log).unwrap());
            dir.committer().run_cycle();
            disk.with_faults(|faults| faults.fail(kind, part, after));
            let errors =
                |disk: &MemoryDisk| disk.fault_counts().write_errors + disk.fault_counts().sync_errors;
            let before = errors(&disk);
            dir.checkpoint();
            assert_eq!(errors(&disk), before + 1, "{part}");
            assert_eq!(dir.is_failed(), None, "{part}");
        }
        take_descriptors(&disk);
        dir.checkpoint();
        assert_eq!(dir.is_failed(), None);
        give_descriptors(&disk);
        if seed % 2 == 0 {
            dir.checkpoint();
        }
        disk.power_loss(seed);
        let (dir, _) = open(&disk);
        assert!(dir.logs().iter().all(|log| log.flushed_offset() == Offset(4)));
        assert_eq!((dir.logs().len(), dir.is_failed()), (7, None));
    }
}

#[test]
fn a_log_that_is_deleted_without_descriptors_is_gone_and_its_files_go_later() {
    let disk = MemoryDisk::new(1);
    let (dir, _) = open(&disk);
    let config = LogConfig { file_delete_delay_ms: 0, ..LogConfig::default() };
    append(&create_with(&dir, 1, config)).unwrap();
    dir.committer().run_cycle();
    take_descriptors(&disk);
    assert!(dir.delete_log(identity("t1", 1).topic_id, 0).unwrap());
    maintain(&dir);
    assert_eq!((dir.is_failed(), dir.logs().len()), (None, 0));
    give_descriptors(&disk);
    dir.checkpoint();
    // What is due cannot be listed, and stays due.
    take_descriptors(&disk);
    maintain(&dir);
    give_descriptors(&disk);
    maintain(&dir);
    let names = disk.list(Path::new(PATH)).unwrap();
    assert!(names.iter().all(|entry| !entry.name.ends_with("-delete")), "{names:?}");
    disk.power_loss(2);
    let (dir, _) = open(&disk);
    assert_eq!(dir.logs().len(), 0);
}
