//! `WriteTxnMarkersResponse`: response of API WriteTxnMarkers (27), versions 1 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `WriteTxnMarkersResponse`: response of API WriteTxnMarkers (27), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteTxnMarkersResponse<'a> {
    /// `[]WritableTxnMarkerResult`, versions 1 on.
    pub markers: Vec<WritableTxnMarkerResult<'a>>,
}

impl<'a> WriteTxnMarkersResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 1;
    /// The API that this message belongs to (key 27).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::WriteTxnMarkers;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "WriteTxnMarkersResponse", version });
        }
        let this = Self {
            markers: reader.array(true, 10, |reader| WritableTxnMarkerResult::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "WriteTxnMarkersResponse", version });
        }
        writer.array(true, &self.markers, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { WriteTxnMarkersResponse<'a> {
    markers: "markers" 1..=2,
} tagged {
}}

/// Part of [`WriteTxnMarkersResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerPartitionResult {
    /// `int32`, versions 1 on.
    pub partition_index: i32,
    /// `int16`, versions 1 on.
    pub error_code: i16,
}

impl WritableTxnMarkerPartitionResult {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { partition_index: reader.i32()?, error_code: reader.i16()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { WritableTxnMarkerPartitionResult {
    partition_index: "partitionIndex" 1..=2,
    error_code: "errorCode" 1..=2,
} tagged {
}}

/// Part of [`WriteTxnMarkersResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerTopicResult<'a> {
    /// `string`, versions 1 on.
    pub name: Cow<'a, str>,
    /// `[]WritableTxnMarkerPartitionResult`, versions 1 on.
    pub partitions: Vec<WritableTxnMarkerPartitionResult>,
}

impl<'a> WritableTxnMarkerTopicResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            name: reader.string(true)?,
            partitions: reader
                .array(true, 7, |reader| WritableTxnMarkerPartitionResult::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.array(true, &self.partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { WritableTxnMarkerTopicResult<'a> {
    name: "name" 1..=2,
    partitions: "partitions" 1..=2,
} tagged {
}}

/// Part of [`WriteTxnMarkersResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerResult<'a> {
    /// `int64`, versions 1 on.
    pub producer_id: i64,
    /// `[]WritableTxnMarkerTopicResult`, versions 1 on.
    pub topics: Vec<WritableTxnMarkerTopicResult<'a>>,
}

impl<'a> WritableTxnMarkerResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            producer_id: reader.i64()?,
            topics: reader.array(true, 3, |reader| WritableTxnMarkerTopicResult::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i64(self.producer_id);
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { WritableTxnMarkerResult<'a> {
    producer_id: "producerId" 1..=2,
    topics: "topics" 1..=2,
} tagged {
}}

crate::codec::message!(WriteTxnMarkersResponse<'a>, Response);
