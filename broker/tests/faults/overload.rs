//! More work than the broker can or may take: what it holds stays within its bounds, other clients are served, and once
//! the load is gone nothing of it is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use broker_client::FetchOptions;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::FetchRequest;
use broker_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;

use crate::harness::batches::batch;
use crate::harness::{TestBroker, calls, http, within};

/// Requests of one connection that the broker holds at the same time (`REQUESTS_IN_FLIGHT_MAX`).
const IN_FLIGHT_MAX: usize = 1024;

/// Waits until something is so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    within(what, async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A broker whose requests may hold that much memory, one request or all of them.
async fn start_with_budget(bytes: usize) -> TestBroker {
    let broker = TestBroker::start(&[
        &format!("queued.max.request.bytes={bytes}"),
        &format!("socket.request.max.bytes={bytes}"),
    ])
    .await;
    assert_eq!(broker.context().memory.limit(), bytes);
    broker
}

/// fault = 79
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_read_only_within_the_memory_budget() {
    const LIMIT: usize = 1_000_000;
    const ANNOUNCED: usize = 300_000;
    let broker = start_with_budget(LIMIT).await;
    let memory = &broker.context().memory;
    let mut hogs = Vec::new();
    for _ in 0..8 {
        let mut hog = broker.socket().await;
        hog.write_all(&i32::try_from(ANNOUNCED).unwrap().to_be_bytes()).await.unwrap();
        hog.write_all(&[0; 1000]).await.unwrap();
        hogs.push(hog);
    }
    // Three fit; the others wait with what they have in their sockets.
    until("three requests", || memory.used() == 3 * ANNOUNCED).await;
    let mut client = broker.client().await;
    let large = batch(&["x".repeat(200_000).as_str()]);
    client.send_produce("t", 0, &large, -1).await.unwrap();
    let pending = tokio::spawn(async move { (client.receive_produced().await, client) });
    assert_eq!(memory.used(), 3 * ANNOUNCED);
    assert!(!pending.is_finished(), "there is no room for it");
    // A request that still fits is served meanwhile.
    within("small request", broker.client().await.api_versions()).await.unwrap();
    drop(hogs);
    let (answer, mut client) = within("answer", pending).await.unwrap();
    assert_eq!(answer.unwrap().error_code, ErrorCode::UnknownTopicOrPartition);
    until("an empty budget", || memory.used() == 0).await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    assert_eq!(calls::append(&mut client, "t", 0, &large).await, 0);
}

/// fault = 80
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_has_a_bounded_number_of_requests_in_flight() {
    const REQUESTS: usize = 5 * IN_FLIGHT_MAX;
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let request = |max_wait_ms| {
        let partitions = vec![FetchPartition { partition_max_bytes: 1000, ..FetchPartition::default() }];
        let topics = vec![FetchTopic { topic: "t".into(), partitions, ..FetchTopic::default() }];
        let request = FetchRequest { max_bytes: 1000, session_epoch: -1, topics, ..FetchRequest::default() };
        FetchRequest { max_wait_ms, min_bytes: 1, ..request }
    };
    let (mut sender, mut receiver) = broker.client().await.into_halves();
    let memory = &broker.context().memory;
    // What the one whose turn it is takes while it waits, and with another behind it; all others are alike.
    let mut taken = Vec::new();
    for requests in [1, 2] {
        for _ in 0..requests {
            sender.send(&request(500), 12).await.unwrap();
        }
        let most = within("the first requests", async {
            let mut most = 0;
            while most == 0 || memory.used() > 0 {
                most = most.max(memory.used());
                tokio::task::yield_now().await;
            }
            most
        });
        taken.push(most.await);
        for _ in 0..requests {
            within("fetch", receiver.receive()).await.unwrap();
        }
    }
    let full = taken[0] + (IN_FLIGHT_MAX - 1) * (taken[1] - taken[0]);
    let sending = tokio::spawn(async move {
        for _ in 0..REQUESTS {
            sender.send(&request(60_000), 12).await.unwrap();
        }
        sender
    });
    until("a full queue", || memory.used() == full).await;
    for _ in 0..20 {
        within("other client", client.api_versions()).await.unwrap();
    }
    assert_eq!(memory.used(), full, "no further request has been read");
    // Each of them is answered in the end.
    assert_eq!(calls::append(&mut client, "t", 0, &batch(&["a"])).await, 0);
    for _ in 0..REQUESTS {
        within("fetch", receiver.receive()).await.unwrap();
    }
    within("sender", sending).await.unwrap();
    until("an empty budget", || memory.used() == 0).await;
}

/// A client that sends batches of a record each, without waiting for answers, until `stop`; gives how many were
/// acknowledged.
async fn flood(broker: &TestBroker, partition: i32, stop: &Arc<AtomicBool>) -> JoinHandle<usize> {
    let mut client = broker.client().await;
    let stop = Arc::clone(stop);
    let bytes = batch(&["x".repeat(2000).as_str()]);
    tokio::spawn(async move {
        let mut acknowledged = 0;
        let mut waiting = 0;
        while waiting > 0 || !stop.load(Ordering::Relaxed) {
            while waiting < 200 && !stop.load(Ordering::Relaxed) {
                client.send_produce("flood", partition, &bytes, -1).await.unwrap();
                waiting += 1;
            }
            let answer = within("flood", client.receive_produced()).await.unwrap();
            assert_eq!(answer.error_code, ErrorCode::None);
            acknowledged += 1;
            waiting -= 1;
        }
        acknowledged
    })
}

/// fault = 80
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_held_within_bounds_others_are_served_and_nothing_is_left_of_it() {
    const FLOODS: i32 = 8;
    // A fifth of what the floods have in flight.
    const LIMIT: usize = 640_000;
    let broker = start_with_budget(LIMIT).await;
    let mut admin = broker.client().await;
    calls::create_topic(&mut admin, "flood", FLOODS, &[]).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut floods = Vec::new();
    for partition in 0..FLOODS {
        floods.push(flood(&broker, partition, &stop).await);
    }
    let memory = &broker.context().memory;
    until("the flood", || memory.used() > LIMIT / 2).await;
    for number in 0..10 {
        let name = format!("made-{number}");
        calls::create_topic(&mut admin, &name, 1, &[]).await;
        assert_eq!(calls::append(&mut admin, &name, 0, &batch(&["a"])).await, 0);
        assert_eq!(calls::values(&mut admin, &name, 0).await, ["a"]);
        assert!(memory.used() <= LIMIT, "{} bytes are held", memory.used());
        assert!(floods.iter().all(|flood| !flood.is_finished()), "the flood goes on");
    }
    stop.store(true, Ordering::Relaxed);
    for (partition, flood) in (0..).zip(floods) {
        let acknowledged = within("end of the flood", flood).await.unwrap();
        let options =
            FetchOptions { offset: i64::try_from(acknowledged).unwrap(), ..FetchOptions::default() };
        let end = admin.fetch("flood", partition, options).await.unwrap();
        assert_eq!(usize::try_from(end.high_watermark).unwrap(), acknowledged);
    }
    until("an empty budget", || memory.used() == 0).await;
    let only_admin =
        || async { http::get(&broker, "/metrics").await.body.contains("\nhighwater_connections 1\n") };
    within("the end of the floods' connections", async {
        while !only_admin().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(http::get(&broker, "/readyz").await.status, 200);
}
