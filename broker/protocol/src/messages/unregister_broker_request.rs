//! `UnregisterBrokerRequest`: request of API UnregisterBroker (64), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `UnregisterBrokerRequest`: request of API UnregisterBroker (64), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnregisterBrokerRequest {
    /// `int32`, versions 0 on.
    pub broker_id: i32,
}

impl UnregisterBrokerRequest {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 64).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::UnregisterBroker;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "UnregisterBrokerRequest", version });
        }
        let this = Self { broker_id: reader.i32()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "UnregisterBrokerRequest", version });
        }
        writer.i32(self.broker_id);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { UnregisterBrokerRequest {
    broker_id: "brokerId" 0..=0,
} tagged {
}}

crate::codec::message!(UnregisterBrokerRequest, Request);

impl<'a> Request<'a> for UnregisterBrokerRequest {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::UnregisterBrokerResponse<'r>;
}
