//! What is appended and not durable yet: nobody reads it, and asking for it is no error.

use std::time::Duration;

use broker_client::{FetchOptions, read_records};
use broker_protocol::codec::Records;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use broker_protocol::messages::{ProduceRequest, ProduceResponse};
use highwater_broker::api::list_offsets::MAX_TIMESTAMP;

use crate::harness::batches::{base_time_ms, batch, batch_at};
use crate::harness::{TestBroker, calls, within};

/// Longer than a test takes: nothing becomes durable before the broker ends.
pub(crate) const NEVER: Duration = Duration::from_secs(3600);

/// Waits until that many records are appended, durable or not.
async fn wait_for_end(broker: &TestBroker, end: i64) {
    let log_end = || {
        let partition = broker.context().replicas.partition("t", 0).unwrap();
        partition.log().with(|log| log.log_end_offset().0)
    };
    within("append", async {
        while log_end() < end {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_not_durable_is_neither_read_nor_out_of_range() {
    let broker = TestBroker::start_slow(NEVER).await;
    let (mut writer, mut reader) = (broker.client().await, broker.client().await);
    calls::create_topic(&mut reader, "t", 1, &[]).await;
    writer.send_produce("t", 0, &batch(&["a", "b"]), -1).await.unwrap();
    wait_for_end(&broker, 2).await;
    for (offset, error) in
        [(0, ErrorCode::None), (1, ErrorCode::None), (2, ErrorCode::None), (3, ErrorCode::OffsetOutOfRange)]
    {
        let fetched = reader.fetch("t", 0, FetchOptions { offset, ..FetchOptions::default() }).await.unwrap();
        assert_eq!((fetched.error_code, fetched.records.len()), (error, 0), "{offset}");
        if error == ErrorCode::None {
            assert_eq!((fetched.high_watermark, fetched.last_stable_offset), (0, 0), "{offset}");
        }
    }
    let latest = reader.list_offset("t", 0, -1).await.unwrap();
    assert_eq!((latest.error_code, latest.offset), (ErrorCode::None, 0));
    let by_time = reader.list_offset("t", 0, 0).await.unwrap();
    assert_eq!((by_time.error_code, by_time.offset), (ErrorCode::None, -1));
    // The next start finds it and makes it durable, acknowledged or not.
    let broker = broker.kill().await;
    let fetched = broker.client().await.fetch("t", 0, FetchOptions::default()).await.unwrap();
    assert_eq!(read_records(&fetched.records, 0).unwrap().len(), 2);
}

#[tokio::test]
async fn the_largest_timestamp_is_that_of_a_durable_record() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let base = base_time_ms();
    calls::append(&mut client, "t", 0, &batch_at(base, &["0", "1"])).await;
    calls::append(&mut client, "t", 0, &batch_at(base - 5, &["2"])).await;
    let broker = broker.stop().await.with_commit_time(NEVER).start().await;
    let (mut writer, mut reader) = (broker.client().await, broker.client().await);
    writer.send_produce("t", 0, &batch_at(base + 100, &["3", "4"]), -1).await.unwrap();
    wait_for_end(&broker, 5).await;
    let newest = reader.list_offset("t", 0, MAX_TIMESTAMP).await.unwrap();
    assert_eq!((newest.offset, newest.timestamp_ms), (1, base + 1));
    // The next start makes the others durable.
    let broker = broker.kill().await;
    let newest = broker.client().await.list_offset("t", 0, MAX_TIMESTAMP).await.unwrap();
    assert_eq!((newest.offset, newest.timestamp_ms), (4, base + 101));
}

#[tokio::test]
async fn a_produce_that_is_not_durable_in_its_time_is_told_so_and_was_appended() {
    let broker = TestBroker::start_slow(NEVER).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let bytes = batch(&["a"]);
    let partition_data = vec![PartitionProduceData { index: 0, records: Records::Bytes(&bytes) }];
    let topic_data =
        vec![TopicProduceData { name: "t".into(), partition_data, ..TopicProduceData::default() }];
    let request = ProduceRequest { transactional_id: None, acks: -1, timeout_ms: 1, topic_data };
    let frame = within("produce", client.call(&request, 12)).await.unwrap();
    let response: ProduceResponse<'_> = frame.decode().unwrap();
    let told = response.responses[0].partition_responses[0].error_code;
    assert_eq!(ErrorCode::from_code(told), Some(ErrorCode::RequestTimedOut));
    let broker = broker.restart().await;
    let fetched = broker.client().await.fetch("t", 0, FetchOptions::default()).await.unwrap();
    assert_eq!(read_records(&fetched.records, 0).unwrap().len(), 1);
}
