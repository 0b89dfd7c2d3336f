//! `SnapshotHeaderRecord`: data, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `SnapshotHeaderRecord`: data, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SnapshotHeaderRecord {
    /// `int16`, versions 0 on.
    pub version: i16,
    /// `int64`, versions 0 on.
    pub last_contained_log_timestamp: i64,
}

impl SnapshotHeaderRecord {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "SnapshotHeaderRecord", version });
        }
        let this = Self { version: reader.i16()?, last_contained_log_timestamp: reader.i64()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "SnapshotHeaderRecord", version });
        }
        writer.i16(self.version);
        writer.i64(self.last_contained_log_timestamp);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { SnapshotHeaderRecord {
    version: "version" 0..=0,
    last_contained_log_timestamp: "lastContainedLogTimestamp" 0..=0,
} tagged {
}}

crate::codec::message!(SnapshotHeaderRecord, Data);
