//! wrong-key: a value stands only under the key it was sent to, also if its send had an unknown end.

use crate::report::{Check, Report};
use crate::tables::Tables;

pub(crate) fn check(tables: &Tables, report: &mut Report) {
    for (value, slot) in tables.values() {
        let Some(sent) = slot.sent_key() else { continue };
        for place in tables.places(value).filter(|place| place.key != sent) {
            report.bad(Check::WrongKey, Some(tables.key_name(place.key)), || {
                format!(
                    "value {value} stands at offset {}, but was sent to {}",
                    place.offset,
                    tables.key_name(sent)
                )
            });
        }
    }
}
