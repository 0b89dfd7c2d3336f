//! `DescribeGroupsRequest`: request of API DescribeGroups (15), versions 0 to 6. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DescribeGroupsRequest`: request of API DescribeGroups (15), versions 0 to 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeGroupsRequest<'a> {
    /// `[]string`, versions 0 on.
    pub groups: Vec<Cow<'a, str>>,
    /// `bool`, versions 3 on.
    pub include_authorized_operations: bool,
}

impl<'a> DescribeGroupsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=6;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 5;
    /// The API that this message belongs to (key 15).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeGroups;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DescribeGroupsRequest", version });
        }
        let flexible = version >= 5;
        let this = Self {
            groups: reader.array(flexible, 1, |reader| reader.string(flexible))?,
            include_authorized_operations: if version >= 3 { reader.bool()? } else { false },
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeGroupsRequest", version });
        }
        let flexible = version >= 5;
        writer.array(flexible, &self.groups, |writer, element| writer.string(flexible, element))?;
        if version >= 3 {
            writer.bool(self.include_authorized_operations);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeGroupsRequest<'a> {
    groups: "groups" 0..=6,
    include_authorized_operations: "includeAuthorizedOperations" 3..=6,
} tagged {
}}

crate::codec::message!(DescribeGroupsRequest<'a>, Request);

impl<'a> Request<'a> for DescribeGroupsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DescribeGroupsResponse<'r>;
}
