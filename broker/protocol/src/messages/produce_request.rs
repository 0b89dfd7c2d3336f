//! `ProduceRequest`: request of API Produce (0), versions 3 to 13. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Records, Request, Writer};
use crate::types::Uuid;

/// `ProduceRequest`: request of API Produce (0), versions 3 to 13.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProduceRequest<'a> {
    /// `string`, versions 3 on, nullable.
    pub transactional_id: Option<Cow<'a, str>>,
    /// `int16`, versions 3 on.
    pub acks: i16,
    /// `int32`, versions 3 on.
    pub timeout_ms: i32,
    /// `[]TopicProduceData`, versions 3 on.
    pub topic_data: Vec<TopicProduceData<'a>>,
}

impl<'a> ProduceRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 3..=13;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 9;
    /// The API that this message belongs to (key 0).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Produce;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ProduceRequest", version });
        }
        let flexible = version >= 9;
        let this = Self {
            transactional_id: reader.nullable_string(flexible)?,
            acks: reader.i16()?,
            timeout_ms: reader.i32()?,
            topic_data: reader.array(flexible, 3, |reader| TopicProduceData::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "ProduceRequest", version });
        }
        let flexible = version >= 9;
        writer.nullable_string(flexible, self.transactional_id.as_deref())?;
        writer.i16(self.acks);
        writer.i32(self.timeout_ms);
        writer.array(flexible, &self.topic_data, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ProduceRequest<'a> {
    transactional_id: "transactionalId" 3..=13,
    acks: "acks" 3..=13,
    timeout_ms: "timeoutMs" 3..=13,
    topic_data: "topicData" 3..=13,
} tagged {
}}

/// Part of [`ProduceRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionProduceData<'a> {
    /// `int32`, versions 3 on.
    pub index: i32,
    /// `records`, versions 3 on.
    pub records: Records<'a>,
}

impl<'a> PartitionProduceData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let this = Self { index: reader.i32()?, records: reader.records(flexible)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i32(self.index);
        writer.records(flexible, &self.records)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionProduceData<'a> {
    index: "index" 3..=13,
    records: "records" 3..=13,
} tagged {
}}

/// Part of [`ProduceRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicProduceData<'a> {
    /// `uuid`, versions 13 on.
    pub topic_id: Uuid,
    /// `string`, versions 3 to 12.
    pub name: Cow<'a, str>,
    /// `[]PartitionProduceData`, versions 3 on.
    pub partition_data: Vec<PartitionProduceData<'a>>,
}

impl<'a> TopicProduceData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let this = Self {
            topic_id: if version >= 13 { reader.uuid()? } else { Uuid::nil() },
            name: if version <= 12 { reader.string(flexible)? } else { Cow::default() },
            partition_data: reader
                .array(flexible, 6, |reader| PartitionProduceData::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        if version <= 12 {
            writer.string(flexible, &self.name)?;
        }
        writer.array(flexible, &self.partition_data, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicProduceData<'a> {
    topic_id: "topicId" 13..=13,
    name: "name" 3..=12,
    partition_data: "partitionData" 3..=13,
} tagged {
}}

crate::codec::message!(ProduceRequest<'a>, Request);

impl<'a> Request<'a> for ProduceRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::ProduceResponse<'r>;
}
