//! Retention, DeleteRecords and switching tiering off and on, across the border between disk and store.

use broker_protocol::error_code::ErrorCode;
use highwater_broker::api::list_offsets::EARLIEST;

use crate::store::{
    alter, append, assert_reads, create, delete_records, fetch_error, listed, objects, start, starts, until,
    until_async, until_let_go,
};

/// Names of the objects that hold records.
async fn segments(store: &dyn object_store::ObjectStore) -> Vec<String> {
    objects(store).await.into_iter().filter(|name| name.contains("/seg/")).collect()
}

/// tiering = 7, 19
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retention_counts_both_sides_and_deletes_in_the_store() {
    let (broker, store) = start(&[]).await;
    let mut client = broker.client().await;
    // Two segments of three records, and what is in the active one.
    create(&mut client, &[("retention.bytes", "2500000")]).await;
    append(&mut client, 0..20).await;
    until_let_go(&broker).await;
    until("retention has moved the start", || starts(&broker) == (12, 18)).await;
    assert_eq!(listed(&mut client, EARLIEST).await.unwrap().0, 12);
    assert_eq!(fetch_error(&mut client, 11).await, ErrorCode::OffsetOutOfRange);
    assert_reads(&mut client, 12..20).await;
    until_async("objects are deleted", async || segments(store.as_ref()).await.len() == 2).await;
    let broker = broker.restart().await;
    assert_eq!(starts(&broker), (12, 18));
    assert_reads(&mut broker.client().await, 12..20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retention_by_time_goes_by_the_records() {
    let (broker, store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    assert_eq!(
        alter(&mut client, &[("retention.ms", "86400000"), ("local.retention.ms", "-2")]).await,
        ErrorCode::None
    );
    until("the records of long ago are gone", || starts(&broker) == (6, 6)).await;
    until_async("objects are deleted", async || segments(store.as_ref()).await.is_empty()).await;
    assert_reads(&mut client, 6..8).await;
}

/// fault = 56
/// tiering = 7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_deleted_in_the_store_stay_deleted() {
    let (broker, store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..20).await;
    until_let_go(&broker).await;
    assert_eq!(delete_records(&mut client, 7).await, 7);
    assert_eq!(starts(&broker), (7, 18));
    assert_eq!(listed(&mut client, EARLIEST).await.unwrap().0, 7);
    assert_eq!(listed(&mut client, crate::store::FIRST_MS).await.unwrap().0, 7);
    assert_eq!(fetch_error(&mut client, 6).await, ErrorCode::OffsetOutOfRange);
    until_async("objects of deleted records are deleted", async || segments(store.as_ref()).await.len() == 4)
        .await;
    let broker = broker.restart().await;
    let mut client = broker.client().await;
    assert_eq!(starts(&broker), (7, 18));
    assert_reads(&mut client, 7..20).await;
    // Beyond all that was copied.
    assert_eq!(delete_records(&mut client, 19).await, 19);
    assert_eq!(starts(&broker), (19, 19));
    until_async("nothing is left in the store", async || segments(store.as_ref()).await.is_empty()).await;
    append(&mut client, 20..26).await;
    until_let_go(&broker).await;
    assert_reads(&mut client, 19..26).await;
}

/// tiering = 25
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copying_that_was_stopped_goes_on_without_a_gap() {
    let (broker, _store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    let stopped = [("remote.log.copy.disable", "true")];
    assert_eq!(
        alter(&mut client, &stopped).await,
        ErrorCode::InvalidConfig,
        "less is kept locally than at all"
    );
    let stopped = [("remote.log.copy.disable", "true"), ("local.retention.bytes", "-2")];
    assert_eq!(alter(&mut client, &stopped).await, ErrorCode::None);
    append(&mut client, 8..20).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(starts(&broker), (0, 6), "nothing goes that is not copied");
    assert_reads(&mut client, 0..20).await;
    let again = [("remote.log.copy.disable", "false"), ("local.retention.bytes", "1")];
    assert_eq!(alter(&mut client, &again).await, ErrorCode::None);
    until("the rest is copied", || starts(&broker) == (0, 18)).await;
    assert_reads(&mut client, 0..20).await;
}

/// tiering = 25
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tiering_is_turned_off_by_giving_up_what_was_copied_and_on_again() {
    let (broker, store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    let off = ("remote.storage.enable", "false");
    assert_eq!(alter(&mut client, &[off]).await, ErrorCode::InvalidConfig);
    assert_eq!(alter(&mut client, &[off, ("remote.log.delete.on.disable", "true")]).await, ErrorCode::None);
    until("readers begin where the disk does", || starts(&broker) == (6, 6)).await;
    until_async("objects are deleted", async || segments(store.as_ref()).await.is_empty()).await;
    append(&mut client, 8..14).await;
    assert_reads(&mut client, 6..14).await;
    assert_eq!(alter(&mut client, &[("remote.storage.enable", "true")]).await, ErrorCode::None);
    until("what is sealed is let go again", || starts(&broker).1 >= 12).await;
    assert_eq!(starts(&broker).0, 6);
    assert_reads(&mut client, 6..14).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_has_all_on_its_disk_is_turned_to_compaction_and_keeps_everything() {
    let (broker, store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[("local.retention.bytes", "-2")]).await;
    append(&mut client, 0..8).await;
    until_async("both segments are copied", async || segments(store.as_ref()).await.len() == 2).await;
    assert_eq!(alter(&mut client, &[("cleanup.policy", "compact")]).await, ErrorCode::None);
    until_async("what was copied is given up", async || segments(store.as_ref()).await.is_empty()).await;
    assert_eq!(starts(&broker), (0, 0));
    assert_reads(&mut client, 0..8).await;
    assert_eq!(alter(&mut client, &[("remote.storage.enable", "true")]).await, ErrorCode::InvalidConfig);
    // Where older records are in the store only, somebody has to say that they may go.
    let back = [("cleanup.policy", "delete"), ("local.retention.bytes", "1")];
    assert_eq!(alter(&mut client, &back).await, ErrorCode::None);
    until("segments are let go", || starts(&broker) == (0, 6)).await;
    assert_eq!(alter(&mut client, &[("cleanup.policy", "compact")]).await, ErrorCode::InvalidConfig);
    assert_reads(&mut client, 0..8).await;
}
