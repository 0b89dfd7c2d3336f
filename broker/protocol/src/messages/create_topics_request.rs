//! `CreateTopicsRequest`: request of API CreateTopics (19), versions 2 to 7. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `CreateTopicsRequest`: request of API CreateTopics (19), versions 2 to 7.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTopicsRequest<'a> {
    /// `[]CreatableTopic`, versions 2 on.
    pub topics: Vec<CreatableTopic<'a>>,
    /// `int32`, versions 2 on, default 60000.
    pub timeout_ms: i32,
    /// `bool`, versions 2 on.
    pub validate_only: bool,
}

impl Default for CreateTopicsRequest<'_> {
    fn default() -> Self {
        Self { topics: Vec::new(), timeout_ms: 60000, validate_only: false }
    }
}

impl<'a> CreateTopicsRequest<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "CreateTopicsRequest", version });
        }
        let flexible = version >= 5;
        let this = Self {
            topics: reader.array(flexible, 10, |reader| CreatableTopic::decode(reader, version))?,
            timeout_ms: reader.i32()?,
            validate_only: reader.bool()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "CreateTopicsRequest", version });
        }
        let flexible = version >= 5;
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.i32(self.timeout_ms);
        writer.bool(self.validate_only);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreateTopicsRequest<'a> {
    topics: "topics" 2..=7,
    timeout_ms: "timeoutMs" 2..=7,
    validate_only: "validateOnly" 2..=7,
} tagged {
}}

/// Part of [`CreateTopicsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableReplicaAssignment {
    /// `int32`, versions 2 on.
    pub partition_index: i32,
    /// `[]int32`, versions 2 on.
    pub broker_ids: Vec<i32>,
}

impl CreatableReplicaAssignment {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let this =
            Self { partition_index: reader.i32()?, broker_ids: reader.array(flexible, 4, Reader::i32)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.i32(self.partition_index);
        writer.scalars(flexible, &self.broker_ids, Writer::i32)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreatableReplicaAssignment {
    partition_index: "partitionIndex" 2..=7,
    broker_ids: "brokerIds" 2..=7,
} tagged {
}}

/// Part of [`CreateTopicsRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfig<'a> {
    /// `string`, versions 2 on.
    pub name: Cow<'a, str>,
    /// `string`, versions 2 on, nullable.
    pub value: Option<Cow<'a, str>>,
}

impl Default for CreatableTopicConfig<'_> {
    fn default() -> Self {
        Self { name: Cow::default(), value: Some(Cow::default()) }
    }
}

impl<'a> CreatableTopicConfig<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let this = Self { name: reader.string(flexible)?, value: reader.nullable_string(flexible)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.string(flexible, &self.name)?;
        writer.nullable_string(flexible, self.value.as_deref())?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreatableTopicConfig<'a> {
    name: "name" 2..=7,
    value: "value" 2..=7,
} tagged {
}}

/// Part of [`CreateTopicsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableTopic<'a> {
    /// `string`, versions 2 on.
    pub name: Cow<'a, str>,
    /// `int32`, versions 2 on.
    pub num_partitions: i32,
    /// `int16`, versions 2 on.
    pub replication_factor: i16,
    /// `[]CreatableReplicaAssignment`, versions 2 on.
    pub assignments: Vec<CreatableReplicaAssignment>,
    /// `[]CreatableTopicConfig`, versions 2 on.
    pub configs: Vec<CreatableTopicConfig<'a>>,
}

impl<'a> CreatableTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let this = Self {
            name: reader.string(flexible)?,
            num_partitions: reader.i32()?,
            replication_factor: reader.i16()?,
            assignments: reader
                .array(flexible, 6, |reader| CreatableReplicaAssignment::decode(reader, version))?,
            configs: reader.array(flexible, 3, |reader| CreatableTopicConfig::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.string(flexible, &self.name)?;
        writer.i32(self.num_partitions);
        writer.i16(self.replication_factor);
        writer.array(flexible, &self.assignments, |writer, element| element.encode(writer, version))?;
        writer.array(flexible, &self.configs, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreatableTopic<'a> {
    name: "name" 2..=7,
    num_partitions: "numPartitions" 2..=7,
    replication_factor: "replicationFactor" 2..=7,
    assignments: "assignments" 2..=7,
    configs: "configs" 2..=7,
} tagged {
}}

crate::codec::message!(CreateTopicsRequest<'a>, Request);

impl<'a> Request<'a> for CreateTopicsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::CreateTopicsResponse<'r>;
}
