//! `HeartbeatRequest`: request of API Heartbeat (12), versions 0 to 4. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `HeartbeatRequest`: request of API Heartbeat (12), versions 0 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeartbeatRequest<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub generation_id: i32,
    /// `string`, versions 0 on.
    pub member_id: Cow<'a, str>,
    /// `string`, versions 3 on, nullable.
    pub group_instance_id: Option<Cow<'a, str>>,
}

impl<'a> HeartbeatRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 4;
    /// The API that this message belongs to (key 12).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Heartbeat;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "HeartbeatRequest", version });
        }
        let flexible = version >= 4;
        let this = Self {
            group_id: reader.string(flexible)?,
            generation_id: reader.i32()?,
            member_id: reader.string(flexible)?,
            group_instance_id: if version >= 3 { reader.nullable_string(flexible)? } else { None },
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
            return Err(EncodeError::UnsupportedVersion { message: "HeartbeatRequest", version });
        }
        let flexible = version >= 4;
        writer.string(flexible, &self.group_id)?;
        writer.i32(self.generation_id);
        writer.string(flexible, &self.member_id)?;
        if version >= 3 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { HeartbeatRequest<'a> {
    group_id: "groupId" 0..=4,
    generation_id: "generationId" 0..=4,
    member_id: "memberId" 0..=4,
    group_instance_id: "groupInstanceId" 3..=4,
} tagged {
}}

crate::codec::message!(HeartbeatRequest<'a>, Request);

impl<'a> Request<'a> for HeartbeatRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::HeartbeatResponse;
}
