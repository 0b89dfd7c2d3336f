use proptest::prelude::*;

use super::*;
use crate::batch_builder::BatchBuilder;
use crate::control_record::{EndTransactionMarker, TransactionResult};
use crate::record_batch::LOG_APPEND_TIME_BIT;
use crate::types::{ProducerEpoch, ProducerId};

const NOW: i64 = 1_700_000_000_000;
const COMPACTED: ValidationRules = ValidationRules { compacted: true, ..rules() };

/// `Default` is not const; the rules of a plain topic.
const fn rules() -> ValidationRules {
    ValidationRules {
        compacted: false,
        timestamp_type: TimestampType::CreateTime,
        timestamp_before_max_ms: i64::MAX,
        timestamp_after_max_ms: 3_600_000,
        message_bytes_max: 1_048_588,
        compression: None,
        compression_level: None,
        decompressed_bytes_max: 1 << 20,
    }
}

/// A batch of records with these keys and timestamps.
fn batch(compression: Compression, records: &[(Option<&[u8]>, i64)]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(compression);
    for (key, timestamp_ms) in records {
        builder.push(*timestamp_ms, *key, Some(b"value"), &[]);
    }
    builder.build()
}

/// The batch with a changed header, and the CRC that fits it.
fn changed(bytes: &[u8], change: impl FnOnce(&mut BatchHeader)) -> Vec<u8> {
    let (batch, _) = RecordBatch::parse(bytes).unwrap();
    let mut header = batch.header;
    change(&mut header);
    assemble(&header, batch.record_bytes())
}

fn validate(bytes: &[u8], rules: &ValidationRules) -> Result<ValidBatch, ValidationError> {
    validate_batch(bytes, rules, AppendOrigin::Client, NOW)
}

