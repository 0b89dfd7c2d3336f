//! `UpdateRaftVoterRequest`: request of API UpdateRaftVoter (82), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `UpdateRaftVoterRequest`: request of API UpdateRaftVoter (82), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateRaftVoterRequest<'a> {
    /// `string`, versions 0 on, nullable.
    pub cluster_id: Option<Cow<'a, str>>,
    /// `int32`, versions 0 on.
    pub current_leader_epoch: i32,
    /// `int32`, versions 0 on.
    pub voter_id: i32,
    /// `uuid`, versions 0 on.
    pub voter_directory_id: Uuid,
    /// `[]Listener`, versions 0 on.
    pub listeners: Vec<Listener<'a>>,
    /// `KRaftVersionFeature`, versions 0 on.
    pub kraft_version_feature: KRaftVersionFeature,
}

impl Default for UpdateRaftVoterRequest<'_> {
    fn default() -> Self {
        Self {
            cluster_id: Some(Cow::default()),
            current_leader_epoch: 0,
            voter_id: 0,
            voter_directory_id: Uuid::nil(),
            listeners: Vec::new(),
            kraft_version_feature: KRaftVersionFeature::default(),
        }
    }
}

impl<'a> UpdateRaftVoterRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 82).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::UpdateRaftVoter;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "UpdateRaftVoterRequest", version });
        }
        let this = Self {
            cluster_id: reader.nullable_string(true)?,
            current_leader_epoch: reader.i32()?,
            voter_id: reader.i32()?,
            voter_directory_id: reader.uuid()?,
            listeners: reader.array(true, 5, |reader| Listener::decode(reader, version))?,
            kraft_version_feature: KRaftVersionFeature::decode(reader, version)?,
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
            return Err(EncodeError::UnsupportedVersion { message: "UpdateRaftVoterRequest", version });
        }
        writer.nullable_string(true, self.cluster_id.as_deref())?;
        writer.i32(self.current_leader_epoch);
        writer.i32(self.voter_id);
        writer.uuid(self.voter_directory_id);
        writer.array(true, &self.listeners, |writer, element| element.encode(writer, version))?;
        self.kraft_version_feature.encode(writer, version)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { UpdateRaftVoterRequest<'a> {
    cluster_id: "clusterId" 0..=0,
    current_leader_epoch: "currentLeaderEpoch" 0..=0,
    voter_id: "voterId" 0..=0,
    voter_directory_id: "voterDirectoryId" 0..=0,
    listeners: "listeners" 0..=0,
    kraft_version_feature: "kRaftVersionFeature" 0..=0,
} tagged {
}}

/// Part of [`UpdateRaftVoterRequest`].
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
    name: "name" 0..=0,
    host: "host" 0..=0,
    port: "port" 0..=0,
} tagged {
}}

/// Part of [`UpdateRaftVoterRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KRaftVersionFeature {
    /// `int16`, versions 0 on.
    pub min_supported_version: i16,
    /// `int16`, versions 0 on.
    pub max_supported_version: i16,
}

impl KRaftVersionFeature {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { min_supported_version: reader.i16()?, max_supported_version: reader.i16()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i16(self.min_supported_version);
        writer.i16(self.max_supported_version);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { KRaftVersionFeature {
    min_supported_version: "minSupportedVersion" 0..=0,
    max_supported_version: "maxSupportedVersion" 0..=0,
} tagged {
}}

crate::codec::message!(UpdateRaftVoterRequest<'a>, Request);

impl<'a> Request<'a> for UpdateRaftVoterRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::UpdateRaftVoterResponse<'r>;
}
