//! `ListGroupsRequest`: request of API ListGroups (16), versions 0 to 5. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `ListGroupsRequest`: request of API ListGroups (16), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListGroupsRequest<'a> {
    /// `[]string`, versions 4 on.
    pub states_filter: Vec<Cow<'a, str>>,
    /// `[]string`, versions 5 on.
    pub types_filter: Vec<Cow<'a, str>>,
}

impl<'a> ListGroupsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 3;
    /// The API that this message belongs to (key 16).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ListGroups;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ListGroupsRequest", version });
        }
        let flexible = version >= 3;
        let this = Self {
            states_filter: if version >= 4 {
                reader.array(flexible, 1, |reader| reader.string(flexible))?
            } else {
                Vec::new()
            },
            types_filter: if version >= 5 {
                reader.array(flexible, 1, |reader| reader.string(flexible))?
            } else {
                Vec::new()
            },
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
            return Err(EncodeError::UnsupportedVersion { message: "ListGroupsRequest", version });
        }
        let flexible = version >= 3;
        if version >= 4 {
            writer
                .array(flexible, &self.states_filter, |writer, element| writer.string(flexible, element))?;
        }
        if version >= 5 {
            writer.array(flexible, &self.types_filter, |writer, element| writer.string(flexible, element))?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ListGroupsRequest<'a> {
    states_filter: "statesFilter" 4..=5,
    types_filter: "typesFilter" 5..=5,
} tagged {
}}

crate::codec::message!(ListGroupsRequest<'a>, Request);

impl<'a> Request<'a> for ListGroupsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::ListGroupsResponse<'r>;
}
