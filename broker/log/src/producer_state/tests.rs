use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::types::LeaderEpoch;

use super::*;

const PRODUCER: i64 = 7;

/// Header of a batch of five records.
fn batch(epoch: i16, sequence: i32, offset: i64) -> BatchHeader {
    BatchHeader {
        base_offset: Offset(offset),
        batch_length: 100,
        partition_leader_epoch: LeaderEpoch(0),
        magic: 2,
        crc: 0,
        attributes: 0,
        last_offset_delta: 4,
        base_timestamp: 1000,
        max_timestamp: 1000,
        producer_id: ProducerId(PRODUCER),
        producer_epoch: ProducerEpoch(epoch),
        base_sequence: sequence,
        record_count: 5,
    }
}

fn transactional(epoch: i16, sequence: i32, offset: i64) -> BatchHeader {
    BatchHeader { attributes: 1 << 4, ..batch(epoch, sequence, offset) }
}

fn marker_batch(epoch: i16, offset: i64) -> BatchHeader {
    BatchHeader { attributes: 3 << 4, last_offset_delta: 0, ..batch(epoch, NO_SEQUENCE, offset) }
}

fn table(batches: &[BatchHeader]) -> ProducerTable {
    let mut table = ProducerTable::default();
    batches.iter().for_each(|batch| table.apply_data(batch));
    table
}

#[test]
fn any_of_the_last_five_batches_is_recognised_with_its_original_offsets() {
    let batches: Vec<_> = (0..6).map(|n| batch(0, n * 5, i64::from(n) * 10)).collect();
    let table = table(&batches);
    for sent in &batches[1..] {
        let retry = BatchHeader { base_offset: Offset(0), ..*sent };
        let Ok(Check::Duplicate(found)) = table.check(&retry) else { panic!("{retry:?} is a duplicate") };
        assert_eq!(found.first_offset(), sent.base_offset);
        assert_eq!(found.last_offset, sent.last_offset());
    }
    let forgotten = table.check(&batches[0]).unwrap_err();
    assert!(matches!(forgotten, ProducerError::OutOfOrderSequence { sequence: 0, last_sequence: 29, .. }));
}

#[test]
fn batch_behind_a_first_one_without_room_is_refused_until_that_one_is_written() {
    let mut table = ProducerTable::default();
    table.note_refused(&batch(0, 0, 0));
    let second = table.check(&batch(0, 5, 0)).unwrap_err();
    assert!(matches!(second, ProducerError::OutOfOrderSequence { sequence: 5, last_sequence: -1, .. }));
    assert_eq!(table.check(&batch(1, 0, 0)), Ok(Check::New), "another epoch begins anew");
    assert_eq!(table.check(&batch(0, 0, 0)), Ok(Check::New));
    table.apply_data(&batch(0, 0, 0));
    assert_eq!(table.check(&batch(0, 5, 0)), Ok(Check::New));
}

#[test]
fn the_lowest_refused_sequence_of_the_newest_epoch_is_what_a_producer_goes_on_from() {
    let mut table = ProducerTable::default();
    for refused in [batch(1, 5, 0), batch(1, 0, 0), batch(1, 10, 0), batch(0, 0, 0)] {
        table.note_refused(&refused);
    }
    for behind in [5, 10] {
        let error = table.check(&batch(1, behind, 0)).unwrap_err();
        assert!(matches!(error, ProducerError::OutOfOrderSequence { .. }), "{behind}: {error}");
    }
    assert_eq!(table.check(&batch(1, 0, 0)), Ok(Check::New));
    table.note_refused(&batch(2, 20, 0));
    assert_eq!(table.check(&batch(2, 20, 0)), Ok(Check::New));
    assert_eq!(table.check(&batch(2, 15, 0)), Ok(Check::New), "what comes before was not refused");
    assert!(table.check(&batch(2, 25, 0)).is_err());
}

#[test]
fn what_was_refused_before_there_was_a_log_counts_in_it() {
    let mut before = RefusedBatches::default();
    before.note(&batch(0, 5, 0));
    let mut table = ProducerTable::default();
    table.note_refused(&batch(0, 10, 0));
    table.adopt_refused(&before);
    assert!(table.check(&batch(0, 10, 0)).is_err());
    assert_eq!(table.check(&batch(0, 5, 0)), Ok(Check::New));
}

#[test]
fn only_a_sound_batch_with_a_sequence_is_noted_when_it_is_refused() {
    let build = |sequence: Option<i32>| {
        let mut builder = BatchBuilder::new(Compression::None);
        if let Some(sequence) = sequence {
            builder = builder.producer(ProducerId(PRODUCER), ProducerEpoch(0), sequence);
        }
        builder.push(1000, None, Some(b"a"), &[]);
        builder.build()
    };
    let sound = build(Some(5));
    assert_eq!(refusable(&sound).map(|header| header.base_sequence), Some(5));
    let mut damaged = sound;
    *damaged.last_mut().unwrap() ^= 1;
    for bytes in [damaged, build(None), build(Some(-1)), Vec::new()] {
        assert_eq!(refusable(&bytes), None);
    }
}

