//! `MetadataRequest`: request of API Metadata (3), versions 0 to 13. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer, required};
use crate::types::Uuid;

/// `MetadataRequest`: request of API Metadata (3), versions 0 to 13.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequest<'a> {
    /// `[]MetadataRequestTopic`, versions 0 on, nullable from version 1.
    pub topics: Option<Vec<MetadataRequestTopic<'a>>>,
    /// `bool`, versions 4 on, default true.
    pub allow_auto_topic_creation: bool,
    /// `bool`, versions 8 to 10.
    pub include_cluster_authorized_operations: bool,
    /// `bool`, versions 8 on.
    pub include_topic_authorized_operations: bool,
}

impl Default for MetadataRequest<'_> {
    fn default() -> Self {
        Self {
            topics: Some(Vec::new()),
            allow_auto_topic_creation: true,
            include_cluster_authorized_operations: false,
            include_topic_authorized_operations: false,
        }
    }
}

impl<'a> MetadataRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=13;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 9;
    /// The API that this message belongs to (key 3).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Metadata;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "MetadataRequest", version });
        }
        let flexible = version >= 9;
        let this = Self {
            topics: if version >= 1 {
                reader.nullable_array(flexible, 2, |reader| MetadataRequestTopic::decode(reader, version))?
            } else {
                Some(reader.array(flexible, 2, |reader| MetadataRequestTopic::decode(reader, version))?)
            },
            allow_auto_topic_creation: if version >= 4 { reader.bool()? } else { true },
            include_cluster_authorized_operations: if (8..=10).contains(&version) {
                reader.bool()?
            } else {
                false
            },
            include_topic_authorized_operations: if version >= 8 { reader.bool()? } else { false },
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
            return Err(EncodeError::UnsupportedVersion { message: "MetadataRequest", version });
        }
        let flexible = version >= 9;
        if version >= 1 {
            writer.nullable_array(flexible, self.topics.as_deref(), |writer, element| {
                element.encode(writer, version)
            })?;
        } else {
            writer.array(flexible, required(&self.topics, "topics")?, |writer, element| {
                element.encode(writer, version)
            })?;
        }
        if version >= 4 {
            writer.bool(self.allow_auto_topic_creation);
        }
        if (8..=10).contains(&version) {
            writer.bool(self.include_cluster_authorized_operations);
        }
        if version >= 8 {
            writer.bool(self.include_topic_authorized_operations);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { MetadataRequest<'a> {
    topics: "topics" 0..=13,
    allow_auto_topic_creation: "allowAutoTopicCreation" 4..=13,
    include_cluster_authorized_operations: "includeClusterAuthorizedOperations" 8..=10,
    include_topic_authorized_operations: "includeTopicAuthorizedOperations" 8..=13,
} tagged {
}}

/// Part of [`MetadataRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequestTopic<'a> {
    /// `uuid`, versions 10 on.
    pub topic_id: Uuid,
    /// `string`, versions 0 on, nullable from version 10.
    pub name: Option<Cow<'a, str>>,
}

impl Default for MetadataRequestTopic<'_> {
    fn default() -> Self {
        Self { topic_id: Uuid::nil(), name: Some(Cow::default()) }
    }
}

impl<'a> MetadataRequestTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let this = Self {
            topic_id: if version >= 10 { reader.uuid()? } else { Uuid::nil() },
            name: if version >= 10 {
                reader.nullable_string(flexible)?
            } else {
                Some(reader.string(flexible)?)
            },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        if version >= 10 {
            writer.nullable_string(flexible, self.name.as_deref())?;
        } else {
            writer.string(flexible, required(&self.name, "name")?)?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { MetadataRequestTopic<'a> {
    topic_id: "topicId" 10..=13,
    name: "name" 0..=13,
} tagged {
}}

crate::codec::message!(MetadataRequest<'a>, Request);

impl<'a> Request<'a> for MetadataRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::MetadataResponse<'r>;
}
