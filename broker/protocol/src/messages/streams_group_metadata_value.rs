//! `StreamsGroupMetadataValue`: data record of type 17, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `StreamsGroupMetadataValue`: data record of type 17, version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupMetadataValue<'a> {
    /// `int32`, versions 0 on.
    pub epoch: i32,
    /// `int64`, versions 0 on.
    pub metadata_hash: i64,
    /// `int32`, versions 0 on, tag 0, default -1.
    pub validated_topology_epoch: i32,
    /// `[]LastAssignmentConfig`, versions 0 on, tag 1, nullable.
    pub last_assignment_configs: Option<Vec<LastAssignmentConfig<'a>>>,
}

impl Default for StreamsGroupMetadataValue<'_> {
    fn default() -> Self {
        Self {
            epoch: 0,
            metadata_hash: 0,
            validated_topology_epoch: -1,
            last_assignment_configs: Some(Vec::new()),
        }
    }
}

impl<'a> StreamsGroupMetadataValue<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 17;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "StreamsGroupMetadataValue", version });
        }
        let mut this = Self {
            epoch: reader.i32()?,
            metadata_hash: reader.i64()?,
            validated_topology_epoch: -1,
            last_assignment_configs: Some(Vec::new()),
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => this.validated_topology_epoch = reader.i32()?,
                1 => {
                    this.last_assignment_configs = reader
                        .nullable_array(true, 3, |reader| LastAssignmentConfig::decode(reader, version))?
                }
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
            return Err(EncodeError::UnsupportedVersion { message: "StreamsGroupMetadataValue", version });
        }
        writer.i32(self.epoch);
        writer.i64(self.metadata_hash);
        let mut tags = writer.begin_tags();
        if self.validated_topology_epoch != -1 {
            writer.tag(&mut tags, 0, |writer| {
                writer.i32(self.validated_topology_epoch);
                Ok(())
            })?;
        }
        if self.last_assignment_configs.as_ref().is_none_or(|value| !value.is_empty()) {
            writer.tag(&mut tags, 1, |writer| {
                writer.nullable_array(true, self.last_assignment_configs.as_deref(), |writer, element| {
                    element.encode(writer, version)
                })?;
                Ok(())
            })?;
        }
        writer.end_tags(tags);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { StreamsGroupMetadataValue<'a> {
    epoch: "epoch" 0..=0,
    metadata_hash: "metadataHash" 0..=0,
} tagged {
    validated_topology_epoch: "validatedTopologyEpoch" 0..=0,
    last_assignment_configs: "lastAssignmentConfigs" 0..=0,
}}

/// Part of [`StreamsGroupMetadataValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LastAssignmentConfig<'a> {
    /// `string`, versions 0 on.
    pub key: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub value: Cow<'a, str>,
}

impl<'a> LastAssignmentConfig<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { key: reader.string(true)?, value: reader.string(true)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.key)?;
        writer.string(true, &self.value)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { LastAssignmentConfig<'a> {
    key: "key" 0..=0,
    value: "value" 0..=0,
} tagged {
}}

crate::codec::message!(StreamsGroupMetadataValue<'a>, Data);
