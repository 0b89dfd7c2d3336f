//! `EndTxnRequest`: request of API EndTxn (26), versions 0 to 5. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `EndTxnRequest`: request of API EndTxn (26), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndTxnRequest<'a> {
    /// `string`, versions 0 on.
    pub transactional_id: Cow<'a, str>,
    /// `int64`, versions 0 on.
    pub producer_id: i64,
    /// `int16`, versions 0 on.
    pub producer_epoch: i16,
    /// `bool`, versions 0 on.
    pub committed: bool,
}

impl<'a> EndTxnRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 3;
    /// The API that this message belongs to (key 26).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::EndTxn;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "EndTxnRequest", version });
        }
        let flexible = version >= 3;
        let this = Self {
            transactional_id: reader.string(flexible)?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            committed: reader.bool()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "EndTxnRequest", version });
        }
        let flexible = version >= 3;
        writer.string(flexible, &self.transactional_id)?;
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        writer.bool(self.committed);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { EndTxnRequest<'a> {
    transactional_id: "transactionalId" 0..=5,
    producer_id: "producerId" 0..=5,
    producer_epoch: "producerEpoch" 0..=5,
    committed: "committed" 0..=5,
} tagged {
}}

crate::codec::message!(EndTxnRequest<'a>, Request);

impl<'a> Request<'a> for EndTxnRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::EndTxnResponse;
}
