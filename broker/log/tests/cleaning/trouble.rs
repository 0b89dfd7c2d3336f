//! What keeps a log from being cleaned: it stays as it is, is served as before, and is tried again where that can help.

use std::path::Path;

use broker_log::io::Disk;
use broker_log::io::memory_disk::OperationKind;

use super::*;

fn filled_with(config: LogConfig) -> (MemoryDisk, Opened, Vec<Told>) {
    let (disk, mut opened) = made_with(1, config);
    append_turns(&opened.log(), &["a", "b", "c"], 30);
    opened.settle();
    let all = records(&opened.log());
    (disk, opened, all)
}

fn filled() -> (MemoryDisk, Opened, Vec<Told>) {
    filled_with(config())
}

fn segment(base: i64) -> std::path::PathBuf {
    Path::new("/data/orders-0").join(format!("{base:020}.log"))
}

/// fault = 37
#[test]
fn a_log_with_a_damaged_batch_is_not_cleaned_until_that_is_gone() {
    // In a record, and in an offset, which no CRC covers.
    for (base, position) in [(10, 70), (10, 6), (0, 70)] {
        let (disk, mut opened, _) = filled();
        disk.flip_bit(&segment(base), position, 3).unwrap();
        let before = log_files(&disk);
        opened.clean();
        let totals = opened.dir.cleaner_totals();
        assert_eq!((totals.cleanings, totals.uncleanable_partitions), (0, 1), "{base} {position}");
        assert!(opened.dir.is_failed().is_none());
        assert_eq!(log_files(&disk), before);
        let read = totals.read_bytes;
        opened.clean();
        assert_eq!(opened.dir.cleaner_totals().read_bytes, read, "it is not tried again");
        opened.log().advance_log_start_offset(Offset(15));
        opened.committer.run_cycle();
        let now_ms = now_ms(&opened);
        opened.dir.maintain(now_ms, &|log| log.flushed_offset());
        opened.clean();
        let totals = opened.dir.cleaner_totals();
        assert_eq!((totals.cleanings, totals.uncleanable_partitions), (1, 0));
    }
}

fn log_files(disk: &MemoryDisk) -> Vec<String> {
    names(disk).into_iter().filter(|name| name.ends_with(".log")).collect()
}

#[test]
fn a_segment_that_cannot_be_read_keeps_the_log_as_it_is() {
    let (disk, mut opened, all) = filled();
    disk.with_faults(|faults| faults.fail(OperationKind::Read, "00000000000000000005.log", 0));
    opened.clean();
    assert_eq!(opened.dir.cleaner_totals().uncleanable_partitions, 1);
    assert!(opened.dir.is_failed().is_none());
    assert_eq!(records(&opened.log()), all);
}

/// fault = 33, 34
#[test]
fn a_write_or_sync_that_fails_takes_the_directory_out_of_service_and_loses_nothing() {
    let faults = [
        (OperationKind::Write, ".log.cleaned"),
        (OperationKind::Sync, ".log.cleaned"),
        (OperationKind::Directory, ".log.cleaned"),
        (OperationKind::Sync, "swap-"),
        (OperationKind::Directory, "swap-"),
        (OperationKind::Directory, ".log.swap"),
    ];
    for (kind, part) in faults {
        let (disk, mut opened, all) = filled();
        let end = active_base(&opened.log());
        disk.with_faults(|faults| faults.fail(kind, part, 0));
        // The first removal of what an earlier attempt has left counts as well.
        disk.with_faults(|faults| faults.fail(kind, part, 1));
        for _ in 0..200 {
            opened.cleaner.step();
        }
        let reason = opened.dir.is_failed().unwrap_or_else(|| panic!("{kind:?} {part}"));
        assert!(reason.contains("orders-0"), "{reason}");
        drop(opened);
        disk.with_faults(|faults| faults.clear());
        disk.kill();
        disk.power_loss(4);
        let mut opened = open(&disk);
        let log = opened.log();
        for told in compacted(&all, end) {
            assert!(records(&log).contains(&told), "{kind:?} {part}: {told:?} is gone");
        }
        opened.settle();
        opened.clean();
        assert_eq!(records(&log), compacted(&all, end), "{kind:?} {part}");
    }
}

