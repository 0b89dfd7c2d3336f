//! `VotersRecord`: data, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `VotersRecord`: data, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VotersRecord<'a> {
    /// `int16`, versions 0 on.
    pub version: i16,
    /// `[]Voter`, versions 0 on.
    pub voters: Vec<Voter<'a>>,
}

impl<'a> VotersRecord<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "VotersRecord", version });
        }
        let this = Self {
            version: reader.i16()?,
            voters: reader.array(true, 27, |reader| Voter::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "VotersRecord", version });
        }
        writer.i16(self.version);
        writer.array(true, &self.voters, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { VotersRecord<'a> {
    version: "version" 0..=0,
    voters: "voters" 0..=0,
} tagged {
}}

/// Part of [`VotersRecord`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub host: Cow<'a, str>,
    /// `uint16`, versions 0 on.
    pub port: u16,
}

impl<'a> Endpoint<'a> {
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
crate::codec::json::fields! { Endpoint<'a> {
    name: "name" 0..=0,
    host: "host" 0..=0,
    port: "port" 0..=0,
} tagged {
}}

/// Part of [`VotersRecord`].
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

/// Part of [`VotersRecord`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Voter<'a> {
    /// `int32`, versions 0 on.
    pub voter_id: i32,
    /// `uuid`, versions 0 on.
    pub voter_directory_id: Uuid,
    /// `[]Endpoint`, versions 0 on.
    pub endpoints: Vec<Endpoint<'a>>,
    /// `KRaftVersionFeature`, versions 0 on.
    pub kraft_version_feature: KRaftVersionFeature,
}

impl<'a> Voter<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            voter_id: reader.i32()?,
            voter_directory_id: reader.uuid()?,
            endpoints: reader.array(true, 5, |reader| Endpoint::decode(reader, version))?,
            kraft_version_feature: KRaftVersionFeature::decode(reader, version)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.voter_id);
        writer.uuid(self.voter_directory_id);
        writer.array(true, &self.endpoints, |writer, element| element.encode(writer, version))?;
        self.kraft_version_feature.encode(writer, version)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Voter<'a> {
    voter_id: "voterId" 0..=0,
    voter_directory_id: "voterDirectoryId" 0..=0,
    endpoints: "endpoints" 0..=0,
    kraft_version_feature: "kRaftVersionFeature" 0..=0,
} tagged {
}}

crate::codec::message!(VotersRecord<'a>, Data);
