//! What may go wrong with the answers about committed offsets, bounds and deletions.

use checker::{Event, Function, Key, Kind, MicroOp};

use super::{Excuse, FREE, Mutation, Take, excused};
use crate::facts::{Facts, records, told};

pub(super) fn mutants(facts: &Facts<'_>, at: usize, take: Take<'_>) {
    let event = &facts.events[at];
    match (event.ops.first(), event.kind) {
        (Some(MicroOp::Committed(_, shown)), Kind::Ok) => committed(facts, at, shown, take),
        (Some(MicroOp::Bounds(key, Some(start), Some(end))), Kind::Ok) => {
            bounds(facts, at, key, (*start, *end), take);
        }
        (Some(MicroOp::Delete(key, offset)), Kind::Info) if facts.invoked_at(at) < at => {
            take(Mutation::AckDelete, undeleted(facts, at, key, *offset), &|events| {
                events[at].kind = Kind::Ok
            });
        }
        _ => {}
    }
}

fn committed(facts: &Facts<'_>, at: usize, shown: &[(Key, Option<u64>)], take: Take<'_>) {
    for (index, (key, offset)) in shown.iter().enumerate() {
        let show = |offset| move |events: &mut Vec<Event>| offsets_of(&mut events[at])[index].1 = offset;
        take(Mutation::RaiseCommitted, None, &show(Some(FREE)));
        let Some(offset) = *offset else { continue };
        let floor = floor(facts, facts.invoked_at(at), key);
        take(Mutation::ForgetCommitted, excused(Excuse::Unsettled, floor.is_none()), &show(None));
        if let Some(lower) = offset.checked_sub(1) {
            let may_be = Some(lower) >= floor && was_asked(facts, at, key, lower);
            take(Mutation::LowerCommitted, excused(Excuse::Unsettled, may_be), &show(Some(lower)));
        }
    }
    let next =
        facts.events.iter().enumerate().skip(at + 1).find(|(_, next)| {
            next.kind == Kind::Ok && matches!(next.ops.first(), Some(MicroOp::Committed(..)))
        });
    if let Some((next_at, next)) = next
        && next.ops != facts.events[at].ops
    {
        take(Mutation::SwapCommitted, None, &|events| swap_ops(events, at, next_at));
    }
}

/// What was committed or shown for sure before `until`.
fn floor(facts: &Facts<'_>, until: usize, key: &Key) -> Option<u64> {
    let ok = facts.events[..until].iter().filter(|event| event.kind == Kind::Ok).flat_map(|event| &event.ops);
    let offsets = ok.filter_map(|op| match op {
        MicroOp::Commit(_, offsets) => {
            offsets.iter().find(|(name, _)| name == key).map(|(_, offset)| *offset)
        }
        MicroOp::Committed(_, shown) => shown.iter().find(|(name, _)| name == key)?.1,
        _ => None,
    });
    offsets.max()
}

/// Whether a commit that was not refused has asked for the offset.
fn was_asked(facts: &Facts<'_>, until: usize, key: &Key, offset: u64) -> bool {
    let ended = facts.events[..until].iter().filter(|event| matches!(event.kind, Kind::Ok | Kind::Info));
    ended.flat_map(|event| &event.ops).any(|op| match op {
        MicroOp::Commit(_, offsets) => offsets.iter().any(|(name, asked)| (name, *asked) == (key, offset)),
        _ => false,
    })
}

fn bounds(facts: &Facts<'_>, at: usize, key: &Key, (start, end): (u64, u64), take: Take<'_>) {
    let tell = |start, end| {
        move |events: &mut Vec<Event>| {
            if let MicroOp::Bounds(_, told_start, told_end) = &mut events[at].ops[0] {
                (*told_start, *told_end) = (Some(start), Some(end));
            }
        }
    };
    let process = facts.events[at].process;
    let own = |answer: usize| facts.events[answer].process == process;
    let before: Vec<_> = facts.answers(key).filter(|&(answer, ..)| answer < at && own(answer)).collect();
    let next = facts.answers(key).find(|&(answer, ..)| answer > at && own(answer));

    take(Mutation::RaiseStart, None, &tell(FREE, end));
    take(Mutation::RaiseEnd, excused(Excuse::Uncontradicted, next.is_none()), &tell(start, FREE));
    let invoked_at = facts.invoked_at(at);
    if let Some(lower) = end.checked_sub(1) {
        let told = before.iter().any(|&(_, _, end)| end > lower);
        let contradicted = told || facts.settled(key, invoked_at) > lower;
        take(Mutation::LowerEnd, excused(Excuse::Uncontradicted, !contradicted), &tell(start, lower));
    }
    if let Some(lower) = start.checked_sub(1) {
        let told = before.iter().any(|&(_, start, _)| start > lower);
        let contradicted = told || facts.gone(key, invoked_at) > lower || misses(facts, at, key, start);
        take(Mutation::LowerStart, excused(Excuse::Uncontradicted, !contradicted), &tell(lower, end));
    }
    if let Some((next_at, next_start, next_end)) = next
        && (next_start, next_end) != (start, end)
    {
        take(Mutation::SwapBounds, None, &|events| swap_ops(events, at, next_at));
    }
}

/// Whether the record before `start` is missing for want of the answer that explains it: it is never shown in the end, or
/// a consumer passes over it.
fn misses(facts: &Facts<'_>, at: usize, key: &Key, start: u64) -> bool {
    let is_known = facts.known(key).any(|(offset, _)| offset == start - 1);
    let only_teller = facts.start_told(key, facts.events.len(), Some(at)) < start;
    // With a start of 0, even a record must be shown of which nobody knows where it stands.
    let unplaced = start == 1 && facts.unplaced(key).next().is_some();
    if only_teller && (is_known || unplaced) {
        return true;
    }
    let mut after = facts.events.iter().enumerate().skip(at + 1);
    is_known
        && after.any(|(poll, event)| {
            let Some(first) = records(event, key).first().and_then(|record| record.offset) else {
                return false;
            };
            let position = facts.position(poll, key);
            facts.is_held(poll, key)
                && facts.start_told(key, poll, Some(at)) < start
                && position.is_some_and(|position| (position + 1..first).contains(&(start - 1)))
        })
}

/// Without an answer a deletion may have come to nothing, which shows only in what is told or read later.
fn undeleted(facts: &Facts<'_>, at: usize, key: &Key, offset: u64) -> Option<Excuse> {
    let later = facts.events.iter().enumerate().filter(|&(end, event)| {
        event.kind == Kind::Ok && end > at && facts.invoked_at(end) > at && facts.invoked_at(end) < end
    });
    let shown = later.filter_map(|(_, event)| match event.f {
        Function::Poll => records(event, key).first().and_then(|record| record.offset),
        Function::Bounds => told(event).filter(|(name, ..)| *name == key).map(|(_, start, _)| start),
        _ => None,
    });
    excused(Excuse::Uncontradicted, shown.min().is_none_or(|least| least >= offset))
}

fn offsets_of(event: &mut Event) -> &mut Vec<(Key, Option<u64>)> {
    match event.ops.first_mut() {
        Some(MicroOp::Committed(_, shown)) => shown,
        _ => unreachable!("only answers about committed offsets are changed so"),
    }
}

fn swap_ops(events: &mut [Event], one: usize, other: usize) {
    let ops = events[one].ops.clone();
    events[one].ops = std::mem::replace(&mut events[other].ops, ops);
}
