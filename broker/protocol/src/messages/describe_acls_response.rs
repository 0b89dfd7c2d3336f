//! `DescribeAclsResponse`: response of API DescribeAcls (29), versions 1 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `DescribeAclsResponse`: response of API DescribeAcls (29), versions 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsResponse<'a> {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `string`, versions 1 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]DescribeAclsResource`, versions 1 on.
    pub resources: Vec<DescribeAclsResource<'a>>,
}

impl Default for DescribeAclsResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Cow::default()),
            resources: Vec::new(),
        }
    }
}

impl<'a> DescribeAclsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 29).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeAcls;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DescribeAclsResponse", version });
        }
        let flexible = version >= 2;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            resources: reader.array(flexible, 5, |reader| DescribeAclsResource::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeAclsResponse", version });
        }
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        writer.array(flexible, &self.resources, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeAclsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 1..=3,
    error_code: "errorCode" 1..=3,
    error_message: "errorMessage" 1..=3,
    resources: "resources" 1..=3,
} tagged {
}}

/// Part of [`DescribeAclsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AclDescription<'a> {
    /// `string`, versions 1 on.
    pub principal: Cow<'a, str>,
    /// `string`, versions 1 on.
    pub host: Cow<'a, str>,
    /// `int8`, versions 1 on.
    pub operation: i8,
    /// `int8`, versions 1 on.
    pub permission_type: i8,
}

impl<'a> AclDescription<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            principal: reader.string(flexible)?,
            host: reader.string(flexible)?,
            operation: reader.i8()?,
            permission_type: reader.i8()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.principal)?;
        writer.string(flexible, &self.host)?;
        writer.i8(self.operation);
        writer.i8(self.permission_type);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AclDescription<'a> {
    principal: "principal" 1..=3,
    host: "host" 1..=3,
    operation: "operation" 1..=3,
    permission_type: "permissionType" 1..=3,
} tagged {
}}

/// Part of [`DescribeAclsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsResource<'a> {
    /// `int8`, versions 1 on.
    pub resource_type: i8,
    /// `string`, versions 1 on.
    pub resource_name: Cow<'a, str>,
    /// `int8`, versions 1 on, default 3.
    pub pattern_type: i8,
    /// `[]AclDescription`, versions 1 on.
    pub acls: Vec<AclDescription<'a>>,
}

impl Default for DescribeAclsResource<'_> {
    fn default() -> Self {
        Self { resource_type: 0, resource_name: Cow::default(), pattern_type: 3, acls: Vec::new() }
    }
}

impl<'a> DescribeAclsResource<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            resource_type: reader.i8()?,
            resource_name: reader.string(flexible)?,
            pattern_type: reader.i8()?,
            acls: reader.array(flexible, 5, |reader| AclDescription::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i8(self.resource_type);
        writer.string(flexible, &self.resource_name)?;
        writer.i8(self.pattern_type);
        writer.array(flexible, &self.acls, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeAclsResource<'a> {
    resource_type: "resourceType" 1..=3,
    resource_name: "resourceName" 1..=3,
    pattern_type: "patternType" 1..=3,
    acls: "acls" 1..=3,
} tagged {
}}

crate::codec::message!(DescribeAclsResponse<'a>, Response);
