//! What settings and the passing of time have the worker do: limits, scrubs, lines of the log, the order of what it does.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use broker_protocol::error_code::ErrorCode;
use broker_tier::faulty_store::{Answer, Effect, FaultyStore, Operation};
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use parking_lot::Mutex;
use tracing::subscriber::DefaultGuard;

use crate::harness::{Conn, Stopped};
use crate::store::{
    QUICK, alter, alter_of, append, assert_reads, create, metric, objects, partition, start, starts, until,
    until_async, until_let_go,
};
use crate::trouble::{WRITES, faulty, object_at};

/// Time in which the worker looks at everything several times.
const ROUNDS: Duration = Duration::from_millis(300);

/// What a broker writes to its log while this lives. Only for tests with one thread.
struct Log {
    written: Arc<Mutex<Vec<u8>>>,
    _guard: DefaultGuard,
}

struct Writer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn begin() -> Log {
        let written = Arc::<Mutex<Vec<u8>>>::default();
        let to = Arc::clone(&written);
        let writer = move || Writer(Arc::clone(&to));
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(writer).finish();
        Log { written, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// The lines that contain a text.
    fn lines(&self, text: &str) -> Vec<String> {
        let written = String::from_utf8(self.written.lock().clone()).unwrap();
        written.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }
}

/// tiering = 18
#[tokio::test]
async fn copying_that_stays_behind_is_told_until_it_is_not() {
    const BEHIND: &str = "copying to the object store is behind";
    let log = Log::begin();
    let (broker, store, _inner) = faulty(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    for operation in WRITES {
        store.next(operation, "", u32::MAX, Effect::Fail(Answer::ServerError));
    }
    append(&mut client, 0..8).await;
    let tiering = broker.context().tiering.clone().unwrap();
    let tiered = tiering.of(&partition(&broker));
    until("two segments wait", || tiered.figures().lag.bytes > 2_000_000).await;
    broker.clock().skip(Duration::from_secs(200));
    tokio::time::sleep(ROUNDS).await;
    assert_eq!(log.lines(BEHIND), Vec::<String>::new());
    broker.clock().skip(Duration::from_secs(101));
    until("it is told", || log.lines(BEHIND).len() == 1).await;
    let line = log.lines(BEHIND).remove(0);
    let bytes = tiered.figures().lag.bytes;
    assert!(line.contains("partitions=1") && line.contains(&format!("bytes={bytes}")), "{line}");
    broker.clock().skip(Duration::from_secs(301));
    until("it is told again", || log.lines(BEHIND).len() == 2).await;
    store.heal();
    until_let_go(&broker).await;
    broker.clock().skip(Duration::from_secs(301));
    tokio::time::sleep(ROUNDS).await;
    assert_eq!(log.lines(BEHIND).len(), 2);
}

async fn limit(client: &mut Conn, bytes_per_second: &str) {
    let config = ("remote.log.manager.copy.max.bytes.per.second", bytes_per_second);
    assert_eq!(alter_of(client, (4, ""), &[config]).await.0, ErrorCode::None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_take_no_more_bandwidth_than_allowed_and_what_is_allowed_changes_live() {
    let (broker, store) = start(&["remote.log.manager.copy.max.bytes.per.second=1000"]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    tokio::time::sleep(ROUNDS).await;
    assert_eq!(starts(&broker), (0, 0));
    assert!(!objects(store.as_ref()).await.iter().any(|name| name.contains("/seg/")));
    // The copy that would take a quarter of an hour goes on at once.
    limit(&mut client, "1000000000").await;
    until_let_go(&broker).await;
    limit(&mut client, "1000").await;
    append(&mut client, 8..14).await;
    tokio::time::sleep(ROUNDS).await;
    assert_eq!(starts(&broker), (0, 6));
    limit(&mut client, "1000000000").await;
    until("the rest is let go", || starts(&broker) == (0, 12)).await;
    assert_reads(&mut client, 0..14).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_are_compared_every_now_and_then_and_what_is_wrong_is_shown() {
    let (broker, store) = start(&["highwater.remote.scrub.interval.ms=3600000"]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..14).await;
    until_let_go(&broker).await;
    store.delete(&object_at(&store, 3).await).await.unwrap();
    broker.clock().skip(Duration::from_secs(3500));
    tokio::time::sleep(ROUNDS).await;
    assert_eq!(metric(&broker, "highwater_remote_scrubs_total").await, 0);
    assert_eq!(metric(&broker, "highwater_remote_unsound").await, 0);
    broker.clock().skip(Duration::from_secs(200));
    until_async("it is found", async || metric(&broker, "highwater_remote_unsound").await == 1).await;
    assert_eq!(metric(&broker, "highwater_remote_scrubs_total").await, 1);
    tokio::time::sleep(ROUNDS).await;
    assert_eq!(metric(&broker, "highwater_remote_scrubs_total").await, 1);
    broker.clock().skip(Duration::from_secs(3601));
    let scrubs = async || metric(&broker, "highwater_remote_scrubs_total").await;
    until_async("it is looked for again", async || scrubs().await == 2).await;
}

/// tiering = 7
#[tokio::test]
async fn what_was_copied_is_given_up_only_once_the_log_start_is_durable() {
    let store = Arc::new(FaultyStore::new(Arc::new(InMemory::new())));
    let stopped = Stopped::empty(&QUICK).with_object_store(Arc::clone(&store) as _);
    let broker = stopped.with_commit_time(Duration::from_millis(400)).start().await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..5).await;
    until_let_go(&broker).await;
    let partition = partition(&broker);
    let durable = || partition.log().durable_log_start_offset().0;
    assert_eq!((starts(&broker), durable()), ((0, 3), 0));
    tokio::time::sleep(ROUNDS).await;
    let published = store.seen(Operation::Create, "/manifest/");
    let off = [("remote.storage.enable", "false"), ("remote.log.delete.on.disable", "true")];
    assert_eq!(alter(&mut client, &off).await, ErrorCode::None);
    until("readers are told", || starts(&broker).0 == 3).await;
    until("it is given up", || {
        let is_given_up = store.seen(Operation::Create, "/manifest/") > published;
        // Whoever crashes now begins where the disk does.
        assert!(!is_given_up || durable() == 3, "given up while the start is {} after a crash", durable());
        is_given_up
    })
    .await;
}
