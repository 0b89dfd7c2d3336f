//! unseen: the final polls show every committed value, and every value that any poll showed before, unless it was deleted.
//!
//! A broker shows only what is durable, so a value once read and then gone is as lost as an acknowledged one; and so is
//! the rest of a batch of which one record was read.

use crate::report::{Check, Report};
use crate::tables::{Facts, Tables};

/// Without final polls (`polled_last` false) nothing can be said: values not yet read are not lost.
pub(crate) fn check(tables: &Tables, polled_last: bool, report: &mut Report) {
    if !polled_last {
        return;
    }
    for (value, slot) in tables.values().filter(|(_, slot)| !slot.facts.has(Facts::READ_LAST)) {
        let how = match slot.facts {
            facts if facts.has(Facts::ACKED) => "acknowledged",
            facts if facts.has(Facts::READ) => "read",
            facts if facts.has(Facts::COMMITTED) => "written with others that were read",
            _ => continue,
        };
        if tables.may_be_deleted(value) {
            continue;
        }
        let key = slot.place().map(|place| place.key).or(slot.sent_key());
        report.bad(Check::Unseen, key.map(|key| tables.key_name(key)), || {
            let offset = slot.place().map(|place| place.offset);
            format!("value {value} was {how} at offset {offset:?} and is missing from the final polls")
        });
    }
}
