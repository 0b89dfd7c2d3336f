//! Topics with a `compression.type` of their own: batches change it, and nothing else.

use broker_client::FetchOptions;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::record_batch::batches;

use crate::harness::batches::{CRC_AT, batch, changed, compressed};
use crate::harness::{TestBroker, calls, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_get_the_compression_of_the_topic_and_keep_their_order() {
    const ROUNDS: i64 = 20;
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[("compression.type", "zstd")]).await;
    // Those in between need no change; without an answer to wait for, too.
    let sent = [batch(&["a"]), compressed(Compression::Zstd, &["b"]), compressed(Compression::Gzip, &["c"])];
    for _ in 0..ROUNDS {
        for bytes in &sent {
            client.send_produce("t", 0, bytes, -1).await.unwrap();
        }
    }
    for offset in 0..ROUNDS * 3 {
        let produced = within("produce", client.receive_produced()).await.unwrap();
        assert_eq!((produced.error_code, produced.base_offset), (ErrorCode::None, offset));
    }
    let fetched = client.fetch("t", 0, FetchOptions::default()).await.unwrap();
    for found in batches(&fetched.records) {
        let found = found.unwrap();
        found.verify_crc().unwrap();
        assert_eq!(found.header.compression(), Ok(Compression::Zstd));
    }
    assert_eq!(calls::values(&mut client, "t", 0).await, ["a", "b", "c"].repeat(20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_cannot_be_opened_is_refused_and_the_next_is_taken() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[("compression.type", "lz4")]).await;
    let mut wrong = batch(&["a"]);
    wrong[CRC_AT] ^= 1;
    assert_eq!(calls::append_error(&mut client, "t", 0, &wrong).await, ErrorCode::CorruptMessage);
    let garbled = changed(compressed(Compression::Gzip, &["a"]), |bytes| {
        let last = bytes.len() - 1;
        bytes[last / 2 + 20] ^= 0x55;
    });
    assert_ne!(calls::append_error(&mut client, "t", 0, &garbled).await, ErrorCode::None);
    assert_eq!(calls::append(&mut client, "t", 0, &batch(&["b"])).await, 0);
    assert_eq!(calls::values(&mut client, "t", 0).await, ["b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_is_recognised_whatever_its_compression() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[("compression.type", "snappy")]).await;
    let id = client.init_producer_id(None).await.unwrap().producer_id;
    let numbered = crate::harness::batches::numbered(id, 0, 0, &["a"]);
    assert_eq!(calls::append(&mut client, "t", 0, &numbered).await, 0);
    assert_eq!(calls::append(&mut client, "t", 0, &numbered).await, 0);
    assert_eq!(calls::values(&mut client, "t", 0).await, ["a"]);
}
