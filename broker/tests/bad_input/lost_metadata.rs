//! A metadata log that ends too early, under partitions that it must have known: refused, and nothing is taken away.

use std::fs;
use std::path::Path;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::CreatePartitionsRequest;
use broker_protocol::messages::create_partitions_request::CreatePartitionsTopic;

use crate::harness::batches::batch;
use crate::harness::{Stopped, TestBroker, calls, copy_files};

const LOG: &str = "metadata/log-0000000000";

/// A topic `first`, then a topic `orders`, with a record each, on a broker that is killed or stopped.
async fn two_topics(stops: bool) -> Stopped {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    for topic in ["first", "orders"] {
        calls::create_topic(&mut client, topic, 1, &[]).await;
        calls::append(&mut client, topic, 0, &batch(&[topic])).await;
    }
    drop(client);
    if stops { broker.stop().await } else { broker.killed_copy() }
}

/// Cuts the metadata log inside the record that makes `orders`.
fn cut(data: &Path) {
    let mut bytes = fs::read(data.join(LOG)).unwrap();
    let name = bytes.windows(6).position(|window| window == b"orders").unwrap();
    bytes.truncate(name);
    fs::write(data.join(LOG), bytes).unwrap();
}

async fn assert_refused(stopped: Stopped) -> Stopped {
    let (error, stopped) = stopped.refused().await;
    assert!(error.contains(LOG) && error.contains("/orders-0"), "{error}");
    assert!(!error.contains("/first-0"), "{error}");
    assert!(stopped.path().join("orders-0").is_dir());
    stopped
}

/// Starts it and checks that all that was acknowledged is there.
async fn assert_whole(stopped: Stopped) {
    let broker = stopped.start().await;
    let mut client = broker.client().await;
    for topic in ["first", "orders"] {
        assert_eq!(calls::values(&mut client, topic, 0).await, [topic]);
    }
    drop(client);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_metadata_log_that_lost_a_topic_is_refused_and_the_right_one_has_all() {
    for stops in [false, true] {
        let stopped = two_topics(stops).await;
        let data = stopped.path();
        let whole = fs::read(data.join(LOG)).unwrap();
        cut(&data);
        let stopped = assert_refused(stopped).await;
        let stopped = assert_refused(stopped).await;
        fs::write(data.join(LOG), whole).unwrap();
        assert_whole(stopped).await;
    }
}

/// The topic itself is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_metadata_log_that_lost_added_partitions_is_refused() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "first", 1, &[]).await;
    calls::create_topic(&mut client, "orders", 1, &[]).await;
    let before = fs::read(broker.path().join(LOG)).unwrap();
    let end = before.iter().rposition(|&byte| byte != 0).unwrap() + 1;
    let topics = vec![CreatePartitionsTopic { name: "orders".into(), count: 2, assignments: None }];
    let request = CreatePartitionsRequest { topics, timeout_ms: 10_000, validate_only: false };
    client.call(&request, 3).await.unwrap();
    calls::append(&mut client, "orders", 1, &batch(&["orders"])).await;
    drop(client);
    let stopped = broker.stop().await;
    fs::write(stopped.path().join(LOG), &before[..end]).unwrap();
    let (error, _) = stopped.refused().await;
    assert!(error.contains("/orders-1") && !error.contains("/orders-0"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_metadata_directory_is_refused_and_the_newer_one_has_all() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "first", 1, &[]).await;
    calls::append(&mut client, "first", 0, &batch(&["first"])).await;
    drop(client);
    let stopped = broker.stop().await;
    let metadata = stopped.path().join("metadata");
    let (older, newer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    copy_files(&metadata, older.path());
    let broker = stopped.start().await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "orders", 1, &[]).await;
    calls::append(&mut client, "orders", 0, &batch(&["orders"])).await;
    drop(client);
    let stopped = broker.stop().await;
    copy_files(&metadata, newer.path());
    let put_back = |from: &Path| {
        fs::remove_dir_all(&metadata).unwrap();
        fs::create_dir(&metadata).unwrap();
        copy_files(from, &metadata);
    };
    put_back(older.path());
    let stopped = assert_refused(stopped).await;
    put_back(newer.path());
    assert_whole(stopped).await;
}

/// Where the metadata is gone for good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_starts_without_what_was_moved_away() {
    let stopped = two_topics(false).await;
    let data = stopped.path();
    cut(&data);
    let stopped = assert_refused(stopped).await;
    let away = tempfile::tempdir().unwrap();
    fs::rename(data.join("orders-0"), away.path().join("orders-0")).unwrap();
    let broker = stopped.start().await;
    let mut client = broker.client().await;
    assert_eq!(calls::values(&mut client, "first", 0).await, ["first"]);
    calls::create_topic(&mut client, "orders", 1, &[]).await;
    assert_eq!(calls::append_error(&mut client, "orders", 0, &batch(&["new"])).await, ErrorCode::None);
    assert_eq!(calls::values(&mut client, "orders", 0).await, ["new"]);
    drop(client);
    broker.stop().await;
    let log = fs::read(away.path().join("orders-0/00000000000000000000.log")).unwrap();
    assert!(log.windows(6).any(|window| window == b"orders"), "its records are where it was moved to");
}
