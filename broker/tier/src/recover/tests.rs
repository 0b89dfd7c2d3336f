use super::*;
use crate::faulty_store::{Answer, Effect, Operation};
use crate::manifest::tests::PARTITION;
use crate::sections::tests::batches;
use crate::test_bucket::{Bucket, newest};

const ME: Uuid = Uuid::from_u128(1000);

/// fault = 63, 64
#[tokio::test(start_paused = true)]
async fn after_recovery_the_old_broker_publishes_nothing_and_a_second_run_is_harmless() {
    let bucket = Bucket::new();
    bucket.claim(1).await;
    let mut old = bucket.copied(&[batches(0, 10, 3)]).await;
    let (store, keys) = (&bucket.store, &bucket.keys);
    let root = claim_next(store, keys, ME).await.unwrap();
    assert_eq!(root.generation, Generation(2));
    let fenced = fence_partition(store, keys, root.generation, PARTITION).await.unwrap().unwrap();
    assert_eq!((fenced.leader_epoch, fenced.manifest.tiered_end()), (LeaderEpoch(4), Some(Offset(100))));
    let late = bucket.copier().copy(&mut old, &bucket.source(&batches(100, 10, 3)), Offset(0)).await;
    assert!(late.unwrap_err().to_string().contains("generation 2"));
    let again = claim_next(store, keys, ME).await.unwrap();
    assert_eq!(again, root);
    let second = fence_partition(store, keys, again.generation, PARTITION).await.unwrap().unwrap();
    assert_eq!(second, fenced);
    let mut recovered = bucket.publisher(2, 4).await.unwrap();
    let source = bucket.source(&batches(100, 10, 4));
    bucket.copier().copy(&mut recovered, &source, Offset(0)).await.unwrap();
    assert_eq!(newest(&bucket).await.unwrap().tiered_end(), Some(Offset(200)));
}

/// fault = 64
#[tokio::test(start_paused = true)]
async fn what_the_old_broker_publishes_at_the_last_moment_counts() {
    let bucket = Bucket::new();
    bucket.claim(1).await;
    let mut old = bucket.copied(&[batches(0, 10, 0)]).await;
    claim_next(&bucket.store, &bucket.keys, ME).await.unwrap();
    // It had asked for the root just before.
    bucket.faulty.next(Operation::Get, "root/", 1, Effect::Fail(Answer::Missing));
    let source = bucket.source(&batches(100, 10, 0));
    bucket.copier().copy(&mut old, &source, Offset(0)).await.unwrap();
    let fenced = fence_partition(&bucket.store, &bucket.keys, Generation(2), PARTITION).await.unwrap();
    assert_eq!(fenced.unwrap().manifest.tiered_end(), Some(Offset(200)));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_the_bucket_does_not_know_is_told() {
    let bucket = Bucket::new();
    let unknown = claim_next(&bucket.store, &bucket.keys, ME).await.unwrap_err();
    assert!(matches!(unknown, RecoverError::Unknown(_)), "{unknown}");
    bucket.claim(1).await;
    let none = fence_partition(&bucket.store, &bucket.keys, Generation(1), PARTITION).await;
    assert_eq!(none, Ok(None));
}

/// fault = 62
#[tokio::test(start_paused = true)]
async fn a_partition_that_cannot_be_read_begins_anew_and_can_be_published_again() {
    let bucket = Bucket::new();
    bucket.copied(&[batches(0, 10, 0), batches(100, 10, 0)]).await;
    let newest = newest(&bucket).await.unwrap().number.unwrap();
    let path = bucket.keys.path(&Key::Manifest(PARTITION, newest));
    bucket.store.delete(&path).await.unwrap();
    bucket.store.put_unique(&path, Bytes::from_static(b"damaged")).await.unwrap();
    bucket.claim(2).await;
    let (store, keys, topic) = (&bucket.store, &bucket.keys, Arc::from("t"));
    let emptied = empty_partition(store, keys, Generation(2), PARTITION, &topic).await.unwrap();
    assert_eq!(emptied, Some(newest.next()));
    let mut publisher = bucket.publisher(2, 3).await.unwrap();
    assert_eq!(publisher.manifest().tiered_end(), None);
    bucket.copier().copy(&mut publisher, &bucket.source(&batches(0, 5, 0)), Offset(0)).await.unwrap();
    assert_eq!(publisher.manifest().tiered_end(), Some(Offset(50)));
}
