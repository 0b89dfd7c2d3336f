//! `CreatePartitionsRequest`: request of API CreatePartitions (37), versions 0 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `CreatePartitionsRequest`: request of API CreatePartitions (37), versions 0 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsRequest<'a> {
    /// `[]CreatePartitionsTopic`, versions 0 on.
    pub topics: Vec<CreatePartitionsTopic<'a>>,
    /// `int32`, versions 0 on.
    pub timeout_ms: i32,
    /// `bool`, versions 0 on.
    pub validate_only: bool,
}

impl<'a> CreatePartitionsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=3;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 37).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::CreatePartitions;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "CreatePartitionsRequest", version });
        }
        let flexible = version >= 2;
        let this = Self {
            topics: reader.array(flexible, 7, |reader| CreatePartitionsTopic::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "CreatePartitionsRequest", version });
        }
        let flexible = version >= 2;
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
crate::codec::json::fields! { CreatePartitionsRequest<'a> {
    topics: "topics" 0..=3,
    timeout_ms: "timeoutMs" 0..=3,
    validate_only: "validateOnly" 0..=3,
} tagged {
}}

/// Part of [`CreatePartitionsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsAssignment {
    /// `[]int32`, versions 0 on.
    pub broker_ids: Vec<i32>,
}

impl CreatePartitionsAssignment {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self { broker_ids: reader.array(flexible, 4, Reader::i32)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.scalars(flexible, &self.broker_ids, Writer::i32)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreatePartitionsAssignment {
    broker_ids: "brokerIds" 0..=3,
} tagged {
}}

/// Part of [`CreatePartitionsRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct CreatePartitionsTopic<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub count: i32,
    /// `[]CreatePartitionsAssignment`, versions 0 on, nullable.
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
}

impl Default for CreatePartitionsTopic<'_> {
    fn default() -> Self {
        Self { name: Cow::default(), count: 0, assignments: Some(Vec::new()) }
    }
}

impl<'a> CreatePartitionsTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            name: reader.string(flexible)?,
            count: reader.i32()?,
            assignments: reader
                .nullable_array(flexible, 2, |reader| CreatePartitionsAssignment::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.name)?;
        writer.i32(self.count);
        writer.nullable_array(flexible, self.assignments.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreatePartitionsTopic<'a> {
    name: "name" 0..=3,
    count: "count" 0..=3,
    assignments: "assignments" 0..=3,
} tagged {
}}

crate::codec::message!(CreatePartitionsRequest<'a>, Request);

impl<'a> Request<'a> for CreatePartitionsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::CreatePartitionsResponse<'r>;
}
