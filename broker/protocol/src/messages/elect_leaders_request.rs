//! `ElectLeadersRequest`: request of API ElectLeaders (43), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `ElectLeadersRequest`: request of API ElectLeaders (43), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ElectLeadersRequest<'a> {
    /// `int8`, versions 1 on.
    pub election_type: i8,
    /// `[]TopicPartitions`, versions 0 on, nullable.
    pub topic_partitions: Option<Vec<TopicPartitions<'a>>>,
    /// `int32`, versions 0 on, default 60000.
    pub timeout_ms: i32,
}

impl Default for ElectLeadersRequest<'_> {
    fn default() -> Self {
        Self { election_type: 0, topic_partitions: Some(Vec::new()), timeout_ms: 60000 }
    }
}

impl<'a> ElectLeadersRequest<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "ElectLeadersRequest", version });
        }
        let flexible = version >= 2;
        let this = Self {
            election_type: if version >= 1 { reader.i8()? } else { 0 },
            topic_partitions: reader
                .nullable_array(flexible, 3, |reader| TopicPartitions::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "ElectLeadersRequest", version });
        }
        let flexible = version >= 2;
        if version >= 1 {
            writer.i8(self.election_type);
        }
        writer.nullable_array(flexible, self.topic_partitions.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.i32(self.timeout_ms);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ElectLeadersRequest<'a> {
    election_type: "electionType" 1..=2,
    topic_partitions: "topicPartitions" 0..=2,
    timeout_ms: "timeoutMs" 0..=2,
} tagged {
}}

/// Part of [`ElectLeadersRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions<'a> {
    /// `string`, versions 0 on.
    pub topic: Cow<'a, str>,
    /// `[]int32`, versions 0 on.
    pub partitions: Vec<i32>,
}

impl<'a> TopicPartitions<'a> {
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
crate::codec::json::fields! { TopicPartitions<'a> {
    topic: "topic" 0..=2,
    partitions: "partitions" 0..=2,
} tagged {
}}

crate::codec::message!(ElectLeadersRequest<'a>, Request);

impl<'a> Request<'a> for ElectLeadersRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::ElectLeadersResponse<'r>;
}
