//! `DescribeConfigsResponse`: response of API DescribeConfigs (32), versions 1 to 4. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `DescribeConfigsResponse`: response of API DescribeConfigs (32), versions 1 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsResponse<'a> {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `[]DescribeConfigsResult`, versions 1 on.
    pub results: Vec<DescribeConfigsResult<'a>>,
}

impl<'a> DescribeConfigsResponse<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "DescribeConfigsResponse", version });
        }
        let flexible = version >= 4;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            results: reader.array(flexible, 7, |reader| DescribeConfigsResult::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeConfigsResponse", version });
        }
        let flexible = version >= 4;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.results, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeConfigsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 1..=4,
    results: "results" 1..=4,
} tagged {
}}

/// Part of [`DescribeConfigsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsSynonym<'a> {
    /// `string`, versions 1 on.
    pub name: Cow<'a, str>,
    /// `string`, versions 1 on, nullable.
    pub value: Option<Cow<'a, str>>,
    /// `int8`, versions 1 on.
    pub source: i8,
}

impl Default for DescribeConfigsSynonym<'_> {
    fn default() -> Self {
        Self { name: Cow::default(), value: Some(Cow::default()), source: 0 }
    }
}

impl<'a> DescribeConfigsSynonym<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let this = Self {
            name: reader.string(flexible)?,
            value: reader.nullable_string(flexible)?,
            source: reader.i8()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.string(flexible, &self.name)?;
        writer.nullable_string(flexible, self.value.as_deref())?;
        writer.i8(self.source);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeConfigsSynonym<'a> {
    name: "name" 1..=4,
    value: "value" 1..=4,
    source: "source" 1..=4,
} tagged {
}}

/// Part of [`DescribeConfigsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResourceResult<'a> {
    /// `string`, versions 1 on.
    pub name: Cow<'a, str>,
    /// `string`, versions 1 on, nullable.
    pub value: Option<Cow<'a, str>>,
    /// `bool`, versions 1 on.
    pub read_only: bool,
    /// `int8`, versions 1 on, default -1.
    pub config_source: i8,
    /// `bool`, versions 1 on.
    pub is_sensitive: bool,
    /// `[]DescribeConfigsSynonym`, versions 1 on.
    pub synonyms: Vec<DescribeConfigsSynonym<'a>>,
    /// `int8`, versions 3 on.
    pub config_type: i8,
    /// `string`, versions 3 on, nullable.
    pub documentation: Option<Cow<'a, str>>,
}

impl Default for DescribeConfigsResourceResult<'_> {
    fn default() -> Self {
        Self {
            name: Cow::default(),
            value: Some(Cow::default()),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
            synonyms: Vec::new(),
            config_type: 0,
            documentation: Some(Cow::default()),
        }
    }
}

impl<'a> DescribeConfigsResourceResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let this = Self {
            name: reader.string(flexible)?,
            value: reader.nullable_string(flexible)?,
            read_only: reader.bool()?,
            config_source: reader.i8()?,
            is_sensitive: reader.bool()?,
            synonyms: reader.array(flexible, 4, |reader| DescribeConfigsSynonym::decode(reader, version))?,
            config_type: if version >= 3 { reader.i8()? } else { 0 },
            documentation: if version >= 3 {
                reader.nullable_string(flexible)?
            } else {
                Some(Cow::default())
            },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.string(flexible, &self.name)?;
        writer.nullable_string(flexible, self.value.as_deref())?;
        writer.bool(self.read_only);
        writer.i8(self.config_source);
        writer.bool(self.is_sensitive);
        writer.array(flexible, &self.synonyms, |writer, element| element.encode(writer, version))?;
        if version >= 3 {
            writer.i8(self.config_type);
        }
        if version >= 3 {
            writer.nullable_string(flexible, self.documentation.as_deref())?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeConfigsResourceResult<'a> {
    name: "name" 1..=4,
    value: "value" 1..=4,
    read_only: "readOnly" 1..=4,
    config_source: "configSource" 1..=4,
    is_sensitive: "isSensitive" 1..=4,
    synonyms: "synonyms" 1..=4,
    config_type: "configType" 3..=4,
    documentation: "documentation" 3..=4,
} tagged {
}}

/// Part of [`DescribeConfigsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResult<'a> {
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `string`, versions 1 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `int8`, versions 1 on.
    pub resource_type: i8,
    /// `string`, versions 1 on.
    pub resource_name: Cow<'a, str>,
    /// `[]DescribeConfigsResourceResult`, versions 1 on.
    pub configs: Vec<DescribeConfigsResourceResult<'a>>,
}

impl Default for DescribeConfigsResult<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(Cow::default()),
            resource_type: 0,
            resource_name: Cow::default(),
            configs: Vec::new(),
        }
    }
}

impl<'a> DescribeConfigsResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let this = Self {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            resource_type: reader.i8()?,
            resource_name: reader.string(flexible)?,
            configs: reader
                .array(flexible, 9, |reader| DescribeConfigsResourceResult::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.error_code(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
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
crate::codec::json::fields! { DescribeConfigsResult<'a> {
    error_code: "errorCode" 1..=4,
    error_message: "errorMessage" 1..=4,
    resource_type: "resourceType" 1..=4,
    resource_name: "resourceName" 1..=4,
    configs: "configs" 1..=4,
} tagged {
}}

crate::codec::message!(DescribeConfigsResponse<'a>, Response);
