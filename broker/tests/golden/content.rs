//! What the golden data directories hold, how it is written and how it is recognised.

use std::borrow::Cow;

use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use broker_protocol::messages::describe_configs_request::DescribeConfigsResource;
use broker_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use broker_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    DescribeGroupsRequest, DescribeGroupsResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse, MetadataResponse,
};
use broker_protocol::types::{TopicId, Uuid};
use serde_json::{Value, json};

use crate::WRITTEN_MS;
use crate::harness::batches::{batch_at, compressed_at, numbered_at};
use crate::harness::{Conn, TestBroker, calls, groups, within};

/// Batches of two records of the producer in partition 0 of "orders".
const BATCHES: i32 = 6;

/// Between two pairs of them: more than a segment may span.
const STEP_MS: i64 = 100_000;

/// Up to here the records of partition 1 are deleted.
const DELETED_BELOW: i64 = 2;

const ALL_COMPRESSIONS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

/// What is different at each writing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ids {
    cluster: String,
    orders: Uuid,
    audit: Uuid,
    producer: i64,
}

impl Ids {
    pub(crate) fn to_json(&self) -> String {
        let ids = json!({
            "cluster": self.cluster,
            "orders": self.orders.to_string(),
            "audit": self.audit.to_string(),
            "producer": self.producer,
        });
        format!("{ids:#}\n")
    }

    pub(crate) fn from_json(text: &str) -> Ids {
        let ids: Value = serde_json::from_str(text).unwrap();
        let text = |name: &str| ids[name].as_str().unwrap().to_owned();
        Ids {
            cluster: text("cluster"),
            orders: text("orders").parse().unwrap(),
            audit: text("audit").parse().unwrap(),
            producer: ids["producer"].as_i64().unwrap(),
        }
    }
}

/// Time of the first record of the producer's batch of that number.
fn time_of(number: i32) -> i64 {
    WRITTEN_MS - 1_000_000 + i64::from(number / 2) * STEP_MS + i64::from(number % 2) * 1000
}

/// The producer's batch of that number.
fn numbered(producer: i64, number: i32) -> Vec<u8> {
    let values = [format!("{number}a"), format!("{number}b")];
    numbered_at(time_of(number), (producer, 0, number * 2), &[&values[0], &values[1]])
}

/// Writes everything over three lives of the broker; gives the last one, which runs.
pub(crate) async fn write(broker: TestBroker) -> (TestBroker, Ids) {
    let mut client = broker.client().await;
    let forever = ("retention.ms", "-1");
    let settings = [forever, ("segment.ms", "60000"), ("index.interval.bytes", "1")];
    let orders = calls::create_topic(&mut client, "orders", 2, &settings).await;
    let audit = calls::create_topic(&mut client, "audit", 1, &[forever, ("cleanup.policy", "delete")]).await;
    calls::create_topic(&mut client, "gone", 1, &[]).await;
    let producer = client.init_producer_id(None).await.unwrap().producer_id;
    for number in 0..BATCHES / 2 {
        calls::append(&mut client, "orders", 0, &numbered(producer, number)).await;
    }
    for compression in ALL_COMPRESSIONS {
        let bytes = compressed_at(compression, WRITTEN_MS - 1000, &["x", "y"]);
        calls::append(&mut client, "orders", 1, &bytes).await;
    }
    assert_eq!(calls::delete_topic(&mut client, "gone").await, ErrorCode::None);
    groups::commit(&mut client, "inventory", ("orders", 0), 3).await;
    let broker = broker.restart().await;
    let mut client = broker.client().await;
    groups::joined(&mut client, "payment").await;
    change(&mut client, (2, "audit"), "compression.type", "lz4").await;
    change(&mut client, (4, ""), "log.flush.interval.messages", "123456").await;
    broker.context().metadata.snapshot().await.unwrap();
    delete_records(&mut client).await;
    drop(client);
    let broker = broker.restart().await;
    let mut client = broker.client().await;
    for number in BATCHES / 2..BATCHES {
        calls::append(&mut client, "orders", 0, &numbered(producer, number)).await;
    }
    calls::append(&mut client, "audit", 0, &batch_at(WRITTEN_MS - 5, &["seen"])).await;
    let noted = groups::try_commit(&mut client, "inventory", ("orders", 0), 7, "half way").await;
    assert_eq!(noted, ErrorCode::None);
    let cluster = metadata(&mut client).await.0;
    (broker, Ids { cluster, orders: orders.0, audit: audit.0, producer })
}

