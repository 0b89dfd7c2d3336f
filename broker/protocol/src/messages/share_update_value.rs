//! `ShareUpdateValue`: data record of type 1, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ShareUpdateValue`: data record of type 1, version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareUpdateValue {
    /// `int32`, versions 0 on.
    pub snapshot_epoch: i32,
    /// `int32`, versions 0 on.
    pub leader_epoch: i32,
    /// `int64`, versions 0 on.
    pub start_offset: i64,
    /// `[]StateBatch`, versions 0 on.
    pub state_batches: Vec<StateBatch>,
    /// `int32`, versions 0 on, tag 0, default -1.
    pub delivery_complete_count: i32,
}

impl Default for ShareUpdateValue {
    fn default() -> Self {
        Self {
            snapshot_epoch: 0,
            leader_epoch: 0,
            start_offset: 0,
            state_batches: Vec::new(),
            delivery_complete_count: -1,
        }
    }
}

impl ShareUpdateValue {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 1;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ShareUpdateValue", version });
        }
        let mut this = Self {
            snapshot_epoch: reader.i32()?,
            leader_epoch: reader.i32()?,
            start_offset: reader.i64()?,
            state_batches: reader.array(true, 20, |reader| StateBatch::decode(reader, version))?,
            delivery_complete_count: -1,
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => this.delivery_complete_count = reader.i32()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "ShareUpdateValue", version });
        }
        writer.i32(self.snapshot_epoch);
        writer.i32(self.leader_epoch);
        writer.i64(self.start_offset);
        writer.array(true, &self.state_batches, |writer, element| element.encode(writer, version))?;
        let mut tags = writer.begin_tags();
        if self.delivery_complete_count != -1 {
            writer.tag(&mut tags, 0, |writer| {
                writer.i32(self.delivery_complete_count);
                Ok(())
            })?;
        }
        writer.end_tags(tags);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ShareUpdateValue {
    snapshot_epoch: "snapshotEpoch" 0..=0,
    leader_epoch: "leaderEpoch" 0..=0,
    start_offset: "startOffset" 0..=0,
    state_batches: "stateBatches" 0..=0,
} tagged {
    delivery_complete_count: "deliveryCompleteCount" 0..=0,
}}

/// Part of [`ShareUpdateValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateBatch {
    /// `int64`, versions 0 on.
    pub first_offset: i64,
    /// `int64`, versions 0 on.
    pub last_offset: i64,
    /// `int8`, versions 0 on.
    pub delivery_state: i8,
    /// `int16`, versions 0 on.
    pub delivery_count: i16,
}

impl StateBatch {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            first_offset: reader.i64()?,
            last_offset: reader.i64()?,
            delivery_state: reader.i8()?,
            delivery_count: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.first_offset);
        writer.i64(self.last_offset);
        writer.i8(self.delivery_state);
        writer.i16(self.delivery_count);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { StateBatch {
    first_offset: "firstOffset" 0..=0,
    last_offset: "lastOffset" 0..=0,
    delivery_state: "deliveryState" 0..=0,
    delivery_count: "deliveryCount" 0..=0,
} tagged {
}}

crate::codec::message!(ShareUpdateValue, Data);
