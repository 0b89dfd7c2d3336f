//! `CreateDelegationTokenRequest`: request of API CreateDelegationToken (38), versions 1 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `CreateDelegationTokenRequest`: request of API CreateDelegationToken (38), versions 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateDelegationTokenRequest<'a> {
    /// `string`, versions 3 on, nullable.
    pub owner_principal_type: Option<Cow<'a, str>>,
    /// `string`, versions 3 on, nullable.
    pub owner_principal_name: Option<Cow<'a, str>>,
    /// `[]CreatableRenewers`, versions 1 on.
    pub renewers: Vec<CreatableRenewers<'a>>,
    /// `int64`, versions 1 on.
    pub max_lifetime_ms: i64,
}

impl Default for CreateDelegationTokenRequest<'_> {
    fn default() -> Self {
        Self {
            owner_principal_type: Some(Cow::default()),
            owner_principal_name: Some(Cow::default()),
            renewers: Vec::new(),
            max_lifetime_ms: 0,
        }
    }
}

impl<'a> CreateDelegationTokenRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 38).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::CreateDelegationToken;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "CreateDelegationTokenRequest", version });
        }
        let flexible = version >= 2;
        let this = Self {
            owner_principal_type: if version >= 3 {
                reader.nullable_string(flexible)?
            } else {
                Some(Cow::default())
            },
            owner_principal_name: if version >= 3 {
                reader.nullable_string(flexible)?
            } else {
                Some(Cow::default())
            },
            renewers: reader.array(flexible, 3, |reader| CreatableRenewers::decode(reader, version))?,
            max_lifetime_ms: reader.i64()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "CreateDelegationTokenRequest", version });
        }
        let flexible = version >= 2;
        if version >= 3 {
            writer.nullable_string(flexible, self.owner_principal_type.as_deref())?;
        }
        if version >= 3 {
            writer.nullable_string(flexible, self.owner_principal_name.as_deref())?;
        }
        writer.array(flexible, &self.renewers, |writer, element| element.encode(writer, version))?;
        writer.i64(self.max_lifetime_ms);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreateDelegationTokenRequest<'a> {
    owner_principal_type: "ownerPrincipalType" 3..=3,
    owner_principal_name: "ownerPrincipalName" 3..=3,
    renewers: "renewers" 1..=3,
    max_lifetime_ms: "maxLifetimeMs" 1..=3,
} tagged {
}}

/// Part of [`CreateDelegationTokenRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableRenewers<'a> {
    /// `string`, versions 1 on.
    pub principal_type: Cow<'a, str>,
    /// `string`, versions 1 on.
    pub principal_name: Cow<'a, str>,
}

impl<'a> CreatableRenewers<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this =
            Self { principal_type: reader.string(flexible)?, principal_name: reader.string(flexible)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.principal_type)?;
        writer.string(flexible, &self.principal_name)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreatableRenewers<'a> {
    principal_type: "principalType" 1..=3,
    principal_name: "principalName" 1..=3,
} tagged {
}}

crate::codec::message!(CreateDelegationTokenRequest<'a>, Request);

impl<'a> Request<'a> for CreateDelegationTokenRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::CreateDelegationTokenResponse<'r>;
}
