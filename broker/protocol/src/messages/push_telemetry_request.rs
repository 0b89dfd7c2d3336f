//! `PushTelemetryRequest`: request of API PushTelemetry (72), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `PushTelemetryRequest`: request of API PushTelemetry (72), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushTelemetryRequest<'a> {
    /// `uuid`, versions 0 on.
    pub client_instance_id: Uuid,
    /// `int32`, versions 0 on.
    pub subscription_id: i32,
    /// `bool`, versions 0 on.
    pub terminating: bool,
    /// `int8`, versions 0 on.
    pub compression_type: i8,
    /// `bytes`, versions 0 on.
    pub metrics: Cow<'a, [u8]>,
}

impl<'a> PushTelemetryRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 72).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::PushTelemetry;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "PushTelemetryRequest", version });
        }
        let this = Self {
            client_instance_id: reader.uuid()?,
            subscription_id: reader.i32()?,
            terminating: reader.bool()?,
            compression_type: reader.i8()?,
            metrics: reader.bytes(true)?,
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
            return Err(EncodeError::UnsupportedVersion { message: "PushTelemetryRequest", version });
        }
        writer.uuid(self.client_instance_id);
        writer.i32(self.subscription_id);
        writer.bool(self.terminating);
        writer.i8(self.compression_type);
        writer.bytes_field(true, &self.metrics)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PushTelemetryRequest<'a> {
    client_instance_id: "clientInstanceId" 0..=0,
    subscription_id: "subscriptionId" 0..=0,
    terminating: "terminating" 0..=0,
    compression_type: "compressionType" 0..=0,
    metrics: "metrics" 0..=0,
} tagged {
}}

crate::codec::message!(PushTelemetryRequest<'a>, Request);

impl<'a> Request<'a> for PushTelemetryRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::PushTelemetryResponse;
}
