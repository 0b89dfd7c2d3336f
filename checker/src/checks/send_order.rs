//! int-nonmonotonic-send, nonmonotonic-send, int-send-skip: records of a process stand in a key's log in the order in which
//! it sent them.
//!
//! Events of a process that keeps several sends in flight must be recorded in the order of sending. Where no answer named
//! an offset (a send of unknown end), a poll may: such sends are kept until the end and judged between their neighbours.
//! Other records between two of one operation are normal (transactions interleave) and counted.

use std::collections::BTreeMap;

use crate::history::{Event, Function, HistoryError, Kind, MicroOp};
use crate::report::{Check, Report};
use crate::tables::{KeyIndex, Tables};

/// Where a record was sent to.
#[derive(Debug, Clone, Copy)]
enum Sent {
    /// The offset that the answer named.
    At(u64),
    /// Wherever a poll shows the value.
    Value(u64),
}

#[derive(Debug, Clone, Copy)]
struct Step {
    idx: u64,
    /// Whether the record before it belongs to the same operation.
    inside: bool,
    sent: Sent,
}

/// Sends of a process to a key, in order, of which some are not judged yet.
#[derive(Debug)]
struct Chain {
    process: u64,
    key: KeyIndex,
    /// The offset before the first step.
    from: Option<u64>,
    steps: Vec<Step>,
}

/// The sends of one process to one key so far.
#[derive(Debug, Default)]
struct Course {
    /// The offset last acknowledged.
    last: Option<u64>,
    /// Sends since then whose offsets are not known.
    open: Vec<Step>,
}

/// The courses of all processes, and what is left to judge.
#[derive(Debug, Default)]
pub(crate) struct SendOrder {
    courses: BTreeMap<(u64, KeyIndex), Course>,
    chains: Vec<Chain>,
}

impl SendOrder {
    pub(crate) fn observe(
        &mut self,
        event: &Event,
        tables: &mut Tables,
        report: &mut Report,
    ) -> Result<(), HistoryError> {
        if event.f == Function::Crash {
            self.end(event.process);
        }
        if !matches!(event.kind, Kind::Ok | Kind::Info) {
            return Ok(());
        }
        let mut sent_to = Vec::new();
        for op in &event.ops {
            let MicroOp::Send(name, record) = op else { continue };
            let key = tables.key_index(name)?;
            let inside = sent_to.contains(&key);
            if !inside {
                sent_to.push(key);
            }
            let sent = record.offset.map_or(Sent::Value(record.value), Sent::At);
            self.step(event.process, key, Step { idx: event.idx, inside, sent }, tables, report);
        }
        Ok(())
    }

    fn step(&mut self, process: u64, key: KeyIndex, step: Step, tables: &Tables, report: &mut Report) {
        let course = self.courses.entry((process, key)).or_default();
        let Sent::At(offset) = step.sent else {
            course.open.push(step);
            return;
        };
        let from = course.last.replace(offset);
        let jumps = step.inside && from.is_some_and(|from| offset > from + 1);
        if course.open.is_empty() && !jumps {
            judge(process, key, from, (step, offset), tables, report);
            return;
        }
        let mut steps = std::mem::take(&mut course.open);
        steps.push(step);
        self.chains.push(Chain { process, key, from, steps });
    }

    /// Keeps what is not judged of a process that has ended.
    fn end(&mut self, process: u64) {
        let keys = (process, KeyIndex::FIRST)..=(process, KeyIndex::NONE);
        let ended: Vec<_> = self.courses.range(keys).map(|(&name, _)| name).collect();
        for name in ended {
            let Some(Course { last: from, open: steps }) = self.courses.remove(&name) else { continue };
            if !steps.is_empty() {
                self.chains.push(Chain { process, key: name.1, from, steps });
            }
        }
    }

    /// Judges the sends whose offsets only the polls have told.
    pub(crate) fn finish(mut self, tables: &Tables, report: &mut Report) {
        for ((process, key), Course { last: from, open: steps }) in std::mem::take(&mut self.courses) {
            self.chains.push(Chain { process, key, from, steps });
        }
        for Chain { process, key, mut from, steps } in self.chains {
            for step in steps {
                let offset = match step.sent {
                    Sent::At(offset) => Some(offset),
                    Sent::Value(value) => {
                        tables.places(value).filter(|place| place.key == key).map(|place| place.offset).min()
                    }
                };
                // A value that nobody saw may be nowhere.
                let Some(offset) = offset else { continue };
                judge(process, key, from, (step, offset), tables, report);
                from = Some(offset);
            }
        }
    }
}

fn judge(
    process: u64,
    key: KeyIndex,
    from: Option<u64>,
    (step, offset): (Step, u64),
    tables: &Tables,
    report: &mut Report,
) {
    let Some(from) = from else { return };
    if offset <= from {
        let check = if step.inside { Check::IntNonmonotonicSend } else { Check::NonmonotonicSend };
        report.bad(check, Some(tables.key_name(key)), || {
            format!("event {}: process {process} was given offset {offset} after {from}", step.idx)
        });
    } else if step.inside && tables.log(key, from + 1).next().is_some_and(|(between, _)| between < offset) {
        report.allow(Check::IntSendSkip);
    }
}
