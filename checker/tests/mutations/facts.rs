//! What a good history says, looked up the slow way: who else has seen a record, and what a consumer is held to.

use std::collections::{BTreeMap, BTreeSet};

use checker::{Event, Function, Key, Kind, MicroOp, Record};

/// A send: by whom, to which key, and which values went with it.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) process: u64,
    pub(crate) key: Key,
    pub(crate) batch: Vec<u64>,
}

/// A good history and what follows from it.
pub(crate) struct Facts<'a> {
    pub(crate) events: &'a [Event],
    /// Offsets of acknowledged values.
    pub(crate) acked: BTreeMap<u64, u64>,
    pub(crate) sent: BTreeMap<u64, Sent>,
    /// Events of the polls that show a value, whatever their end.
    pub(crate) shown: BTreeMap<u64, BTreeSet<usize>>,
    /// Where a value was shown.
    pub(crate) places: BTreeMap<u64, u64>,
    /// The first event of the final polls.
    pub(crate) final_at: usize,
}

pub(crate) fn polled(event: &Event) -> &[(Key, Vec<Record>)] {
    match event.ops.first() {
        Some(MicroOp::Poll(polled)) if event.kind != Kind::Invoke => polled,
        _ => &[],
    }
}

pub(crate) fn records<'a>(event: &'a Event, key: &Key) -> &'a [Record] {
    polled(event).iter().find(|(name, _)| name == key).map_or(&[], |(_, records)| records)
}

pub(crate) fn sends(event: &Event) -> Vec<(Key, Record)> {
    let sends = event.ops.iter().filter_map(|op| match op {
        MicroOp::Send(key, record) => Some((key.clone(), *record)),
        _ => None,
    });
    sends.collect()
}

/// Key, start and end that an answer tells.
pub(crate) fn told(event: &Event) -> Option<(&Key, u64, u64)> {
    match event.ops.first() {
        Some(MicroOp::Bounds(key, Some(start), Some(end))) => Some((key, *start, *end)),
        _ => None,
    }
}

fn deleted(event: &Event) -> Option<(&Key, u64)> {
    match event.ops.first() {
        Some(MicroOp::Delete(key, offset)) => Some((key, *offset)),
        _ => None,
    }
}

impl<'a> Facts<'a> {
    pub(crate) fn new(events: &'a [Event]) -> Self {
        let final_at =
            events.iter().position(|event| event.f == Function::Final).expect("there are final polls");
        let (mut acked, mut sent) = (BTreeMap::new(), BTreeMap::new());
        let (mut shown, mut places) = (BTreeMap::<u64, BTreeSet<usize>>::new(), BTreeMap::new());
        for (at, event) in events.iter().enumerate() {
            let sends = sends(event);
            let batch: Vec<u64> = sends.iter().map(|(_, record)| record.value).collect();
            for (key, record) in sends {
                match event.kind {
                    Kind::Invoke => {
                        let sender = Sent { process: event.process, key, batch: batch.clone() };
                        sent.insert(record.value, sender);
                    }
                    Kind::Ok => _ = acked.insert(record.value, record.offset.expect("it was acknowledged")),
                    Kind::Fail | Kind::Info => {}
                }
            }
            for record in polled(event).iter().flat_map(|(_, records)| records) {
                shown.entry(record.value).or_default().insert(at);
                places.insert(record.value, record.offset.expect("a read record has an offset"));
            }
        }
        Facts { events, acked, sent, shown, places, final_at }
    }

    pub(crate) fn is_final(&self, at: usize) -> bool {
        at > self.final_at
    }

    /// Whether anything but the poll at `at` tells where the value stands.
    pub(crate) fn others_know(&self, value: u64, at: usize) -> bool {
        self.acked.contains_key(&value)
            || self.shown.get(&value).is_some_and(|polls| polls.iter().any(|&poll| poll != at))
    }

    pub(crate) fn shown_ok(&self, value: u64) -> bool {
        let polls = self.shown.get(&value).into_iter().flatten();
        polls.into_iter().any(|&poll| self.events[poll].kind == Kind::Ok)
    }

    /// Where a value stands, as far as the history says.
    pub(crate) fn place(&self, value: u64) -> Option<u64> {
        self.acked.get(&value).or_else(|| self.places.get(&value)).copied()
    }

    /// Offset and value of every record of the key with a known place.
    pub(crate) fn known<'b>(&'b self, key: &'b Key) -> impl Iterator<Item = (u64, u64)> + 'b {
        let values = self.sent.iter().filter(move |(_, sent)| sent.key == *key);
        values.filter_map(move |(&value, _)| self.place(value).map(|offset| (offset, value)))
    }

