//! `ApiVersionsRequest`: request of API ApiVersions (18), versions 0 to 4. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `ApiVersionsRequest`: request of API ApiVersions (18), versions 0 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiVersionsRequest<'a> {
    /// `string`, versions 3 on.
    pub client_software_name: Cow<'a, str>,
    /// `string`, versions 3 on.
    pub client_software_version: Cow<'a, str>,
}

impl<'a> ApiVersionsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 3;
    /// The API that this message belongs to (key 18).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ApiVersions;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ApiVersionsRequest", version });
        }
        let flexible = version >= 3;
        let this = Self {
            client_software_name: if version >= 3 { reader.string(flexible)? } else { Cow::default() },
            client_software_version: if version >= 3 { reader.string(flexible)? } else { Cow::default() },
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
            return Err(EncodeError::UnsupportedVersion { message: "ApiVersionsRequest", version });
        }
        let flexible = version >= 3;
        if version >= 3 {
            writer.string(flexible, &self.client_software_name)?;
        }
        if version >= 3 {
            writer.string(flexible, &self.client_software_version)?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ApiVersionsRequest<'a> {
    client_software_name: "clientSoftwareName" 3..=4,
    client_software_version: "clientSoftwareVersion" 3..=4,
} tagged {
}}

crate::codec::message!(ApiVersionsRequest<'a>, Request);

impl<'a> Request<'a> for ApiVersionsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::ApiVersionsResponse<'r>;
}
