//! `LeaderChangeMessage`: data, versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `LeaderChangeMessage`: data, versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaderChangeMessage {
    /// `int16`, versions 0 on.
    pub version: i16,
    /// `int32`, versions 0 on.
    pub leader_id: i32,
    /// `[]Voter`, versions 0 on.
    pub voters: Vec<Voter>,
    /// `[]Voter`, versions 0 on.
    pub granting_voters: Vec<Voter>,
}

impl LeaderChangeMessage {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "LeaderChangeMessage", version });
        }
        let this = Self {
            version: reader.i16()?,
            leader_id: reader.i32()?,
            voters: reader.array(true, 5, |reader| Voter::decode(reader, version))?,
            granting_voters: reader.array(true, 5, |reader| Voter::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "LeaderChangeMessage", version });
        }
        writer.i16(self.version);
        writer.i32(self.leader_id);
        writer.array(true, &self.voters, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.granting_voters, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { LeaderChangeMessage {
    version: "version" 0..=1,
    leader_id: "leaderId" 0..=1,
    voters: "voters" 0..=1,
    granting_voters: "grantingVoters" 0..=1,
} tagged {
}}

/// Part of [`LeaderChangeMessage`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Voter {
    /// `int32`, versions 0 on.
    pub voter_id: i32,
    /// `uuid`, versions 1 on.
    pub voter_directory_id: Uuid,
}

impl Voter {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            voter_id: reader.i32()?,
            voter_directory_id: if version >= 1 { reader.uuid()? } else { Uuid::nil() },
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.voter_id);
        if version >= 1 {
            writer.uuid(self.voter_directory_id);
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Voter {
    voter_id: "voterId" 0..=1,
    voter_directory_id: "voterDirectoryId" 1..=1,
} tagged {
}}

crate::codec::message!(LeaderChangeMessage, Data);
