use object_store::local::LocalFileSystem;

use super::*;
use crate::faulty_store::{Answer, Effect, Operation};
use crate::ids::MetadataOffset;
use crate::test_bucket::Bucket;

fn path(bucket: &Bucket, number: u64) -> Path {
    bucket.keys.path(&Key::Meta(MetadataOffset(number)))
}

#[tokio::test(start_paused = true)]
async fn a_good_store_passes_its_test_and_is_left_clean() {
    let bucket = Bucket::new();
    let tested = bucket.store.self_test(&bucket.keys).await.unwrap();
    assert!(tested.clock_ahead_ms.abs() < 60_000);
    assert_eq!(bucket.keys_there().await, []);
}

#[tokio::test]
async fn a_directory_passes_the_test() {
    let directory = tempfile::tempdir().unwrap();
    let local = LocalFileSystem::new_with_prefix(directory.path()).unwrap().with_fsync(true);
    let bucket = Bucket::around(Arc::new(local));
    bucket.store.self_test(&bucket.keys).await.unwrap();
    assert_eq!(bucket.keys_there().await, []);
}

/// fault = 49
#[tokio::test(start_paused = true)]
async fn a_store_without_create_if_absent_is_refused_with_the_reason() {
    let bucket = Bucket::new();
    bucket.faulty.next(Operation::Create, "probe/", u32::MAX, Effect::IgnoreCondition);
    let refused = bucket.store.self_test(&bucket.keys).await.unwrap_err();
    assert_eq!(refused, SelfTestError::NoCreateIfAbsent);
    assert!(refused.to_string().contains("If-None-Match"));
    assert_eq!(bucket.keys_there().await, []);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_gives_back_other_bytes_or_lists_nothing_is_refused() {
    let bucket = Bucket::new();
    bucket.faulty.next(Operation::Get, "probe/", 1, Effect::FlipByte(3));
    let refused = bucket.store.self_test(&bucket.keys).await.unwrap_err();
    assert!(matches!(refused, SelfTestError::OtherBytes(_)), "{refused}");
    let bucket = Bucket::new();
    bucket.faulty.next(Operation::List, "probe", 1, Effect::EmptyList);
    assert_eq!(bucket.store.self_test(&bucket.keys).await, Err(SelfTestError::NotListed));
}

/// fault = 59
/// tiering = 23
#[tokio::test(start_paused = true)]
async fn harmless_requests_are_repeated_within_bounds() {
    for answer in [Answer::ServerError, Answer::SlowDown, Answer::Silence] {
        let bucket = Bucket::new();
        bucket.faulty.next(Operation::Put, "meta/", 3, Effect::Fail(answer));
        bucket.store.put_unique(&path(&bucket, 1), "bytes".into()).await.unwrap();
        bucket.faulty.next(Operation::Get, "meta/", 3, Effect::Fail(answer));
        assert_eq!(bucket.store.get_range(&path(&bucket, 1), 1..3).await.unwrap(), "yt");
        bucket.faulty.next(Operation::Get, "meta/", u32::MAX, Effect::Fail(answer));
        bucket.faulty.forget_seen();
        assert!(bucket.store.get_range(&path(&bucket, 1), 1..3).await.is_err());
        assert_eq!(bucket.faulty.seen(Operation::Get, "meta/"), 5, "no storm of requests");
    }
}

/// fault = 59
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_short_is_not_taken() {
    let bucket = Bucket::new();
    bucket.store.put_unique(&path(&bucket, 1), "some bytes".into()).await.unwrap();
    bucket.faulty.next(Operation::Get, "meta/", 1, Effect::CutShort(2));
    assert_eq!(bucket.store.get_range(&path(&bucket, 1), 0..6).await.unwrap(), "some b");
    bucket.faulty.next(Operation::Get, "meta/", u32::MAX, Effect::CutShort(2));
    let error = bucket.store.get(&path(&bucket, 1), 100).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Invalid);
}

/// fault = 61
/// tiering = 10
#[tokio::test(start_paused = true)]
async fn requests_that_hang_end_at_their_deadline_and_leave_other_lanes_free() {
    let bucket = Bucket::new();
    bucket.store.put_unique(&path(&bucket, 1), "bytes".into()).await.unwrap();
    bucket.faulty.next(Operation::Put, "meta/", u32::MAX, Effect::Fail(Answer::Silence));
    let hanging: Vec<_> = (0..20)
        .map(|number| {
            let (store, path) = (bucket.store.clone(), path(&bucket, number + 10));
            tokio::spawn(async move { store.put_unique(&path, "bytes".into()).await })
        })
        .collect();
    tokio::task::yield_now().await;
    let began = tokio::time::Instant::now();
    assert_eq!(bucket.store.get_range(&path(&bucket, 1), 0..5).await.unwrap(), "bytes");
    assert!(began.elapsed() < Duration::from_secs(1));
    for put in hanging {
        assert_eq!(put.await.unwrap().unwrap_err().kind, StoreErrorKind::Unreachable);
    }
    assert!(bucket.store.counts().timeouts.load(Ordering::Relaxed) >= 20);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_deleted_without_an_error() {
    let bucket = Bucket::new();
    bucket.store.delete(&path(&bucket, 1)).await.unwrap();
    bucket.faulty.next(Operation::Delete, "meta/", 1, Effect::Fail(Answer::Missing));
    bucket.store.delete(&path(&bucket, 1)).await.unwrap();
    assert_eq!(bucket.store.head(&path(&bucket, 1)).await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn foreign_objects_are_told_and_left() {
    let bucket = Bucket::new();
    let foreign = Path::from("tests/cluster/somebody/elses");
    bucket.store.put_unique(&foreign, "bytes".into()).await.unwrap();
    bucket.store.put_unique(&path(&bucket, 1), "bytes".into()).await.unwrap();
    let listing = bucket.store.list(&bucket.keys, &bucket.keys.cluster_path()).await.unwrap();
    assert_eq!((listing.objects.len(), listing.foreign_count), (1, 1));
    assert_eq!(listing.foreign, [foreign.to_string()]);
}

#[tokio::test(start_paused = true)]
async fn a_listing_counts_as_one_request() {
    let bucket = Bucket::new();
    for number in 0..10 {
        bucket.store.put_unique(&path(&bucket, number), "bytes".into()).await.unwrap();
    }
    let before = bucket.store.counts().requests.load(Ordering::Relaxed);
    bucket.store.list(&bucket.keys, &bucket.keys.metas_path()).await.unwrap();
    assert_eq!(bucket.store.counts().requests.load(Ordering::Relaxed), before + 1);
}

#[tokio::test]
async fn what_a_test_has_left_that_was_killed_is_removed_by_a_later_one() {
    let directory = tempfile::tempdir().unwrap();
    let local = LocalFileSystem::new_with_prefix(directory.path()).unwrap();
    let bucket = Bucket::around(Arc::new(local));
    let [old, young] = [1, 2].map(|id| Key::Probe(broker_protocol::types::Uuid::from_u128(id)));
    for key in [old, young] {
        bucket.store.put_unique(&bucket.keys.path(&key), "bytes".into()).await.unwrap();
    }
    let path = directory.path().join(bucket.keys.path(&old).as_ref());
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::SystemTime::now() - Duration::from_secs(25 * 3600)).unwrap();
    bucket.store.self_test(&bucket.keys).await.unwrap();
    assert_eq!(bucket.keys_there().await, [young]);
}
