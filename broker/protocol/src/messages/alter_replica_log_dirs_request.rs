//! `AlterReplicaLogDirsRequest`: request of API AlterReplicaLogDirs (34), versions 1 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `AlterReplicaLogDirsRequest`: request of API AlterReplicaLogDirs (34), versions 1 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirsRequest<'a> {
    /// `[]AlterReplicaLogDir`, versions 1 on.
    pub dirs: Vec<AlterReplicaLogDir<'a>>,
}

impl<'a> AlterReplicaLogDirsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 34).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AlterReplicaLogDirs;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "AlterReplicaLogDirsRequest", version });
        }
        let flexible = version >= 2;
        let this =
            Self { dirs: reader.array(flexible, 3, |reader| AlterReplicaLogDir::decode(reader, version))? };
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
            return Err(EncodeError::UnsupportedVersion { message: "AlterReplicaLogDirsRequest", version });
        }
        let flexible = version >= 2;
        writer.array(flexible, &self.dirs, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterReplicaLogDirsRequest<'a> {
    dirs: "dirs" 1..=2,
} tagged {
}}

/// Part of [`AlterReplicaLogDirsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirTopic<'a> {
    /// `string`, versions 1 on.
    pub name: Cow<'a, str>,
    /// `[]int32`, versions 1 on.
    pub partitions: Vec<i32>,
}

impl<'a> AlterReplicaLogDirTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this =
            Self { name: reader.string(flexible)?, partitions: reader.array(flexible, 4, Reader::i32)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.name)?;
        writer.scalars(flexible, &self.partitions, Writer::i32)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterReplicaLogDirTopic<'a> {
    name: "name" 1..=2,
    partitions: "partitions" 1..=2,
} tagged {
}}

/// Part of [`AlterReplicaLogDirsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDir<'a> {
    /// `string`, versions 1 on.
    pub path: Cow<'a, str>,
    /// `[]AlterReplicaLogDirTopic`, versions 1 on.
    pub topics: Vec<AlterReplicaLogDirTopic<'a>>,
}

impl<'a> AlterReplicaLogDir<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            path: reader.string(flexible)?,
            topics: reader.array(flexible, 3, |reader| AlterReplicaLogDirTopic::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.path)?;
        writer.array(flexible, &self.topics, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterReplicaLogDir<'a> {
    path: "path" 1..=2,
    topics: "topics" 1..=2,
} tagged {
}}

crate::codec::message!(AlterReplicaLogDirsRequest<'a>, Request);

impl<'a> Request<'a> for AlterReplicaLogDirsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::AlterReplicaLogDirsResponse<'r>;
}
