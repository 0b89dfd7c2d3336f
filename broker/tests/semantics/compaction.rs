//! Compacted topics: every record has a key, which the broker sees by opening compressed batches before it appends them.

use broker_client::FetchOptions;
use broker_log::append::{AppendError, AppendOptions, AppendOrigin};
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::record_batch::batches;

use crate::harness::batches::{base_time_ms, changed, compressed};
use crate::harness::http::get;
use crate::harness::{Conn, TestBroker, calls, within};

/// Where the largest timestamp stands in a batch.
const MAX_TIMESTAMP_AT: usize = 35;

/// One batch of records with keys.
fn keyed(compression: Compression, values: &[&str]) -> Vec<u8> {
    keyed_at(base_time_ms(), compression, values)
}

fn keyed_at(first_ms: i64, compression: Compression, values: &[&str]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(compression);
    for (time, value) in (first_ms..).zip(values) {
        builder.push(time, Some(b"key"), Some(value.as_bytes()), &[]);
    }
    builder.build()
}

async fn create_compacted(client: &mut Conn) {
    calls::create_topic(client, "t", 1, &[("cleanup.policy", "compact")]).await;
}

fn log_end(broker: &TestBroker) -> i64 {
    let partition = broker.context().replicas.partition("t", 0).unwrap();
    partition.log().with(|log| log.log_end_offset().0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed_batches_are_opened_by_the_bounded_pool_and_keep_their_order() {
    let broker = TestBroker::start(&[]).await;
    let (mut writer, mut other) = (broker.client().await, broker.client().await);
    create_compacted(&mut other).await;
    let pool = &broker.context().openings;
    let all = pool.acquire_many(u32::try_from(pool.available_permits()).unwrap()).await.unwrap();
    for (compression, value) in [
        (Compression::Zstd, "a"),
        (Compression::None, "b"),
        (Compression::Gzip, "c"),
        (Compression::Lz4, "d"),
    ] {
        writer.send_produce("t", 0, &keyed(compression, &[value]), -1).await.unwrap();
    }
    within("the first request is read", async {
        let is_read = "highwater_requests_total{api=\"Produce\"} 1\n";
        while !get(&broker, "/metrics").await.body.contains(is_read) {}
    })
    .await;
    // Nobody holds the partition meanwhile; what needs no opening is appended.
    assert_eq!(calls::append(&mut other, "t", 0, &keyed(Compression::None, &["first"])).await, 0);
    drop(all);
    for offset in 1..5 {
        let produced = within("produce", writer.receive_produced()).await.unwrap();
        assert_eq!((produced.error_code, produced.base_offset), (ErrorCode::None, offset));
    }
    assert_eq!(calls::values(&mut other, "t", 0).await, ["first", "a", "b", "c", "d"]);
    assert_eq!(broker.context().memory.used(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_opened_while_cold_reads_take_all_that_they_may() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    create_compacted(&mut client).await;
    let (reads, bytes) = (&broker.context().cold_reads, &broker.context().cold_bytes);
    let all = |of: &tokio::sync::Semaphore| u32::try_from(of.available_permits()).unwrap();
    let _held =
        (reads.acquire_many(all(reads)).await.unwrap(), bytes.acquire_many(all(bytes)).await.unwrap());
    assert_eq!(calls::append(&mut client, "t", 0, &keyed(Compression::Zstd, &["a"])).await, 0);
}

#[tokio::test]
async fn a_batch_is_opened_and_appended_while_earlier_ones_wait_for_the_disk() {
    const BATCHES: i64 = 5;
    let broker = TestBroker::start_slow(crate::watermark::NEVER).await;
    let mut client = broker.client().await;
    create_compacted(&mut client).await;
    for _ in 0..BATCHES {
        client.send_produce("t", 0, &keyed(Compression::Snappy, &["a"]), -1).await.unwrap();
    }
    within("all batches", async {
        while log_end(&broker) < BATCHES {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_was_opened_is_not_opened_again_while_the_log_is_held() {
    let broker = TestBroker::start(&[]).await;
    create_compacted(&mut broker.client().await).await;
    let partition = broker.context().replicas.partition("t", 0).unwrap();
    // Who opens it sees that it has no keys.
    let append = |origin| {
        let options =
            AppendOptions { leader_epoch: partition.leader_epoch(), origin, now_ms: base_time_ms() };
        partition.log().append_as_leader(&mut compressed(Compression::Zstd, &["a"]), &options)
    };
    assert!(matches!(append(AppendOrigin::Client), Err(AppendError::InvalidRecord { .. })));
    append(AppendOrigin::OpenedClient).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_without_a_key_are_refused_one_by_one_and_the_next_batch_is_taken() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    create_compacted(&mut client).await;
    for compression in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        let refused = client.produce("t", 0, &compressed(compression, &["a", "b"]), -1).await.unwrap();
        assert_eq!(refused.error_code, ErrorCode::InvalidRecord, "{compression:?}");
        let blamed: Vec<_> = refused.record_errors.iter().map(|(index, _)| *index).collect();
        assert_eq!(blamed, [0, 1], "{compression:?}");
    }
    assert_eq!(calls::append(&mut client, "t", 0, &keyed(Compression::Zstd, &["c"])).await, 0);
    assert_eq!(calls::values(&mut client, "t", 0).await, ["c"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_answer_batches_are_opened_all_the_same() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    create_compacted(&mut client).await;
    for value in ["a", "b"] {
        client.produce("t", 0, &keyed(Compression::Zstd, &[value]), 0).await.unwrap();
    }
    assert_eq!(calls::append(&mut client, "t", 0, &keyed(Compression::Zstd, &["c"])).await, 2);
    assert_eq!(calls::values(&mut client, "t", 0).await, ["a", "b", "c"]);
    assert_eq!(broker.context().memory.used(), 0);
    client.produce("t", 0, &compressed(Compression::Zstd, &["d"]), 0).await.unwrap();
    assert_eq!(within("close", client.receiver().receive_raw()).await.unwrap_or(None), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_largest_timestamp_that_is_wrong_is_set_right() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    create_compacted(&mut client).await;
    let first_ms = base_time_ms();
    let wrong = changed(keyed_at(first_ms, Compression::Zstd, &["a", "b"]), |bytes| {
        bytes[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&first_ms.to_be_bytes());
    });
    calls::append(&mut client, "t", 0, &wrong).await;
    let fetched = client.fetch("t", 0, FetchOptions::default()).await.unwrap();
    let found = batches(&fetched.records).next().unwrap().unwrap();
    found.verify_crc().unwrap();
    assert_eq!(found.header.max_timestamp, first_ms + 1);
}
