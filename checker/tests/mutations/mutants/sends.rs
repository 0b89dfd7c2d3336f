//! What may go wrong with the answer to a send.

use checker::{Event, Function, Kind, MicroOp, Record};

use super::{Excuse, FREE, Mutation, Take, excused};
use crate::facts::{Facts, sends};

pub(super) fn mutants(facts: &Facts<'_>, at: usize, take: Take<'_>) {
    let event = &facts.events[at];
    match (event.f, event.kind) {
        (Function::Send, Kind::Ok) => acknowledged(facts, at, take),
        (Function::Send, Kind::Info | Kind::Fail) => {
            let batch = sends(event);
            if batch.iter().all(|(_, record)| !facts.shown.contains_key(&record.value)) {
                take(Mutation::AckUnwritten, None, &|events| {
                    events[at].kind = Kind::Ok;
                    for (index, offset) in (0..batch.len()).zip(FREE..) {
                        record_of(&mut events[at], index).offset = Some(offset);
                    }
                });
            }
        }
        _ => {}
    }
}

fn acknowledged(facts: &Facts<'_>, at: usize, take: Take<'_>) {
    let event = &facts.events[at];
    let batch = sends(event);
    for index in 0..batch.len() {
        take(Mutation::MoveAck, None, &|events| record_of(&mut events[at], index).offset = Some(FREE));
        if index + 1 < batch.len() {
            take(Mutation::SwapInBatch, None, &|events| {
                let [here, there] = [index, index + 1].map(|index| record_of(&mut events[at], index).offset);
                record_of(&mut events[at], index).offset = there;
                record_of(&mut events[at], index + 1).offset = here;
            });
        }
    }
    take(Mutation::RepeatAck, None, &|events| events.insert(at, events[at].clone()));
    let never_read = batch.iter().all(|(_, record)| !facts.shown_ok(record.value));
    take(Mutation::RefuseWritten, excused(Excuse::NeverRead, never_read), &|events| {
        events[at].kind = Kind::Fail
    });

    let key = &batch[0].0;
    let next = facts.events.iter().enumerate().skip(at + 1).find(|(_, next)| {
        let to_key = || sends(next).first().is_some_and(|(name, _)| name == key);
        (next.process, next.f, next.kind) == (event.process, Function::Send, Kind::Ok) && to_key()
    });
    let Some((next_at, next)) = next else { return };
    let [here, there] = [&batch, &sends(next)].map(|batch| batch[0].1.offset.expect("it was acknowledged"));
    take(Mutation::SwapBatches, None, &|events| {
        for (at, from, to) in [(at, here, there), (next_at, there, here)] {
            for index in 0..sends(&events[at]).len() {
                let record = record_of(&mut events[at], index);
                record.offset = record.offset.map(|offset| offset - from + to);
            }
        }
    });
}

/// The record of a batch.
fn record_of(event: &mut Event, index: usize) -> &mut Record {
    match &mut event.ops[index] {
        MicroOp::Send(_, record) => record,
        _ => unreachable!("only sends are changed so"),
    }
}
