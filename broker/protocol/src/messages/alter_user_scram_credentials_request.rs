//! `AlterUserScramCredentialsRequest`: request of API AlterUserScramCredentials (51), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `AlterUserScramCredentialsRequest`: request of API AlterUserScramCredentials (51), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterUserScramCredentialsRequest<'a> {
    /// `[]ScramCredentialDeletion`, versions 0 on.
    pub deletions: Vec<ScramCredentialDeletion<'a>>,
    /// `[]ScramCredentialUpsertion`, versions 0 on.
    pub upsertions: Vec<ScramCredentialUpsertion<'a>>,
}

impl<'a> AlterUserScramCredentialsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 51).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AlterUserScramCredentials;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "AlterUserScramCredentialsRequest",
                version,
            });
        }
        let this = Self {
            deletions: reader.array(true, 3, |reader| ScramCredentialDeletion::decode(reader, version))?,
            upsertions: reader.array(true, 9, |reader| ScramCredentialUpsertion::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion {
                message: "AlterUserScramCredentialsRequest",
                version,
            });
        }
        writer.array(true, &self.deletions, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.upsertions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterUserScramCredentialsRequest<'a> {
    deletions: "deletions" 0..=0,
    upsertions: "upsertions" 0..=0,
} tagged {
}}

/// Part of [`AlterUserScramCredentialsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramCredentialDeletion<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `int8`, versions 0 on.
    pub mechanism: i8,
}

impl<'a> ScramCredentialDeletion<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { name: reader.string(true)?, mechanism: reader.i8()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.i8(self.mechanism);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ScramCredentialDeletion<'a> {
    name: "name" 0..=0,
    mechanism: "mechanism" 0..=0,
} tagged {
}}

/// Part of [`AlterUserScramCredentialsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramCredentialUpsertion<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `int8`, versions 0 on.
    pub mechanism: i8,
    /// `int32`, versions 0 on.
    pub iterations: i32,
    /// `bytes`, versions 0 on.
    pub salt: Cow<'a, [u8]>,
    /// `bytes`, versions 0 on.
    pub salted_password: Cow<'a, [u8]>,
}

impl<'a> ScramCredentialUpsertion<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            name: reader.string(true)?,
            mechanism: reader.i8()?,
            iterations: reader.i32()?,
            salt: reader.bytes(true)?,
            salted_password: reader.bytes(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.i8(self.mechanism);
        writer.i32(self.iterations);
        writer.bytes_field(true, &self.salt)?;
        writer.bytes_field(true, &self.salted_password)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ScramCredentialUpsertion<'a> {
    name: "name" 0..=0,
    mechanism: "mechanism" 0..=0,
    iterations: "iterations" 0..=0,
    salt: "salt" 0..=0,
    salted_password: "saltedPassword" 0..=0,
} tagged {
}}

crate::codec::message!(AlterUserScramCredentialsRequest<'a>, Request);

impl<'a> Request<'a> for AlterUserScramCredentialsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::AlterUserScramCredentialsResponse<'r>;
}
