use broker_protocol::types::LeaderEpoch;

use super::*;
use crate::ids::ManifestNumber;
use crate::manifest::tests::{entry, grown, manifest};

const OPEN: Bounds =
    Bounds { high_watermark: Offset(1000), last_stable_offset: Offset(1000), fsynced: Offset(1000) };
const UNLIMITED: Limits = Limits { now_ms: 1_000_000, retention_ms: None, retention_bytes: None };

/// Segments of 10 offsets and 1000 bytes from `first` on, the last one active.
fn segments(first: i64, count: i64) -> Vec<LocalSegment> {
    let segment = |index: i64| LocalSegment {
        base_offset: Offset(first + index * 10),
        next_offset: Offset(first + index * 10 + 10),
        bytes: 1000,
        is_sealed: index + 1 < count,
        newest_ms: 1000 * index,
    };
    (0..count).map(segment).collect()
}

fn copied(count: i64) -> Manifest {
    let mut manifest = grown(count).0;
    manifest.number = Some(ManifestNumber(1));
    manifest
}

fn copy(segment_base: i64, from: i64, next_offset: i64) -> CopyStep {
    CopyStep::Copy {
        segment_base: Offset(segment_base),
        from: Offset(from),
        next_offset: Offset(next_offset),
    }
}

#[test]
fn sealed_segments_are_copied_in_order_from_where_the_manifest_ends() {
    assert_eq!(next_copy(&manifest(), Offset(0), &segments(0, 3), &OPEN), copy(0, 0, 10));
    assert_eq!(next_copy(&copied(1), Offset(0), &segments(0, 3), &OPEN), copy(10, 10, 20));
    assert_eq!(next_copy(&copied(2), Offset(0), &segments(0, 3), &OPEN), CopyStep::UpToDate);
    // Another leader had rolled elsewhere.
    assert_eq!(next_copy(&copied(1), Offset(0), &segments(5, 3), &OPEN), copy(5, 10, 15));
}

/// tiering = 6
#[test]
fn nothing_at_or_above_any_bound_is_copied() {
    let at = Offset(9);
    for bounds in [
        Bounds { high_watermark: at, ..OPEN },
        Bounds { last_stable_offset: at, ..OPEN },
        Bounds { fsynced: at, ..OPEN },
    ] {
        let step = next_copy(&manifest(), Offset(0), &segments(0, 3), &bounds);
        assert_eq!(step, CopyStep::AtCeiling { needed: Offset(10) });
    }
}

/// tiering = 25
#[test]
fn a_hole_between_bucket_and_local_log_is_told_and_not_jumped() {
    let step = next_copy(&copied(1), Offset(0), &segments(20, 3), &OPEN);
    assert_eq!(step, CopyStep::Gap { needed: Offset(10), local_start: Offset(20) });
    // Retention has removed everything up to there, so nothing is missing.
    let step = next_copy(&copied(1), Offset(20), &segments(20, 3), &OPEN);
    assert_eq!(step, CopyStep::AdvanceLogStart(Offset(20)));
    let mut advanced = copied(1);
    advanced.advance_log_start(Offset(20), 0);
    assert_eq!(next_copy(&advanced, Offset(20), &segments(20, 3), &OPEN), copy(20, 20, 30));
}

/// fault = 54
/// tiering = 7
#[test]
fn only_what_a_durable_manifest_names_goes_locally() {
    let (all, tight) = (segments(0, 4), Limits { retention_bytes: Some(0), ..UNLIMITED });
    assert_eq!(local_deletable(None, &all, &tight), 0);
    assert_eq!(local_deletable(Some(&copied(0)), &all, &tight), 0);
    assert_eq!(local_deletable(Some(&copied(2)), &all, &tight), 2);
    assert_eq!(local_deletable(Some(&grown(2).0), &all, &tight), 0, "not published");
    assert_eq!(local_deletable(Some(&copied(9)), &all, &tight), 3, "the active segment stays");
}

#[test]
fn local_retention_goes_by_size_and_age() {
    let (all, durable) = (segments(0, 4), copied(9));
    let count = |limits: Limits| local_deletable(Some(&durable), &all, &limits);
    assert_eq!(count(UNLIMITED), 0);
    assert_eq!(count(Limits { retention_bytes: Some(3000), ..UNLIMITED }), 1);
    assert_eq!(count(Limits { retention_bytes: Some(3001), ..UNLIMITED }), 0);
    assert_eq!(count(Limits { retention_ms: Some(998_999), ..UNLIMITED }), 2);
}

/// tiering = 19
#[test]
fn retention_counts_each_byte_once() {
    let durable = copied(5);
    let start = |retention_bytes, local_only| {
        let limits = Limits { retention_bytes: Some(retention_bytes), ..UNLIMITED };
        retained_start(&durable, None, local_only, &limits)
    };
    assert_eq!(start(5000, 0), RetentionStep::StartAt(Offset(0)));
    assert_eq!(start(5000, 999), RetentionStep::StartAt(Offset(0)));
    assert_eq!(start(5000, 1000), RetentionStep::StartAt(Offset(10)));
    assert_eq!(start(0, 0), RetentionStep::StartAt(Offset(50)));
}

#[test]
fn retention_by_age_stops_at_the_first_that_is_young_enough() {
    let limits = Limits { now_ms: 2000, retention_ms: Some(980), ..UNLIMITED };
    // Timestamps are 1009, 1019, 1029, …
    assert_eq!(retained_start(&copied(5), None, 0, &limits), RetentionStep::StartAt(Offset(20)));
}

#[test]
fn retention_reads_the_page_that_decides() {
    let (manifest, pages) = grown(400);
    let limits = Limits { retention_bytes: Some(manifest.bytes() - 135_500), ..UNLIMITED };
    let RetentionStep::NeedsPage(key) = retained_start(&manifest, None, 0, &limits) else {
        panic!("the second page decides")
    };
    assert_eq!(key, pages[1].key);
    let step = retained_start(&manifest, Some((key, &pages[1].entries)), 0, &limits);
    assert_eq!(step, RetentionStep::StartAt(Offset(1350)));
}

#[test]
fn lag_counts_what_is_sealed_and_not_copied() {
    let lag = copy_lag(&copied(1), &segments(0, 4), 5000);
    assert_eq!(lag, CopyLag { bytes: 2000, oldest_ms: Some(4000) });
    assert_eq!(copy_lag(&copied(3), &segments(0, 4), 5000), CopyLag::default());
}

/// tiering = 15
#[test]
fn epochs_of_bucket_and_local_log_are_joined() {
    let mut durable = manifest();
    durable.append(entry(0, 9)).unwrap();
    let local = |epoch, start| EpochEntry { epoch: LeaderEpoch(epoch), start_offset: Offset(start) };
    let joined = joined_epochs(&durable, &[local(0, 5), local(2, 10), local(3, 30)]);
    assert_eq!(joined, [local(0, 0), local(2, 10), local(3, 30)]);
}
