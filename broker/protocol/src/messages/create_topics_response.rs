//! `CreateTopicsResponse`: response of API CreateTopics (19), versions 2 to 7. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `CreateTopicsResponse`: response of API CreateTopics (19), versions 2 to 7.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateTopicsResponse<'a> {
    /// `int32`, versions 2 on.
    pub throttle_time_ms: i32,
    /// `[]CreatableTopicResult`, versions 2 on.
    pub topics: Vec<CreatableTopicResult<'a>>,
}

impl<'a> CreateTopicsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 2..=7;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 5;
    /// The API that this message belongs to (key 19).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::CreateTopics;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "CreateTopicsResponse", version });
        }
        let flexible = version >= 5;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            topics: reader.array(flexible, 6, |reader| CreatableTopicResult::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "CreateTopicsResponse", version });
        }
        let flexible = version >= 5;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreateTopicsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 2..=7,
    topics: "topics" 2..=7,
} tagged {
}}

/// Part of [`CreateTopicsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfigs<'a> {
    /// `string`, versions 5 on.
    pub name: Cow<'a, str>,
    /// `string`, versions 5 on, nullable.
    pub value: Option<Cow<'a, str>>,
    /// `bool`, versions 5 on.
    pub read_only: bool,
    /// `int8`, versions 5 on, default -1.
    pub config_source: i8,
    /// `bool`, versions 5 on.
    pub is_sensitive: bool,
}

impl Default for CreatableTopicConfigs<'_> {
    fn default() -> Self {
        Self {
            name: Cow::default(),
            value: Some(Cow::default()),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
        }
    }
}

impl<'a> CreatableTopicConfigs<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            name: reader.string(true)?,
            value: reader.nullable_string(true)?,
            read_only: reader.bool()?,
            config_source: reader.i8()?,
            is_sensitive: reader.bool()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.nullable_string(true, self.value.as_deref())?;
        writer.bool(self.read_only);
        writer.i8(self.config_source);
        writer.bool(self.is_sensitive);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreatableTopicConfigs<'a> {
    name: "name" 5..=7,
    value: "value" 5..=7,
    read_only: "readOnly" 5..=7,
    config_source: "configSource" 5..=7,
    is_sensitive: "isSensitive" 5..=7,
} tagged {
}}

/// Part of [`CreateTopicsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicResult<'a> {
    /// `string`, versions 2 on.
    pub name: Cow<'a, str>,
    /// `uuid`, versions 7 on.
    pub topic_id: Uuid,
    /// `int16`, versions 2 on.
    pub error_code: i16,
    /// `string`, versions 2 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `int32`, versions 5 on, default -1.
    pub num_partitions: i32,
    /// `int16`, versions 5 on, default -1.
    pub replication_factor: i16,
    /// `[]CreatableTopicConfigs`, versions 5 on, nullable.
    pub configs: Option<Vec<CreatableTopicConfigs<'a>>>,
    /// `int16`, versions 5 on, tag 0.
    pub topic_config_error_code: i16,
}

impl Default for CreatableTopicResult<'_> {
    fn default() -> Self {
        Self {
            name: Cow::default(),
            topic_id: Uuid::nil(),
            error_code: 0,
            error_message: Some(Cow::default()),
            num_partitions: -1,
            replication_factor: -1,
            configs: Some(Vec::new()),
            topic_config_error_code: 0,
        }
    }
}

impl<'a> CreatableTopicResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let mut this = Self {
            name: reader.string(flexible)?,
            topic_id: if version >= 7 { reader.uuid()? } else { Uuid::nil() },
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            num_partitions: if version >= 5 { reader.i32()? } else { -1 },
            replication_factor: if version >= 5 { reader.i16()? } else { -1 },
            configs: if version >= 5 {
                reader.nullable_array(flexible, 6, |reader| CreatableTopicConfigs::decode(reader, version))?
            } else {
                Some(Vec::new())
            },
            topic_config_error_code: 0,
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 => this.topic_config_error_code = reader.i16()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.string(flexible, &self.name)?;
        if version >= 7 {
            writer.uuid(self.topic_id);
        }
        writer.error_code(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        if version >= 5 {
            writer.i32(self.num_partitions);
        }
        if version >= 5 {
            writer.i16(self.replication_factor);
        }
        if version >= 5 {
            writer.nullable_array(flexible, self.configs.as_deref(), |writer, element| {
                element.encode(writer, version)
            })?;
        }
        if flexible {
            let mut tags = writer.begin_tags();
            if self.topic_config_error_code != 0 {
                writer.tag(&mut tags, 0, |writer| {
                    writer.i16(self.topic_config_error_code);
                    Ok(())
                })?;
            }
            writer.end_tags(tags);
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreatableTopicResult<'a> {
    name: "name" 2..=7,
    topic_id: "topicId" 7..=7,
    error_code: "errorCode" 2..=7,
    error_message: "errorMessage" 2..=7,
    num_partitions: "numPartitions" 5..=7,
    replication_factor: "replicationFactor" 5..=7,
    configs: "configs" 5..=7,
} tagged {
    topic_config_error_code: "topicConfigErrorCode" 5..=7,
}}

crate::codec::message!(CreateTopicsResponse<'a>, Response);
