//! `GetTelemetrySubscriptionsRequest`: request of API GetTelemetrySubscriptions (71), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `GetTelemetrySubscriptionsRequest`: request of API GetTelemetrySubscriptions (71), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTelemetrySubscriptionsRequest {
    /// `uuid`, versions 0 on.
    pub client_instance_id: Uuid,
}

impl GetTelemetrySubscriptionsRequest {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 71).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::GetTelemetrySubscriptions;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "GetTelemetrySubscriptionsRequest",
                version,
            });
        }
        let this = Self { client_instance_id: reader.uuid()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion {
                message: "GetTelemetrySubscriptionsRequest",
                version,
            });
        }
        writer.uuid(self.client_instance_id);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { GetTelemetrySubscriptionsRequest {
    client_instance_id: "clientInstanceId" 0..=0,
} tagged {
}}

crate::codec::message!(GetTelemetrySubscriptionsRequest, Request);

impl<'a> Request<'a> for GetTelemetrySubscriptionsRequest {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::GetTelemetrySubscriptionsResponse<'r>;
}
