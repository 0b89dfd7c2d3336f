//! `DescribeClusterResponse`: response of API DescribeCluster (60), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `DescribeClusterResponse`: response of API DescribeCluster (60), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClusterResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `int8`, versions 1 on, default 1.
    pub endpoint_type: i8,
    /// `string`, versions 0 on.
    pub cluster_id: Cow<'a, str>,
    /// `int32`, versions 0 on, default -1.
    pub controller_id: i32,
    /// `[]DescribeClusterBroker`, versions 0 on.
    pub brokers: Vec<DescribeClusterBroker<'a>>,
    /// `int32`, versions 0 on, default -2147483648.
    pub cluster_authorized_operations: i32,
}

impl Default for DescribeClusterResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            endpoint_type: 1,
            cluster_id: Cow::default(),
            controller_id: -1,
            brokers: Vec::new(),
            cluster_authorized_operations: i32::MIN,
        }
    }
}

impl<'a> DescribeClusterResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 60).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeCluster;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DescribeClusterResponse", version });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            endpoint_type: if version >= 1 { reader.i8()? } else { 1 },
            cluster_id: reader.string(true)?,
            controller_id: reader.i32()?,
            brokers: reader.array(true, 11, |reader| DescribeClusterBroker::decode(reader, version))?,
            cluster_authorized_operations: reader.i32()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeClusterResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        if version >= 1 {
            writer.i8(self.endpoint_type);
        }
        writer.string(true, &self.cluster_id)?;
        writer.i32(self.controller_id);
        writer.array(true, &self.brokers, |writer, element| element.encode(writer, version))?;
        writer.i32(self.cluster_authorized_operations);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeClusterResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=2,
    error_code: "errorCode" 0..=2,
    error_message: "errorMessage" 0..=2,
    endpoint_type: "endpointType" 1..=2,
    cluster_id: "clusterId" 0..=2,
    controller_id: "controllerId" 0..=2,
    brokers: "brokers" 0..=2,
    cluster_authorized_operations: "clusterAuthorizedOperations" 0..=2,
} tagged {
}}

/// Part of [`DescribeClusterResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeClusterBroker<'a> {
    /// `int32`, versions 0 on.
    pub broker_id: i32,
    /// `string`, versions 0 on.
    pub host: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub port: i32,
    /// `string`, versions 0 on, nullable.
    pub rack: Option<Cow<'a, str>>,
    /// `bool`, versions 2 on.
    pub is_fenced: bool,
}

impl<'a> DescribeClusterBroker<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            broker_id: reader.i32()?,
            host: reader.string(true)?,
            port: reader.i32()?,
            rack: reader.nullable_string(true)?,
            is_fenced: if version >= 2 { reader.bool()? } else { false },
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.broker_id);
        writer.string(true, &self.host)?;
        writer.i32(self.port);
        writer.nullable_string(true, self.rack.as_deref())?;
        if version >= 2 {
            writer.bool(self.is_fenced);
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeClusterBroker<'a> {
    broker_id: "brokerId" 0..=2,
    host: "host" 0..=2,
    port: "port" 0..=2,
    rack: "rack" 0..=2,
    is_fenced: "isFenced" 2..=2,
} tagged {
}}

crate::codec::message!(DescribeClusterResponse<'a>, Response);
