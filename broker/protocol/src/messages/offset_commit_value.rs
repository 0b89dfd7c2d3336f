//! `OffsetCommitValue`: data record of type 1, versions 0 to 4. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `OffsetCommitValue`: data record of type 1, versions 0 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitValue<'a> {
    /// `int64`, versions 0 on.
    pub offset: i64,
    /// `int32`, versions 3 on, default -1.
    pub leader_epoch: i32,
    /// `string`, versions 0 on.
    pub metadata: Cow<'a, str>,
    /// `int64`, versions 0 on.
    pub commit_timestamp: i64,
    /// `int64`, version 1, default -1.
    pub expire_timestamp: i64,
    /// `uuid`, versions 4 on, tag 0.
    pub topic_id: Uuid,
}

impl Default for OffsetCommitValue<'_> {
    fn default() -> Self {
        Self {
            offset: 0,
            leader_epoch: -1,
            metadata: Cow::default(),
            commit_timestamp: 0,
            expire_timestamp: -1,
            topic_id: Uuid::nil(),
        }
    }
}

impl<'a> OffsetCommitValue<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 4;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 1;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "OffsetCommitValue", version });
        }
        let flexible = version >= 4;
        let mut this = Self {
            offset: reader.i64()?,
            leader_epoch: if version >= 3 { reader.i32()? } else { -1 },
            metadata: reader.string(flexible)?,
            commit_timestamp: reader.i64()?,
            expire_timestamp: if version == 1 { reader.i64()? } else { -1 },
            topic_id: Uuid::nil(),
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 => this.topic_id = reader.uuid()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "OffsetCommitValue", version });
        }
        let flexible = version >= 4;
        writer.i64(self.offset);
        if version >= 3 {
            writer.i32(self.leader_epoch);
        }
        writer.string(flexible, &self.metadata)?;
        writer.i64(self.commit_timestamp);
        if version == 1 {
            writer.i64(self.expire_timestamp);
        }
        if flexible {
            let mut tags = writer.begin_tags();
            if !self.topic_id.is_nil() {
                writer.tag(&mut tags, 0, |writer| {
                    writer.uuid(self.topic_id);
                    Ok(())
                })?;
            }
            writer.end_tags(tags);
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetCommitValue<'a> {
    offset: "offset" 0..=4,
    leader_epoch: "leaderEpoch" 3..=4,
    metadata: "metadata" 0..=4,
    commit_timestamp: "commitTimestamp" 0..=4,
    expire_timestamp: "expireTimestamp" 1..=1,
} tagged {
    topic_id: "topicId" 4..=4,
}}

crate::codec::message!(OffsetCommitValue<'a>, Data);
