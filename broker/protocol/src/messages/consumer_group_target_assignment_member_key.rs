//! `ConsumerGroupTargetAssignmentMemberKey`: data record of type 7, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ConsumerGroupTargetAssignmentMemberKey`: data record of type 7, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupTargetAssignmentMemberKey<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub member_id: Cow<'a, str>,
}

impl<'a> ConsumerGroupTargetAssignmentMemberKey<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = i16::MAX;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 7;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "ConsumerGroupTargetAssignmentMemberKey",
                version,
            });
        }
        Ok(Self { group_id: reader.string(false)?, member_id: reader.string(false)? })
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion {
                message: "ConsumerGroupTargetAssignmentMemberKey",
                version,
            });
        }
        writer.string(false, &self.group_id)?;
        writer.string(false, &self.member_id)?;
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ConsumerGroupTargetAssignmentMemberKey<'a> {
    group_id: "groupId" 0..=0,
    member_id: "memberId" 0..=0,
} tagged {
}}

crate::codec::message!(ConsumerGroupTargetAssignmentMemberKey<'a>, Data);
