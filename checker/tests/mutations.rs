//! Good histories of every shape are clean, and no mutation of one stays unnoticed.
//!
//! A record whose send has an unknown end and that nothing else shows may be anywhere or nowhere: where a mutation is
//! about presence or position, it is applied to acknowledged records.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use checker::{Checker, Event, Function, Key, Kind, MicroOp, Record, Report, Rules};
use proptest::prelude::*;
use proptest::sample::Index;

/// One send of a batch to a key, and how it ended.
#[derive(Debug, Clone)]
struct Batch {
    key: usize,
    records: usize,
    end: End,
    /// Offsets left empty before it, as a control batch would.
    gap: u64,
    /// Whether a consumer polls the key afterwards.
    polled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Acked,
    Failed,
    /// Written, and the answer was lost.
    Unanswered,
    /// Not written, and the answer was lost.
    Dropped,
}

const KEYS: [&str; 3] = ["orders-0", "orders-1", "orders-2"];
const PRODUCER: u64 = 1;
const CONSUMER: u64 = 2;
const LAST_CONSUMER: u64 = 3;

fn batch() -> impl Strategy<Value = Batch> {
    let end = prop_oneof![6 => Just(End::Acked), 1 => Just(End::Failed), 1 => Just(End::Unanswered), 1 => Just(End::Dropped)];
    let gap = prop_oneof![4 => Just(0), 1 => 1..3u64];
    (0..KEYS.len(), 1..5usize, end, gap, any::<bool>()).prop_map(|(key, records, end, gap, polled)| Batch {
        key,
        records,
        end,
        gap,
        polled,
    })
}

fn crc(value: u64) -> u32 {
    (value as u32).wrapping_mul(0x9e37_79b9)
}

fn sends(key: usize, records: &[Record]) -> Vec<MicroOp> {
    records.iter().map(|&record| MicroOp::Send(Key::from(KEYS[key]), record)).collect()
}

fn poll(process: u64, key: usize, records: Vec<Record>) -> Event {
    let polled = vec![(Key::from(KEYS[key]), records)];
    Event::new(process, Kind::Ok, Function::Poll, vec![MicroOp::Poll(polled)])
}

/// Plays the batches against a correct log and records what its clients see.
fn good_history(batches: &[Batch]) -> Vec<Event> {
    let mut logs: [Vec<Record>; 3] = Default::default();
    let mut ends = [0u64; 3];
    let mut positions = [0usize; 3];
    let keys: Vec<Key> = KEYS.iter().map(|&key| Key::from(key)).collect();
    let mut events = vec![Event::with_keys(CONSUMER, Function::Assign, keys.clone())];
    let mut next_value = 0;
    for &Batch { key, records, end, gap, polled } in batches {
        let values = next_value..next_value + records as u64;
        next_value = values.end;
        let sent: Vec<Record> =
            values.map(|value| Record { offset: None, value, crc: Some(crc(value)) }).collect();
        events.push(Event::new(PRODUCER, Kind::Invoke, Function::Send, sends(key, &sent)));
        let mut stored = sent.clone();
        if matches!(end, End::Acked | End::Unanswered) {
            ends[key] += gap;
            for record in &mut stored {
                record.offset = Some(ends[key]);
                ends[key] += 1;
            }
            logs[key].extend(&stored);
        }
        events.push(match end {
            End::Acked => Event::new(PRODUCER, Kind::Ok, Function::Send, sends(key, &stored)),
            End::Failed => Event::new(PRODUCER, Kind::Fail, Function::Send, sends(key, &sent)),
            _ => Event::new(PRODUCER, Kind::Info, Function::Send, sends(key, &sent)),
        });
        if polled {
            events.push(poll(CONSUMER, key, logs[key][positions[key]..].to_vec()));
            positions[key] = logs[key].len();
        }
        push_group_and_bounds(&mut events, key, ends[key]);
    }
    events.push(Event::new(0, Kind::Ok, Function::Final, Vec::new()));
    events.push(Event::with_keys(LAST_CONSUMER, Function::Assign, keys));
    for (key, log) in logs.iter().enumerate() {
        events.extend(log.chunks(7).map(|chunk| poll(LAST_CONSUMER, key, chunk.to_vec())));
    }
    events
}

