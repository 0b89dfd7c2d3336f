//! Failures that come later than a client waits, and those of manifests: each is told to some fetch, and counted.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker_client::{FetchOptions, read_records};
use broker_protocol::error_code::ErrorCode;
use broker_tier::faulty_store::{Answer, Effect, Operation};
use highwater_broker::tiering::Standing;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};

use crate::harness::{Conn, Stopped, TestBroker, within};
use crate::store::{
    append, assert_reads, create, metric, objects, start, starts, until, until_async, until_let_go, value,
};
use crate::trouble::{faulty, object_at};

const PATIENCE: Duration = Duration::from_secs(20);
const URL: &str = "highwater.remote.url=s3://bucket/prefix";
/// Clients wait for less than a request that is repeated takes.
const SHORT: &str = "remote.fetch.max.wait.ms=50";

async fn fetch(client: &mut Conn, offset: i64) -> (ErrorCode, Vec<u8>) {
    let options = FetchOptions { offset, max_wait_ms: 50, ..FetchOptions::default() };
    let fetched = within("fetch", client.fetch("t", 0, options)).await.unwrap();
    (fetched.error_code, fetched.records)
}

/// Asks for the same offset again and again, as clients do, until there is another answer than an empty one.
async fn until_told(client: &mut Conn, offset: i64) -> ErrorCode {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (error, records) = fetch(client, offset).await;
        if error != ErrorCode::None || !records.is_empty() {
            assert!(records.is_empty(), "records come with {error:?}");
            return error;
        }
        assert!(Instant::now() < deadline, "nobody is told, however often it is asked for");
    }
}

/// Reads all as a client does that tries again after errors of storage.
async fn assert_reads_in_the_end(client: &mut Conn, offsets: Range<i64>) {
    let (mut next, deadline) = (offsets.start, Instant::now() + PATIENCE);
    while next < offsets.end {
        let (error, bytes) = fetch(client, next).await;
        assert!(matches!(error, ErrorCode::None | ErrorCode::KafkaStorageError), "{error:?}");
        for record in read_records(&bytes, next).unwrap() {
            assert!(record.offset == next && record.value.as_deref() == Some(value(next).as_bytes()));
            next += 1;
        }
        assert!(Instant::now() < deadline, "offset {next} is never read");
    }
}

/// What the counters say: reads that failed, objects that were damaged, objects that were missing.
async fn counted(broker: &TestBroker) -> (u64, u64, u64) {
    (
        metric(broker, "highwater_remote_read_errors_total").await,
        metric(broker, "highwater_remote_damaged_objects_total").await,
        metric(broker, "highwater_remote_missing_objects_total").await,
    )
}

/// fault = 59, 62
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_is_shorter_than_written_is_damage_that_is_told() {
    let (broker, store) = start(&[SHORT]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..14).await;
    until_let_go(&broker).await;
    let path = object_at(&store, 3).await;
    let whole = store.get(&path).await.unwrap().bytes().await.unwrap();
    store.put(&path, PutPayload::from(whole.slice(..300_000))).await.unwrap();
    assert_eq!(until_told(&mut client, 3).await, ErrorCode::KafkaStorageError);
    assert_reads(&mut client, 6..14).await;
    let (errors, damaged, missing) = counted(&broker).await;
    assert!(
        errors > 0 && damaged > 0 && missing == 0,
        "{errors} errors, {damaged} damaged, {missing} missing"
    );
    store.put(&path, PutPayload::from(whole)).await.unwrap();
    assert_reads_in_the_end(&mut client, 0..14).await;
}

/// fault = 59, 62
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_shorter_than_written_is_damage_that_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("highwater.remote.url=file://{}", dir.path().display());
    let quick = ["remote.log.manager.task.interval.ms=20", "log.retention.check.interval.ms=50", SHORT];
    let sets: Vec<&str> = std::iter::once(&*url).chain(quick).collect();
    let broker = Stopped::empty(&sets).start().await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    let inside = object_store::local::LocalFileSystem::new_with_prefix(dir.path()).unwrap();
    let names = objects(&inside).await;
    let name = names.iter().find(|name| name.contains("/seg/00000000000000000003-")).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(dir.path().join(name)).unwrap();
    for length in [300_000, 0] {
        file.set_len(length).unwrap();
        assert_eq!(until_told(&mut client, 3).await, ErrorCode::KafkaStorageError, "{length} bytes");
    }
    assert_eq!(fetch(&mut client, 0).await.0, ErrorCode::None);
    let (errors, damaged, missing) = counted(&broker).await;
    assert!(
        errors > 1 && damaged > 1 && missing == 0,
        "{errors} errors, {damaged} damaged, {missing} missing"
    );
}