/// fault = 34
#[test]
fn a_sync_beside_the_work_that_fails_takes_the_directory_out_of_service_and_loses_nothing() {
    // A segment of several pieces, each of which is synced while the next one is written.
    let large = LogConfig { segment_bytes: 64 << 20, ..config() };
    let value = "v".repeat((1 << 20) - 1000);
    for failed in [Some(0), Some(1), Some(2), None] {
        let (disk, mut opened) = made_with(1, large.clone());
        let log = opened.log();
        for number in 0..40 {
            append(&log, &format!("key {}", number % 38), Some(&value));
        }
        assert!(log.with(|log| log.maybe_roll_by_time(i64::MAX)).unwrap());
        opened.settle();
        if let Some(count) = failed {
            disk.with_faults(|faults| faults.fail(OperationKind::Sync, ".log.cleaned", count));
        }
        (0..300).for_each(|_| _ = opened.cleaner.step());
        assert_eq!(opened.dir.is_failed().is_some(), failed.is_some(), "{failed:?}");
        assert_eq!(opened.cleanings(), u64::from(failed.is_none()), "{failed:?}");
        drop((log, opened));
        disk.with_faults(|faults| faults.clear());
        disk.kill();
        disk.power_loss(4);
        let opened = open_with(&disk, large.clone(), |_| {});
        let count = if failed.is_some() { 40 } else { 38 };
        assert_eq!(records(&opened.log()).len(), count, "{failed:?}");
    }
}

#[test]
fn a_sync_that_fails_counts_although_its_cleaning_is_dropped() {
    let large = LogConfig { segment_bytes: 64 << 20, ..config() };
    let (disk, mut opened) = made_with(1, large);
    let value = "v".repeat((1 << 20) - 1000);
    (0..20).for_each(|_| _ = append(&opened.log(), "key", Some(&value)));
    // The last record of another key each, so that enough is left to be synced.
    for number in 0..20 {
        append(&opened.log(), &format!("key {number}"), Some(&value));
    }
    assert!(opened.log().with(|log| log.maybe_roll_by_time(i64::MAX)).unwrap());
    opened.settle();
    disk.with_faults(|faults| faults.fail(OperationKind::Sync, ".log.cleaned", 0));
    while disk.fault_counts().sync_errors == 0 {
        opened.cleaner.step();
    }
    assert!(opened.dir.is_failed().is_none());
    opened.cleaner.stop();
    assert!(opened.dir.is_failed().is_some());
}

#[test]
fn on_a_full_disk_a_cleaning_waits_and_leaves_the_room_to_others() {
    let (disk, mut opened, all) = filled();
    let log = opened.log();
    let end = active_base(&log);
    for room in [0, 100, 5000, 70_000] {
        let used = disk.used_bytes();
        disk.with_faults(|faults| faults.capacity = used + room);
        let pauses: Vec<Duration> = (0..30).map(|_| opened.cleaner.step()).collect();
        assert!(pauses.iter().any(|pause| *pause >= Duration::from_secs(60)), "room for {room}");
        assert!(opened.dir.is_failed().is_none() && opened.cleanings() == 0, "room for {room}");
        assert_eq!(records(&log), all);
        assert_eq!(leftovers(&disk), Vec::<String>::new());
        assert!(disk.exists(Path::new("/data/reserve")).unwrap());
    }
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used + (1 << 20));
    opened.clean();
    assert_eq!(records(&log), compacted(&all, end));
}

