//! `DescribeConfigsRequest`: request of API DescribeConfigs (32), versions 1 to 4. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DescribeConfigsRequest`: request of API DescribeConfigs (32), versions 1 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsRequest<'a> {
    /// `[]DescribeConfigsResource`, versions 1 on.
    pub resources: Vec<DescribeConfigsResource<'a>>,
    /// `bool`, versions 1 on.
    pub include_synonyms: bool,
    /// `bool`, versions 3 on.
    pub include_documentation: bool,
}

impl<'a> DescribeConfigsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=4;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 4;
    /// The API that this message belongs to (key 32).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeConfigs;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DescribeConfigsRequest", version });
        }
        let flexible = version >= 4;
        let this = Self {
            resources: reader
                .array(flexible, 4, |reader| DescribeConfigsResource::decode(reader, version))?,
            include_synonyms: reader.bool()?,
            include_documentation: if version >= 3 { reader.bool()? } else { false },
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeConfigsRequest", version });
        }
        let flexible = version >= 4;
        writer.array(flexible, &self.resources, |writer, element| element.encode(writer, version))?;
        writer.bool(self.include_synonyms);
        if version >= 3 {
            writer.bool(self.include_documentation);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeConfigsRequest<'a> {
    resources: "resources" 1..=4,
    include_synonyms: "includeSynonyms" 1..=4,
    include_documentation: "includeDocumentation" 3..=4,
} tagged {
}}

/// Part of [`DescribeConfigsRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResource<'a> {
    /// `int8`, versions 1 on.
    pub resource_type: i8,
    /// `string`, versions 1 on.
    pub resource_name: Cow<'a, str>,
    /// `[]string`, versions 1 on, nullable.
    pub configuration_keys: Option<Vec<Cow<'a, str>>>,
}

impl Default for DescribeConfigsResource<'_> {
    fn default() -> Self {
        Self { resource_type: 0, resource_name: Cow::default(), configuration_keys: Some(Vec::new()) }
    }
}

impl<'a> DescribeConfigsResource<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let this = Self {
            resource_type: reader.i8()?,
            resource_name: reader.string(flexible)?,
            configuration_keys: reader.nullable_array(flexible, 1, |reader| reader.string(flexible))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.i8(self.resource_type);
        writer.string(flexible, &self.resource_name)?;
        writer.nullable_array(flexible, self.configuration_keys.as_deref(), |writer, element| {
            writer.string(flexible, element)
        })?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeConfigsResource<'a> {
    resource_type: "resourceType" 1..=4,
    resource_name: "resourceName" 1..=4,
    configuration_keys: "configurationKeys" 1..=4,
} tagged {
}}

crate::codec::message!(DescribeConfigsRequest<'a>, Request);

impl<'a> Request<'a> for DescribeConfigsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DescribeConfigsResponse<'r>;
}