fn push_group_and_bounds(events: &mut Vec<Event>, key: usize, end: u64) {
    let (group, name) = (Key::from("billing"), Key::from(KEYS[key]));
    let mut push = |kind, f, op| events.push(Event::new(CONSUMER, kind, f, vec![op]));
    for kind in [Kind::Invoke, Kind::Ok] {
        push(kind, Function::Group, MicroOp::Commit(group.clone(), vec![(name.clone(), end)]));
    }
    push(Kind::Invoke, Function::Group, MicroOp::Committed(group.clone(), vec![(name.clone(), None)]));
    push(Kind::Ok, Function::Group, MicroOp::Committed(group, vec![(name.clone(), Some(end))]));
    push(Kind::Invoke, Function::Bounds, MicroOp::Bounds(name.clone(), None, None));
    push(Kind::Ok, Function::Bounds, MicroOp::Bounds(name, Some(0), Some(end)));
}

fn judge(events: &[Event]) -> Report {
    let mut checker = Checker::new(Rules::default());
    for event in events {
        checker.push(event).unwrap();
    }
    checker.finish()
}

/// What a broken broker might do to what its clients see.
#[derive(Debug, Clone, Copy)]
enum Mutation {
    /// A record is missing from the final polls.
    DropLast,
    /// A record is missing from the middle of a poll.
    DropInside,
    /// A poll goes missing that others of its process stand around.
    DropPoll,
    /// Two records of one poll change their places in it.
    SwapOrder,
    /// Two records of one poll change their offsets.
    SwapOffsets,
    /// Two records change their acknowledged offsets.
    SwapAcked,
    /// A record comes twice in a poll, at its own offset.
    RepeatRecord,
    /// A record comes again at the end of its key's log.
    DuplicateAtEnd,
    /// A poll is answered twice.
    RepeatPoll,
    /// A record's acknowledgement names another offset.
    MoveAcked,
    /// A record is read at a later, free offset.
    MoveRead,
    /// A record is read under another key.
    MoveKey,
    /// A payload's bits change.
    CorruptPayload,
    /// A record turns into one that nobody sent.
    CorruptValue,
    /// The answer to a send that was refused is that it failed, although it was written.
    FailWritten,
    /// A committed offset is shown one too low.
    LowerCommitted,
    /// A committed offset is gone.
    ForgetCommitted,
    /// A high watermark is shown one too low.
    LowerBounds,
}

const MUTATIONS: [Mutation; 18] = [
    Mutation::DropLast,
    Mutation::DropInside,
    Mutation::DropPoll,
    Mutation::SwapOrder,
    Mutation::SwapOffsets,
    Mutation::SwapAcked,
    Mutation::RepeatRecord,
    Mutation::DuplicateAtEnd,
    Mutation::RepeatPoll,
    Mutation::MoveAcked,
    Mutation::MoveRead,
    Mutation::MoveKey,
    Mutation::CorruptPayload,
    Mutation::CorruptValue,
    Mutation::FailWritten,
    Mutation::LowerCommitted,
    Mutation::ForgetCommitted,
    Mutation::LowerBounds,
];

const FREE_OFFSET: u64 = 1_000_000;

fn polled(event: &mut Event) -> Option<(u64, &mut Key, &mut Vec<Record>)> {
    match event.ops.first_mut() {
        Some(MicroOp::Poll(polled)) => polled.first_mut().map(|(key, records)| (event.process, key, records)),
        _ => None,
    }
}

/// Indexes of the events that `fits` accepts.
fn sites(events: &[Event], fits: impl Fn(&mut Event) -> bool) -> Vec<usize> {
    (0..events.len()).filter(|&at| fits(&mut events[at].clone())).collect()
}

fn poll_sites(events: &[Event], process: Option<u64>, records_min: usize) -> Vec<usize> {
    sites(events, |event| {
        polled(event).is_some_and(|(reader, _, records)| {
            process.is_none_or(|process| process == reader) && records.len() >= records_min
        })
    })
}

fn acked_sites(events: &[Event], records_min: usize) -> Vec<usize> {
    sites(events, |event| {
        event.kind == Kind::Ok && event.f == Function::Send && event.ops.len() >= records_min
    })
}

