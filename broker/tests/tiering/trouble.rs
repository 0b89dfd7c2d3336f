//! Stores that fail, are slow, lose objects or change them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use broker_client::FetchOptions;
use broker_protocol::error_code::ErrorCode;
use broker_tier::faulty_store::{Answer, Effect, FaultyStore, Operation};
use object_store::memory::InMemory;
use object_store::{ObjectStoreExt, PutPayload};

use crate::harness::batches::batch;
use crate::harness::http::get;
use crate::harness::{TestBroker, calls, within};
use crate::store::{
    append, assert_reads, create, fetch_error, listed, objects, start, start_over, starts, until,
    until_let_go,
};

/// A broker over a store that misbehaves as told, and the store inside.
pub(crate) async fn faulty(sets: &[&str]) -> (TestBroker, Arc<FaultyStore>, Arc<InMemory>) {
    let inner = Arc::new(InMemory::new());
    let store = Arc::new(FaultyStore::new(Arc::clone(&inner) as _));
    (start_over(Arc::clone(&store) as _, sets).await, store, inner)
}

pub(crate) const WRITES: [Operation; 4] =
    [Operation::Put, Operation::Create, Operation::Begin, Operation::Part];

/// fault = 54, 58
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_bucket_is_down_produce_goes_on_and_nothing_is_let_go() {
    let (broker, store, _inner) = faulty(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[("retention.bytes", "1500000")]).await;
    for operation in WRITES {
        store.next(operation, "", u32::MAX, Effect::Fail(Answer::ServerError));
    }
    append(&mut client, 0..14).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(starts(&broker), (0, 0));
    assert_reads(&mut client, 0..14).await;
    let page = get(&broker, "/metrics").await.body;
    let lag = page
        .lines()
        .find_map(|line| line.strip_prefix("highwater_remote_lag_bytes{partition=\"0\",topic=\"t\"} "));
    assert!(lag.is_some_and(|lag| lag.parse::<u64>().unwrap() > 4_000_000), "{lag:?}");
    store.heal();
    until_let_go(&broker).await;
    until("retention goes on", || starts(&broker).0 >= 9).await;
    assert_reads(&mut client, starts(&broker).0..14).await;
}

/// fault = 46, 47, 48
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_with_a_wrong_answer_or_none_leave_one_history() {
    for effect in [
        Effect::DoneBut(Answer::ServerError),
        Effect::DoneBut(Answer::Taken),
        Effect::DoneBut(Answer::Silence),
        Effect::Fail(Answer::Taken),
        Effect::Fail(Answer::Silence),
    ] {
        let times = ["highwater.remote.request.timeout.ms=150", "highwater.remote.transfer.timeout.ms=150"];
        let (broker, store, _inner) = faulty(&times).await;
        let mut client = broker.client().await;
        create(&mut client, &[]).await;
        store.next(Operation::Create, "/manifest/", 2, effect);
        append(&mut client, 0..11).await;
        until_let_go(&broker).await;
        assert_reads(&mut client, 0..11).await;
        let report = get_scrub(&broker).await;
        assert_eq!(report["sound"], true, "{effect:?}: {report:#}");
    }
}

