//! Random work on a data directory, random stops of every kind, and after each one the question whether everything
//! that was promised is there. A failing seed is printed; `run` with it repeats the same calls.

#[path = "crash/world.rs"]
mod world;

use broker_log::manager::LogDirSettings;
use world::{Stop, World};

/// Seeds per test: chosen so that the file takes seconds.
const SEEDS: u64 = 40;
const ROUNDS: usize = 6;
const STEPS: usize = 60;

/// Works and stops for some rounds. The first broken promise is the error.
fn run(seed: u64, stops: &[Stop], change: impl Fn(&mut LogDirSettings)) -> Result<World, String> {
    let mut world = World::new(seed, change);
    for round in 0..ROUNDS {
        let stop = stops[world.pick(stops.len())];
        if stop == Stop::PowerCut {
            world.cut_power_within(400);
        }
        for _ in 0..STEPS {
            world.step();
        }
        world.stop_and_open(stop).map_err(|error| {
            let trace = world.last_calls(40);
            format!("seed {seed}, round {round}, {stop:?}: {error}\n{trace}")
        })?;
    }
    Ok(world)
}

fn run_all(stops: &[Stop]) {
    for seed in 0..SEEDS {
        if let Err(error) = run(seed, stops, |_| {}) {
            panic!("{error}");
        }
    }
}

/// fault = 39, 40, 79
#[test]
fn a_killed_process_loses_nothing_that_was_appended() {
    run_all(&[Stop::Kill]);
}

#[test]
fn a_power_loss_between_two_calls_loses_nothing_that_was_flushed() {
    run_all(&[Stop::PowerLoss]);
}

/// fault = 36, 40
#[test]
fn a_power_loss_in_the_middle_of_a_call_loses_nothing_that_was_flushed() {
    run_all(&[Stop::PowerCut]);
}

/// fault = 36, 39, 40
#[test]
fn any_sequence_of_stops_loses_nothing_that_was_flushed() {
    run_all(&[Stop::Kill, Stop::PowerLoss, Stop::PowerCut, Stop::Close, Stop::KillThenPowerLoss]);
}

#[test]
fn the_same_seed_repeats_the_same_calls() {
    let trace = |seed| run(seed, &[Stop::Kill, Stop::PowerCut], |_| {}).map(|world| world.trace());
    assert_eq!(trace(3).unwrap(), trace(3).unwrap());
}

#[test]
fn the_faults_that_the_tests_rely_on_do_happen() {
    let world = run(1, &[Stop::PowerLoss, Stop::PowerCut, Stop::Kill], |_| {}).unwrap();
    let counts = world.fault_counts();
    assert!(counts.kills > 0 && counts.power_losses > 0, "{counts:?}");
    assert!(counts.lost_blocks > 0 && counts.kept_blocks > 0 && counts.lost_names > 0, "{counts:?}");
}

#[cfg(feature = "planted-bugs")]
mod planted {
    use super::{SEEDS, run};
    use crate::world::Stop;
    use broker_log::manager::PlantedBug;

    fn is_found(bug: PlantedBug, stops: &[Stop]) -> bool {
        (0..SEEDS).any(|seed| run(seed, stops, |settings| settings.planted = Some(bug)).is_err())
    }

    #[test]
    fn acknowledging_before_the_sync_is_found() {
        assert!(is_found(PlantedBug::AckBeforeFsync, &[Stop::PowerLoss]));
    }

    #[test]
    fn leaving_out_the_sync_of_directories_is_found() {
        assert!(is_found(PlantedBug::NoDirectoryFsync, &[Stop::PowerLoss]));
    }

    #[test]
    fn counting_what_recovery_found_without_a_sync_is_found() {
        assert!(is_found(PlantedBug::ReplayedTailNotSynced, &[Stop::KillThenPowerLoss]));
    }
}
