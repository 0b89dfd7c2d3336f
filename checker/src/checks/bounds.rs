//! nonmonotonic-bounds, stale-bounds: log start offset and high watermark only rise for a client, and the high watermark
//! is past every record that was acknowledged or read before the question was asked.

use std::collections::BTreeMap;

use crate::history::{Event, Function, HistoryError, Kind, MicroOp, Record};
use crate::report::{Check, Report};
use crate::tables::{KeyIndex, Tables};

/// Bounds last told per process and key, and the offsets settled so far.
#[derive(Debug)]
pub(crate) struct Bounds {
    /// Whether a start that was told binds the broker.
    starts_last: bool,
    last: BTreeMap<(u64, KeyIndex), (Option<u64>, Option<u64>)>,
    /// One past the largest offset acknowledged or read, per key.
    settled: BTreeMap<KeyIndex, u64>,
    /// `settled` at the invocation of a question under way.
    asked: BTreeMap<(u64, KeyIndex), u64>,
}

impl Bounds {
    pub(crate) fn new(starts_last: bool) -> Self {
        let (last, settled, asked) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { starts_last, last, settled, asked }
    }

    pub(crate) fn observe(
        &mut self,
        event: &Event,
        tables: &mut Tables,
        report: &mut Report,
    ) -> Result<(), HistoryError> {
        if event.f == Function::Crash {
            self.last.retain(|&(process, _), _| process != event.process);
            self.asked.retain(|&(process, _), _| process != event.process);
        }
        for op in &event.ops {
            match (op, event.kind) {
                (MicroOp::Send(key, record), Kind::Ok) => {
                    let key = tables.key_index(key)?;
                    self.settle(key, record.offset);
                }
                (MicroOp::Poll(polled), Kind::Ok) => {
                    for (name, records) in polled {
                        let key = tables.key_index(name)?;
                        self.polled(event, key, records, tables, report);
                    }
                }
                (MicroOp::Bounds(key, ..), Kind::Invoke) => {
                    let key = tables.key_index(key)?;
                    let settled = self.settled.get(&key).copied().unwrap_or(0);
                    self.asked.insert((event.process, key), settled);
                }
                (MicroOp::Bounds(name, start, end), Kind::Ok) => {
                    let key = tables.key_index(name)?;
                    self.judge(event, key, (*start, *end), tables, report);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn settle(&mut self, key: KeyIndex, offset: Option<u64>) {
        if let Some(offset) = offset {
            let settled = self.settled.entry(key).or_default();
            *settled = (*settled).max(offset.saturating_add(1));
        }
    }

    fn polled(
        &mut self,
        event: &Event,
        key: KeyIndex,
        records: &[Record],
        tables: &Tables,
        report: &mut Report,
    ) {
        let offsets = || records.iter().filter_map(|record| record.offset);
        self.settle(key, offsets().max());
        let start = self.last.get(&(event.process, key)).and_then(|last| last.0);
        let Some((start, least)) = start.zip(offsets().min()).filter(|(start, least)| least < start) else {
            return;
        };
        report.bad(Check::NonmonotonicBounds, Some(tables.key_name(key)), || {
            let &Event { idx, process, .. } = event;
            format!(
                "event {idx}: process {process} read offset {least} and was told the start {start} before"
            )
        });
    }

    fn judge(
        &mut self,
        event: &Event,
        key: KeyIndex,
        told: (Option<u64>, Option<u64>),
        tables: &Tables,
        report: &mut Report,
    ) {
        let &Event { idx, process, .. } = event;
        let last = self.last.entry((process, key)).or_default();
        // `None` was not asked for, and says nothing.
        let went_back = |now: Option<u64>, before: Option<u64>| now.is_some() && now < before;
        if went_back(told.0, last.0) || went_back(told.1, last.1) {
            let before = *last;
            report.bad(Check::NonmonotonicBounds, Some(tables.key_name(key)), || {
                format!("event {idx}: process {process} was told the bounds {told:?} after {before:?}")
            });
        }
        let start = if self.starts_last { told.0.max(last.0) } else { None };
        *last = (start, told.1.max(last.1));

        let settled = self.asked.remove(&(process, key)).unwrap_or(0);
        if told.1.is_some_and(|end| end < settled) {
            report.bad(Check::StaleBounds, Some(tables.key_name(key)), || {
                format!(
                    "event {idx}: the high watermark is {:?}, offset {} was known before",
                    told.1,
                    settled - 1
                )
            });
        }
    }
}
