//! `SyncGroupRequest`: request of API SyncGroup (14), versions 0 to 5. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `SyncGroupRequest`: request of API SyncGroup (14), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupRequest<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub generation_id: i32,
    /// `string`, versions 0 on.
    pub member_id: Cow<'a, str>,
    /// `string`, versions 3 on, nullable.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `string`, versions 5 on, nullable.
    pub protocol_type: Option<Cow<'a, str>>,
    /// `string`, versions 5 on, nullable.
    pub protocol_name: Option<Cow<'a, str>>,
    /// `[]SyncGroupRequestAssignment`, versions 0 on.
    pub assignments: Vec<SyncGroupRequestAssignment<'a>>,
}

impl<'a> SyncGroupRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 4;
    /// The API that this message belongs to (key 14).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::SyncGroup;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "SyncGroupRequest", version });
        }
        let flexible = version >= 4;
        let this = Self {
            group_id: reader.string(flexible)?,
            generation_id: reader.i32()?,
            member_id: reader.string(flexible)?,
            group_instance_id: if version >= 3 { reader.nullable_string(flexible)? } else { None },
            protocol_type: if version >= 5 { reader.nullable_string(flexible)? } else { None },
            protocol_name: if version >= 5 { reader.nullable_string(flexible)? } else { None },
            assignments: reader
                .array(flexible, 3, |reader| SyncGroupRequestAssignment::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "SyncGroupRequest", version });
        }
        let flexible = version >= 4;
        writer.string(flexible, &self.group_id)?;
        writer.i32(self.generation_id);
        writer.string(flexible, &self.member_id)?;
        if version >= 3 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        if version >= 5 {
            writer.nullable_string(flexible, self.protocol_type.as_deref())?;
        }
        if version >= 5 {
            writer.nullable_string(flexible, self.protocol_name.as_deref())?;
        }
        writer.array(flexible, &self.assignments, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { SyncGroupRequest<'a> {
    group_id: "groupId" 0..=5,
    generation_id: "generationId" 0..=5,
    member_id: "memberId" 0..=5,
    group_instance_id: "groupInstanceId" 3..=5,
    protocol_type: "protocolType" 5..=5,
    protocol_name: "protocolName" 5..=5,
    assignments: "assignments" 0..=5,
} tagged {
}}

/// Part of [`SyncGroupRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupRequestAssignment<'a> {
    /// `string`, versions 0 on.
    pub member_id: Cow<'a, str>,
    /// `bytes`, versions 0 on.
    pub assignment: Cow<'a, [u8]>,
}

impl<'a> SyncGroupRequestAssignment<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let this = Self { member_id: reader.string(flexible)?, assignment: reader.bytes(flexible)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.string(flexible, &self.member_id)?;
        writer.bytes_field(flexible, &self.assignment)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { SyncGroupRequestAssignment<'a> {
    member_id: "memberId" 0..=5,
    assignment: "assignment" 0..=5,
} tagged {
}}

crate::codec::message!(SyncGroupRequest<'a>, Request);

impl<'a> Request<'a> for SyncGroupRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::SyncGroupResponse<'r>;
}
