//! committed-offset: a group's committed offset never goes back, vanishes or appears from nowhere, except by a reset.
//!
//! A fetch is judged against what was settled before it was invoked (the floor), and shows the floor itself or an offset
//! that a commit or reset has asked for until the fetch ended and that did not surely fail, as the commit of a replaced
//! member does. A group's commits are expected to rise; whoever sets one back records a reset.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::history::{Event, Function, Key, Kind, MicroOp};
use crate::report::{Check, Report};

/// A group's offset of one key.
type Slot = (Key, Key);

/// What is known of one committed offset.
#[derive(Debug, Default)]
struct Committed {
    /// The least that a fetch invoked from here on may show.
    floor: Option<u64>,
    /// Offsets that commits asked for and how many of them, those left out that no fetch under way or to come may show.
    asked: BTreeMap<u64, u64>,
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
            let asked = slot.asked.entry(*offset).or_default();
            match kind {
                Kind::Invoke => *asked += 1,
                Kind::Ok | Kind::Info => *asked = (*asked).max(1),
                Kind::Fail => *asked = asked.saturating_sub(1),
            }
            if *asked == 0 {
                slot.asked.remove(offset);
            }
            if kind == Kind::Ok {
                slot.floor = slot.floor.max(Some(*offset));
                let name = (group.clone(), key.clone());
                let floors = self.fetching.values().filter_map(|floors| floors.get(&name)).copied();
                let least = floors.min().unwrap_or(slot.floor).min(slot.floor);
                if let Some(least) = least {
                    slot.asked = slot.asked.split_off(&least);
                }
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
            slot.resets.insert(*offset);
            match kind {
                Kind::Ok => {
                    slot.resets.clear();
                    (slot.floor, slot.asked) = (*offset, offset.iter().map(|&offset| (offset, 1)).collect());
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
            let asked = *shown == floor || shown.is_some_and(|shown| slot.asked.contains_key(&shown));
            if slot.resets.contains(shown) {
                // A reset on its way: nothing is settled until it ends.
            } else if *shown < floor {
                report.bad(Check::CommittedOffset, Some(key), || {
                    format!("event {idx}: group {group} is at {shown:?}, expected at least {floor:?}")
                });
            } else if !asked {
                report.bad(Check::CommittedOffset, Some(key), || {
                    format!("event {idx}: group {group} is at {shown:?}, which nobody committed")
                });
            } else if slot.resets.is_empty() {
                // What one client was shown is settled for all who ask after it.
                slot.floor = slot.floor.max(*shown);
            }
        }
    }
}
