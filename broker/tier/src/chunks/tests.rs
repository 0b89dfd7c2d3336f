use std::time::Duration;

use super::*;
use crate::faulty_store::{Answer, Effect, Operation};
use crate::manifest::tests::PARTITION;
use crate::test_bucket::Bucket;
use broker_protocol::types::{LeaderEpoch, Offset};

const LENGTH: u64 = 20 * CHUNK_BYTES + 5;

/// An object of 20 chunks and a bit.
async fn object(bucket: &Bucket) -> (Arc<Chunks>, Stretch) {
    let (base_offset, leader_epoch, id) = (Offset(0), LeaderEpoch(0), Uuid::from_u128(1));
    let object = SegmentKey { partition: PARTITION, base_offset, leader_epoch, id };
    let bytes: Vec<u8> = (0..LENGTH).map(|at| (at / 1000) as u8).collect();
    bucket.store.put_unique(&bucket.keys.path(&Key::Segment(object)), bytes.into()).await.unwrap();
    let reader = bucket.reader();
    (reader.chunks().clone(), Stretch { object, object_length: LENGTH, end: LENGTH })
}

/// Lets tasks that wait for nothing come to their end.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_goes_on_is_fetched_ahead_of() {
    let bucket = Bucket::new();
    let (chunks, stretch) = object(&bucket).await;
    let mut position = 0;
    while position < LENGTH {
        let bytes = chunks.get(&stretch, position).await.unwrap();
        assert!(bytes.iter().zip(position..).all(|(byte, at)| *byte == (at / 1000) as u8));
        position += bytes.len() as u64;
        settle().await;
    }
    let requests = bucket.faulty.seen(Operation::Get, "seg/");
    assert!(requests <= 7, "{requests} requests for 21 chunks");
    let (hits, misses) = (&chunks.counts().hits, &chunks.counts().misses);
    assert!(misses.load(Ordering::Relaxed) <= 2 && hits.load(Ordering::Relaxed) >= 19);
}

#[tokio::test(start_paused = true)]
async fn who_reads_here_and_there_gets_no_more_than_that() {
    let bucket = Bucket::new();
    let (chunks, stretch) = object(&bucket).await;
    for index in [15, 3, 9] {
        chunks.get(&stretch, index * CHUNK_BYTES + 7).await.unwrap();
        settle().await;
    }
    assert_eq!(bucket.store.counts().bytes_in.load(Ordering::Relaxed), 3 * CHUNK_BYTES);
}

#[tokio::test(start_paused = true)]
async fn many_who_want_one_chunk_fetch_it_once() {
    let bucket = Bucket::new();
    let (chunks, stretch) = object(&bucket).await;
    bucket.faulty.next(Operation::Get, "seg/", 1, Effect::Slow(Duration::from_secs(1)));
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let chunks = chunks.clone();
            tokio::spawn(async move { chunks.get(&stretch, 5).await })
        })
        .collect();
    for one in waiting {
        assert_eq!(one.await.unwrap().unwrap().len() as u64, CHUNK_BYTES - 5);
    }
    assert_eq!(bucket.faulty.seen(Operation::Get, "seg/"), 1);
}

