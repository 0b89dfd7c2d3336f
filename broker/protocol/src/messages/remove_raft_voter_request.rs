//! `RemoveRaftVoterRequest`: request of API RemoveRaftVoter (81), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `RemoveRaftVoterRequest`: request of API RemoveRaftVoter (81), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoveRaftVoterRequest<'a> {
    /// `string`, versions 0 on, nullable.
    pub cluster_id: Option<Cow<'a, str>>,
    /// `int32`, versions 0 on.
    pub voter_id: i32,
    /// `uuid`, versions 0 on.
    pub voter_directory_id: Uuid,
}

impl Default for RemoveRaftVoterRequest<'_> {
    fn default() -> Self {
        Self { cluster_id: Some(Cow::default()), voter_id: 0, voter_directory_id: Uuid::nil() }
    }
}

impl<'a> RemoveRaftVoterRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 81).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::RemoveRaftVoter;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "RemoveRaftVoterRequest", version });
        }
        let this = Self {
            cluster_id: reader.nullable_string(true)?,
            voter_id: reader.i32()?,
            voter_directory_id: reader.uuid()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "RemoveRaftVoterRequest", version });
        }
        writer.nullable_string(true, self.cluster_id.as_deref())?;
        writer.i32(self.voter_id);
        writer.uuid(self.voter_directory_id);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { RemoveRaftVoterRequest<'a> {
    cluster_id: "clusterId" 0..=0,
    voter_id: "voterId" 0..=0,
    voter_directory_id: "voterDirectoryId" 0..=0,
} tagged {
}}

crate::codec::message!(RemoveRaftVoterRequest<'a>, Request);

impl<'a> Request<'a> for RemoveRaftVoterRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::RemoveRaftVoterResponse<'r>;
}
