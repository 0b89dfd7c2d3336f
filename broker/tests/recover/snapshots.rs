//! Metadata snapshots of a broker that runs.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use broker_protocol::types::Uuid;
use broker_tier::discover::snapshot_at;
use broker_tier::faulty_store::{Answer, Effect, FaultyStore, Operation};
use broker_tier::ids::Generation;
use broker_tier::meta::{self, MetaSnapshot};
use broker_tier::publish::PublishError;
use broker_tier::root::{self, Claim};
use highwater_broker::tiering::metadata_backup::payload::{self, ClusterBackup};
use highwater_broker::tiering::metadata_backup::{BackupError, MetadataBackup};
use highwater_broker::tiering::{Standing, Tiering};
use object_store::memory::InMemory;

use crate::harness::{Stopped, TestBroker, calls, groups, within};

/// A broker over an object store, and what writes its snapshots when the test says so.
async fn start(sets: &[&str]) -> (TestBroker, Arc<FaultyStore>, MetadataBackup) {
    let store = Arc::new(FaultyStore::new(Arc::new(InMemory::new())));
    let mut all =
        vec!["highwater.remote.url=s3://bucket/prefix", "highwater.remote.metadata.interval.ms=3600000"];
    all.extend_from_slice(sets);
    let broker = Stopped::empty(&all).with_object_store(Arc::clone(&store) as _).start().await;
    let ctx = broker.context();
    let backup =
        MetadataBackup::new(Arc::clone(tiering(&broker)), ctx.metadata.clone(), Arc::clone(&ctx.groups));
    (broker, store, backup)
}

fn tiering(broker: &TestBroker) -> &Arc<Tiering> {
    broker.context().tiering.as_ref().unwrap()
}

async fn write(backup: &MetadataBackup) -> bool {
    within("a snapshot", async {
        loop {
            match backup.write_if_changed().await {
                // Groups are being loaded.
                Err(BackupError::Groups(_)) => tokio::task::yield_now().await,
                written => return written.unwrap(),
            }
        }
    })
    .await
}

async fn newest(broker: &TestBroker) -> (MetaSnapshot, ClusterBackup) {
    let tiering = tiering(broker);
    let (snapshot, damaged) = snapshot_at(tiering.store(), tiering.keys(), None).await.unwrap();
    assert_eq!(damaged, []);
    let snapshot = snapshot.unwrap();
    let backup = payload::decode(&snapshot.payload).unwrap();
    (snapshot, backup)
}

async fn offsets(broker: &TestBroker) -> Vec<u64> {
    let listed = meta::list(tiering(broker).store(), tiering(broker).keys()).await.unwrap();
    listed.into_iter().map(|(offset, _)| offset.0).collect()
}

/// fault = 63
#[tokio::test]
async fn a_snapshot_has_metadata_and_commits_and_follows_every_change_of_either() {
    let (broker, _, backup) = start(&[]).await;
    let mut client = broker.client().await;
    assert!(write(&backup).await, "a process begins with one");
    assert!(!write(&backup).await, "nothing has changed");
    let id = calls::create_topic(&mut client, "orders", 2, &[("retention.ms", "777")]).await;
    assert!(write(&backup).await);
    let (_, found) = newest(&broker).await;
    assert_eq!(found.image.topics.by_name("orders").unwrap().id, id);
    assert_eq!(found.image, *broker.context().metadata.image());
    groups::commit(&mut client, "readers", ("orders", 1), 5).await;
    // The topic of the groups was made.
    assert!(write(&backup).await);
    let before = offsets(&broker).await;
    groups::commit(&mut client, "readers", ("orders", 1), 6).await;
    assert!(write(&backup).await);
    assert!(!write(&backup).await);
    let after = offsets(&broker).await;
    assert_eq!(
        after.len(),
        before.len() + 1,
        "commits have moved the offset of the metadata: {before:?} {after:?}"
    );
    let (snapshot, found) = newest(&broker).await;
    assert_eq!((snapshot.offset.0, snapshot.generation), (after[0], Generation::FIRST));
    let [group] = found.groups.as_slice() else { panic!("{:?}", found.groups) };
    let [offset] = group.offsets.as_slice() else { panic!("{group:?}") };
    assert_eq!(
        (&*group.group_id, &*offset.topic, offset.partition, offset.committed.offset),
        ("readers", "orders", 1, 6)
    );
    assert_eq!(offset.committed.topic_id, id);
    broker.stop().await;
}

/// fault = 63
#[tokio::test]
async fn an_orderly_stop_leaves_what_was_committed_last() {
    let (broker, store, _) = start(&[]).await;
    crate::whole::until("the store is reached", || tiering(&broker).standing() == Standing::Active).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "orders", 1, &[]).await;
    groups::commit(&mut client, "readers", ("orders", 0), 5).await;
    assert_eq!(store.seen(Operation::Create, "/meta/"), 0);
    let again = broker.stop().await.start().await;
    assert_eq!(newest(&again).await.1.groups[0].offsets[0].committed.offset, 5);
    again.stop().await;
}

#[tokio::test]
async fn snapshots_that_cannot_be_written_are_counted_and_hold_up_nothing() {
    let (broker, store, _) = start(&["highwater.remote.metadata.interval.ms=1000"]).await;
    store.next(Operation::Create, "/meta/", u32::MAX, Effect::Fail(Answer::Denied));
    let counts = tiering(&broker).counts();
    crate::whole::until("it is counted", || counts.metadata_errors.load(Ordering::Relaxed) > 0).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "orders", 1, &[]).await;
    store.heal();
    crate::whole::until("it is written", || counts.metadata_snapshots.load(Ordering::Relaxed) > 0).await;
    assert!(newest(&broker).await.1.image.topics.by_name("orders").is_some());
    broker.stop().await;
}

/// fault = 64
#[tokio::test]
async fn a_broker_whose_cluster_was_recovered_elsewhere_writes_no_more() {
    let (broker, store, backup) = start(&[]).await;
    assert!(write(&backup).await);
    let claim = Claim { generation: Generation(2), claimant: Uuid::from_u128(2) };
    root::claim(tiering(&broker).store(), tiering(&broker).keys(), claim, 1).await.unwrap();
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "orders", 1, &[]).await;
    let written = store.seen(Operation::Create, "/meta/");
    let refused = backup.write_if_changed().await.unwrap_err();
    assert!(
        matches!(
            refused,
            BackupError::Publish(PublishError::Superseded { by: Generation(2), own: Generation(1) })
        ),
        "{refused}"
    );
    broker.stop().await;
    assert_eq!(store.seen(Operation::Create, "/meta/"), written);
}