/// tiering = 11, 26
#[tokio::test(start_paused = true)]
async fn a_read_that_its_client_gave_up_ends_in_the_cache() {
    let bucket = Bucket::new();
    let (chunks, stretch) = object(&bucket).await;
    bucket.faulty.next(Operation::Get, "seg/", 1, Effect::Slow(Duration::from_secs(1)));
    let given_up = tokio::time::timeout(Duration::from_millis(500), chunks.get(&stretch, 0)).await;
    assert!(given_up.is_err());
    tokio::time::sleep(Duration::from_secs(1)).await;
    chunks.get(&stretch, 0).await.unwrap();
    assert_eq!(bucket.faulty.seen(Operation::Get, "seg/"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_told_to_all_who_wait_and_the_next_one_tries_again() {
    let bucket = Bucket::new();
    let (chunks, stretch) = object(&bucket).await;
    bucket.faulty.next(Operation::Get, "seg/", 1, Effect::Fail(Answer::Denied));
    let (one, other) = tokio::join!(chunks.get(&stretch, 0), chunks.get(&stretch, 9));
    assert!(one.is_err() && other.is_err());
    settle().await;
    chunks.get(&stretch, 0).await.unwrap();
}

/// tiering = 22
#[tokio::test(start_paused = true)]
async fn what_is_fetched_at_once_stays_within_the_budget() {
    let bucket = Bucket::new();
    let (chunks, stretch) = object(&bucket).await;
    bucket.faulty.next(Operation::Get, "seg/", u32::MAX, Effect::Slow(Duration::from_secs(1)));
    let waiting: Vec<_> = (0..20)
        .map(|index| {
            let chunks = chunks.clone();
            tokio::spawn(async move { chunks.get(&stretch, index * CHUNK_BYTES).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let under_way = bucket.faulty.seen(Operation::Get, "seg/") as u64;
    assert!(under_way <= u64::from(RUN_CHUNKS_MAX), "{under_way} chunks under way");
    for one in waiting {
        one.await.unwrap().unwrap();
    }
}

/// Adds another object as long as the first, and reads the first to its end, behind which the other comes.
async fn read_up_to_a_second(bucket: &Bucket, chunks: &Arc<Chunks>, first: &Stretch) -> Stretch {
    let second = SegmentKey { id: Uuid::from_u128(2), ..first.object };
    let bytes = vec![7; usize::try_from(LENGTH).unwrap()];
    bucket.store.put_unique(&bucket.keys.path(&Key::Segment(second)), bytes.into()).await.unwrap();
    let second = Stretch { object: second, ..*first };
    let mut position = 0;
    while position < LENGTH {
        position += chunks.get(first, position).await.unwrap().len() as u64;
        chunks.hand_over((first, position), (&second, 0));
        settle().await;
    }
    second
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_comes_to_an_end_is_fetched_ahead_of_in_the_next_object() {
    let bucket = Bucket::new();
    let (chunks, first) = object(&bucket).await;
    let second = read_up_to_a_second(&bucket, &chunks, &first).await;
    let (hits, misses) = (&chunks.counts().hits, &chunks.counts().misses);
    let before = (hits.load(Ordering::Relaxed), misses.load(Ordering::Relaxed));
    // It goes on at its pace: nothing that it comes to was not fetched before.
    let mut position = 0;
    while position < LENGTH {
        position += chunks.get(&second, position).await.unwrap().len() as u64;
        settle().await;
    }
    assert_eq!((hits.load(Ordering::Relaxed), misses.load(Ordering::Relaxed)), (before.0 + 21, before.1));
}

/// A request for each chunk that the window grows by would take as long as one for eight.
#[tokio::test(start_paused = true)]
async fn what_is_far_ahead_is_fetched_in_whole_runs() {
    let bucket = Bucket::new();
    let (small, first) = object(&bucket).await;
    let budget = u64::from(AHEAD_CHUNKS_MAX) * CHUNK_BYTES;
    let chunks =
        Arc::new(Chunks::new(bucket.store.clone(), bucket.keys.clone(), small.cache().clone(), budget));
    let second = read_up_to_a_second(&bucket, &chunks, &first).await;
    assert!(chunks.is_here(&second, 0) && chunks.is_here(&second, LENGTH - 1));
    let requests = bucket.faulty.seen(Operation::Get, "seg/");
    // One for the chunk that it began at, and for both objects two of eight chunks and the rest.
    assert_eq!(requests, 1 + 3 + 3);
}

/// A window is wider than a small segment: what is behind the next one is told, and fetched of the one after it.
#[tokio::test(start_paused = true)]
async fn a_reader_looks_over_objects_that_are_shorter_than_its_window() {
    let bucket = Bucket::new();
    let (chunks, first) = object(&bucket).await;
    let mut position = 0;
    while position < LENGTH {
        position += chunks.get(&first, position).await.unwrap().len() as u64;
        settle().await;
    }
    let second = SegmentKey { id: Uuid::from_u128(2), ..first.object };
    bucket.store.put_unique(&bucket.keys.path(&Key::Segment(second)), vec![7; 100].into()).await.unwrap();
    let second = Stretch { object: second, object_length: 100, end: 100 };
    let left = chunks.hand_over((&first, LENGTH), (&second, 0)).unwrap();
    assert_eq!(
        (left.count, left.distance),
        (AHEAD_CHUNKS_MAX - 2, 2),
        "it is at one, and one is the second's"
    );
    let last = chunks.fetch_first(&second, 0, Ahead { count: 3, distance: 5 });
    assert_eq!(last, Some(Ahead { count: 2, distance: 6 }));
    settle().await;
    assert!(chunks.is_here(&second, 0));
}

/// Of many who read all of it one after the other, the first two fetch it; then it is on the disk.
#[tokio::test(start_paused = true)]
async fn what_several_read_is_fetched_twice() {
    let bucket = Bucket::new();
    let (chunks, stretch) = object(&bucket).await;
    for _ in 0..4 {
        let mut position = 0;
        while position < LENGTH {
            position += chunks.get(&stretch, position).await.unwrap().len() as u64;
            settle().await;
            assert!(chunks.memory_bytes() <= 8 * CHUNK_BYTES);
        }
    }
    let read = bucket.store.counts().bytes_in.load(Ordering::Relaxed);
    assert!(read <= 2 * LENGTH + 8 * CHUNK_BYTES, "{read} bytes");
}
