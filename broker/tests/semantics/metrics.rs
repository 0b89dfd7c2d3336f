//! What an operator sees over HTTP: every figure with its help text, the lag of groups, health with reasons.

use std::collections::{BTreeMap, BTreeSet};

use broker_log::io::memory_disk::OperationKind;
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::types::{TopicId, Uuid};
use broker_state::group::{CommitRequest, OffsetToCommit};

use crate::harness::batches::{base_time_ms, batch, batch_at};
use crate::harness::http::{Page, get};
use crate::harness::{Conn, TestBroker, calls, groups};

/// A page of metrics, taken apart.
struct Samples {
    helps: BTreeMap<String, String>,
    types: BTreeMap<String, String>,
    /// By name and labels as they stand there.
    values: BTreeMap<String, f64>,
}

impl Samples {
    async fn of(broker: &TestBroker) -> Samples {
        let Page { status, body } = get(broker, "/metrics").await;
        assert_eq!(status, 200);
        let mut samples = Samples { helps: BTreeMap::new(), types: BTreeMap::new(), values: BTreeMap::new() };
        for line in body.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, text) = help.split_once(' ').unwrap_or((help, ""));
                assert!(samples.helps.insert(name.to_owned(), text.to_owned()).is_none(), "{name} twice");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                samples.types.insert(name.to_owned(), kind.to_owned());
            } else {
                let (sample, value) = line.rsplit_once(' ').unwrap();
                let known = samples.values.insert(sample.to_owned(), value.parse().unwrap());
                assert!(known.is_none(), "{sample} twice");
            }
        }
        samples
    }

    fn value(&self, sample: &str) -> f64 {
        *self.values.get(sample).unwrap_or_else(|| panic!("{sample} is not there"))
    }

    /// The metric that a sample belongs to.
    fn metric_of(&self, sample: &str) -> String {
        let name = sample.split('{').next().unwrap();
        let parts = ["_bucket", "_sum", "_count"];
        let of_histogram = parts.iter().filter_map(|part| name.strip_suffix(part));
        let mut found =
            of_histogram.filter(|name| self.types.get(*name).is_some_and(|kind| kind == "histogram"));
        found.next().unwrap_or(name).to_owned()
    }
}

/// A broker with records in two topics, a group that is behind in one and has read the other, and an error.
async fn with_traffic() -> (TestBroker, Conn) {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "orders", 2, &[]).await;
    calls::create_topic(&mut client, "bills", 1, &[]).await;
    let young = base_time_ms();
    calls::append(&mut client, "orders", 1, &batch_at(young - 10_000_000, &["read"])).await;
    calls::append(&mut client, "orders", 1, &batch_at(young - 1_000_000, &["first unread"])).await;
    calls::append(&mut client, "orders", 1, &batch_at(young, &["unread", "unread"])).await;
    calls::append(&mut client, "bills", 0, &batch(&["read"])).await;
    groups::commit(&mut client, "readers", ("orders", 1), 1).await;
    groups::commit(&mut client, "readers", ("bills", 0), 1).await;
    commit_for_another_topic(&broker, "orders", 0).await;
    calls::values(&mut client, "orders", 1).await;
    let refused = calls::append_error(&mut client, "missing", 0, &batch(&["a"])).await;
    assert_eq!(refused, ErrorCode::UnknownTopicOrPartition);
    (broker, client)
}