/// Values whose send was acknowledged.
fn acked_values(events: &[Event]) -> BTreeSet<u64> {
    let acked = events.iter().filter(|event| event.kind == Kind::Ok).flat_map(|event| &event.ops);
    let values = acked.filter_map(|op| match op {
        MicroOp::Send(_, record) => Some(record.value),
        _ => None,
    });
    values.collect()
}

/// Positions in the poll at which `mutation` must be noticed.
fn positions(event: &mut Event, mutation: Mutation, acked: &BTreeSet<u64>) -> Vec<usize> {
    use Mutation::*;
    let Some((_, _, records)) = polled(event) else { return Vec::new() };
    let inside = 1..records.len().saturating_sub(1);
    let fits = |at: &usize| match mutation {
        DropInside => inside.contains(at) && acked.contains(&records[*at].value),
        DropLast | DropPoll | SwapOffsets | MoveRead => acked.contains(&records[*at].value),
        _ => true,
    };
    (0..records.len()).filter(fits).collect()
}

/// Applies the mutation somewhere; `None` if the history has no place for it.
fn mutate(events: &[Event], mutation: Mutation, site: Index, inner: Index) -> Option<Vec<Event>> {
    use Mutation::*;
    let candidates = match mutation {
        DropLast => poll_sites(events, Some(LAST_CONSUMER), 1),
        DropInside => poll_sites(events, None, 3),
        DropPoll => polls_between_others(events),
        SwapOrder | SwapOffsets => poll_sites(events, None, 2),
        SwapAcked => acked_sites(events, 2),
        RepeatRecord | RepeatPoll | MoveRead | MoveKey | CorruptPayload | CorruptValue | DuplicateAtEnd => {
            poll_sites(events, None, 1)
        }
        MoveAcked => acked_sites(events, 1),
        FailWritten => acked_sites(events, 1),
        LowerCommitted | ForgetCommitted => {
            answered(events, |op| matches!(op, MicroOp::Committed(_, shown) if shown[0].1 > Some(0)))
        }
        LowerBounds => bounds_after_an_acknowledgement(events),
    };
    let acked = acked_values(events);
    let mut events = events.to_vec();
    let is_poll = |event: &Event| event.f == Function::Poll;
    let fits = |at: &usize| {
        !is_poll(&events[*at]) || !positions(&mut events[*at].clone(), mutation, &acked).is_empty()
    };
    let candidates: Vec<usize> = candidates.into_iter().filter(fits).collect();
    if candidates.is_empty() {
        return None;
    }
    let at = *site.get(&candidates);
    match mutation {
        DropPoll => drop(events.remove(at)),
        RepeatPoll => events.insert(at, events[at].clone()),
        FailWritten => {
            events[at].kind = Kind::Fail;
        }
        SwapAcked | MoveAcked => mutate_acked(&mut events[at], mutation, inner),
        LowerCommitted | ForgetCommitted | LowerBounds => mutate_answer(&mut events[at], mutation),
        _ => {
            let fitting = positions(&mut events[at], mutation, &acked);
            mutate_poll(&mut events[at], mutation, *inner.get(&fitting));
        }
    }
    Some(events)
}

fn answered(events: &[Event], fits: impl Fn(&MicroOp) -> bool) -> Vec<usize> {
    sites(events, |event| event.kind == Kind::Ok && event.ops.first().is_some_and(&fits))
}

/// Answers whose high watermark is just past a record that was acknowledged.
fn bounds_after_an_acknowledgement(events: &[Event]) -> Vec<usize> {
    let ok = events.iter().filter(|event| event.kind == Kind::Ok).flat_map(|event| &event.ops);
    let acked = ok.filter_map(|op| match op {
        MicroOp::Send(key, record) => record.offset.map(|offset| (key.clone(), offset)),
        _ => None,
    });
    let acked: BTreeSet<(Key, u64)> = acked.collect();
    answered(events, |op| match op {
        MicroOp::Bounds(key, _, Some(end @ 1..)) => acked.contains(&(key.clone(), end - 1)),
        _ => false,
    })
}

