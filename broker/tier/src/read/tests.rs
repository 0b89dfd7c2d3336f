use broker_log::transaction_index::AbortedTxn;
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::types::{LeaderEpoch, ProducerId};

use super::*;
use crate::copy::CopySource;
use crate::faulty_store::{Answer, Effect, Operation};
use crate::publish::Publisher;
use crate::sections::tests::{batches, big_batches};
use crate::test_bucket::Bucket;

fn range(from: i64, max_bytes: usize) -> RemoteRange {
    RemoteRange { from: Offset(from), max_bytes, min_one_batch: true, upper: Offset(i64::MAX) }
}

/// Three segments of 1000 offsets each, and their bytes.
async fn three(bucket: &Bucket) -> (Publisher, Vec<u8>) {
    let segments: Vec<_> = (0..3).map(|index| batches(index * 1000, 100, 0)).collect();
    (bucket.copied(&segments).await, segments.concat())
}

#[tokio::test(start_paused = true)]
async fn what_is_read_is_byte_equal_to_what_was_copied() {
    let bucket = Bucket::new();
    let (publisher, wanted) = three(&bucket).await;
    for max_bytes in [1, 1000, 10_000_000] {
        let (reader, mut from, mut found) = (bucket.reader(), 0, Vec::new());
        while from < 3000 {
            let batches = reader.read(publisher.manifest(), &range(from, max_bytes)).await.unwrap();
            assert_eq!(batches.base_offset, Offset(from));
            found.extend_from_slice(&batches.bytes);
            from = batches.next_offset.0;
        }
        assert!(found == wanted, "in pieces of {max_bytes}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_offset_inside_a_batch_is_answered_with_that_batch() {
    let bucket = Bucket::new();
    let (publisher, _) = three(&bucket).await;
    let reader = bucket.reader();
    for offset in (0..3000).step_by(7) {
        let batches = reader.read(publisher.manifest(), &range(offset, 1)).await.unwrap();
        assert_eq!(batches.base_offset, Offset(offset / 10 * 10));
        assert_eq!(batches.next_offset, Offset(offset / 10 * 10 + 10));
    }
}

#[tokio::test(start_paused = true)]
async fn limits_of_bytes_and_offsets_hold() {
    let bucket = Bucket::new();
    let (publisher, _) = three(&bucket).await;
    let reader = bucket.reader();
    let one = reader.read(publisher.manifest(), &range(0, 1)).await.unwrap().bytes.len();
    let all = RemoteRange { min_one_batch: false, ..range(0, 3 * one + 1) };
    let read = reader.read(publisher.manifest(), &all).await.unwrap();
    assert!(read.bytes.len() <= 3 * one + 1 && read.next_offset > Offset(10), "{read:?}");
    let none = RemoteRange { max_bytes: one - 1, ..all };
    assert_eq!(reader.read(publisher.manifest(), &none).await.unwrap().bytes.len(), 0);
    let below = RemoteRange { upper: Offset(25), ..range(0, 1_000_000) };
    assert_eq!(reader.read(publisher.manifest(), &below).await.unwrap().next_offset, Offset(20));
    let nothing = RemoteRange { upper: Offset(5), ..below };
    let read = reader.read(publisher.manifest(), &nothing).await.unwrap();
    assert_eq!((read.bytes.len(), read.next_offset), (0, Offset(0)));
}

#[tokio::test(start_paused = true)]
async fn the_first_batches_of_a_segment_take_one_request() {
    let bucket = Bucket::new();
    let (publisher, _) = three(&bucket).await;
    bucket.faulty.forget_seen();
    let reader = bucket.reader();
    let read = reader.read(publisher.manifest(), &range(1000, 5000)).await.unwrap();
    assert_eq!(bucket.faulty.seen(Operation::Get, ""), 1);
    reader.read(publisher.manifest(), &range(read.next_offset.0, 5000)).await.unwrap();
    assert_eq!(
        bucket.faulty.seen(Operation::Get, ""),
        1,
        "the next read knows its position and has the chunk"
    );
}

#[tokio::test(start_paused = true)]
async fn batches_larger_than_a_chunk_are_read() {
    let bucket = Bucket::new();
    let segment = big_batches(0, 4, 3 << 20);
    let publisher = bucket.copied(std::slice::from_ref(&segment)).await;
    let reader = bucket.reader();
    let first = reader.read(publisher.manifest(), &range(0, 100)).await.unwrap();
    assert_eq!(first.next_offset, Offset(1));
    let (mut read, mut next) = (first.bytes.to_vec(), first.next_offset);
    while next < Offset(4) {
        let more = reader.read(publisher.manifest(), &range(next.0, usize::MAX)).await.unwrap();
        assert!(more.next_offset > next, "at least one batch comes, however large");
        read.extend_from_slice(&more.bytes);
        next = more.next_offset;
    }
    assert!(read == segment);
}

#[tokio::test(start_paused = true)]
async fn offsets_that_were_not_copied_or_are_gone_are_told_apart() {
    let bucket = Bucket::new();
    let (publisher, _) = three(&bucket).await;
    let mut manifest = Manifest::clone(publisher.manifest());
    manifest.advance_log_start(Offset(1005), 0);
    let reader = bucket.reader();
    let read = async |offset| reader.read(&manifest, &range(offset, 1)).await.unwrap_err();
    assert_eq!(read(3000).await, RemoteReadError::NotCopied(Offset(3000)));
    let (offset, log_start) = (Offset(1004), Offset(1005));
    assert_eq!(read(1004).await, RemoteReadError::BelowStart { offset, log_start });
    assert_eq!(reader.read(&manifest, &range(1005, 1)).await.unwrap().base_offset, Offset(1000));
    manifest.entries.remove(0);
    assert_eq!(read_error(&reader, &manifest, 1500).await, RemoteReadError::Gap(Offset(1500)));
}

async fn read_error(reader: &RemoteReader, manifest: &Manifest, offset: i64) -> RemoteReadError {
    reader.read(manifest, &range(offset, 1)).await.unwrap_err()
}

/// fault = 62
/// tiering = 16
#[tokio::test(start_paused = true)]
async fn a_damaged_object_is_an_error_and_never_skipped() {
    let bucket = Bucket::new();
    let (publisher, wanted) = three(&bucket).await;
    bucket.faulty.next(Operation::Get, "seg/", 1, Effect::FlipByte(100));
    let reader = bucket.reader();
    let read = reader.read(publisher.manifest(), &range(0, 1000)).await.unwrap();
    assert_eq!(
        read.bytes[..],
        wanted[..read.bytes.len()],
        "an answer that was damaged on its way is asked for again"
    );
    bucket.faulty.next(Operation::Get, "seg/", u32::MAX, Effect::FlipByte(100));
    let reader = bucket.reader();
    let error = read_error(&reader, publisher.manifest(), 1000).await;
    assert!(matches!(&error, RemoteReadError::Damaged { object, .. } if object.contains("/seg/")), "{error}");
    assert_eq!(reader.counts().damaged.load(Ordering::Relaxed), 1);
    let error = read_error(&reader, publisher.manifest(), 2005).await;
    assert!(matches!(error, RemoteReadError::Damaged { .. }), "the index is checked too: {error}");
}

fn damaged_answer(after: u32, at: usize) -> crate::faulty_store::Rule {
    let (operation, effect) = (Operation::Get, Effect::FlipByte(at));
    crate::faulty_store::Rule { operation, path: "seg/".to_owned(), after, times: 1, effect }
}

/// fault = 59
#[tokio::test(start_paused = true)]
async fn an_answer_that_was_damaged_far_behind_a_batchs_beginning_does_not_stay_in_the_cache() {
    let bucket = Bucket::new();
    let segment = big_batches(0, 1, 3 << 20);
    let publisher = bucket.copied(std::slice::from_ref(&segment)).await;
    bucket.faulty.plan(damaged_answer(1, 10));
    let read = bucket.reader().read(publisher.manifest(), &range(0, 1)).await.unwrap();
    assert!(read.bytes == segment);
}

/// fault = 62
#[tokio::test(start_paused = true)]
async fn damage_in_a_batch_that_is_passed_over_skips_no_records() {
    let bucket = Bucket::new();
    let batch = |base: i64| {
        let mut builder = BatchBuilder::new(Compression::None).base_offset(Offset(base));
        for offset in base..base + 80 {
            builder.push(offset, None, Some(b"value"), &[]);
        }
        builder.leader_epoch(LeaderEpoch(0)).build()
    };
    let publisher = bucket.copied(&[[batch(0), batch(80)].concat()]).await;
    // The index comes first. Then the first batch seems to end at offset 15 instead of 79.
    bucket.faulty.plan(damaged_answer(1, 26));
    let reader = bucket.reader();
    let read = reader.read(publisher.manifest(), &range(50, 1)).await.unwrap();
    assert_eq!(read.base_offset, Offset(0));
    assert_eq!(bucket.faulty.seen(Operation::Get, "seg/"), 4, "index and batches, twice");
}

/// fault = 59
#[tokio::test(start_paused = true)]
async fn a_store_that_fails_now_and_then_is_read_all_the_same() {
    let bucket = Bucket::new();
    let (publisher, wanted) = three(&bucket).await;
    for effect in [
        Effect::Fail(Answer::ServerError),
        Effect::Fail(Answer::SlowDown),
        Effect::CutShort(10),
        Effect::Slow(std::time::Duration::from_secs(5)),
    ] {
        let reader = bucket.reader();
        bucket.faulty.next(Operation::Get, "seg/", 3, effect);
        let read = reader.read(publisher.manifest(), &range(0, 1_000_000)).await.unwrap();
        assert_eq!(read.bytes[..], wanted[..read.bytes.len()], "{effect:?}");
    }
}

/// tiering = 14
#[tokio::test(start_paused = true)]
async fn timestamps_lead_to_the_first_record_that_is_late_enough() {
    let bucket = Bucket::new();
    let (publisher, _) = three(&bucket).await;
    let reader = bucket.reader();
    // The batches of ten records are a second apart.
    for (timestamp, offset) in [(0, 0), (1, 10), (1000, 10), (150_500, 1510), (299_000, 2990)] {
        let found = reader.offset_for_timestamp(publisher.manifest(), timestamp).await.unwrap().unwrap();
        assert_eq!(found.offset, Offset(offset), "{timestamp}");
    }
    assert_eq!(reader.offset_for_timestamp(publisher.manifest(), 299_001).await, Ok(None));
    let newest = reader.newest_record(publisher.manifest()).await.unwrap().unwrap();
    assert_eq!((newest.offset, newest.timestamp), (Offset(2990), 299_000));
    let mut manifest = Manifest::clone(publisher.manifest());
    manifest.advance_log_start(Offset(1515), 0);
    let found = reader.offset_for_timestamp(&manifest, 0).await.unwrap().unwrap();
    assert_eq!(found.offset, Offset(1515), "nothing below the log's start is found");
}

/// tiering = 14
#[tokio::test(start_paused = true)]
async fn the_newest_record_is_none_that_the_logs_start_has_cut_off() {
    let bucket = Bucket::new();
    let batch = |base: i64, timestamp: i64| {
        let mut builder = BatchBuilder::new(Compression::None).base_offset(Offset(base));
        for record in 0..10 {
            builder.push(timestamp + record, None, Some(b"value"), &[]);
        }
        builder.leader_epoch(LeaderEpoch(0)).build()
    };
    // The largest timestamps come first. So many segments that the first ones are in a page.
    let first = [batch(0, 9000), batch(10, 8000), batch(20, 7000)].concat();
    let mut segments = vec![first, batch(30, 6000)];
    segments.extend((4..200).map(|index| batch(index * 10, 1000)));
    let publisher = bucket.copied(&segments).await;
    let reader = bucket.reader();
    for (start, timestamp, offset) in [
        (0, 9009, 9),
        (9, 9009, 9),
        (10, 8009, 19),
        (15, 8009, 19),
        (25, 7009, 29),
        (35, 6009, 39),
        (40, 1009, 49),
    ] {
        let mut manifest = Manifest::clone(publisher.manifest());
        manifest.advance_log_start(Offset(start), 0);
        assert_eq!(manifest.pages.len(), 1);
        let newest = reader.newest_record(&manifest).await.unwrap().unwrap();
        assert_eq!((newest.timestamp, newest.offset), (timestamp, Offset(offset)), "from {start}");
    }
}

fn aborted(first: i64, last: i64, stable: i64) -> AbortedTxn {
    AbortedTxn {
        first_offset: Offset(first),
        producer_id: ProducerId(1),
        last_offset: Offset(last),
        last_stable_offset: Offset(stable),
    }
}

/// tiering = 13
#[tokio::test(start_paused = true)]
async fn aborted_transactions_are_known_from_manifest_and_footer() {
    let bucket = Bucket::new();
    let mut publisher = bucket.publisher(1, 0).await.unwrap();
    let few = vec![aborted(100, 900, 950)];
    let many: Vec<_> = (0..40).map(|n| aborted(950 + n, 1100 + n * 10, 1101 + n * 10)).collect();
    for (index, aborted) in [few.clone(), many.clone()].into_iter().enumerate() {
        let source = bucket.source(&batches(index as i64 * 1000, 100, 0));
        let source = CopySource { aborted, ..source };
        bucket.copier().copy(&mut publisher, &source, Offset(0)).await.unwrap();
    }
    assert_eq!(publisher.manifest().entries[1].aborted, []);
    assert_eq!(publisher.manifest().entries[1].aborted_count, 40);
    let (reader, manifest) = (bucket.reader(), publisher.manifest());
    let find =
        async |from, upper| reader.aborted_transactions(manifest, Offset(from), Offset(upper)).await.unwrap();
    let found = find(0, 500).await;
    assert_eq!((found.transactions, found.is_complete), (few, true));
    let found = find(960, 1000).await;
    assert!(found.is_complete);
    assert_eq!(found.transactions, many[..1]);
    let found = find(1200, 1995).await;
    assert!(!found.is_complete, "a later marker may be in the local log");
    assert_eq!(found.transactions, many[10..]);
}

#[tokio::test(start_paused = true)]
async fn a_replica_begins_behind_what_was_copied() {
    let bucket = Bucket::new();
    let (publisher, _) = three(&bucket).await;
    let reader = bucket.reader();
    let start = reader.replica_start(publisher.manifest()).await.unwrap().unwrap();
    assert_eq!((start.log_start_offset, start.next_offset), (Offset(0), Offset(3000)));
    let producers = start.producers.unwrap();
    assert_eq!((producers.offset, &producers.bytes[..]), (Offset(2000), &b"producers"[..]));
    assert_eq!(reader.replica_start(&crate::manifest::tests::manifest()).await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn entries_in_pages_are_read_like_others() {
    let bucket = Bucket::new();
    let segments: Vec<_> = (0..200).map(|index| batches(index * 10, 1, 0)).collect();
    let publisher = bucket.copied(&segments).await;
    let reader = bucket.reader();
    for offset in (0..2000).step_by(137) {
        let read = reader.read(publisher.manifest(), &range(offset, 1)).await.unwrap();
        assert_eq!(read.base_offset, Offset(offset / 10 * 10));
    }
    let found = reader.offset_for_timestamp(publisher.manifest(), 5000).await.unwrap().unwrap();
    assert_eq!(found.offset, Offset(50));
}
