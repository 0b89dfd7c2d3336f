//! `WriteTxnMarkersRequest`: request of API WriteTxnMarkers (27), versions 1 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `WriteTxnMarkersRequest`: request of API WriteTxnMarkers (27), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteTxnMarkersRequest<'a> {
    /// `[]WritableTxnMarker`, versions 1 on.
    pub markers: Vec<WritableTxnMarker<'a>>,
}

impl<'a> WriteTxnMarkersRequest<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "WriteTxnMarkersRequest", version });
        }
        let this =
            Self { markers: reader.array(true, 17, |reader| WritableTxnMarker::decode(reader, version))? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "WriteTxnMarkersRequest", version });
        }
        writer.array(true, &self.markers, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { WriteTxnMarkersRequest<'a> {
    markers: "markers" 1..=2,
} tagged {
}}

/// Part of [`WriteTxnMarkersRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerTopic<'a> {
    /// `string`, versions 1 on.
    pub name: Cow<'a, str>,
    /// `[]int32`, versions 1 on.
    pub partition_indexes: Vec<i32>,
}

impl<'a> WritableTxnMarkerTopic<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this =
            Self { name: reader.string(true)?, partition_indexes: reader.array(true, 4, Reader::i32)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.scalars(true, &self.partition_indexes, Writer::i32)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { WritableTxnMarkerTopic<'a> {
    name: "name" 1..=2,
    partition_indexes: "partitionIndexes" 1..=2,
} tagged {
}}

/// Part of [`WriteTxnMarkersRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarker<'a> {
    /// `int64`, versions 1 on.
    pub producer_id: i64,
    /// `int16`, versions 1 on.
    pub producer_epoch: i16,
    /// `bool`, versions 1 on.
    pub transaction_result: bool,
    /// `[]WritableTxnMarkerTopic`, versions 1 on.
    pub topics: Vec<WritableTxnMarkerTopic<'a>>,
    /// `int32`, versions 1 on.
    pub coordinator_epoch: i32,
    /// `int8`, versions 2 on.
    pub transaction_version: i8,
}

impl<'a> WritableTxnMarker<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            transaction_result: reader.bool()?,
            topics: reader.array(true, 3, |reader| WritableTxnMarkerTopic::decode(reader, version))?,
            coordinator_epoch: reader.i32()?,
            transaction_version: if version >= 2 { reader.i8()? } else { 0 },
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        writer.bool(self.transaction_result);
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.i32(self.coordinator_epoch);
        if version >= 2 {
            writer.i8(self.transaction_version);
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { WritableTxnMarker<'a> {
    producer_id: "producerId" 1..=2,
    producer_epoch: "producerEpoch" 1..=2,
    transaction_result: "transactionResult" 1..=2,
    topics: "topics" 1..=2,
    coordinator_epoch: "coordinatorEpoch" 1..=2,
    transaction_version: "transactionVersion" 2..=2,
} tagged {
}}

crate::codec::message!(WriteTxnMarkersRequest<'a>, Request);

impl<'a> Request<'a> for WriteTxnMarkersRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::WriteTxnMarkersResponse<'r>;
}
