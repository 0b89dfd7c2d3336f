//! `ElectLeadersResponse`: response of API ElectLeaders (43), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ElectLeadersResponse`: response of API ElectLeaders (43), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ElectLeadersResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `[]ReplicaElectionResult`, versions 0 on.
    pub replica_election_results: Vec<ReplicaElectionResult<'a>>,
}

impl<'a> ElectLeadersResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 43).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ElectLeaders;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ElectLeadersResponse", version });
        }
        let flexible = version >= 2;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: if version >= 1 { reader.i16()? } else { 0 },
            replica_election_results: reader
                .array(flexible, 3, |reader| ReplicaElectionResult::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "ElectLeadersResponse", version });
        }
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        if version >= 1 {
            writer.error_code(self.error_code);
        }
        writer.array(flexible, &self.replica_election_results, |writer, element| {
            element.encode(writer, version)
        })?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ElectLeadersResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=2,
    error_code: "errorCode" 1..=2,
    replica_election_results: "replicaElectionResults" 0..=2,
} tagged {
}}

/// Part of [`ElectLeadersResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionResult<'a> {
    /// `int32`, versions 0 on.
    pub partition_id: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for PartitionResult<'_> {
    fn default() -> Self {
        Self { partition_id: 0, error_code: 0, error_message: Some(Cow::default()) }
    }
}

impl<'a> PartitionResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            partition_id: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i32(self.partition_id);
        writer.error_code(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionResult<'a> {
    partition_id: "partitionId" 0..=2,
    error_code: "errorCode" 0..=2,
    error_message: "errorMessage" 0..=2,
} tagged {
}}

/// Part of [`ElectLeadersResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaElectionResult<'a> {
    /// `string`, versions 0 on.
    pub topic: Cow<'a, str>,
    /// `[]PartitionResult`, versions 0 on.
    pub partition_result: Vec<PartitionResult<'a>>,
}

impl<'a> ReplicaElectionResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            topic: reader.string(flexible)?,
            partition_result: reader.array(flexible, 8, |reader| PartitionResult::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.topic)?;
        writer.array(flexible, &self.partition_result, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ReplicaElectionResult<'a> {
    topic: "topic" 0..=2,
    partition_result: "partitionResult" 0..=2,
} tagged {
}}

crate::codec::message!(ElectLeadersResponse<'a>, Response);
