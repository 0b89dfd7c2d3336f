use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::types::LeaderEpoch;

use super::*;

/// A batch of `count` records from `base` on, in leader epoch `epoch`, each record with `timestamp`.
pub(crate) fn batch(base: i64, count: i32, epoch: i32, timestamp: i64) -> Vec<u8> {
    let mut builder =
        BatchBuilder::new(Compression::None).base_offset(Offset(base)).leader_epoch(LeaderEpoch(epoch));
    for index in 0..count {
        let value = format!("value {}", base + i64::from(index));
        builder.push(timestamp, Some(b"key"), Some(value.as_bytes()), &[]);
    }
    builder.build()
}

/// Batches of 10 records from `base` on, one a second.
pub(crate) fn batches(base: i64, count: i64, epoch: i32) -> Vec<u8> {
    (0..count).flat_map(|index| batch(base + index * 10, 10, epoch, (base / 10 + index) * 1000)).collect()
}

/// Batches of one record of so many bytes each, from `base` on.
pub(crate) fn big_batches(base: i64, count: i64, bytes: usize) -> Vec<u8> {
    let one = |index: i64| {
        let mut builder = BatchBuilder::new(Compression::None)
            .base_offset(Offset(base + index))
            .leader_epoch(LeaderEpoch(0));
        let value: Vec<u8> = (0..bytes).map(|at| (at as u64 * 31 + index as u64) as u8).collect();
        builder.push(base + index, None, Some(&value), &[]);
        builder.build()
    };
    (0..count).flat_map(one).collect()
}

fn scanned(bytes: &[u8], base: i64) -> ScannedRange {
    let mut scan = RangeScan::new(Offset(base), bytes.len() as u64);
    assert_eq!(scan.take(bytes), Ok(bytes.len()));
    scan.finish()
}

#[test]
fn a_range_is_described_whatever_pieces_it_comes_in() {
    let bytes = [batches(100, 60, 1), batches(700, 60, 3)].concat();
    let whole = scanned(&bytes, 100);
    let mut scan = RangeScan::new(Offset(100), bytes.len() as u64);
    let (mut taken, mut end) = (0, 0);
    while taken < bytes.len() {
        end = (end + 777).min(bytes.len());
        taken += scan.take(&bytes[taken..end]).unwrap();
    }
    let pieces = scan.finish();
    assert_eq!((whole.crc, &whole.offset_index), (pieces.crc, &pieces.offset_index));
    assert_eq!((whole.next_offset, whole.length), (Offset(1300), bytes.len() as u64));
    assert_eq!((whole.max_timestamp, whole.max_timestamp_offset), (129_000, Offset(1299)));
    let epochs: Vec<_> = whole.epochs.iter().map(|entry| (entry.epoch.0, entry.start_offset.0)).collect();
    assert_eq!(epochs, [(1, 100), (3, 700)]);
}

#[test]
fn indexes_lead_to_a_batch_at_or_before_what_is_looked_for() {
    let bytes = batches(100, 200, 0);
    let range = scanned(&bytes, 100);
    assert!(range.offset_index.len() > 4 * OFFSET_ENTRY_BYTES);
    for offset in 100..2100 {
        let position = position_before(&range.offset_index, Offset(100), Offset(offset));
        let (batch, _) = RecordBatch::parse(&bytes[usize::try_from(position).unwrap()..]).unwrap();
        assert!(batch.header.base_offset <= Offset(offset), "{offset}");
        assert!(offset - batch.header.base_offset.0 < 2000, "{offset}");
    }
    for second in 10..210 {
        let offset = offset_before_time(&range.time_index, Offset(100), second * 1000);
        assert!(offset.0 <= second * 10, "{second}");
    }
}

/// fault = 62
#[test]
fn damaged_batches_are_not_uploaded() {
    let mut bytes = batches(0, 3, 0);
    let at = bytes.len() - 5;
    bytes[at] ^= 1;
    let mut scan = RangeScan::new(Offset(0), bytes.len() as u64);
    assert!(matches!(scan.take(&bytes), Err(ScanError::Batch { .. })));
}

/// tiering = 5
#[test]
fn a_hole_between_batches_is_not_uploaded() {
    let bytes = [batches(0, 1, 0), batches(20, 1, 0)].concat();
    let mut scan = RangeScan::new(Offset(0), bytes.len() as u64);
    assert!(matches!(scan.take(&bytes), Err(ScanError::Order { found: Offset(20), .. })));
    let mut late = RangeScan::new(Offset(5), bytes.len() as u64);
    assert!(matches!(late.take(&bytes), Err(ScanError::Order { expected: Offset(5), .. })));
}

#[test]
fn aborted_transactions_survive_their_bytes() {
    let txn = |n| AbortedTxn {
        first_offset: Offset(n),
        producer_id: ProducerId(n + 1),
        last_offset: Offset(n + 2),
        last_stable_offset: Offset(n + 3),
    };
    let aborted: Vec<_> = (0..5).map(txn).collect();
    assert_eq!(decode_aborted(&encode_aborted(&aborted)), aborted);
}
