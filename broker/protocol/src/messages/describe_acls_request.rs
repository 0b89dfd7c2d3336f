//! `DescribeAclsRequest`: request of API DescribeAcls (29), versions 1 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DescribeAclsRequest`: request of API DescribeAcls (29), versions 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsRequest<'a> {
    /// `int8`, versions 1 on.
    pub resource_type_filter: i8,
    /// `string`, versions 1 on, nullable.
    pub resource_name_filter: Option<Cow<'a, str>>,
    /// `int8`, versions 1 on, default 3.
    pub pattern_type_filter: i8,
    /// `string`, versions 1 on, nullable.
    pub principal_filter: Option<Cow<'a, str>>,
    /// `string`, versions 1 on, nullable.
    pub host_filter: Option<Cow<'a, str>>,
    /// `int8`, versions 1 on.
    pub operation: i8,
    /// `int8`, versions 1 on.
    pub permission_type: i8,
}

impl Default for DescribeAclsRequest<'_> {
    fn default() -> Self {
        Self {
            resource_type_filter: 0,
            resource_name_filter: Some(Cow::default()),
            pattern_type_filter: 3,
            principal_filter: Some(Cow::default()),
            host_filter: Some(Cow::default()),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl<'a> DescribeAclsRequest<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "DescribeAclsRequest", version });
        }
        let flexible = version >= 2;
        let this = Self {
            resource_type_filter: reader.i8()?,
            resource_name_filter: reader.nullable_string(flexible)?,
            pattern_type_filter: reader.i8()?,
            principal_filter: reader.nullable_string(flexible)?,
            host_filter: reader.nullable_string(flexible)?,
            operation: reader.i8()?,
            permission_type: reader.i8()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeAclsRequest", version });
        }
        let flexible = version >= 2;
        writer.i8(self.resource_type_filter);
        writer.nullable_string(flexible, self.resource_name_filter.as_deref())?;
        writer.i8(self.pattern_type_filter);
        writer.nullable_string(flexible, self.principal_filter.as_deref())?;
        writer.nullable_string(flexible, self.host_filter.as_deref())?;
        writer.i8(self.operation);
        writer.i8(self.permission_type);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeAclsRequest<'a> {
    resource_type_filter: "resourceTypeFilter" 1..=3,
    resource_name_filter: "resourceNameFilter" 1..=3,
    pattern_type_filter: "patternTypeFilter" 1..=3,
    principal_filter: "principalFilter" 1..=3,
    host_filter: "hostFilter" 1..=3,
    operation: "operation" 1..=3,
    permission_type: "permissionType" 1..=3,
} tagged {
}}

crate::codec::message!(DescribeAclsRequest<'a>, Request);

impl<'a> Request<'a> for DescribeAclsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DescribeAclsResponse<'r>;
}