/// A commit that outlived the topic that had the name before.
async fn commit_for_another_topic(broker: &TestBroker, topic: &str, partition: i32) {
    let offset = OffsetToCommit {
        topic: topic.into(),
        topic_id: TopicId(Uuid::from_u128(77)),
        partition,
        offset: 1,
        leader_epoch: -1,
        metadata: String::new(),
    };
    let request = CommitRequest {
        group_id: "readers".to_owned(),
        generation_id: -1,
        member_id: String::new(),
        instance_id: None,
        retention_time_ms: -1,
        knows_group_id_not_found: true,
        offsets: vec![offset],
    };
    assert_eq!(broker.context().groups.commit(&request).await, Ok(vec![Ok(())]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_has_a_help_text_and_a_type() {
    let (broker, _client) = with_traffic().await;
    let samples = Samples::of(&broker).await;
    let names: BTreeSet<String> = samples.values.keys().map(|sample| samples.metric_of(sample)).collect();
    assert!(names.len() > 25, "{names:?}");
    for name in &names {
        assert!(name.starts_with("highwater_"), "{name}");
        let help = samples.helps.get(name).unwrap_or_else(|| panic!("{name} has no help text"));
        assert!(help.len() > 10 && help.ends_with('.'), "{name}: {help:?} is no sentence");
        assert!(samples.types.contains_key(name), "{name} has no type");
        let is_counter = samples.types[name] == "counter";
        assert_eq!(name.ends_with("_total"), is_counter, "{name}: only counters are totals");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_figures_of_requests_topics_and_the_disk_are_there() {
    let (broker, _client) = with_traffic().await;
    let samples = Samples::of(&broker).await;
    for (sample, wanted) in [
        (r#"highwater_requests_total{api="Produce"}"#, 5.0),
        (r#"highwater_request_seconds_count{api="Produce"}"#, 5.0),
        (r#"highwater_request_errors_total{api="Produce",error="UNKNOWN_TOPIC_OR_PARTITION"}"#, 1.0),
        (r#"highwater_topic_records_in_total{topic="orders"}"#, 4.0),
        (r#"highwater_topic_records_in_total{topic="bills"}"#, 1.0),
        (r#"highwater_topic_records_out_total{topic="orders"}"#, 4.0),
        (r#"highwater_topic_records_out_total{topic="bills"}"#, 0.0),
        (r#"highwater_partition_log_start_offset{partition="1",topic="orders"}"#, 0.0),
        (r#"highwater_partition_log_end_offset{partition="1",topic="orders"}"#, 4.0),
        (r#"highwater_partition_high_watermark{partition="1",topic="orders"}"#, 4.0),
        (r#"highwater_partition_segments{partition="1",topic="orders"}"#, 1.0),
        (r#"highwater_partition_size_bytes{partition="0",topic="orders"}"#, 0.0),
        ("highwater_connections", 1.0),
        ("highwater_log_dir_up", 1.0),
        (r#"highwater_request_memory_bytes{kind="used"}"#, 0.0),
        (&format!(r#"highwater_build_info{{version="{}"}}"#, env!("CARGO_PKG_VERSION")), 1.0),
    ] {
        assert_eq!(samples.value(sample), wanted, "{sample}");
    }
    for sample in [
        r#"highwater_topic_bytes_in_total{topic="orders"}"#,
        r#"highwater_topic_bytes_out_total{topic="orders"}"#,
        r#"highwater_partition_size_bytes{partition="1",topic="orders"}"#,
        r#"highwater_request_bytes_total{api="Produce"}"#,
        r#"highwater_response_bytes_total{api="Fetch"}"#,
        r#"highwater_request_memory_bytes{kind="limit"}"#,
        "highwater_log_fsync_seconds_count",
        "highwater_log_commit_bytes_sum",
        "highwater_log_commit_partitions_count",
        "highwater_connections_total",
    ] {
        assert!(samples.value(sample) > 0.0, "{sample}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lag_of_a_group_is_told_in_records_and_in_seconds() {
    let (broker, _client) = with_traffic().await;
    let samples = Samples::of(&broker).await;
    let orders = r#"{group="readers",partition="1",topic="orders"}"#;
    let bills = r#"{group="readers",partition="0",topic="bills"}"#;
    let value = |name: &str, labels: &str| samples.value(&format!("{name}{labels}"));
    assert_eq!(value("highwater_group_committed_offset", orders), 1.0);
    assert_eq!(value("highwater_group_lag_records", orders), 3.0);
    // The first unread record is 1,000 s older than `base_time_ms`, which is 60 s ago; the one before it is older.
    let seconds = value("highwater_group_lag_seconds", orders);
    assert!((1_060.0..1_100.0).contains(&seconds), "{seconds}");
    assert_eq!(value("highwater_group_lag_records", bills), 0.0);
    assert_eq!(value("highwater_group_lag_seconds", bills), 0.0);
    let of_a_deleted_topic = r#"{group="readers",partition="0",topic="orders"}"#;
    assert!(!samples.values.contains_key(&format!("highwater_group_lag_records{of_a_deleted_topic}")));
    assert_eq!(value("highwater_group_members", r#"{group="readers"}"#), 0.0);
    assert_eq!(value("highwater_group_state", r#"{group="readers",state="Empty"}"#), 1.0);
}

/// The lag in seconds of a group that has committed `offset` in a topic that holds nothing but that batch.
async fn lag_seconds(configs: &[(&str, &str)], batch: &[u8], offset: i64) -> f64 {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, configs).await;
    calls::append(&mut client, "t", 0, batch).await;
    groups::commit(&mut client, "g", ("t", 0), offset).await;
    let samples = Samples::of(&broker).await;
    samples.value(r#"highwater_group_lag_seconds{group="g",partition="0",topic="t"}"#)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lag_in_seconds_is_that_of_the_record_at_the_committed_offset() {
    let old = base_time_ms() - 1_000_000;
    let two = |compression| {
        let mut builder = BatchBuilder::new(compression);
        builder.push(old, None, Some(b"old"), &[]);
        builder.push(old + 500_000, None, Some(b"younger"), &[]);
        builder.build()
    };
    let plain = two(Compression::None);
    let gzip = two(Compression::Gzip);
    for (batch, offset, least) in [(&plain, 0, 1_060.0), (&plain, 1, 560.0), (&gzip, 1, 1_060.0)] {
        let seconds = lag_seconds(&[], batch, offset).await;
        assert!((least..least + 60.0).contains(&seconds), "{offset}: {seconds}");
    }
    let mut large = BatchBuilder::new(Compression::None);
    large.push(old, None, Some(&[0; 100_000]), &[]);
    large.push(old + 500_000, None, Some(b"younger"), &[]);
    let seconds = lag_seconds(&[], &large.build(), 1).await;
    assert!((1_060.0..1_120.0).contains(&seconds), "the batch's first record bounds it: {seconds}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lag_in_seconds_counts_no_time_that_nobody_set() {
    assert_eq!(lag_seconds(&[], &batch_at(-1, &["no time"]), 0).await, 0.0);
    let by_broker = [("message.timestamp.type", "LogAppendTime")];
    for offset in [0, 1] {
        let seconds = lag_seconds(&by_broker, &batch_at(5, &["1970", "1970"]), offset).await;
        assert!((0.0..60.0).contains(&seconds), "{seconds}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_gone_is_told_no_more() {
    let (broker, mut client) = with_traffic().await;
    assert_eq!(calls::delete_topic(&mut client, "orders").await, ErrorCode::None);
    let samples = Samples::of(&broker).await;
    let left: Vec<_> = samples.values.keys().filter(|sample| sample.contains("orders")).collect();
    assert_eq!(left, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_is_told_with_the_reason() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(get(&broker, path).await, Page { status: 200, body: "ok\n".to_owned() });
    }
    assert_eq!(get(&broker, "/elsewhere").await.status, 404);
    broker.disk().with_faults(|faults| faults.fail(OperationKind::Write, "t-0/", 0));
    calls::append_error(&mut client, "t", 0, &batch(&["a"])).await;
    for path in ["/healthz", "/readyz"] {
        let page = get(&broker, path).await;
        assert_eq!(page.status, 503);
        assert!(page.body.contains("append to t-0 failed"), "{}", page.body);
    }
    // What runs but takes no more clients is alive and not ready.
    let broker = broker.kill().await;
    broker.context().stopping.store(true, std::sync::atomic::Ordering::Release);
    assert_eq!(get(&broker, "/healthz").await.status, 200);
    assert_eq!(get(&broker, "/readyz").await, Page { status: 503, body: "stopping\n".to_owned() });
}
