//! `ProducerSnapshot`: data, version 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ProducerSnapshot`: data, version 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProducerSnapshot {
    /// `uint32`, versions 1 on.
    pub crc: u32,
    /// `[]ProducerEntry`, versions 1 on.
    pub producer_entries: Vec<ProducerEntry>,
}

impl ProducerSnapshot {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = i16::MAX;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ProducerSnapshot", version });
        }
        Ok(Self {
            crc: reader.u32()?,
            producer_entries: reader.array(false, 46, |reader| ProducerEntry::decode(reader, version))?,
        })
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "ProducerSnapshot", version });
        }
        writer.u32(self.crc);
        writer.array(false, &self.producer_entries, |writer, element| element.encode(writer, version))?;
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ProducerSnapshot {
    crc: "crc" 1..=1,
    producer_entries: "producerEntries" 1..=1,
} tagged {
}}

/// Part of [`ProducerSnapshot`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProducerEntry {
    /// `int64`, versions 1 on.
    pub producer_id: i64,
    /// `int16`, versions 1 on.
    pub epoch: i16,
    /// `int32`, versions 1 on.
    pub last_sequence: i32,
    /// `int64`, versions 1 on.
    pub last_offset: i64,
    /// `int32`, versions 1 on.
    pub offset_delta: i32,
    /// `int64`, versions 1 on.
    pub timestamp: i64,
    /// `int32`, versions 1 on.
    pub coordinator_epoch: i32,
    /// `int64`, versions 1 on.
    pub current_txn_first_offset: i64,
}

impl ProducerEntry {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            producer_id: reader.i64()?,
            epoch: reader.i16()?,
            last_sequence: reader.i32()?,
            last_offset: reader.i64()?,
            offset_delta: reader.i32()?,
            timestamp: reader.i64()?,
            coordinator_epoch: reader.i32()?,
            current_txn_first_offset: reader.i64()?,
        })
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.producer_id);
        writer.i16(self.epoch);
        writer.i32(self.last_sequence);
        writer.i64(self.last_offset);
        writer.i32(self.offset_delta);
        writer.i64(self.timestamp);
        writer.i32(self.coordinator_epoch);
        writer.i64(self.current_txn_first_offset);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ProducerEntry {
    producer_id: "producerId" 1..=1,
    epoch: "epoch" 1..=1,
    last_sequence: "lastSequence" 1..=1,
    last_offset: "lastOffset" 1..=1,
    offset_delta: "offsetDelta" 1..=1,
    timestamp: "timestamp" 1..=1,
    coordinator_epoch: "coordinatorEpoch" 1..=1,
    current_txn_first_offset: "currentTxnFirstOffset" 1..=1,
} tagged {
}}

crate::codec::message!(ProducerSnapshot, Data);
