//! acked-offset: a value is read where its acknowledgement said.

use crate::report::{Check, Report};
use crate::tables::{Facts, Place, Tables};

pub(crate) fn check(tables: &Tables, report: &mut Report) {
    for value in tables.values_at_many_places() {
        let places: Vec<Place> = tables.places(value).collect();
        let acked = places.iter().find(|place| place.facts.has(Facts::ACKED));
        let Some(acked) = acked else { continue };
        for read in places.iter().filter(|place| place.facts.has(Facts::READ)) {
            if (read.key, read.offset) == (acked.key, acked.offset) {
                continue;
            }
            report.bad(Check::AckedOffset, Some(tables.key_name(acked.key)), || {
                let read_key = tables.key_name(read.key);
                let (acked_at, read_at) = (acked.offset, read.offset);
                format!("value {value} was acknowledged at offset {acked_at} and read at {read_key} offset {read_at}")
            });
        }
    }
}
