use super::*;

/// A segment of ten offsets and 100 bytes, with records of the time 1000 times its number.
fn segment(number: i64) -> SegmentFacts {
    SegmentFacts {
        base: Offset(number * 10),
        next_offset: Offset(number * 10 + 10),
        end: Offset(number * 10 + 10),
        size: 100,
        index_bytes: 8,
        time_index_bytes: 12,
        newest_ms: number * 1000,
        first_ms: number * 1000,
        is_settled: true,
    }
}

/// Four such segments before the active one, of which the first is clean.
fn log() -> LogFacts {
    LogFacts {
        segments: (0..4).map(segment).collect(),
        active_base: Offset(40),
        log_start: Offset(0),
        log_end: Offset(45),
        clean_below: Offset(10),
        stable: Offset(45),
        lag_ms_min: 0,
        lag_ms_max: i64::MAX,
        dirty_ratio_ppm_min: 500_000,
    }
}

fn cleanable(change: impl FnOnce(&mut LogFacts)) -> Cleanable {
    let mut log = log();
    change(&mut log);
    Cleanable::of(&log, 10_000)
}

fn range(change: impl FnOnce(&mut LogFacts)) -> (i64, i64) {
    let Cleanable { first_dirty, end, .. } = cleanable(change);
    (first_dirty.0, end.0)
}

#[test]
fn everything_from_the_last_cleaning_to_the_active_segment_is_cleaned() {
    let found = cleanable(|_| {});
    assert_eq!((found.first_dirty, found.end), (Offset(10), Offset(40)));
    assert_eq!((found.clean_bytes, found.dirty_bytes, found.dirty_ppm()), (100, 300, 750_000));
}

#[test]
fn nothing_that_is_not_decided_is_cleaned() {
    assert_eq!(range(|log| log.stable = Offset(25)), (10, 25));
    assert_eq!(range(|log| log.stable = Offset(3)), (10, 10));
}

#[test]
fn nothing_behind_a_segment_that_is_not_settled_is_cleaned() {
    assert_eq!(range(|log| log.segments[2].is_settled = false), (10, 20));
    assert_eq!(range(|log| log.segments[0].is_settled = false), (10, 10));
}

#[test]
fn records_younger_than_the_lag_stay() {
    assert_eq!(range(|log| log.lag_ms_min = 7000), (10, 40));
    assert_eq!(range(|log| log.lag_ms_min = 7001), (10, 30));
    assert_eq!(range(|log| log.lag_ms_min = i64::MAX), (10, 10));
    // A clock that has gone back.
    assert_eq!(range(|log| log.segments[1].newest_ms = 99_999), (10, 40));
}

#[test]
fn a_log_start_behind_the_last_cleaning_takes_its_place() {
    assert_eq!(range(|log| log.log_start = Offset(20)), (20, 40));
    // As after a truncation.
    assert_eq!(range(|log| log.clean_below = Offset(99)), (0, 40));
}

#[test]
fn a_log_is_due_once_it_is_dirty_enough() {
    let due = |ppm| cleanable(|_| {}).is_due(ppm);
    assert!(due(749_999) && !due(750_000));
    assert!(!cleanable(|log| log.clean_below = Offset(40)).is_due(0));
    assert!(!cleanable(|log| log.segments.clear()).is_due(0));
}

#[test]
fn a_log_whose_oldest_dirty_record_has_waited_long_enough_is_due_at_any_ratio() {
    let due = |lag| cleanable(|log| log.lag_ms_max = lag).is_due(1_000_000);
    assert!(due(8999) && !due(9000));
    let is_overdue = |lag_min| {
        let of = cleanable(|log| (log.lag_ms_max, log.lag_ms_min) = (1, lag_min));
        of.is_overdue
    };
    assert!(is_overdue(8999) && !is_overdue(9000));
}

#[test]
fn the_dirtiest_log_comes_first() {
    let of = |dirty_bytes| Cleanable { dirty_bytes, ..cleanable(|_| {}) };
    let found = dirtiest([("a", of(10)), ("b", of(30)), ("c", of(30))].into_iter());
    assert_eq!(found.map(|(name, _)| name), Some("b"));
    assert!(dirtiest(std::iter::empty::<((), Cleanable)>()).is_none());
}

const ROOMY: GroupLimits = GroupLimits { segment_bytes: 1 << 30, index_bytes: 1 << 20 };

/// First offsets of the groups' segments.
fn grouped(segments: &[SegmentFacts], end: i64, limits: GroupLimits) -> Vec<Vec<i64>> {
    let bases = |group: &Group| group.segments.iter().map(|segment| segment.base.0).collect();
    groups(segments, Offset(end), &limits).iter().map(bases).collect()
}

#[test]
fn as_many_segments_become_one_as_fit() {
    let segments = log().segments;
    assert_eq!(grouped(&segments, 40, ROOMY), [[0, 10, 20, 30]]);
    assert_eq!(grouped(&segments, 40, GroupLimits { segment_bytes: 200, ..ROOMY }), [[0, 10], [20, 30]]);
    assert_eq!(grouped(&segments, 40, GroupLimits { segment_bytes: 1, ..ROOMY }).len(), 4);
    assert_eq!(grouped(&segments, 40, GroupLimits { index_bytes: 35, ..ROOMY }), [[0, 10], [20, 30]]);
}

#[test]
fn the_segment_that_holds_the_end_is_the_last() {
    assert_eq!(grouped(&log().segments, 21, ROOMY), [[0, 10, 20]]);
    assert_eq!(grouped(&log().segments, 20, ROOMY), [[0, 10]]);
    assert!(grouped(&log().segments, 0, ROOMY).is_empty());
}

/// tiering = 20
#[test]
fn offsets_further_apart_than_an_index_can_tell_are_in_different_segments() {
    let far = |base: i64, next_offset: i64| SegmentFacts {
        base: Offset(base),
        next_offset: Offset(next_offset),
        end: Offset(next_offset),
        ..segment(0)
    };
    let most = i64::from(i32::MAX);
    let start = 1 << 40;
    for (next_offset, count) in [(start + most + 1, 1), (start + most + 2, 2), (start + (1 << 33), 2)] {
        let segments = [far(start, start + 10), far(start + 10, next_offset)];
        assert_eq!(grouped(&segments, i64::MAX, ROOMY).len(), count, "{next_offset}");
    }
}
