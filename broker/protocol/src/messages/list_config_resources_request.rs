//! `ListConfigResourcesRequest`: request of API ListConfigResources (74), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `ListConfigResourcesRequest`: request of API ListConfigResources (74), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListConfigResourcesRequest {
    /// `[]int8`, versions 1 on.
    pub resource_types: Vec<i8>,
}

impl ListConfigResourcesRequest {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 74).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ListConfigResources;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ListConfigResourcesRequest", version });
        }
        let this = Self {
            resource_types: if version >= 1 { reader.array(true, 1, Reader::i8)? } else { Vec::new() },
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
            return Err(EncodeError::UnsupportedVersion { message: "ListConfigResourcesRequest", version });
        }
        if version >= 1 {
            writer.scalars(true, &self.resource_types, Writer::i8)?;
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ListConfigResourcesRequest {
    resource_types: "resourceTypes" 1..=1,
} tagged {
}}

crate::codec::message!(ListConfigResourcesRequest, Request);

impl<'a> Request<'a> for ListConfigResourcesRequest {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::ListConfigResourcesResponse<'r>;
}
