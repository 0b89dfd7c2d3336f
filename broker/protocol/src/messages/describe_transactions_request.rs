//! `DescribeTransactionsRequest`: request of API DescribeTransactions (65), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DescribeTransactionsRequest`: request of API DescribeTransactions (65), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTransactionsRequest<'a> {
    /// `[]string`, versions 0 on.
    pub transactional_ids: Vec<Cow<'a, str>>,
}

impl<'a> DescribeTransactionsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 65).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeTransactions;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DescribeTransactionsRequest", version });
        }
        let this = Self { transactional_ids: reader.array(true, 1, |reader| reader.string(true))? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "DescribeTransactionsRequest", version });
        }
        writer.array(true, &self.transactional_ids, |writer, element| writer.string(true, element))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeTransactionsRequest<'a> {
    transactional_ids: "transactionalIds" 0..=0,
} tagged {
}}

crate::codec::message!(DescribeTransactionsRequest<'a>, Request);

impl<'a> Request<'a> for DescribeTransactionsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DescribeTransactionsResponse<'r>;
}
