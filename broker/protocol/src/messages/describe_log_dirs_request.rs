//! `DescribeLogDirsRequest`: request of API DescribeLogDirs (35), versions 1 to 5. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DescribeLogDirsRequest`: request of API DescribeLogDirs (35), versions 1 to 5.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsRequest<'a> {
    /// `[]DescribableLogDirTopic`, versions 1 on, nullable.
    pub topics: Option<Vec<DescribableLogDirTopic<'a>>>,
}

impl Default for DescribeLogDirsRequest<'_> {
    fn default() -> Self {
        Self { topics: Some(Vec::new()) }
    }
}

impl<'a> DescribeLogDirsRequest<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "DescribeLogDirsRequest", version });
        }
        let flexible = version >= 2;
        let this = Self {
            topics: reader
                .nullable_array(flexible, 3, |reader| DescribableLogDirTopic::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeLogDirsRequest", version });
        }
        let flexible = version >= 2;
        writer.nullable_array(flexible, self.topics.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeLogDirsRequest<'a> {
    topics: "topics" 1..=5,
} tagged {
}}

/// Part of [`DescribeLogDirsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribableLogDirTopic<'a> {
    /// `string`, versions 1 on.
    pub topic: Cow<'a, str>,
    /// `[]int32`, versions 1 on.
    pub partitions: Vec<i32>,
}

impl<'a> DescribableLogDirTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this =
            Self { topic: reader.string(flexible)?, partitions: reader.array(flexible, 4, Reader::i32)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.topic)?;
        writer.scalars(flexible, &self.partitions, Writer::i32)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribableLogDirTopic<'a> {
    topic: "topic" 1..=5,
    partitions: "partitions" 1..=5,
} tagged {
}}

crate::codec::message!(DescribeLogDirsRequest<'a>, Request);

impl<'a> Request<'a> for DescribeLogDirsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DescribeLogDirsResponse<'r>;
}
