//! What stands in a key's log: no offset twice, no value twice or elsewhere, none lost, none from nowhere.

use super::*;

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
    assert_eq!(broken_with(Rules { idempotent: false, ..Rules::default() }, &events), []);
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
    let rules = Rules { idempotent: false, ..Rules::default() };
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
fn an_offset_of_unknown_end_conflicts_only_if_its_operation_happened() {
    let ops = |first| {
        let other = MicroOp::Send(key("other"), record(None, 11));
        vec![MicroOp::Send(key("k"), record(first, 10)), other]
    };
    let events = [
        Event::new(1, Invoke, Send, ops(None)),
        Event::new(1, Info, Send, ops(Some(0))),
        acked(2, &[(0, 12)]),
    ];
    assert_eq!(broken(&events), []);
    let shown = vec![(key("other"), vec![record(Some(5), 11)])];
    let shown = Event::new(3, Done, Poll, vec![MicroOp::Poll(shown)]);
    assert_eq!(broken(&[&events[..], &[shown]].concat()), [Check::InconsistentOffsets]);
}

#[test]
fn a_value_that_was_overwritten_and_never_read_is_lost() {
    let events = [acked(1, &[(0, 10)]), acked(1, &[(0, 11), (2, 12)]), read(2, &[(0, 11), (2, 12)])];
    assert_eq!(broken(&events), [Check::InconsistentOffsets, Check::LostWrite, Check::NonmonotonicSend]);
}

#[test]
fn a_duplicate_counts_for_loss_where_it_stands_last() {
    let rules = Rules { idempotent: false, ..Rules::default() };
    let again = [acked(1, &[(0, 10)]), send(1, Info, &[(None, 11)])];
    let shown = poll(2, Info, &[(3, 10)]);
    let polls = [shown, read(3, &[(1, 11)])];
    assert_eq!(broken_with(rules, &[&again[..], &polls[..]].concat()), [Check::AckedOffset]);
}

#[test]
fn what_stands_beside_a_read_value_of_an_unanswered_operation_is_lost_if_it_is_not_read() {
    let ops = |offset| {
        vec![MicroOp::Send(key("other"), record(None, 10)), MicroOp::Send(key("k"), record(offset, 11))]
    };
    let sent = [
        Event::new(1, Invoke, Send, ops(None)),
        Event::new(1, Info, Send, ops(Some(0))),
        send(2, Info, &[(None, 12)]),
        read(4, &[(1, 12)]),
    ];
    assert_eq!(broken(&sent), []);
    let shown = vec![(key("other"), vec![record(Some(0), 10)])];
    let shown = Event::new(3, Done, Poll, vec![MicroOp::Poll(shown)]);
    assert_eq!(broken(&[&sent[..], &[shown]].concat()), [Check::LostWrite]);
}

#[test]
fn the_rest_of_an_unanswered_batch_of_which_one_record_was_read_is_unseen() {
    let sent = send(1, Info, &[(None, 10), (None, 11)]);
    assert_eq!(broken(&[sent.clone(), marker(Final)]), []);
    assert_eq!(broken(&[sent, marker(Final), read(2, &[(0, 10)])]), [Check::Unseen]);
}

#[test]
fn a_failed_poll_shows_duplicates_too_and_a_failed_send_makes_none() {
    let failed = send(1, Fail, &[(Some(2), 11)]);
    let events = [acked(1, &[(1, 10)]), failed, poll(2, Fail, &[(11, 10), (12, 11)])];
    assert_eq!(broken(&events), [Check::Duplicate, Check::AckedOffset]);
}

#[test]
fn an_operation_must_not_read_what_it_sends() {
    let ops = vec![
        MicroOp::Send(key("k"), record(Some(0), 10)),
        MicroOp::Poll(vec![(key("k"), vec![record(Some(0), 10)])]),
    ];
    assert_eq!(broken(&[Event::new(1, Done, Txn, ops)]), [Check::PrecommittedRead]);
}

#[test]
fn what_was_deleted_is_neither_lost_nor_unseen() {
    let sent = acked(1, &[(0, 10), (1, 11), (2, 12)]);
    let told = bounds(2, Done, Some(2), None);
    let rest = [marker(Final), read(3, &[(2, 12)])];
    let with = |deletes: &[Event]| [&[sent.clone()][..], deletes, &rest].concat();
    assert_eq!(broken(&with(&[delete(Info, 2), told.clone()])), []);
    let (lost, unseen) = (Check::LostWrite, Check::Unseen);
    // Asked for only, and told without having been asked for.
    assert_eq!(broken(&with(&[delete(Done, 2)])), [lost, unseen]);
    assert_eq!(broken(&with(&[delete(Done, 1), told])), [lost, unseen, Check::StartBeyondDeletes]);
}

#[test]
fn of_an_unanswered_batch_that_a_deletion_cut_the_front_may_be_missing_and_the_rest_not() {
    let sent = send(1, Info, &[(None, 10), (None, 11), (None, 12)]);
    let cut = [sent, delete(Done, 5), bounds(2, Done, Some(5), None), marker(Final)];
    let with = |shown| [&cut[..], &[read(3, &[shown])]].concat();
    assert_eq!(broken(&with((5, 12))), []);
    assert_eq!(broken(&with((5, 11))), [Check::Unseen]);
}

#[test]
fn a_log_begins_where_deletions_have_come_to() {
    let asked = bounds(2, Invoke, None, None);
    let told = |start| bounds(2, Done, Some(start), None);
    assert_eq!(broken(&[delete(Done, 3), asked.clone(), told(3)]), []);
    assert_eq!(broken(&[delete(Done, 3), asked.clone(), told(4)]), [Check::StartBeyondDeletes]);
    assert_eq!(broken(&[delete(Done, 3), asked.clone(), told(2)]), [Check::DeleteUndone]);
    // Asked before the deletion ended, or of unknown end.
    assert_eq!(broken(&[asked.clone(), delete(Done, 3), told(2)]), []);
    assert_eq!(broken(&[delete(Info, 3), asked, told(2)]), []);
}

#[test]
fn a_poll_must_not_show_what_was_deleted_before_it_was_invoked() {
    let sent = acked(1, &[(0, 10)]);
    let invoked = Event::new(2, Invoke, Poll, Vec::new());
    let shown = read(2, &[(0, 10)]);
    let events = [sent.clone(), delete(Done, 1), invoked.clone(), shown.clone()];
    assert_eq!(broken(&events), [Check::DeleteUndone]);
    assert_eq!(broken(&[sent, invoked, delete(Done, 1), shown]), []);
}
