//! `JoinGroupResponse`: response of API JoinGroup (11), versions 0 to 9. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, required};

/// `JoinGroupResponse`: response of API JoinGroup (11), versions 0 to 9.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupResponse<'a> {
    /// `int32`, versions 2 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `int32`, versions 0 on, default -1.
    pub generation_id: i32,
    /// `string`, versions 7 on, nullable.
    pub protocol_type: Option<Cow<'a, str>>,
    /// `string`, versions 0 on, nullable from version 7.
    pub protocol_name: Option<Cow<'a, str>>,
    /// `string`, versions 0 on.
    pub leader: Cow<'a, str>,
    /// `bool`, versions 9 on.
    pub skip_assignment: bool,
    /// `string`, versions 0 on.
    pub member_id: Cow<'a, str>,
    /// `[]JoinGroupResponseMember`, versions 0 on.
    pub members: Vec<JoinGroupResponseMember<'a>>,
}

impl Default for JoinGroupResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            generation_id: -1,
            protocol_type: None,
            protocol_name: Some(Cow::default()),
            leader: Cow::default(),
            skip_assignment: false,
            member_id: Cow::default(),
            members: Vec::new(),
        }
    }
}

impl<'a> JoinGroupResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=9;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 6;
    /// The API that this message belongs to (key 11).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::JoinGroup;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "JoinGroupResponse", version });
        }
        let flexible = version >= 6;
        let this = Self {
            throttle_time_ms: if version >= 2 { reader.i32()? } else { 0 },
            error_code: reader.i16()?,
            generation_id: reader.i32()?,
            protocol_type: if version >= 7 { reader.nullable_string(flexible)? } else { None },
            protocol_name: if version >= 7 {
                reader.nullable_string(flexible)?
            } else {
                Some(reader.string(flexible)?)
            },
            leader: reader.string(flexible)?,
            skip_assignment: if version >= 9 { reader.bool()? } else { false },
            member_id: reader.string(flexible)?,
            members: reader.array(flexible, 4, |reader| JoinGroupResponseMember::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "JoinGroupResponse", version });
        }
        let flexible = version >= 6;
        if version >= 2 {
            writer.i32(self.throttle_time_ms);
        }
        writer.error_code(self.error_code);
        writer.i32(self.generation_id);
        if version >= 7 {
            writer.nullable_string(flexible, self.protocol_type.as_deref())?;
        }
        if version >= 7 {
            writer.nullable_string(flexible, self.protocol_name.as_deref())?;
        } else {
            writer.string(flexible, required(&self.protocol_name, "protocol_name")?)?;
        }
        writer.string(flexible, &self.leader)?;
        if version >= 9 {
            writer.bool(self.skip_assignment);
        }
        writer.string(flexible, &self.member_id)?;
        writer.array(flexible, &self.members, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { JoinGroupResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 2..=9,
    error_code: "errorCode" 0..=9,
    generation_id: "generationId" 0..=9,
    protocol_type: "protocolType" 7..=9,
    protocol_name: "protocolName" 0..=9,
    leader: "leader" 0..=9,
    skip_assignment: "skipAssignment" 9..=9,
    member_id: "memberId" 0..=9,
    members: "members" 0..=9,
} tagged {
}}

/// Part of [`JoinGroupResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JoinGroupResponseMember<'a> {
    /// `string`, versions 0 on.
    pub member_id: Cow<'a, str>,
    /// `string`, versions 5 on, nullable.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `bytes`, versions 0 on.
    pub metadata: Cow<'a, [u8]>,
}

impl<'a> JoinGroupResponseMember<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let this = Self {
            member_id: reader.string(flexible)?,
            group_instance_id: if version >= 5 { reader.nullable_string(flexible)? } else { None },
            metadata: reader.bytes(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.string(flexible, &self.member_id)?;
        if version >= 5 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        writer.bytes_field(flexible, &self.metadata)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { JoinGroupResponseMember<'a> {
    member_id: "memberId" 0..=9,
    group_instance_id: "groupInstanceId" 5..=9,
    metadata: "metadata" 0..=9,
} tagged {
}}

crate::codec::message!(JoinGroupResponse<'a>, Response);
