//! `ControlRecordTypeSchema`: data, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ControlRecordTypeSchema`: data, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ControlRecordTypeSchema {
    /// `int16`, versions 0 on.
    pub r#type: i16,
}

impl ControlRecordTypeSchema {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = i16::MAX;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ControlRecordTypeSchema", version });
        }
        Ok(Self { r#type: reader.i16()? })
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "ControlRecordTypeSchema", version });
        }
        writer.i16(self.r#type);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ControlRecordTypeSchema {
    r#type: "type" 0..=0,
} tagged {
}}

crate::codec::message!(ControlRecordTypeSchema, Data);
