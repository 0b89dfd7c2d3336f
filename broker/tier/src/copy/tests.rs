use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::faulty_store::{Answer, Effect, Operation};
use crate::footer::Footer;
use crate::manifest::tests::PARTITION;
use crate::sections::tests::{batches, big_batches};
use crate::store_error::StoreErrorKind;
use crate::test_bucket::{Bucket, newest, now_ms};

async fn bytes_of(bucket: &Bucket, entry: &Entry) -> Bytes {
    let path = bucket.keys.path(&Key::Segment(entry.object));
    bucket.store.get(&path, usize::MAX).await.unwrap().0
}

#[tokio::test(start_paused = true)]
async fn a_copied_segment_is_byte_equal_and_described_by_its_footer() {
    let bucket = Bucket::new();
    let segment = [batches(0, 100, 0), batches(1000, 100, 2)].concat();
    let publisher = bucket.copied(std::slice::from_ref(&segment)).await;
    let entry = &publisher.manifest().entries[0];
    let object = bytes_of(&bucket, entry).await;
    assert_eq!(object[..segment.len()], segment[..]);
    assert_eq!((entry.length, entry.object_length), (segment.len() as u64, object.len() as u64));
    let footer = object.slice(usize::try_from(entry.footer_position).unwrap()..);
    let footer = Footer::decode(&footer, entry.footer_position, bucket.keys.cluster()).unwrap();
    let range = footer.range(PARTITION, Offset(0)).unwrap();
    assert_eq!((range.end_offset, range.batches.crc), (entry.end_offset, entry.batches_crc));
    assert_eq!(entry.end_offset, Offset(1999));
    assert_eq!(entry.epochs.len(), 2);
}

