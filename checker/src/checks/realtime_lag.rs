//! realtime-lag: how long the record that a consumer reads next was known to exist when it polled. Reported, never bad.
//!
//! Jepsen counts from the moment at which any client knew of a record at or behind that offset, also for a consumer that
//! was given the key later and begins at its start. So that a fresh consumer does not hide one that stands still, lags
//! are also counted from the assignment on. Polls whose invocation is not in the history do not count.

use std::collections::BTreeMap;

use crate::history::{Event, Function, HistoryError, Kind, MicroOp};
use crate::report::{Lag, Lags};
use crate::tables::{KeyIndex, Tables};

/// Records that become known within this time of each other may share an entry: the lag is too long by this at most.
const RESOLUTION_NS: u64 = 1_000_000;

/// All offsets below `end` that the entry before does not cover were known at this time.
#[derive(Debug, Clone, Copy)]
struct Known {
    end: u64,
    at_ns: u64,
}

/// Where a consumer stands in a key.
#[derive(Debug, Clone, Copy)]
struct Reader {
    /// The offset it reads next; `None` until it has read if its group knows where.
    next: Option<u64>,
    assigned_ns: u64,
}

/// What is known of the ends of all keys, and where the consumers stand.
#[derive(Debug, Default)]
pub(crate) struct RealtimeLag {
    known: BTreeMap<KeyIndex, Vec<Known>>,
    readers: BTreeMap<u64, BTreeMap<KeyIndex, Reader>>,
    /// When a process invoked the poll that it is in.
    polling: BTreeMap<u64, u64>,
    final_polls: bool,
    lags: Lags,
}

impl RealtimeLag {
    pub(crate) fn observe(&mut self, event: &Event, tables: &mut Tables) -> Result<(), HistoryError> {
        match (event.f, event.kind) {
            (Function::Final, _) => self.final_polls = true,
            (Function::Crash, _) => {
                self.readers.remove(&event.process);
                self.polling.remove(&event.process);
            }
            (Function::Assign | Function::Subscribe, Kind::Ok) => self.assign(event, tables)?,
            (Function::Poll | Function::Txn, Kind::Invoke) => {
                self.polling.insert(event.process, event.t_ns);
            }
            _ => {}
        }
        if event.kind == Kind::Ok {
            self.learn(event, tables)?;
        }
        if matches!(event.f, Function::Poll | Function::Txn) && event.kind != Kind::Invoke {
            let invoked_ns = self.polling.remove(&event.process);
            if event.kind == Kind::Ok {
                self.advance(event, tables)?;
                if let Some(invoked_ns) = invoked_ns {
                    self.measure(event, invoked_ns, tables);
                }
            }
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Lags {
        self.lags
    }

    /// Keys that stay keep their place; a new one begins at its start, or where the group says.
    fn assign(&mut self, event: &Event, tables: &mut Tables) -> Result<(), HistoryError> {
        let before = self.readers.remove(&event.process).unwrap_or_default();
        let next = (event.f == Function::Assign).then_some(0);
        let new = Reader { next, assigned_ns: event.t_ns };
        let mut readers = BTreeMap::new();
        for name in &event.keys {
            let key = tables.key_index(name)?;
            readers.insert(key, before.get(&key).copied().unwrap_or(new));
        }
        self.readers.insert(event.process, readers);
        Ok(())
    }

    fn learn(&mut self, event: &Event, tables: &mut Tables) -> Result<(), HistoryError> {
        for op in &event.ops {
            match op {
                MicroOp::Send(name, record) => {
                    let key = tables.key_index(name)?;
                    self.learn_offset(key, record.offset, event.t_ns);
                }
                MicroOp::Poll(polled) => {
                    for (name, records) in polled {
                        let key = tables.key_index(name)?;
                        let last = records.iter().filter_map(|record| record.offset).max();
                        self.learn_offset(key, last, event.t_ns);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn learn_offset(&mut self, key: KeyIndex, offset: Option<u64>, now_ns: u64) {
        let Some(end) = offset.map(|offset| offset.saturating_add(1)) else { return };
        let known = self.known.entry(key).or_default();
        match known.last_mut() {
            Some(last) if end <= last.end => {}
            Some(last) if now_ns < last.at_ns.saturating_add(RESOLUTION_NS) => last.end = end,
            _ => known.push(Known { end, at_ns: now_ns }),
        }
    }

    fn advance(&mut self, event: &Event, tables: &mut Tables) -> Result<(), HistoryError> {
        let readers = self.readers.entry(event.process).or_default();
        for op in &event.ops {
            let MicroOp::Poll(polled) = op else { continue };
            for (name, records) in polled {
                let Some(last) = records.last().and_then(|record| record.offset) else { continue };
                let key = tables.key_index(name)?;
                let next = Some(last.saturating_add(1));
                let reader = readers.entry(key).or_insert(Reader { next, assigned_ns: event.t_ns });
                reader.next = next;
            }
        }
        Ok(())
    }

    fn measure(&mut self, event: &Event, invoked_ns: u64, tables: &Tables) {
        let Some(readers) = self.readers.get(&event.process) else { return };
        for (&key, reader) in readers {
            let known = self.known.get(&key).map(Vec::as_slice).unwrap_or_default();
            let Some(next) = reader.next else { continue };
            let first = known.partition_point(|known| known.end <= next);
            let Some(&Known { at_ns, .. }) = known.get(first) else { continue };
            let Lags { worst, following, final_polls } = &mut self.lags;
            let following = if self.final_polls { final_polls } else { following };
            for (known, begin_ns) in [(worst, at_ns), (following, at_ns.max(reader.assigned_ns))] {
                let ns = invoked_ns.saturating_sub(begin_ns);
                if ns > known.as_ref().map_or(0, |known| known.ns) {
                    let key = tables.key_name(key).clone();
                    *known = Some(Lag { ns, at_ns: invoked_ns, process: event.process, key });
                }
            }
        }
    }
}
