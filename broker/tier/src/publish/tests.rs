use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use broker_protocol::types::{Offset, Uuid};
use futures_util::future::BoxFuture;

use super::*;
use crate::author::Author;
use crate::faulty_store::{Answer, Effect, Operation};
use crate::manifest::tests::{PARTITION, entry, manifest};
use crate::store_error::StoreErrorKind;
use crate::test_bucket::{Bucket, newest};

fn with(manifest: &Manifest, base: i64, end: i64) -> Manifest {
    let mut edited = manifest.clone();
    edited.append(entry(base, end)).unwrap();
    edited
}

/// A bucket with one manifest, and who published it.
async fn begun() -> (Bucket, Publisher) {
    let bucket = Bucket::new();
    bucket.claim(1).await;
    let mut publisher = bucket.publisher(1, 0).await.unwrap();
    let edited = with(publisher.manifest(), 0, 9);
    publisher.publish(edited).await.unwrap();
    (bucket, publisher)
}

#[tokio::test(start_paused = true)]
async fn manifests_are_numbered_and_the_newest_is_found() {
    let (bucket, mut publisher) = begun().await;
    let edited = with(publisher.manifest(), 10, 19);
    publisher.publish(edited).await.unwrap();
    assert_eq!(publisher.manifest().number, Some(ManifestNumber(2)));
    assert_eq!(newest(&bucket).await.as_ref(), Some(&**publisher.manifest()));
    let again = bucket.publisher(1, 0).await.unwrap();
    assert_eq!(again.manifest(), publisher.manifest());
}

/// fault = 46, 47, 48
/// tiering = 2
#[tokio::test(start_paused = true)]
async fn answers_that_may_be_wrong_are_resolved_by_reading_back() {
    let effects = [
        Effect::DoneBut(Answer::ServerError),
        Effect::DoneBut(Answer::Silence),
        Effect::DoneBut(Answer::Taken),
        Effect::Fail(Answer::Taken),
        Effect::Fail(Answer::ServerError),
        Effect::Fail(Answer::SlowDown),
        Effect::Fail(Answer::Silence),
    ];
    for effect in effects {
        let (bucket, mut publisher) = begun().await;
        bucket.faulty.next(Operation::Create, "manifest/", 1, effect);
        let edited = with(publisher.manifest(), 10, 19);
        publisher.publish(edited).await.unwrap_or_else(|error| panic!("{effect:?}: {error}"));
        assert_eq!(newest(&bucket).await.as_ref(), Some(&**publisher.manifest()), "{effect:?}");
        assert_eq!(publisher.manifest().number, Some(ManifestNumber(2)), "{effect:?}");
    }
}

