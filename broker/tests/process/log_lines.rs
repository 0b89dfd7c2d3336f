//! What clients ask again and again is not told in the log.

use broker_client::Client;
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::metadata_request::MetadataRequestTopic;
use broker_protocol::messages::{MetadataRequest, MetadataResponse};

use crate::process::{Process, get};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_waits_for_a_topic_that_cannot_be_made_writes_no_log_lines() {
    let dir = tempfile::tempdir().unwrap();
    let mut broker = Process::start(dir.path(), &[]);
    let stream = tokio::net::TcpStream::connect(broker.address("PLAINTEXT")).await.unwrap();
    let mut client = Client::new(stream, "tests");
    assert_eq!(client.create_topic("orders.v1", 1, &[]).await.unwrap().error_code, ErrorCode::None);
    for _ in 0..20 {
        // Names that differ in nothing but a dot and an underscore collide in the names of metrics.
        let topics = ["orders_v1", "__transaction_state"]
            .map(|name| MetadataRequestTopic { name: Some(name.into()), ..MetadataRequestTopic::default() });
        let request = MetadataRequest {
            topics: Some(topics.to_vec()),
            allow_auto_topic_creation: true,
            ..MetadataRequest::default()
        };
        let frame = client.call(&request, 12).await.unwrap();
        let answer: MetadataResponse<'_> = frame.decode().unwrap();
        let unknown = ErrorCode::UnknownTopicOrPartition.code();
        assert!(answer.topics.iter().all(|topic| topic.error_code == unknown), "{answer:?}");
    }
    broker.terminate();
    assert!(broker.wait().success());
    let told: Vec<&String> = broker.all_lines().iter().filter(|line| line.contains("_v1")).collect();
    assert!(told.is_empty(), "{told:#?}");
    let warned: Vec<&String> = broker.all_lines().iter().filter(|line| line.contains(" WARN ")).collect();
    assert!(warned.is_empty(), "{warned:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_kept_from_compaction_is_told_once_by_name() {
    let (dir, remote) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = format!("highwater.remote.url=file://{}", remote.path().display());
    let sets = [&*url, "remote.log.manager.task.interval.ms=20", "log.retention.check.interval.ms=50"];
    let mut broker = Process::start(dir.path(), &sets);
    let stream = tokio::net::TcpStream::connect(broker.address("PLAINTEXT")).await.unwrap();
    let mut client = Client::new(stream, "tests");
    let small = [("segment.bytes", "1048576"), ("local.retention.bytes", "1"), ("retention.ms", "-1")];
    assert_eq!(client.create_topic("orders", 1, &small).await.unwrap().error_code, ErrorCode::None);
    let value = "v".repeat(400_000);
    for _ in 0..6 {
        let mut builder = BatchBuilder::new(Compression::None);
        builder.push(1_700_000_000_000, None, Some(value.as_bytes()), &[]);
        let produced = client.produce("orders", 0, &builder.build(), -1).await.unwrap();
        assert_eq!(produced.error_code, ErrorCode::None);
    }
    let metrics = broker.address("HTTP");
    let start = "highwater_partition_local_log_start_offset{partition=\"0\",topic=\"orders\"} 4";
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !get(metrics, "/metrics").unwrap().1.contains(start) {
        assert!(std::time::Instant::now() < deadline, "nothing is let go");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    broker.terminate();
    assert!(broker.wait().success());
    let compact = ["log.cleanup.policy=compact", "log.cleaner.backoff.ms=5"];
    let mut broker = Process::start(dir.path(), &[&sets[..], &compact].concat());
    broker.line_with("the log is not compacted");
    std::thread::sleep(std::time::Duration::from_millis(200));
    broker.terminate();
    assert!(broker.wait().success());
    let told: Vec<&String> = broker.all_lines().iter().filter(|line| line.contains(" ERROR ")).collect();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].contains("neither compacted nor copied") && told[0].contains("orders"), "{told:#?}");
    assert!(told[1].contains("topic=\"orders\" partition=0"), "{told:#?}");
}
