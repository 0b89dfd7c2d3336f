//! The machine or the process stops at every single step of a cleaning and of what follows it: the log holds the last
//! record of every key, at the same offset, and every record that no cleaning has gone through.

use super::*;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stop {
    Kill,
    PowerLoss,
    /// Killed, opened, and before anything else is done the power goes.
    KillThenPowerLoss,
}

/// What a cleaning may remove and what not.
struct Expected {
    all: Vec<Told>,
    /// Offset behind all that may be cleaned.
    end: i64,
}

impl Expected {
    fn check(&self, log: &Arc<LogHandle>, place: &str) {
        let left = records(log);
        assert!(left.iter().all(|told| self.all.contains(told)), "{place}: {left:?}");
        for told in compacted(&self.all, self.end) {
            assert!(left.contains(&told), "{place}: {told:?} is gone");
        }
        let end = log.with(|log| log.log_end_offset().0);
        assert_eq!(end, self.all.len() as i64, "{place}");
    }
}

/// A directory whose log holds dirty segments of which several become one, and what it holds.
fn prepare(seed: u64, is_second: bool) -> (MemoryDisk, Opened, Expected) {
    let (disk, mut opened) = made(seed);
    let log = opened.log();
    let mut all = Vec::new();
    let fill = |opened: &mut Opened, all: &mut Vec<Told>| {
        append_turns(&log, &["a", "b", "c"], 14);
        append(&log, "d", None);
        let before = all.len() as i64;
        all.extend(records(&log).into_iter().filter(|(offset, ..)| *offset >= before));
        opened.settle();
    };
    fill(&mut opened, &mut all);
    if is_second {
        opened.clean();
        fill(&mut opened, &mut all);
    }
    let end = active_base(&log);
    (disk, opened, Expected { all, end })
}

/// Runs `act` with a stop at its first disk operation, its second, and so on until it ends without. Answers how many there
/// were.
fn at_every_step(act: impl Fn(&mut Opened, &Expected)) -> u64 {
    for step in 1.. {
        let mut was_stopped = false;
        for is_second in [false, true] {
            for stop in [Stop::Kill, Stop::PowerLoss, Stop::KillThenPowerLoss] {
                let (disk, mut opened, expected) = prepare(step, is_second);
                disk.with_faults(|faults| faults.cut_power_after(step));
                act(&mut opened, &expected);
                was_stopped |= disk.with_faults(|faults| faults.power_is_off());
                drop(opened);
                let place = format!("{stop:?} at step {step}, second {is_second}");
                match stop {
                    Stop::Kill => disk.kill(),
                    Stop::PowerLoss => disk.power_loss(step),
                    Stop::KillThenPowerLoss => {
                        disk.kill();
                        drop(open(&disk));
                        disk.power_loss(step);
                    }
                }
                live_on(&disk, &expected, &place);
            }
        }
        if !was_stopped {
            return step - 1;
        }
    }
    unreachable!("the steps are counted without an end")
}

/// Opens, looks, cleans to the end, and does so once more after a loss of power.
fn live_on(disk: &MemoryDisk, expected: &Expected, place: &str) {
    let mut opened = open(disk);
    expected.check(&opened.log(), place);
    assert_eq!(leftovers(disk), Vec::<String>::new(), "{place}");
    opened.settle();
    opened.clean();
    expected.check(&opened.log(), place);
    drop(opened);
    disk.power_loss(7);
    let opened = open(disk);
    let log = opened.log();
    expected.check(&log, place);
    let before = log.with(|log| log.log_end_offset().0);
    assert_eq!(append(&log, "e", Some("later")), before, "{place}");
}

/// fault = 41
#[test]
fn a_cleaning_that_is_stopped_at_any_step_leaves_the_old_segments_or_the_new_one() {
    let steps = at_every_step(|opened, _| {
        for _ in 0..100 {
            opened.cleaner.step();
        }
    });
    assert!(steps > 60, "{steps}");
}

/// fault = 41
#[test]
fn a_checkpoint_after_a_cleaning_that_is_stopped_at_any_step_loses_no_segment() {
    let steps = at_every_step(|opened, _| {
        let disk_works = |opened: &Opened| opened.dir.is_failed().is_none();
        for _ in 0..100 {
            opened.cleaner.step();
        }
        if disk_works(opened) {
            opened.settle();
            let now_ms = now_ms(opened);
            opened.dir.maintain(now_ms, &|log| log.flushed_offset());
            opened.dir.maintain(now_ms, &|log| log.flushed_offset());
        }
    });
    assert!(steps > 80, "{steps}");
}

/// The cut of a truncation is at a position of the segment that a swap has put there.
#[test]
fn a_truncation_into_cleaned_segments_is_done_again_in_those() {
    for (seed, to) in (0..20).flat_map(|seed| [(seed, 5), (seed, 10), (seed, 16)]) {
        let (disk, mut opened, expected) = prepare(seed, true);
        opened.clean();
        let log = opened.log();
        let mut before = records(&log);
        before.retain(|told| told.0 < to);
        log.truncate_to(Offset(to)).unwrap();
        append(&log, "z", Some("behind the cut"));
        opened.committer.run_cycle();
        drop((log, opened));
        disk.power_loss(seed);
        let left = records(&open(&disk).log());
        let (last, first) = left.split_last().unwrap();
        assert_eq!((first, last.0), (&before[..], to), "seed {seed} to {to}");
        assert!(first.iter().all(|told| expected.all.contains(told)));
    }
}

/// fault = 41
#[test]
fn a_deletion_of_records_beside_a_cleaning_that_is_stopped_at_any_step_brings_none_back() {
    for step in (1..).step_by(3) {
        let (disk, mut opened, expected) = prepare(step, false);
        disk.with_faults(|faults| faults.cut_power_after(step));
        let log = opened.log();
        for number in 0..40 {
            opened.cleaner.step();
            if number == 6 {
                log.advance_log_start_offset(Offset(7));
                opened.committer.run_cycle();
            }
            let now_ms = now_ms(&opened);
            opened.dir.maintain(now_ms, &|log| log.flushed_offset());
        }
        let durable = log.durable_log_start_offset();
        let was_stopped = disk.with_faults(|faults| faults.power_is_off());
        drop((log, opened));
        disk.power_loss(step);
        let opened = open(&disk);
        let log = opened.log();
        let start = log.with(|log| log.log_start_offset());
        assert!(start >= durable, "step {step}: starts at {start}, {durable} was durable");
        let left = records(&log);
        assert!(left.iter().all(|told| expected.all.contains(told)), "step {step}: {left:?}");
        for told in compacted(&expected.all, expected.end).iter().filter(|told| told.0 >= start.0) {
            assert!(left.contains(told), "step {step}: {told:?} is gone");
        }
        if !was_stopped {
            return;
        }
    }
}

#[cfg(feature = "planted-bugs")]
#[test]
fn a_swap_without_a_sync_is_found() {
    use broker_log::manager::PlantedBug;
    let loses = |seed| {
        let (disk, opened, expected) = prepare(seed, false);
        opened.dir.close();
        drop(opened);
        let plant = |settings: &mut LogDirSettings| settings.planted = Some(PlantedBug::SwapBeforeFsync);
        let mut opened = open_with(&disk, config(), plant);
        opened.settle();
        opened.clean();
        drop(opened);
        disk.power_loss(seed);
        let look = || expected.check(&open(&disk).log(), "after the loss");
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(look)).is_err()
    };
    assert!((0..20).any(loses));
}
