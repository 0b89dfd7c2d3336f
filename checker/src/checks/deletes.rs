//! start-beyond-deletes, delete-undone: a key's log begins where deletions have moved its start, no further and, once a
//! deletion was acknowledged, no less far.
//!
//! What a poll or an answer about bounds must not show is what was gone when it was invoked; one whose invocation is not
//! in the history is not judged by that.

use std::collections::BTreeMap;

use crate::history::{Event, Function, HistoryError, Key, Kind, MicroOp};
use crate::report::{Check, Report};
use crate::tables::{KeyIndex, Tables};

/// How far deletions have come.
#[derive(Debug, Default)]
pub(crate) struct Deletes {
    /// How far records may be gone.
    asked: BTreeMap<KeyIndex, u64>,
    /// How far they are gone, as acknowledged.
    gone: BTreeMap<KeyIndex, u64>,
    /// `gone` when a process invoked the operation that it is in.
    at_invoke: BTreeMap<u64, BTreeMap<KeyIndex, u64>>,
}

impl Deletes {
    pub(crate) fn observe(
        &mut self,
        event: &Event,
        tables: &mut Tables,
        report: &mut Report,
    ) -> Result<(), HistoryError> {
        let asks = matches!(event.f, Function::Poll | Function::Bounds | Function::Txn);
        if event.kind == Kind::Invoke && asks && !self.gone.is_empty() {
            self.at_invoke.insert(event.process, self.gone.clone());
        }
        for op in &event.ops {
            match (op, event.kind) {
                (MicroOp::Delete(name, offset), kind) => {
                    let key = tables.key_index(name)?;
                    raise(&mut self.asked, key, *offset);
                    if kind == Kind::Ok {
                        raise(&mut self.gone, key, *offset);
                    }
                }
                (MicroOp::Poll(polled), Kind::Ok) => {
                    for (name, records) in polled {
                        let key = tables.key_index(name)?;
                        let least = records.iter().filter_map(|record| record.offset).min();
                        self.shown(event, name, key, least, report);
                    }
                }
                (MicroOp::Bounds(name, Some(start), _), Kind::Ok) => {
                    let key = tables.key_index(name)?;
                    self.shown(event, name, key, Some(*start), report);
                    let asked = self.asked.get(&key).copied().unwrap_or(0);
                    tables.note_start(key, asked.min(*start));
                    if *start > asked {
                        report.bad(Check::StartBeyondDeletes, Some(name), || {
                            format!(
                                "event {}: the log begins at {start}, deleted was below {asked}",
                                event.idx
                            )
                        });
                    }
                }
                _ => {}
            }
        }
        if event.f == Function::Crash || (event.kind != Kind::Invoke && asks) {
            self.at_invoke.remove(&event.process);
        }
        Ok(())
    }

    fn shown(&self, event: &Event, name: &Key, key: KeyIndex, least: Option<u64>, report: &mut Report) {
        let gone = self.at_invoke.get(&event.process).and_then(|gone| gone.get(&key)).copied();
        let Some((least, gone)) = least.zip(gone).filter(|(least, gone)| least < gone) else { return };
        report.bad(Check::DeleteUndone, Some(name), || {
            format!("event {}: offset {least} is shown, everything below {gone} was deleted", event.idx)
        });
    }
}

fn raise(offsets: &mut BTreeMap<KeyIndex, u64>, key: KeyIndex, offset: u64) {
    let known = offsets.entry(key).or_default();
    *known = (*known).max(offset);
}
