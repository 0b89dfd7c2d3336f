//! `AddOffsetsToTxnRequest`: request of API AddOffsetsToTxn (25), versions 0 to 4. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `AddOffsetsToTxnRequest`: request of API AddOffsetsToTxn (25), versions 0 to 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddOffsetsToTxnRequest<'a> {
    /// `string`, versions 0 on.
    pub transactional_id: Cow<'a, str>,
    /// `int64`, versions 0 on.
    pub producer_id: i64,
    /// `int16`, versions 0 on.
    pub producer_epoch: i16,
    /// `string`, versions 0 on.
    pub group_id: Cow<'a, str>,
}

impl<'a> AddOffsetsToTxnRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 3;
    /// The API that this message belongs to (key 25).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AddOffsetsToTxn;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "AddOffsetsToTxnRequest", version });
        }
        let flexible = version >= 3;
        let this = Self {
            transactional_id: reader.string(flexible)?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            group_id: reader.string(flexible)?,
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
            return Err(EncodeError::UnsupportedVersion { message: "AddOffsetsToTxnRequest", version });
        }
        let flexible = version >= 3;
        writer.string(flexible, &self.transactional_id)?;
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        writer.string(flexible, &self.group_id)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AddOffsetsToTxnRequest<'a> {
    transactional_id: "transactionalId" 0..=4,
    producer_id: "producerId" 0..=4,
    producer_epoch: "producerEpoch" 0..=4,
    group_id: "groupId" 0..=4,
} tagged {
}}

crate::codec::message!(AddOffsetsToTxnRequest<'a>, Request);

impl<'a> Request<'a> for AddOffsetsToTxnRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::AddOffsetsToTxnResponse;
}
