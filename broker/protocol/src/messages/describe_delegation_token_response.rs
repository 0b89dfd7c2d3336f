//! `DescribeDelegationTokenResponse`: response of API DescribeDelegationToken (41), versions 1 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `DescribeDelegationTokenResponse`: response of API DescribeDelegationToken (41), versions 1 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeDelegationTokenResponse<'a> {
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `[]DescribedDelegationToken`, versions 1 on.
    pub tokens: Vec<DescribedDelegationToken<'a>>,
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
}

impl<'a> DescribeDelegationTokenResponse<'a> {
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
                message: "DescribeDelegationTokenResponse",
                version,
            });
        }
        let flexible = version >= 2;
        let this = Self {
            error_code: reader.i16()?,
            tokens: reader.array(flexible, 30, |reader| DescribedDelegationToken::decode(reader, version))?,
            throttle_time_ms: reader.i32()?,
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
                message: "DescribeDelegationTokenResponse",
                version,
            });
        }
        let flexible = version >= 2;
        writer.error_code(self.error_code);
        writer.array(flexible, &self.tokens, |writer, element| element.encode(writer, version))?;
        writer.i32(self.throttle_time_ms);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeDelegationTokenResponse<'a> {
    error_code: "errorCode" 1..=3,
    tokens: "tokens" 1..=3,
    throttle_time_ms: "throttleTimeMs" 1..=3,
} tagged {
}}

/// Part of [`DescribeDelegationTokenResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedDelegationTokenRenewer<'a> {
    /// `string`, versions 1 on.
    pub principal_type: Cow<'a, str>,
    /// `string`, versions 1 on.
    pub principal_name: Cow<'a, str>,
}

impl<'a> DescribedDelegationTokenRenewer<'a> {
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
crate::codec::json::fields! { DescribedDelegationTokenRenewer<'a> {
    principal_type: "principalType" 1..=3,
    principal_name: "principalName" 1..=3,
} tagged {
}}

/// Part of [`DescribeDelegationTokenResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedDelegationToken<'a> {
    /// `string`, versions 1 on.
    pub principal_type: Cow<'a, str>,
    /// `string`, versions 1 on.
    pub principal_name: Cow<'a, str>,
    /// `string`, versions 3 on.
    pub token_requester_principal_type: Cow<'a, str>,
    /// `string`, versions 3 on.
    pub token_requester_principal_name: Cow<'a, str>,
    /// `int64`, versions 1 on.
    pub issue_timestamp: i64,
    /// `int64`, versions 1 on.
    pub expiry_timestamp: i64,
    /// `int64`, versions 1 on.
    pub max_timestamp: i64,
    /// `string`, versions 1 on.
    pub token_id: Cow<'a, str>,
    /// `bytes`, versions 1 on.
    pub hmac: Cow<'a, [u8]>,
    /// `[]DescribedDelegationTokenRenewer`, versions 1 on.
    pub renewers: Vec<DescribedDelegationTokenRenewer<'a>>,
}

impl<'a> DescribedDelegationToken<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self {
            principal_type: reader.string(flexible)?,
            principal_name: reader.string(flexible)?,
            token_requester_principal_type: if version >= 3 {
                reader.string(flexible)?
            } else {
                Cow::default()
            },
            token_requester_principal_name: if version >= 3 {
                reader.string(flexible)?
            } else {
                Cow::default()
            },
            issue_timestamp: reader.i64()?,
            expiry_timestamp: reader.i64()?,
            max_timestamp: reader.i64()?,
            token_id: reader.string(flexible)?,
            hmac: reader.bytes(flexible)?,
            renewers: reader
                .array(flexible, 3, |reader| DescribedDelegationTokenRenewer::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.principal_type)?;
        writer.string(flexible, &self.principal_name)?;
        if version >= 3 {
            writer.string(flexible, &self.token_requester_principal_type)?;
        }
        if version >= 3 {
            writer.string(flexible, &self.token_requester_principal_name)?;
        }
        writer.i64(self.issue_timestamp);
        writer.i64(self.expiry_timestamp);
        writer.i64(self.max_timestamp);
        writer.string(flexible, &self.token_id)?;
        writer.bytes_field(flexible, &self.hmac)?;
        writer.array(flexible, &self.renewers, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribedDelegationToken<'a> {
    principal_type: "principalType" 1..=3,
    principal_name: "principalName" 1..=3,
    token_requester_principal_type: "tokenRequesterPrincipalType" 3..=3,
    token_requester_principal_name: "tokenRequesterPrincipalName" 3..=3,
    issue_timestamp: "issueTimestamp" 1..=3,
    expiry_timestamp: "expiryTimestamp" 1..=3,
    max_timestamp: "maxTimestamp" 1..=3,
    token_id: "tokenId" 1..=3,
    hmac: "hmac" 1..=3,
    renewers: "renewers" 1..=3,
} tagged {
}}

crate::codec::message!(DescribeDelegationTokenResponse<'a>, Response);
