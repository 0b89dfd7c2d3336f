//! unseen: the final polls show every acknowledged value, and every value that any poll showed before.
//!
//! A broker shows only what is durable, so a value once read and then gone is as lost as an acknowledged one.

use crate::report::{Check, Report};
use crate::tables::{Facts, Tables};

/// Without final polls (`polled_last` false) nothing can be said: values not yet read are not lost.
pub(crate) fn check(tables: &Tables, polled_last: bool, report: &mut Report) {
    if !polled_last {
        return;
    }
    for (value, slot) in tables.values().filter(|(_, slot)| !slot.facts.has(Facts::READ_LAST)) {
        let acked = slot.facts.has(Facts::ACKED);
        if !acked && !slot.facts.has(Facts::READ) {
            continue;
        }
        let place = slot.place();
        report.bad(Check::Unseen, place.map(|place| tables.key_name(place.key)), || {
            let (offset, how) =
                (place.map(|place| place.offset), if acked { "acknowledged" } else { "read" });
            format!("value {value} was {how} at offset {offset:?} and is missing from the final polls")
        });
    }
}
