//! Committed offsets, log start offsets and high watermarks.

use super::*;

#[test]
fn a_committed_offset_never_goes_back_or_vanishes() {
    for shown in [None, Some(4)] {
        let events =
            [commit(Done, 4), commit(Done, 5), committed(2, Invoke, None), committed(2, Done, shown)];
        assert_eq!(broken(&events), [Check::CommittedOffset], "shown {shown:?}");
    }
}

#[test]
fn a_fetch_that_began_before_a_commit_may_miss_it() {
    let events = [commit(Done, 4), committed(2, Invoke, None), commit(Done, 5), committed(2, Done, Some(4))];
    assert_eq!(broken(&events), []);
}

#[test]
fn a_commit_of_unknown_end_may_show_or_not_but_stays_once_shown() {
    let begun = [commit(Done, 4), commit(Info, 5)];
    let shown = |offset| [committed(2, Invoke, None), committed(2, Done, Some(offset))];
    assert_eq!(broken(&[&begun[..], &shown(4), &shown(5)].concat()), []);
    assert_eq!(broken(&[&begun[..], &shown(5), &shown(4)].concat()), [Check::CommittedOffset]);
}

#[test]
fn a_committed_offset_that_nobody_committed_is_bad() {
    assert_eq!(broken(&[commit(Done, 4), committed(2, Done, Some(6))]), [Check::CommittedOffset]);
    assert_eq!(broken(&[committed(2, Done, Some(0))]), [Check::CommittedOffset]);
}

#[test]
fn a_reset_sets_a_committed_offset_back() {
    let events = [
        commit(Done, 4),
        committed(2, Invoke, None),
        reset(Invoke, Some(1)),
        committed(2, Done, Some(1)),
        reset(Done, Some(1)),
        committed(3, Invoke, None),
        committed(3, Done, Some(1)),
    ];
    assert_eq!(broken(&events), []);
}

#[test]
fn the_bounds_told_to_one_client_only_rise() {
    let told = |process, start, end| bounds(process, Done, Some(start), Some(end));
    assert_eq!(broken(&[told(1, 0, 5), told(1, 0, 4)]), [Check::NonmonotonicBounds]);
    let removed = delete(Info, 2);
    assert_eq!(broken(&[removed.clone(), told(1, 2, 5), told(1, 1, 5)]), [Check::NonmonotonicBounds]);
    assert_eq!(broken(&[removed, told(1, 2, 5), bounds(1, Done, None, Some(6)), told(2, 0, 4)]), []);
}

#[test]
fn the_high_watermark_includes_what_was_acknowledged_before_the_question() {
    let sent = acked(1, &[(6, 10)]);
    let asked = bounds(2, Invoke, None, None);
    let told = bounds(2, Done, None, Some(6));
    assert_eq!(broken(&[sent.clone(), asked.clone(), told.clone()]), [Check::StaleBounds]);
    assert_eq!(broken(&[asked, sent, told]), []);
}

#[test]
fn a_fetch_shows_an_offset_that_was_asked_for_and_none_in_between() {
    let begun = [commit(Done, 4), committed(2, Invoke, None), commit(Done, 6), commit(Info, 9)];
    for (shown, checks) in
        [(4, &[][..]), (6, &[]), (9, &[]), (5, &[Check::CommittedOffset]), (7, &[Check::CommittedOffset])]
    {
        let told = committed(2, Done, Some(shown));
        assert_eq!(broken(&[&begun[..], &[told]].concat()), checks, "shown {shown}");
    }
}

#[test]
fn a_commit_that_was_refused_is_never_shown() {
    let shown = [committed(2, Invoke, None), committed(2, Done, Some(5))];
    let refused = [commit(Done, 4), commit(Invoke, 5), commit(Fail, 5)];
    assert_eq!(broken(&[&refused[..], &shown].concat()), [Check::CommittedOffset]);
    // Two have asked for it.
    let again = [commit(Done, 4), commit(Invoke, 5), commit(Invoke, 5), commit(Fail, 5)];
    assert_eq!(broken(&[&again[..], &shown].concat()), []);
}

#[test]
fn a_client_reads_nothing_below_the_start_that_it_was_told() {
    let sent = [acked(1, &[(0, 10), (1, 11)]), delete(Info, 1), bounds(2, Done, Some(1), None)];
    assert_eq!(broken(&[&sent[..], &[read(2, &[(0, 10), (1, 11)])]].concat()), [Check::NonmonotonicBounds]);
    assert_eq!(broken(&[&sent[..], &[read(3, &[(0, 10), (1, 11)])]].concat()), []);
}

#[test]
fn a_start_may_go_back_where_only_acknowledged_deletions_bind() {
    let rules = Rules { starts_last: false, ..Rules::default() };
    let told = |start| bounds(1, Done, Some(start), None);
    let began = [acked(2, &[(1, 10)]), delete(Info, 2), told(2), told(1), read(1, &[(1, 10)])];
    assert_eq!(broken_with(rules, &began), []);
    let asked = bounds(1, Invoke, None, None);
    assert_eq!(broken_with(rules, &[delete(Done, 2), told(2), asked, told(1)]), [Check::DeleteUndone]);
}

#[test]
fn the_bounds_that_come_with_a_poll_are_bounds() {
    let shown = |end| {
        let ops = vec![MicroOp::Poll(vec![]), MicroOp::Bounds(key("k"), Some(0), Some(end))];
        Event::new(2, Done, Poll, ops)
    };
    assert_eq!(broken(&[shown(5), shown(4)]), [Check::NonmonotonicBounds]);
    assert_eq!(broken(&[shown(4), shown(5)]), []);
}
