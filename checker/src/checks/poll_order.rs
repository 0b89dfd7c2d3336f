//! int-poll-skip, int-nonmonotonic-poll, poll-skip, nonmonotonic-poll: a consumer reads every record once, in order.
//!
//! Gaps between offsets are legal (control batches, compaction), so a jump is a skip only if some record is known to
//! stand inside it. That is known at the end: jumps are kept until then, and a correct history has few. Between two polls
//! what was deleted by then may be passed over. Only polls that ended ok move the position; all are held against it.

use std::collections::{BTreeSet, HashMap};

use crate::history::{Event, Function, HistoryError, Kind, MicroOp};
use crate::report::{Check, Report};
use crate::tables::{KeyIndex, Tables};

/// Two records that a consumer read one after the other with free offsets in between.
#[derive(Debug)]
struct Jump {
    check: Check,
    idx: u64,
    process: u64,
    key: KeyIndex,
    from: u64,
    to: u64,
    /// Records below this offset were deleted.
    start: u64,
    allowed: bool,
}

/// Positions of the consumers, and the jumps to judge at the end.
#[derive(Debug, Default)]
pub(crate) struct PollOrder {
    /// Offset last read per process and key, by polls that ended ok.
    positions: HashMap<u64, HashMap<KeyIndex, u64>>,
    /// Processes whose group decides what they read.
    subscribed: BTreeSet<u64>,
    jumps: Vec<Jump>,
}

impl PollOrder {
    pub(crate) fn observe(
        &mut self,
        event: &Event,
        tables: &mut Tables,
        report: &mut Report,
    ) -> Result<(), HistoryError> {
        match event.f {
            Function::Assign | Function::Subscribe => self.assign(event, tables)?,
            Function::Crash => {
                self.positions.remove(&event.process);
                self.subscribed.remove(&event.process);
            }
            _ if event.kind != Kind::Invoke => self.observe_polls(event, tables, report)?,
            _ => {}
        }
        Ok(())
    }

    /// Only keys that stay assigned keep their position, also where it is not known whether the change took place.
    fn assign(&mut self, event: &Event, tables: &mut Tables) -> Result<(), HistoryError> {
        if !matches!(event.kind, Kind::Ok | Kind::Info) {
            return Ok(());
        }
        let keys = event.keys.iter().map(|key| tables.key_index(key)).collect::<Result<BTreeSet<_>, _>>()?;
        if let Some(positions) = self.positions.get_mut(&event.process) {
            positions.retain(|key, _| keys.contains(key));
        }
        if event.f == Function::Subscribe {
            self.subscribed.insert(event.process);
        } else if event.kind == Kind::Ok {
            self.subscribed.remove(&event.process);
        }
        Ok(())
    }

    fn observe_polls(
        &mut self,
        event: &Event,
        tables: &mut Tables,
        report: &mut Report,
    ) -> Result<(), HistoryError> {
        // Within one operation a key may come several times, in several polls of a transaction.
        let mut inside: HashMap<KeyIndex, u64> = HashMap::new();
        for (name, records) in event.ops.iter().filter_map(polled).flatten() {
            let key = tables.key_index(name)?;
            let rebalanced = event.rebalanced.contains(name);
            for offset in records.iter().filter_map(|record| record.offset) {
                let before = inside.insert(key, offset);
                match before {
                    Some(from) => {
                        let checks = (Check::IntPollSkip, Check::IntNonmonotonicPoll);
                        self.step(event, key, (from, offset), checks, rebalanced, tables, report);
                    }
                    None => {
                        let known =
                            self.positions.get(&event.process).and_then(|keys| keys.get(&key)).copied();
                        let Some(from) = known else { continue };
                        let allowed = rebalanced || self.subscribed.contains(&event.process);
                        let checks = (Check::PollSkip, Check::NonmonotonicPoll);
                        self.step(event, key, (from, offset), checks, allowed, tables, report);
                    }
                }
            }
        }
        if event.kind == Kind::Ok && !inside.is_empty() {
            self.positions.entry(event.process).or_default().extend(inside);
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "one step of one consumer, all of it plain values")]
    fn step(
        &mut self,
        event: &Event,
        key: KeyIndex,
        (from, to): (u64, u64),
        (skip, nonmonotonic): (Check, Check),
        allowed: bool,
        tables: &Tables,
        report: &mut Report,
    ) {
        let &Event { idx, process, .. } = event;
        if to <= from {
            if allowed {
                report.allow(nonmonotonic);
            } else {
                report.bad(nonmonotonic, Some(tables.key_name(key)), || {
                    format!("event {idx}: process {process} read offset {to} after {from}")
                });
            }
        } else if to - from > 1 {
            let start = if skip == Check::PollSkip { tables.start(key) } else { 0 };
            self.jumps.push(Jump { check: skip, idx, process, key, from, to, start, allowed });
        }
    }

    /// Judges the jumps, once all offsets are known.
    pub(crate) fn finish(&self, tables: &Tables, report: &mut Report) {
        for &Jump { check, idx, process, key, from, to, start, allowed } in &self.jumps {
            let inside = tables.log(key, start.max(from + 1)).next().filter(|&(offset, _)| offset < to);
            let Some((missed, value)) = inside else { continue };
            if allowed {
                report.allow(check);
                continue;
            }
            report.bad(check, Some(tables.key_name(key)), || {
                format!(
                    "event {idx}: process {process} read offset {to} after {from}, value {value} is at {missed}"
                )
            });
        }
    }
}

fn polled(op: &MicroOp) -> Option<&Vec<(crate::history::Key, Vec<crate::history::Record>)>> {
    match op {
        MicroOp::Poll(polled) => Some(polled),
        _ => None,
    }
}
