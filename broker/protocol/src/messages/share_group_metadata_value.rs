//! `ShareGroupMetadataValue`: data record of type 11, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ShareGroupMetadataValue`: data record of type 11, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupMetadataValue {
    /// `int32`, versions 0 on.
    pub epoch: i32,
    /// `int64`, versions 0 on.
    pub metadata_hash: i64,
}

impl ShareGroupMetadataValue {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 11;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ShareGroupMetadataValue", version });
        }
        let this = Self { epoch: reader.i32()?, metadata_hash: reader.i64()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "ShareGroupMetadataValue", version });
        }
        writer.i32(self.epoch);
        writer.i64(self.metadata_hash);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ShareGroupMetadataValue {
    epoch: "epoch" 0..=0,
    metadata_hash: "metadataHash" 0..=0,
} tagged {
}}

crate::codec::message!(ShareGroupMetadataValue, Data);