/// What a scrub finds.
async fn get_scrub(broker: &TestBroker) -> serde_json::Value {
    use highwater_broker::http::{Health, Scrubbed};
    match broker.health().scrub(None).await {
        Scrubbed::Done { report, .. } => serde_json::from_str(&report).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The only object of records that begin at an offset.
pub(crate) async fn object_at(store: &InMemory, base: i64) -> object_store::path::Path {
    let part = format!("/seg/{base:020}-");
    let names = objects(store).await;
    let mut found = names.into_iter().filter(|name| name.contains(&part));
    object_store::path::Path::from(found.next().unwrap())
}

/// fault = 62
/// tiering = 9
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_object_is_an_error_that_is_told_and_never_a_gap() {
    let (broker, store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..14).await;
    until_let_go(&broker).await;
    store.delete(&object_at(&store, 3).await).await.unwrap();
    assert_eq!(fetch_error(&mut client, 0).await, ErrorCode::None);
    assert_eq!(fetch_error(&mut client, 4).await, ErrorCode::KafkaStorageError);
    assert_reads(&mut client, 6..14).await;
    let page = get(&broker, "/metrics").await.body;
    assert!(!page.contains("highwater_remote_missing_objects_total 0\n"), "{page}");
    let report = get_scrub(&broker).await;
    assert_eq!(report["sound"], false);
    assert_eq!(report["partitions"][0]["missing"].as_array().unwrap().len(), 1, "{report:#}");
}

/// fault = 62
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_object_is_an_error_that_is_told() {
    let (broker, store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    let path = object_at(&store, 0).await;
    let mut bytes = store.get(&path).await.unwrap().bytes().await.unwrap().to_vec();
    bytes[400_000] ^= 1;
    store.put(&path, PutPayload::from(bytes)).await.unwrap();
    assert_eq!(fetch_error(&mut client, 1).await, ErrorCode::KafkaStorageError);
    assert_reads(&mut client, 2..8).await;
    let page = get(&broker, "/metrics").await.body;
    assert!(!page.contains("highwater_remote_damaged_objects_total 0\n"), "{page}");
}

/// fault = 59
/// tiering = 11, 26
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_does_not_wait_longer_than_its_client_and_its_read_is_there_for_the_next() {
    let (broker, store, _inner) = faulty(&["remote.fetch.max.wait.ms=50"]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    store.next(Operation::Get, "/seg/", u32::MAX, Effect::Slow(Duration::from_millis(700)));
    let options = FetchOptions { offset: 0, max_wait_ms: 100, ..FetchOptions::default() };
    let began = Instant::now();
    let fetched = within("fetch", client.fetch("t", 0, options)).await.unwrap();
    assert_eq!((fetched.error_code, fetched.records.len()), (ErrorCode::None, 0));
    assert!(began.elapsed() < Duration::from_millis(600), "{:?}", began.elapsed());
    tokio::time::sleep(Duration::from_millis(1000)).await;
    let requests = store.seen(Operation::Get, "/seg/");
    let fetched = within("fetch", client.fetch("t", 0, options)).await.unwrap();
    assert!(!fetched.records.is_empty(), "{} requests before", requests);
}

/// fault = 61
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_hangs_holds_up_no_other_partition() {
    let (broker, store, _inner) = faulty(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    let configs = [("segment.bytes", "1048576"), ("local.retention.bytes", "1"), ("retention.ms", "-1")];
    let id = calls::create_topic(&mut client, "stuck", 1, &configs).await.to_string();
    store.next(Operation::Put, &id, u32::MAX, Effect::Fail(Answer::Silence));
    let value = crate::store::value(0);
    for _ in 0..8 {
        calls::append(&mut client, "stuck", 0, &batch(&[&value])).await;
    }
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    let stuck = broker.context().replicas.partition("stuck", 0).unwrap();
    assert_eq!(stuck.log().with(|log| log.local_log_start_offset().0), 0);
    assert_eq!(listed(&mut client, -4).await.unwrap().0, 6);
}

/// tiering = 11, 26
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_longer_than_a_client_waits_is_there_for_a_later_fetch() {
    let (broker, store, _inner) = faulty(&["remote.fetch.max.wait.ms=1"]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    // The middle of an object takes its index and a chunk, one after the other.
    store.next(Operation::Get, "", u32::MAX, Effect::Slow(Duration::from_millis(150)));
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let options = FetchOptions { offset: 4, ..FetchOptions::default() };
        let fetched = within("fetch", client.fetch("t", 0, options)).await.unwrap();
        assert_eq!(fetched.error_code, ErrorCode::None);
        if !fetched.records.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "nothing is read, however often it is asked for");
    }
}
