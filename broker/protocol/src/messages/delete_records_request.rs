//! `DeleteRecordsRequest`: request of API DeleteRecords (21), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DeleteRecordsRequest`: request of API DeleteRecords (21), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsRequest<'a> {
    /// `[]DeleteRecordsTopic`, versions 0 on.
    pub topics: Vec<DeleteRecordsTopic<'a>>,
    /// `int32`, versions 0 on.
    pub timeout_ms: i32,
}

impl<'a> DeleteRecordsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 21).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DeleteRecords;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DeleteRecordsRequest", version });
        }
        let flexible = version >= 2;
        let this = Self {
            topics: reader.array(flexible, 3, |reader| DeleteRecordsTopic::decode(reader, version))?,
            timeout_ms: reader.i32()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "DeleteRecordsRequest", version });
        }
        let flexible = version >= 2;
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.i32(self.timeout_ms);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteRecordsRequest<'a> {
    topics: "topics" 0..=2,
    timeout_ms: "timeoutMs" 0..=2,
} tagged {
}}

/// Part of [`DeleteRecordsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsPartition {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int64`, versions 0 on.
    pub offset: i64,
}

impl DeleteRecordsPartition {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self { partition_index: reader.i32()?, offset: reader.i64()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i32(self.partition_index);
        writer.i64(self.offset);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteRecordsPartition {
    partition_index: "partitionIndex" 0..=2,
    offset: "offset" 0..=2,
} tagged {
}}

/// Part of [`DeleteRecordsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsTopic<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `[]DeleteRecordsPartition`, versions 0 on.
    pub partitions: Vec<DeleteRecordsPartition>,
}

impl<'a> DeleteRecordsTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            name: reader.string(flexible)?,
            partitions: reader
                .array(flexible, 12, |reader| DeleteRecordsPartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.name)?;
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteRecordsTopic<'a> {
    name: "name" 0..=2,
    partitions: "partitions" 0..=2,
} tagged {
}}

crate::codec::message!(DeleteRecordsRequest<'a>, Request);

impl<'a> Request<'a> for DeleteRecordsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DeleteRecordsResponse<'r>;
}
