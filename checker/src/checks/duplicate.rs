//! duplicate: a value stands at one offset of one key. Bad with idempotent producers, to be expected without.

use crate::report::{Check, Report};
use crate::tables::Tables;

pub(crate) fn check(tables: &Tables, idempotent: bool, report: &mut Report) {
    for value in tables.values_at_many_places() {
        if !idempotent {
            report.allow(Check::Duplicate);
            continue;
        }
        report.bad(Check::Duplicate, None, || {
            let places = tables.places(value).map(|place| (tables.key_name(place.key), place.offset));
            format!("value {value} stands at {:?}", places.collect::<Vec<_>>())
        });
    }
}