#[test]
fn a_write_without_room_in_the_middle_of_a_cleaning_is_no_failure() {
    const ENOSPC: i32 = 28;
    for (part, after) in
        [(".log.cleaned", 0), (".log.cleaned", 2), ("index.cleaned", 0), ("swap-", 0), ("swap-", 1)]
    {
        let (disk, mut opened, all) = filled();
        let end = active_base(&opened.log());
        disk.with_faults(|faults| {
            faults.errno = ENOSPC;
            faults.fail(OperationKind::Write, part, after);
        });
        (0..60).for_each(|_| _ = opened.cleaner.step());
        let place = format!("{part} {after}");
        assert_eq!(disk.fault_counts().write_errors, 1, "{place}");
        assert!(opened.dir.is_failed().is_none(), "{place}: {:?}", opened.dir.is_failed());
        opened.clean();
        assert_eq!(records(&opened.log()), compacted(&all, end), "{place}");
        assert_eq!(leftovers(&disk), Vec::<String>::new(), "{place}");
    }
}

#[test]
fn without_file_descriptors_a_cleaning_waits() {
    for steps in 0..12 {
        let (disk, mut opened, all) = filled();
        let log = opened.log();
        let end = active_base(&log);
        (0..steps).for_each(|_| _ = opened.cleaner.step());
        disk.with_faults(|faults| faults.no_descriptors = true);
        for _ in 0..30 {
            opened.cleaner.step();
        }
        assert!(opened.dir.is_failed().is_none(), "{steps}: {:?}", opened.dir.is_failed());
        disk.with_faults(|faults| faults.no_descriptors = false);
        opened.clean();
        assert_eq!(records(&log), compacted(&all, end), "{steps}");
        opened.settle();
        drop((log, opened));
        disk.power_loss(steps);
        assert_eq!(records(&open(&disk).log()), compacted(&all, end), "{steps}");
    }
}

#[test]
fn a_damaged_record_of_a_swap_keeps_its_log_offline_and_every_file_in_its_place() {
    let (disk, mut opened, _) = filled();
    opened.clean();
    drop(opened);
    disk.kill();
    let record = names(&disk).into_iter().find(|name| name.starts_with("swap-")).unwrap();
    disk.flip_bit(&Path::new("/data/orders-0").join(&record), 20, 1).unwrap();
    let before = log_files(&disk);
    let (config, clock) = (Arc::new(config()), Arc::new(ManualClock::new(NOW_MS)));
    let disk_handle = Arc::new(disk.clone());
    let opened =
        LogDir::open(disk_handle, clock, PathBuf::from("/data"), settings(), &|_| config.clone()).unwrap();
    let (name, reason) = &opened.1.offline[0];
    assert!(name == "orders-0" && reason.contains(&record), "{name}: {reason}");
    assert_eq!(log_files(&disk), before);
}

/// Bytes of all segments.
fn log_bytes(disk: &MemoryDisk) -> Vec<Vec<u8>> {
    let read = |name: String| disk.read(&Path::new("/data/orders-0").join(name)).unwrap();
    log_files(disk).into_iter().map(read).collect()
}

#[test]
fn a_log_that_has_let_go_of_records_is_not_cleaned_until_they_are_gone_everywhere() {
    let (disk, mut opened, _) = filled();
    assert!(opened.log().release_local(Offset(10)));
    opened.settle();
    let before = log_bytes(&disk);
    for _ in 0..2 {
        opened.clean();
        let totals = opened.dir.cleaner_totals();
        assert_eq!((totals.cleanings, totals.uncleanable_partitions), (0, 1));
        assert_eq!(log_bytes(&disk), before);
    }
    opened.log().advance_log_start_offset(Offset(10));
    opened.settle();
    opened.clean();
    let totals = opened.dir.cleaner_totals();
    assert_eq!((totals.cleanings, totals.uncleanable_partitions), (1, 0));
}

#[test]
fn a_cleaning_ends_where_records_are_let_go_meanwhile() {
    for steps in 1.. {
        let (disk, mut opened, _) = filled();
        (0..steps).for_each(|_| _ = opened.cleaner.step());
        if !opened.cleaner.is_busy() {
            assert!(steps > 5);
            return;
        }
        opened.log().release_local(Offset(12));
        let before = log_bytes(&disk);
        // The first ends what is under way, the second looks for more.
        (0..2).for_each(|_| opened.clean());
        assert_eq!(log_bytes(&disk), before, "{steps}");
        assert_eq!(opened.dir.cleaner_totals().uncleanable_partitions, 1, "{steps}");
    }
}
