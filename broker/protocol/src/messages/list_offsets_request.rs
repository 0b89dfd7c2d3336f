//! `ListOffsetsRequest`: request of API ListOffsets (2), versions 1 to 11. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `ListOffsetsRequest`: request of API ListOffsets (2), versions 1 to 11.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsRequest<'a> {
    /// `int32`, versions 1 on.
    pub replica_id: i32,
    /// `int8`, versions 2 on.
    pub isolation_level: i8,
    /// `[]ListOffsetsTopic`, versions 1 on.
    pub topics: Vec<ListOffsetsTopic<'a>>,
    /// `int32`, versions 10 on.
    pub timeout_ms: i32,
}

impl<'a> ListOffsetsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=11;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 6;
    /// The API that this message belongs to (key 2).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ListOffsets;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ListOffsetsRequest", version });
        }
        let flexible = version >= 6;
        let this = Self {
            replica_id: reader.i32()?,
            isolation_level: if version >= 2 { reader.i8()? } else { 0 },
            topics: reader.array(flexible, 3, |reader| ListOffsetsTopic::decode(reader, version))?,
            timeout_ms: if version >= 10 { reader.i32()? } else { 0 },
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
            return Err(EncodeError::UnsupportedVersion { message: "ListOffsetsRequest", version });
        }
        let flexible = version >= 6;
        writer.i32(self.replica_id);
        if version >= 2 {
            writer.i8(self.isolation_level);
        }
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if version >= 10 {
            writer.i32(self.timeout_ms);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ListOffsetsRequest<'a> {
    replica_id: "replicaId" 1..=11,
    isolation_level: "isolationLevel" 2..=11,
    topics: "topics" 1..=11,
    timeout_ms: "timeoutMs" 10..=11,
} tagged {
}}

/// Part of [`ListOffsetsRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsPartition {
    /// `int32`, versions 1 on.
    pub partition_index: i32,
    /// `int32`, versions 4 on, default -1.
    pub current_leader_epoch: i32,
    /// `int64`, versions 1 on.
    pub timestamp: i64,
}

impl Default for ListOffsetsPartition {
    fn default() -> Self {
        Self { partition_index: 0, current_leader_epoch: -1, timestamp: 0 }
    }
}

impl ListOffsetsPartition {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let this = Self {
            partition_index: reader.i32()?,
            current_leader_epoch: if version >= 4 { reader.i32()? } else { -1 },
            timestamp: reader.i64()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.i32(self.partition_index);
        if version >= 4 {
            writer.i32(self.current_leader_epoch);
        }
        writer.i64(self.timestamp);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ListOffsetsPartition {
    partition_index: "partitionIndex" 1..=11,
    current_leader_epoch: "currentLeaderEpoch" 4..=11,
    timestamp: "timestamp" 1..=11,
} tagged {
}}

/// Part of [`ListOffsetsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsTopic<'a> {
    /// `string`, versions 1 on.
    pub name: Cow<'a, str>,
    /// `[]ListOffsetsPartition`, versions 1 on.
    pub partitions: Vec<ListOffsetsPartition>,
}

impl<'a> ListOffsetsTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let this = Self {
            name: reader.string(flexible)?,
            partitions: reader.array(flexible, 12, |reader| ListOffsetsPartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.string(flexible, &self.name)?;
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ListOffsetsTopic<'a> {
    name: "name" 1..=11,
    partitions: "partitions" 1..=11,
} tagged {
}}

crate::codec::message!(ListOffsetsRequest<'a>, Request);

impl<'a> Request<'a> for ListOffsetsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::ListOffsetsResponse<'r>;
}
