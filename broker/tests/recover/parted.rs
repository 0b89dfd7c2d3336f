//! Two brokers of one cluster, and partitions that go on without what they had: neither takes the other's records for its
//! own, or deletes them.

use std::ops::Range;
use std::sync::Arc;

use broker_protocol::error_code::ErrorCode;
use highwater_broker::tiering::Standing;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};

use crate::harness::batches::batch_at;
use crate::harness::{Conn, calls};
use crate::whole::{
    SMALL, append, recover_with, recovered, start, start_recovered, tiering, until, until_copied,
};

/// Another record than [`append`] would append.
fn other(offset: i64) -> String {
    format!("{:08}", 1_000_000 + offset).repeat(340_000 / 8)
}

async fn append_others(client: &mut Conn, offsets: Range<i64>) {
    for offset in offsets {
        let batch = batch_at(1_750_000_000_000 + offset, &[&other(offset)]);
        assert_eq!(calls::append(client, "t", 0, &batch).await, offset);
    }
}

async fn names(store: &InMemory) -> Vec<String> {
    use futures_util::TryStreamExt;
    let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
    let mut names: Vec<String> = listed.into_iter().map(|object| object.location.to_string()).collect();
    names.sort();
    names
}

/// Changes the last byte of the last object whose name has this in it.
async fn damage(store: &InMemory, what: &str) {
    let name = names(store).await.into_iter().rfind(|name| name.contains(what)).unwrap();
    let path = Path::from(name);
    let mut bytes = store.get(&path).await.unwrap().bytes().await.unwrap().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    store.put(&path, PutPayload::from(bytes)).await.unwrap();
}

/// fault = 62
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_begins_anew_keeps_and_copies_what_it_takes() {
    for what in ["/manifest/", "/seg/"] {
        let store = Arc::new(InMemory::new());
        let broker = start(&store, &[]).await;
        let mut client = broker.client().await;
        calls::create_topic(&mut client, "t", 1, &SMALL).await;
        append(&mut client, "t", 0..10).await;
        until_copied(&broker, "t", 9).await;
        broker.stop().await;
        damage(&store, what).await;

        let dir = tempfile::tempdir().unwrap();
        assert!(recover_with(&store, dir.path(), false).await.is_err(), "{what}");
        recover_with(&store, dir.path(), true).await.unwrap();
        let broker = start_recovered(&store, dir.path()).await;
        let mut client = broker.client().await;
        append_others(&mut client, 0..13).await;
        until_copied(&broker, "t", 12).await;
        let partition = broker.context().replicas.partition("t", 0).unwrap();
        until("what was copied leaves the disk", || {
            partition.log().with(|log| log.local_log_start_offset().0 == 12)
        })
        .await;
        let records = calls::read_from(&mut client, "t", 0, 0).await;
        assert_eq!(records.len(), 13, "{what}");
        for record in records {
            let expected = other(record.offset);
            assert!(record.value.as_deref() == Some(expected.as_bytes()), "{what}: offset {}", record.offset);
        }
        broker.stop().await;
    }
}

/// fault = 63
#[tokio::test(flavor = "multi_thread")]
async fn an_old_broker_that_still_lives_deletes_nothing_of_the_recovered_cluster() {
    let store = Arc::new(InMemory::new());
    let old = start(&store, &["highwater.remote.metadata.interval.ms=1000"]).await;
    let mut client = old.client().await;
    calls::create_topic(&mut client, "t", 1, &SMALL).await;
    append(&mut client, "t", 0..7).await;
    until_copied(&old, "t", 6).await;
    let (dir, _) = recovered(&store).await;
    let new = start_recovered(&store, dir.path()).await;
    assert_eq!(calls::delete_topic(&mut client, "t").await, ErrorCode::None);
    until("the old broker has stopped", || matches!(tiering(&old).standing(), Standing::Stopped(_))).await;
    assert_eq!(calls::read_from(&mut new.client().await, "t", 0, 0).await.len(), 6);
    old.stop().await;
    new.stop().await;
}

/// What a directory gives back after the power was lost, or what a deletion had not come to.
///
/// fault = 57, 63
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_whose_deletion_was_cut_short_keeps_nothing_from_coming_back() {
    let store = Arc::new(InMemory::new());
    let broker = start(&store, &[]).await;
    let mut client = broker.client().await;
    for topic in ["t", "kept"] {
        calls::create_topic(&mut client, topic, 1, &SMALL).await;
        append(&mut client, topic, 0..7).await;
        until_copied(&broker, topic, 6).await;
    }
    let id = broker.context().replicas.topic("t").unwrap().id.to_string();
    let mut manifests = Vec::new();
    for name in
        names(&store).await.into_iter().filter(|name| name.contains(&id) && name.contains("/manifest/"))
    {
        let path = Path::from(name);
        manifests.push((path.clone(), store.get(&path).await.unwrap().bytes().await.unwrap()));
    }
    assert_eq!(calls::delete_topic(&mut client, "t").await, ErrorCode::None);
    while names(&store).await.iter().any(|name| name.contains(&id)) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    broker.stop().await;
    for (path, bytes) in manifests {
        store.put(&path, PutPayload::from(bytes)).await.unwrap();
    }
    let (dir, report) = recovered(&store).await;
    assert!(report.topic("t").is_none() && report.topic("kept").is_some(), "{report}");
    let broker = start_recovered(&store, dir.path()).await;
    assert_eq!(calls::read_from(&mut broker.client().await, "kept", 0, 0).await.len(), 6);
    broker.stop().await;
}