/// tiering = 3
#[tokio::test(start_paused = true)]
async fn key_footer_and_manifest_tell_the_epoch_of_the_leader_that_copied() {
    let bucket = Bucket::new();
    for (epoch, first) in [(7, 0), (9, 1000)] {
        let mut publisher = bucket.publisher(1, epoch).await.unwrap();
        // Written by earlier leaders.
        let source = bucket.source(&batches(first, 100, epoch - 2));
        bucket.copier().copy(&mut publisher, &source, Offset(0)).await.unwrap();
    }
    let manifest = newest(&bucket).await.unwrap();
    assert_eq!(manifest.stamp.as_ref().unwrap().leader_epoch, LeaderEpoch(9));
    for (entry, epoch) in manifest.entries.iter().zip([7, 9]) {
        let object = bytes_of(&bucket, entry).await;
        let footer = object.slice(usize::try_from(entry.footer_position).unwrap()..);
        let footer = Footer::decode(&footer, entry.footer_position, bucket.keys.cluster()).unwrap();
        let range = footer.range(PARTITION, entry.base_offset).unwrap();
        assert_eq!((entry.object.leader_epoch, range.leader_epoch), (LeaderEpoch(epoch), LeaderEpoch(epoch)));
        assert_eq!(entry.epochs[0].epoch, LeaderEpoch(epoch - 2));
    }
    assert_eq!(manifest.entries.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_large_segment_goes_in_parts_of_one_size() {
    let bucket = Bucket::new();
    let segment = big_batches(0, 20, 1 << 20);
    let publisher = bucket.copied(std::slice::from_ref(&segment)).await;
    assert_eq!(bucket.faulty.seen(Operation::Part, ""), 3);
    assert_eq!(bucket.faulty.seen(Operation::Put, "seg/"), 0);
    let object = bytes_of(&bucket, &publisher.manifest().entries[0]).await;
    assert_eq!(object[..segment.len()], segment[..]);
}

/// fault = 45, 51
#[tokio::test(start_paused = true)]
async fn an_upload_that_fails_at_any_part_is_aborted_and_done_again_under_another_key() {
    for (operation, after) in
        [(Operation::Begin, 0), (Operation::Part, 0), (Operation::Part, 1), (Operation::Complete, 0)]
    {
        let bucket = Bucket::new();
        let mut publisher = bucket.publisher(1, 0).await.unwrap();
        let source = bucket.source(&big_batches(0, 20, 1 << 20));
        let rule = crate::faulty_store::Rule {
            operation,
            path: "seg/".to_owned(),
            after,
            times: u32::MAX,
            effect: Effect::Fail(Answer::NoSuchUpload),
        };
        bucket.faulty.plan(rule);
        assert!(bucket.copier().copy(&mut publisher, &source, Offset(0)).await.is_err(), "{operation:?}");
        assert_eq!(bucket.copies_there().await, [], "{operation:?}");
        let begun = usize::from(operation != Operation::Begin);
        assert_eq!(bucket.faulty.seen(Operation::Abort, "seg/"), begun, "{operation:?}");
        bucket.faulty.heal();
        bucket.copier().copy(&mut publisher, &source, Offset(0)).await.unwrap();
        assert_eq!(bucket.segments_there().await, 1);
    }
}

/// fault = 51
#[tokio::test(start_paused = true)]
async fn a_copy_that_is_given_up_counts_as_nothing_and_leaves_no_parts() {
    let bucket = Bucket::new();
    bucket.faulty.next(Operation::Part, "seg/", u32::MAX, Effect::Fail(Answer::Silence));
    let mut publisher = bucket.publisher(1, 0).await.unwrap();
    let source = bucket.source(&big_batches(0, 20, 1 << 20));
    let copier = bucket.copier();
    let copy = copier.copy(&mut publisher, &source, Offset(0));
    assert!(tokio::time::timeout(Duration::from_secs(1), copy).await.is_err());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bucket.faulty.seen(Operation::Abort, "seg/"), 1);
    assert_eq!(bucket.copies_there().await, []);
    assert_eq!(publisher.manifest().tiered_end(), None);
}

/// fault = 45, 46
#[tokio::test(start_paused = true)]
async fn an_object_whose_manifest_was_not_published_stays_an_orphan() {
    let bucket = Bucket::new();
    let mut publisher = bucket.publisher(1, 0).await.unwrap();
    bucket.faulty.next(Operation::Create, "manifest/", u32::MAX, Effect::Fail(Answer::ServerError));
    let source = bucket.source(&batches(0, 10, 0));
    assert!(bucket.copier().copy(&mut publisher, &source, Offset(0)).await.is_err());
    assert_eq!((bucket.segments_there().await, newest(&bucket).await), (1, None));
    bucket.faulty.heal();
    let mut publisher = bucket.publisher(1, 0).await.unwrap();
    bucket.copier().copy(&mut publisher, &source, Offset(0)).await.unwrap();
    assert_eq!(bucket.segments_there().await, 2, "nothing is overwritten");
}

/// fault = 46
#[tokio::test(start_paused = true)]
async fn an_object_that_was_stored_with_an_error_is_used() {
    let bucket = Bucket::new();
    let mut publisher = bucket.publisher(1, 0).await.unwrap();
    bucket.faulty.next(Operation::Put, "seg/", 1, Effect::DoneBut(Answer::ServerError));
    bucket.copier().copy(&mut publisher, &bucket.source(&batches(0, 10, 0)), Offset(0)).await.unwrap();
    assert_eq!(bucket.segments_there().await, 1);
}

/// fault = 58
#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_for_an_hour_is_caught_up_with() {
    let bucket = Bucket::new();
    bucket.claim(1).await;
    let mut publisher = bucket.publisher(1, 0).await.unwrap();
    for operation in [Operation::Put, Operation::Create, Operation::Get, Operation::List] {
        bucket.faulty.next(operation, "", u32::MAX, Effect::Fail(Answer::SlowDown));
    }
    let source = bucket.source(&batches(0, 10, 0));
    let began = tokio::time::Instant::now();
    while began.elapsed() < Duration::from_secs(3600) {
        let failed = bucket.copier().copy(&mut publisher, &source, Offset(0)).await.unwrap_err();
        let kind = StoreErrorKind::Throttled;
        assert!(matches!(&failed, CopyError::Store(error) if error.kind == kind), "{failed}");
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    assert_eq!(publisher.manifest().tiered_end(), None, "nothing may be deleted locally");
    bucket.faulty.heal();
    bucket.copier().copy(&mut publisher, &source, Offset(0)).await.unwrap();
    assert_eq!(publisher.manifest().tiered_end(), Some(Offset(100)));
}

/// fault = 62
#[tokio::test(start_paused = true)]
async fn a_damaged_segment_is_not_copied() {
    let bucket = Bucket::new();
    let mut segment = batches(0, 100, 0);
    let at = segment.len() - 10;
    let mut publisher = bucket.publisher(1, 0).await.unwrap();
    let source = bucket.source(&segment);
    segment[at] ^= 1;
    source.file.write_at(&segment, 0).unwrap();
    let failed = bucket.copier().copy(&mut publisher, &source, Offset(0)).await.unwrap_err();
    assert!(matches!(failed, CopyError::Damaged { .. }), "{failed}");
    let short = CopySource { next_offset: Offset(990), ..bucket.source(&batches(0, 100, 0)) };
    let failed = bucket.copier().copy(&mut publisher, &short, Offset(0)).await.unwrap_err();
    assert!(matches!(failed, CopyError::Incomplete { .. }), "{failed}");
    assert_eq!(bucket.copies_there().await, []);
}

/// tiering = 5
#[tokio::test(start_paused = true)]
async fn a_range_that_does_not_follow_is_not_published() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&[batches(0, 10, 0)]).await;
    let failed = bucket.copier().copy(&mut publisher, &bucket.source(&batches(110, 10, 0)), Offset(0)).await;
    assert!(matches!(failed, Err(CopyError::Admission(AdmissionError::NotNext { .. }))), "{failed:?}");
    assert_eq!(newest(&bucket).await.unwrap().tiered_end(), Some(Offset(100)));
}