#[track_caller]
fn expect_invalid(bytes: &[u8], part: &str) {
    match validate(bytes, &rules()) {
        Err(ValidationError::InvalidRecord { message, records }) => {
            assert!(message.contains(part), "{message}");
            assert!(records.is_empty());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn default_rules_are_a_plain_topics() {
    let defaults = ValidationRules { decompressed_bytes_max: 1 << 20, ..ValidationRules::default() };
    assert_eq!(defaults, rules());
}

#[test]
fn good_batch_passes_in_every_compression() {
    for compression in Compression::ALL {
        let bytes = batch(compression, &[(None, NOW), (Some(b"k"), NOW - 5)]);
        let valid = validate(&bytes, &rules()).unwrap();
        assert_eq!((valid.max_timestamp_ms, valid.recompressed), (NOW, None));
    }
}

#[test]
fn header_that_lies_is_rejected() {
    let good = batch(Compression::None, &[(None, NOW), (None, NOW)]);
    expect_invalid(&changed(&good, |header| header.last_offset_delta = 2), "last offset delta 2");
    expect_invalid(&changed(&good, |header| header.last_offset_delta = i32::MIN), "last offset delta");
    expect_invalid(&changed(&good, |header| header.record_count = 0), "record count");
    expect_invalid(&changed(&good, |header| header.record_count = i32::MIN), "record count");
    expect_invalid(&changed(&good, |header| header.base_offset = Offset(3)), "base offset");
    expect_invalid(&changed(&good, |header| header.attributes |= 1 << 5), "control records");
    expect_invalid(&changed(&good, |header| header.attributes |= 1 << 6), "delete horizon");
    expect_invalid(&changed(&good, |header| header.producer_id = ProducerId(1)), "base sequence -1");
    let fewer = changed(&good, |header| (header.record_count, header.last_offset_delta) = (1, 0));
    expect_invalid(&fewer, "bytes follow the 1 records");
    let more = changed(&good, |header| (header.record_count, header.last_offset_delta) = (3, 2));
    expect_invalid(&more, "record 2 of the batch");
}

#[test]
fn anything_but_one_batch_of_format_2_is_rejected() {
    let mut bytes = batch(Compression::None, &[(None, NOW)]);
    expect_invalid(&[], "one record batch");
    expect_invalid(&bytes.repeat(2), "exactly one record batch");
    bytes[16] = 1;
    expect_invalid(&bytes, "magic 1");
}

#[test]
fn gap_between_offsets_is_rejected() {
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push_at(0, NOW, None, None, &[]);
    builder.push_at(2, NOW, None, None, &[]);
    let bytes = changed(&builder.build(), |header| header.last_offset_delta = 1);
    expect_invalid(&bytes, "offset delta of record 1 is 2");
}

#[test]
fn flipped_byte_and_cut_batch_are_corrupt() {
    let mut bytes = batch(Compression::None, &[(None, NOW)]);
    let cut = validate(&bytes[..bytes.len() - 1], &rules());
    assert!(matches!(cut, Err(ValidationError::Corrupt(BatchError::Truncated { .. }))));
    *bytes.last_mut().unwrap() ^= 1;
    let flipped = validate(&bytes, &rules());
    assert!(matches!(flipped, Err(ValidationError::Corrupt(BatchError::CrcMismatch { .. }))));
}

#[test]
fn unknown_compression_is_named() {
    let bytes = batch(Compression::None, &[(None, NOW)]);
    let unknown = changed(&bytes, |header| header.attributes = 6);
    assert_eq!(validate(&unknown, &rules()), Err(ValidationError::UnsupportedCompression { id: 6 }));
}

#[test]
fn batch_above_the_limit_is_too_large() {
    let bytes = batch(Compression::None, &[(None, NOW)]);
    let size = bytes.len();
    let smaller = ValidationRules { message_bytes_max: size - 1, ..rules() };
    assert_eq!(validate(&bytes, &smaller), Err(ValidationError::MessageTooLarge { size, max: size - 1 }));
    validate(&bytes, &ValidationRules { message_bytes_max: size, ..rules() }).unwrap();
}

#[test]
fn compacted_topic_names_every_record_without_key() {
    for compression in Compression::ALL {
        let bytes = batch(compression, &[(None, NOW), (Some(b"k"), NOW), (None, NOW)]);
        let error = validate(&bytes, &COMPACTED).unwrap_err();
        assert!(matches!(error, ValidationError::InvalidRecord { .. }));
        let indexes: Vec<_> = error.rejected_records().iter().map(|record| record.batch_index).collect();
        assert_eq!(indexes, [0, 2]);
    }
}

#[test]
fn error_of_many_rejected_records_stays_small() {
    let bytes = batch(Compression::Gzip, &vec![(None, NOW); REJECTED_RECORDS_MAX + 1]);
    let error = validate(&bytes, &COMPACTED).unwrap_err();
    assert_eq!(error.rejected_records().len(), REJECTED_RECORDS_MAX);
    assert!(error.to_string().contains("101 record errors"), "{error}");
}

#[test]
fn timestamps_outside_the_bounds_are_invalid() {
    let bounds = ValidationRules { timestamp_before_max_ms: 10, timestamp_after_max_ms: 20, ..rules() };
    for compression in [Compression::None, Compression::Zstd] {
        let at = |timestamp_ms| validate(&batch(compression, &[(None, NOW), (None, timestamp_ms)]), &bounds);
        at(NOW + 20).unwrap();
        assert!(matches!(at(NOW + 21), Err(ValidationError::InvalidTimestamp { .. })));
        assert!(matches!(at(i64::MAX), Err(ValidationError::InvalidTimestamp { .. })));
        at(NO_TIMESTAMP).unwrap();
        validate(&batch(compression, &[(None, NOW - 10)]), &bounds).unwrap();
        let old = validate(&batch(compression, &[(None, NOW - 11)]), &bounds);
        assert!(matches!(old, Err(ValidationError::InvalidTimestamp { .. })));
    }
    let error = validate(&batch(Compression::None, &[(None, NOW), (None, 5)]), &bounds).unwrap_err();
    assert_eq!(error.rejected_records()[0].batch_index, 1);
}

#[test]
fn missing_key_outweighs_wrong_timestamps() {
    let bytes = batch(Compression::None, &[(None, NOW), (Some(b"k"), i64::MAX)]);
    let error = validate(&bytes, &COMPACTED).unwrap_err();
    assert!(matches!(error, ValidationError::InvalidRecord { .. }));
    assert_eq!(error.rejected_records().len(), 2);
}

#[test]
fn log_append_time_overrides_what_the_producer_says() {
    let rules = ValidationRules { timestamp_type: TimestampType::LogAppendTime, ..rules() };
    for compression in [Compression::None, Compression::Lz4] {
        let mut bytes = batch(compression, &[(None, i64::MAX), (None, 0)]);
        let valid = validate(&bytes, &rules).unwrap();
        valid.assign(&mut bytes, Offset(70), LeaderEpoch(3));
        let (written, _) = RecordBatch::parse(&bytes).unwrap();
        written.verify_crc().unwrap();
        assert_eq!(written.header.max_timestamp, NOW);
        assert_eq!(written.header.timestamp_type(), TimestampType::LogAppendTime);
        assert_eq!(written.header.last_offset(), Offset(71));
        assert_eq!(written.header.partition_leader_epoch, LeaderEpoch(3));
    }
}

#[test]
fn producer_may_not_set_log_append_time() {
    let good = batch(Compression::Gzip, &[(None, NOW)]);
    let bytes = changed(&good, |header| header.attributes |= LOG_APPEND_TIME_BIT);
    assert!(matches!(validate(&bytes, &rules()), Err(ValidationError::InvalidTimestamp { .. })));
}

#[test]
fn max_timestamp_of_an_opened_batch_is_made_true() {
    let good = batch(Compression::None, &[(None, NOW)]);
    let mut bytes = changed(&good, |header| header.max_timestamp = 5);
    let valid = validate(&bytes, &rules()).unwrap();
    valid.assign(&mut bytes, Offset(0), LeaderEpoch(0));
    let (written, _) = RecordBatch::parse(&bytes).unwrap();
    written.verify_crc().unwrap();
    assert_eq!(written.header.max_timestamp, NOW);
}

#[test]
fn topic_compression_rewrites_the_records() {
    for source in Compression::ALL {
        for target in Compression::ALL {
            let bytes = batch(source, &[(Some(b"k"), NOW), (None, NOW + 1)]);
            let rules = ValidationRules { compression: Some(target), ..rules() };
            let valid = validate(&bytes, &rules).unwrap();
            assert_eq!(valid.recompressed.is_some(), source != target);
            let mut written = valid.recompressed.clone().unwrap_or(bytes);
            valid.assign(&mut written, Offset(9), LeaderEpoch(1));
            let (written, _) = RecordBatch::parse(&written).unwrap();
            written.verify_crc().unwrap();
            assert_eq!(written.header.compression(), Ok(target));
            let content = written.decompress(1000).unwrap();
            let last = written.records(&content).last().unwrap().unwrap();
            assert_eq!((last.offset(&written.header), last.value), (Offset(10), Some(&b"value"[..])));
        }
    }
}

#[test]
fn batch_that_grows_beyond_the_limit_is_too_large() {
    let mut builder = BatchBuilder::new(Compression::Zstd);
    builder.push(NOW, None, Some(&[0; 2000]), &[]);
    let small = ValidationRules { message_bytes_max: 1000, compression: Some(Compression::None), ..rules() };
    assert!(matches!(
        validate(&builder.build(), &small),
        Err(ValidationError::MessageTooLarge { size: 2001.., max: 1000 })
    ));
}

#[test]
fn content_beyond_the_limit_is_not_opened() {
    let mut builder = BatchBuilder::new(Compression::Gzip);
    builder.push(NOW, Some(b"k"), Some(&[0; 2000]), &[]);
    let tight = ValidationRules { decompressed_bytes_max: 1000, ..COMPACTED };
    assert!(matches!(validate(&builder.build(), &tight), Err(ValidationError::MessageTooLarge { .. })));
}

#[test]
fn coordinator_may_write_markers_and_they_stay_uncompressed() {
    let marker = EndTransactionMarker { result: TransactionResult::Commit, coordinator_epoch: 0 };
    let bytes = marker.to_batch(NOW, ProducerId(1), ProducerEpoch(0));
    let rules = ValidationRules { compression: Some(Compression::Zstd), ..COMPACTED };
    let valid = validate_batch(&bytes, &rules, AppendOrigin::Coordinator, NOW).unwrap();
    assert_eq!(valid.recompressed, None);
    expect_invalid(&bytes, "control records");
}

proptest! {
    #[test]
    fn mutated_batch_never_panics(
        compression in 0_u8..5,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        compacted: bool,
        target in 0_u8..6,
    ) {
        let compression = Compression::from_id(compression).unwrap();
        let mut bytes = batch(compression, &[(Some(b"k"), NOW), (None, 1), (Some(b""), i64::MAX)]);
        for (index, byte) in &damage {
            // Length and magic stay, or nothing behind them is ever reached.
            let at = 17 + index.index(bytes.len() - 17);
            bytes[at] = *byte;
        }
        let bytes = changed(&bytes, |_| ());
        let rules = ValidationRules { compacted, compression: Compression::from_id(target), ..rules() };
        for origin in [AppendOrigin::Client, AppendOrigin::Coordinator] {
            if let Ok(valid) = validate_batch(&bytes, &rules, origin, NOW) {
                let mut written = valid.recompressed.clone().unwrap_or_else(|| bytes.clone());
                valid.assign(&mut written, Offset(1), LeaderEpoch(1));
                RecordBatch::parse(&written).unwrap().0.verify_crc().unwrap();
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = validate(&bytes, &COMPACTED);
    }
}
