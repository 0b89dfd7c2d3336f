//! The order of a producer's records.

use super::*;

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
fn a_send_of_unknown_end_keeps_its_place_among_its_neighbours() {
    let sent = [acked(1, &[(5, 10)]), send(1, Info, &[(None, 11)]), acked(1, &[(7, 12)])];
    let others = [read(2, &[(5, 10)]), read(3, &[(7, 12)])];
    let with = |offset| [&sent[..], &others, &[read(4, &[(offset, 11)])]].concat();
    assert_eq!(broken(&with(6)), []);
    for elsewhere in [4, 8] {
        assert_eq!(broken(&with(elsewhere)), [Check::NonmonotonicSend], "{elsewhere}");
    }
    assert_eq!(broken(&sent), []);
}

#[test]
fn the_last_sends_of_a_process_are_judged_too() {
    let crash = Event::new(1, Info, Crash, Vec::new());
    let sent = [acked(1, &[(5, 10)]), send(1, Info, &[(None, 11)]), crash];
    for sent in [&sent[..2], &sent] {
        assert_eq!(broken(&[sent, &[read(2, &[(4, 11)])]].concat()), [Check::NonmonotonicSend]);
    }
}

#[test]
fn polls_tell_the_order_inside_an_unanswered_operation() {
    let sent = [send(1, Info, &[(None, 14), (None, 12)]), send(2, Info, &[(None, 13)])];
    let shown = read(3, &[(2, 12), (3, 13), (4, 14)]);
    assert_eq!(broken(&[&sent[..], &[shown]].concat()), [Check::IntNonmonotonicSend]);
}

#[test]
fn records_of_others_between_those_of_one_operation_are_counted_only() {
    let ops = vec![
        MicroOp::Send(key("k"), record(Some(1), 11)),
        MicroOp::Send(key("k"), record(None, 13)),
        MicroOp::Send(key("other"), record(Some(0), 20)),
        MicroOp::Send(key("other"), record(Some(2), 22)),
    ];
    let sent = [Event::new(1, Done, Send, ops), send(2, Info, &[(None, 12)])];
    let report = report(&[&sent[..], &[read(3, &[(1, 11), (2, 12), (3, 13)])]].concat());
    // Nothing is known to stand between the two of the other key.
    assert_eq!(report.allowed().get(&Check::IntSendSkip), Some(&1), "{report}");
    assert_eq!(report.count(Check::IntSendSkip), 0);
}
