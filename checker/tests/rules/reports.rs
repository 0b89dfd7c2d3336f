//! What is only reported: lags, causes of unknown ends, records read again.

use super::*;

const STEP_NS: u64 = 10_000_000;

/// The event at a time, counted in steps that are long enough to be told apart.
fn at(step: u64, event: Event) -> Event {
    Event { t_ns: step * STEP_NS, ..event }
}

fn invoked(process: u64) -> Event {
    Event::new(process, Invoke, Poll, Vec::new())
}

/// A poll that is invoked at a step and ends at the next.
fn polled(step: u64, shown: &[(u64, u64)]) -> [Event; 2] {
    [at(step, invoked(1)), at(step + 1, read(1, shown))]
}

/// Polls up to date, behind by one record, behind by several, and after a new assignment.
fn late_consumer() -> Vec<Event> {
    let assigned = |step, names: &[&str]| [at(step, assigned(1, Assign, names))];
    [
        &assigned(1, &["k"])[..],
        &polled(2, &[]),
        &[at(5, acked(2, &[(0, 10)]))],
        &polled(6, &[]),
        &[at(9, acked(2, &[(2, 12), (3, 13)]))],
        &polled(10, &[]),
        &polled(12, &[(0, 10), (1, 11)]),
        &assigned(15, &["k", "other"]),
        &polled(16, &[]),
        &assigned(19, &["other"]),
        &assigned(21, &["k"]),
        &polled(22, &[]),
        &polled(24, &[(0, 10), (1, 11), (2, 12), (3, 13)]),
        &[at(26, send(2, Info, &[(None, 11)]))],
    ]
    .concat()
}

#[test]
fn a_poll_lags_by_the_time_that_the_next_record_was_known_when_it_began() {
    let events = late_consumer();
    // Without and with the polls that follow, each of which is later than all before.
    let lags = [(4, None), (6, Some((1, 6))), (9, Some((5, 10))), (14, Some((7, 16))), (18, Some((17, 22)))];
    for (events_seen, worst) in lags {
        let report = report(&events[..events_seen]);
        let found = report.lags.worst.map(|lag| (lag.ns / STEP_NS, lag.at_ns / STEP_NS));
        assert_eq!(found, worst, "after {events_seen} events");
    }
}

#[test]
fn the_lag_of_a_fresh_consumer_is_counted_apart() {
    let events = late_consumer();
    let lags = report(&events).lags;
    let steps = |lag: Option<checker::report::Lag>| lag.map(|lag| lag.ns / STEP_NS);
    assert_eq!(
        (steps(lags.worst), steps(lags.following), steps(lags.final_polls)),
        (Some(17), Some(7), None)
    );
    let last = [
        at(30, marker(Final)),
        at(30, assigned(3, Assign, &["k"])),
        at(32, invoked(3)),
        at(33, read(3, &[])),
    ];
    assert_eq!(steps(report(&[&events[..], &last].concat()).lags.final_polls), Some(2));
}

#[test]
fn causes_of_unknown_ends_are_counted_by_operation() {
    let lost = |value| send(1, Info, &[(None, value)]).because("no answer");
    let events =
        [lost(10), lost(11), commit(Info, 4).because("no answer"), send(2, Fail, &[]).because("refused")];
    let report = report(&events);
    let causes: Vec<_> = report.info_causes().iter().map(|(cause, count)| (cause.as_str(), *count)).collect();
    assert_eq!(causes, [("group: no answer", 1), ("send: no answer", 2)]);
}

#[test]
fn records_that_a_subscribed_process_reads_again_are_counted() {
    let sent = acked(1, &[(0, 10), (1, 11)]);
    let polls = |f| {
        let again =
            [read(2, &[(0, 10), (1, 11)]), assigned(2, f, &[]), read(2, &[(0, 10)]), read(3, &[(0, 10)])];
        [&[sent.clone(), assigned(2, f, &["k"])][..], &again].concat()
    };
    assert_eq!(report(&polls(Subscribe)).consumed_again, 1);
    assert_eq!(report(&polls(Assign)).consumed_again, 0);
}

#[test]
fn a_history_in_which_nothing_happened_is_clean_and_tells_nothing() {
    let empty = report(&[assigned(1, Assign, &["k"])]);
    assert!(empty.is_clean() && !empty.is_telling());
    assert!(report(&[acked(1, &[(0, 10)]), read(2, &[(0, 10)])]).is_telling());
}