#[test]
fn gap_in_the_sequence_is_refused_and_its_successor_taken() {
    let table = table(&[batch(0, 0, 0)]);
    assert!(matches!(table.check(&batch(0, 6, 0)), Err(ProducerError::OutOfOrderSequence { .. })));
    assert_eq!(table.check(&batch(0, 5, 0)), Ok(Check::New));
}

/// fault = 68
#[test]
fn unknown_producer_may_begin_anywhere() {
    assert_eq!(ProducerTable::default().check(&batch(3, 1234, 0)), Ok(Check::New));
}

#[test]
fn newer_epoch_begins_at_zero_and_fences_the_older() {
    let mut table = table(&[batch(1, 0, 0)]);
    assert!(matches!(table.check(&batch(2, 5, 0)), Err(ProducerError::OutOfOrderSequence { .. })));
    assert_eq!(table.check(&batch(2, 0, 0)), Ok(Check::New));
    table.apply_data(&batch(2, 0, 5));
    assert!(matches!(
        table.check(&batch(1, 5, 0)),
        Err(ProducerError::StaleEpoch { epoch: 1, current: 2, .. })
    ));
}

#[test]
fn sequences_wrap_after_the_largest_i32() {
    let last = batch(0, i32::MAX - 4, 0);
    let table = table(&[last]);
    assert_eq!(table.check(&batch(0, 0, 0)), Ok(Check::New));

    let across = batch(0, i32::MAX - 1, 5);
    assert_eq!(across.last_sequence(), 2);
    let table = super::tests::table(&[across]);
    assert!(matches!(table.check(&across), Ok(Check::Duplicate(_))));
    assert_eq!(table.check(&batch(0, 3, 0)), Ok(Check::New));
}

#[test]
fn transaction_holds_the_stable_offset_until_its_marker_is_below_the_high_watermark() {
    let mut table = table(&[transactional(0, 0, 10)]);
    assert_eq!(table.first_unstable_offset(), Some(Offset(10)));
    assert!(matches!(table.check(&batch(0, 5, 0)), Err(ProducerError::NotTransactional { .. })));

    let abort = Marker { commit: false, coordinator_epoch: 1 };
    let completed = table.apply_marker(&marker_batch(0, 15), abort).unwrap();
    assert_eq!((completed.first_offset, completed.last_offset), (Offset(10), Offset(15)));
    assert!(completed.aborted);
    assert_eq!(completed.last_stable_offset, Offset(16));
    table.forget_ended(Offset(15));
    assert_eq!(table.first_unstable_offset(), Some(Offset(10)));
    table.forget_ended(Offset(16));
    assert_eq!(table.first_unstable_offset(), None);
}

#[test]
fn stable_offset_after_a_marker_stops_at_the_other_open_transaction() {
    let mut table = table(&[transactional(0, 0, 10)]);
    table.apply_data(&BatchHeader { producer_id: ProducerId(8), ..transactional(0, 0, 15) });
    let commit = Marker { commit: true, coordinator_epoch: 0 };
    let other = BatchHeader { producer_id: ProducerId(8), ..marker_batch(0, 20) };
    assert_eq!(table.apply_marker(&other, commit).unwrap().last_stable_offset, Offset(10));
}

#[test]
fn marker_without_a_transaction_only_moves_the_epoch() {
    let mut table = table(&[batch(0, 0, 0)]);
    let abort = Marker { commit: false, coordinator_epoch: 3 };
    assert_eq!(table.apply_marker(&marker_batch(1, 5), abort), None);
    assert!(matches!(table.check(&batch(0, 5, 0)), Err(ProducerError::StaleEpoch { .. })));
    // The new epoch is known, so its first sequence must be 0 (KIP-360).
    assert!(matches!(table.check(&batch(1, 5, 0)), Err(ProducerError::OutOfOrderSequence { .. })));
    assert_eq!(table.check(&batch(1, 0, 0)), Ok(Check::New));
}

#[test]
fn marker_of_a_replaced_coordinator_is_fenced() {
    let mut table = table(&[transactional(0, 0, 0)]);
    table.apply_marker(&marker_batch(0, 5), Marker { commit: true, coordinator_epoch: 4 });
    let stale = Marker { commit: true, coordinator_epoch: 3 };
    assert!(matches!(
        table.check_marker(&marker_batch(0, 6), stale),
        Err(ProducerError::CoordinatorFenced { epoch: 3, current: 4, .. })
    ));
}

/// fault = 68
#[test]
fn idle_producers_expire_unless_their_transaction_is_open() {
    let mut table = table(&[batch(0, 0, 0)]);
    table.apply_data(&BatchHeader { producer_id: ProducerId(8), ..transactional(0, 0, 5) });
    table.expire(1999, 1000);
    assert_eq!(table.len(), 2);
    table.expire(2000, 1000);
    assert_eq!(table.iter().map(|(id, _)| id.0).collect::<Vec<_>>(), [8]);
}
