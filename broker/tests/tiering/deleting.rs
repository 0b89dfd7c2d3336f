//! Deleted topics leave nothing in the store, and one made later under the same name shares nothing with them.

use std::sync::Arc;
use std::time::Duration;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::types::{TopicId, Uuid};
use broker_tier::faulty_store::{Answer, Effect, FaultyStore, Operation};
use broker_tier::ids::PartitionId;
use broker_tier::manifest::Manifest;
use broker_tier::publish::load_newest;
use broker_tier::scrub::ORPHAN_AGE_MS;
use highwater_broker::http::Health;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};

use crate::harness::{TestBroker, calls};
use crate::store::{
    append, assert_reads, create, fetch_error, objects, start, start_over, starts, until, until_async,
    until_let_go,
};

/// Later than a deleted topic's objects are deleted once more.
const LOOKS_RARELY: &str = "highwater.remote.scrub.interval.ms=86400000";

/// Names of the objects of topics.
async fn of_topics(store: &dyn object_store::ObjectStore) -> Vec<String> {
    objects(store).await.into_iter().filter(|name| name.contains("/t/")).collect()
}

/// fault = 60
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_made_again_shares_nothing_with_the_one_before() {
    let (broker, store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    let first = of_topics(store.as_ref()).await;
    assert_eq!(calls::delete_topic(&mut client, "t").await, ErrorCode::None);
    create(&mut client, &[]).await;
    assert_eq!(starts(&broker), (0, 0));
    assert_eq!(fetch_error(&mut client, 5).await, ErrorCode::OffsetOutOfRange);
    append(&mut client, 0..5).await;
    until_let_go(&broker).await;
    assert_reads(&mut client, 0..5).await;
    let id = broker.context().replicas.topic("t").unwrap().id.to_string();
    until_async("only the second topic has objects", async || {
        let left = of_topics(store.as_ref()).await;
        !left.is_empty() && left.iter().all(|name| name.contains(&id))
    })
    .await;
    // A request that was stalled lands now: the deletion is not forgotten for hours.
    store.put(&Path::from(first[0].as_str()), PutPayload::from_static(b"late")).await.unwrap();
    assert_eq!(broker.context().metadata.image().remote_deletions.len(), 1);
    broker.health().scrub(None).await;
    assert!(of_topics(store.as_ref()).await.iter().all(|name| name.contains(&id)));
}

/// fault = 57
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_that_was_cut_short_goes_on_after_a_restart() {
    let inner = Arc::new(InMemory::new());
    let store = Arc::new(FaultyStore::new(Arc::clone(&inner) as _));
    let broker = start_over(Arc::clone(&store) as _, &[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..11).await;
    until_let_go(&broker).await;
    let before = of_topics(inner.as_ref()).await.len();
    // Two of them go, then none.
    store.plan(broker_tier::faulty_store::Rule {
        operation: Operation::Delete,
        path: String::new(),
        after: 2,
        times: u32::MAX,
        effect: Effect::Fail(Answer::Denied),
    });
    assert_eq!(calls::delete_topic(&mut client, "t").await, ErrorCode::None);
    until_async("some objects are deleted", async || of_topics(inner.as_ref()).await.len() < before).await;
    assert_eq!(broker.context().metadata.image().remote_deletions.len(), 1);
    let stopped = broker.stop().await;
    store.heal();
    let _broker = stopped.start().await;
    until_async("all objects are deleted", async || of_topics(inner.as_ref()).await.is_empty()).await;
}

/// Copies all objects of topic `t` to where those of a topic would be that nobody knows: its manifests say so, or are not
/// those of that topic. The name of the stranger, that of `t`, and how many objects of topics there are now.
async fn add_stranger(broker: &TestBroker, store: &InMemory, is_sound: bool) -> (String, String, usize) {
    let tiering = broker.context().tiering.clone().unwrap();
    let stranger = TopicId(Uuid::from_u128(0x4000_8000_0000_0000_0000 + u128::from(is_sound)));
    let known = broker.context().replicas.topic("t").unwrap().id;
    for name in of_topics(store).await.iter().filter(|name| name.contains(&known.to_string())) {
        let path = Path::from(name.replace(&known.to_string(), &stranger.to_string()));
        if is_sound && name.contains("/manifest/") {
            let id = PartitionId { topic_id: known, partition: 0 };
            let newest = load_newest(tiering.store(), tiering.keys(), id, None).await.unwrap().unwrap();
            let partition = PartitionId { topic_id: stranger, partition: 0 };
            let mut manifest = Manifest { partition, ..Manifest::clone(&newest) };
            manifest.entries.iter_mut().for_each(|entry| entry.object.partition = partition);
            store.put(&path, manifest.encode().into()).await.unwrap();
        } else {
            store.copy(&Path::from(name.as_str()), &path).await.unwrap();
        }
    }
    (stranger.to_string(), known.to_string(), of_topics(store).await.len())
}

/// What was copied of a topic that the cluster does not know: it was deleted while no setting named the store, or is
/// later than the moment as of which the cluster was recovered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lies_under_a_topic_that_nobody_knows_goes_after_a_day() {
    let (broker, store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..5).await;
    until_let_go(&broker).await;
    let (damaged, ..) = add_stranger(&broker, &store, false).await;
    let (stranger, known, all) = add_stranger(&broker, &store, true).await;
    broker.health().scrub(None).await;
    assert_eq!(of_topics(store.as_ref()).await.len(), all, "it may be wanted yet");
    broker.clock().set_wrong_by(25 * 3600 * 1000);
    broker.health().scrub(None).await;
    let left = of_topics(store.as_ref()).await;
    let segments_of =
        |id: &str| left.iter().filter(|name| name.contains("/seg/") && name.contains(id)).count();
    assert_eq!(
        (segments_of(&known), segments_of(&damaged)),
        (1, 1),
        "whose that is cannot be told: {left:?}"
    );
    assert!(!left.iter().any(|name| name.contains(&stranger)), "{left:?}");
    assert_reads(&mut client, 0..5).await;
}

/// tiering = 8
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lands_late_of_a_deleted_topic_is_deleted_after_hours_and_then_it_is_noted() {
    let (broker, store) = start(&[LOOKS_RARELY]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..5).await;
    until_let_go(&broker).await;
    let late = Path::from(of_topics(store.as_ref()).await.remove(0));
    assert_eq!(calls::delete_topic(&mut client, "t").await, ErrorCode::None);
    until_async("all objects are deleted", async || of_topics(store.as_ref()).await.is_empty()).await;
    let noted = |broker: &TestBroker| broker.context().metadata.image().remote_deletions.len();
    let pause = Duration::from_millis(300);
    tokio::time::sleep(pause).await;
    store.put(&late, PutPayload::from_static(b"late")).await.unwrap();
    let hours = Duration::from_millis(ORPHAN_AGE_MS.unsigned_abs());
    broker.clock().skip(hours - Duration::from_secs(60));
    tokio::time::sleep(pause).await;
    assert_eq!((noted(&broker), of_topics(store.as_ref()).await.len()), (1, 1));
    broker.clock().skip(Duration::from_secs(120));
    until("the deletion is noted as done", || noted(&broker) == 0).await;
    assert_eq!(of_topics(store.as_ref()).await, Vec::<String>::new());
    assert_eq!(noted(&broker.restart().await), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lies_under_a_topic_that_nobody_knows_goes_without_being_asked_about() {
    let (broker, store) = start(&["highwater.remote.scrub.interval.ms=3600000"]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..5).await;
    until_let_go(&broker).await;
    let (_, id, both) = add_stranger(&broker, &store, true).await;
    broker.clock().set_wrong_by(25 * 3600 * 1000);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(of_topics(store.as_ref()).await.len(), both);
    broker.clock().skip(Duration::from_secs(3601));
    let left = async || of_topics(store.as_ref()).await;
    until_async("only the topic's own are left", async || left().await.iter().all(|name| name.contains(&id)))
        .await;
    assert!(left().await.iter().any(|name| name.contains("/seg/")));
    assert_reads(&mut client, 0..5).await;
}
