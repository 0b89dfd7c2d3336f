//! `LeaveGroupRequest`: request of API LeaveGroup (13), versions 0 to 5. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `LeaveGroupRequest`: request of API LeaveGroup (13), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaveGroupRequest<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `[]MemberIdentity`, versions 3 on.
    pub members: Vec<MemberIdentity<'a>>,
    /// `string`, versions 0 to 2.
    pub member_id: Cow<'a, str>,
}

impl<'a> LeaveGroupRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 4;
    /// The API that this message belongs to (key 13).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::LeaveGroup;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "LeaveGroupRequest", version });
        }
        let flexible = version >= 4;
        let this = Self {
            group_id: reader.string(flexible)?,
            members: if version >= 3 {
                reader.array(flexible, 3, |reader| MemberIdentity::decode(reader, version))?
            } else {
                Vec::new()
            },
            member_id: if version <= 2 { reader.string(flexible)? } else { Cow::default() },
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
            return Err(EncodeError::UnsupportedVersion { message: "LeaveGroupRequest", version });
        }
        let flexible = version >= 4;
        writer.string(flexible, &self.group_id)?;
        if version >= 3 {
            writer.array(flexible, &self.members, |writer, element| element.encode(writer, version))?;
        }
        if version <= 2 {
            writer.string(flexible, &self.member_id)?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { LeaveGroupRequest<'a> {
    group_id: "groupId" 0..=5,
    members: "members" 3..=5,
    member_id: "memberId" 0..=2,
} tagged {
}}

/// Part of [`LeaveGroupRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberIdentity<'a> {
    /// `string`, versions 3 on.
    pub member_id: Cow<'a, str>,
    /// `string`, versions 3 on, nullable.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `string`, versions 5 on, nullable.
    pub reason: Option<Cow<'a, str>>,
}

impl<'a> MemberIdentity<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let this = Self {
            member_id: reader.string(flexible)?,
            group_instance_id: reader.nullable_string(flexible)?,
            reason: if version >= 5 { reader.nullable_string(flexible)? } else { None },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.string(flexible, &self.member_id)?;
        writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        if version >= 5 {
            writer.nullable_string(flexible, self.reason.as_deref())?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { MemberIdentity<'a> {
    member_id: "memberId" 3..=5,
    group_instance_id: "groupInstanceId" 3..=5,
    reason: "reason" 5..=5,
} tagged {
}}

crate::codec::message!(LeaveGroupRequest<'a>, Request);

impl<'a> Request<'a> for LeaveGroupRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::LeaveGroupResponse<'r>;
}
