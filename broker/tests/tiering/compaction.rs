//! Compaction and tiering keep away from each other: what lies in an object store is not compacted, what was compacted is not
//! copied, and retention goes on for both.

use std::sync::Arc;
use std::time::Duration;

use broker_protocol::error_code::ErrorCode;
use object_store::memory::InMemory;

use crate::harness::http::get;
use crate::harness::{Stopped, TestBroker, calls};
use crate::store::{
    QUICK, alter, alter_of, append, assert_reads, create, objects, partition, start, starts, until,
    until_async, until_let_go,
};

/// A cleaner that looks all the time.
const EAGER: [&str; 2] = ["log.cleaner.backoff.ms=5", "log.cleaner.min.cleanable.ratio=0.01"];

const ALL_BROKERS: (i8, &str) = (4, "");

/// Names of the objects that hold records.
async fn segments(store: &dyn object_store::ObjectStore) -> Vec<String> {
    objects(store).await.into_iter().filter(|name| name.contains("/seg/")).collect()
}

/// Starts a broker on what another one has left, with more settings.
async fn start_again(stopped: &Stopped, store: &Arc<InMemory>, sets: &[&str]) -> TestBroker {
    let sets = [&QUICK[..], &EAGER, sets].concat();
    let stopped = Stopped::copy_of(&stopped.path(), &sets).with_object_store(Arc::clone(store) as _);
    stopped.start().await
}

