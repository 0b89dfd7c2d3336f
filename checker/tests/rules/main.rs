//! One small history per rule that breaks it, and its nearest neighbour that does not.
//!
//! The cases of Jepsen's own tests of its Kafka checker are among them, as far as they are about histories: not its
//! dependency cycles, which need transactions, and not its generator.
#![allow(clippy::unwrap_used, reason = "tests")]

mod history;
mod log;
mod offsets;
mod polls;
mod reports;
mod sends;

use checker::{Check, Checker, Event, Function, Key, Kind, MicroOp, Record, Report, Rules};

use Function::{Assign, Bounds, Crash, Delete, Final, Group, Poll, Send, Subscribe, Txn};
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

/// A deletion of everything in key `k` below `offset`.
fn delete(kind: Kind, offset: u64) -> Event {
    Event::new(8, kind, Delete, vec![MicroOp::Delete(key("k"), offset)])
}

fn marker(f: Function) -> Event {
    Event::new(9, Done, f, Vec::new())
}

fn assigned(process: u64, f: Function, names: &[&str]) -> Event {
    Event::with_keys(process, f, names.iter().map(|name| key(name)).collect())
}

fn report_with(rules: Rules, events: &[Event]) -> Report {
    let mut checker = Checker::new(rules);
    for event in events {
        checker.push(event).unwrap();
    }
    checker.finish()
}

fn report(events: &[Event]) -> Report {
    report_with(Rules::default(), events)
}

fn broken_with(rules: Rules, events: &[Event]) -> Vec<Check> {
    let report = report_with(rules, events);
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
