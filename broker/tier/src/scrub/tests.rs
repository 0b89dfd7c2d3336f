use std::sync::Arc;

use super::*;
use crate::expire;
use crate::faulty_store::{Answer, Effect, Operation};
use crate::manifest::tests::{PARTITION, entry, grown};
use crate::sections::tests::batches;
use crate::store::{PendingUpload, PendingUploads};
use crate::test_bucket::{Bucket, now_ms};

const LATER_MS: i64 = MANIFEST_AGE_MS + 60_000;

fn segments(count: i64) -> Vec<Vec<u8>> {
    (0..count).map(|index| batches(index * 10, 1, 0)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_whole_partition_is_sound_and_keeps_everything() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&segments(200)).await;
    let before = bucket.segments_there().await;
    let report = scrub(&mut publisher, now_ms() + LATER_MS).await.unwrap();
    assert!(report.is_sound() && report.orphans.is_empty(), "{report:?}");
    assert_eq!((bucket.segments_there().await, report.removed_count), (before, 0));
}

/// fault = 45, 57
/// tiering = 8
#[tokio::test(start_paused = true)]
async fn orphans_are_removed_once_no_copy_can_be_under_way() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&segments(2)).await;
    bucket.faulty.next(Operation::Create, "manifest/", u32::MAX, Effect::Fail(Answer::ServerError));
    let source = bucket.source(&batches(20, 1, 0));
    assert!(bucket.copier().copy(&mut publisher, &source, Offset(0)).await.is_err());
    bucket.faulty.heal();
    let report = scrub(&mut publisher, now_ms()).await.unwrap();
    assert_eq!((report.young_count, report.removed_count), (1, 0));
    let report = scrub(&mut publisher, now_ms() + ORPHAN_AGE_MS + 1000).await.unwrap();
    assert_eq!((report.orphans.len(), report.removed_count), (1, 1));
    assert_eq!(bucket.segments_there().await, 2);
    assert!(scrub(&mut publisher, now_ms()).await.unwrap().is_sound());
}

#[tokio::test(start_paused = true)]
async fn an_orphan_is_removed_also_where_nothing_was_ever_published() {
    let bucket = Bucket::new();
    let mut publisher = bucket.publisher(1, 0).await.unwrap();
    bucket.faulty.next(Operation::Create, "manifest/", u32::MAX, Effect::Fail(Answer::ServerError));
    assert!(
        bucket.copier().copy(&mut publisher, &bucket.source(&batches(0, 1, 0)), Offset(0)).await.is_err()
    );
    bucket.faulty.heal();
    let mut publisher = bucket.publisher(1, 0).await.unwrap();
    assert_eq!(scrub(&mut publisher, now_ms()).await.unwrap().young_count, 1);
    let report = scrub(&mut publisher, now_ms() + ORPHAN_AGE_MS + 1000).await.unwrap();
    assert_eq!((report.removed_count, bucket.segments_there().await), (1, 0));
}

/// fault = 63
#[tokio::test(start_paused = true)]
async fn whoever_was_replaced_deletes_nothing_any_more() {
    let bucket = Bucket::new();
    bucket.claim(1).await;
    let mut publisher = bucket.copied(&segments(200)).await;
    let limits = crate::plan::Limits { now_ms: 0, retention_ms: None, retention_bytes: Some(0) };
    let reader = bucket.reader();
    expire::apply_retention(&mut publisher, &reader, Offset(0), 0, &limits).await.unwrap();
    bucket.claim(2).await;
    let before = bucket.keys_there().await;
    let own = Generation::FIRST;
    let superseded = Err(PublishError::Superseded { by: own.next(), own });
    assert_eq!(delete_topic(&bucket.store, &bucket.keys, own, PARTITION.topic_id).await, superseded);
    let removed = expire::delete_removed(&mut publisher, &reader, now_ms(), 0).await;
    assert!(
        matches!(removed, Err(expire::ExpireError::Publish(PublishError::Superseded { .. }))),
        "{removed:?}"
    );
    assert_eq!(bucket.keys_there().await, before);
}

/// fault = 62
#[tokio::test(start_paused = true)]
async fn missing_and_resized_objects_are_told() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&segments(3)).await;
    let keys: Vec<Key> =
        publisher.manifest().entries.iter().map(|entry| Key::Segment(entry.object)).collect();
    bucket.store.delete(&bucket.keys.path(&keys[0])).await.unwrap();
    bucket.store.put_unique(&bucket.keys.path(&keys[1]), "short".into()).await.unwrap();
    let report = scrub(&mut publisher, now_ms() + LATER_MS).await.unwrap();
    assert!(!report.is_sound());
    assert_eq!((report.missing, report.resized), (vec![keys[0]], vec![keys[1]]));
    assert_eq!(bucket.segments_there().await, 2, "nothing that is named is removed");
}

