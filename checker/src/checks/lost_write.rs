//! lost-write: in each log, every committed value at or before the last one read was itself read, unless it was deleted.
//!
//! Committed is what was acknowledged, and what an operation of unknown end wrote together with a value that was read. A
//! value at several offsets counts where it stands last, and as a bound where it stands first, so that a duplicate
//! neither accuses nor excuses. The rule needs no final polls, but cannot see that the end of a log is gone: `unseen`.

use crate::report::{Check, Report};
use crate::tables::{Facts, KeyIndex, Tables};

pub(crate) fn check(tables: &Tables, report: &mut Report) {
    for key in tables.keys() {
        let Some(bound) = last_read_offset(tables, key) else { continue };
        for (offset, value) in tables.log(key, tables.start(key)).take_while(|&(offset, _)| offset <= bound) {
            let facts = tables.value(value).facts;
            let lost = facts.has(Facts::COMMITTED) && !facts.has(Facts::READ_OK);
            if lost && places_in(tables, key, value).max() == Some(offset) {
                report.bad(Check::LostWrite, Some(tables.key_name(key)), || {
                    format!(
                        "value {value} at offset {offset} was written and not read, offset {bound} was read"
                    )
                });
            }
        }
    }
}

fn last_read_offset(tables: &Tables, key: KeyIndex) -> Option<u64> {
    let read = tables.log(key, 0).filter(|&(offset, value)| {
        tables.value(value).facts.has(Facts::READ_OK) && places_in(tables, key, value).min() == Some(offset)
    });
    read.map(|(offset, _)| offset).last()
}

fn places_in(tables: &Tables, key: KeyIndex, value: u64) -> impl Iterator<Item = u64> {
    tables.places(value).filter(move |place| place.key == key).map(|place| place.offset)
}
