//! `DescribeLogDirsResponse`: response of API DescribeLogDirs (35), versions 1 to 5. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `DescribeLogDirsResponse`: response of API DescribeLogDirs (35), versions 1 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsResponse<'a> {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 3 on.
    pub error_code: i16,
    /// `[]DescribeLogDirsResult`, versions 1 on.
    pub results: Vec<DescribeLogDirsResult<'a>>,
}

impl<'a> DescribeLogDirsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=5;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 35).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeLogDirs;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DescribeLogDirsResponse", version });
        }
        let flexible = version >= 2;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: if version >= 3 { reader.i16()? } else { 0 },
            results: reader.array(flexible, 5, |reader| DescribeLogDirsResult::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeLogDirsResponse", version });
        }
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        if version >= 3 {
            writer.error_code(self.error_code);
        }
        writer.array(flexible, &self.results, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeLogDirsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 1..=5,
    error_code: "errorCode" 3..=5,
    results: "results" 1..=5,
} tagged {
}}

/// Part of [`DescribeLogDirsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsPartition {
    /// `int32`, versions 1 on.
    pub partition_index: i32,
    /// `int64`, versions 1 on.
    pub partition_size: i64,
    /// `int64`, versions 1 on.
    pub offset_lag: i64,
    /// `bool`, versions 1 on.
    pub is_future_key: bool,
}

impl DescribeLogDirsPartition {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            partition_index: reader.i32()?,
            partition_size: reader.i64()?,
            offset_lag: reader.i64()?,
            is_future_key: reader.bool()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i32(self.partition_index);
        writer.i64(self.partition_size);
        writer.i64(self.offset_lag);
        writer.bool(self.is_future_key);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeLogDirsPartition {
    partition_index: "partitionIndex" 1..=5,
    partition_size: "partitionSize" 1..=5,
    offset_lag: "offsetLag" 1..=5,
    is_future_key: "isFutureKey" 1..=5,
} tagged {
}}

/// Part of [`DescribeLogDirsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsTopic<'a> {
    /// `string`, versions 1 on.
    pub name: Cow<'a, str>,
    /// `[]DescribeLogDirsPartition`, versions 1 on.
    pub partitions: Vec<DescribeLogDirsPartition>,
}

impl<'a> DescribeLogDirsTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            name: reader.string(flexible)?,
            partitions: reader
                .array(flexible, 21, |reader| DescribeLogDirsPartition::decode(reader, version))?,
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
crate::codec::json::fields! { DescribeLogDirsTopic<'a> {
    name: "name" 1..=5,
    partitions: "partitions" 1..=5,
} tagged {
}}

/// Part of [`DescribeLogDirsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsResult<'a> {
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `string`, versions 1 on.
    pub log_dir: Cow<'a, str>,
    /// `[]DescribeLogDirsTopic`, versions 1 on.
    pub topics: Vec<DescribeLogDirsTopic<'a>>,
    /// `int64`, versions 4 on, default -1.
    pub total_bytes: i64,
    /// `int64`, versions 4 on, default -1.
    pub usable_bytes: i64,
    /// `bool`, versions 5 on.
    pub is_cordoned: bool,
}

impl Default for DescribeLogDirsResult<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            log_dir: Cow::default(),
            topics: Vec::new(),
            total_bytes: -1,
            usable_bytes: -1,
            is_cordoned: false,
        }
    }
}

impl<'a> DescribeLogDirsResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            error_code: reader.i16()?,
            log_dir: reader.string(flexible)?,
            topics: reader.array(flexible, 3, |reader| DescribeLogDirsTopic::decode(reader, version))?,
            total_bytes: if version >= 4 { reader.i64()? } else { -1 },
            usable_bytes: if version >= 4 { reader.i64()? } else { -1 },
            is_cordoned: if version >= 5 { reader.bool()? } else { false },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.error_code(self.error_code);
        writer.string(flexible, &self.log_dir)?;
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if version >= 4 {
            writer.i64(self.total_bytes);
        }
        if version >= 4 {
            writer.i64(self.usable_bytes);
        }
        if version >= 5 {
            writer.bool(self.is_cordoned);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeLogDirsResult<'a> {
    error_code: "errorCode" 1..=5,
    log_dir: "logDir" 1..=5,
    topics: "topics" 1..=5,
    total_bytes: "totalBytes" 4..=5,
    usable_bytes: "usableBytes" 4..=5,
    is_cordoned: "isCordoned" 5..=5,
} tagged {
}}

crate::codec::message!(DescribeLogDirsResponse<'a>, Response);
