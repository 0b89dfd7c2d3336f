//! A batch that is damaged on disk, met by a fetch: what stands before it is served, it is not, and it is counted.

use std::fs;

use broker_client::{FetchOptions, read_records};
use broker_protocol::error_code::ErrorCode;

use crate::harness::batches::{CRC_AT, RECORDS_AT, batch};
use crate::harness::http::get;
use crate::harness::{TestBroker, calls};

/// Batches of the log; all are of one size.
const BATCHES: i64 = 6;
const DAMAGED: i64 = 4;
/// The last byte of a batch's leader epoch.
const EPOCH_AT: usize = 15;
const MAGIC_AT: usize = 16;

/// fault = 37
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_damaged_on_disk_is_not_served() {
    // Its offset by little and by much, its epoch and its magic byte, which no CRC covers, its CRC, and its records.
    let damages = [(7, 1), (7, 0x41), (EPOCH_AT, 4), (MAGIC_AT, 11), (CRC_AT, 0x41), (RECORDS_AT + 3, 0x41)];
    for (at, flip) in damages {
        let broker = TestBroker::start(&[]).await;
        let mut client = broker.client().await;
        calls::create_topic(&mut client, "t", 1, &[]).await;
        for number in 0..BATCHES {
            calls::append(&mut client, "t", 0, &batch(&[&format!("value {number}")])).await;
        }
        let stopped = broker.stop().await;
        let file = stopped.path().join("t-0/00000000000000000000.log");
        let mut bytes = fs::read(&file).unwrap();
        let size = bytes.len() / usize::try_from(BATCHES).unwrap();
        bytes[usize::try_from(DAMAGED).unwrap() * size + at] ^= flip;
        fs::write(&file, bytes).unwrap();

        let broker = stopped.start().await;
        let mut client = broker.client().await;
        let fetched = client.fetch("t", 0, FetchOptions::default()).await.unwrap();
        assert_eq!(fetched.error_code, ErrorCode::None, "byte {at}");
        let offsets: Vec<i64> =
            read_records(&fetched.records, 0).unwrap().iter().map(|record| record.offset).collect();
        assert!(!offsets.is_empty() && offsets.len() <= DAMAGED as usize, "byte {at}: {offsets:?}");
        assert!(offsets.iter().copied().eq(0..offsets.len() as i64), "byte {at}: {offsets:?}");
        let options = FetchOptions { offset: DAMAGED, ..FetchOptions::default() };
        let fetched = client.fetch("t", 0, options).await.unwrap();
        assert_eq!(fetched.error_code, ErrorCode::CorruptMessage, "byte {at}");
        assert!(fetched.records.is_empty(), "byte {at}");
        let metrics = get(&broker, "/metrics").await.body;
        assert!(metrics.contains("highwater_fetch_damaged_total 2"), "byte {at}");
        broker.stop().await;
    }
}

/// What a running broker wrote itself, damaged on the medium and met when it comes back from there. The check brings the
/// damage into memory; whoever asks again finds it there.
///
/// fault = 37
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_that_was_met_once_is_served_to_nobody_who_asks_again() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let one = batch(&["value"]);
    for _ in 0..BATCHES {
        calls::append(&mut client, "t", 0, &one).await;
    }
    let file = broker.path().join("t-0/00000000000000000000.log");
    let position = DAMAGED as u64 * one.len() as u64 + RECORDS_AT as u64 + 3;
    broker.disk().flip_bit(&file, position, 6).unwrap();
    for is_cold in [true, false, false] {
        broker.disk().with_faults(|faults| faults.is_cold = is_cold);
        let fetched = client.fetch("t", 0, FetchOptions::default()).await.unwrap();
        assert_eq!(fetched.error_code, ErrorCode::None, "cold: {is_cold}");
        let offsets: Vec<i64> =
            read_records(&fetched.records, 0).unwrap().iter().map(|record| record.offset).collect();
        assert!(offsets.iter().copied().eq(0..DAMAGED), "cold: {is_cold}, {offsets:?}");
        let options = FetchOptions { offset: DAMAGED, ..FetchOptions::default() };
        let fetched = client.fetch("t", 0, options).await.unwrap();
        assert_eq!(fetched.error_code, ErrorCode::CorruptMessage, "cold: {is_cold}");
    }
    // What stands behind it is served.
    let options = FetchOptions { offset: DAMAGED + 1, ..FetchOptions::default() };
    let fetched = client.fetch("t", 0, options).await.unwrap();
    assert_eq!(fetched.error_code, ErrorCode::None);
    assert_eq!(read_records(&fetched.records, 0).unwrap()[0].offset, DAMAGED + 1);
}
