//! `AlterReplicaLogDirsResponse`: response of API AlterReplicaLogDirs (34), versions 1 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `AlterReplicaLogDirsResponse`: response of API AlterReplicaLogDirs (34), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirsResponse<'a> {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `[]AlterReplicaLogDirTopicResult`, versions 1 on.
    pub results: Vec<AlterReplicaLogDirTopicResult<'a>>,
}

impl<'a> AlterReplicaLogDirsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 34).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AlterReplicaLogDirs;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "AlterReplicaLogDirsResponse", version });
        }
        let flexible = version >= 2;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            results: reader
                .array(flexible, 3, |reader| AlterReplicaLogDirTopicResult::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "AlterReplicaLogDirsResponse", version });
        }
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.results, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterReplicaLogDirsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 1..=2,
    results: "results" 1..=2,
} tagged {
}}

/// Part of [`AlterReplicaLogDirsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirPartitionResult {
    /// `int32`, versions 1 on.
    pub partition_index: i32,
    /// `int16`, versions 1 on.
    pub error_code: i16,
}

impl AlterReplicaLogDirPartitionResult {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self { partition_index: reader.i32()?, error_code: reader.i16()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterReplicaLogDirPartitionResult {
    partition_index: "partitionIndex" 1..=2,
    error_code: "errorCode" 1..=2,
} tagged {
}}

/// Part of [`AlterReplicaLogDirsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirTopicResult<'a> {
    /// `string`, versions 1 on.
    pub topic_name: Cow<'a, str>,
    /// `[]AlterReplicaLogDirPartitionResult`, versions 1 on.
    pub partitions: Vec<AlterReplicaLogDirPartitionResult>,
}

impl<'a> AlterReplicaLogDirTopicResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            topic_name: reader.string(flexible)?,
            partitions: reader
                .array(flexible, 6, |reader| AlterReplicaLogDirPartitionResult::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.topic_name)?;
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterReplicaLogDirTopicResult<'a> {
    topic_name: "topicName" 1..=2,
    partitions: "partitions" 1..=2,
} tagged {
}}

crate::codec::message!(AlterReplicaLogDirsResponse<'a>, Response);
