//! `AddRaftVoterRequest`: request of API AddRaftVoter (80), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `AddRaftVoterRequest`: request of API AddRaftVoter (80), versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct AddRaftVoterRequest<'a> {
    /// `string`, versions 0 on, nullable.
    pub cluster_id: Option<Cow<'a, str>>,
    /// `int32`, versions 0 on.
    pub timeout_ms: i32,
    /// `int32`, versions 0 on.
    pub voter_id: i32,
    /// `uuid`, versions 0 on.
    pub voter_directory_id: Uuid,
    /// `[]Listener`, versions 0 on.
    pub listeners: Vec<Listener<'a>>,
    /// `bool`, versions 1 on, default true.
    pub ack_when_committed: bool,
}

impl Default for AddRaftVoterRequest<'_> {
    fn default() -> Self {
        Self {
            cluster_id: Some(Cow::default()),
            timeout_ms: 0,
            voter_id: 0,
            voter_directory_id: Uuid::nil(),
            listeners: Vec::new(),
            ack_when_committed: true,
        }
    }
}

impl<'a> AddRaftVoterRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 80).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AddRaftVoter;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "AddRaftVoterRequest", version });
        }
        let this = Self {
            cluster_id: reader.nullable_string(true)?,
            timeout_ms: reader.i32()?,
            voter_id: reader.i32()?,
            voter_directory_id: reader.uuid()?,
            listeners: reader.array(true, 5, |reader| Listener::decode(reader, version))?,
            ack_when_committed: if version >= 1 { reader.bool()? } else { true },
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
            return Err(EncodeError::UnsupportedVersion { message: "AddRaftVoterRequest", version });
        }
        writer.nullable_string(true, self.cluster_id.as_deref())?;
        writer.i32(self.timeout_ms);
        writer.i32(self.voter_id);
        writer.uuid(self.voter_directory_id);
        writer.array(true, &self.listeners, |writer, element| element.encode(writer, version))?;
        if version >= 1 {
            writer.bool(self.ack_when_committed);
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AddRaftVoterRequest<'a> {
    cluster_id: "clusterId" 0..=1,
    timeout_ms: "timeoutMs" 0..=1,
    voter_id: "voterId" 0..=1,
    voter_directory_id: "voterDirectoryId" 0..=1,
    listeners: "listeners" 0..=1,
    ack_when_committed: "ackWhenCommitted" 1..=1,
} tagged {
}}

/// Part of [`AddRaftVoterRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub host: Cow<'a, str>,
    /// `uint16`, versions 0 on.
    pub port: u16,
}

impl<'a> Listener<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { name: reader.string(true)?, host: reader.string(true)?, port: reader.u16()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.string(true, &self.host)?;
        writer.u16(self.port);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Listener<'a> {
    name: "name" 0..=1,
    host: "host" 0..=1,
    port: "port" 0..=1,
} tagged {
}}

crate::codec::message!(AddRaftVoterRequest<'a>, Request);

impl<'a> Request<'a> for AddRaftVoterRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::AddRaftVoterResponse<'r>;
}
