//! How a consumer goes through a log: every record once and in order, as far as its assignment promises that.

use super::*;

#[test]
fn a_poll_must_not_pass_over_a_record() {
    let sent = acked(1, &[(0, 10), (1, 11), (2, 12)]);
    let all = read(3, &[(0, 10), (1, 11), (2, 12)]);
    assert_eq!(broken(&[sent, read(2, &[(0, 10), (2, 12)]), all]), [Check::IntPollSkip]);
}

#[test]
fn a_poll_may_pass_over_offsets_that_hold_nothing() {
    let sent = acked(1, &[(0, 10), (5, 12)]);
    assert_eq!(broken(&[sent, read(2, &[(0, 10), (5, 12)])]), []);
}

#[test]
fn a_poll_must_not_go_back() {
    let sent = acked(1, &[(0, 10), (1, 11)]);
    assert_eq!(broken(&[sent, read(2, &[(1, 11), (0, 10)])]), [Check::IntNonmonotonicPoll]);
}

#[test]
fn a_rebalance_inside_a_poll_excuses_a_jump_of_its_keys() {
    let sent = acked(1, &[(0, 10), (1, 11)]);
    let jumping = Event { rebalanced: vec![key("k")], ..read(2, &[(1, 11), (0, 10)]) };
    assert_eq!(broken(&[sent, jumping]), []);
}

#[test]
fn an_assigned_consumer_must_not_skip_between_polls() {
    let sent = acked(1, &[(0, 10), (1, 11), (2, 12)]);
    let polls = [read(2, &[(0, 10)]), read(2, &[(2, 12)]), read(3, &[(0, 10), (1, 11), (2, 12)])];
    let with = |f| [&[sent.clone(), assigned(2, f, &["k"])][..], &polls[..]].concat();
    assert_eq!(broken(&with(Assign)), [Check::PollSkip]);
    assert_eq!(broken(&with(Subscribe)), []);
}

#[test]
fn an_assigned_consumer_must_not_go_back_between_polls() {
    let sent = acked(1, &[(0, 10), (1, 11)]);
    let polls = [read(2, &[(0, 10), (1, 11)]), read(2, &[(1, 11)])];
    let with = |f| [&[sent.clone(), assigned(2, f, &["k"])][..], &polls[..]].concat();
    assert_eq!(broken(&with(Assign)), [Check::NonmonotonicPoll]);
    assert_eq!(broken(&with(Subscribe)), []);
}

#[test]
fn a_key_that_was_not_kept_in_an_assignment_may_be_read_again() {
    let sent = acked(1, &[(0, 10)]);
    let again =
        |kept: &[&str]| [sent.clone(), read(2, &[(0, 10)]), assigned(2, Assign, kept), read(2, &[(0, 10)])];
    assert_eq!(broken(&again(&["other"])), []);
    assert_eq!(broken(&again(&["k", "other"])), [Check::NonmonotonicPoll]);
}

#[test]
fn a_poll_of_unknown_end_does_not_move_the_position() {
    let sent = acked(1, &[(0, 10), (1, 11)]);
    let events = [sent, read(2, &[(0, 10)]), poll(2, Info, &[(1, 11)]), read(2, &[(1, 11)])];
    assert_eq!(broken(&events), []);
}

#[test]
fn a_client_that_crashed_may_read_again() {
    let sent = acked(1, &[(0, 10)]);
    let crash = Event::new(2, Info, Crash, Vec::new());
    assert_eq!(broken(&[sent, read(2, &[(0, 10)]), crash, read(2, &[(0, 10)])]), []);
}

#[test]
fn a_poll_passes_over_nothing_between_its_parts() {
    let parts = [(1, 11), (4, 14)]
        .map(|(offset, value)| MicroOp::Poll(vec![(key("k"), vec![record(Some(offset), value)])]));
    let sent = send(1, Info, &[(None, 11), (None, 12), (None, 14)]);
    let events = [sent, Event::new(2, Done, Poll, parts.to_vec()), read(3, &[(2, 12)])];
    assert_eq!(broken(&events), [Check::IntPollSkip]);
}

#[test]
fn an_assignment_of_unknown_end_may_have_dropped_a_position() {
    let sent = acked(1, &[(0, 10), (1, 11), (2, 12)]);
    let unknown = Event { kind: Info, ..assigned(2, Assign, &["other"]) };
    let polls = [read(2, &[(0, 10)]), unknown, read(2, &[(2, 12)]), read(3, &[(0, 10), (1, 11), (2, 12)])];
    assert_eq!(broken(&[&[sent][..], &polls].concat()), []);
}

#[test]
fn every_poll_goes_on_where_the_last_successful_one_ended() {
    let sent = acked(1, &[(0, 10), (1, 11), (2, 12), (3, 13)]);
    let all = read(3, &[(0, 10), (1, 11), (2, 12), (3, 13)]);
    let after = |kind, shown: &[(u64, u64)]| {
        let failed = poll(2, Fail, &[(1, 11), (2, 12)]);
        [sent.clone(), all.clone(), read(2, &[(0, 10)]), failed, poll(2, kind, shown)]
    };
    for kind in [Fail, Info, Done] {
        assert_eq!(broken(&after(kind, &[(1, 11), (2, 12)])), [], "{kind:?}");
        assert_eq!(broken(&after(kind, &[(3, 13)])), [Check::PollSkip], "{kind:?}");
    }
}

#[test]
fn a_consumer_passes_over_what_was_deleted_and_no_further() {
    let sent = acked(1, &[(0, 10), (1, 11), (2, 12), (3, 13)]);
    let all = read(3, &[(0, 10), (1, 11), (2, 12), (3, 13)]);
    let told = [delete(Done, 2), bounds(2, Done, Some(2), None)];
    let polls = |next| [read(2, &[(0, 10)]), told[0].clone(), told[1].clone(), read(2, &[next])];
    assert_eq!(broken(&[&[sent.clone(), all.clone()][..], &polls((2, 12))].concat()), []);
    assert_eq!(broken(&[&[sent, all][..], &polls((3, 13))].concat()), [Check::PollSkip]);
}