/// fault = 59
#[tokio::test(start_paused = true)]
async fn a_stale_listing_makes_nothing_missing() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&segments(3)).await;
    let folder = bucket.keys.partition_path(PARTITION).to_string();
    bucket.faulty.plan(crate::faulty_store::Rule {
        operation: Operation::List,
        path: folder,
        after: 1,
        times: 1,
        effect: Effect::EmptyList,
    });
    let report = scrub(&mut publisher, now_ms() + LATER_MS).await.unwrap();
    assert!(report.is_sound() && report.removed_count == 0, "{report:?}");
}

/// fault = 53
/// tiering = 4, 5
#[test]
fn gaps_and_overlaps_are_told() {
    let (manifest, _) = grown(2);
    let mut named = Named::default();
    named.add_entries(&[entry(0, 9), entry(12, 20), entry(18, 30), entry(31, 40)]);
    let report = judge(&manifest, &named, &Listing::default(), 0);
    assert_eq!(report.gaps, [(Offset(10), Offset(12))]);
    assert_eq!(report.overlaps, [(Offset(18), Offset(21))]);
}

/// fault = 50
#[tokio::test(start_paused = true)]
async fn old_manifests_go_only_after_a_durable_one_says_so() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&segments(5)).await;
    let manifests = async || {
        let keys = bucket.keys_there().await;
        keys.iter().filter_map(|key| number_of(PARTITION, key)).map(|number| number.0).collect::<Vec<_>>()
    };
    let report = scrub(&mut publisher, now_ms() + LATER_MS).await.unwrap();
    assert_eq!(report.keep_from, Some(ManifestNumber(5)));
    assert_eq!(manifests().await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(publisher.manifest().oldest_kept, ManifestNumber(5));
    scrub(&mut publisher, now_ms() + LATER_MS).await.unwrap();
    assert_eq!(manifests().await, [5, 6]);
    scrub(&mut publisher, now_ms() + LATER_MS).await.unwrap();
    assert_eq!(manifests().await, [5, 6], "an idle partition gets no manifest with every run");
}

#[tokio::test(start_paused = true)]
async fn what_waits_to_be_deleted_is_no_orphan() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&segments(200)).await;
    let limits = crate::plan::Limits { now_ms: 0, retention_ms: None, retention_bytes: Some(0) };
    expire::apply_retention(&mut publisher, &bucket.reader(), Offset(0), 0, &limits).await.unwrap();
    let report = scrub(&mut publisher, now_ms() + ORPHAN_AGE_MS + 1000).await.unwrap();
    assert_eq!(report.orphans, []);
    assert_eq!(bucket.segments_there().await, 200);
}

/// fault = 60
#[tokio::test(start_paused = true)]
async fn a_deleted_topic_takes_its_objects_along_and_no_others() {
    let bucket = Bucket::new();
    bucket.claim(1).await;
    bucket.copied(&segments(3)).await;
    let other = TopicId(broker_protocol::types::Uuid::from_u128(99));
    assert_eq!(delete_topic(&bucket.store, &bucket.keys, Generation::FIRST, other).await, Ok(0));
    bucket.faulty.next(Operation::Delete, "seg/", 1, Effect::Fail(Answer::Denied));
    assert!(delete_topic(&bucket.store, &bucket.keys, Generation::FIRST, PARTITION.topic_id).await.is_err());
    delete_topic(&bucket.store, &bucket.keys, Generation::FIRST, PARTITION.topic_id).await.unwrap();
    assert_eq!(bucket.keys_there().await.len(), 1, "the root");
    let found = inspect_newest(&bucket.store, &bucket.keys, PARTITION, now_ms()).await;
    assert_eq!(found, Ok(None));
}

/// fault = 62
/// tiering = 16
#[tokio::test(start_paused = true)]
async fn what_an_unreadable_page_may_name_is_no_orphan() {
    for damage in [false, true] {
        let bucket = Bucket::new();
        let mut publisher = bucket.copied(&segments(200)).await;
        let page = Key::Page(publisher.manifest().pages[0].key);
        let path = bucket.keys.path(&page);
        if damage {
            bucket.store.put_unique(&path, "damaged".into()).await.unwrap();
        } else {
            bucket.store.delete(&path).await.unwrap();
        }
        let report = scrub(&mut publisher, now_ms() + ORPHAN_AGE_MS + 1000).await.unwrap();
        assert!(!report.is_sound());
        let told = if damage { &report.damaged } else { &report.missing };
        assert_eq!(*told, [page]);
        assert_eq!((report.undecided_count, report.removed_count), (128, 0));
        assert_eq!(bucket.segments_there().await, 200, "a person may mend the page");
    }
}

