//! `ShareGroupDescribeRequest`: request of API ShareGroupDescribe (77), version 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `ShareGroupDescribeRequest`: request of API ShareGroupDescribe (77), version 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupDescribeRequest<'a> {
    /// `[]string`, versions 1 on.
    pub group_ids: Vec<Cow<'a, str>>,
    /// `bool`, versions 1 on.
    pub include_authorized_operations: bool,
}

impl<'a> ShareGroupDescribeRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 1..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 1;
    /// The API that this message belongs to (key 77).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ShareGroupDescribe;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ShareGroupDescribeRequest", version });
        }
        let this = Self {
            group_ids: reader.array(true, 1, |reader| reader.string(true))?,
            include_authorized_operations: reader.bool()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "ShareGroupDescribeRequest", version });
        }
        writer.array(true, &self.group_ids, |writer, element| writer.string(true, element))?;
        writer.bool(self.include_authorized_operations);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ShareGroupDescribeRequest<'a> {
    group_ids: "groupIds" 1..=1,
    include_authorized_operations: "includeAuthorizedOperations" 1..=1,
} tagged {
}}

crate::codec::message!(ShareGroupDescribeRequest<'a>, Request);

impl<'a> Request<'a> for ShareGroupDescribeRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::ShareGroupDescribeResponse<'r>;
}
