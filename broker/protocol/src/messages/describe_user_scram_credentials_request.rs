//! `DescribeUserScramCredentialsRequest`: request of API DescribeUserScramCredentials (50), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DescribeUserScramCredentialsRequest`: request of API DescribeUserScramCredentials (50), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeUserScramCredentialsRequest<'a> {
    /// `[]UserName`, versions 0 on, nullable.
    pub users: Option<Vec<UserName<'a>>>,
}

impl Default for DescribeUserScramCredentialsRequest<'_> {
    fn default() -> Self {
        Self { users: Some(Vec::new()) }
    }
}

impl<'a> DescribeUserScramCredentialsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 50).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeUserScramCredentials;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "DescribeUserScramCredentialsRequest",
                version,
            });
        }
        let this =
            Self { users: reader.nullable_array(true, 2, |reader| UserName::decode(reader, version))? };
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
                message: "DescribeUserScramCredentialsRequest",
                version,
            });
        }
        writer
            .nullable_array(true, self.users.as_deref(), |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeUserScramCredentialsRequest<'a> {
    users: "users" 0..=0,
} tagged {
}}

/// Part of [`DescribeUserScramCredentialsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserName<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
}

impl<'a> UserName<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { name: reader.string(true)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { UserName<'a> {
    name: "name" 0..=0,
} tagged {
}}

crate::codec::message!(DescribeUserScramCredentialsRequest<'a>, Request);

impl<'a> Request<'a> for DescribeUserScramCredentialsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DescribeUserScramCredentialsResponse<'r>;
}
