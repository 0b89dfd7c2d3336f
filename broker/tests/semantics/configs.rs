//! Settings: where a value comes from, what is refused, and that a change counts at once and for good.

use broker_client::FetchOptions;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::describe_configs_request::DescribeConfigsResource;
use broker_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use broker_protocol::messages::{
    DescribeConfigsRequest, DescribeConfigsResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};
use broker_protocol::record_batch::batches;

use crate::harness::batches::{base_time_ms, batch, batch_at};
use crate::harness::{Conn, TestBroker, calls, within};

/// What a setting belongs to: its type and name on the wire.
type Resource<'a> = (i8, &'a str);

/// Settings of the one broker, and of all.
const THIS_BROKER: Resource<'_> = (4, "1");
const ALL_BROKERS: Resource<'_> = (4, "");

fn topic(name: &str) -> Resource<'_> {
    (2, name)
}

/// Where values come from, as the wire spells it.
const OF_TOPIC: i8 = 1;
const OF_BROKER: i8 = 2;
const OF_ALL_BROKERS: i8 = 3;
const AT_START: i8 = 4;
const DEFAULT: i8 = 5;

/// Operations of IncrementalAlterConfigs.
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

/// A value with its source.
type Value = (String, i8);

fn value(text: &str, source: i8) -> Value {
    (text.to_owned(), source)
}

/// Changes one setting; gives the error.
async fn change(
    client: &mut Conn,
    (kind, name): Resource<'_>,
    key: &str,
    operation: i8,
    to: &str,
) -> ErrorCode {
    let config = AlterableConfig {
        name: key.into(),
        config_operation: operation,
        value: (operation != DELETE).then(|| to.into()),
    };
    let resource =
        AlterConfigsResource { resource_type: kind, resource_name: name.into(), configs: vec![config] };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    let frame = within("alter", client.call(&request, 1)).await.unwrap();
    let response: IncrementalAlterConfigsResponse<'_> = frame.decode().unwrap();
    ErrorCode::from_code(response.responses[0].error_code).unwrap()
}

/// Changes one setting, which must be allowed.
async fn set(client: &mut Conn, resource: Resource<'_>, key: &str, to: &str) {
    assert_eq!(change(client, resource, key, SET, to).await, ErrorCode::None, "{key}={to}");
}

/// One setting with its synonyms.
async fn described(
    client: &mut Conn,
    (kind, name): Resource<'_>,
    key: &str,
) -> (Value, Vec<(String, Value)>) {
    let resource = DescribeConfigsResource {
        resource_type: kind,
        resource_name: name.into(),
        configuration_keys: Some(vec![key.into()]),
    };
    let request = DescribeConfigsRequest {
        resources: vec![resource],
        include_synonyms: true,
        ..DescribeConfigsRequest::default()
    };
    let frame = within("describe", client.call(&request, 4)).await.unwrap();
    let response: DescribeConfigsResponse<'_> = frame.decode().unwrap();
    let config = &response.results[0].configs[0];
    let text = |value: &Option<std::borrow::Cow<'_, str>>| value.as_deref().unwrap_or("null").to_owned();
    let synonyms =
        config.synonyms.iter().map(|one| (one.name.to_string(), (text(&one.value), one.source))).collect();
    ((text(&config.value), config.config_source), synonyms)
}

async fn with_topic(sets: &[&str]) -> (TestBroker, Conn) {
    let broker = TestBroker::start_in_memory(sets).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    (broker, client)
}

