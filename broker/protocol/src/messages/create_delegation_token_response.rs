//! `CreateDelegationTokenResponse`: response of API CreateDelegationToken (38), versions 1 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `CreateDelegationTokenResponse`: response of API CreateDelegationToken (38), versions 1 to 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateDelegationTokenResponse<'a> {
    /// `int16`, versions 1 on.
    pub error_code: i16,
    /// `string`, versions 1 on.
    pub principal_type: Cow<'a, str>,
    /// `string`, versions 1 on.
    pub principal_name: Cow<'a, str>,
    /// `string`, versions 3 on.
    pub token_requester_principal_type: Cow<'a, str>,
    /// `string`, versions 3 on.
    pub token_requester_principal_name: Cow<'a, str>,
    /// `int64`, versions 1 on.
    pub issue_timestamp_ms: i64,
    /// `int64`, versions 1 on.
    pub expiry_timestamp_ms: i64,
    /// `int64`, versions 1 on.
    pub max_timestamp_ms: i64,
    /// `string`, versions 1 on.
    pub token_id: Cow<'a, str>,
    /// `bytes`, versions 1 on.
    pub hmac: Cow<'a, [u8]>,
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
}

impl<'a> CreateDelegationTokenResponse<'a> {
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
            return Err(DecodeError::UnsupportedVersion {
                message: "CreateDelegationTokenResponse",
                version,
            });
        }
        let flexible = version >= 2;
        let this = Self {
            error_code: reader.i16()?,
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
            issue_timestamp_ms: reader.i64()?,
            expiry_timestamp_ms: reader.i64()?,
            max_timestamp_ms: reader.i64()?,
            token_id: reader.string(flexible)?,
            hmac: reader.bytes(flexible)?,
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
                message: "CreateDelegationTokenResponse",
                version,
            });
        }
        let flexible = version >= 2;
        writer.error_code(self.error_code);
        writer.string(flexible, &self.principal_type)?;
        writer.string(flexible, &self.principal_name)?;
        if version >= 3 {
            writer.string(flexible, &self.token_requester_principal_type)?;
        }
        if version >= 3 {
            writer.string(flexible, &self.token_requester_principal_name)?;
        }
        writer.i64(self.issue_timestamp_ms);
        writer.i64(self.expiry_timestamp_ms);
        writer.i64(self.max_timestamp_ms);
        writer.string(flexible, &self.token_id)?;
        writer.bytes_field(flexible, &self.hmac)?;
        writer.i32(self.throttle_time_ms);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CreateDelegationTokenResponse<'a> {
    error_code: "errorCode" 1..=3,
    principal_type: "principalType" 1..=3,
    principal_name: "principalName" 1..=3,
    token_requester_principal_type: "tokenRequesterPrincipalType" 3..=3,
    token_requester_principal_name: "tokenRequesterPrincipalName" 3..=3,
    issue_timestamp_ms: "issueTimestampMs" 1..=3,
    expiry_timestamp_ms: "expiryTimestampMs" 1..=3,
    max_timestamp_ms: "maxTimestampMs" 1..=3,
    token_id: "tokenId" 1..=3,
    hmac: "hmac" 1..=3,
    throttle_time_ms: "throttleTimeMs" 1..=3,
} tagged {
}}

crate::codec::message!(CreateDelegationTokenResponse<'a>, Response);
