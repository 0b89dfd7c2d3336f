//! Requests of one fetch session that overlap: each is answered with what it asked for, or told that it came out of turn.

use std::sync::Arc;

use broker_client::read_records;
use broker_log::io::memory_disk::MemoryDisk;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use broker_protocol::messages::{FetchRequest, FetchResponse};
use broker_protocol::types::{LeaderEpoch, Offset, TopicId};
use highwater_broker::api::fetch_read::{Limits, read_all, register_all};
use highwater_broker::api::fetch_session::{Session, Target, Told as KnownToClient};
use highwater_broker::net::waiter::Waiter;
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use crate::harness::batches::batch;
use crate::harness::{Conn, TestBroker, calls, within};

/// The last version that names topics.
const VERSION: i16 = 12;

/// Longer than the tests wait for anything.
const LONG_MS: i32 = 300_000;

/// What an answer says.
#[derive(PartialEq, Eq, Debug)]
struct Told {
    error: ErrorCode,
    /// Topic and values of the records.
    topics: Vec<(String, Vec<String>)>,
}

fn told(topics: &[(&str, &[&str])]) -> Told {
    let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let topics = topics.iter().map(|(topic, found)| ((*topic).to_owned(), values(found))).collect();
    Told { error: ErrorCode::None, topics }
}

fn out_of_turn() -> Told {
    Told { error: ErrorCode::InvalidFetchSessionEpoch, topics: Vec::new() }
}

/// A fetch of the first partitions of topics, from the given offsets on, that waits for a byte.
fn request<'a>(
    (session_id, session_epoch): (i32, i32),
    wanted: &[(&'a str, i64)],
    forgotten: &[&'a str],
) -> FetchRequest<'a> {
    let topic = |&(topic, fetch_offset): &(&'a str, i64)| FetchTopic {
        topic: topic.into(),
        partitions: vec![FetchPartition {
            fetch_offset,
            partition_max_bytes: 1 << 20,
            ..FetchPartition::default()
        }],
        ..FetchTopic::default()
    };
    let forgotten_topic = |&topic: &&'a str| ForgottenTopic {
        topic: topic.into(),
        partitions: vec![0],
        ..ForgottenTopic::default()
    };
    FetchRequest {
        max_wait_ms: LONG_MS,
        min_bytes: 1,
        max_bytes: 1 << 20,
        session_id,
        session_epoch,
        topics: wanted.iter().map(topic).collect(),
        forgotten_topics_data: forgotten.iter().map(forgotten_topic).collect(),
        ..FetchRequest::default()
    }
}

/// The next answer of a connection, and its session.
async fn receive(client: &mut Conn) -> (Told, i32) {
    let frame = within("fetch", client.receive()).await.unwrap();
    let response: FetchResponse<'_> = frame.decode().unwrap();
    let topics = response.responses.iter().map(|topic| {
        let records = topic.partitions.iter().flat_map(|data| {
            assert_eq!(data.error_code, 0, "{}", topic.topic);
            read_records(data.records.as_bytes().unwrap_or_default(), 0).unwrap()
        });
        let values = records.map(|record| String::from_utf8(record.value.unwrap()).unwrap());
        (topic.topic.to_string(), values.collect())
    });
    let error = ErrorCode::from_code(response.error_code).unwrap();
    (Told { error, topics: topics.collect() }, response.session_id)
}

