//! `OffsetForLeaderEpochRequest`: request of API OffsetForLeaderEpoch (23), versions 2 to 4. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `OffsetForLeaderEpochRequest`: request of API OffsetForLeaderEpoch (23), versions 2 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetForLeaderEpochRequest<'a> {
    /// `int32`, versions 3 on, default -2.
    pub replica_id: i32,
    /// `[]OffsetForLeaderTopic`, versions 2 on.
    pub topics: Vec<OffsetForLeaderTopic<'a>>,
}

impl Default for OffsetForLeaderEpochRequest<'_> {
    fn default() -> Self {
        Self { replica_id: -2, topics: Vec::new() }
    }
}

impl<'a> OffsetForLeaderEpochRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 2..=4;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 4;
    /// The API that this message belongs to (key 23).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::OffsetForLeaderEpoch;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "OffsetForLeaderEpochRequest", version });
        }
        let flexible = version >= 4;
        let this = Self {
            replica_id: if version >= 3 { reader.i32()? } else { -2 },
            topics: reader.array(flexible, 3, |reader| OffsetForLeaderTopic::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "OffsetForLeaderEpochRequest", version });
        }
        let flexible = version >= 4;
        if version >= 3 {
            writer.i32(self.replica_id);
        }
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetForLeaderEpochRequest<'a> {
    replica_id: "replicaId" 3..=4,
    topics: "topics" 2..=4,
} tagged {
}}

/// Part of [`OffsetForLeaderEpochRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetForLeaderPartition {
    /// `int32`, versions 2 on.
    pub partition: i32,
    /// `int32`, versions 2 on, default -1.
    pub current_leader_epoch: i32,
    /// `int32`, versions 2 on.
    pub leader_epoch: i32,
}

impl Default for OffsetForLeaderPartition {
    fn default() -> Self {
        Self { partition: 0, current_leader_epoch: -1, leader_epoch: 0 }
    }
}

impl OffsetForLeaderPartition {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let this = Self {
            partition: reader.i32()?,
            current_leader_epoch: reader.i32()?,
            leader_epoch: reader.i32()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.i32(self.partition);
        writer.i32(self.current_leader_epoch);
        writer.i32(self.leader_epoch);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetForLeaderPartition {
    partition: "partition" 2..=4,
    current_leader_epoch: "currentLeaderEpoch" 2..=4,
    leader_epoch: "leaderEpoch" 2..=4,
} tagged {
}}

/// Part of [`OffsetForLeaderEpochRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetForLeaderTopic<'a> {
    /// `string`, versions 2 on.
    pub topic: Cow<'a, str>,
    /// `[]OffsetForLeaderPartition`, versions 2 on.
    pub partitions: Vec<OffsetForLeaderPartition>,
}

impl<'a> OffsetForLeaderTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let this = Self {
            topic: reader.string(flexible)?,
            partitions: reader
                .array(flexible, 12, |reader| OffsetForLeaderPartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.string(flexible, &self.topic)?;
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetForLeaderTopic<'a> {
    topic: "topic" 2..=4,
    partitions: "partitions" 2..=4,
} tagged {
}}

crate::codec::message!(OffsetForLeaderEpochRequest<'a>, Request);

impl<'a> Request<'a> for OffsetForLeaderEpochRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::OffsetForLeaderEpochResponse<'r>;
}
