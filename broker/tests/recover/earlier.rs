//! A cluster as it was some time ago.

use std::collections::BTreeSet;
use std::ops::Range;

use broker_log::io::memory_disk::MemoryDisk;
use broker_protocol::types::Offset;
use broker_tier::expire::remove_all;
use broker_tier::keys::{Key, SegmentKey};
use broker_tier::manifest::RemovedObject;
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

/// Objects of ten records each.
fn tens(indexes: Range<i64>) -> Vec<(i64, i64)> {
    indexes.map(|index| (index * 10, 1)).collect()
}

/// Tiering was turned off by mistake: what it gave up is on a list to be deleted, some of it by the page that names it.
#[tokio::test(start_paused = true)]
async fn what_was_given_up_since_is_not_deleted_any_more() {
    let bucket = Bucket::filled().await;
    bucket.copy(orders(1), 4, &tens(0..100)).await;
    let then = a_moment_later();
    bucket.copy(orders(1), 4, &tens(100..210)).await;
    let mut publisher = bucket.publisher(orders(1), 4).await;
    assert_eq!(publisher.manifest().pages.len(), 1);
    remove_all(&mut publisher, Offset(0)).await.unwrap();
    a_moment_later();
    bucket.recovered(&MemoryDisk::new(1), &at(then)).await;
    let newest = bucket.newest(orders(1)).await.unwrap();
    assert_eq!((newest.tiered_end(), newest.entries.len()), (Some(Offset(1000)), 100));
    let named: BTreeSet<SegmentKey> = newest.entries.iter().map(|entry| entry.object).collect();
    let removed = newest.removed.iter().map(|removed| match removed.object {
        RemovedObject::Segment(key) => key,
        RemovedObject::Page(..) => panic!("it names objects of the time"),
    });
    let removed: BTreeSet<SegmentKey> = removed.collect();
    assert_eq!((removed.len(), removed.intersection(&named).count()), (110, 0));
}

/// It names objects of the time: nobody can tell whether they are there.
#[tokio::test(start_paused = true)]
async fn a_page_that_is_deleted_since_is_told() {
    let bucket = Bucket::filled().await;
    bucket.copy(orders(1), 4, &tens(0..210)).await;
    let then = a_moment_later();
    let mut publisher = bucket.publisher(orders(1), 4).await;
    let page = Key::Page(publisher.manifest().pages[0].key);
    remove_all(&mut publisher, Offset(0)).await.unwrap();
    publisher.store().delete(&publisher.keys().path(&page)).await.unwrap();
    let failed = bucket.recover(&MemoryDisk::new(1), &at(then)).await.unwrap_err();
    assert!(format!("{failed:#}").contains(&page.to_string()), "{failed:#}");
}
