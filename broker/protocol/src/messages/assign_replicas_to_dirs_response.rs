//! `AssignReplicasToDirsResponse`: response of API AssignReplicasToDirs (73), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `AssignReplicasToDirsResponse`: response of API AssignReplicasToDirs (73), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AssignReplicasToDirsResponse {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `[]DirectoryData`, versions 0 on.
    pub directories: Vec<DirectoryData>,
}

impl AssignReplicasToDirsResponse {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 73).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AssignReplicasToDirs;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "AssignReplicasToDirsResponse", version });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            directories: reader.array(true, 18, |reader| DirectoryData::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "AssignReplicasToDirsResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.array(true, &self.directories, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AssignReplicasToDirsResponse {
    throttle_time_ms: "throttleTimeMs" 0..=0,
    error_code: "errorCode" 0..=0,
    directories: "directories" 0..=0,
} tagged {
}}

/// Part of [`AssignReplicasToDirsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
}

impl PartitionData {
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
crate::codec::json::fields! { PartitionData {
    partition_index: "partitionIndex" 0..=0,
    error_code: "errorCode" 0..=0,
} tagged {
}}

/// Part of [`AssignReplicasToDirsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData {
    /// `uuid`, versions 0 on.
    pub topic_id: Uuid,
    /// `[]PartitionData`, versions 0 on.
    pub partitions: Vec<PartitionData>,
}

impl TopicData {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 7, |reader| PartitionData::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.array(true, &self.partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicData {
    topic_id: "topicId" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
}}

/// Part of [`AssignReplicasToDirsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DirectoryData {
    /// `uuid`, versions 0 on.
    pub id: Uuid,
    /// `[]TopicData`, versions 0 on.
    pub topics: Vec<TopicData>,
}

impl DirectoryData {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            id: reader.uuid()?,
            topics: reader.array(true, 18, |reader| TopicData::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.id);
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DirectoryData {
    id: "id" 0..=0,
    topics: "topics" 0..=0,
} tagged {
}}

crate::codec::message!(AssignReplicasToDirsResponse, Response);
