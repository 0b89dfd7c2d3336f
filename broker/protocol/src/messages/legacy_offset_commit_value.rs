//! `LegacyOffsetCommitValue`: data record of type 0, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `LegacyOffsetCommitValue`: data record of type 0, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LegacyOffsetCommitValue<'a> {
    /// `int64`, versions 0 on.
    pub offset: i64,
    /// `string`, versions 0 on.
    pub metadata: Cow<'a, str>,
    /// `int64`, versions 0 on.
    pub commit_timestamp: i64,
}

impl<'a> LegacyOffsetCommitValue<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "LegacyOffsetCommitValue", version });
        }
        Ok(Self { offset: reader.i64()?, metadata: reader.string(false)?, commit_timestamp: reader.i64()? })
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "LegacyOffsetCommitValue", version });
        }
        writer.i64(self.offset);
        writer.string(false, &self.metadata)?;
        writer.i64(self.commit_timestamp);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { LegacyOffsetCommitValue<'a> {
    offset: "offset" 0..=0,
    metadata: "metadata" 0..=0,
    commit_timestamp: "commitTimestamp" 0..=0,
} tagged {
}}

crate::codec::message!(LegacyOffsetCommitValue<'a>, Data);
