//! Sealed segments are copied, leave the disk, and are read as if they were there.

use broker_client::FetchOptions;
use broker_protocol::error_code::ErrorCode;
use highwater_broker::api::list_offsets::{
    EARLIEST, EARLIEST_LOCAL, EARLIEST_PENDING_UPLOAD, LATEST_TIERED, MAX_TIMESTAMP,
};

use crate::harness::http::get;
use crate::harness::{Stopped, within};
use crate::store::{FIRST_MS, append, assert_reads, create, listed, partition, start, starts, until_let_go};

/// tiering = 6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sealed_leaves_the_disk_and_is_read_as_before() {
    let (broker, _store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..20).await;
    until_let_go(&broker).await;
    assert_eq!(starts(&broker), (0, 18));
    assert_reads(&mut client, 0..20).await;
    assert_reads(&mut client, 7..20).await;
    // Across restarts, too: nothing is remembered but what is on the disk.
    let broker = broker.restart().await;
    let mut client = broker.client().await;
    assert_eq!(starts(&broker), (0, 18));
    assert_reads(&mut client, 0..20).await;
    append(&mut client, 20..24).await;
    assert_reads(&mut client, 16..24).await;
    // Nothing behind the sealed segments is in the store.
    crate::store::until("all that is sealed is let go", || starts(&broker) == (0, 21)).await;
    assert_eq!(listed(&mut client, LATEST_TIERED).await, Ok((20, -1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_is_a_store_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("highwater.remote.url=file://{}", dir.path().display());
    let sets = [&*url, "remote.log.manager.task.interval.ms=20", "log.retention.check.interval.ms=50"];
    let broker = Stopped::empty(&sets).start().await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    assert_reads(&mut client, 0..8).await;
    let broker = broker.restart().await;
    assert_reads(&mut broker.client().await, 0..8).await;
}

/// tiering = 14
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offsets_are_found_by_time_and_by_name_wherever_their_records_are() {
    let (broker, _store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    assert_eq!(listed(&mut client, LATEST_TIERED).await.unwrap().0, -1);
    assert_eq!(listed(&mut client, EARLIEST_PENDING_UPLOAD).await.unwrap().0, 0);
    append(&mut client, 0..11).await;
    until_let_go(&broker).await;
    assert_eq!(listed(&mut client, EARLIEST).await.unwrap().0, 0);
    assert_eq!(listed(&mut client, EARLIEST_LOCAL).await.unwrap().0, 9);
    assert_eq!(listed(&mut client, LATEST_TIERED).await.unwrap().0, 8);
    assert_eq!(listed(&mut client, EARLIEST_PENDING_UPLOAD).await.unwrap().0, 9);
    for offset in 0..11 {
        let time = FIRST_MS + 1000 * offset;
        assert_eq!(listed(&mut client, time).await, Ok((offset, time)));
        assert_eq!(listed(&mut client, time - 999).await, Ok((offset, time)));
    }
    assert_eq!(listed(&mut client, FIRST_MS + 1_000_000).await, Ok((-1, -1)));
    assert_eq!(listed(&mut client, MAX_TIMESTAMP).await, Ok((10, FIRST_MS + 10_000)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_record_may_be_one_that_was_copied() {
    let (broker, _store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[("message.timestamp.after.max.ms", "9223372036854775807")]).await;
    append(&mut client, 0..3).await;
    let newest = FIRST_MS + 9_000_000;
    let batch = crate::harness::batches::batch_at(newest, &[&crate::store::value(3)]);
    crate::harness::calls::append(&mut client, "t", 0, &batch).await;
    append(&mut client, 4..9).await;
    until_let_go(&broker).await;
    assert_eq!(listed(&mut client, MAX_TIMESTAMP).await, Ok((3, newest)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_that_wants_little_gets_one_batch_from_the_store() {
    let (broker, _store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    for read_committed in [false, true] {
        let options = FetchOptions { offset: 4, max_bytes: 1000, read_committed, ..FetchOptions::default() };
        let fetched = within("fetch", client.fetch("t", 0, options)).await.unwrap();
        assert_eq!((fetched.error_code, fetched.log_start_offset), (ErrorCode::None, 0));
        let records = broker_client::read_records(&fetched.records, 4).unwrap();
        assert_eq!(records.iter().map(|record| record.offset).collect::<Vec<_>>(), [4]);
    }
    let options = FetchOptions { offset: -1, ..FetchOptions::default() };
    let fetched = within("fetch", client.fetch("t", 0, options)).await.unwrap();
    assert_eq!(fetched.error_code, ErrorCode::OffsetOutOfRange);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_segment_is_rolled_so_that_it_is_copied() {
    let (broker, _store) = start(&["highwater.remote.roll.ms=50"]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..1).await;
    crate::store::until("the only record is copied", || {
        let partition = partition(&broker);
        broker.context().tiering.as_ref().is_some_and(|tiering| tiering.has_copied(&partition))
    })
    .await;
    assert_reads(&mut client, 0..1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_tell_what_is_copied_and_how_far_behind_it_is() {
    let (broker, _store) = start(&[]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until_let_go(&broker).await;
    assert_reads(&mut client, 0..8).await;
    let page = get(&broker, "/metrics").await.body;
    for line in [
        "highwater_remote_active 1",
        "highwater_remote_copies_total 2",
        "highwater_remote_lag_bytes{partition=\"0\",topic=\"t\"} 0",
        "highwater_remote_end_offset{partition=\"0\",topic=\"t\"} 6",
        "highwater_remote_entries{partition=\"0\",topic=\"t\"} 2",
        "highwater_partition_local_log_start_offset{partition=\"0\",topic=\"t\"} 6",
        "highwater_partition_log_start_offset{partition=\"0\",topic=\"t\"} 0",
        "highwater_remote_trouble{partition=\"0\",topic=\"t\"} 0",
    ] {
        assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
    }
}