/// A store whose reads all end so: some later fetch is told, no object is blamed, and when it is well again all is read.
async fn assert_told(effect: Effect) {
    let (broker, store, _inner) = faulty(&[SHORT, "highwater.remote.transfer.timeout.ms=150"]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    store.next(Operation::Get, "", u32::MAX, effect);
    let began = Instant::now();
    let (error, records) = fetch(&mut client, 0).await;
    assert!(records.is_empty() && began.elapsed() < Duration::from_secs(5), "{error:?}");
    assert_eq!(until_told(&mut client, 3).await, ErrorCode::KafkaStorageError, "{effect:?}");
    let (errors, damaged, missing) = counted(&broker).await;
    assert!(errors > 0, "{effect:?}");
    assert_eq!((damaged, missing), (0, 0), "{effect:?}");
    store.heal();
    assert_reads_in_the_end(&mut client, 0..8).await;
}

/// fault = 58, 59
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_a_store_that_fails_for_longer_than_they_wait_are_told() {
    let failing = [Answer::ServerError, Answer::SlowDown, Answer::Denied];
    let all = failing.map(|answer| assert_told(Effect::Fail(answer)));
    futures_util::future::join_all(all).await;
}

/// fault = 59, 61
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_a_store_that_hangs_or_cuts_its_answers_short_are_told() {
    let all = [Effect::Fail(Answer::Silence), Effect::CutShort(1000)].map(assert_told);
    futures_util::future::join_all(all).await;
}

/// fault = 58
/// tiering = 18
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_far_copying_is_behind_is_shown_also_where_the_store_was_never_reached() {
    let behind = [Answer::ServerError, Answer::Silence].map(assert_lag_is_shown);
    futures_util::future::join_all(behind).await;
}

/// Of a store that answers so, or not at all, since before the start.
async fn assert_lag_is_shown(answer: Answer) {
    let (broker, store, _inner) = faulty(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    let lag = "highwater_remote_lag_bytes";
    assert_eq!(metric(&broker, lag).await, 0);
    for operation in [Operation::Get, Operation::List, Operation::Create, Operation::Put, Operation::Begin] {
        store.next(operation, "", u32::MAX, Effect::Fail(answer));
    }
    let broker = broker.restart().await;
    let mut client = broker.client().await;
    append(&mut client, 8..14).await;
    // Offsets 6 to 12 are sealed now.
    let tiering = broker.context().tiering.clone().unwrap();
    let shown = || tiering.partitions().first().map_or(0, |tiered| tiered.figures().lag.bytes);
    until("it is shown", || shown() > 2_000_000).await;
    assert_eq!(tiering.standing(), Standing::Unverified);
    assert!((2_000_000..2_100_000).contains(&metric(&broker, lag).await));
    assert_eq!(metric(&broker, "highwater_remote_active").await, 0);
    store.heal();
    until("the rest is let go", || starts(&broker) == (0, 12)).await;
    until_async("nothing is behind", async || metric(&broker, lag).await == 0).await;
    assert_reads(&mut client, 0..14).await;
}

/// A broker whose worker looks at everything once, over a store whose newest manifest was spoiled meanwhile; with the
/// path of the manifest and what it was.
async fn over_spoiled_manifest(
    spoil: impl AsyncFn(&InMemory, &Path, Vec<u8>),
) -> (TestBroker, Arc<InMemory>, Path, PutPayload) {
    let (broker, store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    let stopped = broker.stop().await;
    let names = objects(store.as_ref()).await;
    let newest = Path::from(names.iter().rfind(|name| name.contains("/manifest/")).unwrap().as_str());
    let whole = store.get(&newest).await.unwrap().bytes().await.unwrap();
    spoil(&store, &newest, whole.to_vec()).await;
    let once = [URL, "remote.log.manager.task.interval.ms=3600000"];
    let stopped = Stopped::copy_of(&stopped.path(), &once).with_object_store(Arc::clone(&store) as _);
    (stopped.start().await, store, newest, PutPayload::from(whole))
}

/// Waits until the worker has failed over a manifest, then until a reader is told of it; what `counter` said each time.
async fn failures_of(broker: &TestBroker, counter: &str) -> (u64, u64) {
    until_async("the worker has failed", async || metric(broker, counter).await > 0).await;
    let of_worker = metric(broker, counter).await;
    let told = until_told(&mut broker.client().await, 0).await;
    assert_eq!(told, ErrorCode::KafkaStorageError);
    (of_worker, metric(broker, counter).await)
}

/// fault = 62
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_manifest_counts_as_a_damaged_object() {
    let flip = async |store: &InMemory, path: &Path, mut bytes: Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        store.put(path, bytes.into()).await.unwrap();
    };
    let (broker, store, newest, whole) = over_spoiled_manifest(flip).await;
    let (of_worker, of_both) = failures_of(&broker, "highwater_remote_damaged_objects_total").await;
    assert!(of_worker == 1 && of_both > 1, "{of_worker} of the worker, {of_both} of both");
    assert_eq!(metric(&broker, "highwater_remote_trouble").await, 1);
    store.put(&newest, whole).await.unwrap();
    assert_reads_in_the_end(&mut broker.client().await, 0..8).await;
}

/// fault = 62
/// tiering = 2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_that_is_gone_counts_as_a_missing_object() {
    let delete = async |store: &InMemory, path: &Path, _| store.delete(path).await.unwrap();
    let (broker, store, newest, whole) = over_spoiled_manifest(delete).await;
    let (of_worker, of_both) = failures_of(&broker, "highwater_remote_missing_objects_total").await;
    assert!(of_worker == 1 && of_both > 1, "{of_worker} of the worker, {of_both} of both");
    assert_eq!(metric(&broker, "highwater_remote_trouble").await, 1);
    store.put(&newest, whole).await.unwrap();
    assert_reads_in_the_end(&mut broker.client().await, 0..8).await;
}
