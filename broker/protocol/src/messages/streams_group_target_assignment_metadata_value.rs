//! `StreamsGroupTargetAssignmentMetadataValue`: data record of type 20, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `StreamsGroupTargetAssignmentMetadataValue`: data record of type 20, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTargetAssignmentMetadataValue {
    /// `int32`, versions 0 on.
    pub assignment_epoch: i32,
    /// `int64`, versions 0 on, tag 0.
    pub assignment_timestamp: i64,
}

impl StreamsGroupTargetAssignmentMetadataValue {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 20;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "StreamsGroupTargetAssignmentMetadataValue",
                version,
            });
        }
        let mut this = Self { assignment_epoch: reader.i32()?, assignment_timestamp: 0 };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => this.assignment_timestamp = reader.i64()?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion {
                message: "StreamsGroupTargetAssignmentMetadataValue",
                version,
            });
        }
        writer.i32(self.assignment_epoch);
        let mut tags = writer.begin_tags();
        if self.assignment_timestamp != 0 {
            writer.tag(&mut tags, 0, |writer| {
                writer.i64(self.assignment_timestamp);
                Ok(())
            })?;
        }
        writer.end_tags(tags);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { StreamsGroupTargetAssignmentMetadataValue {
    assignment_epoch: "assignmentEpoch" 0..=0,
} tagged {
    assignment_timestamp: "assignmentTimestamp" 0..=0,
}}

crate::codec::message!(StreamsGroupTargetAssignmentMetadataValue, Data);
