//! Clients that are many, or that do not read: the others do not notice.

use broker_client::FetchOptions;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::FetchRequest;
use broker_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::AsyncWriteExt;

use crate::harness::batches::batch;
use crate::harness::{Conn, TestBroker, calls, within};

/// How many idle connections the broker has to bear.
const IDLE_CONNECTIONS: u64 = 5000;

/// Descriptors for everything else in this process.
const OTHER_DESCRIPTORS: u64 = 500;

/// As many connections as this process may have both ends of, up to `IDLE_CONNECTIONS`.
fn affordable_connections() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let wanted = IDLE_CONNECTIONS * 2 + OTHER_DESCRIPTORS;
    let granted = limit.maximum.unwrap_or(wanted).min(wanted).max(limit.current.unwrap_or(wanted));
    setrlimit(Resource::Nofile, Rlimit { current: Some(granted), maximum: limit.maximum }).unwrap();
    granted.saturating_sub(OTHER_DESCRIPTORS).min(IDLE_CONNECTIONS * 2) / 2
}

/// Writes and reads with a connection of its own.
async fn assert_serves_others(broker: &TestBroker, topic: &str) {
    let mut client: Conn = broker.client().await;
    calls::create_topic(&mut client, topic, 1, &[]).await;
    for number in 0..20 {
        assert_eq!(calls::append(&mut client, topic, 0, &batch(&["record"])).await, number);
    }
    assert_eq!(calls::values(&mut client, topic, 0).await.len(), 20);
}

/// fault = 80
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_idle_connections_leave_the_others_alone() {
    let count = affordable_connections();
    let broker = TestBroker::start(&[]).await;
    let mut idle = Vec::new();
    for number in 0..count {
        let mut socket = broker.socket().await;
        // Half of them have begun a request that they never finish.
        if number % 2 == 0 {
            socket.write_all(&[0, 0]).await.unwrap();
        }
        idle.push(socket);
    }
    assert_serves_others(&broker, "others").await;
    assert_eq!(broker.context().memory.used(), 0, "an idle connection takes nothing of the budget");
    drop(idle);
    assert_serves_others(&broker, "later").await;
}

/// fault = 80
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_beyond_the_limit_wait_for_a_free_place_and_the_others_live() {
    let broker = TestBroker::start(&["max.connections=3"]).await;
    let mut first = broker.client().await;
    let mut second = broker.client().await;
    let mut third = broker.client().await;
    for client in [&mut first, &mut second, &mut third] {
        within("answer", client.api_versions()).await.unwrap();
    }
    let mut later = Vec::new();
    for _ in 0..2 {
        let mut client = broker.client().await;
        later.push(tokio::spawn(async move {
            client.api_versions().await.unwrap();
            client
        }));
    }
    for _ in 0..20 {
        within("answer", first.api_versions()).await.unwrap();
    }
    assert!(later.iter().all(|client| !client.is_finished()), "there is no place for them");
    drop(second);
    let served = within("the next", later.remove(0)).await.unwrap();
    within("answer", first.api_versions()).await.unwrap();
    assert!(!later[0].is_finished(), "there was a place for one of them");
    drop(served);
    within("the last", later.remove(0)).await.unwrap();
}

/// fault = 80
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_never_reads_leaves_the_others_alone() {
    const REQUESTS: usize = 400;
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "large", 1, &[]).await;
    let value = "x".repeat(500_000);
    for _ in 0..4 {
        calls::append(&mut client, "large", 0, &batch(&[&value])).await;
    }
    // 800 MB are asked for, and not a byte of them is taken.
    let mut stuck = broker.client().await;
    let partitions = vec![FetchPartition { partition_max_bytes: 1 << 21, ..FetchPartition::default() }];
    let topics = vec![FetchTopic { topic: "large".into(), partitions, ..FetchTopic::default() }];
    let request = FetchRequest { max_bytes: 1 << 21, session_epoch: -1, topics, ..FetchRequest::default() };
    for _ in 0..REQUESTS {
        stuck.send(&request, 12).await.unwrap();
    }
    assert_serves_others(&broker, "others").await;
    let options = FetchOptions { max_bytes: 1 << 21, ..FetchOptions::default() };
    let fetched = within("fetch", client.fetch("large", 0, options)).await.unwrap();
    assert_eq!((fetched.error_code, fetched.high_watermark), (ErrorCode::None, 4));
    // What waits is requests of a few bytes, not their answers.
    assert!(broker.context().memory.used() < REQUESTS * 200, "{}", broker.context().memory.used());
    // It was only slow: everything is still there for it.
    let frame = within("slow answer", stuck.receive()).await.unwrap();
    assert!(frame.body().len() > 1_900_000);
}

/// fault = 79, 80
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_request_that_never_ends_leaves_the_others_alone() {
    let broker = TestBroker::start(&[]).await;
    let mut slow = broker.socket().await;
    slow.write_all(&50_000_000_i32.to_be_bytes()).await.unwrap();
    slow.write_all(&[0; 1000]).await.unwrap();
    assert_serves_others(&broker, "others").await;
}