/// Sends a request behind others of its connection, and waits until the broker has it.
async fn send_behind(broker: &TestBroker, client: &mut Conn, request: &FetchRequest<'_>) {
    let memory = &broker.context().memory;
    let before = memory.used();
    client.send(request, VERSION).await.unwrap();
    within("reading", async {
        while memory.used() <= before {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Sends a request of a session whose turn it is, and waits until the session has what it asks for.
async fn send(broker: &TestBroker, client: &mut Conn, request: &FetchRequest<'_>) {
    client.send(request, VERSION).await.unwrap();
    let session = broker.context().sessions.get(request.session_id, Instant::now()).unwrap();
    within("the session", async {
        while session.lock().next_epoch == request.session_epoch {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A broker with the topics "a" and "b", and a session that is at the end of "a".
async fn with_session(values: &[(&str, &str)]) -> (TestBroker, Conn, i32) {
    let broker = TestBroker::start_on(MemoryDisk::new(1), &[]).await;
    let mut client = broker.client().await;
    for topic in ["a", "b"] {
        calls::create_topic(&mut client, topic, 1, &[]).await;
    }
    let mut end = 0;
    for (topic, value) in values {
        calls::append(&mut client, topic, 0, &batch(&[value])).await;
        end += i64::from(*topic == "a");
    }
    let first = FetchRequest { max_wait_ms: 0, ..request((0, 0), &[("a", end)], &[]) };
    client.send(&first, VERSION).await.unwrap();
    let session = receive(&mut client).await.1;
    assert!(session > 0);
    (broker, client, session)
}

/// From now on every fetch has to read from the disk, and does not get to it.
async fn hold_reads(broker: &TestBroker) -> SemaphorePermit<'_> {
    broker.disk().with_faults(|faults| faults.is_cold = true);
    let budget = &broker.context().cold_reads;
    budget.acquire_many(u32::try_from(budget.available_permits()).unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_of_one_connection_are_answered_each_with_what_it_asked_for() {
    let (broker, mut client, session) = with_session(&[("a", "of a"), ("b", "of b")]).await;
    let held = hold_reads(&broker).await;
    send(&broker, &mut client, &request((session, 1), &[("a", 0)], &[])).await;
    send_behind(&broker, &mut client, &request((session, 2), &[("b", 0)], &["a"])).await;
    drop(held);
    assert_eq!(receive(&mut client).await, (told(&[("a", &["of a"])]), session));
    assert_eq!(receive(&mut client).await, (told(&[("b", &["of b"])]), session));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_judged_by_the_session_as_those_before_it_left_it() {
    let (broker, mut client, session) = with_session(&[("a", "of a")]).await;
    let held = hold_reads(&broker).await;
    send(&broker, &mut client, &request((session, 1), &[("a", 0)], &[])).await;
    // The next one ends the session, and the last one comes too late.
    let end = FetchRequest { max_wait_ms: 0, ..request((session, -1), &[("b", 0)], &[]) };
    send_behind(&broker, &mut client, &end).await;
    send_behind(&broker, &mut client, &request((session, 2), &[("b", 0)], &[])).await;
    drop(held);
    assert_eq!(receive(&mut client).await, (told(&[("a", &["of a"])]), session));
    assert_eq!(receive(&mut client).await, (told(&[("b", &[])]), 0));
    assert_eq!(receive(&mut client).await.0.error, ErrorCode::FetchSessionIdNotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_session_another_connection_has_changed_is_told_so() {
    let (broker, mut first, session) = with_session(&[("a", "of a"), ("b", "of b")]).await;
    let mut second = broker.client().await;
    let held = hold_reads(&broker).await;
    send(&broker, &mut first, &request((session, 1), &[("a", 0)], &[])).await;
    send(&broker, &mut second, &request((session, 2), &[("b", 0)], &["a"])).await;
    drop(held);
    assert_eq!(receive(&mut first).await.0, out_of_turn());
    assert_eq!(receive(&mut second).await, (told(&[("b", &["of b"])]), session));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_waits_makes_way_for_the_next_one_of_another_connection() {
    let (broker, mut first, session) = with_session(&[]).await;
    let mut second = broker.client().await;
    send(&broker, &mut first, &request((session, 1), &[], &[])).await;
    send(&broker, &mut second, &request((session, 2), &[], &[])).await;
    assert_eq!(receive(&mut first).await.0, out_of_turn());
    // It waits for "a" in place of the other.
    calls::append(&mut first, "a", 0, &batch(&["of a"])).await;
    assert_eq!(receive(&mut second).await, (told(&[("a", &["of a"])]), session));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_session_was_ended_meanwhile_is_answered() {
    let (broker, mut first, session) = with_session(&[]).await;
    let mut second = broker.client().await;
    send(&broker, &mut first, &request((session, 1), &[], &[])).await;
    let end = FetchRequest { max_wait_ms: 0, ..request((session, -1), &[("b", 0)], &[]) };
    second.send(&end, VERSION).await.unwrap();
    assert_eq!(receive(&mut second).await, (told(&[("b", &[])]), 0));
    calls::append(&mut second, "a", 0, &batch(&["of a"])).await;
    assert_eq!(receive(&mut first).await, (told(&[("a", &["of a"])]), session));
    first.send(&request((session, 2), &[], &[]), VERSION).await.unwrap();
    assert_eq!(receive(&mut first).await.0.error, ErrorCode::FetchSessionIdNotFound);
}

#[tokio::test]
async fn a_request_that_waits_for_a_topic_waits_for_the_one_made_again_under_its_name() {
    let (broker, mut client, _) = with_session(&[]).await;
    let ctx = broker.context();
    let mut session = Session::new(false);
    session.put(Target {
        topic: "a".into(),
        topic_id: TopicId::ZERO,
        partition: 0,
        offset: Offset(0),
        leader_epoch: LeaderEpoch::NONE,
        last_fetched_epoch: LeaderEpoch::NONE,
        bytes_max: 1 << 20,
        told: KnownToClient::default(),
        registered: None,
    });
    let waiter = Arc::new(Waiter::new());
    let mut wait = || {
        let reads = read_all(ctx, &mut session, &Limits { bytes_max: 1 << 20, read_committed: false });
        assert!(reads[0].is_empty());
        assert!(register_all(ctx, &mut session, &reads, &waiter));
        // Ours, the session's and that of the partition that is to wake it.
        assert_eq!(Arc::strong_count(&waiter), 3);
    };
    wait();
    assert_eq!(calls::delete_topic(&mut client, "a").await, ErrorCode::None);
    calls::create_topic(&mut client, "a", 1, &[]).await;
    wait();
}
