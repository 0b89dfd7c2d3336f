//! `ConsumerGroupMetadataValue`: data record of type 3, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ConsumerGroupMetadataValue`: data record of type 3, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupMetadataValue {
    /// `int32`, versions 0 on.
    pub epoch: i32,
    /// `int64`, versions 0 on, tag 0.
    pub metadata_hash: i64,
}

impl ConsumerGroupMetadataValue {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 3;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ConsumerGroupMetadataValue", version });
        }
        let mut this = Self { epoch: reader.i32()?, metadata_hash: 0 };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => this.metadata_hash = reader.i64()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "ConsumerGroupMetadataValue", version });
        }
        writer.i32(self.epoch);
        let mut tags = writer.begin_tags();
        if self.metadata_hash != 0 {
            writer.tag(&mut tags, 0, |writer| {
                writer.i64(self.metadata_hash);
                Ok(())
            })?;
        }
        writer.end_tags(tags);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ConsumerGroupMetadataValue {
    epoch: "epoch" 0..=0,
} tagged {
    metadata_hash: "metadataHash" 0..=0,
}}

crate::codec::message!(ConsumerGroupMetadataValue, Data);
