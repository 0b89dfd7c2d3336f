//! A recovery that is cut off at any of its steps is begun again, and what comes of it is the same.

use std::path::Path;

use broker_log::io::memory_disk::MemoryDisk;
use broker_tier::faulty_store::{Answer, Effect, Operation, Rule};
use highwater_broker::recover::{Recovered, marker};

use crate::bucket::{Bucket, DATA, Found, options};

/// Far more steps than a recovery has.
const STEPS_MAX: u64 = 20_000;

/// How a life ends.
#[derive(Clone, Copy, Debug)]
enum Stop {
    Kill,
    PowerLoss,
}

async fn expected() -> String {
    let (bucket, disk) = (Bucket::filled().await, MemoryDisk::new(1));
    bucket.recovered(&disk, &options()).await;
    Found::read(&bucket.world(&disk)).await.essence()
}

/// What lies in the directory is refused by a broker, or nothing, or whole.
fn is_safe(disk: &MemoryDisk, place: &str) {
    use broker_log::io::Disk;
    let dir = Path::new(DATA);
    if marker::refuse(disk, dir).is_err() || !disk.exists(dir).unwrap() {
        return;
    }
    let names: Vec<String> = disk.list(dir).unwrap().into_iter().map(|entry| entry.name).collect();
    let is_empty = names.iter().all(|name| name.starts_with(".recovery") || name.ends_with(".tmp"));
    let is_whole = ["remote-claim", "metadata", "log-checkpoint"]
        .iter()
        .all(|name| names.iter().any(|found| found == name));
    assert!(is_empty || is_whole, "{place}: {names:?}");
}

/// fault = 63
#[tokio::test(start_paused = true)]
async fn a_recovery_cut_off_at_any_operation_of_the_disk_is_made_good_by_the_next() {
    let expected = expected().await;
    let mut steps = 0;
    for step in 1..STEPS_MAX {
        let mut was_stopped = false;
        for stop in [Stop::Kill, Stop::PowerLoss] {
            let place = format!("{stop:?} at step {step}");
            let (bucket, disk) = (Bucket::filled().await, MemoryDisk::new(step));
            disk.with_faults(|faults| faults.cut_power_after(step));
            let first = bucket.recover(&disk, &options()).await;
            was_stopped = disk.with_faults(|faults| faults.power_is_off());
            assert_eq!(first.is_err(), was_stopped, "{place}: {first:?}");
            match stop {
                Stop::Kill => disk.kill(),
                Stop::PowerLoss => disk.power_loss(step),
            }
            is_safe(&disk, &place);
            let second =
                bucket.recover(&disk, &options()).await.unwrap_or_else(|error| panic!("{place}: {error:#}"));
            if !matches!(second, Recovered::Nothing(_)) {
                // Whoever had claimed before the cut recognises its claim.
                disk.power_loss(step);
            }
            let found = Found::read(&bucket.world(&disk)).await;
            assert_eq!(found.essence(), expected, "{place}");
        }
        if !was_stopped {
            break;
        }
        steps = step;
    }
    assert!((100..STEPS_MAX / 2).contains(&steps), "{steps} steps");
}

/// fault = 63
#[tokio::test(start_paused = true)]
async fn a_recovery_cut_off_at_any_request_to_the_store_is_made_good_by_the_next() {
    let expected = expected().await;
    let mut failures = 0;
    for operation in [Operation::Create, Operation::Get, Operation::List] {
        for effect in [Effect::Fail(Answer::ServerError), Effect::DoneBut(Answer::ServerError)] {
            for after in 0..1000 {
                let place = format!("{operation:?} {after}: {effect:?}");
                let (bucket, disk) = (Bucket::filled().await, MemoryDisk::new(1));
                bucket.faulty.plan(Rule { operation, path: String::new(), after, times: u32::MAX, effect });
                let first = bucket.recover(&disk, &options()).await;
                bucket.faulty.heal();
                is_safe(&disk, &place);
                let was_stopped = first.is_err();
                bucket.recover(&disk, &options()).await.unwrap_or_else(|error| panic!("{place}: {error:#}"));
                let found = Found::read(&bucket.world(&disk)).await;
                assert_eq!(found.essence(), expected, "{place}");
                if !was_stopped {
                    break;
                }
                failures += 1;
            }
        }
    }
    assert!(failures > 40, "{failures} requests");
}
