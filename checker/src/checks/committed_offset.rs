//! committed-offset: a group's committed offset never goes back, vanishes or appears from nowhere, except by a reset.
//!
//! A fetch is judged against what was settled before it was invoked (the floor) and against everything that anyone has
//! asked for until it ended. A group's commits are expected to rise; whoever sets one back records a reset.

use std::collections::{BTreeSet, HashMap};

use crate::history::{Event, Function, Key, Kind, MicroOp};
use crate::report::{Check, Report};

/// A group's offset of one key.
type Slot = (Key, Key);

/// What is known of one committed offset.
#[derive(Debug, Default)]
struct Committed {
    /// The least that a fetch invoked from here on may show.
    floor: Option<u64>,
    /// The largest offset that any commit or reset asked for.
    asked_max: Option<u64>,
    /// Offsets that a reset asked for, possibly "none": allowed below the floor while it is in flight.
    resets: BTreeSet<Option<u64>>,
}

/// Floors of all groups, and those at the invocation of each fetch under way.
#[derive(Debug, Default)]
pub(crate) struct CommittedOffset {
    slots: HashMap<Slot, Committed>,
    /// Per process: floors at the invocation of its fetch.
    fetching: HashMap<u64, HashMap<Slot, Option<u64>>>,
}

impl CommittedOffset {
    pub(crate) fn observe(&mut self, event: &Event, report: &mut Report) {
        if event.f == Function::Crash {
            self.fetching.remove(&event.process);
        }
        for op in &event.ops {
            match (op, event.kind) {
                (MicroOp::Commit(group, offsets), kind) => self.commit(group, offsets, kind),
                (MicroOp::Reset(group, offsets), kind) => self.reset(group, offsets, kind),
                (MicroOp::Committed(group, offsets), Kind::Invoke) => {
                    self.fetch(event.process, group, offsets)
                }
                (MicroOp::Committed(group, offsets), Kind::Ok) => self.fetched(event, group, offsets, report),
                _ => {}
            }
        }
        if event.kind != Kind::Invoke {
            self.fetching.remove(&event.process);
        }
    }

    fn commit(&mut self, group: &Key, offsets: &[(Key, u64)], kind: Kind) {
        for (key, offset) in offsets {
            let slot = self.slots.entry((group.clone(), key.clone())).or_default();
            if kind != Kind::Fail {
                slot.asked_max = slot.asked_max.max(Some(*offset));
            }
            if kind == Kind::Ok {
                slot.floor = slot.floor.max(Some(*offset));
            }
        }
    }

    /// From its invocation on, a reset lowers the floor, also of fetches under way.
    fn reset(&mut self, group: &Key, offsets: &[(Key, Option<u64>)], kind: Kind) {
        for (key, offset) in offsets {
            let name = (group.clone(), key.clone());
            for floors in self.fetching.values_mut() {
                if let Some(floor) = floors.get_mut(&name) {
                    *floor = (*floor).min(*offset);
                }
            }
            let slot = self.slots.entry(name).or_default();
            slot.floor = slot.floor.min(*offset);
            slot.asked_max = slot.asked_max.max(*offset);
            slot.resets.insert(*offset);
            match kind {
                Kind::Ok => {
                    slot.resets.clear();
                    (slot.floor, slot.asked_max) = (*offset, *offset);
                }
                Kind::Fail => drop(slot.resets.remove(offset)),
                Kind::Invoke | Kind::Info => {}
            }
        }
    }

    fn fetch(&mut self, process: u64, group: &Key, offsets: &[(Key, Option<u64>)]) {
        let floors = self.fetching.entry(process).or_default();
        for (key, _) in offsets {
            let name = (group.clone(), key.clone());
            let floor = self.slots.get(&name).and_then(|slot| slot.floor);
            floors.insert(name, floor);
        }
    }

    /// A fetch without an invocation is judged by the floors at its end, as if it had begun and ended at once.
    fn fetched(&mut self, event: &Event, group: &Key, offsets: &[(Key, Option<u64>)], report: &mut Report) {
        for (key, shown) in offsets {
            let name = (group.clone(), key.clone());
            let at_invoke = self.fetching.get(&event.process).and_then(|floors| floors.get(&name)).copied();
            let slot = self.slots.entry(name).or_default();
            let floor = at_invoke.unwrap_or(slot.floor);
            let idx = event.idx;
            if *shown < floor && !slot.resets.contains(shown) {
                report.bad(Check::CommittedOffset, Some(key), || {
                    format!("event {idx}: group {group} is at {shown:?}, expected at least {floor:?}")
                });
            } else if *shown > slot.asked_max {
                let asked = slot.asked_max;
                report.bad(Check::CommittedOffset, Some(key), || {
                    format!("event {idx}: group {group} is at {shown:?}, the largest commit was {asked:?}")
                });
            } else if slot.resets.is_empty() {
                // What one client was shown is settled for all who ask after it.
                slot.floor = slot.floor.max(*shown);
            }
        }
    }
}
