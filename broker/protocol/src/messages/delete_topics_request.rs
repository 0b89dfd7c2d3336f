//! `DeleteTopicsRequest`: request of API DeleteTopics (20), versions 1 to 6. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `DeleteTopicsRequest`: request of API DeleteTopics (20), versions 1 to 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicsRequest<'a> {
    /// `[]DeleteTopicState`, versions 6 on.
    pub topics: Vec<DeleteTopicState<'a>>,
    /// `[]string`, versions 1 to 5.
    pub topic_names: Vec<Cow<'a, str>>,
    /// `int32`, versions 1 on.
    pub timeout_ms: i32,
}

impl<'a> DeleteTopicsRequest<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "DeleteTopicsRequest", version });
        }
        let flexible = version >= 4;
        let this = Self {
            topics: if version >= 6 {
                reader.array(flexible, 18, |reader| DeleteTopicState::decode(reader, version))?
            } else {
                Vec::new()
            },
            topic_names: if version <= 5 {
                reader.array(flexible, 1, |reader| reader.string(flexible))?
            } else {
                Vec::new()
            },
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
            return Err(EncodeError::UnsupportedVersion { message: "DeleteTopicsRequest", version });
        }
        let flexible = version >= 4;
        if version >= 6 {
            writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        }
        if version <= 5 {
            writer.array(flexible, &self.topic_names, |writer, element| writer.string(flexible, element))?;
        }
        writer.i32(self.timeout_ms);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteTopicsRequest<'a> {
    topics: "topics" 6..=6,
    topic_names: "topicNames" 1..=5,
    timeout_ms: "timeoutMs" 1..=6,
} tagged {
}}

/// Part of [`DeleteTopicsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicState<'a> {
    /// `string`, versions 6 on, nullable.
    pub name: Option<Cow<'a, str>>,
    /// `uuid`, versions 6 on.
    pub topic_id: Uuid,
}

impl<'a> DeleteTopicState<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { name: reader.nullable_string(true)?, topic_id: reader.uuid()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.nullable_string(true, self.name.as_deref())?;
        writer.uuid(self.topic_id);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteTopicState<'a> {
    name: "name" 6..=6,
    topic_id: "topicId" 6..=6,
} tagged {
}}

crate::codec::message!(DeleteTopicsRequest<'a>, Request);

impl<'a> Request<'a> for DeleteTopicsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DeleteTopicsResponse<'r>;
}
