//! `ShareGroupHeartbeatRequest`: request of API ShareGroupHeartbeat (76), version 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `ShareGroupHeartbeatRequest`: request of API ShareGroupHeartbeat (76), version 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupHeartbeatRequest<'a> {
    /// `string`, versions 1 on.
    pub group_id: Cow<'a, str>,
    /// `string`, versions 1 on.
    pub member_id: Cow<'a, str>,
    /// `int32`, versions 1 on.
    pub member_epoch: i32,
    /// `string`, versions 1 on, nullable.
    pub rack_id: Option<Cow<'a, str>>,
    /// `[]string`, versions 1 on, nullable.
    pub subscribed_topic_names: Option<Vec<Cow<'a, str>>>,
}

impl<'a> ShareGroupHeartbeatRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 1;
    /// The API that this message belongs to (key 76).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ShareGroupHeartbeat;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ShareGroupHeartbeatRequest", version });
        }
        let this = Self {
            group_id: reader.string(true)?,
            member_id: reader.string(true)?,
            member_epoch: reader.i32()?,
            rack_id: reader.nullable_string(true)?,
            subscribed_topic_names: reader.nullable_array(true, 1, |reader| reader.string(true))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "ShareGroupHeartbeatRequest", version });
        }
        writer.string(true, &self.group_id)?;
        writer.string(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.nullable_string(true, self.rack_id.as_deref())?;
        writer.nullable_array(true, self.subscribed_topic_names.as_deref(), |writer, element| {
            writer.string(true, element)
        })?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ShareGroupHeartbeatRequest<'a> {
    group_id: "groupId" 1..=1,
    member_id: "memberId" 1..=1,
    member_epoch: "memberEpoch" 1..=1,
    rack_id: "rackId" 1..=1,
    subscribed_topic_names: "subscribedTopicNames" 1..=1,
} tagged {
}}

crate::codec::message!(ShareGroupHeartbeatRequest<'a>, Request);

impl<'a> Request<'a> for ShareGroupHeartbeatRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::ShareGroupHeartbeatResponse<'r>;
}
