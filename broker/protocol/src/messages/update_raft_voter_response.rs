//! `UpdateRaftVoterResponse`: response of API UpdateRaftVoter (82), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `UpdateRaftVoterResponse`: response of API UpdateRaftVoter (82), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateRaftVoterResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `CurrentLeader`, versions 0 on, tag 0.
    pub current_leader: CurrentLeader<'a>,
}

impl<'a> UpdateRaftVoterResponse<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "UpdateRaftVoterResponse", version });
        }
        let mut this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            current_leader: CurrentLeader::default(),
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => this.current_leader = CurrentLeader::decode(reader, version)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "UpdateRaftVoterResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        let mut tags = writer.begin_tags();
        if self.current_leader != CurrentLeader::default() {
            writer.tag(&mut tags, 0, |writer| {
                self.current_leader.encode(writer, version)?;
                Ok(())
            })?;
        }
        writer.end_tags(tags);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { UpdateRaftVoterResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=0,
    error_code: "errorCode" 0..=0,
} tagged {
    current_leader: "currentLeader" 0..=0,
}}

/// Part of [`UpdateRaftVoterResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentLeader<'a> {
    /// `int32`, versions 0 on, default -1.
    pub leader_id: i32,
    /// `int32`, versions 0 on, default -1.
    pub leader_epoch: i32,
    /// `string`, versions 0 on.
    pub host: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub port: i32,
}

impl Default for CurrentLeader<'_> {
    fn default() -> Self {
        Self { leader_id: -1, leader_epoch: -1, host: Cow::default(), port: 0 }
    }
}

impl<'a> CurrentLeader<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            leader_id: reader.i32()?,
            leader_epoch: reader.i32()?,
            host: reader.string(true)?,
            port: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.string(true, &self.host)?;
        writer.i32(self.port);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CurrentLeader<'a> {
    leader_id: "leaderId" 0..=0,
    leader_epoch: "leaderEpoch" 0..=0,
    host: "host" 0..=0,
    port: "port" 0..=0,
} tagged {
}}

crate::codec::message!(UpdateRaftVoterResponse<'a>, Response);
