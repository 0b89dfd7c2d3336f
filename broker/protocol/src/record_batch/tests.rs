use super::*;

/// A batch with the given record bytes, built by hand so that reading is not tested against our own writer.
fn batch_of(records: &[u8]) -> Vec<u8> {
    let mut batch = vec![0; BATCH_HEADER_BYTES];
    batch.extend_from_slice(records);
    let length = i32::try_from(batch.len() - LOG_OVERHEAD).unwrap();
    batch[LENGTH_AT..LENGTH_AT + 4].copy_from_slice(&length.to_be_bytes());
    batch[MAGIC_AT] = 2;
    set_crc(&mut batch);
    batch
}

#[test]
fn batch_with_flipped_byte_fails_crc() {
    let mut bytes = batch_of(b"records");
    RecordBatch::parse(&bytes).unwrap().0.verify_crc().unwrap();
    bytes[63] ^= 1;
    let (batch, rest) = RecordBatch::parse(&bytes).unwrap();
    assert!(rest.is_empty());
    assert!(matches!(batch.verify_crc(), Err(BatchError::CrcMismatch { .. })));
}

#[test]
fn base_offset_and_leader_epoch_are_outside_the_crc() {
    let mut bytes = batch_of(b"x");
    set_base_offset(&mut bytes, Offset(i64::MAX - 1));
    set_leader_epoch(&mut bytes, LeaderEpoch(7));
    let (batch, _) = RecordBatch::parse(&bytes).unwrap();
    batch.verify_crc().unwrap();
    assert_eq!(batch.header.last_offset(), Offset(i64::MAX - 1));
    assert_eq!(batch.header.next_offset(), Offset(i64::MAX));
    assert_eq!(batch.header.partition_leader_epoch, LeaderEpoch(7));
}

#[test]
fn append_time_keeps_the_crc_right() {
    let mut bytes = batch_of(b"x");
    set_append_time(&mut bytes, 42);
    let (batch, _) = RecordBatch::parse(&bytes).unwrap();
    batch.verify_crc().unwrap();
    assert_eq!(batch.header.max_timestamp, 42);
    assert_eq!(batch.header.timestamp_type(), TimestampType::LogAppendTime);
}

#[test]
fn batches_end_after_a_truncated_one() {
    let mut bytes = batch_of(b"one");
    bytes.extend_from_slice(&batch_of(b"two")[..40]);
    let found: Vec<_> = batches(&bytes).collect();
    assert_eq!(found[0].unwrap().record_bytes(), b"one");
    assert_eq!(found[1], Err(BatchError::Truncated { needed: 61, available: 40 }));
    assert_eq!(found.len(), 2);
}

#[test]
fn header_rejects_short_length_and_old_magic() {
    let mut bytes = batch_of(b"");
    bytes[16] = 1;
    assert_eq!(BatchHeader::parse(&bytes), Err(BatchError::UnsupportedMagic { magic: 1 }));
    // An old message is shorter than a batch can be; what is wrong with it is its magic.
    bytes[11] = 22;
    assert_eq!(BatchHeader::parse(&bytes[..17]), Err(BatchError::UnsupportedMagic { magic: 1 }));
    bytes[11] = 13;
    assert_eq!(BatchHeader::parse(&bytes[..17]), Err(BatchError::InvalidLength { length: 13 }));
    (bytes[11], bytes[16]) = (48, 2);
    assert_eq!(BatchHeader::parse(&bytes[..17]), Err(BatchError::InvalidLength { length: 48 }));
    assert_eq!(BatchHeader::parse(&[]), Err(BatchError::Truncated { needed: 61, available: 0 }));
}

#[test]
fn sequence_wraps_from_the_largest_to_zero() {
    assert_eq!(increment_sequence(i32::MAX, 1), 0);
    assert_eq!(increment_sequence(i32::MAX - 1, 3), 1);
    assert_eq!(increment_sequence(0, 5), 5);
}
