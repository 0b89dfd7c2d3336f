//! aborted-read (G1a): no successful poll shows a value whose send surely failed.

use crate::report::{Check, Report};
use crate::tables::{Facts, Tables};

pub(crate) fn check(tables: &Tables, report: &mut Report) {
    for (value, slot) in tables.values().filter(|(_, slot)| slot.facts.has(Facts::FAILED | Facts::READ_OK)) {
        let place = slot.place();
        report.bad(Check::AbortedRead, place.map(|place| tables.key_name(place.key)), || {
            let offset = place.map(|place| place.offset);
            format!("value {value} was read at offset {offset:?}, but its send failed")
        });
    }
}
