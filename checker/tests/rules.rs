//! One small history per rule that breaks it, and its nearest neighbour that does not.
#![allow(clippy::unwrap_used, reason = "tests")]

use checker::history::{read_lines, to_line};
use checker::{Check, Checker, Event, Function, HistoryError, Key, Kind, MicroOp, Record, Rules};

use Function::{Assign, Bounds, Crash, Final, Group, Poll, Send, Subscribe, Txn};
use Kind::{Fail, Info, Invoke, Ok as Done};

fn key(name: &str) -> Key {
    Key::from(name)
}

fn record(offset: Option<u64>, value: u64) -> Record {
    Record { offset, value, crc: None }
}

/// A send to key `k` of `(offset, value)` pairs.
fn send(process: u64, kind: Kind, sent: &[(Option<u64>, u64)]) -> Event {
    let ops = sent.iter().map(|&(offset, value)| MicroOp::Send(key("k"), record(offset, value)));
    Event::new(process, kind, Send, ops.collect())
}

fn acked(process: u64, sent: &[(u64, u64)]) -> Event {
    let sent: Vec<_> = sent.iter().map(|&(offset, value)| (Some(offset), value)).collect();
    send(process, Done, &sent)
}

/// A poll of key `k` that showed these `(offset, value)` pairs.
fn poll(process: u64, kind: Kind, shown: &[(u64, u64)]) -> Event {
    let records = shown.iter().map(|&(offset, value)| record(Some(offset), value)).collect();
    Event::new(process, kind, Poll, vec![MicroOp::Poll(vec![(key("k"), records)])])
}

fn read(process: u64, shown: &[(u64, u64)]) -> Event {
    poll(process, Done, shown)
}

fn group(process: u64, kind: Kind, op: MicroOp) -> Event {
    Event::new(process, kind, Group, vec![op])
}

fn commit(kind: Kind, offset: u64) -> Event {
    group(1, kind, MicroOp::Commit(key("g"), vec![(key("k"), offset)]))
}

fn committed(process: u64, kind: Kind, offset: Option<u64>) -> Event {
    group(process, kind, MicroOp::Committed(key("g"), vec![(key("k"), offset)]))
}

fn reset(kind: Kind, offset: Option<u64>) -> Event {
    group(1, kind, MicroOp::Reset(key("g"), vec![(key("k"), offset)]))
}

fn bounds(process: u64, kind: Kind, start: Option<u64>, end: Option<u64>) -> Event {
    Event::new(process, kind, Bounds, vec![MicroOp::Bounds(key("k"), start, end)])
}

fn marker(f: Function) -> Event {
    Event::new(9, Done, f, Vec::new())
}

fn assigned(process: u64, f: Function, names: &[&str]) -> Event {
    Event::with_keys(process, f, names.iter().map(|name| key(name)).collect())
}

fn broken_with(rules: Rules, events: &[Event]) -> Vec<Check> {
    let mut checker = Checker::new(rules);
    for event in events {
        checker.push(event).unwrap();
    }
    let report = checker.finish();
    let mut checks: Vec<_> = report.findings().map(|finding| finding.check).collect();
    checks.dedup();
    checks
}

fn broken(events: &[Event]) -> Vec<Check> {
    broken_with(Rules::default(), events)
}

#[test]
fn a_history_that_keeps_every_rule_is_clean() {
    let events = [
        send(1, Invoke, &[(None, 10), (None, 11)]),
        acked(1, &[(0, 10), (1, 11)]),
        assigned(2, Assign, &["k"]),
        read(2, &[(0, 10)]),
        read(2, &[(1, 11)]),
        marker(Final),
        read(3, &[(0, 10), (1, 11)]),
    ];
    assert_eq!(broken(&events), []);
}

#[test]
fn two_acknowledged_values_at_one_offset_are_inconsistent() {
    assert_eq!(broken(&[acked(1, &[(4, 10)]), acked(2, &[(4, 11)])]), [Check::InconsistentOffsets]);
}

#[test]
fn two_read_values_at_one_offset_are_inconsistent_even_in_a_poll_that_failed() {
    let sent = acked(1, &[(4, 10)]);
    let lost = send(2, Info, &[(None, 11)]);
    let events = [sent, lost, read(3, &[(4, 10)]), poll(4, Info, &[(4, 11)])];
    assert_eq!(broken(&events), [Check::InconsistentOffsets]);
}

#[test]
fn a_value_at_two_offsets_is_a_duplicate_for_idempotent_producers_only() {
    let events = [send(1, Info, &[(None, 10)]), read(2, &[(0, 10), (1, 10)])];
    assert_eq!(broken(&events), [Check::Duplicate]);
    assert_eq!(broken_with(Rules { idempotent: false }, &events), []);
}

#[test]
fn an_acknowledged_value_below_one_that_was_read_is_lost() {
    let sent = acked(1, &[(0, 10), (1, 11), (2, 12)]);
    assert_eq!(broken(&[sent.clone(), read(2, &[(1, 11)])]), [Check::LostWrite]);
    assert_eq!(broken(&[sent, read(2, &[(0, 10)])]), []);
}

#[test]
fn a_value_of_unknown_end_is_not_lost() {
    let events = [acked(1, &[(0, 10)]), send(1, Info, &[(Some(1), 11)]), acked(1, &[(2, 12)])];
    let polls = [read(2, &[(0, 10)]), read(3, &[(2, 12)])];
    assert_eq!(broken(&[&events[..], &polls[..]].concat()), []);
}

#[test]
fn an_acknowledged_value_missing_from_the_final_polls_is_unseen() {
    let events = [acked(1, &[(0, 10), (1, 11)]), marker(Final), read(2, &[(0, 10)])];
    assert_eq!(broken(&events), [Check::Unseen]);
}

