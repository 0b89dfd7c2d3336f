//! int-nonmonotonic-send, nonmonotonic-send: the offsets that a process gets for a key rise with the order of its sends.
//!
//! Events of a process that keeps several sends in flight must be recorded in the order of sending.

use std::collections::HashMap;

use crate::history::{Event, Function, HistoryError, Kind, MicroOp};
use crate::report::{Check, Report};
use crate::tables::{KeyIndex, Tables};

/// The offset last acknowledged, per process and key.
#[derive(Debug, Default)]
pub(crate) struct SendOrder {
    last: HashMap<u64, HashMap<KeyIndex, u64>>,
}

impl SendOrder {
    pub(crate) fn observe(
        &mut self,
        event: &Event,
        tables: &mut Tables,
        report: &mut Report,
    ) -> Result<(), HistoryError> {
        if event.f == Function::Crash {
            self.last.remove(&event.process);
        }
        if !matches!(event.kind, Kind::Ok | Kind::Info) {
            return Ok(());
        }
        let mut inside: HashMap<KeyIndex, u64> = HashMap::new();
        for op in &event.ops {
            let MicroOp::Send(name, record) = op else { continue };
            let Some(offset) = record.offset else { continue };
            let key = tables.key_index(name)?;
            let before = inside.insert(key, offset);
            let known = self.last.get(&event.process).and_then(|keys| keys.get(&key)).copied();
            let (check, from) = match before {
                Some(from) => (Check::IntNonmonotonicSend, Some(from)),
                None => (Check::NonmonotonicSend, known),
            };
            if let Some(from) = from.filter(|&from| offset <= from) {
                let &Event { idx, process, .. } = event;
                report.bad(check, Some(name), || {
                    format!("event {idx}: process {process} was given offset {offset} after {from}")
                });
            }
        }
        if !inside.is_empty() {
            self.last.entry(event.process).or_default().extend(inside);
        }
        Ok(())
    }
}
