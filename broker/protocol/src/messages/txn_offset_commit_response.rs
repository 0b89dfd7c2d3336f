//! `TxnOffsetCommitResponse`: response of API TxnOffsetCommit (28), versions 0 to 5. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `TxnOffsetCommitResponse`: response of API TxnOffsetCommit (28), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `[]TxnOffsetCommitResponseTopic`, versions 0 on.
    pub topics: Vec<TxnOffsetCommitResponseTopic<'a>>,
}

impl<'a> TxnOffsetCommitResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 3;
    /// The API that this message belongs to (key 28).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::TxnOffsetCommit;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "TxnOffsetCommitResponse", version });
        }
        let flexible = version >= 3;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            topics: reader
                .array(flexible, 3, |reader| TxnOffsetCommitResponseTopic::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "TxnOffsetCommitResponse", version });
        }
        let flexible = version >= 3;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TxnOffsetCommitResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=5,
    topics: "topics" 0..=5,
} tagged {
}}

/// Part of [`TxnOffsetCommitResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponsePartition {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
}

impl TxnOffsetCommitResponsePartition {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let this = Self { partition_index: reader.i32()?, error_code: reader.i16()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.i32(self.partition_index);
        writer.error_code(self.error_code);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TxnOffsetCommitResponsePartition {
    partition_index: "partitionIndex" 0..=5,
    error_code: "errorCode" 0..=5,
} tagged {
}}

/// Part of [`TxnOffsetCommitResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponseTopic<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `[]TxnOffsetCommitResponsePartition`, versions 0 on.
    pub partitions: Vec<TxnOffsetCommitResponsePartition>,
}

impl<'a> TxnOffsetCommitResponseTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let this = Self {
            name: reader.string(flexible)?,
            partitions: reader
                .array(flexible, 6, |reader| TxnOffsetCommitResponsePartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.string(flexible, &self.name)?;
        writer.array(flexible, &self.partitions, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TxnOffsetCommitResponseTopic<'a> {
    name: "name" 0..=5,
    partitions: "partitions" 0..=5,
} tagged {
}}

crate::codec::message!(TxnOffsetCommitResponse<'a>, Response);
