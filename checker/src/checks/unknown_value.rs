//! unknown-value: a poll shows nothing that nobody sent.

use crate::report::{Check, Report};
use crate::tables::{Facts, Tables};

pub(crate) fn check(tables: &Tables, report: &mut Report) {
    let read = tables.values().filter(|(_, slot)| slot.facts.has(Facts::READ));
    for (value, slot) in read.filter(|(_, slot)| !slot.facts.has(Facts::INVOKED)) {
        let place = slot.place();
        report.bad(Check::UnknownValue, place.map(|place| tables.key_name(place.key)), || {
            format!("value {value} was read at offset {:?} and never sent", place.map(|place| place.offset))
        });
    }
}
