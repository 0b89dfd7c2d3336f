//! Record batches that may not be appended: each is refused with Kafka's error, and nothing of it is kept.

use broker_client::{FetchOptions, read_records};
use broker_protocol::codec::Records;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use broker_protocol::messages::{ProduceRequest, ProduceResponse};

use crate::harness::batches::{
    CRC_AT, LAST_OFFSET_DELTA_AT, MAGIC_AT, RECORD_COUNT_AT, RECORDS_AT, batch, batch_at, changed,
    compressed, numbered,
};
use crate::harness::{TestBroker, calls};

/// Where the attributes stand in a batch; the compression is in the lowest bits of the second byte.
const ATTRIBUTES_AT: usize = 21;

async fn assert_refused(batches: &[Vec<u8>], error: ErrorCode) {
    let broker = TestBroker::start_in_memory(&["message.max.bytes=100000"]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    for (number, bad) in batches.iter().enumerate() {
        assert_eq!(calls::append_error(&mut client, "t", 0, bad).await, error, "batch {number}");
    }
    // Nothing was kept, no offset was used up, and the partition takes what is sound.
    assert_eq!(calls::append(&mut client, "t", 0, &batch(&["sound"])).await, 0);
    assert_eq!(calls::values(&mut client, "t", 0).await, ["sound"]);
}

#[tokio::test]
async fn a_wrong_crc_is_corrupt() {
    let mut wrong_crc = batch(&["a"]);
    wrong_crc[CRC_AT] ^= 0x10;
    let mut flipped = batch(&["a"]);
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    assert_refused(&[wrong_crc, flipped], ErrorCode::CorruptMessage).await;
}

#[tokio::test]
async fn a_batch_that_is_cut_off_or_too_long_for_its_bytes_is_corrupt() {
    let whole = batch(&["abc"]);
    let cut = whole[..whole.len() - 1].to_vec();
    let header_only = whole[..40].to_vec();
    let mut longer = whole;
    longer[11] += 1;
    assert_refused(&[cut, header_only, longer], ErrorCode::CorruptMessage).await;
}

#[tokio::test]
async fn an_old_magic_is_an_invalid_record() {
    let old = |magic: u8| changed(batch(&["a"]), |bytes| bytes[MAGIC_AT] = magic);
    // A whole message of magic 1 with null key and null value.
    let message = [&[0; 11][..], &[22, 1, 2, 3, 4, 1], &[0; 9], &[0xff; 8]].concat();
    assert_refused(&[old(0), old(1), message], ErrorCode::InvalidRecord).await;
}

#[tokio::test]
async fn bad_offset_deltas_are_an_invalid_record() {
    let last_delta = |delta: u8| changed(batch(&["a", "b"]), |bytes| bytes[LAST_OFFSET_DELTA_AT + 3] = delta);
    // Length, attributes and timestamp delta of the first record take a byte each; then its offset delta, zigzag.
    let record_delta = changed(batch(&["a", "b"]), |bytes| bytes[RECORDS_AT + 3] = 8);
    let negative = changed(batch(&["a", "b"]), |bytes| bytes[LAST_OFFSET_DELTA_AT] = 0x80);
    assert_refused(&[last_delta(0), last_delta(7), record_delta, negative], ErrorCode::InvalidRecord).await;
}

#[tokio::test]
async fn a_bad_count_of_records_is_an_invalid_record() {
    let count = |count: u8, last_delta: u8| {
        changed(batch(&["a", "b"]), |bytes| {
            bytes[RECORD_COUNT_AT + 3] = count;
            bytes[LAST_OFFSET_DELTA_AT + 3] = last_delta;
        })
    };
    let huge = changed(batch(&["a"]), |bytes| bytes[RECORD_COUNT_AT] = 0x7f);
    assert_refused(&[count(1, 0), count(3, 2), count(9, 1), huge], ErrorCode::InvalidRecord).await;
}

#[tokio::test]
async fn two_batches_at_once_and_none_are_an_invalid_record() {
    let two = [batch(&["a"]), batch(&["b"])].concat();
    assert_refused(&[two, Vec::new()], ErrorCode::InvalidRecord).await;
}

#[tokio::test]
async fn an_oversized_batch_is_too_large() {
    let large = "x".repeat(100_000);
    assert_refused(&[batch(&[&large])], ErrorCode::MessageTooLarge).await;
}

#[tokio::test]
async fn an_unknown_compression_is_unsupported() {
    let unknown = changed(compressed(Compression::Gzip, &["a"]), |bytes| bytes[ATTRIBUTES_AT + 1] |= 7);
    assert_refused(&[unknown], ErrorCode::UnsupportedCompressionType).await;
}

#[tokio::test]
async fn a_transactional_batch_is_refused_and_holds_nothing_back() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let producer = client.init_producer_id(None).await.unwrap();
    let transactional = |bytes| changed(bytes, |bytes: &mut [u8]| bytes[ATTRIBUTES_AT + 1] |= 0x10);
    let id = producer.producer_id;
    for bad in [transactional(numbered(id, 0, 0, &["a"])), transactional(batch(&["a"]))] {
        let produced = client.produce("t", 0, &bad, -1).await.unwrap();
        assert_eq!(produced.error_code, ErrorCode::InvalidTxnState);
        assert_eq!(produced.error_message.as_deref(), Some("transactional batches are not supported"));
    }
    assert_eq!(calls::append(&mut client, "t", 0, &batch(&["sound"])).await, 0);
    let committed = FetchOptions { read_committed: true, ..FetchOptions::default() };
    let fetched = client.fetch("t", 0, committed).await.unwrap();
    assert_eq!((fetched.high_watermark, fetched.last_stable_offset), (1, 1));
    assert_eq!(read_records(&fetched.records, 0).unwrap().len(), 1);
}

