//! What a cleaning leaves, and that readers and producers go on as if nothing had been.

use super::*;

/// Three keys in turn over some segments.
fn filled() -> (MemoryDisk, Opened, Vec<Told>) {
    let (disk, mut opened) = made(1);
    append_turns(&opened.log(), &["a", "b", "c"], 30);
    opened.settle();
    let all = records(&opened.log());
    assert_eq!(all.len(), 30);
    (disk, opened, all)
}

#[test]
fn the_last_record_of_every_key_is_left_at_its_offset() {
    let (disk, mut opened, all) = filled();
    let log = opened.log();
    let (end, size_before) = (active_base(&log), size(&log));
    opened.clean();
    assert_eq!(records(&log), compacted(&all, end));
    assert_eq!((log.with(|log| log.clean_below().0), opened.cleanings()), (end, 1));
    assert!(size(&log) < size_before);
    assert_eq!(leftovers(&disk), Vec::<String>::new());
    let totals = opened.dir.cleaner_totals();
    assert!(totals.read_bytes > totals.written_bytes && totals.written_bytes > 0, "{totals:?}");
    assert!(totals.recopied_percent > 0.0 && totals.recopied_percent < 100.0, "{totals:?}");
    assert_eq!((totals.dirty_percent_max, totals.uncleanable_partitions), (0.0, 0));
}

#[test]
fn segments_that_have_shrunk_become_one_in_the_next_cleaning() {
    let (_, mut opened, _) = filled();
    let log = opened.log();
    opened.clean();
    append_turns(&log, &["a", "b", "c"], 30);
    opened.settle();
    let (all, end, segments) = (records(&log), active_base(&log), log.with(|log| log.segment_count()));
    opened.clean();
    assert_eq!(records(&log), compacted(&all, end));
    assert!(log.with(|log| log.segment_count()) < segments - 2);
}

fn size(log: &LogHandle) -> u64 {
    log.with(|log| log.size_bytes())
}

#[test]
fn every_offset_is_read_from_the_next_record_that_is_there() {
    let (_, mut opened, all) = filled();
    let log = opened.log();
    let left = compacted(&all, active_base(&log));
    opened.clean();
    for offset in 0..30 {
        let bytes = read_from(&log, offset);
        let found = batches(&bytes)
            .map(Result::unwrap)
            .find(|batch| batch.header.record_count > 0 && batch.header.last_offset().0 >= offset);
        // Of segments that hold nothing more, an answer may tell the end and no record.
        if let Some(found) = found {
            let next = left.iter().find(|(of, ..)| *of >= offset).unwrap().0;
            assert_eq!(found.header.base_offset.0, next, "from {offset}");
        }
    }
}

#[test]
fn records_are_found_by_their_time_and_the_newest_is_the_newest_left() {
    let (_, mut opened, all) = filled();
    let log = opened.log();
    let left = compacted(&all, active_base(&log));
    opened.clean();
    for time in 0..30 {
        let found = log.with(|log| log.offset_for_timestamp(time, Offset(30))).unwrap();
        let expected = left.iter().find(|(offset, ..)| *offset >= time).map(|(offset, ..)| *offset);
        assert_eq!(found.map(|found| found.offset.0), expected, "at {time}");
    }
    let newest = log.with(|log| log.newest_record(Offset(30))).unwrap().unwrap();
    assert_eq!((newest.offset.0, newest.timestamp), (29, 29));
}

#[test]
fn a_directory_that_was_closed_killed_or_lost_its_power_is_as_clean_as_before() {
    for (name, stop) in [
        ("close", (|dir: &Arc<LogDir>, _: &MemoryDisk| dir.close()) as fn(&Arc<LogDir>, &MemoryDisk)),
        ("kill", |_, disk| disk.kill()),
        ("power loss", |_, disk| disk.power_loss(3)),
    ] {
        for is_checkpointed in [true, false] {
            let (disk, mut opened, all) = filled();
            let end = active_base(&opened.log());
            opened.clean();
            if is_checkpointed {
                opened.dir.checkpoint();
            }
            stop(&opened.dir, &disk);
            drop(opened);
            let mut opened = open(&disk);
            let log = opened.log();
            let place = format!("{name}, checkpoint {is_checkpointed}");
            assert_eq!(records(&log), compacted(&all, end), "{place}");
            append_turns(&log, &["a", "d"], 20);
            opened.settle();
            let all = records(&log);
            let end = active_base(&log);
            opened.clean();
            assert_eq!(records(&log), compacted(&all, end), "{place}");
        }
    }
}

