use futures_util::future::join_all;

use super::*;
use crate::expire;
use crate::faulty_store::{Answer, Effect, Operation};
use crate::keys::Key;
use crate::manifest::tests::PARTITION;
use crate::publish::Publisher;
use crate::sections::tests::batches;
use crate::test_bucket::Bucket;

fn range(from: i64) -> RemoteRange {
    RemoteRange { from: Offset(from), max_bytes: 1, min_one_batch: true, upper: Offset(i64::MAX) }
}

/// fault = 55
/// tiering = 9
#[tokio::test(start_paused = true)]
async fn an_object_that_is_gone_is_looked_for_in_a_newer_manifest() {
    let bucket = Bucket::new();
    let segments: Vec<_> = (0..3).map(|index| batches(index * 100, 10, 0)).collect();
    let mut publisher = bucket.copied(&segments).await;
    let partition = RemotePartition::new(bucket.reader(), publisher.manifest().clone());
    assert_eq!(partition.partition(), PARTITION);
    let stale = partition.manifest();
    let mut edited = Manifest::clone(publisher.manifest());
    edited.advance_log_start(Offset(100), 0);
    publisher.publish(edited).await.unwrap();
    expire::delete_removed(&mut publisher, &bucket.reader(), 1, 0).await.unwrap();
    let error = partition.read(&range(0)).await.unwrap_err();
    let (offset, log_start) = (Offset(0), Offset(100));
    assert_eq!(error, RemoteReadError::BelowStart { offset, log_start });
    assert!(partition.manifest().number > stale.number);
    assert!(!partition.note(stale), "an older manifest changes nothing");
    assert_eq!(partition.read(&range(100)).await.unwrap().base_offset, Offset(100));
}

/// fault = 62
/// tiering = 9
#[tokio::test(start_paused = true)]
async fn an_object_that_the_newest_manifest_names_and_is_gone_is_an_error() {
    let bucket = Bucket::new();
    let publisher = bucket.copied(&[batches(0, 10, 0)]).await;
    let object = publisher.manifest().entries[0].object;
    bucket.store.delete(&bucket.keys.path(&Key::Segment(object))).await.unwrap();
    let partition = RemotePartition::new(bucket.reader(), publisher.manifest().clone());
    let error = partition.read(&range(0)).await.unwrap_err();
    assert!(matches!(&error, RemoteReadError::Missing(object) if object.contains("/seg/")), "{error}");
    let error = partition.offset_for_timestamp(1).await.unwrap_err();
    assert!(matches!(error, RemoteReadError::Missing(_)), "{error}");
}

/// tiering = 9
#[tokio::test(start_paused = true)]
async fn a_follower_with_an_old_manifest_reads_what_was_copied_since_once_it_hears_of_it() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&[batches(0, 10, 0)]).await;
    let partition = RemotePartition::new(bucket.reader(), publisher.manifest().clone());
    let source = bucket.source(&batches(100, 10, 0));
    bucket.copier().copy(&mut publisher, &source, Offset(0)).await.unwrap();
    assert_eq!(partition.read(&range(150)).await, Err(RemoteReadError::NotCopied(Offset(150))));
    let used = partition.manifest();
    partition.refresh(&used).await.unwrap();
    assert_eq!(partition.read(&range(150)).await.unwrap().base_offset, Offset(150));
}

/// The partition of one segment whose object is gone.
async fn partition_without_its_object(bucket: &Bucket) -> (RemotePartition, Publisher) {
    let publisher = bucket.copied(&[batches(0, 10, 0)]).await;
    let object = publisher.manifest().entries[0].object;
    bucket.store.delete(&bucket.keys.path(&Key::Segment(object))).await.unwrap();
    (RemotePartition::new(bucket.reader(), publisher.manifest().clone()), publisher)
}

/// tiering = 9
#[tokio::test(start_paused = true)]
async fn however_many_readers_miss_an_object_the_bucket_is_asked_once_a_second() {
    let bucket = Bucket::new();
    let (partition, _) = partition_without_its_object(&bucket).await;
    bucket.faulty.forget_seen();
    let began = Instant::now();
    let reader = async || {
        while began.elapsed() < Duration::from_secs(10) {
            let error = partition.read(&range(0)).await.unwrap_err();
            assert!(matches!(error, RemoteReadError::Missing(_)), "{error}");
        }
    };
    join_all((0..50).map(|_| reader())).await;
    let seconds = began.elapsed().as_secs() as usize;
    let listings = bucket.faulty.seen(Operation::List, "/manifest");
    assert!((10..=seconds + 1).contains(&listings), "{listings} listings in {seconds} s");
}

/// tiering = 9
#[tokio::test(start_paused = true)]
async fn an_answer_from_before_an_object_was_missed_is_not_taken() {
    let bucket = Bucket::new();
    let (partition, mut publisher) = partition_without_its_object(&bucket).await;
    assert!(partition.read(&range(0)).await.is_err());
    // Within the same second another manifest comes that no longer names the object.
    let mut edited = Manifest::clone(publisher.manifest());
    edited.advance_log_start(Offset(100), 0);
    publisher.publish(edited).await.unwrap();
    let error = partition.read(&range(0)).await.unwrap_err();
    assert!(matches!(error, RemoteReadError::BelowStart { .. }), "{error}");
}

/// fault = 59
#[tokio::test(start_paused = true)]
async fn a_store_that_gives_no_manifest_is_asked_once_for_all_who_wait() {
    let bucket = Bucket::new();
    let (partition, _) = partition_without_its_object(&bucket).await;
    bucket.faulty.next(Operation::List, "/manifest", u32::MAX, Effect::Fail(Answer::Denied));
    bucket.faulty.forget_seen();
    let from = range(0);
    let found = join_all((0..50).map(|_| partition.read(&from))).await;
    assert!(found.iter().all(|read| matches!(read, Err(RemoteReadError::Store(_)))));
    // One reader has its answer before the others miss the object.
    assert!(bucket.faulty.seen(Operation::List, "/manifest") <= 2);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_gives_up_half_way_leaves_the_question_to_the_next() {
    let bucket = Bucket::new();
    let (partition, _) = partition_without_its_object(&bucket).await;
    let used = partition.manifest();
    bucket.faulty.forget_seen();
    bucket.faulty.next(Operation::List, "/manifest", 1, Effect::Slow(Duration::from_secs(5)));
    let first = tokio::time::timeout(Duration::from_secs(2), partition.refresh(&used));
    let second = async {
        tokio::task::yield_now().await;
        partition.refresh(&used).await
    };
    let (first, second) = futures_util::future::join(first, second).await;
    assert!(first.is_err(), "it was given up");
    assert_eq!(second, Ok(used));
    assert_eq!(bucket.faulty.seen(Operation::List, "/manifest"), 2, "one each");
}
