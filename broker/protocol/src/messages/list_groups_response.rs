//! `ListGroupsResponse`: response of API ListGroups (16), versions 0 to 5. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ListGroupsResponse`: response of API ListGroups (16), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListGroupsResponse<'a> {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `[]ListedGroup`, versions 0 on.
    pub groups: Vec<ListedGroup<'a>>,
}

impl<'a> ListGroupsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 3;
    /// The API that this message belongs to (key 16).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ListGroups;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ListGroupsResponse", version });
        }
        let flexible = version >= 3;
        let this = Self {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            error_code: reader.i16()?,
            groups: reader.array(flexible, 3, |reader| ListedGroup::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "ListGroupsResponse", version });
        }
        let flexible = version >= 3;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        writer.error_code(self.error_code);
        writer.array(flexible, &self.groups, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ListGroupsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 1..=5,
    error_code: "errorCode" 0..=5,
    groups: "groups" 0..=5,
} tagged {
}}

/// Part of [`ListGroupsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListedGroup<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub protocol_type: Cow<'a, str>,
    /// `string`, versions 4 on.
    pub group_state: Cow<'a, str>,
    /// `string`, versions 5 on.
    pub group_type: Cow<'a, str>,
}

impl<'a> ListedGroup<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let this = Self {
            group_id: reader.string(flexible)?,
            protocol_type: reader.string(flexible)?,
            group_state: if version >= 4 { reader.string(flexible)? } else { Cow::default() },
            group_type: if version >= 5 { reader.string(flexible)? } else { Cow::default() },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.string(flexible, &self.group_id)?;
        writer.string(flexible, &self.protocol_type)?;
        if version >= 4 {
            writer.string(flexible, &self.group_state)?;
        }
        if version >= 5 {
            writer.string(flexible, &self.group_type)?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ListedGroup<'a> {
    group_id: "groupId" 0..=5,
    protocol_type: "protocolType" 0..=5,
    group_state: "groupState" 4..=5,
    group_type: "groupType" 5..=5,
} tagged {
}}

crate::codec::message!(ListGroupsResponse<'a>, Response);
