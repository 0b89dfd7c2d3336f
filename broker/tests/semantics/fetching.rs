//! Fetch: long polls, limits, and which errors do not wait.

use std::time::{Duration, Instant};

use broker_client::{FetchOptions, read_records};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use broker_protocol::messages::{FetchRequest, FetchResponse};

use crate::harness::batches::batch;
use crate::harness::{TestBroker, calls, within};

/// A wait that no test sits through.
const LONG_MS: i32 = 15_000;

/// A fetch of one partition, without a session.
pub(crate) fn fetch_request(topic: &str, partition: i32, options: FetchOptions) -> FetchRequest<'_> {
    let partitions = vec![FetchPartition {
        partition,
        fetch_offset: options.offset,
        partition_max_bytes: options.max_bytes,
        ..FetchPartition::default()
    }];
    FetchRequest {
        max_wait_ms: options.max_wait_ms,
        min_bytes: options.min_bytes,
        max_bytes: options.max_bytes,
        session_epoch: -1,
        topics: vec![FetchTopic { topic: topic.into(), partitions, ..FetchTopic::default() }],
        ..FetchRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_poll_wakes_up_at_its_least_bytes() {
    let broker = TestBroker::start(&[]).await;
    let (mut reader, mut writer) = (broker.client().await, broker.client().await);
    calls::create_topic(&mut writer, "t", 1, &[]).await;
    let one = batch(&["a"]);
    let min_bytes = i32::try_from(one.len() * 3).unwrap();
    let options = FetchOptions { max_wait_ms: LONG_MS, min_bytes, ..FetchOptions::default() };
    let began = Instant::now();
    reader.send(&fetch_request("t", 0, options), 12).await.unwrap();
    for _ in 0..3 {
        calls::append(&mut writer, "t", 0, &one).await;
    }
    let frame = within("fetch", reader.receive()).await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(LONG_MS.unsigned_abs().into()), "it waited to the end");
    let response: FetchResponse<'_> = frame.decode().unwrap();
    let data = &response.responses[0].partitions[0];
    assert_eq!(read_records(data.records.as_bytes().unwrap(), 0).unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_poll_ends_at_its_time_with_what_there_is() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    calls::append(&mut client, "t", 0, &batch(&["a"])).await;
    let wait = Duration::from_millis(150);
    let options = FetchOptions { max_wait_ms: 150, min_bytes: 1 << 20, ..FetchOptions::default() };
    let began = Instant::now();
    let fetched = within("fetch", client.fetch("t", 0, options)).await.unwrap();
    assert!(began.elapsed() >= wait, "{:?}", began.elapsed());
    assert_eq!(read_records(&fetched.records, 0).unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_poll_does_not_hold_up_other_connections() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let mut waiting = Vec::new();
    for _ in 0..50 {
        let mut reader = broker.client().await;
        let options = FetchOptions { max_wait_ms: LONG_MS, min_bytes: 1, ..FetchOptions::default() };
        reader.send(&fetch_request("t", 0, options), 12).await.unwrap();
        waiting.push(reader);
    }
    calls::append(&mut client, "t", 0, &batch(&["a"])).await;
    for mut reader in waiting {
        let frame = within("every waiting fetch", reader.receive()).await.unwrap();
        let response: FetchResponse<'_> = frame.decode().unwrap();
        assert_eq!(response.responses[0].partitions[0].high_watermark, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_does_not_wait() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let wait = FetchOptions { max_wait_ms: LONG_MS, min_bytes: 1, ..FetchOptions::default() };
    let began = Instant::now();
    let missing = client.fetch("not-there", 0, wait).await.unwrap();
    assert_eq!(missing.error_code, ErrorCode::UnknownTopicOrPartition);
    let beyond = client.fetch("t", 0, FetchOptions { offset: 1, ..wait }).await.unwrap();
    assert_eq!(beyond.error_code, ErrorCode::OffsetOutOfRange);
    let before = client.fetch("t", 0, FetchOptions { offset: -1, ..wait }).await.unwrap();
    assert_eq!(before.error_code, ErrorCode::OffsetOutOfRange);
    assert!(began.elapsed() < Duration::from_millis(LONG_MS.unsigned_abs().into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_topic_ends_the_wait() {
    let broker = TestBroker::start(&[]).await;
    let (mut reader, mut admin) = (broker.client().await, broker.client().await);
    calls::create_topic(&mut admin, "t", 1, &[]).await;
    let options = FetchOptions { max_wait_ms: LONG_MS, min_bytes: 1, ..FetchOptions::default() };
    let began = Instant::now();
    reader.send(&fetch_request("t", 0, options), 12).await.unwrap();
    assert_eq!(calls::delete_topic(&mut admin, "t").await, ErrorCode::None);
    let frame = within("fetch", reader.receive()).await.unwrap();
    let response: FetchResponse<'_> = frame.decode().unwrap();
    let error = ErrorCode::from_code(response.responses[0].partitions[0].error_code);
    assert_eq!(error, Some(ErrorCode::UnknownTopicOrPartition));
    assert!(began.elapsed() < Duration::from_millis(LONG_MS.unsigned_abs().into()));
}

#[tokio::test]
async fn the_first_batch_comes_whatever_its_size() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let value = "x".repeat(50_000);
    for _ in 0..3 {
        calls::append(&mut client, "t", 0, &batch(&[&value])).await;
    }
    for max_bytes in [0, 1, 49_000, 60_000] {
        let fetched =
            client.fetch("t", 0, FetchOptions { max_bytes, ..FetchOptions::default() }).await.unwrap();
        let records = read_records(&fetched.records, 0).unwrap();
        assert_eq!(records.len(), 1, "at most {max_bytes} bytes");
        assert_eq!(records[0].value.as_ref().unwrap().len(), value.len());
    }
    let options = FetchOptions { max_bytes: 120_000, ..FetchOptions::default() };
    let fetched = client.fetch("t", 0, options).await.unwrap();
    assert_eq!(read_records(&fetched.records, 0).unwrap().len(), 2);
}

#[tokio::test]
async fn a_fetch_from_inside_a_batch_gets_the_whole_batch() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    calls::append(&mut client, "t", 0, &batch(&["a", "b", "c"])).await;
    calls::append(&mut client, "t", 0, &batch(&["d"])).await;
    let fetched = client.fetch("t", 0, FetchOptions { offset: 2, ..FetchOptions::default() }).await.unwrap();
    let whole = read_records(&fetched.records, 0).unwrap();
    assert_eq!(whole.iter().map(|record| record.offset).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[tokio::test]
async fn a_wrong_leader_epoch_is_told_apart() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    for (epoch, error) in [(0, ErrorCode::None), (5, ErrorCode::UnknownLeaderEpoch)] {
        let mut request = fetch_request("t", 0, FetchOptions::default());
        request.topics[0].partitions[0].current_leader_epoch = epoch;
        let frame = client.call(&request, 12).await.unwrap();
        let response: FetchResponse<'_> = frame.decode().unwrap();
        let found = ErrorCode::from_code(response.responses[0].partitions[0].error_code);
        assert_eq!(found, Some(error));
    }
}
