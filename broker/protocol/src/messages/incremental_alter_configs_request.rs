//! `IncrementalAlterConfigsRequest`: request of API IncrementalAlterConfigs (44), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `IncrementalAlterConfigsRequest`: request of API IncrementalAlterConfigs (44), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncrementalAlterConfigsRequest<'a> {
    /// `[]AlterConfigsResource`, versions 0 on.
    pub resources: Vec<AlterConfigsResource<'a>>,
    /// `bool`, versions 0 on.
    pub validate_only: bool,
}

impl<'a> IncrementalAlterConfigsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 1;
    /// The API that this message belongs to (key 44).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::IncrementalAlterConfigs;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "IncrementalAlterConfigsRequest",
                version,
            });
        }
        let flexible = version >= 1;
        let this = Self {
            resources: reader.array(flexible, 4, |reader| AlterConfigsResource::decode(reader, version))?,
            validate_only: reader.bool()?,
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
            return Err(EncodeError::UnsupportedVersion {
                message: "IncrementalAlterConfigsRequest",
                version,
            });
        }
        let flexible = version >= 1;
        writer.array(flexible, &self.resources, |writer, element| element.encode(writer, version))?;
        writer.bool(self.validate_only);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { IncrementalAlterConfigsRequest<'a> {
    resources: "resources" 0..=1,
    validate_only: "validateOnly" 0..=1,
} tagged {
}}

/// Part of [`IncrementalAlterConfigsRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct AlterableConfig<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `int8`, versions 0 on.
    pub config_operation: i8,
    /// `string`, versions 0 on, nullable.
    pub value: Option<Cow<'a, str>>,
}

impl Default for AlterableConfig<'_> {
    fn default() -> Self {
        Self { name: Cow::default(), config_operation: 0, value: Some(Cow::default()) }
    }
}

impl<'a> AlterableConfig<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let this = Self {
            name: reader.string(flexible)?,
            config_operation: reader.i8()?,
            value: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.string(flexible, &self.name)?;
        writer.i8(self.config_operation);
        writer.nullable_string(flexible, self.value.as_deref())?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterableConfig<'a> {
    name: "name" 0..=1,
    config_operation: "configOperation" 0..=1,
    value: "value" 0..=1,
} tagged {
}}

/// Part of [`IncrementalAlterConfigsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterConfigsResource<'a> {
    /// `int8`, versions 0 on.
    pub resource_type: i8,
    /// `string`, versions 0 on.
    pub resource_name: Cow<'a, str>,
    /// `[]AlterableConfig`, versions 0 on.
    pub configs: Vec<AlterableConfig<'a>>,
}

impl<'a> AlterConfigsResource<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let this = Self {
            resource_type: reader.i8()?,
            resource_name: reader.string(flexible)?,
            configs: reader.array(flexible, 4, |reader| AlterableConfig::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.i8(self.resource_type);
        writer.string(flexible, &self.resource_name)?;
        writer.array(flexible, &self.configs, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterConfigsResource<'a> {
    resource_type: "resourceType" 0..=1,
    resource_name: "resourceName" 0..=1,
    configs: "configs" 0..=1,
} tagged {
}}

crate::codec::message!(IncrementalAlterConfigsRequest<'a>, Request);

impl<'a> Request<'a> for IncrementalAlterConfigsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::IncrementalAlterConfigsResponse<'r>;
}
