//! `ListConfigResourcesResponse`: response of API ListConfigResources (74), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ListConfigResourcesResponse`: response of API ListConfigResources (74), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListConfigResourcesResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `[]ConfigResource`, versions 0 on.
    pub config_resources: Vec<ConfigResource<'a>>,
}

impl<'a> ListConfigResourcesResponse<'a> {
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
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ListConfigResourcesResponse", version });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            config_resources: reader.array(true, 2, |reader| ConfigResource::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "ListConfigResourcesResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.array(true, &self.config_resources, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ListConfigResourcesResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=1,
    error_code: "errorCode" 0..=1,
    config_resources: "configResources" 0..=1,
} tagged {
}}

/// Part of [`ListConfigResourcesResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigResource<'a> {
    /// `string`, versions 0 on.
    pub resource_name: Cow<'a, str>,
    /// `int8`, versions 1 on, default 16.
    pub resource_type: i8,
}

impl Default for ConfigResource<'_> {
    fn default() -> Self {
        Self { resource_name: Cow::default(), resource_type: 16 }
    }
}

impl<'a> ConfigResource<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            resource_name: reader.string(true)?,
            resource_type: if version >= 1 { reader.i8()? } else { 16 },
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.resource_name)?;
        if version >= 1 {
            writer.i8(self.resource_type);
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ConfigResource<'a> {
    resource_name: "resourceName" 0..=1,
    resource_type: "resourceType" 1..=1,
} tagged {
}}

crate::codec::message!(ListConfigResourcesResponse<'a>, Response);
