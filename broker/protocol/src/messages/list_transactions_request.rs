//! `ListTransactionsRequest`: request of API ListTransactions (66), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `ListTransactionsRequest`: request of API ListTransactions (66), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ListTransactionsRequest<'a> {
    /// `[]string`, versions 0 on.
    pub state_filters: Vec<Cow<'a, str>>,
    /// `[]int64`, versions 0 on.
    pub producer_id_filters: Vec<i64>,
    /// `int64`, versions 1 on, default -1.
    pub duration_filter: i64,
    /// `string`, versions 2 on, nullable.
    pub transactional_id_pattern: Option<Cow<'a, str>>,
}

impl Default for ListTransactionsRequest<'_> {
    fn default() -> Self {
        Self {
            state_filters: Vec::new(),
            producer_id_filters: Vec::new(),
            duration_filter: -1,
            transactional_id_pattern: None,
        }
    }
}

impl<'a> ListTransactionsRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 66).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ListTransactions;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ListTransactionsRequest", version });
        }
        let this = Self {
            state_filters: reader.array(true, 1, |reader| reader.string(true))?,
            producer_id_filters: reader.array(true, 8, Reader::i64)?,
            duration_filter: if version >= 1 { reader.i64()? } else { -1 },
            transactional_id_pattern: if version >= 2 { reader.nullable_string(true)? } else { None },
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
            return Err(EncodeError::UnsupportedVersion { message: "ListTransactionsRequest", version });
        }
        writer.array(true, &self.state_filters, |writer, element| writer.string(true, element))?;
        writer.scalars(true, &self.producer_id_filters, Writer::i64)?;
        if version >= 1 {
            writer.i64(self.duration_filter);
        }
        if version >= 2 {
            writer.nullable_string(true, self.transactional_id_pattern.as_deref())?;
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ListTransactionsRequest<'a> {
    state_filters: "stateFilters" 0..=2,
    producer_id_filters: "producerIdFilters" 0..=2,
    duration_filter: "durationFilter" 1..=2,
    transactional_id_pattern: "transactionalIdPattern" 2..=2,
} tagged {
}}

crate::codec::message!(ListTransactionsRequest<'a>, Request);

impl<'a> Request<'a> for ListTransactionsRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::ListTransactionsResponse<'r>;
}
