//! `ShareGroupTargetAssignmentMetadataKey`: data record of type 12, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ShareGroupTargetAssignmentMetadataKey`: data record of type 12, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupTargetAssignmentMetadataKey<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
}

impl<'a> ShareGroupTargetAssignmentMetadataKey<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = i16::MAX;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 12;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "ShareGroupTargetAssignmentMetadataKey",
                version,
            });
        }
        Ok(Self { group_id: reader.string(false)? })
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion {
                message: "ShareGroupTargetAssignmentMetadataKey",
                version,
            });
        }
        writer.string(false, &self.group_id)?;
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ShareGroupTargetAssignmentMetadataKey<'a> {
    group_id: "groupId" 0..=0,
} tagged {
}}

crate::codec::message!(ShareGroupTargetAssignmentMetadataKey<'a>, Data);
