//! `CreateAclsRequest`: request of API CreateAcls (30), versions 1 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `CreateAclsRequest`: request of API CreateAcls (30), versions 1 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateAclsRequest<'a> {
    /// `[]AclCreation`, versions 1 on.
    pub creations: Vec<AclCreation<'a>>,
}

impl<'a> CreateAclsRequest<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "CreateAclsRequest", version });
        }
        let flexible = version >= 2;
        let this =
            Self { creations: reader.array(flexible, 8, |reader| AclCreation::decode(reader, version))? };
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
            return Err(EncodeError::UnsupportedVersion { message: "CreateAclsRequest", version });
        }
        let flexible = version >= 2;
        writer.array(flexible, &self.creations, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreateAclsRequest<'a> {
    creations: "creations" 1..=3,
} tagged {
}}

/// Part of [`CreateAclsRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct AclCreation<'a> {
    /// `int8`, versions 1 on.
    pub resource_type: i8,
    /// `string`, versions 1 on.
    pub resource_name: Cow<'a, str>,
    /// `int8`, versions 1 on, default 3.
    pub resource_pattern_type: i8,
    /// `string`, versions 1 on.
    pub principal: Cow<'a, str>,
    /// `string`, versions 1 on.
    pub host: Cow<'a, str>,
    /// `int8`, versions 1 on.
    pub operation: i8,
    /// `int8`, versions 1 on.
    pub permission_type: i8,
}

impl Default for AclCreation<'_> {
    fn default() -> Self {
        Self {
            resource_type: 0,
            resource_name: Cow::default(),
            resource_pattern_type: 3,
            principal: Cow::default(),
            host: Cow::default(),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl<'a> AclCreation<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            resource_type: reader.i8()?,
            resource_name: reader.string(flexible)?,
            resource_pattern_type: reader.i8()?,
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
        writer.i8(self.resource_type);
        writer.string(flexible, &self.resource_name)?;
        writer.i8(self.resource_pattern_type);
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
crate::codec::json::fields! { AclCreation<'a> {
    resource_type: "resourceType" 1..=3,
    resource_name: "resourceName" 1..=3,
    resource_pattern_type: "resourcePatternType" 1..=3,
    principal: "principal" 1..=3,
    host: "host" 1..=3,
    operation: "operation" 1..=3,
    permission_type: "permissionType" 1..=3,
} tagged {
}}

crate::codec::message!(CreateAclsRequest<'a>, Request);

impl<'a> Request<'a> for CreateAclsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::CreateAclsResponse<'r>;
}
