//! The format of a history, and histories that cannot be judged.

use checker::HistoryError;
use checker::history::{read_lines, to_line};

use super::*;

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
        delete(Info, 7).because("retention"),
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
