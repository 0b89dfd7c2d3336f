//! A disk and a store that do not belong together, or not any more: nothing of either is given up.

use std::ops::Range;
use std::sync::Arc;

use broker_tier::faulty_store::{Answer, Effect, FaultyStore, Operation};
use highwater_broker::http::Health;
use highwater_broker::tiering::Standing;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::harness::batches::batch_at;
use crate::harness::{Conn, Stopped, TestBroker, calls};
use crate::store::{
    METADATA_RARELY, append, assert_reads, create, objects, partition, start, starts, until, until_async,
    until_let_go, value,
};

/// Appends other records than [`append`] does.
pub(crate) async fn append_others(client: &mut Conn, offsets: Range<i64>) {
    for offset in offsets {
        let batch = batch_at(1_750_000_000_000 + offset, &[&value(1_000_000 + offset)]);
        assert_eq!(calls::append(client, "t", 0, &batch).await, offset);
    }
}

pub(crate) async fn assert_reads_others(client: &mut Conn, offsets: Range<i64>) {
    let records = calls::read_from(client, "t", 0, offsets.start).await;
    assert_eq!(records.len(), offsets.count());
    for record in records {
        let expected = value(1_000_000 + record.offset);
        assert!(record.value.as_deref() == Some(expected.as_bytes()), "offset {}", record.offset);
    }
}

pub(crate) fn trouble(broker: &TestBroker) -> String {
    let tiering = broker.context().tiering.clone().unwrap();
    tiering.of(&partition(broker)).trouble().unwrap_or_default()
}

/// Why tiering has stopped; empty if it has not.
pub(crate) fn stop_reason(broker: &TestBroker) -> String {
    match broker.context().tiering.clone().unwrap().standing() {
        Standing::Stopped(reason) => reason,
        Standing::Unverified | Standing::Active => String::new(),
    }
}

/// Makes a copy forget which lives have published: its records are all that tells.
pub(crate) fn forget_lives(older: &Stopped) {
    std::fs::remove_file(older.path().join("remote-lives")).unwrap();
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_of_the_disk_loses_nothing_of_what_it_takes() {
    let (broker, _store) = start(&[METADATA_RARELY]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..4).await;
    until("the first segment is let go", || starts(&broker) == (0, 3)).await;
    let older = broker.killed_copy();
    append(&mut client, 4..16).await;
    until_let_go(&broker).await;
    assert_eq!(starts(&broker), (0, 15));
    drop(broker);

    forget_lives(&older);
    let broker = older.start().await;
    until("it is told", || trouble(&broker).contains("it ends at offset 4, records up to 15 were copied"))
        .await;
    let mut client = broker.client().await;
    append_others(&mut client, 4..20).await;
    // It is as long as what was copied now, and still another one.
    let broker = broker.restart().await;
    until("it is told", || trouble(&broker).contains("it has another batch with offset 14 than")).await;
    assert_eq!(starts(&broker), (0, 3));
    assert_reads_others(&mut broker.client().await, 4..20).await;
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_that_ends_inside_of_what_was_copied_last_is_told_for_good() {
    let (broker, _store) = start(&[METADATA_RARELY]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..13).await;
    until("the fourth segment is let go", || starts(&broker) == (0, 12)).await;
    // It has the first of three records of the next.
    let older = broker.killed_copy();
    append(&mut client, 13..16).await;
    until("the fifth segment is let go", || starts(&broker) == (0, 15)).await;
    drop(broker);

    forget_lives(&older);
    let broker = older.start().await;
    append_others(&mut broker.client().await, 13..24).await;
    until("it is told", || trouble(&broker).contains("it has another batch with offset 14 than")).await;
    let broker = broker.restart().await;
    until("it is told", || trouble(&broker).contains("it has another batch with offset 14 than")).await;
    assert_eq!(starts(&broker), (0, 12));
    assert_reads_others(&mut broker.client().await, 13..24).await;
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_of_the_disk_deletes_nothing_that_it_does_not_know() {
    let (broker, store) = start(&["highwater.remote.metadata.interval.ms=1000"]).await;
    let snapshots =
        async || objects(store.as_ref()).await.iter().filter(|name| name.contains("/meta/")).count();
    until_async("metadata are copied", async || snapshots().await > 0).await;
    let older = broker.killed_copy();
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until("it is copied", || starts(&broker) == (0, 6)).await;
    broker.stop().await;
    let mut before = objects(store.as_ref()).await;
    before.retain(|name| !name.split('/').any(|part| part == "root"));

    forget_lives(&older);
    let mut broker = older.start().await;
    for offset in 0..2 {
        until("it is told", || stop_reason(&broker).contains("the object store has metadata of offset"))
            .await;
        broker.clock().set_wrong_by(25 * 3600 * 1000);
        // Its metadata go farther than those that it lacks.
        let mut client = broker.client().await;
        for topic in 0..10 {
            calls::create_topic(&mut client, &format!("other-{offset}-{topic}"), 1, &[]).await;
        }
        broker.health().scrub(None).await;
        let mut after = objects(store.as_ref()).await;
        after.retain(|name| !name.split('/').any(|part| part == "root"));
        assert_eq!(after, before, "start {offset}");
        broker.clock().set_wrong_by(0);
        broker = broker.restart().await;
    }
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_whose_metadata_grow_before_the_store_is_reached_is_told() {
    let (broker, store) = start(&[METADATA_RARELY]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    let older = broker.killed_copy();
    calls::create_topic(&mut client, "newer", 1, &[]).await;
    // It copies its metadata.
    broker.stop().await;
    forget_lives(&older);
    std::fs::remove_file(older.path().join("remote-metadata")).unwrap();

    let faulty = Arc::new(FaultyStore::new(Arc::clone(&store) as _));
    faulty.next(Operation::List, "", u32::MAX, Effect::Fail(Answer::Denied));
    let broker = older.with_object_store(Arc::clone(&faulty) as _).start().await;
    let mut client = broker.client().await;
    for topic in 0..10 {
        calls::create_topic(&mut client, &format!("other-{topic}"), 1, &[]).await;
    }
    let broker = broker.restart().await;
    faulty.heal();
    until("it is told", || stop_reason(&broker).contains("the object store has metadata of offset")).await;
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leaves_the_disk_once_the_store_was_emptied_under_a_running_broker() {
    let (broker, store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    for name in objects(store.as_ref()).await {
        store.delete(&Path::from(name)).await.unwrap();
    }
    append(&mut client, 8..16).await;
    let tiering = broker.context().tiering.clone().unwrap();
    until("tiering has stopped", || matches!(tiering.standing(), Standing::Stopped(_))).await;
    let Standing::Stopped(reason) = tiering.standing() else { unreachable!() };
    assert!(reason.contains("does not know generation 1"), "{reason}");
    assert_eq!(starts(&broker), (0, 6));
    assert_reads(&mut client, 6..16).await;
    let manifests = objects(store.as_ref()).await.into_iter().filter(|name| name.contains("/manifest/"));
    assert_eq!(manifests.count(), 0);
}
