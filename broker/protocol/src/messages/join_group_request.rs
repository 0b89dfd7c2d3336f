//! `JoinGroupRequest`: request of API JoinGroup (11), versions 0 to 9. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `JoinGroupRequest`: request of API JoinGroup (11), versions 0 to 9.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupRequest<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub session_timeout_ms: i32,
    /// `int32`, versions 1 on, default -1.
    pub rebalance_timeout_ms: i32,
    /// `string`, versions 0 on.
    pub member_id: Cow<'a, str>,
    /// `string`, versions 5 on, nullable.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `string`, versions 0 on.
    pub protocol_type: Cow<'a, str>,
    /// `[]JoinGroupRequestProtocol`, versions 0 on.
    pub protocols: Vec<JoinGroupRequestProtocol<'a>>,
    /// `string`, versions 8 on, nullable.
    pub reason: Option<Cow<'a, str>>,
}

impl Default for JoinGroupRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Cow::default(),
            session_timeout_ms: 0,
            rebalance_timeout_ms: -1,
            member_id: Cow::default(),
            group_instance_id: None,
            protocol_type: Cow::default(),
            protocols: Vec::new(),
            reason: None,
        }
    }
}

impl<'a> JoinGroupRequest<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "JoinGroupRequest", version });
        }
        let flexible = version >= 6;
        let this = Self {
            group_id: reader.string(flexible)?,
            session_timeout_ms: reader.i32()?,
            rebalance_timeout_ms: if version >= 1 { reader.i32()? } else { -1 },
            member_id: reader.string(flexible)?,
            group_instance_id: if version >= 5 { reader.nullable_string(flexible)? } else { None },
            protocol_type: reader.string(flexible)?,
            protocols: reader
                .array(flexible, 3, |reader| JoinGroupRequestProtocol::decode(reader, version))?,
            reason: if version >= 8 { reader.nullable_string(flexible)? } else { None },
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
            return Err(EncodeError::UnsupportedVersion { message: "JoinGroupRequest", version });
        }
        let flexible = version >= 6;
        writer.string(flexible, &self.group_id)?;
        writer.i32(self.session_timeout_ms);
        if version >= 1 {
            writer.i32(self.rebalance_timeout_ms);
        }
        writer.string(flexible, &self.member_id)?;
        if version >= 5 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        writer.string(flexible, &self.protocol_type)?;
        writer.array(flexible, &self.protocols, |writer, element| element.encode(writer, version))?;
        if version >= 8 {
            writer.nullable_string(flexible, self.reason.as_deref())?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { JoinGroupRequest<'a> {
    group_id: "groupId" 0..=9,
    session_timeout_ms: "sessionTimeoutMs" 0..=9,
    rebalance_timeout_ms: "rebalanceTimeoutMs" 1..=9,
    member_id: "memberId" 0..=9,
    group_instance_id: "groupInstanceId" 5..=9,
    protocol_type: "protocolType" 0..=9,
    protocols: "protocols" 0..=9,
    reason: "reason" 8..=9,
} tagged {
}}

/// Part of [`JoinGroupRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JoinGroupRequestProtocol<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `bytes`, versions 0 on.
    pub metadata: Cow<'a, [u8]>,
}

impl<'a> JoinGroupRequestProtocol<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let this = Self { name: reader.string(flexible)?, metadata: reader.bytes(flexible)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.string(flexible, &self.name)?;
        writer.bytes_field(flexible, &self.metadata)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { JoinGroupRequestProtocol<'a> {
    name: "name" 0..=9,
    metadata: "metadata" 0..=9,
} tagged {
}}

crate::codec::message!(JoinGroupRequest<'a>, Request);

impl<'a> Request<'a> for JoinGroupRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::JoinGroupResponse<'r>;
}