/// The record of a swap stays until a checkpoint has the segment.
#[test]
fn nothing_but_the_log_is_left_once_a_checkpoint_has_it() {
    let (disk, mut opened, _) = filled();
    opened.clean();
    let is_record = |name: &String| name.starts_with("swap-");
    assert!(names(&disk).iter().any(is_record));
    opened.dir.checkpoint();
    let now_ms = now_ms(&opened);
    opened.dir.maintain(now_ms, &|log| log.flushed_offset());
    opened.dir.maintain(now_ms, &|log| log.flushed_offset());
    let left = names(&disk);
    assert!(!left.iter().any(|name| is_record(name) || name.ends_with(".deleted")), "{left:?}");
}

#[test]
fn what_a_reader_has_open_stays_readable() {
    let (_, mut opened, all) = filled();
    let log = opened.log();
    let extent = log.with(|log| log.read(Offset(0), 1 << 20, true, Offset(30))).unwrap();
    opened.clean();
    let mut bytes = vec![0; extent.len];
    assert_eq!(extent.file.read_at(&mut bytes, extent.position).unwrap(), extent.len);
    let offsets: Vec<i64> = batches(&bytes).map(|batch| batch.unwrap().header.base_offset.0).collect();
    assert_eq!(offsets, (0..offsets.len() as i64).collect::<Vec<_>>());
    assert_ne!(records(&log), all);
}

#[test]
fn a_log_that_is_not_dirty_enough_waits_and_is_cleaned_by_the_ratio() {
    let (_, mut opened) = made(1);
    let log = opened.log();
    append_turns(&log, &["a", "b", "c", "d", "e", "f", "g", "h"], 80);
    opened.settle();
    opened.clean();
    assert_eq!(opened.cleanings(), 1);
    // Less than is clean already.
    append_turns(&log, &["a"], 6);
    opened.settle();
    opened.clean();
    assert_eq!(opened.cleanings(), 1);
    append_turns(&log, &["a"], 40);
    opened.settle();
    opened.clean();
    assert_eq!(opened.cleanings(), 2);
}

#[test]
fn what_only_the_commit_log_has_is_not_cleaned_before_a_checkpoint() {
    let (_, mut opened) = made(1);
    let log = opened.log();
    append_turns(&log, &["a", "b"], 30);
    opened.committer.run_cycle();
    opened.clean();
    assert_eq!(opened.cleanings(), 0);
    opened.dir.checkpoint();
    opened.clean();
    assert_eq!(opened.cleanings(), 1);
}

#[test]
fn tombstones_go_once_their_time_has_come() {
    let (_, mut opened) = made(1);
    let log = opened.log();
    append(&log, "a", Some("1"));
    append(&log, "a", None);
    append_turns(&log, &["b"], 20);
    opened.settle();
    opened.clean();
    let has_tombstone = || records(&log).iter().any(|(_, key, value)| key == "a" && value.is_none());
    assert!(has_tombstone() && !records(&log).iter().any(|(offset, ..)| *offset == 0));
    for (passed, stays) in [(DAY - Duration::from_millis(1), true), (Duration::from_millis(1), false)] {
        opened.clock.advance(passed);
        append_turns(&log, &["b"], 40);
        opened.settle();
        opened.clean();
        assert_eq!(has_tombstone(), stays, "after {passed:?}");
    }
}

