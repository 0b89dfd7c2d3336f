//! `LegacyOffsetCommitKey`: data record of type 0, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `LegacyOffsetCommitKey`: data record of type 0, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LegacyOffsetCommitKey<'a> {
    /// `string`, versions 0 on.
    pub group: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub topic: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub partition: i32,
}

impl<'a> LegacyOffsetCommitKey<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = i16::MAX;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 0;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "LegacyOffsetCommitKey", version });
        }
        Ok(Self { group: reader.string(false)?, topic: reader.string(false)?, partition: reader.i32()? })
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "LegacyOffsetCommitKey", version });
        }
        writer.string(false, &self.group)?;
        writer.string(false, &self.topic)?;
        writer.i32(self.partition);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { LegacyOffsetCommitKey<'a> {
    group: "group" 0..=0,
    topic: "topic" 0..=0,
    partition: "partition" 0..=0,
} tagged {
}}

crate::codec::message!(LegacyOffsetCommitKey<'a>, Data);
