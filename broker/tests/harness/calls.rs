//! Calls that several tests need beyond those of the client.

use broker_client::{FetchOptions, OwnedRecord, read_records};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::delete_topics_request::DeleteTopicState;
use broker_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse};
use broker_protocol::types::{TopicId, Uuid};

use super::{Conn, within};

/// Creates a topic that must not be there yet.
pub(crate) async fn create_topic(
    client: &mut Conn,
    name: &str,
    partitions: i32,
    configs: &[(&str, &str)],
) -> TopicId {
    let created = within("create topic", client.create_topic(name, partitions, configs)).await.unwrap();
    assert_eq!(created.error_code, ErrorCode::None, "{name}: {:?}", created.error_message);
    created.topic_id
}

/// Deletes a topic by its name.
pub(crate) async fn delete_topic(client: &mut Conn, name: &str) -> ErrorCode {
    let request = DeleteTopicsRequest {
        topics: vec![DeleteTopicState { name: Some(name.into()), topic_id: Uuid::nil() }],
        timeout_ms: 10_000,
        ..DeleteTopicsRequest::default()
    };
    let frame = within("delete topic", client.call(&request, 6)).await.unwrap();
    let response: DeleteTopicsResponse<'_> = frame.decode().unwrap();
    ErrorCode::from_code(response.responses[0].error_code).unwrap()
}

/// Appends a batch with acks=all; returns its first offset.
pub(crate) async fn append(client: &mut Conn, topic: &str, partition: i32, batch: &[u8]) -> i64 {
    let produced = within("produce", client.produce(topic, partition, batch, -1)).await.unwrap();
    assert_eq!(produced.error_code, ErrorCode::None, "{topic}-{partition}: {:?}", produced.error_message);
    produced.base_offset
}

/// Appends a batch that must be refused; returns the error.
pub(crate) async fn append_error(client: &mut Conn, topic: &str, partition: i32, batch: &[u8]) -> ErrorCode {
    within("produce", client.produce(topic, partition, batch, -1)).await.unwrap().error_code
}

/// Reads all records of a partition from an offset on.
pub(crate) async fn read_from(client: &mut Conn, topic: &str, partition: i32, from: i64) -> Vec<OwnedRecord> {
    let mut records: Vec<OwnedRecord> = Vec::new();
    loop {
        let offset = records.last().map_or(from, |last| last.offset + 1);
        let options = FetchOptions { offset, ..FetchOptions::default() };
        let fetched = within("fetch", client.fetch(topic, partition, options)).await.unwrap();
        assert_eq!(fetched.error_code, ErrorCode::None, "{topic}-{partition} from {offset}");
        let more = read_records(&fetched.records, offset).unwrap();
        if more.is_empty() {
            return records;
        }
        records.extend(more);
    }
}

/// The values of all records of a partition.
pub(crate) async fn values(client: &mut Conn, topic: &str, partition: i32) -> Vec<String> {
    let records = read_from(client, topic, partition, 0).await;
    records.into_iter().map(|record| String::from_utf8(record.value.unwrap_or_default()).unwrap()).collect()
}