/// fault = 52
/// tiering = 1
#[tokio::test(start_paused = true)]
async fn an_earlier_leader_that_stood_still_cannot_publish_what_was_removed_as_an_orphan() {
    let bucket = Bucket::new();
    bucket.claim(1).await;
    let mut old = bucket.copied(&segments(2)).await;
    let source = bucket.source(&batches(20, 1, 0));
    let copied = bucket.copier().upload(PARTITION, old.fence().leader_epoch, &source).await.unwrap();
    let mut new = bucket.publisher(1, 1).await.unwrap();
    let report = scrub(&mut new, now_ms() + ORPHAN_AGE_MS + 1000).await.unwrap();
    assert_eq!(report.removed_count, 1);
    let mut edited = Manifest::clone(old.manifest());
    edited.append(copied).unwrap();
    let fenced = old.publish(edited).await;
    assert!(matches!(fenced, Err(PublishError::Fenced { .. })), "{fenced:?}");
}

/// Uploads that a crash has left.
#[derive(Debug)]
struct Left(parking_lot::Mutex<Vec<PendingUpload>>);

#[async_trait::async_trait]
impl PendingUploads for Left {
    async fn list(&self, prefix: &Path) -> object_store::Result<Vec<PendingUpload>> {
        let below = |upload: &&PendingUpload| upload.path.prefix_matches(prefix);
        Ok(self.0.lock().iter().filter(below).cloned().collect())
    }

    async fn abort(&self, upload: &PendingUpload) -> object_store::Result<()> {
        self.0.lock().retain(|left| left != upload);
        Ok(())
    }
}

/// fault = 45
/// tiering = 8, 23
#[tokio::test(start_paused = true)]
async fn uploads_that_a_crash_has_left_are_aborted_once_no_copy_can_be_under_way() {
    let bucket = Bucket::new();
    let published = bucket.copied(&segments(1)).await;
    let path = bucket.keys.path(&Key::Segment(published.manifest().entries[0].object));
    let begun = |hours: i64| {
        let id = format!("{hours} hours ago");
        PendingUpload { path: path.clone(), id, begun_ms: now_ms() - hours * 3_600_000 }
    };
    let elsewhere = PendingUpload { path: Path::from("tests/other/object"), ..begun(100) };
    let left = Arc::new(Left(parking_lot::Mutex::new(vec![begun(1), begun(7), elsewhere.clone()])));
    let (inner, env) = (bucket.faulty.clone(), bucket.store.env().clone());
    let store = Store::new(inner.clone(), inner, env, crate::store::StoreLimits::default());
    let store = Arc::new(store.with_pending_uploads(left.clone()));
    let (fence, known) = (published.fence(), published.manifest().number);
    let none_yet = crate::manifest::tests::manifest();
    let taken = Publisher::take_over(store.clone(), bucket.keys.clone(), fence, known, none_yet).await;
    let report = scrub(&mut taken.unwrap(), now_ms()).await.unwrap();
    assert_eq!(report.aborted_uploads, 1);
    let ids = |left: &Left| left.0.lock().iter().map(|upload| upload.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&left), ["1 hours ago", "100 hours ago"]);
    delete_topic(&store, &bucket.keys, Generation::FIRST, PARTITION.topic_id).await.unwrap();
    assert_eq!(*left.0.lock(), [elsewhere]);
}

/// fault = 62
#[tokio::test(start_paused = true)]
async fn a_flipped_byte_in_an_object_is_told_by_who_reads_all_of_it() {
    let bucket = Bucket::new();
    let mut all = segments(200);
    all.push(crate::sections::tests::big_batches(2000, 6, 1 << 20));
    let publisher = bucket.copied(&all).await;
    let manifest = publisher.manifest();
    let verify = async || verify_batches(&bucket.store, &bucket.keys, manifest).await.unwrap();
    assert_eq!(verify().await, []);
    let page = crate::publish::load_page(&bucket.store, &bucket.keys, manifest.pages[0].key).await.unwrap();
    let large = manifest.entries.last().unwrap();
    for entry in [&page[7], large] {
        let path = bucket.keys.path(&Key::Segment(entry.object));
        let mut bytes = bucket.store.get(&path, usize::MAX).await.unwrap().0.to_vec();
        let last = usize::try_from(entry.length).unwrap() - 1;
        bytes[last] ^= 1;
        bucket.store.put_unique(&path, bytes.into()).await.unwrap();
    }
    assert_eq!(verify().await, [Key::Segment(page[7].object), Key::Segment(large.object)]);
    let report = inspect(&bucket.store, &bucket.keys, manifest, now_ms()).await.unwrap();
    assert!(report.is_sound(), "sizes tell nothing");
    bucket.faulty.next(Operation::Get, "seg/", u32::MAX, Effect::Fail(Answer::Denied));
    assert!(verify_batches(&bucket.store, &bucket.keys, manifest).await.is_err());
}

/// fault = 60
#[tokio::test(start_paused = true)]
async fn a_topic_that_is_written_to_all_the_time_is_not_said_to_be_deleted() {
    let bucket = Bucket::new();
    bucket.copied(&segments(1)).await;
    bucket.faulty.next(Operation::Delete, "seg/", u32::MAX, Effect::OnlySay);
    let error =
        delete_topic(&bucket.store, &bucket.keys, Generation::FIRST, PARTITION.topic_id).await.unwrap_err();
    assert!(error.to_string().contains("objects are left"), "{error}");
}
