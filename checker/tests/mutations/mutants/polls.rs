//! What may go wrong with the answer to a poll.

use checker::{Event, Function, Key, Kind, MicroOp, Record};

use super::{Excuse, FREE, Mutation, Take, excused, other_key};
use crate::facts::{Facts, polled};

pub(super) fn mutants(facts: &Facts<'_>, at: usize, take: Take<'_>) {
    let event = &facts.events[at];
    let shows: Vec<(usize, Key, Vec<Record>)> = polled(event)
        .iter()
        .enumerate()
        .map(|(entry, (key, shown))| (entry, key.clone(), shown.clone()))
        .collect();
    for (entry, key, shown) in &shows {
        for index in 0..shown.len() {
            let change = |change: fn(&mut Vec<Record>, usize)| {
                move |events: &mut Vec<Event>| change(&mut entry_of(&mut events[at], *entry).1, index)
            };
            one_record(facts, at, key, shown, index, &change, take);
        }
        take(Mutation::MoveToOtherKey, None, &|events| {
            let (name, _) = entry_of(&mut events[at], *entry);
            *name = other_key(key);
        });
        let refused = facts.events.iter().find(|event| (event.f, event.kind) == (Function::Send, Kind::Fail));
        if let (Some(MicroOp::Send(_, refused)), Kind::Ok) =
            (refused.and_then(|event| event.ops.first()), event.kind)
        {
            take(Mutation::ShowRefused, None, &|events| {
                let shown = Record { offset: Some(FREE), ..*refused };
                entry_of(&mut events[at], *entry).1.push(shown);
            });
        }
    }
    if !shows.is_empty() {
        whole_poll(facts, at, &shows, take);
    }
}

/// A way of changing the record at an index, made into a change of the history.
type Change<'a, C> = &'a dyn Fn(fn(&mut Vec<Record>, usize)) -> C;

fn one_record<C: Fn(&mut Vec<Event>)>(
    facts: &Facts<'_>,
    at: usize,
    key: &Key,
    shown: &[Record],
    index: usize,
    change: Change<'_, C>,
    take: Take<'_>,
) {
    let rebalanced = facts.events[at].rebalanced.contains(key);
    take(
        Mutation::DropRecord,
        dropping(facts, at, key, shown, index),
        &change(|shown, at| _ = shown.remove(at)),
    );
    take(
        Mutation::MoveRecord,
        moving(facts, at, key, shown, index),
        &change(|shown, at| {
            let record = Record { offset: Some(FREE), ..shown.remove(at) };
            shown.push(record);
        }),
    );
    take(
        Mutation::DuplicateRecord,
        None,
        &change(|shown, at| {
            shown.push(Record { offset: Some(FREE), ..shown[at] });
        }),
    );
    take(
        Mutation::RepeatRecord,
        excused(Excuse::Rebalance, rebalanced),
        &change(|shown, at| {
            shown.insert(at, shown[at]);
        }),
    );
    take(
        Mutation::CorruptPayload,
        None,
        &change(|shown, at| shown[at].crc = shown[at].crc.map(|crc| crc ^ 1)),
    );
    take(
        Mutation::CorruptValue,
        None,
        &change(|shown, at| {
            shown[at] = Record { value: FREE, crc: None, ..shown[at] };
        }),
    );
    let Some(next) = shown.get(index + 1) else { return };
    take(
        Mutation::SwapOrder,
        excused(Excuse::Rebalance, rebalanced),
        &change(|shown, at| shown.swap(at, at + 1)),
    );
    let values = [shown[index].value, next.value];
    let same_producer = facts.sent[&values[0]].process == facts.sent[&values[1]].process;
    let unknown = !same_producer && values.iter().all(|&value| !facts.others_know(value, at));
    take(
        Mutation::SwapOffsets,
        excused(Excuse::OnlyWitness, unknown),
        &change(|shown, at| {
            let (here, there) = (shown[at].offset, shown[at + 1].offset);
            shown.swap(at, at + 1);
            (shown[at].offset, shown[at + 1].offset) = (here, there);
        }),
    );
}

/// Whether a record goes missing between what a consumer has read and what it reads next, and is known to stand there.
fn is_passed_over(
    facts: &Facts<'_>,
    at: usize,
    key: &Key,
    shown: &[Record],
    index: usize,
) -> Result<(), Excuse> {
    let Record { offset: Some(offset), value, .. } = shown[index] else { return Err(Excuse::OnlyWitness) };
    let (first, last) = (index == 0, index + 1 == shown.len());
    let event = &facts.events[at];
    let known = if facts.others_know(value, at) { Ok(()) } else { Err(Excuse::OnlyWitness) };
    if !first && !last {
        return if event.rebalanced.contains(key) { Err(Excuse::Rebalance) } else { known };
    }
    if last && event.kind != Kind::Ok {
        return Err(Excuse::Unknown);
    }
    let held_at = if last { facts.next_held(at, key) } else { Some(at).filter(|&at| facts.is_held(at, key)) };
    let begins = !first || facts.position(at, key).is_some();
    match held_at {
        Some(held_at) if begins => {
            let deleted = offset < facts.start_told(key, held_at, None);
            if deleted { Err(Excuse::Deleted) } else { known }
        }
        _ => Err(Excuse::FreePosition),
    }
}

