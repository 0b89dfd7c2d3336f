//! `DescribeClusterRequest`: request of API DescribeCluster (60), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DescribeClusterRequest`: request of API DescribeCluster (60), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClusterRequest {
    /// `bool`, versions 0 on.
    pub include_cluster_authorized_operations: bool,
    /// `int8`, versions 1 on, default 1.
    pub endpoint_type: i8,
    /// `bool`, versions 2 on.
    pub include_fenced_brokers: bool,
}

impl Default for DescribeClusterRequest {
    fn default() -> Self {
        Self { include_cluster_authorized_operations: false, endpoint_type: 1, include_fenced_brokers: false }
    }
}

impl DescribeClusterRequest {
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
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DescribeClusterRequest", version });
        }
        let this = Self {
            include_cluster_authorized_operations: reader.bool()?,
            endpoint_type: if version >= 1 { reader.i8()? } else { 1 },
            include_fenced_brokers: if version >= 2 { reader.bool()? } else { false },
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeClusterRequest", version });
        }
        writer.bool(self.include_cluster_authorized_operations);
        if version >= 1 {
            writer.i8(self.endpoint_type);
        }
        if version >= 2 {
            writer.bool(self.include_fenced_brokers);
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeClusterRequest {
    include_cluster_authorized_operations: "includeClusterAuthorizedOperations" 0..=2,
    endpoint_type: "endpointType" 1..=2,
    include_fenced_brokers: "includeFencedBrokers" 2..=2,
} tagged {
}}

crate::codec::message!(DescribeClusterRequest, Request);

impl<'a> Request<'a> for DescribeClusterRequest {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DescribeClusterResponse<'r>;
}
