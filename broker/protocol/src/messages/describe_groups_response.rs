//! `DescribeGroupsResponse`: response of API DescribeGroups (15), versions 0 to 6. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `DescribeGroupsResponse`: response of API DescribeGroups (15), versions 0 to 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeGroupsResponse<'a> {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `[]DescribedGroup`, versions 0 on.
    pub groups: Vec<DescribedGroup<'a>>,
}

impl<'a> DescribeGroupsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=6;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 5;
    /// The API that this message belongs to (key 15).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeGroups;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DescribeGroupsResponse", version });
        }
        let flexible = version >= 5;
        let this = Self {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            groups: reader.array(flexible, 12, |reader| DescribedGroup::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeGroupsResponse", version });
        }
        let flexible = version >= 5;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        writer.array(flexible, &self.groups, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeGroupsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 1..=6,
    groups: "groups" 0..=6,
} tagged {
}}

/// Part of [`DescribeGroupsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedGroupMember<'a> {
    /// `string`, versions 0 on.
    pub member_id: Cow<'a, str>,
    /// `string`, versions 4 on, nullable.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `string`, versions 0 on.
    pub client_id: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub client_host: Cow<'a, str>,
    /// `bytes`, versions 0 on.
    pub member_metadata: Cow<'a, [u8]>,
    /// `bytes`, versions 0 on.
    pub member_assignment: Cow<'a, [u8]>,
}

impl<'a> DescribedGroupMember<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let this = Self {
            member_id: reader.string(flexible)?,
            group_instance_id: if version >= 4 { reader.nullable_string(flexible)? } else { None },
            client_id: reader.string(flexible)?,
            client_host: reader.string(flexible)?,
            member_metadata: reader.bytes(flexible)?,
            member_assignment: reader.bytes(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.string(flexible, &self.member_id)?;
        if version >= 4 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        writer.string(flexible, &self.client_id)?;
        writer.string(flexible, &self.client_host)?;
        writer.bytes_field(flexible, &self.member_metadata)?;
        writer.bytes_field(flexible, &self.member_assignment)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribedGroupMember<'a> {
    member_id: "memberId" 0..=6,
    group_instance_id: "groupInstanceId" 4..=6,
    client_id: "clientId" 0..=6,
    client_host: "clientHost" 0..=6,
    member_metadata: "memberMetadata" 0..=6,
    member_assignment: "memberAssignment" 0..=6,
} tagged {
}}

/// Part of [`DescribeGroupsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup<'a> {
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 6 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub group_state: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub protocol_type: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub protocol_data: Cow<'a, str>,
    /// `[]DescribedGroupMember`, versions 0 on.
    pub members: Vec<DescribedGroupMember<'a>>,
    /// `int32`, versions 3 on, default -2147483648.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: None,
            group_id: Cow::default(),
            group_state: Cow::default(),
            protocol_type: Cow::default(),
            protocol_data: Cow::default(),
            members: Vec::new(),
            authorized_operations: i32::MIN,
        }
    }
}

impl<'a> DescribedGroup<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let this = Self {
            error_code: reader.i16()?,
            error_message: if version >= 6 { reader.nullable_string(flexible)? } else { None },
            group_id: reader.string(flexible)?,
            group_state: reader.string(flexible)?,
            protocol_type: reader.string(flexible)?,
            protocol_data: reader.string(flexible)?,
            members: reader.array(flexible, 7, |reader| DescribedGroupMember::decode(reader, version))?,
            authorized_operations: if version >= 3 { reader.i32()? } else { i32::MIN },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.error_code(self.error_code);
        if version >= 6 {
            writer.nullable_string(flexible, self.error_message.as_deref())?;
        }
        writer.string(flexible, &self.group_id)?;
        writer.string(flexible, &self.group_state)?;
        writer.string(flexible, &self.protocol_type)?;
        writer.string(flexible, &self.protocol_data)?;
        writer.array(flexible, &self.members, |writer, element| element.encode(writer, version))?;
        if version >= 3 {
            writer.i32(self.authorized_operations);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribedGroup<'a> {
    error_code: "errorCode" 0..=6,
    error_message: "errorMessage" 6..=6,
    group_id: "groupId" 0..=6,
    group_state: "groupState" 0..=6,
    protocol_type: "protocolType" 0..=6,
    protocol_data: "protocolData" 0..=6,
    members: "members" 0..=6,
    authorized_operations: "authorizedOperations" 3..=6,
} tagged {
}}

crate::codec::message!(DescribeGroupsResponse<'a>, Response);