async fn change(client: &mut Conn, (kind, name): (i8, &str), key: &str, to: &str) {
    let configs = vec![AlterableConfig { name: key.into(), config_operation: 0, value: Some(to.into()) }];
    let resource = AlterConfigsResource { resource_type: kind, resource_name: name.into(), configs };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    let frame = within("alter", client.call(&request, 1)).await.unwrap();
    let response: IncrementalAlterConfigsResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.responses[0].error_code, 0, "{:?}", response.responses[0].error_message);
}

async fn delete_records(client: &mut Conn) {
    let partitions = vec![DeleteRecordsPartition { partition_index: 1, offset: DELETED_BELOW }];
    let topics = vec![DeleteRecordsTopic { name: "orders".into(), partitions }];
    let request = DeleteRecordsRequest { topics, timeout_ms: 10_000 };
    let frame = within("delete records", client.call(&request, 2)).await.unwrap();
    let response: DeleteRecordsResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.topics[0].partitions[0].error_code, 0);
}

/// The cluster's id, and of each topic its name, id and count of partitions.
async fn metadata(client: &mut Conn) -> (String, Vec<(String, Uuid, usize)>) {
    let frame = within("metadata", client.metadata(None)).await.unwrap();
    let response: MetadataResponse<'_> = frame.decode().unwrap();
    let topics = response.topics.iter();
    let mut topics: Vec<_> = topics
        .map(|topic| (topic.name.as_deref().unwrap().to_owned(), topic.topic_id, topic.partitions.len()))
        .collect();
    topics.sort();
    (response.cluster_id.as_deref().unwrap().to_owned(), topics)
}

async fn setting(client: &mut Conn, (kind, name): (i8, &str), key: &str) -> String {
    let resource = DescribeConfigsResource {
        resource_type: kind,
        resource_name: name.into(),
        configuration_keys: Some(vec![Cow::Borrowed(key)]),
    };
    let request = DescribeConfigsRequest { resources: vec![resource], ..DescribeConfigsRequest::default() };
    let frame = within("describe", client.call(&request, 4)).await.unwrap();
    let response: DescribeConfigsResponse<'_> = frame.decode().unwrap();
    response.results[0].configs[0].value.as_deref().unwrap().to_owned()
}

/// Checks all that was written; changes nothing.
pub(crate) async fn check(broker: &TestBroker, ids: &Ids, end: &str) {
    let mut client = broker.client().await;
    let (cluster, topics) = metadata(&mut client).await;
    assert_eq!(cluster, ids.cluster, "{end}");
    let wanted = [("audit".to_owned(), ids.audit, 1), ("orders".to_owned(), ids.orders, 2)];
    let (internal, own): (Vec<_>, Vec<_>) = topics.into_iter().partition(|topic| topic.0.starts_with("__"));
    assert_eq!(own, wanted, "{end}");
    assert_eq!((internal.len(), &*internal[0].0), (1, "__consumer_offsets"), "{end}");
    for (resource, key, value) in [
        ((2, "orders"), "segment.ms", "60000"),
        ((2, "orders"), "retention.ms", "-1"),
        ((2, "audit"), "compression.type", "lz4"),
        ((4, "1"), "log.flush.interval.messages", "123456"),
    ] {
        assert_eq!(setting(&mut client, resource, key).await, value, "{end}: {key}");
    }
    check_records(&mut client, ids, end).await;
    let inventory = groups::committed(&mut client, "inventory", ("orders", 0)).await;
    assert_eq!(inventory, (7, "half way".to_owned()), "{end}");
    let request =
        DescribeGroupsRequest { groups: vec!["payment".into()], ..DescribeGroupsRequest::default() };
    let frame = within("describe groups", client.call(&request, 5)).await.unwrap();
    let response: DescribeGroupsResponse<'_> = frame.decode().unwrap();
    let payment = &response.groups[0];
    assert_eq!((payment.error_code, &*payment.group_state, &*payment.protocol_data), (0, "Stable", "range"));
    assert_eq!(payment.members.len(), 1, "{end}");
    assert_eq!(&*payment.members[0].member_assignment, b"a", "{end}");
}