/// tiering = 2
#[tokio::test(start_paused = true)]
async fn an_attempt_whose_outcome_stays_unknown_is_found_by_the_next_take_over() {
    let (bucket, mut publisher) = begun().await;
    bucket.faulty.next(Operation::Create, "manifest/", u32::MAX, Effect::DoneBut(Answer::Silence));
    bucket.faulty.next(Operation::Get, "manifest/", u32::MAX, Effect::Fail(Answer::ServerError));
    let edited = with(publisher.manifest(), 10, 19);
    let error = publisher.publish(edited).await.unwrap_err();
    assert!(
        matches!(&error, PublishError::Store(error) if error.kind == StoreErrorKind::Unreachable),
        "{error}"
    );
    assert_eq!(publisher.manifest().number, Some(ManifestNumber(1)));
    bucket.faulty.heal();
    let again = bucket.publisher(1, 0).await.unwrap();
    assert_eq!(again.manifest().tiered_end(), Some(Offset(20)));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_full_or_forbidden_publishes_nothing_and_says_so() {
    for (answer, kind) in [(Answer::Full, StoreErrorKind::Full), (Answer::Denied, StoreErrorKind::Denied)] {
        let (bucket, mut publisher) = begun().await;
        bucket.faulty.next(Operation::Create, "manifest/", u32::MAX, Effect::Fail(answer));
        let edited = with(publisher.manifest(), 10, 19);
        let error = publisher.publish(edited.clone()).await.unwrap_err();
        assert!(matches!(&error, PublishError::Store(error) if error.kind == kind), "{error}");
        bucket.faulty.heal();
        publisher.publish(edited).await.unwrap();
    }
}

/// fault = 52
/// tiering = 1, 2
#[tokio::test(start_paused = true)]
async fn a_stale_leader_stops_and_overwrites_nothing() {
    let (bucket, mut old) = begun().await;
    let mut new = bucket.publisher(1, 1).await.unwrap();
    let edited = with(new.manifest(), 10, 29);
    new.publish(edited).await.unwrap();
    let edited = with(old.manifest(), 10, 19);
    let fenced = old.publish(edited).await.unwrap_err();
    let (by, own) = (LeaderEpoch(1), LeaderEpoch(0));
    assert_eq!(fenced, PublishError::Fenced { number: ManifestNumber(2), by, own });
    assert_eq!(newest(&bucket).await.unwrap().tiered_end(), Some(Offset(30)));
    assert!(matches!(bucket.publisher(1, 0).await, Err(PublishError::Fenced { .. })));
}

/// fault = 52
#[tokio::test(start_paused = true)]
async fn a_new_leader_takes_over_what_the_old_one_published_last() {
    let (bucket, mut old) = begun().await;
    let mut new = bucket.publisher(1, 1).await.unwrap();
    let edited = with(old.manifest(), 10, 19);
    old.publish(edited).await.unwrap();
    let edited = with(new.manifest(), 10, 29);
    assert_eq!(new.publish(edited).await, Err(PublishError::Moved(ManifestNumber(2))));
    let mut new = bucket.publisher(1, 1).await.unwrap();
    let edited = with(new.manifest(), 20, 29);
    new.publish(edited).await.unwrap();
    assert_eq!(new.manifest().number, Some(ManifestNumber(3)));
}

/// fault = 64
#[tokio::test(start_paused = true)]
async fn a_broker_whose_cluster_was_recovered_stops_before_it_writes() {
    let (bucket, mut old) = begun().await;
    bucket.claim(2).await;
    let mut recovered = bucket.publisher(2, 0).await.unwrap();
    recovered.publish_fence().await.unwrap();
    let superseded = PublishError::Superseded { by: Generation(2), own: Generation(1) };
    let edited = with(old.manifest(), 10, 19);
    assert_eq!(old.publish(edited).await, Err(superseded.clone()));
    // Also where it had asked for the root before, and its create comes late.
    bucket.faulty.next(Operation::Get, "root/", 1, Effect::Fail(Answer::Missing));
    let edited = with(old.manifest(), 10, 19);
    assert_eq!(old.publish(edited).await, Err(superseded));
    assert_eq!(newest(&bucket).await.unwrap().tiered_end(), Some(Offset(10)));
}

/// fault = 50
#[tokio::test(start_paused = true)]
async fn a_stalled_create_that_succeeds_after_its_number_was_deleted_does_not_count() {
    let (bucket, mut stalled) = begun().await;
    let mut other = bucket.publisher(1, 0).await.unwrap();
    for base in 1..4 {
        let edited = with(other.manifest(), base * 10, base * 10 + 9);
        other.publish(edited).await.unwrap();
    }
    let mut edited = Manifest::clone(other.manifest());
    edited.keep_from(ManifestNumber(4));
    other.publish(edited).await.unwrap();
    for number in 1..4 {
        bucket
            .store
            .delete(&bucket.keys.path(&Key::Manifest(PARTITION, ManifestNumber(number))))
            .await
            .unwrap();
    }
    let edited = with(stalled.manifest(), 10, 15);
    assert_eq!(stalled.publish(edited).await, Err(PublishError::Moved(ManifestNumber(5))));
    let newest = newest(&bucket).await.unwrap();
    assert_eq!((newest.number, newest.tiered_end()), (Some(ManifestNumber(5)), Some(Offset(40))));
}

/// fault = 59
#[tokio::test(start_paused = true)]
async fn a_stale_listing_hides_no_manifest() {
    let (bucket, mut publisher) = begun().await;
    let edited = with(publisher.manifest(), 10, 19);
    publisher.publish(edited).await.unwrap();
    bucket.faulty.next(Operation::List, "manifest", 1, Effect::EmptyList);
    assert_eq!(newest(&bucket).await.unwrap().number, Some(ManifestNumber(2)));
}

/// tiering = 2
#[tokio::test(start_paused = true)]
async fn a_history_that_went_back_is_told() {
    let (bucket, _) = begun().await;
    let known = Some(ManifestNumber(3));
    let found = load_newest(&bucket.store, &bucket.keys, PARTITION, known).await;
    assert!(
        matches!(found, Err(PublishError::WentBack { newest: Some(ManifestNumber(1)), .. })),
        "{found:?}"
    );
}

/// fault = 62
#[tokio::test(start_paused = true)]
async fn a_damaged_manifest_is_told_and_not_passed_over() {
    let (bucket, publisher) = begun().await;
    let path = bucket.keys.path(&Key::Manifest(PARTITION, ManifestNumber(2)));
    let mut bytes = publisher.manifest().encode();
    bytes[30] ^= 1;
    bucket.store.put_unique(&path, bytes.into()).await.unwrap();
    let found = bucket.publisher(1, 0).await;
    assert!(matches!(found, Err(PublishError::Damaged { .. })), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn a_page_is_read_back_at_its_own_place_only() {
    let bucket = Bucket::new();
    let entries = vec![entry(0, 9), entry(10, 19)];
    let key = PageKey { partition: PARTITION, first: Offset(0), id: manifest_id() };
    let bytes = crate::page::encode(bucket.keys.cluster(), PARTITION, &entries);
    bucket.store.put_unique(&bucket.keys.path(&Key::Page(key)), bytes.clone().into()).await.unwrap();
    assert_eq!(load_page(&bucket.store, &bucket.keys, key).await, Ok(entries));
    let elsewhere = PageKey { first: Offset(5), ..key };
    bucket.store.put_unique(&bucket.keys.path(&Key::Page(elsewhere)), bytes.into()).await.unwrap();
    let found = load_page(&bucket.store, &bucket.keys, elsewhere).await;
    assert!(matches!(found, Err(PublishError::Damaged { .. })), "{found:?}");
}

fn manifest_id() -> broker_protocol::types::Uuid {
    manifest().partition.topic_id.0
}

/// fault = 64
#[tokio::test(start_paused = true)]
async fn nothing_is_published_or_deleted_in_a_bucket_that_was_emptied() {
    let bucket = Bucket::new();
    let mut publisher = bucket.publisher(1, 0).await.unwrap();
    publisher.publish(manifest()).await.unwrap();
    for key in bucket.keys_there().await {
        bucket.store.delete(&bucket.keys.path(&key)).await.unwrap();
    }
    let lost = PublishError::Lost { own: Generation::FIRST };
    assert_eq!(publisher.check_generation().await, Err(lost.clone()));
    assert_eq!(publisher.publish(manifest()).await, Err(lost));
    assert_eq!(bucket.keys_there().await, []);
}

/// Counts, until it is told to fail.
#[derive(Debug, Default)]
struct Counting {
    count: AtomicU64,
    fails: AtomicBool,
}

impl Authorship for Counting {
    fn next(&self) -> BoxFuture<'_, std::io::Result<Author>> {
        let next = || {
            if self.fails.load(Ordering::Relaxed) {
                return Err(std::io::ErrorKind::StorageFull.into());
            }
            let sequence = self.count.fetch_add(1, Ordering::Relaxed) + 1;
            Ok(Author { directory: Uuid::from_u128(1), life: Uuid::from_u128(2), sequence })
        };
        Box::pin(std::future::ready(next()))
    }
}

/// fault = 64
#[tokio::test(start_paused = true)]
async fn nothing_is_published_that_the_disk_does_not_remember() {
    let bucket = Bucket::new();
    let counting = Arc::new(Counting::default());
    let mut publisher = bucket.publisher(1, 0).await.unwrap().with_authorship(counting.clone());
    for sequence in 1..3 {
        publisher.publish(manifest()).await.unwrap();
        let author = newest(&bucket).await.unwrap().stamp.unwrap().author;
        assert_eq!(author.map(|author| author.sequence), Some(sequence));
    }
    counting.fails.store(true, Ordering::Relaxed);
    let refused = publisher.publish(manifest()).await;
    assert!(matches!(refused, Err(PublishError::Unremembered(_))), "{refused:?}");
    assert_eq!(newest(&bucket).await.unwrap().number, Some(ManifestNumber(2)));
}
