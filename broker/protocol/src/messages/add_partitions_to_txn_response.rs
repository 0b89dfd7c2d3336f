//! `AddPartitionsToTxnResponse`: response of API AddPartitionsToTxn (24), versions 0 to 5. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `AddPartitionsToTxnResponse`: response of API AddPartitionsToTxn (24), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 4 on.
    pub error_code: i16,
    /// `[]AddPartitionsToTxnResult`, versions 4 on.
    pub results_by_transaction: Vec<AddPartitionsToTxnResult<'a>>,
    /// `[]AddPartitionsToTxnTopicResult`, versions 0 to 3.
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult<'a>>,
}

impl<'a> AddPartitionsToTxnResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 3;
    /// The API that this message belongs to (key 24).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AddPartitionsToTxn;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "AddPartitionsToTxnResponse", version });
        }
        let flexible = version >= 3;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: if version >= 4 { reader.i16()? } else { 0 },
            results_by_transaction: if version >= 4 {
                reader.array(flexible, 3, |reader| AddPartitionsToTxnResult::decode(reader, version))?
            } else {
                Vec::new()
            },
            results_by_topic_v3_and_below: if version <= 3 {
                reader.array(flexible, 3, |reader| AddPartitionsToTxnTopicResult::decode(reader, version))?
            } else {
                Vec::new()
            },
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
            return Err(EncodeError::UnsupportedVersion { message: "AddPartitionsToTxnResponse", version });
        }
        let flexible = version >= 3;
        writer.i32(self.throttle_time_ms);
        if version >= 4 {
            writer.error_code(self.error_code);
        }
        if version >= 4 {
            writer.array(flexible, &self.results_by_transaction, |writer, element| {
                element.encode(writer, version)
            })?;
        }
        if version <= 3 {
            writer.array(flexible, &self.results_by_topic_v3_and_below, |writer, element| {
                element.encode(writer, version)
            })?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AddPartitionsToTxnResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=5,
    error_code: "errorCode" 4..=5,
    results_by_transaction: "resultsByTransaction" 4..=5,
    results_by_topic_v3_and_below: "resultsByTopicV3AndBelow" 0..=3,
} tagged {
}}

/// Part of [`AddPartitionsToTxnResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnPartitionResult {
    /// `int32`, versions 0 on.
    pub partition_index: i32,
    /// `int16`, versions 0 on.
    pub partition_error_code: i16,
}

impl AddPartitionsToTxnPartitionResult {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let this = Self { partition_index: reader.i32()?, partition_error_code: reader.i16()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.i32(self.partition_index);
        writer.error_code(self.partition_error_code);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AddPartitionsToTxnPartitionResult {
    partition_index: "partitionIndex" 0..=5,
    partition_error_code: "partitionErrorCode" 0..=5,
} tagged {
}}

/// Part of [`AddPartitionsToTxnResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTopicResult<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `[]AddPartitionsToTxnPartitionResult`, versions 0 on.
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
}

impl<'a> AddPartitionsToTxnTopicResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let this = Self {
            name: reader.string(flexible)?,
            results_by_partition: reader
                .array(flexible, 6, |reader| AddPartitionsToTxnPartitionResult::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.string(flexible, &self.name)?;
        writer
            .array(flexible, &self.results_by_partition, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AddPartitionsToTxnTopicResult<'a> {
    name: "name" 0..=5,
    results_by_partition: "resultsByPartition" 0..=5,
} tagged {
}}

/// Part of [`AddPartitionsToTxnResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnResult<'a> {
    /// `string`, versions 4 on.
    pub transactional_id: Cow<'a, str>,
    /// `[]AddPartitionsToTxnTopicResult`, versions 4 on.
    pub topic_results: Vec<AddPartitionsToTxnTopicResult<'a>>,
}

impl<'a> AddPartitionsToTxnResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            transactional_id: reader.string(true)?,
            topic_results: reader
                .array(true, 3, |reader| AddPartitionsToTxnTopicResult::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.transactional_id)?;
        writer.array(true, &self.topic_results, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AddPartitionsToTxnResult<'a> {
    transactional_id: "transactionalId" 4..=5,
    topic_results: "topicResults" 4..=5,
} tagged {
}}

crate::codec::message!(AddPartitionsToTxnResponse<'a>, Response);
