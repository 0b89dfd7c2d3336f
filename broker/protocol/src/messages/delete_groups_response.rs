//! `DeleteGroupsResponse`: response of API DeleteGroups (42), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `DeleteGroupsResponse`: response of API DeleteGroups (42), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteGroupsResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `[]DeletableGroupResult`, versions 0 on.
    pub results: Vec<DeletableGroupResult<'a>>,
}

impl<'a> DeleteGroupsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 42).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DeleteGroups;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DeleteGroupsResponse", version });
        }
        let flexible = version >= 2;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            results: reader.array(flexible, 4, |reader| DeletableGroupResult::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DeleteGroupsResponse", version });
        }
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.results, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteGroupsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=2,
    results: "results" 0..=2,
} tagged {
}}

/// Part of [`DeleteGroupsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeletableGroupResult<'a> {
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
    /// `int16`, versions 0 on.
    pub error_code: i16,
}

impl<'a> DeletableGroupResult<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let this = Self { group_id: reader.string(flexible)?, error_code: reader.i16()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.group_id)?;
        writer.error_code(self.error_code);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeletableGroupResult<'a> {
    group_id: "groupId" 0..=2,
    error_code: "errorCode" 0..=2,
} tagged {
}}

crate::codec::message!(DeleteGroupsResponse<'a>, Response);