/// A figure, once there is one.
async fn figure(broker: &TestBroker, name: &str) -> Option<i64> {
    let page = get(broker, "/metrics").await.body;
    page.lines().find_map(|line| line.strip_prefix(&format!("{name} "))?.parse().ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_for_all_topics_that_would_hide_what_was_copied_is_refused() {
    let (broker, _store) = start(&EAGER).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    // Nothing has left the disk yet, so nothing would be hidden.
    let (compact, delete) = ([("log.cleanup.policy", "compact")], [("log.cleanup.policy", "delete")]);
    assert_eq!(alter_of(&mut client, ALL_BROKERS, &compact).await.0, ErrorCode::None);
    assert_eq!(alter_of(&mut client, ALL_BROKERS, &delete).await.0, ErrorCode::None);
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    let own = broker.context().replicas.broker().0.to_string();
    for resource in [ALL_BROKERS, (4, &own)] {
        for policy in ["compact", "compact,delete"] {
            let (error, said) = alter_of(&mut client, resource, &[("log.cleanup.policy", policy)]).await;
            assert_eq!(error, ErrorCode::InvalidRequest, "{said}");
            assert!(said.contains("log.cleanup.policy") && said.contains("records of t lie"), "{said}");
        }
    }
    // That what was copied may be deleted with tiering is no wish to lose it now.
    assert_eq!(alter(&mut client, &[("remote.log.delete.on.disable", "true")]).await, ErrorCode::None);
    assert_eq!(alter_of(&mut client, ALL_BROKERS, &compact).await.0, ErrorCode::InvalidRequest);
    assert_eq!(alter(&mut client, &[("cleanup.policy", "compact")]).await, ErrorCode::InvalidConfig);
    assert_eq!(starts(&broker), (0, 6));
    assert_reads(&mut client, 0..8).await;
    // A policy of its own keeps the topic as it is.
    assert_eq!(alter(&mut client, &[("cleanup.policy", "delete")]).await, ErrorCode::None);
    assert_eq!(alter_of(&mut client, ALL_BROKERS, &compact).await.0, ErrorCode::None);
    append(&mut client, 8..14).await;
    until("copying goes on", || starts(&broker) == (0, 12)).await;
    assert_reads(&mut client, 0..14).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_of_the_start_compacts_nothing_that_has_let_go_of_records() {
    let (broker, store) = start(&EAGER).await;
    let mut client = broker.client().await;
    create(&mut client, &[("remote.log.delete.on.disable", "true")]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    let stopped = broker.stop().await;

    let broker = start_again(&stopped, &store, &["log.cleanup.policy=compact"]).await;
    until_async("the cleaner tells of it", async || {
        figure(&broker, "highwater_log_cleaner_uncleanable_partitions").await == Some(1)
    })
    .await;
    broker.context().replicas.log_dir().checkpoint();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(starts(&broker), (0, 6));
    assert!(!partition(&broker).log().with(|log| log.was_cleaned()));
    assert_reads(&mut broker.client().await, 0..8).await;
    let stopped = broker.stop().await;

    let broker = start_again(&stopped, &store, &[]).await;
    let mut client = broker.client().await;
    append(&mut client, 8..14).await;
    until("copying goes on", || starts(&broker) == (0, 12)).await;
    assert_reads(&mut client, 0..14).await;
    let stopped = broker.stop().await;

    // Where it says delete too, what was copied gets old, and what is left is an ordinary compacted log.
    let broker = start_again(&stopped, &store, &["log.cleanup.policy=compact,delete"]).await;
    let mut client = broker.client().await;
    assert_eq!(alter(&mut client, &[("retention.bytes", "1500000")]).await, ErrorCode::None);
    until("retention goes on", || starts(&broker).0 >= 9).await;
    assert_eq!(alter(&mut client, &[("retention.bytes", "1")]).await, ErrorCode::None);
    until_async("nothing is left in the store", async || segments(store.as_ref()).await.is_empty()).await;
    until_async("the cleaner has no reason to tell", async || {
        figure(&broker, "highwater_log_cleaner_uncleanable_partitions").await == Some(0)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_compacted_is_not_copied_and_gets_old_on_the_disk() {
    let (broker, store) = start(&EAGER).await;
    let mut client = broker.client().await;
    create(&mut client, &[("remote.storage.enable", "false")]).await;
    append(&mut client, 0..8).await;
    assert_eq!(alter(&mut client, &[("cleanup.policy", "compact")]).await, ErrorCode::None);
    until_cleaned(&broker).await;
    let tiered = [("cleanup.policy", "delete"), ("remote.storage.enable", "true")];
    assert_eq!(alter(&mut client, &tiered).await, ErrorCode::None);
    append_on(&mut client, 8..14).await;
    assert_eq!(figure(&broker, "highwater_remote_cleaned_partitions").await, Some(1));
    assert_eq!(starts(&broker), (0, 0));
    assert!(segments(store.as_ref()).await.is_empty());
    assert_eq!(alter(&mut client, &[("retention.bytes", "1")]).await, ErrorCode::None);
    until("retention has deleted what is sealed", || starts(&broker) == (11, 11)).await;
}

/// Such a log comes of brokers that compacted what was copied.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_copied_before_the_rest_was_compacted_gets_old_too() {
    // The worker looks when it is told to, so that it is told nothing of what happens between.
    let (broker, store) =
        start(&[&EAGER[..], &["remote.log.manager.task.interval.ms=3600000"]].concat()).await;
    let wake = || broker.context().tiering.as_ref().unwrap().wake();
    let mut client = broker.client().await;
    let kept = [("local.retention.bytes", "-2"), ("remote.log.delete.on.disable", "true")];
    create(&mut client, &kept).await;
    append(&mut client, 0..8).await;
    until("both segments are copied", || {
        wake();
        tiered_end(&broker) == Some(6)
    })
    .await;
    // What was woken is over once nothing is asked of it.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(alter(&mut client, &[("cleanup.policy", "compact")]).await, ErrorCode::None);
    until_cleaned(&broker).await;
    assert_eq!(alter(&mut client, &[("cleanup.policy", "delete")]).await, ErrorCode::None);
    partition(&broker).log().release_local(broker_protocol::types::Offset(3));
    assert_eq!(starts(&broker), (0, 3));
    append_on(&mut client, 8..14).await;
    for _ in 0..10 {
        wake();
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert_eq!(starts(&broker), (0, 3), "nobody has given up what was copied");
    assert_eq!(segments(store.as_ref()).await.len(), 2, "nothing more is copied");
    assert_eq!(alter(&mut client, &[("retention.bytes", "1")]).await, ErrorCode::None);
    until_async("what was copied gets old", async || {
        wake();
        segments(store.as_ref()).await.is_empty()
    })
    .await;
    until("and what was not", || starts(&broker) == (11, 11)).await;
    assert_eq!(figure(&broker, "highwater_remote_cleaned_partitions").await, Some(1));
    assert_eq!(figure(&broker, "highwater_remote_trouble{partition=\"0\",topic=\"t\"}").await, Some(0));
}

/// Nobody has put back an older disk: the batches are others because they were compacted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_copied_is_given_up_also_where_the_log_was_compacted_before_anybody_looked() {
    let (broker, store) =
        start(&[&EAGER[..], &["remote.log.manager.task.interval.ms=3600000"]].concat()).await;
    let mut client = broker.client().await;
    create(&mut client, &[("local.retention.bytes", "-2")]).await;
    append(&mut client, 0..8).await;
    until("both segments are copied", || {
        broker.context().tiering.as_ref().unwrap().wake();
        tiered_end(&broker) == Some(6)
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(alter(&mut client, &[("cleanup.policy", "compact")]).await, ErrorCode::None);
    until_cleaned(&broker).await;
    let broker = broker.restart().await;
    until_async("what was copied is given up", async || segments(store.as_ref()).await.is_empty()).await;
    assert_eq!(figure(&broker, "highwater_remote_trouble{partition=\"0\",topic=\"t\"}").await, Some(0));
}

/// Where what was copied ends.
fn tiered_end(broker: &TestBroker) -> Option<i64> {
    let tiering = broker.context().tiering.as_ref().unwrap();
    tiering.partitions().first().and_then(|tiered| tiered.figures().tiered_end).map(|end| end.0)
}

/// Waits until the cleaner has gone through the log.
async fn until_cleaned(broker: &TestBroker) {
    let partition = partition(broker);
    until("the log is compacted", || {
        broker.context().replicas.log_dir().checkpoint();
        partition.log().with(|log| log.was_cleaned())
    })
    .await;
}

/// Appends behind a log of which nobody reads the beginning.
async fn append_on(client: &mut crate::harness::Conn, offsets: std::ops::Range<i64>) {
    for offset in offsets {
        let batch = crate::harness::batches::batch(&[&crate::store::value(offset)]);
        assert_eq!(calls::append(client, "t", 0, &batch).await, offset);
    }
}