/// Whether the final polls must show a record, if the poll at `at` does not show those that are `missing`.
fn must_be_shown(facts: &Facts<'_>, at: usize, key: &Key, value: u64, missing: &[Record]) -> bool {
    if facts.others_know(value, at) {
        return true;
    }
    let batch = &facts.sent[&value].batch;
    let is_missing = |other| missing.iter().any(|record| record.value == other);
    let others = || batch.iter().filter(|&&other| !is_missing(other));
    if !others().any(|&other| facts.shown_ok(other)) {
        return false;
    }
    // It stands beside one that was read, but nobody knows where: deletions may have reached it.
    let start = facts.start_told(key, facts.events.len(), None);
    let before = others().take_while(|&&other| other < value).filter_map(|&other| facts.place(other)).last();
    start == 0 || before.is_some_and(|before| before >= start)
}

fn dropping(facts: &Facts<'_>, at: usize, key: &Key, shown: &[Record], index: usize) -> Option<Excuse> {
    if facts.is_final(at) && must_be_shown(facts, at, key, shown[index].value, &shown[index..=index]) {
        return None;
    }
    is_passed_over(facts, at, key, shown, index).err()
}

/// Only the final polls can be the first to show a record at all. What then gives it away is what was sent or read after
/// it, or what it now seems to be behind of.
fn moving(facts: &Facts<'_>, at: usize, key: &Key, shown: &[Record], index: usize) -> Option<Excuse> {
    let value = shown[index].value;
    let process = facts.sent[&value].process;
    let sent_later =
        facts.known(key).any(|(_, other)| other > value && facts.sent[&other].process == process);
    let read_on = facts.next_held(at, key).is_some();
    let asked_later = facts.answers(key).any(|(answer, ..)| facts.invoked_at(answer) > at);

    let rest = shown.iter().rev().find(|record| record.value != value);
    let (from, held, start) = match rest {
        Some(last) => (last.offset, !facts.events[at].rebalanced.contains(key), 0),
        None => (facts.position(at, key), facts.is_held(at, key), facts.start_told(key, at, None)),
    };
    let behind = |(offset, other): (u64, u64)| other != value && Some(offset) > from && offset >= start;
    let passes_over = held && from.is_some() && facts.known(key).any(behind);

    let noticed = facts.others_know(value, at) || sent_later || read_on || asked_later || passes_over;
    excused(Excuse::OnlyWitness, facts.is_final(at) && !noticed)
}

fn whole_poll(facts: &Facts<'_>, at: usize, shows: &[(usize, Key, Vec<Record>)], take: Take<'_>) {
    let event = &facts.events[at];
    take(Mutation::DropPoll, dropping_all(facts, at, shows), &|events| {
        events[at].ops = vec![MicroOp::Poll(Vec::new())];
    });
    let held = shows.iter().any(|(_, key, _)| facts.is_held(at, key));
    let excuse = match event.kind {
        Kind::Ok => excused(Excuse::FreePosition, !held),
        _ => Some(Excuse::Unknown),
    };
    take(Mutation::RepeatPoll, excuse, &|events| events.insert(at, events[at].clone()));
    let next = shows.iter().filter_map(|(_, key, _)| facts.next_held(at, key));
    let next = next.filter(|&next| facts.events[next].kind == Kind::Ok).min();
    if let (Some(next), Kind::Ok) = (next, event.kind) {
        take(Mutation::SwapPolls, None, &|events| {
            let ops = events[at].ops.clone();
            events[at].ops = std::mem::replace(&mut events[next].ops, ops);
        });
    }
}

/// Without the whole poll, its records are passed over if the next one is held to where the one before ended.
fn dropping_all(facts: &Facts<'_>, at: usize, shows: &[(usize, Key, Vec<Record>)]) -> Option<Excuse> {
    let mut excuse = Excuse::FreePosition;
    for (_, key, shown) in shows {
        if facts.is_final(at) && shown.iter().any(|record| must_be_shown(facts, at, key, record.value, shown))
        {
            return None;
        }
        if facts.events[at].kind != Kind::Ok {
            excuse = Excuse::Unknown;
            continue;
        }
        let (Some(next), Some(_)) = (facts.next_held(at, key), facts.position(at, key)) else { continue };
        let start = facts.start_told(key, next, None);
        let left: Vec<_> = shown.iter().filter(|record| record.offset >= Some(start)).collect();
        if left.iter().any(|record| facts.others_know(record.value, at)) {
            return None;
        }
        excuse = if left.is_empty() { Excuse::Deleted } else { Excuse::OnlyWitness };
    }
    Some(excuse)
}

/// The records that a poll shows of its keys, as the good history has them.
fn entry_of(event: &mut Event, entry: usize) -> &mut (Key, Vec<Record>) {
    match event.ops.first_mut() {
        Some(MicroOp::Poll(polled)) => &mut polled[entry],
        _ => unreachable!("only polls are changed so"),
    }
}
