//! `GroupMetadataValue`: data record of type 2, versions 0 to 4. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `GroupMetadataValue`: data record of type 2, versions 0 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupMetadataValue<'a> {
    /// `string`, versions 0 on.
    pub protocol_type: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub generation: i32,
    /// `string`, versions 0 on, nullable.
    pub protocol: Option<Cow<'a, str>>,
    /// `string`, versions 0 on, nullable.
    pub leader: Option<Cow<'a, str>>,
    /// `int64`, versions 2 on, default -1.
    pub current_state_timestamp: i64,
    /// `[]MemberMetadata`, versions 0 on.
    pub members: Vec<MemberMetadata<'a>>,
}

impl Default for GroupMetadataValue<'_> {
    fn default() -> Self {
        Self {
            protocol_type: Cow::default(),
            generation: 0,
            protocol: Some(Cow::default()),
            leader: Some(Cow::default()),
            current_state_timestamp: -1,
            members: Vec::new(),
        }
    }
}

impl<'a> GroupMetadataValue<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 4;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 2;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "GroupMetadataValue", version });
        }
        let flexible = version >= 4;
        let this = Self {
            protocol_type: reader.string(flexible)?,
            generation: reader.i32()?,
            protocol: reader.nullable_string(flexible)?,
            leader: reader.nullable_string(flexible)?,
            current_state_timestamp: if version >= 2 { reader.i64()? } else { -1 },
            members: reader.array(flexible, 15, |reader| MemberMetadata::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "GroupMetadataValue", version });
        }
        let flexible = version >= 4;
        writer.string(flexible, &self.protocol_type)?;
        writer.i32(self.generation);
        writer.nullable_string(flexible, self.protocol.as_deref())?;
        writer.nullable_string(flexible, self.leader.as_deref())?;
        if version >= 2 {
            writer.i64(self.current_state_timestamp);
        }
        writer.array(flexible, &self.members, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { GroupMetadataValue<'a> {
    protocol_type: "protocolType" 0..=4,
    generation: "generation" 0..=4,
    protocol: "protocol" 0..=4,
    leader: "leader" 0..=4,
    current_state_timestamp: "currentStateTimestamp" 2..=4,
    members: "members" 0..=4,
} tagged {
}}

/// Part of [`GroupMetadataValue`].
#[derive(Clone, Debug, PartialEq)]
pub struct MemberMetadata<'a> {
    /// `string`, versions 0 on.
    pub member_id: Cow<'a, str>,
    /// `string`, versions 3 on, nullable.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `string`, versions 0 on.
    pub client_id: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub client_host: Cow<'a, str>,
    /// `int32`, versions 1 on, default -1.
    pub rebalance_timeout: i32,
    /// `int32`, versions 0 on.
    pub session_timeout: i32,
    /// `bytes`, versions 0 on.
    pub subscription: Cow<'a, [u8]>,
    /// `bytes`, versions 0 on.
    pub assignment: Cow<'a, [u8]>,
}

impl Default for MemberMetadata<'_> {
    fn default() -> Self {
        Self {
            member_id: Cow::default(),
            group_instance_id: None,
            client_id: Cow::default(),
            client_host: Cow::default(),
            rebalance_timeout: -1,
            session_timeout: 0,
            subscription: Cow::default(),
            assignment: Cow::default(),
        }
    }
}

impl<'a> MemberMetadata<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let this = Self {
            member_id: reader.string(flexible)?,
            group_instance_id: if version >= 3 { reader.nullable_string(flexible)? } else { None },
            client_id: reader.string(flexible)?,
            client_host: reader.string(flexible)?,
            rebalance_timeout: if version >= 1 { reader.i32()? } else { -1 },
            session_timeout: reader.i32()?,
            subscription: reader.bytes(flexible)?,
            assignment: reader.bytes(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.string(flexible, &self.member_id)?;
        if version >= 3 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        writer.string(flexible, &self.client_id)?;
        writer.string(flexible, &self.client_host)?;
        if version >= 1 {
            writer.i32(self.rebalance_timeout);
        }
        writer.i32(self.session_timeout);
        writer.bytes_field(flexible, &self.subscription)?;
        writer.bytes_field(flexible, &self.assignment)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { MemberMetadata<'a> {
    member_id: "memberId" 0..=4,
    group_instance_id: "groupInstanceId" 3..=4,
    client_id: "clientId" 0..=4,
    client_host: "clientHost" 0..=4,
    rebalance_timeout: "rebalanceTimeout" 1..=4,
    session_timeout: "sessionTimeout" 0..=4,
    subscription: "subscription" 0..=4,
    assignment: "assignment" 0..=4,
} tagged {
}}

crate::codec::message!(GroupMetadataValue<'a>, Data);