#[tokio::test]
async fn a_transactional_batch_with_a_wrong_crc_is_corrupt() {
    let mut bad = batch(&["a"]);
    bad[ATTRIBUTES_AT + 1] |= 0x10;
    assert_refused(&[bad], ErrorCode::CorruptMessage).await;
}

#[tokio::test]
async fn zstd_is_taken_from_version_7_on() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let zstd = compressed(Compression::Zstd, &["a"]);
    for (version, error) in [
        (3, ErrorCode::UnsupportedCompressionType),
        (6, ErrorCode::UnsupportedCompressionType),
        (7, ErrorCode::None),
    ] {
        let partition_data = vec![PartitionProduceData { index: 0, records: Records::Bytes(&zstd) }];
        let topic_data =
            vec![TopicProduceData { name: "t".into(), partition_data, ..TopicProduceData::default() }];
        let request =
            ProduceRequest { acks: -1, timeout_ms: 10_000, topic_data, ..ProduceRequest::default() };
        let frame = client.call(&request, version).await.unwrap();
        let response: ProduceResponse<'_> = frame.decode().unwrap();
        let code = response.responses[0].partition_responses[0].error_code;
        assert_eq!(ErrorCode::from_code(code), Some(error), "version {version}");
    }
    assert_eq!(calls::values(&mut client, "t", 0).await, ["a"]);
}

#[tokio::test]
async fn a_time_far_ahead_is_an_invalid_timestamp() {
    assert_refused(&[batch_at(4_000_000_000_000, &["a"])], ErrorCode::InvalidTimestamp).await;
}

#[tokio::test]
async fn the_records_to_blame_are_named() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "compacted", 1, &[("cleanup.policy", "compact")]).await;
    let produced = client.produce("compacted", 0, &batch(&["no", "keys"]), -1).await.unwrap();
    assert_eq!(produced.error_code, ErrorCode::InvalidRecord);
    let blamed: Vec<_> = produced.record_errors.iter().map(|(index, _)| *index).collect();
    assert_eq!(blamed, [0, 1]);
    assert!(produced.record_errors[0].1.is_some() && produced.error_message.is_some());
    let ahead = batch_at(4_000_000_000_000, &["much", "too", "late"]);
    let produced = client.produce("compacted", 0, &ahead, -1).await.unwrap();
    assert_eq!(produced.error_code, ErrorCode::InvalidRecord, "the missing keys come first");
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let produced = client.produce("t", 0, &ahead, -1).await.unwrap();
    assert_eq!(produced.error_code, ErrorCode::InvalidTimestamp);
    let blamed: Vec<_> = produced.record_errors.iter().map(|(index, _)| *index).collect();
    assert_eq!(blamed, [0, 1, 2]);
}
