//! A scrub that a person asks for: what it says of topics that are not there, and of damage that no size tells.

use std::sync::Arc;
use std::time::Duration;

use broker_tier::faulty_store::{Effect, FaultyStore, Operation};
use highwater_broker::http::{Health, Scrubbed};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use serde_json::{Value, json};

use crate::harness::TestBroker;
use crate::harness::http::ask;
use crate::store::{append, create, delete_records, objects, start, start_over, starts, until, until_let_go};

async fn post(broker: &TestBroker, query: &str) -> (u16, Value) {
    let page = ask(broker, "POST", &format!("/scrub{query}")).await;
    (page.status, serde_json::from_str(&page.body).unwrap())
}

/// The objects that hold records, oldest first.
async fn segments(store: &dyn ObjectStore) -> Vec<String> {
    objects(store).await.into_iter().filter(|name| name.contains("/seg/")).collect()
}

/// Changes a byte of an object.
async fn damage(store: &InMemory, name: &str) {
    let path = Path::from(name);
    let mut bytes = store.get(&path).await.unwrap().bytes().await.unwrap().to_vec();
    bytes[400_000] ^= 1;
    store.put(&path, PutPayload::from(bytes)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_not_there_is_not_sound() {
    let (broker, _store) = start(&[]).await;
    create(&mut broker.client().await, &[]).await;
    assert_eq!(post(&broker, "?topic=t").await.0, 200);
    for query in ["?topic=T", "?topic=", "?topic=T&verify=true"] {
        let (status, said) = post(&broker, query).await;
        assert_eq!(status, 404, "{query}");
        assert!(said["error"].as_str().unwrap().starts_with("there is no topic "), "{said}");
    }
}

/// fault = 62
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_that_no_size_tells_is_told_by_who_has_everything_read() {
    let (broker, store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..11).await;
    until_let_go(&broker).await;
    let (status, said) = post(&broker, "?verify=true").await;
    assert_eq!((status, &said["sound"], &said["verified"]), (200, &json!(true), &json!(true)), "{said:#}");
    let all = segments(store.as_ref()).await;
    assert_eq!(all.len(), 3);
    damage(&store, &all[1]).await;
    let (status, said) = post(&broker, "?topic=t").await;
    assert_eq!((status, &said["sound"], &said["verified"]), (200, &json!(true), &json!(false)), "sizes only");
    let (status, said) = post(&broker, "?topic=t&verify=true").await;
    assert_eq!((status, &said["sound"]), (500, &json!(false)), "{said:#}");
    let told = said["partitions"][0]["damaged"].as_array().unwrap();
    assert_eq!(told.len(), 1, "{said:#}");
    let name = told[0].as_str().unwrap().rsplit('/').next().unwrap();
    assert!(all[1].contains(name), "{name} of {all:?}");
    // One in the place of another is damage, too.
    let [first, last] = [Path::from(all[0].as_str()), Path::from(all[2].as_str())];
    let bytes = store.get(&first).await.unwrap().bytes().await.unwrap();
    store.put(&last, PutPayload::from(bytes)).await.unwrap();
    let (_, said) = post(&broker, "?verify=true").await;
    assert_eq!(said["partitions"][0]["damaged"].as_array().unwrap().len(), 2, "{said:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_everything_is_read_copying_goes_on_and_what_is_deleted_is_no_damage() {
    let inner = Arc::new(InMemory::new());
    let store = Arc::new(FaultyStore::new(Arc::clone(&inner) as _));
    let broker = start_over(Arc::clone(&store) as _, &[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..14).await;
    until_let_go(&broker).await;
    damage(&inner, &segments(inner.as_ref()).await[0]).await;
    store.next(Operation::Get, "/seg/", u32::MAX, Effect::Slow(Duration::from_millis(1000)));
    let reading = tokio::spawn(broker.health().verify(None));
    until("something is read", || store.seen(Operation::Get, "/seg/") >= 2).await;
    let second = broker.health().verify(None).await;
    assert!(matches!(second, Scrubbed::Impossible(_)), "{second:?}");
    append(&mut client, 14..20).await;
    until("copying goes on", || starts(&broker) == (0, 18)).await;
    assert_eq!(delete_records(&mut client, 4).await, 4);
    until("the manifest is without it", || starts(&broker).0 == 4).await;
    assert!(!reading.is_finished(), "nothing of this has waited for it");
    match reading.await.unwrap() {
        Scrubbed::Done { is_sound, report } => assert!(is_sound, "{report}"),
        other => panic!("{other:?}"),
    }
}
