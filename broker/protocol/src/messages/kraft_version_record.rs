//! `KRaftVersionRecord`: data, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `KRaftVersionRecord`: data, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KRaftVersionRecord {
    /// `int16`, versions 0 on.
    pub version: i16,
    /// `int16`, versions 0 on.
    pub kraft_version: i16,
}

impl KRaftVersionRecord {
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
            return Err(DecodeError::UnsupportedVersion { message: "KRaftVersionRecord", version });
        }
        let this = Self { version: reader.i16()?, kraft_version: reader.i16()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "KRaftVersionRecord", version });
        }
        writer.i16(self.version);
        writer.i16(self.kraft_version);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { KRaftVersionRecord {
    version: "version" 0..=0,
    kraft_version: "kRaftVersion" 0..=0,
} tagged {
}}

crate::codec::message!(KRaftVersionRecord, Data);
