//! `OffsetFetchRequest`: request of API OffsetFetch (9), versions 1 to 10. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer, required};
use crate::types::Uuid;

/// `OffsetFetchRequest`: request of API OffsetFetch (9), versions 1 to 10.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequest<'a> {
    /// `[]OffsetFetchRequestGroup`, versions 8 on.
    pub groups: Vec<OffsetFetchRequestGroup<'a>>,
    /// `string`, versions 1 to 7.
    pub group_id: Cow<'a, str>,
    /// `[]OffsetFetchRequestTopic`, versions 1 to 7, nullable from version 2.
    pub topics: Option<Vec<OffsetFetchRequestTopic<'a>>>,
    /// `bool`, versions 7 on.
    pub require_stable: bool,
}

impl Default for OffsetFetchRequest<'_> {
    fn default() -> Self {
        Self { groups: Vec::new(), group_id: Cow::default(), topics: Some(Vec::new()), require_stable: false }
    }
}

impl<'a> OffsetFetchRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=10;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 6;
    /// The API that this message belongs to (key 9).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::OffsetFetch;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "OffsetFetchRequest", version });
        }
        let flexible = version >= 6;
        let this = Self {
            groups: if version >= 8 {
                reader.array(flexible, 3, |reader| OffsetFetchRequestGroup::decode(reader, version))?
            } else {
                Vec::new()
            },
            group_id: if version <= 7 { reader.string(flexible)? } else { Cow::default() },
            topics: if version <= 7 {
                if version >= 2 {
                    reader.nullable_array(flexible, 3, |reader| {
                        OffsetFetchRequestTopic::decode(reader, version)
                    })?
                } else {
                    Some(
                        reader
                            .array(flexible, 3, |reader| OffsetFetchRequestTopic::decode(reader, version))?,
                    )
                }
            } else {
                Some(Vec::new())
            },
            require_stable: if version >= 7 { reader.bool()? } else { false },
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
            return Err(EncodeError::UnsupportedVersion { message: "OffsetFetchRequest", version });
        }
        let flexible = version >= 6;
        if version >= 8 {
            writer.array(flexible, &self.groups, |writer, element| element.encode(writer, version))?;
        }
        if version <= 7 {
            writer.string(flexible, &self.group_id)?;
        }
        if version <= 7 {
            if version >= 2 {
                writer.nullable_array(flexible, self.topics.as_deref(), |writer, element| {
                    element.encode(writer, version)
                })?;
            } else {
                writer.array(flexible, required(&self.topics, "topics")?, |writer, element| {
                    element.encode(writer, version)
                })?;
            }
        }
        if version >= 7 {
            writer.bool(self.require_stable);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetFetchRequest<'a> {
    groups: "groups" 8..=10,
    group_id: "groupId" 1..=7,
    topics: "topics" 1..=7,
    require_stable: "requireStable" 7..=10,
} tagged {
}}

/// Part of [`OffsetFetchRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchRequestTopics<'a> {
    /// `uuid`, versions 10 on.
    pub topic_id: Uuid,
    /// `string`, versions 8 to 9.
    pub name: Cow<'a, str>,
    /// `[]int32`, versions 8 on.
    pub partition_indexes: Vec<i32>,
}

impl<'a> OffsetFetchRequestTopics<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_id: if version >= 10 { reader.uuid()? } else { Uuid::nil() },
            name: if version <= 9 { reader.string(true)? } else { Cow::default() },
            partition_indexes: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        if version <= 9 {
            writer.string(true, &self.name)?;
        }
        writer.scalars(true, &self.partition_indexes, Writer::i32)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetFetchRequestTopics<'a> {
    topic_id: "topicId" 10..=10,
    name: "name" 8..=9,
    partition_indexes: "partitionIndexes" 8..=10,
} tagged {
}}

/// Part of [`OffsetFetchRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequestGroup<'a> {
    /// `string`, versions 8 on.
    pub group_id: Cow<'a, str>,
    /// `string`, versions 9 on, nullable.
    pub member_id: Option<Cow<'a, str>>,
    /// `int32`, versions 9 on, default -1.
    pub member_epoch: i32,
    /// `[]OffsetFetchRequestTopics`, versions 8 on, nullable.
    pub topics: Option<Vec<OffsetFetchRequestTopics<'a>>>,
}

impl Default for OffsetFetchRequestGroup<'_> {
    fn default() -> Self {
        Self { group_id: Cow::default(), member_id: None, member_epoch: -1, topics: Some(Vec::new()) }
    }
}

impl<'a> OffsetFetchRequestGroup<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            group_id: reader.string(true)?,
            member_id: if version >= 9 { reader.nullable_string(true)? } else { None },
            member_epoch: if version >= 9 { reader.i32()? } else { -1 },
            topics: reader
                .nullable_array(true, 3, |reader| OffsetFetchRequestTopics::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.group_id)?;
        if version >= 9 {
            writer.nullable_string(true, self.member_id.as_deref())?;
        }
        if version >= 9 {
            writer.i32(self.member_epoch);
        }
        writer.nullable_array(true, self.topics.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetFetchRequestGroup<'a> {
    group_id: "groupId" 8..=10,
    member_id: "memberId" 9..=10,
    member_epoch: "memberEpoch" 9..=10,
    topics: "topics" 8..=10,
} tagged {
}}

/// Part of [`OffsetFetchRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchRequestTopic<'a> {
    /// `string`, versions 1 to 7.
    pub name: Cow<'a, str>,
    /// `[]int32`, versions 1 to 7.
    pub partition_indexes: Vec<i32>,
}

impl<'a> OffsetFetchRequestTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let this = Self {
            name: reader.string(flexible)?,
            partition_indexes: reader.array(flexible, 4, Reader::i32)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.string(flexible, &self.name)?;
        writer.scalars(flexible, &self.partition_indexes, Writer::i32)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OffsetFetchRequestTopic<'a> {
    name: "name" 1..=7,
    partition_indexes: "partitionIndexes" 1..=7,
} tagged {
}}

crate::codec::message!(OffsetFetchRequest<'a>, Request);

impl<'a> Request<'a> for OffsetFetchRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::OffsetFetchResponse<'r>;
}
