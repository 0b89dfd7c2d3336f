//! inconsistent-offsets: an offset of a key holds one value, whoever acknowledged or read it.

use crate::report::{Check, Report};
use crate::tables::Tables;

pub(crate) fn check(tables: &Tables, report: &mut Report) {
    for (key, offset, values) in tables.offsets_of_many_values() {
        report.bad(Check::InconsistentOffsets, Some(tables.key_name(key)), || {
            format!("offset {offset} holds the values {values:?}")
        });
    }
}
