//! A cluster as it was some time ago.

use broker_log::io::memory_disk::MemoryDisk;
use broker_protocol::types::Offset;
use highwater_broker::recover::RecoverOptions;

use crate::bucket::{Bucket, Found, a_moment_later, groups, image, options, orders};

fn at(at_ms: i64) -> RecoverOptions {
    RecoverOptions { at_ms: Some(at_ms), ..options() }
}

/// What is copied after a moment, another partition among it, and a snapshot without groups.
async fn with_more() -> (Bucket, i64) {
    let bucket = Bucket::filled().await;
    let then = a_moment_later();
    bucket.copy(orders(0), 4, &[(50, 2)]).await;
    bucket.copy(orders(1), 4, &[(0, 1)]).await;
    bucket.snapshot(60, &image(60), &[]).await;
    a_moment_later();
    (bucket, then)
}

fn ends(found: &Found) -> Vec<(&str, i64)> {
    let tiered = found.logs.iter().filter(|log| log.name.starts_with("orders"));
    tiered.map(|log| (log.name.as_str(), log.end)).collect()
}

/// fault = 63
#[tokio::test(start_paused = true)]
async fn records_and_commits_are_those_of_the_time() {
    let (bucket, then) = with_more().await;
    let disk = MemoryDisk::new(1);
    let report = bucket.recovered(&disk, &at(then)).await;
    assert_eq!((report.snapshot.unwrap().0, report.groups), (42, groups().len()));
    let found = Found::read(&bucket.world(&disk)).await;
    assert_eq!(ends(&found), [("orders-0", 50), ("orders-2", 10)]);
    // What is written next has to follow what the newest manifest names.
    let newest = bucket.newest(orders(0)).await.unwrap();
    assert_eq!((newest.next_offset, newest.stamp.unwrap().generation.0), (Some(Offset(50)), 2));
    assert_eq!(bucket.newest(orders(1)).await.unwrap().tiered_end(), None);
}

/// fault = 63
#[tokio::test(start_paused = true)]
async fn the_newest_can_still_be_had_after_a_look_at_an_earlier_time() {
    let (bucket, then) = with_more().await;
    let dry = RecoverOptions { dry_run: true, ..at(then) };
    bucket.recover(&MemoryDisk::new(1), &dry).await.unwrap();
    let disk = MemoryDisk::new(1);
    bucket.recovered(&disk, &options()).await;
    let found = Found::read(&bucket.world(&disk)).await;
    assert_eq!(ends(&found), [("orders-0", 70), ("orders-1", 10), ("orders-2", 10)]);
    assert!(found.commits.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_recovery_of_an_earlier_time_cut_off_and_begun_again_is_of_that_time() {
    for step in (1..400).step_by(7) {
        let (bucket, then) = with_more().await;
        let disk = MemoryDisk::new(step);
        disk.with_faults(|faults| faults.cut_power_after(step));
        let _ = bucket.recover(&disk, &at(then)).await;
        disk.power_loss(step);
        bucket.recover(&disk, &at(then)).await.unwrap();
        let found = Found::read(&bucket.world(&disk)).await;
        assert_eq!(ends(&found), [("orders-0", 50), ("orders-2", 10)], "step {step}");
        assert_eq!(bucket.newest(orders(0)).await.unwrap().next_offset, Some(Offset(50)), "step {step}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_before_what_is_kept_is_refused() {
    let before = a_moment_later();
    let (bucket, _) = with_more().await;
    let error = format!("{:#}", bucket.recover(&MemoryDisk::new(1), &at(before)).await.unwrap_err());
    assert!(error.contains("the oldest metadata snapshot that is kept was written at 2"), "{error}");
}