    /// The event by which the operation that ends at `at` began.
    pub(crate) fn invoked_at(&self, at: usize) -> usize {
        let event = &self.events[at];
        let began = self.events[..at].iter().rposition(|before| {
            (before.process, before.f, before.kind) == (event.process, event.f, Kind::Invoke)
        });
        began.unwrap_or(at)
    }

    fn same_process(
        &self,
        at: usize,
        range: std::ops::Range<usize>,
    ) -> impl DoubleEndedIterator<Item = usize> {
        let process = self.events[at].process;
        range.filter(move |&other| self.events[other].process == process)
    }

    /// Whether a position in the key ends with the event.
    fn forgets(&self, at: usize, key: &Key) -> bool {
        let event = &self.events[at];
        let assigns = matches!(event.f, Function::Assign | Function::Subscribe);
        event.f == Function::Crash || (assigns && !event.keys.contains(key))
    }

    /// The offset that the process of the poll at `at` has read last, as far as that counts.
    pub(crate) fn position(&self, at: usize, key: &Key) -> Option<u64> {
        for before in self.same_process(at, 0..at).rev() {
            if self.forgets(before, key) {
                return None;
            }
            let event = &self.events[before];
            if let (Kind::Ok, Some(last)) = (event.kind, records(event, key).last()) {
                return last.offset;
            }
        }
        None
    }

    /// Whether a poll is held to where the last one ended.
    pub(crate) fn is_held(&self, at: usize, key: &Key) -> bool {
        let assigned = self.same_process(at, 0..at).rev().find_map(|before| match self.events[before].f {
            Function::Assign => Some(true),
            Function::Subscribe => Some(false),
            _ => None,
        });
        assigned != Some(false) && !self.events[at].rebalanced.contains(key)
    }

    /// The next poll of the same process that is held to where the poll at `at` ends in the key.
    pub(crate) fn next_held(&self, at: usize, key: &Key) -> Option<usize> {
        for after in self.same_process(at, at + 1..self.events.len()) {
            if self.forgets(after, key) {
                return None;
            }
            if !records(&self.events[after], key).is_empty() {
                return self.is_held(after, key).then_some(after);
            }
        }
        None
    }

    /// Answers about the key's bounds: event, start and end.
    pub(crate) fn answers<'b>(&'b self, key: &'b Key) -> impl Iterator<Item = (usize, u64, u64)> + 'b {
        let events = self.events.iter().enumerate().filter(|(_, event)| event.kind == Kind::Ok);
        let told = events.filter_map(|(at, event)| told(event).map(|told| (at, told)));
        told.filter(move |(_, (name, ..))| *name == key).map(|(at, (_, start, end))| (at, start, end))
    }

    /// The largest start told up to an event, the answer at `but` left out.
    pub(crate) fn start_told(&self, key: &Key, until: usize, but: Option<usize>) -> u64 {
        let answers = self.answers(key).filter(|&(at, ..)| at <= until && Some(at) != but);
        answers.map(|(_, start, _)| start).max().unwrap_or(0)
    }

    /// How far the key's records are gone for operations that are invoked at `at`.
    pub(crate) fn gone(&self, key: &Key, at: usize) -> u64 {
        let ok = self.events[..at].iter().filter(|event| event.kind == Kind::Ok);
        let deletes = ok.filter_map(deleted).filter(|(name, _)| *name == key);
        deletes.map(|(_, offset)| offset).max().unwrap_or(0)
    }

    /// One past the last offset of the key that was acknowledged or read before `at`.
    pub(crate) fn settled(&self, key: &Key, at: usize) -> u64 {
        let ok = || self.events[..at].iter().filter(|event| event.kind == Kind::Ok);
        let sent = ok().flat_map(sends).filter(|(name, _)| name == key).map(|(_, record)| record);
        let read = ok().flat_map(|event| records(event, key)).copied();
        sent.chain(read).filter_map(|record| record.offset).max().map_or(0, |last| last + 1)
    }

    /// Values without a place that stand beside one that was read.
    pub(crate) fn unplaced<'b>(&'b self, key: &'b Key) -> impl Iterator<Item = u64> + 'b {
        let values = self.sent.iter().filter(move |(_, sent)| sent.key == *key);
        let happened = values.filter(move |(_, sent)| sent.batch.iter().any(|&value| self.shown_ok(value)));
        happened.map(|(&value, _)| value).filter(move |&value| self.place(value).is_none())
    }
}
