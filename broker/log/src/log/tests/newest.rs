//! The record with the largest timestamp below an offset, against a list of all records.

use proptest::prelude::*;

use super::*;

/// Timestamps of the records of one batch, and how it is stored.
#[derive(Clone, Debug)]
struct Written {
    timestamps: Vec<i64>,
    compression: Compression,
}

fn written() -> impl Strategy<Value = Written> {
    let timestamps = prop::collection::vec(prop_oneof![4 => 0..60_i64, 1 => Just(-1)], 1..4);
    let compression = prop::sample::select(vec![Compression::None, Compression::Gzip]);
    (timestamps, compression).prop_map(|(timestamps, compression)| Written { timestamps, compression })
}

fn batch_of(written: &Written) -> Vec<u8> {
    let mut builder = BatchBuilder::new(written.compression);
    for &timestamp in &written.timestamps {
        builder.push(timestamp, None, Some(b"some bytes of a record"), &[]);
    }
    builder.build()
}

/// Several segments, an index entry for every few batches.
fn small() -> LogConfig {
    LogConfig { segment_bytes: 1500, index_interval_bytes: 200, ..LogConfig::default() }
}

/// Offset and timestamp of the first record with the largest one from `start` up to `upper`.
fn newest_of(timestamps: &[i64], start: usize, upper: usize) -> Option<(i64, i64)> {
    let records = (start..upper).map(|offset| (timestamps[offset], -(offset as i64)));
    records.max().filter(|(timestamp, _)| *timestamp >= 0).map(|(timestamp, offset)| (-offset, timestamp))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]
    #[test]
    fn largest_timestamp_is_that_of_a_record_between_the_start_and_the_upper_offset(
        all in prop::collection::vec(written(), 1..60),
        start in any::<prop::sample::Index>(),
        checkpoint_at in any::<prop::sample::Index>(),
        is_opened_anew in any::<bool>(),
    ) {
        let mut fixture = fixture(small());
        let (mut timestamps, mut ends) = (Vec::new(), vec![0]);
        let checkpoint_at = checkpoint_at.index(all.len());
        let mut tail = None;
        for (number, written) in all.iter().enumerate() {
            fixture.append(batch_of(written)).unwrap();
            timestamps.extend(&written.timestamps);
            ends.push(timestamps.len());
            if number == checkpoint_at {
                tail = Some(fixture.checkpoint());
            }
        }
        if is_opened_anew {
            fixture.reopen(tail.as_ref()).unwrap();
        }
        let start = start.index(timestamps.len() + 1);
        fixture.log.advance_log_start_offset(Offset(start as i64));
        for upper in ends {
            let found = fixture.log.newest_record(Offset(upper as i64)).unwrap();
            let found = found.map(|found| (found.offset.0, found.timestamp));
            prop_assert_eq!(found, newest_of(&timestamps, start, upper), "below {}", upper);
        }
    }
}
