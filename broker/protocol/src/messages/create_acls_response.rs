//! `CreateAclsResponse`: response of API CreateAcls (30), versions 1 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `CreateAclsResponse`: response of API CreateAcls (30), versions 1 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateAclsResponse<'a> {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `[]AclCreationResult`, versions 1 on.
    pub results: Vec<AclCreationResult<'a>>,
}

impl<'a> CreateAclsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 30).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::CreateAcls;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "CreateAclsResponse", version });
        }
        let flexible = version >= 2;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            results: reader.array(flexible, 4, |reader| AclCreationResult::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "CreateAclsResponse", version });
        }
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.results, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreateAclsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 1..=3,
    results: "results" 1..=3,
} tagged {
}}

/// Part of [`CreateAclsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct AclCreationResult<'a> {
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `string`, versions 1 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for AclCreationResult<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(Cow::default()) }
    }
}

impl<'a> AclCreationResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self { error_code: reader.i16()?, error_message: reader.nullable_string(flexible)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.error_code(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AclCreationResult<'a> {
    error_code: "errorCode" 1..=3,
    error_message: "errorMessage" 1..=3,
} tagged {
}}

crate::codec::message!(CreateAclsResponse<'a>, Response);
