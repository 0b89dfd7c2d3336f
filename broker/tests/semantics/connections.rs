//! One connection: answers in the order of the requests, acks=0 without any.

use std::time::{Duration, Instant};

use broker_client::FetchOptions;
use broker_protocol::api_key::ApiKey;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::{
    ApiVersionsRequest, FetchRequest, FetchResponse, ListOffsetsRequest, MetadataRequest,
};

use crate::harness::batches::batch;
use crate::harness::http::get;
use crate::harness::{TestBroker, calls, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelined_requests_are_answered_in_their_order() {
    const ROUNDS: i64 = 50;
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 2, &[]).await;
    for round in 0..ROUNDS {
        let batch = batch(&[&round.to_string()]);
        client.send_produce("t", 0, &batch, -1).await.unwrap();
        client.send(&MetadataRequest { topics: None, ..MetadataRequest::default() }, 12).await.unwrap();
        client.send_produce("t", 1, &batch, 1).await.unwrap();
        client.send(&FetchRequest { session_epoch: -1, ..FetchRequest::default() }, 12).await.unwrap();
        client
            .send(&ListOffsetsRequest { replica_id: -1, ..ListOffsetsRequest::default() }, 5)
            .await
            .unwrap();
    }
    // The client itself refuses an answer to another request than the oldest.
    for round in 0..ROUNDS {
        let produced = within("first produce", client.receive_produced()).await.unwrap();
        assert_eq!((produced.error_code, produced.base_offset), (ErrorCode::None, round));
        assert_eq!(within("metadata", client.receive()).await.unwrap().api, ApiKey::Metadata);
        let produced = within("second produce", client.receive_produced()).await.unwrap();
        assert_eq!((produced.error_code, produced.base_offset), (ErrorCode::None, round));
        assert_eq!(within("fetch", client.receive()).await.unwrap().api, ApiKey::Fetch);
        assert_eq!(within("offsets", client.receive()).await.unwrap().api, ApiKey::ListOffsets);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_behind_a_produce_on_its_connection_finds_the_records() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    for offset in 0..20 {
        client.send_produce("t", 0, &batch(&["a"]), -1).await.unwrap();
        let request =
            crate::fetching::fetch_request("t", 0, FetchOptions { offset, ..FetchOptions::default() });
        client.send(&request, 12).await.unwrap();
        within("produce", client.receive_produced()).await.unwrap();
        let frame = within("fetch", client.receive()).await.unwrap();
        let response: FetchResponse<'_> = frame.decode().unwrap();
        assert_eq!(response.responses[0].partitions[0].high_watermark, offset + 1);
    }
}

#[tokio::test]
async fn acks_0_has_no_answer() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    for _ in 0..5 {
        client.produce("t", 0, &batch(&["a"]), 0).await.unwrap();
    }
    // The next answer is that of the next request that has one.
    assert_eq!(calls::append(&mut client, "t", 0, &batch(&["b"])).await, 5);
    assert_eq!(calls::values(&mut client, "t", 0).await.len(), 6);
}

#[tokio::test]
async fn acks_0_with_an_error_closes_the_connection() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    client.produce("not-there", 0, &batch(&["a"]), 0).await.unwrap();
    assert_eq!(within("close", client.receiver().receive_raw()).await.unwrap_or(None), None);
}

#[tokio::test]
async fn acks_that_nobody_knows_are_refused() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    for acks in [2, -2, i16::MAX] {
        let produced = client.produce("t", 0, &batch(&["a"]), acks).await.unwrap();
        assert_eq!(produced.error_code, ErrorCode::InvalidRequiredAcks);
    }
    assert_eq!(calls::values(&mut client, "t", 0).await, [""; 0]);
}

#[tokio::test]
async fn requests_that_were_read_are_answered_before_the_broker_stops() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    client.call(&ApiVersionsRequest::default(), 0).await.unwrap();
    let stopped = broker.stop().await;
    assert_eq!(within("close", client.receiver().receive_raw()).await.unwrap_or(None), None);
    let broker = stopped.start().await;
    calls::append(&mut broker.client().await, "t", 0, &batch(&["a"])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_that_waits_is_answered_when_the_broker_stops() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let options = FetchOptions { max_wait_ms: 15_000, min_bytes: 1, ..FetchOptions::default() };
    client.send(&crate::fetching::fetch_request("t", 0, options), 12).await.unwrap();
    within("the fetch is read", async {
        let is_read = "highwater_requests_total{api=\"Fetch\"} 1";
        while !get(&broker, "/metrics").await.body.contains(is_read) {}
    })
    .await;
    let began = Instant::now();
    broker.stop().await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    let frame = within("fetch", client.receive()).await.unwrap();
    let response: FetchResponse<'_> = frame.decode().unwrap();
    let data = &response.responses[0].partitions[0];
    assert_eq!((data.error_code, data.high_watermark, data.records.len()), (0, 0, 0));
    assert_eq!(within("close", client.receiver().receive_raw()).await.unwrap_or(None), None);
}
