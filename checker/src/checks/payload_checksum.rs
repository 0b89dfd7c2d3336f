//! payload-checksum: wherever a value appears with a checksum, it is the same one.

use crate::history::{Key, Record};
use crate::report::{Check, Report};
use crate::tables::Tables;

/// Compares a record's checksum with the one known of its value, or learns it.
pub(crate) fn observe(key: &Key, record: &Record, tables: &mut Tables, report: &mut Report) {
    let Some(crc) = record.crc else { return };
    if let Err(expected) = tables.note_crc(record.value, crc) {
        let &Record { value, offset, .. } = record;
        report.bad(Check::PayloadChecksum, Some(key), || {
            format!("value {value} at offset {offset:?} has checksum {crc:08x}, expected {expected:08x}")
        });
    }
}