#[test]
fn a_producer_goes_on_after_its_records_have_gone_and_the_log_was_read_anew() {
    for loses_checkpoint in [false, true] {
        let (disk, mut opened) = made(1);
        let log = opened.log();
        for sequence in 0..4 {
            append_batch(&log, &mut numbered(5, sequence, "k"));
        }
        append_turns(&log, &["k", "x"], 20);
        opened.settle();
        opened.clean();
        assert!(!records(&log).iter().any(|(offset, ..)| *offset < 4), "they have gone");
        opened.dir.close();
        drop((log, opened));
        if loses_checkpoint {
            for name in
                ["log-checkpoint", "log-checkpoint.previous", "orders-0/00000000000000000000.snapshot"]
            {
                use broker_log::io::Disk;
                let _ = disk.remove_file(&std::path::Path::new("/data").join(name));
            }
        }
        let opened = open(&disk);
        let log = opened.log();
        let retried = append_batch(&log, &mut numbered(5, 3, "k"));
        assert!(retried.duplicate && retried.base_offset == Offset(3), "{loses_checkpoint}: {retried:?}");
        assert!(!append_batch(&log, &mut numbered(5, 4, "k")).duplicate);
        let options =
            AppendOptions { leader_epoch: LeaderEpoch(1), origin: AppendOrigin::Client, now_ms: NOW_MS };
        assert!(log.append_as_leader(&mut numbered(5, 7, "k"), &options).is_err(), "a gap is still a gap");
    }
}

/// tiering = 22
#[test]
fn more_keys_than_the_memory_has_room_for_are_cleaned_in_several_passes() {
    let (_, mut opened) = made(1);
    let log = opened.log();
    let keys: Vec<String> = (0..40).map(|number| format!("key {number}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    append_turns(&log, &keys, 120);
    opened.settle();
    let (all, end) = (records(&log), active_base(&log));
    // Room for fifteen keys.
    let few =
        CleanerSettings { dedupe_buffer_bytes: 16 * 24, load_factor: 1.0, ..CleanerSettings::default() };
    opened.cleaner = Cleaner::new(opened.dir.clone(), Box::new(Seams(few)), (1, 2));
    opened.clean();
    let left = records(&log);
    assert!(opened.cleanings() > 2 && left.len() < 120);
    // Every key has its last record; nothing behind what was gone through was touched.
    let clean_below = log.with(|log| log.clean_below().0);
    assert!(clean_below <= end);
    for told in compacted(&all, i64::MAX) {
        assert!(left.contains(&told), "{told:?}");
    }
    assert!(left.iter().all(|told| all.contains(told)));
    assert!(all.iter().filter(|told| told.0 >= clean_below).all(|told| left.contains(told)));
}

#[test]
fn every_compression_is_opened_and_stays_what_it_was() {
    for compression in Compression::ALL {
        let (_, mut opened) = made(1);
        let log = opened.log();
        for number in 0..12 {
            let mut builder = BatchBuilder::new(compression);
            for key in ["a", "b"] {
                builder.push(number, Some(key.as_bytes()), Some(b"some value some value"), &[]);
            }
            builder.push(number, Some(format!("own {number}").as_bytes()), Some(b"value"), &[]);
            append_batch(&log, &mut builder.build());
        }
        opened.settle();
        let (all, end) = (records(&log), active_base(&log));
        opened.clean();
        assert_eq!(records(&log), compacted(&all, end), "{compression}");
        let bytes = read_from(&log, 0);
        let first = batches(&bytes).next().unwrap().unwrap().header;
        assert_eq!((first.compression(), first.record_count), (Ok(compression), 1));
    }
}

#[test]
fn a_cleaning_keeps_to_its_share_of_the_disk() {
    let (_, mut opened, _) = filled();
    let slow = CleanerSettings { bytes_per_second_max: 100.0, ..CleanerSettings::default() };
    opened.cleaner = Cleaner::new(opened.dir.clone(), Box::new(Seams(slow)), (1, 2));
    assert!(opened.cleaner.step().is_zero(), "the log was chosen");
    let pause = opened.cleaner.step();
    let bytes = opened.dir.cleaner_totals().read_bytes;
    assert_eq!(pause, Duration::from_secs_f64(bytes as f64 / 100.0));
}

#[test]
fn segments_of_a_log_that_is_also_deleted_go_by_retention() {
    let cleanup = CleanupPolicy { delete: true, compact: true };
    let config = LogConfig { cleanup, retention_bytes: 300, ..config() };
    let (_, mut opened) = made_with(1, config);
    let log = opened.log();
    let keys: Vec<String> = (0..40).map(|number| format!("key {number}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    append_turns(&log, &keys, 40);
    opened.settle();
    opened.clean();
    let now_ms = now_ms(&opened);
    opened.dir.maintain(now_ms, &|log| log.flushed_offset());
    let start = log.with(|log| log.log_start_offset().0);
    assert!(start > 0);
    assert_eq!(records(&log).first().map(|(offset, ..)| *offset), Some(start));
}