/// Polls that showed something, before and after which their process read the same key.
fn polls_between_others(events: &[Event]) -> Vec<usize> {
    let all: Vec<(usize, u64, Key)> = poll_sites(events, None, 1)
        .into_iter()
        .filter_map(|at| polled(&mut events[at].clone()).map(|(process, key, _)| (at, process, key.clone())))
        .collect();
    let same = |a: &(usize, u64, Key), b: &(usize, u64, Key)| (a.1, &a.2) == (b.1, &b.2);
    let between = all.iter().enumerate().filter(|(index, poll)| {
        all[..*index].iter().any(|other| same(other, poll))
            && all[index + 1..].iter().any(|other| same(other, poll))
    });
    between.map(|(_, poll)| poll.0).collect()
}

fn mutate_acked(event: &mut Event, mutation: Mutation, inner: Index) {
    let at = inner.index(event.ops.len());
    let offset = |op: &MicroOp| match op {
        MicroOp::Send(_, record) => record.offset,
        _ => None,
    };
    let other = (at + 1) % event.ops.len();
    let (here, there) = (offset(&event.ops[at]), offset(&event.ops[other]));
    let mut set = |at: usize, offset| {
        if let MicroOp::Send(_, record) = &mut event.ops[at] {
            record.offset = offset;
        }
    };
    if matches!(mutation, Mutation::SwapAcked) {
        set(at, there);
        set(other, here);
    } else {
        set(at, Some(FREE_OFFSET));
    }
}

fn mutate_answer(event: &mut Event, mutation: Mutation) {
    match &mut event.ops[0] {
        MicroOp::Committed(_, shown) if matches!(mutation, Mutation::ForgetCommitted) => shown[0].1 = None,
        MicroOp::Committed(_, shown) => shown[0].1 = shown[0].1.map(|offset| offset - 1),
        MicroOp::Bounds(_, _, end) => *end = end.map(|end| end - 1),
        _ => unreachable!("only answers are chosen"),
    }
}

fn mutate_poll(event: &mut Event, mutation: Mutation, at: usize) {
    let (_, key, records) = polled(event).expect("only polls are chosen");
    let other = (at + 1) % records.len();
    match mutation {
        Mutation::DropLast | Mutation::DropInside => drop(records.remove(at)),
        Mutation::SwapOrder => records.swap(at, other),
        Mutation::SwapOffsets => {
            let (here, there) = (records[at].offset, records[other].offset);
            (records[at].offset, records[other].offset) = (there, here);
            records.sort_by_key(|record| record.offset);
        }
        Mutation::RepeatRecord => records.insert(at, records[at]),
        Mutation::DuplicateAtEnd => records.push(Record { offset: Some(FREE_OFFSET), ..records[at] }),
        Mutation::MoveRead => {
            let record = Record { offset: Some(FREE_OFFSET), ..records.remove(at) };
            records.push(record);
        }
        Mutation::MoveKey => {
            let other = KEYS.iter().find(|&&name| name != &**key).expect("there are three keys");
            *key = Key::from(*other);
        }
        Mutation::CorruptPayload => records[at].crc = records[at].crc.map(|crc| crc ^ 1),
        Mutation::CorruptValue => records[at] = Record { value: FREE_OFFSET, crc: None, ..records[at] },
        _ => unreachable!("other mutations change other events"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_good_history_is_clean(batches in prop::collection::vec(batch(), 0..40)) {
        let report = judge(&good_history(&batches));
        prop_assert!(report.is_clean(), "{report}");
    }

    #[test]
    fn every_mutation_of_a_good_history_is_caught(
        batches in prop::collection::vec(batch(), 1..24),
        site: Index,
        inner: Index,
    ) {
        let good = good_history(&batches);
        for mutation in MUTATIONS {
            let Some(bad) = mutate(&good, mutation, site, inner) else { continue };
            let report = judge(&bad);
            prop_assert!(!report.is_clean(), "{mutation:?} was not noticed: {report}");
        }
    }
}

#[test]
fn every_mutation_finds_a_place_in_an_ordinary_history() {
    let batch = Batch { key: 0, records: 4, end: End::Acked, gap: 0, polled: true };
    let good = good_history(&[batch.clone(), batch.clone(), batch.clone(), batch]);
    let (site, inner) = (index(), index());
    for mutation in MUTATIONS {
        let bad = mutate(&good, mutation, site, inner);
        assert!(bad.is_some_and(|bad| !judge(&bad).is_clean()), "{mutation:?}");
    }
}

fn index() -> Index {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    any::<Index>().new_tree(&mut runner).unwrap().current()
}
