//! `DescribeDelegationTokenRequest`: request of API DescribeDelegationToken (41), versions 1 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DescribeDelegationTokenRequest`: request of API DescribeDelegationToken (41), versions 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeDelegationTokenRequest<'a> {
    /// `[]DescribeDelegationTokenOwner`, versions 1 on, nullable.
    pub owners: Option<Vec<DescribeDelegationTokenOwner<'a>>>,
}

impl Default for DescribeDelegationTokenRequest<'_> {
    fn default() -> Self {
        Self { owners: Some(Vec::new()) }
    }
}

impl<'a> DescribeDelegationTokenRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 41).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeDelegationToken;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "DescribeDelegationTokenRequest",
                version,
            });
        }
        let flexible = version >= 2;
        let this = Self {
            owners: reader.nullable_array(flexible, 3, |reader| {
                DescribeDelegationTokenOwner::decode(reader, version)
            })?,
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
                message: "DescribeDelegationTokenRequest",
                version,
            });
        }
        let flexible = version >= 2;
        writer.nullable_array(flexible, self.owners.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeDelegationTokenRequest<'a> {
    owners: "owners" 1..=3,
} tagged {
}}

/// Part of [`DescribeDelegationTokenRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeDelegationTokenOwner<'a> {
    /// `string`, versions 1 on.
    pub principal_type: Cow<'a, str>,
    /// `string`, versions 1 on.
    pub principal_name: Cow<'a, str>,
}

impl<'a> DescribeDelegationTokenOwner<'a> {
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
crate::codec::json::fields! { DescribeDelegationTokenOwner<'a> {
    principal_type: "principalType" 1..=3,
    principal_name: "principalName" 1..=3,
} tagged {
}}

crate::codec::message!(DescribeDelegationTokenRequest<'a>, Request);

impl<'a> Request<'a> for DescribeDelegationTokenRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DescribeDelegationTokenResponse<'r>;
}