#[test]
fn a_value_that_was_read_and_is_missing_from_the_final_polls_is_unseen() {
    let events = [send(1, Info, &[(None, 10)]), read(2, &[(0, 10)]), marker(Final)];
    assert_eq!(broken(&events), [Check::Unseen]);
}

#[test]
fn nothing_is_unseen_without_final_polls() {
    assert_eq!(broken(&[acked(1, &[(0, 10)])]), []);
}

#[test]
fn a_value_whose_send_failed_must_not_be_read() {
    assert_eq!(broken(&[send(1, Fail, &[(None, 10)]), read(2, &[(0, 10)])]), [Check::AbortedRead]);
    assert_eq!(broken(&[send(1, Info, &[(None, 10)]), read(2, &[(0, 10)])]), []);
}

#[test]
fn a_value_that_nobody_sent_must_not_be_read() {
    assert_eq!(broken(&[read(2, &[(0, 10)])]), [Check::UnknownValue]);
    assert_eq!(broken(&[send(1, Invoke, &[(None, 10)]), read(2, &[(0, 10)])]), []);
}

#[test]
fn a_value_read_elsewhere_than_acknowledged_has_moved() {
    let events = [acked(1, &[(0, 10)]), read(2, &[(3, 10)])];
    let rules = Rules { idempotent: false };
    assert_eq!(broken_with(rules, &events), [Check::AckedOffset]);
}

#[test]
fn a_value_read_under_another_key_than_it_was_sent_to_is_bad() {
    let sent = Event::new(1, Info, Send, vec![MicroOp::Send(key("other"), record(None, 10))]);
    assert_eq!(broken(&[sent, read(2, &[(0, 10)])]), [Check::WrongKey]);
}

#[test]
fn a_payload_that_changed_is_found_by_its_checksum() {
    let sent = Record { offset: Some(0), value: 10, crc: Some(1) };
    let shown = |crc| {
        let polled = vec![(key("k"), vec![Record { crc: Some(crc), ..sent }])];
        Event::new(2, Done, Poll, vec![MicroOp::Poll(polled)])
    };
    let sent = Event::new(1, Done, Send, vec![MicroOp::Send(key("k"), sent)]);
    assert_eq!(broken(&[sent.clone(), shown(2)]), [Check::PayloadChecksum]);
    assert_eq!(broken(&[sent, shown(1)]), []);
}

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
fn sends_of_one_process_get_rising_offsets() {
    assert_eq!(broken(&[acked(1, &[(5, 10)]), acked(1, &[(4, 11)])]), [Check::NonmonotonicSend]);
    assert_eq!(broken(&[acked(1, &[(5, 10)]), acked(2, &[(4, 11)])]), []);
    assert_eq!(broken(&[acked(1, &[(5, 10), (4, 11)])]), [Check::IntNonmonotonicSend]);
}

#[test]
fn sends_and_polls_of_one_transaction_are_judged_like_others() {
    let ops = vec![
        MicroOp::Send(key("k"), record(Some(7), 10)),
        MicroOp::Poll(vec![(key("other"), vec![record(Some(1), 21), record(Some(0), 20)])]),
    ];
    let others =
        [MicroOp::Send(key("other"), record(Some(0), 20)), MicroOp::Send(key("other"), record(Some(1), 21))];
    let events = [Event::new(1, Done, Send, others.to_vec()), Event::new(2, Done, Txn, ops)];
    assert_eq!(broken(&events), [Check::IntNonmonotonicPoll]);
}

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
    assert_eq!(broken(&[told(1, 2, 5), told(1, 1, 5)]), [Check::NonmonotonicBounds]);
    assert_eq!(broken(&[told(1, 2, 5), bounds(1, Done, None, Some(6)), told(2, 0, 4)]), []);
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
fn a_value_sent_twice_makes_the_history_worthless() {
    let mut checker = Checker::new(Rules::default());
    checker.push(&acked(1, &[(0, 10)])).unwrap();
    let again = checker.push(&send(2, Invoke, &[(None, 10)]));
    assert!(matches!(again, Err(HistoryError::ValueReused { value: 10, .. })));
}

#[test]
fn an_event_survives_its_json_form() {
    let full = Record { offset: Some(3), value: 10, crc: Some(77) };
    let mut events = vec![
        Event::new(1, Info, Send, vec![MicroOp::Send(key("k"), record(None, 10))]),
        Event::new(1, Done, Poll, vec![MicroOp::Poll(vec![(key("a"), vec![full]), (key("b"), vec![])])]),
        commit(Invoke, 4),
        committed(2, Done, None),
        reset(Fail, None),
        bounds(3, Done, None, Some(9)),
        assigned(4, Subscribe, &["a", "b"]),
        marker(Final),
    ];
    events[1].rebalanced = vec![key("b")];
    let text: Vec<String> = events.iter().map(to_line).collect();
    let read: Vec<Event> = read_lines(text.join("\n\n").as_bytes()).map(Result::unwrap).collect();
    assert_eq!(read, events);
}

#[test]
fn a_line_that_is_no_event_is_named_by_its_number() {
    let good = to_line(&marker(Final));
    for bad in
        ["{", "{}", r#"{"idx":0,"t_ns":0,"process":1,"type":"ok","f":"send","value":[["send","k",[-1,2]]]}"#]
    {
        let text = format!("{good}\n{bad}\n{good}");
        let read: Vec<_> = read_lines(text.as_bytes()).collect();
        assert!(matches!(read[..], [Ok(_), Err(HistoryError::Malformed { line: 2, .. })]), "{bad}");
    }
}
