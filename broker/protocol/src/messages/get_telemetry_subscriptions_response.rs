//! `GetTelemetrySubscriptionsResponse`: response of API GetTelemetrySubscriptions (71), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::types::Uuid;

/// `GetTelemetrySubscriptionsResponse`: response of API GetTelemetrySubscriptions (71), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTelemetrySubscriptionsResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `uuid`, versions 0 on.
    pub client_instance_id: Uuid,
    /// `int32`, versions 0 on.
    pub subscription_id: i32,
    /// `[]int8`, versions 0 on.
    pub accepted_compression_types: Vec<i8>,
    /// `int32`, versions 0 on.
    pub push_interval_ms: i32,
    /// `int32`, versions 0 on.
    pub telemetry_max_bytes: i32,
    /// `bool`, versions 0 on.
    pub delta_temporality: bool,
    /// `[]string`, versions 0 on.
    pub requested_metrics: Vec<Cow<'a, str>>,
}

impl<'a> GetTelemetrySubscriptionsResponse<'a> {
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
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "GetTelemetrySubscriptionsResponse",
                version,
            });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            client_instance_id: reader.uuid()?,
            subscription_id: reader.i32()?,
            accepted_compression_types: reader.array(true, 1, Reader::i8)?,
            push_interval_ms: reader.i32()?,
            telemetry_max_bytes: reader.i32()?,
            delta_temporality: reader.bool()?,
            requested_metrics: reader.array(true, 1, |reader| reader.string(true))?,
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
            return Err(EncodeError::UnsupportedVersion {
                message: "GetTelemetrySubscriptionsResponse",
                version,
            });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.uuid(self.client_instance_id);
        writer.i32(self.subscription_id);
        writer.scalars(true, &self.accepted_compression_types, Writer::i8)?;
        writer.i32(self.push_interval_ms);
        writer.i32(self.telemetry_max_bytes);
        writer.bool(self.delta_temporality);
        writer.array(true, &self.requested_metrics, |writer, element| writer.string(true, element))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { GetTelemetrySubscriptionsResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=0,
    error_code: "errorCode" 0..=0,
    client_instance_id: "clientInstanceId" 0..=0,
    subscription_id: "subscriptionId" 0..=0,
    accepted_compression_types: "acceptedCompressionTypes" 0..=0,
    push_interval_ms: "pushIntervalMs" 0..=0,
    telemetry_max_bytes: "telemetryMaxBytes" 0..=0,
    delta_temporality: "deltaTemporality" 0..=0,
    requested_metrics: "requestedMetrics" 0..=0,
} tagged {
}}

crate::codec::message!(GetTelemetrySubscriptionsResponse<'a>, Response);
