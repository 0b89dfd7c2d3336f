//! `LeaveGroupResponse`: response of API LeaveGroup (13), versions 0 to 5. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `LeaveGroupResponse`: response of API LeaveGroup (13), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaveGroupResponse<'a> {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `[]MemberResponse`, versions 3 on.
    pub members: Vec<MemberResponse<'a>>,
}

impl<'a> LeaveGroupResponse<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "LeaveGroupResponse", version });
        }
        let flexible = version >= 4;
        let this = Self {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            error_code: reader.i16()?,
            members: if version >= 3 {
                reader.array(flexible, 5, |reader| MemberResponse::decode(reader, version))?
            } else {
                Vec::new()
            },
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
            return Err(EncodeError::UnsupportedVersion { message: "LeaveGroupResponse", version });
        }
        let flexible = version >= 4;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        writer.error_code(self.error_code);
        if version >= 3 {
            writer.array(flexible, &self.members, |writer, element| element.encode(writer, version))?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { LeaveGroupResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 1..=5,
    error_code: "errorCode" 0..=5,
    members: "members" 3..=5,
} tagged {
}}

/// Part of [`LeaveGroupResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct MemberResponse<'a> {
    /// `string`, versions 3 on.
    pub member_id: Cow<'a, str>,
    /// `string`, versions 3 on, nullable.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `int16`, versions 3 on.
    pub error_code: i16,
}

impl Default for MemberResponse<'_> {
    fn default() -> Self {
        Self { member_id: Cow::default(), group_instance_id: Some(Cow::default()), error_code: 0 }
    }
}

impl<'a> MemberResponse<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let this = Self {
            member_id: reader.string(flexible)?,
            group_instance_id: reader.nullable_string(flexible)?,
            error_code: reader.i16()?,
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
        writer.error_code(self.error_code);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { MemberResponse<'a> {
    member_id: "memberId" 3..=5,
    group_instance_id: "groupInstanceId" 3..=5,
    error_code: "errorCode" 3..=5,
} tagged {
}}

crate::codec::message!(LeaveGroupResponse<'a>, Response);