/// Does what the broker does once a second.
fn maintain(broker: &TestBroker) {
    let ctx = broker.context();
    ctx.replicas.maintain(ctx.env.clock.now_ms());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_comes_from_the_nearest_place_and_all_places_are_told() {
    let (_broker, mut client) = with_topic(&["log.retention.ms=400"]).await;
    let at_start = ("log.retention.ms".to_owned(), value("400", AT_START));
    let default = ("log.retention.hours".to_owned(), value("168", DEFAULT));
    let mut synonyms = vec![at_start, default];
    assert_eq!(
        described(&mut client, topic("t"), "retention.ms").await,
        (value("400", AT_START), synonyms.clone())
    );
    for (resource, key, to, source) in [
        (ALL_BROKERS, "log.retention.ms", "300", OF_ALL_BROKERS),
        (THIS_BROKER, "log.retention.ms", "200", OF_BROKER),
        (topic("t"), "retention.ms", "100", OF_TOPIC),
    ] {
        set(&mut client, resource, key, to).await;
        synonyms.insert(0, (key.to_owned(), value(to, source)));
        let wanted = (value(to, source), synonyms.clone());
        assert_eq!(described(&mut client, topic("t"), "retention.ms").await, wanted);
    }
    // Another topic has no setting of its own.
    calls::create_topic(&mut client, "u", 1, &[]).await;
    assert_eq!(described(&mut client, topic("u"), "retention.ms").await.0, value("200", OF_BROKER));
    for (resource, key, next) in [
        (topic("t"), "retention.ms", value("200", OF_BROKER)),
        (THIS_BROKER, "log.retention.ms", value("300", OF_ALL_BROKERS)),
        (ALL_BROKERS, "log.retention.ms", value("400", AT_START)),
    ] {
        assert_eq!(change(&mut client, resource, key, DELETE, "").await, ErrorCode::None);
        assert_eq!(described(&mut client, topic("t"), "retention.ms").await.0, next);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_added_to_and_taken_from() {
    let (_broker, mut client) = with_topic(&[]).await;
    for (operation, to, wanted) in [
        (APPEND, "compact", "delete,compact"),
        (APPEND, "compact", "delete,compact"),
        (SUBTRACT, "delete", "compact"),
        (SET, "delete", "delete"),
    ] {
        let error = change(&mut client, topic("t"), "cleanup.policy", operation, to).await;
        assert_eq!(error, ErrorCode::None, "{operation} {to}");
        let found = described(&mut client, topic("t"), "cleanup.policy").await.0;
        assert_eq!(found, value(wanted, OF_TOPIC), "{operation} {to}");
    }
    let error = change(&mut client, topic("t"), "retention.ms", APPEND, "1").await;
    assert_eq!(error, ErrorCode::InvalidConfig, "a number is no list");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_settings_are_refused_and_change_nothing() {
    let (_broker, mut client) = with_topic(&[]).await;
    for (key, to) in [
        ("retention.ms", "soon"),
        ("retention.ms", "-2"),
        ("segment.bytes", "13"),
        ("segment.bytes", "99999999999"),
        ("max.message.bytes", "-1"),
        ("cleanup.policy", "burn"),
        ("compression.type", "rar"),
        ("message.timestamp.type", "Whenever"),
        ("min.insync.replicas", "0"),
        ("highwater.flush.before.ack", "maybe"),
        ("no.such.setting", "1"),
    ] {
        let error = change(&mut client, topic("t"), key, SET, to).await;
        assert_eq!(error, ErrorCode::InvalidConfig, "{key}={to}");
        let created = client.create_topic("u", 1, &[(key, to)]).await.unwrap();
        assert_eq!(created.error_code, ErrorCode::InvalidConfig, "{key}={to}");
    }
    for resource in [THIS_BROKER, ALL_BROKERS] {
        let read_only = change(&mut client, resource, "node.id", SET, "7").await;
        assert_eq!(read_only, ErrorCode::InvalidRequest, "a setting of the start");
    }
    let missing = change(&mut client, topic("missing"), "retention.ms", SET, "1").await;
    assert_eq!(missing, ErrorCode::UnknownTopicOrPartition);
    assert_eq!(described(&mut client, topic("t"), "retention.ms").await.0, value("604800000", DEFAULT));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_batch_counts_at_once() {
    let (_broker, mut client) = with_topic(&[]).await;
    let large = batch(&["x".repeat(2000).as_str()]);
    assert_eq!(calls::append(&mut client, "t", 0, &large).await, 0);
    set(&mut client, topic("t"), "max.message.bytes", "1000").await;
    assert_eq!(calls::append_error(&mut client, "t", 0, &large).await, ErrorCode::MessageTooLarge);
    assert_eq!(calls::append(&mut client, "t", 0, &batch(&["small"])).await, 1);
    // What was taken before stays readable.
    assert_eq!(calls::values(&mut client, "t", 0).await.len(), 2);
    assert_eq!(change(&mut client, topic("t"), "max.message.bytes", DELETE, "").await, ErrorCode::None);
    assert_eq!(calls::append(&mut client, "t", 0, &large).await, 2);
    // Through the broker's own setting, too.
    set(&mut client, ALL_BROKERS, "message.max.bytes", "1000").await;
    assert_eq!(calls::append_error(&mut client, "t", 0, &large).await, ErrorCode::MessageTooLarge);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_size_of_segments_counts_at_once() {
    let (broker, mut client) = with_topic(&[]).await;
    let large = batch(&["x".repeat(700_000).as_str()]);
    let segments =
        || broker.context().replicas.partition("t", 0).unwrap().log().with(|log| log.segment_count());
    for _ in 0..3 {
        calls::append(&mut client, "t", 0, &large).await;
    }
    assert_eq!(segments(), 1);
    set(&mut client, topic("t"), "segment.bytes", "1048576").await;
    for _ in 0..2 {
        calls::append(&mut client, "t", 0, &large).await;
    }
    assert_eq!(segments(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retention_by_time_and_by_size_counts_at_once() {
    let (broker, mut client) = with_topic(&["log.retention.check.interval.ms=1"]).await;
    calls::create_topic(&mut client, "by-size", 1, &[("segment.bytes", "1048576")]).await;
    calls::append(&mut client, "t", 0, &batch(&["a minute old"])).await;
    let large = batch(&["x".repeat(700_000).as_str()]);
    for _ in 0..4 {
        calls::append(&mut client, "by-size", 0, &large).await;
    }
    maintain(&broker);
    assert_eq!(client.list_offset("t", 0, -2).await.unwrap().offset, 0);
    set(&mut client, topic("t"), "retention.ms", "1000").await;
    set(&mut client, topic("by-size"), "retention.bytes", "1500000").await;
    for (name, start) in [("t", 1), ("by-size", 1)] {
        within("retention", async {
            while client.list_offset(name, 0, -2).await.unwrap().offset < start {
                maintain(&broker);
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    assert_eq!(calls::append(&mut client, "t", 0, &batch(&["next"])).await, 1);
    let kept = calls::read_from(&mut client, "by-size", 0, 1).await;
    assert_eq!(kept.len(), 3, "what is left holds the size that was asked for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_kind_of_timestamps_counts_at_once() {
    let (_broker, mut client) = with_topic(&[]).await;
    let old = base_time_ms() - 1000;
    let produced = client.produce("t", 0, &batch_at(old, &["a", "b"]), -1).await.unwrap();
    assert_eq!(produced.log_append_time_ms, -1);
    set(&mut client, topic("t"), "message.timestamp.type", "LogAppendTime").await;
    let produced = client.produce("t", 0, &batch_at(old, &["c", "d"]), -1).await.unwrap();
    assert!(produced.log_append_time_ms > old);
    let times: Vec<i64> =
        calls::read_from(&mut client, "t", 0, 0).await.iter().map(|record| record.timestamp_ms).collect();
    let appended = produced.log_append_time_ms;
    assert_eq!(times, [old, old + 1, appended, appended]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_from_another_time_are_refused_as_the_topic_says() {
    let (_broker, mut client) = with_topic(&[]).await;
    const DAY_MS: i64 = 86_400_000;
    // A minute has passed since `base_time_ms`; the default allows an hour ahead and any past.
    assert_eq!(calls::append(&mut client, "t", 0, &batch_at(base_time_ms() - 6 * DAY_MS, &["a"])).await, 0);
    let ahead = batch_at(base_time_ms() + DAY_MS, &["b"]);
    assert_eq!(calls::append_error(&mut client, "t", 0, &ahead).await, ErrorCode::InvalidTimestamp);
    set(&mut client, topic("t"), "message.timestamp.after.max.ms", &(2 * DAY_MS).to_string()).await;
    assert_eq!(calls::append(&mut client, "t", 0, &ahead).await, 1);
    set(&mut client, topic("t"), "message.timestamp.before.max.ms", "1000").await;
    let behind = calls::append_error(&mut client, "t", 0, &batch(&["c"])).await;
    assert_eq!(behind, ErrorCode::InvalidTimestamp);
}

/// How the batches of a partition are compressed.
async fn compressions(client: &mut Conn) -> Vec<Compression> {
    let fetched = client.fetch("t", 0, FetchOptions::default()).await.unwrap();
    let found = batches(&fetched.records).map(|batch| batch.unwrap().header.compression().unwrap());
    found.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_stay_as_they_were_compressed_unless_the_topic_says_otherwise() {
    let (_broker, mut client) = with_topic(&[]).await;
    let all =
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
    for compression in all {
        let sent = crate::harness::batches::compressed(compression, &["a", "a", "a"]);
        calls::append(&mut client, "t", 0, &sent).await;
    }
    assert_eq!(compressions(&mut client).await, all);
    set(&mut client, topic("t"), "compression.type", "zstd").await;
    let sent = crate::harness::batches::compressed(Compression::Gzip, &["b"]);
    calls::append(&mut client, "t", 0, &sent).await;
    assert_eq!(compressions(&mut client).await.last(), Some(&Compression::Zstd));
    assert_eq!(calls::values(&mut client, "t", 0).await.last().unwrap(), "b");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compacted_topic_refuses_records_without_a_key_one_by_one() {
    let (_broker, mut client) = with_topic(&[]).await;
    set(&mut client, topic("t"), "cleanup.policy", "compact").await;
    let refused = client.produce("t", 0, &batch(&["a", "b"]), -1).await.unwrap();
    assert_eq!(refused.error_code, ErrorCode::InvalidRecord);
    assert_eq!(refused.record_errors.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_only_replica_is_enough_for_any_least_number_of_replicas() {
    let (_broker, mut client) = with_topic(&[]).await;
    // Kafka asks for no more replicas than the topic has.
    set(&mut client, topic("t"), "min.insync.replicas", "2").await;
    assert_eq!(calls::append(&mut client, "t", 0, &batch(&["a"])).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_outlive_every_kind_of_restart() {
    let (mut broker, mut client) = with_topic(&[]).await;
    set(&mut client, topic("t"), "max.message.bytes", "1000").await;
    set(&mut client, ALL_BROKERS, "log.retention.ms", "300").await;
    let large = batch(&["x".repeat(2000).as_str()]);
    for end in 0..3 {
        broker = match end {
            0 => broker.restart().await,
            1 => broker.kill().await,
            _ => broker.power_loss(4).await,
        };
        client = broker.client().await;
        assert_eq!(described(&mut client, topic("t"), "max.message.bytes").await.0, value("1000", OF_TOPIC));
        assert_eq!(described(&mut client, topic("t"), "retention.ms").await.0, value("300", OF_ALL_BROKERS));
        assert_eq!(calls::append_error(&mut client, "t", 0, &large).await, ErrorCode::MessageTooLarge);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_settings_of_what_is_not_there_are_refused_as_kafka_does() {
    let (_broker, mut client) = with_topic(&[]).await;
    for ((kind, name), wanted) in [
        (topic("missing"), ErrorCode::UnknownTopicOrPartition),
        (topic("a b"), ErrorCode::InvalidTopicException),
        ((THIS_BROKER.0, "99"), ErrorCode::InvalidRequest),
        ((THIS_BROKER.0, "01"), ErrorCode::InvalidRequest),
        ((THIS_BROKER.0, "one"), ErrorCode::InvalidRequest),
    ] {
        let resource = DescribeConfigsResource {
            resource_type: kind,
            resource_name: name.into(),
            configuration_keys: None,
        };
        let request =
            DescribeConfigsRequest { resources: vec![resource], ..DescribeConfigsRequest::default() };
        let frame = within("describe", client.call(&request, 4)).await.unwrap();
        let response: DescribeConfigsResponse<'_> = frame.decode().unwrap();
        assert_eq!(ErrorCode::from_code(response.results[0].error_code), Some(wanted), "{name}");
        assert!(response.results[0].configs.is_empty());
    }
}
