//! Reads segments that Apache Kafka 4.3.1 wrote and compares every record with what Kafka's own consumer returned.

use broker_protocol::batch_builder::{BatchBuilder, RecordHeader};
use broker_protocol::compression::Compression;
use broker_protocol::control_record::{EndTransactionMarker, TransactionResult};
use broker_protocol::record::Record;
use broker_protocol::record_batch::{BatchHeader, RecordBatch, TimestampType, assemble, batches};
use broker_protocol::validate::{AppendOrigin, ValidationRules, recompress, validate_batch};
use serde_json::{Value, json};

const LIMIT: usize = 1 << 20;
const EXPECTED: &str = include_str!("../testdata/segments/expected.json");
const SEGMENTS: [(&str, &[u8]); 4] = [
    ("append-time-0", include_bytes!("../testdata/segments/append-time-0.log")),
    ("codecs-0", include_bytes!("../testdata/segments/codecs-0.log")),
    ("keyed-0", include_bytes!("../testdata/segments/keyed-0.log")),
    ("txn-0", include_bytes!("../testdata/segments/txn-0.log")),
];

/// Bytes as the expectations spell them: one character a byte.
fn latin1(bytes: Option<&[u8]>) -> Value {
    bytes.map_or(Value::Null, |bytes| bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into())
}

fn as_expected(header: &BatchHeader, record: &Record<'_>) -> Value {
    let headers: Vec<_> =
        record.headers.map(|(key, value)| json!([latin1(Some(key)), latin1(value)])).collect();
    let timestamp_type = match header.timestamp_type() {
        TimestampType::CreateTime => 1,
        TimestampType::LogAppendTime => 2,
    };
    json!([
        record.offset(header).0,
        record.timestamp_ms(header),
        timestamp_type,
        latin1(record.key),
        latin1(record.value),
        headers
    ])
}

fn all_batches() -> impl Iterator<Item = RecordBatch<'static>> {
    SEGMENTS.iter().flat_map(|(_, bytes)| batches(bytes)).map(Result::unwrap)
}

#[test]
fn records_are_those_that_kafkas_consumer_saw() {
    let expected: Value = serde_json::from_str(EXPECTED).unwrap();
    for (log, bytes) in SEGMENTS {
        let mut found = Vec::new();
        for batch in batches(bytes).map(Result::unwrap).filter(|batch| !batch.header.is_control()) {
            batch.verify_crc().unwrap();
            let content = batch.decompress(LIMIT).unwrap();
            found.extend(batch.records(&content).map(|record| as_expected(&batch.header, &record.unwrap())));
        }
        assert_eq!(Value::Array(found), expected[log], "{log}");
    }
}

#[test]
fn every_compression_is_among_the_segments() {
    for compression in Compression::ALL {
        assert!(all_batches().any(|batch| batch.header.compression() == Ok(compression)), "{compression}");
    }
}

#[test]
fn uncompressed_batches_are_built_byte_for_byte() {
    let mut built = 0;
    for batch in all_batches().filter(|batch| batch.header.compression() == Ok(Compression::None)) {
        let header = batch.header;
        let mut builder = BatchBuilder::new(Compression::None)
            .base_offset(header.base_offset)
            .leader_epoch(header.partition_leader_epoch)
            .producer(header.producer_id, header.producer_epoch, header.base_sequence);
        if header.is_transactional() {
            builder = builder.transactional();
        }
        if header.is_control() {
            builder = builder.control();
        }
        if header.timestamp_type() == TimestampType::LogAppendTime {
            // The base timestamp stays the producer's, so the records carry their own.
            builder = builder.append_time(header.max_timestamp);
        }
        for record in batch.records(batch.record_bytes()).map(Result::unwrap) {
            let timestamp_ms = header.base_timestamp + record.timestamp_delta;
            let headers: Vec<RecordHeader<'_>> = record.headers.collect();
            builder.push_at(record.offset_delta, timestamp_ms, record.key, record.value, &headers);
        }
        builder.set_last_offset_delta(header.last_offset_delta);
        assert_eq!(builder.build(), batch.bytes);
        built += 1;
    }
    assert!(built > 5);
}

#[test]
fn transactions_end_with_markers_of_both_kinds() {
    let markers: Vec<_> = all_batches()
        .filter(|batch| batch.header.is_control())
        .map(|batch| {
            let record = batch.records(batch.record_bytes()).next().unwrap().unwrap();
            let marker = EndTransactionMarker::parse(&record).unwrap().unwrap();
            let header = batch.header;
            let built = marker.to_batch(header.base_timestamp, header.producer_id, header.producer_epoch);
            assert_eq!(built[61..], *batch.record_bytes());
            marker.result
        })
        .collect();
    assert!(markers.contains(&TransactionResult::Commit) && markers.contains(&TransactionResult::Abort));
}

#[test]
fn what_kafka_accepted_is_valid_and_survives_recompression() {
    for batch in all_batches() {
        let now_ms = batch.header.max_timestamp;
        let origin = AppendOrigin::Coordinator;
        let mut sent = batch.header;
        sent.attributes &= !0b1000;
        validate_batch(&assemble(&sent, batch.record_bytes()), &ValidationRules::default(), origin, now_ms)
            .unwrap();
        for target in Compression::ALL {
            let bytes = recompress(&batch, target, None, LIMIT).unwrap();
            let (rewritten, _) = RecordBatch::parse(&bytes).unwrap();
            rewritten.verify_crc().unwrap();
            assert_eq!(rewritten.decompress(LIMIT).unwrap(), batch.decompress(LIMIT).unwrap());
        }
    }
}
