//! `DeleteShareGroupOffsetsRequest`: request of API DeleteShareGroupOffsets (92), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DeleteShareGroupOffsetsRequest`: request of API DeleteShareGroupOffsets (92), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsRequest<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `[]DeleteShareGroupOffsetsRequestTopic`, versions 0 on.
    pub topics: Vec<DeleteShareGroupOffsetsRequestTopic<'a>>,
}

impl<'a> DeleteShareGroupOffsetsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 92).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DeleteShareGroupOffsets;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "DeleteShareGroupOffsetsRequest",
                version,
            });
        }
        let this = Self {
            group_id: reader.string(true)?,
            topics: reader
                .array(true, 2, |reader| DeleteShareGroupOffsetsRequestTopic::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion {
                message: "DeleteShareGroupOffsetsRequest",
                version,
            });
        }
        writer.string(true, &self.group_id)?;
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteShareGroupOffsetsRequest<'a> {
    group_id: "groupId" 0..=0,
    topics: "topics" 0..=0,
} tagged {
}}

/// Part of [`DeleteShareGroupOffsetsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsRequestTopic<'a> {
    /// `string`, versions 0 on.
    pub topic_name: Cow<'a, str>,
}

impl<'a> DeleteShareGroupOffsetsRequestTopic<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { topic_name: reader.string(true)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteShareGroupOffsetsRequestTopic<'a> {
    topic_name: "topicName" 0..=0,
} tagged {
}}

crate::codec::message!(DeleteShareGroupOffsetsRequest<'a>, Request);

impl<'a> Request<'a> for DeleteShareGroupOffsetsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DeleteShareGroupOffsetsResponse<'r>;
}
