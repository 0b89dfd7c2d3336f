use super::*;
use crate::faulty_store::{Answer, Effect, Operation};
use crate::manifest::tests::PARTITION;
use crate::sections::tests::batches;
use crate::test_bucket::{Bucket, newest};

const GRACE_MS: i64 = 1000;

fn limits(retention_bytes: u64) -> Limits {
    Limits { now_ms: 5000, retention_ms: None, retention_bytes: Some(retention_bytes) }
}

fn segments(count: i64) -> Vec<Vec<u8>> {
    (0..count).map(|index| batches(index * 10, 1, 0)).collect()
}

/// fault = 57
/// tiering = 7, 8, 9
#[tokio::test(start_paused = true)]
async fn what_retention_gives_up_leaves_the_manifest_first_and_the_bucket_after_a_while() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&segments(5)).await;
    let (reader, one) = (bucket.reader(), publisher.manifest().entries[4].length);
    let start = apply_retention(&mut publisher, &reader, Offset(0), 0, &limits(2 * one)).await.unwrap();
    assert_eq!(start, Offset(30));
    assert_eq!(newest(&bucket).await.unwrap().log_start_offset, start);
    assert_eq!(bucket.segments_there().await, 5);
    assert_eq!(delete_removed(&mut publisher, &reader, 5999, GRACE_MS).await, Ok(0));
    bucket.faulty.plan(crate::faulty_store::Rule {
        operation: Operation::Delete,
        path: "seg/".to_owned(),
        after: 1,
        times: 1,
        effect: Effect::Fail(Answer::Denied),
    });
    assert!(delete_removed(&mut publisher, &reader, 6000, GRACE_MS).await.is_err());
    assert_eq!(newest(&bucket).await.unwrap().removed.len(), 3, "it is done again after a crash half way");
    assert_eq!(delete_removed(&mut publisher, &reader, 6000, GRACE_MS).await, Ok(3));
    assert_eq!(bucket.segments_there().await, 2);
    assert_eq!(newest(&bucket).await.unwrap().removed, []);
}

#[tokio::test(start_paused = true)]
async fn pages_are_trimmed_and_go_with_their_objects() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&segments(200)).await;
    let (reader, total) = (bucket.reader(), publisher.manifest().bytes());
    let one = publisher.manifest().entries[60].length;
    let to = total - 3 * one;
    let start = apply_retention(&mut publisher, &reader, Offset(0), 0, &limits(to)).await.unwrap();
    assert!((Offset(20)..=Offset(40)).contains(&start), "{start}");
    let removed = publisher.manifest().pages[0].removed_count;
    assert_eq!(i64::from(removed) * 10, start.0);
    apply_retention(&mut publisher, &reader, Offset(0), 0, &limits(one)).await.unwrap();
    assert_eq!(publisher.manifest().pages, []);
    delete_removed(&mut publisher, &reader, 9000, GRACE_MS).await.unwrap();
    assert_eq!(bucket.segments_there().await, 1);
    let pages = bucket.keys_there().await.into_iter().filter(|key| matches!(key, Key::Page(_)));
    assert_eq!(pages.count(), 0);
}

/// fault = 56
/// tiering = 7
#[tokio::test(start_paused = true)]
async fn deleted_records_stay_deleted_under_the_next_leader() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&segments(5)).await;
    let reader = bucket.reader();
    let start = apply_retention(&mut publisher, &reader, Offset(25), 0, &limits(1 << 30)).await.unwrap();
    assert_eq!(start, Offset(25));
    let mut next = bucket.publisher(1, 1).await.unwrap();
    assert_eq!(next.manifest().log_start_offset, Offset(25));
    let start = apply_retention(&mut next, &reader, Offset(0), 0, &limits(1 << 30)).await.unwrap();
    assert_eq!(start, Offset(25), "a leader that knows less moves nothing back");
}

#[tokio::test(start_paused = true)]
async fn retention_that_finds_nothing_publishes_nothing() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&segments(2)).await;
    let number = publisher.manifest().number;
    apply_retention(&mut publisher, &bucket.reader(), Offset(0), 0, &limits(1 << 30)).await.unwrap();
    assert_eq!(publisher.manifest().number, number);
}

/// fault = 54
/// tiering = 25
#[tokio::test(start_paused = true)]
async fn tiering_turned_off_and_on_leaves_no_gap() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&segments(5)).await;
    set_copying_stopped(&mut publisher, true).await.unwrap();
    assert!(newest(&bucket).await.unwrap().is_copying_stopped);
    remove_all(&mut publisher, Offset(30)).await.unwrap();
    let stopped = newest(&bucket).await.unwrap();
    assert_eq!((stopped.log_start_offset, stopped.tiered_end()), (Offset(30), None));
    set_copying_stopped(&mut publisher, false).await.unwrap();
    let late = bucket.copier().copy(&mut publisher, &bucket.source(&batches(50, 1, 0)), Offset(30)).await;
    assert!(late.is_err(), "offsets 30 to 49 would be missing");
    for base in [30, 40, 50] {
        let source = bucket.source(&batches(base, 1, 0));
        bucket.copier().copy(&mut publisher, &source, Offset(30)).await.unwrap();
    }
    assert_eq!(newest(&bucket).await.unwrap().tiered_end(), Some(Offset(60)));
    assert_eq!(publisher.manifest().partition, PARTITION);
}

/// fault = 62
#[tokio::test(start_paused = true)]
async fn a_damaged_page_keeps_nothing_else_from_being_deleted() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&segments(200)).await;
    let page = publisher.manifest().pages[0].key;
    bucket.store.put_unique(&bucket.keys.path(&Key::Page(page)), "damaged".into()).await.unwrap();
    remove_all(&mut publisher, Offset(2000)).await.unwrap();
    let late = i64::MAX;
    let deleted = delete_removed(&mut publisher, &bucket.reader(), late, GRACE_MS).await.unwrap();
    assert_eq!((deleted, bucket.segments_there().await), (72, 128));
    let left: Vec<_> =
        newest(&bucket).await.unwrap().removed.into_iter().map(|removed| removed.object).collect();
    assert_eq!(left, [RemovedObject::Page(page, 0)]);
    assert_eq!(delete_removed(&mut publisher, &bucket.reader(), late, GRACE_MS).await, Ok(0));
}
