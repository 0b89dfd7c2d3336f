//! `DeleteTopicsResponse`: response of API DeleteTopics (20), versions 1 to 6. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, required};
use crate::types::Uuid;

/// `DeleteTopicsResponse`: response of API DeleteTopics (20), versions 1 to 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicsResponse<'a> {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `[]DeletableTopicResult`, versions 1 on.
    pub responses: Vec<DeletableTopicResult<'a>>,
}

impl<'a> DeleteTopicsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=6;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 4;
    /// The API that this message belongs to (key 20).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DeleteTopics;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DeleteTopicsResponse", version });
        }
        let flexible = version >= 4;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            responses: reader.array(flexible, 4, |reader| DeletableTopicResult::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DeleteTopicsResponse", version });
        }
        let flexible = version >= 4;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.responses, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteTopicsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 1..=6,
    responses: "responses" 1..=6,
} tagged {
}}

/// Part of [`DeleteTopicsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct DeletableTopicResult<'a> {
    /// `string`, versions 1 on, nullable from version 6.
    pub name: Option<Cow<'a, str>>,
    /// `uuid`, versions 6 on.
    pub topic_id: Uuid,
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `string`, versions 5 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for DeletableTopicResult<'_> {
    fn default() -> Self {
        Self { name: Some(Cow::default()), topic_id: Uuid::nil(), error_code: 0, error_message: None }
    }
}

impl<'a> DeletableTopicResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let this = Self {
            name: if version >= 6 {
                reader.nullable_string(flexible)?
            } else {
                Some(reader.string(flexible)?)
            },
            topic_id: if version >= 6 { reader.uuid()? } else { Uuid::nil() },
            error_code: reader.i16()?,
            error_message: if version >= 5 { reader.nullable_string(flexible)? } else { None },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        if version >= 6 {
            writer.nullable_string(flexible, self.name.as_deref())?;
        } else {
            writer.string(flexible, required(&self.name, "name")?)?;
        }
        if version >= 6 {
            writer.uuid(self.topic_id);
        }
        writer.error_code(self.error_code);
        if version >= 5 {
            writer.nullable_string(flexible, self.error_message.as_deref())?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeletableTopicResult<'a> {
    name: "name" 1..=6,
    topic_id: "topicId" 6..=6,
    error_code: "errorCode" 1..=6,
    error_message: "errorMessage" 5..=6,
} tagged {
}}

crate::codec::message!(DeleteTopicsResponse<'a>, Response);
