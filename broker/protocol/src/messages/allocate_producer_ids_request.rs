//! `AllocateProducerIdsRequest`: request of API AllocateProducerIds (67), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `AllocateProducerIdsRequest`: request of API AllocateProducerIds (67), version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AllocateProducerIdsRequest {
    /// `int32`, versions 0 on.
    pub broker_id: i32,
    /// `int64`, versions 0 on, default -1.
    pub broker_epoch: i64,
}

impl Default for AllocateProducerIdsRequest {
    fn default() -> Self {
        Self { broker_id: 0, broker_epoch: -1 }
    }
}

impl AllocateProducerIdsRequest {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 67).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AllocateProducerIds;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "AllocateProducerIdsRequest", version });
        }
        let this = Self { broker_id: reader.i32()?, broker_epoch: reader.i64()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "AllocateProducerIdsRequest", version });
        }
        writer.i32(self.broker_id);
        writer.i64(self.broker_epoch);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AllocateProducerIdsRequest {
    broker_id: "brokerId" 0..=0,
    broker_epoch: "brokerEpoch" 0..=0,
} tagged {
}}

crate::codec::message!(AllocateProducerIdsRequest, Request);

impl<'a> Request<'a> for AllocateProducerIdsRequest {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::AllocateProducerIdsResponse;
}
