//! What happens to a log while it is cleaned: the cleaning gives way, and nothing that was deleted comes back.

use super::*;

/// A log with several dirty segments, and the count of steps that its cleaning takes.
fn filled() -> (MemoryDisk, Opened, Vec<Told>) {
    let (disk, mut opened) = made(1);
    append_turns(&opened.log(), &["a", "b", "c"], 30);
    opened.settle();
    let all = records(&opened.log());
    (disk, opened, all)
}

/// Interrupts a cleaning after its first step, its second, and so on until it ends before; then has it end.
fn after_every_step(change: impl Fn(&mut Opened), verify: impl Fn(&MemoryDisk, &mut Opened, &[Told], usize)) {
    for steps in 1.. {
        let (disk, mut opened, all) = filled();
        (0..steps).for_each(|_| _ = opened.cleaner.step());
        let is_over = !opened.cleaner.is_busy();
        change(&mut opened);
        opened.clean();
        verify(&disk, &mut opened, &all, steps);
        if is_over {
            assert!(steps > 5);
            return;
        }
    }
}

#[test]
fn records_that_are_appended_meanwhile_stay() {
    after_every_step(
        |opened| append_turns(&opened.log(), &["a"], 7),
        |_, opened, all, steps| {
            let log = opened.log();
            let left = records(&log);
            let appended: Vec<i64> = left.iter().map(|(offset, ..)| *offset).filter(|at| *at >= 30).collect();
            assert_eq!(appended, (30..37).collect::<Vec<_>>(), "{steps}");
            let before = compacted(all, log.with(|log| log.clean_below().0));
            assert!(before.iter().all(|told| left.contains(told)), "{steps}");
        },
    );
}

#[test]
fn a_log_that_is_deleted_stays_deleted() {
    after_every_step(
        |opened| assert!(opened.dir.delete_log(TOPIC, 0).unwrap()),
        |disk, opened, _, steps| {
            assert!(opened.dir.is_failed().is_none() && opened.dir.get(TOPIC, 0).is_none(), "{steps}");
            opened.dir.checkpoint();
            disk.power_loss(1);
            drop(std::mem::replace(opened, open(disk)));
            assert!(opened.dir.get(TOPIC, 0).is_none(), "{steps}");
        },
    );
}

#[test]
fn segments_that_are_deleted_stay_deleted() {
    after_every_step(
        |opened| {
            opened.log().advance_log_start_offset(Offset(12));
            opened.committer.run_cycle();
            let now_ms = now_ms(opened);
            opened.dir.maintain(now_ms, &|log| log.flushed_offset());
        },
        |disk, opened, all, steps| {
            opened.settle();
            opened.clean();
            let log = opened.log();
            let end = log.with(|log| log.clean_below().0);
            let expected: Vec<Told> = compacted(all, end).into_iter().filter(|told| told.0 >= 12).collect();
            assert_eq!(records(&log), expected, "{steps}");
            opened.dir.close();
            drop((log, std::mem::replace(opened, open(disk))));
            assert_eq!(records(&opened.log()), expected, "{steps}");
        },
    );
}

#[test]
fn what_is_cut_off_does_not_come_back() {
    let before_the_cut = std::cell::RefCell::new(Vec::new());
    after_every_step(
        |opened| {
            *before_the_cut.borrow_mut() = records(&opened.log());
            opened.log().truncate_to(Offset(13)).unwrap();
            append_turns(&opened.log(), &["z"], 30);
        },
        |disk, opened, all, steps| {
            for _ in 0..2 {
                opened.settle();
                opened.clean();
                let log = opened.log();
                let left = records(&log);
                let is_old = |told: &&Told| told.0 < 13;
                assert!(left.iter().filter(is_old).all(|told| all.contains(told)), "{steps}: {left:?}");
                assert!(
                    left.iter().filter(|told| told.0 >= 13).all(|told| told.1 == "z"),
                    "{steps}: {left:?}"
                );
                let before: Vec<Told> = before_the_cut.borrow().iter().filter(is_old).cloned().collect();
                assert!(compacted(&before, 13).iter().all(|told| left.contains(told)), "{steps}: {left:?}");
                assert_eq!(left.last().map(|told| told.0), Some(42), "{steps}");
                disk.power_loss(1);
                drop((log, std::mem::replace(opened, open(disk))));
            }
        },
    );
}

#[test]
fn a_topic_that_is_not_compacted_any_more_keeps_what_is_there() {
    let (_, mut opened, all) = filled();
    let log = opened.log();
    opened.cleaner.step();
    log.set_config(Arc::new(LogConfig { cleanup: CleanupPolicy::default(), ..config() }));
    opened.clean();
    assert_eq!((records(&log), opened.cleanings()), (all.clone(), 0));
    log.set_config(Arc::new(config()));
    opened.clean();
    assert_eq!(records(&log), compacted(&all, active_base(&log)));
}

#[test]
fn a_directory_that_is_closed_meanwhile_is_opened_as_it_was() {
    for steps in 1..12 {
        let (disk, mut opened, all) = filled();
        (0..steps).for_each(|_| _ = opened.cleaner.step());
        opened.cleaner.stop();
        opened.dir.close();
        drop(opened);
        assert_eq!(leftovers(&disk), Vec::<String>::new(), "{steps}");
        let mut opened = open(&disk);
        let end = active_base(&opened.log());
        opened.clean();
        assert_eq!(records(&opened.log()), compacted(&all, end), "{steps}");
    }
}

#[test]
fn the_thread_cleans_and_ends_with_the_directory() {
    let (_, opened, all) = filled();
    let log = opened.log();
    let end = active_base(&log);
    opened.dir.spawn_cleaner_thread(opened.cleaner).unwrap();
    while opened.dir.cleaner_totals().cleanings == 0 {
        std::thread::yield_now();
    }
    assert_eq!(records(&log), compacted(&all, end));
    opened.dir.close();
}