#[tokio::test(start_paused = true)]
async fn older_entries_go_into_pages_before_the_manifest_names_them() {
    let bucket = Bucket::new();
    let segments: Vec<_> = (0..200).map(|index| batches(index * 10, 1, 0)).collect();
    let publisher = bucket.copied(&segments).await;
    assert_eq!(publisher.manifest().pages.len(), 1);
    let page = publisher.manifest().pages[0].key;
    let entries = crate::publish::load_page(&bucket.store, &bucket.keys, page).await.unwrap();
    assert_eq!(entries.len(), crate::manifest::PAGE_ENTRIES);
}

#[tokio::test(start_paused = true)]
async fn the_bandwidth_limit_holds() {
    let bucket = Bucket::new();
    let bandwidth = Arc::new(Bandwidth::new(bucket.clock.clone(), Some(1 << 20)));
    let copier = Copier::new(bucket.store.clone(), bucket.keys.clone(), bandwidth);
    let source = bucket.source(&big_batches(0, 20, 1 << 20));
    let began = tokio::time::Instant::now();
    copier.upload(PARTITION, LeaderEpoch(0), &source).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(18), "{:?}", began.elapsed());
}

/// tiering = 8
#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_in_the_middle_of_a_copy_publishes_nothing() {
    let bucket = Bucket::new();
    let mut publisher = bucket.publisher(1, 0).await.unwrap();
    bucket.faulty.next(Operation::Put, "seg/", 1, Effect::Slow(Duration::from_secs(1)));
    let (copier, source) = (bucket.copier(), bucket.source(&batches(0, 10, 0)));
    let sleep = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        bucket.clock.set_now_ms(now_ms() + 7 * 3_600_000);
    };
    let (copied, ()) = tokio::join!(copier.copy(&mut publisher, &source, Offset(0)), sleep);
    assert!(matches!(copied, Err(CopyError::TooSlow(_))), "the scrubber takes the object for an orphan");
    assert_eq!(newest(&bucket).await, None);
}
