use super::*;
use crate::expire;
use crate::keys::Key;
use crate::manifest::tests::PARTITION;
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
