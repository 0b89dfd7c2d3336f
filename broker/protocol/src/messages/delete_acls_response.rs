//! `DeleteAclsResponse`: response of API DeleteAcls (31), versions 1 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `DeleteAclsResponse`: response of API DeleteAcls (31), versions 1 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteAclsResponse<'a> {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `[]DeleteAclsFilterResult`, versions 1 on.
    pub filter_results: Vec<DeleteAclsFilterResult<'a>>,
}

impl<'a> DeleteAclsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 31).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DeleteAcls;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DeleteAclsResponse", version });
        }
        let flexible = version >= 2;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            filter_results: reader
                .array(flexible, 5, |reader| DeleteAclsFilterResult::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DeleteAclsResponse", version });
        }
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.filter_results, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteAclsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 1..=3,
    filter_results: "filterResults" 1..=3,
} tagged {
}}

/// Part of [`DeleteAclsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsMatchingAcl<'a> {
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `string`, versions 1 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `int8`, versions 1 on.
    pub resource_type: i8,
    /// `string`, versions 1 on.
    pub resource_name: Cow<'a, str>,
    /// `int8`, versions 1 on, default 3.
    pub pattern_type: i8,
    /// `string`, versions 1 on.
    pub principal: Cow<'a, str>,
    /// `string`, versions 1 on.
    pub host: Cow<'a, str>,
    /// `int8`, versions 1 on.
    pub operation: i8,
    /// `int8`, versions 1 on.
    pub permission_type: i8,
}

impl Default for DeleteAclsMatchingAcl<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(Cow::default()),
            resource_type: 0,
            resource_name: Cow::default(),
            pattern_type: 3,
            principal: Cow::default(),
            host: Cow::default(),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl<'a> DeleteAclsMatchingAcl<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            resource_type: reader.i8()?,
            resource_name: reader.string(flexible)?,
            pattern_type: reader.i8()?,
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
        writer.error_code(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        writer.i8(self.resource_type);
        writer.string(flexible, &self.resource_name)?;
        writer.i8(self.pattern_type);
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
crate::codec::json::fields! { DeleteAclsMatchingAcl<'a> {
    error_code: "errorCode" 1..=3,
    error_message: "errorMessage" 1..=3,
    resource_type: "resourceType" 1..=3,
    resource_name: "resourceName" 1..=3,
    pattern_type: "patternType" 1..=3,
    principal: "principal" 1..=3,
    host: "host" 1..=3,
    operation: "operation" 1..=3,
    permission_type: "permissionType" 1..=3,
} tagged {
}}

/// Part of [`DeleteAclsResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsFilterResult<'a> {
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `string`, versions 1 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]DeleteAclsMatchingAcl`, versions 1 on.
    pub matching_acls: Vec<DeleteAclsMatchingAcl<'a>>,
}

impl Default for DeleteAclsFilterResult<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(Cow::default()), matching_acls: Vec::new() }
    }
}

impl<'a> DeleteAclsFilterResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            matching_acls: reader
                .array(flexible, 11, |reader| DeleteAclsMatchingAcl::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.error_code(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        writer.array(flexible, &self.matching_acls, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteAclsFilterResult<'a> {
    error_code: "errorCode" 1..=3,
    error_message: "errorMessage" 1..=3,
    matching_acls: "matchingAcls" 1..=3,
} tagged {
}}

crate::codec::message!(DeleteAclsResponse<'a>, Response);
