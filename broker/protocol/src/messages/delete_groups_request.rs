//! `DeleteGroupsRequest`: request of API DeleteGroups (42), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DeleteGroupsRequest`: request of API DeleteGroups (42), versions 0 to 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteGroupsRequest<'a> {
    /// `[]string`, versions 0 on.
    pub groups_names: Vec<Cow<'a, str>>,
}

impl<'a> DeleteGroupsRequest<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "DeleteGroupsRequest", version });
        }
        let flexible = version >= 2;
        let this = Self { groups_names: reader.array(flexible, 1, |reader| reader.string(flexible))? };
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
            return Err(EncodeError::UnsupportedVersion { message: "DeleteGroupsRequest", version });
        }
        let flexible = version >= 2;
        writer.array(flexible, &self.groups_names, |writer, element| writer.string(flexible, element))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DeleteGroupsRequest<'a> {
    groups_names: "groupsNames" 0..=2,
} tagged {
}}

crate::codec::message!(DeleteGroupsRequest<'a>, Request);

impl<'a> Request<'a> for DeleteGroupsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DeleteGroupsResponse<'r>;
}