async fn check_records(client: &mut Conn, ids: &Ids, end: &str) {
    let records = calls::read_from(client, "orders", 0, 0).await;
    assert_eq!(records.len(), usize::try_from(BATCHES * 2).unwrap(), "{end}");
    for (number, pair) in (0..).zip(records.chunks(2)) {
        for (index, record) in (0..).zip(pair) {
            let value = format!("{number}{}", ["a", "b"][usize::try_from(index).unwrap()]);
            assert_eq!(record.value.as_deref(), Some(value.as_bytes()), "{end}");
            assert_eq!(record.offset, i64::from(number) * 2 + index, "{end}");
            assert_eq!(record.timestamp_ms, time_of(number) + index, "{end}");
            assert_eq!(record.producer_id, ids.producer, "{end}");
            // The first half in the first life of the broker, the second in its third.
            assert_eq!(record.leader_epoch, if number < BATCHES / 2 { 0 } else { 2 }, "{end}");
        }
        let found = client.list_offset("orders", 0, time_of(number)).await.unwrap();
        assert_eq!((found.offset, found.timestamp_ms), (i64::from(number) * 2, time_of(number)), "{end}");
    }
    let kept = calls::read_from(client, "orders", 1, DELETED_BELOW).await;
    let offsets: Vec<i64> = kept.iter().map(|record| record.offset).collect();
    assert_eq!(offsets, (DELETED_BELOW..10).collect::<Vec<_>>(), "{end}");
    assert!(kept.chunks(2).all(|pair| pair[0].value.as_deref() == Some(b"x")), "{end}");
    assert_eq!(client.list_offset("orders", 1, -2).await.unwrap().offset, DELETED_BELOW, "{end}");
    assert_eq!(calls::values(client, "audit", 0).await, ["seen"], "{end}");
}

/// Checks what comes next: retries, further batches, ids that were not given out before, restarts.
pub(crate) async fn check_and_go_on(broker: TestBroker, ids: &Ids, end: &str) {
    let mut client = broker.client().await;
    for number in BATCHES - 5..BATCHES {
        let again = calls::append(&mut client, "orders", 0, &numbered(ids.producer, number)).await;
        assert_eq!(again, i64::from(number) * 2, "{end}: a retry");
    }
    let gap = calls::append_error(&mut client, "orders", 0, &numbered(ids.producer, BATCHES + 1)).await;
    assert_eq!(gap, ErrorCode::OutOfOrderSequenceNumber, "{end}");
    let next = calls::append(&mut client, "orders", 0, &numbered(ids.producer, BATCHES)).await;
    assert_eq!(next, i64::from(BATCHES) * 2, "{end}");
    let producer = client.init_producer_id(None).await.unwrap().producer_id;
    assert!(producer > ids.producer, "{end}: {producer} was given out before");
    let made: TopicId = calls::create_topic(&mut client, "gone", 1, &[]).await;
    assert_eq!(calls::values(&mut client, "gone", 0).await, [""; 0], "{end}");
    assert_eq!(groups::try_commit(&mut client, "inventory", ("orders", 0), 13, "").await, ErrorCode::None);
    drop(client);
    let broker = broker.restart().await;
    let mut client = broker.client().await;
    assert_eq!(calls::read_from(&mut client, "orders", 0, 0).await.len(), 14, "{end}");
    assert_eq!(groups::committed(&mut client, "inventory", ("orders", 0)).await.0, 13, "{end}");
    assert!(metadata(&mut client).await.1.iter().any(|topic| topic.1 == made.0), "{end}");
}
