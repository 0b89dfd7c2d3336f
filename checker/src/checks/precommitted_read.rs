//! precommitted-read: an operation does not show what it sends itself, which is not committed before the operation ends.

use std::collections::BTreeSet;

use crate::history::{Event, Kind, MicroOp};
use crate::report::{Check, Report};

pub(crate) fn observe(event: &Event, report: &mut Report) {
    if event.kind == Kind::Invoke {
        return;
    }
    let sent = event.ops.iter().filter_map(|op| match op {
        MicroOp::Send(_, record) => Some(record.value),
        _ => None,
    });
    let sent: BTreeSet<u64> = sent.collect();
    if sent.is_empty() {
        return;
    }
    for op in &event.ops {
        let MicroOp::Poll(polled) = op else { continue };
        for (key, records) in polled {
            for record in records.iter().filter(|record| sent.contains(&record.value)) {
                report.bad(Check::PrecommittedRead, Some(key), || {
                    format!(
                        "event {}: process {} read its own value {}",
                        event.idx, event.process, record.value
                    )
                });
            }
        }
    }
}
