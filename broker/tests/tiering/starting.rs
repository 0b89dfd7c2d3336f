//! What a broker with an object store starts with, and what it refuses.

use std::sync::Arc;

use broker_tier::faulty_store::{Answer, Effect, FaultyStore, Operation};
use broker_tier::ids::Generation;
use broker_tier::root::{self, Claim};
use highwater_broker::tiering::Standing;
use object_store::memory::InMemory;
use uuid::Uuid;

use crate::harness::{Stopped, TestBroker};
use crate::store::{
    QUICK, append, assert_reads, create, objects, start, start_over, starts, until, until_let_go,
};

fn empty(store: &Arc<InMemory>, sets: &[&str]) -> Stopped {
    let sets: Vec<&str> = QUICK.into_iter().chain(sets.iter().copied()).collect();
    Stopped::empty(&sets).with_object_store(Arc::clone(store) as _)
}

fn standing(broker: &TestBroker) -> Standing {
    broker.context().tiering.as_ref().unwrap().standing()
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_disk_beside_a_bucket_of_its_cluster_is_refused_with_the_way_out() {
    let store = Arc::new(InMemory::new());
    let broker = empty(&store, &["highwater.cluster.id=mine"]).start().await;
    broker.stop().await;
    let (refused, files) = empty(&store, &["highwater.cluster.id=mine"]).refused().await;
    assert!(
        refused.contains("highwater-broker recover") && refused.contains("--cluster-id mine"),
        "{refused}"
    );
    let left: Vec<_> = std::fs::read_dir(files.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    // Another cluster has its own place below the same prefix.
    empty(&store, &["highwater.cluster.id=yours"]).start().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_of_a_store_that_is_none_is_refused_with_its_key() {
    for set in [
        "highwater.remote.endpoint=127.0.0.1:5592",
        "highwater.remote.endpoint=http://",
        "highwater.remote.region=here and there",
    ] {
        let key = set.split('=').next().unwrap();
        // Without an object store in memory: this is before any request.
        let (refused, files) = Stopped::empty(&[&QUICK[..], &[set]].concat()).refused().await;
        assert!(refused.starts_with(&format!("{key}: ")) && !refused.contains('\n'), "{refused}");
        assert_eq!(std::fs::read_dir(files.path()).unwrap().count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_values_of_its_settings_are_taken() {
    let most = [
        "highwater.remote.roll.ms=9223372036854775807",
        "highwater.remote.cache.max.bytes=9223372036854775807",
        "highwater.remote.read.max.bytes=9223372036854775807",
        "highwater.remote.delete.delay.ms=9223372036854775807",
        "highwater.remote.scrub.interval.ms=9223372036854775807",
        "highwater.remote.metadata.interval.ms=9223372036854775807",
        "highwater.remote.request.timeout.ms=9223372036854775807",
        "highwater.remote.transfer.timeout.ms=9223372036854775807",
        "remote.log.manager.copier.thread.pool.size=1000",
        "remote.fetch.max.wait.ms=2147483647",
        "remote.list.offsets.request.timeout.ms=9223372036854775807",
    ];
    let (broker, _store) = start(&most).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    assert_reads(&mut client, 0..8).await;
    start(&["remote.log.manager.task.interval.ms=9223372036854775807"]).await;
}

/// fault = 49
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_without_create_if_absent_is_refused_with_the_reason() {
    let store = FaultyStore::new(Arc::new(InMemory::new()));
    store.next(Operation::Create, "", u32::MAX, Effect::IgnoreCondition);
    let (refused, _) = Stopped::empty(&QUICK).with_object_store(Arc::new(store)).refused().await;
    assert!(refused.contains("If-None-Match"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_without_the_bucket_is_refused() {
    let store = FaultyStore::new(Arc::new(InMemory::new()));
    for operation in [Operation::Get, Operation::List, Operation::Create] {
        store.next(operation, "", u32::MAX, Effect::Fail(Answer::Denied));
    }
    let (refused, _) = Stopped::empty(&QUICK).with_object_store(Arc::new(store)).refused().await;
    assert!(refused.contains("highwater.remote.url s3://bucket/prefix"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_url_that_names_no_store_is_refused() {
    for url in ["bucket", "s3://", "ftp://bucket/x", "file://relative"] {
        let set = format!("highwater.remote.url={url}");
        let (refused, _) = Stopped::empty(&[&set]).refused().await;
        assert!(refused.contains("highwater.remote.url"), "{refused}");
    }
}

/// fault = 58
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_start_without_the_bucket_serves_what_is_on_the_disk_and_copies_later() {
    let inner = Arc::new(InMemory::new());
    let store = Arc::new(FaultyStore::new(Arc::clone(&inner) as _));
    let broker = start_over(Arc::clone(&store) as _, &["highwater.remote.request.timeout.ms=200"]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..2).await;
    for operation in [Operation::Get, Operation::List, Operation::Create, Operation::Put] {
        store.next(operation, "", u32::MAX, Effect::Fail(Answer::Denied));
    }
    let broker = broker.restart().await;
    let mut client = broker.client().await;
    append(&mut client, 2..8).await;
    assert_reads(&mut client, 0..8).await;
    assert_eq!((standing(&broker), starts(&broker)), (Standing::Unverified, (0, 0)));
    store.heal();
    until_let_go(&broker).await;
    assert_reads(&mut client, 0..8).await;
}

/// tiering = 2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_bucket_is_not_written_to() {
    let (broker, _store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    let other = Arc::new(InMemory::new());
    let broker = broker.stop().await.with_object_store(Arc::clone(&other) as _).start().await;
    until("tiering has stopped", || matches!(standing(&broker), Standing::Stopped(_))).await;
    append(&mut broker.client().await, 8..14).await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(starts(&broker), (0, 6));
    assert_eq!(objects(other.as_ref()).await, Vec::<String>::new());
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_whose_cluster_was_recovered_elsewhere_stops_tiering() {
    let (broker, store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    let tiering = broker.context().tiering.clone().unwrap();
    let claim = Claim { generation: Generation(2), claimant: Uuid::new_v4() };
    root::claim(tiering.store(), tiering.keys(), claim, 0).await.unwrap();
    let before = objects(store.as_ref()).await.into_iter().filter(|name| name.contains("/manifest/")).count();
    append(&mut client, 8..14).await;
    until("tiering has stopped", || matches!(standing(&broker), Standing::Stopped(_))).await;
    // It goes on serving all that it has, and gives nothing away.
    assert_reads(&mut client, 0..14).await;
    assert_eq!(starts(&broker), (0, 6));
    let broker = broker.restart().await;
    until("tiering has stopped", || matches!(standing(&broker), Standing::Stopped(_))).await;
    let after = objects(store.as_ref()).await.into_iter().filter(|name| name.contains("/manifest/")).count();
    assert_eq!(after, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_whose_older_records_are_elsewhere_does_not_start_without_the_url() {
    let (broker, _store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    let stopped = broker.stop().await;
    let plain = Stopped::copy_of(&stopped.path(), &[]);
    let (refused, _) = plain.refused().await;
    assert!(refused.contains("highwater.remote.url is not set") && refused.contains("t-0"), "{refused}");
}
