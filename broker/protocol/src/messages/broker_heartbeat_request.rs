//! `BrokerHeartbeatRequest`: request of API BrokerHeartbeat (63), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `BrokerHeartbeatRequest`: request of API BrokerHeartbeat (63), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerHeartbeatRequest {
    /// `int32`, versions 0 on.
    pub broker_id: i32,
    /// `int64`, versions 0 on, default -1.
    pub broker_epoch: i64,
    /// `int64`, versions 0 on.
    pub current_metadata_offset: i64,
    /// `bool`, versions 0 on.
    pub want_fence: bool,
    /// `bool`, versions 0 on.
    pub want_shut_down: bool,
    /// `[]uuid`, versions 1 on, tag 0.
    pub offline_log_dirs: Vec<Uuid>,
    /// `[]uuid`, versions 2 on, tag 1, nullable.
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

impl Default for BrokerHeartbeatRequest {
    fn default() -> Self {
        Self {
            broker_id: 0,
            broker_epoch: -1,
            current_metadata_offset: 0,
            want_fence: false,
            want_shut_down: false,
            offline_log_dirs: Vec::new(),
            cordoned_log_dirs: None,
        }
    }
}

impl BrokerHeartbeatRequest {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 63).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::BrokerHeartbeat;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "BrokerHeartbeatRequest", version });
        }
        let mut this = Self {
            broker_id: reader.i32()?,
            broker_epoch: reader.i64()?,
            current_metadata_offset: reader.i64()?,
            want_fence: reader.bool()?,
            want_shut_down: reader.bool()?,
            offline_log_dirs: Vec::new(),
            cordoned_log_dirs: None,
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 if version >= 1 => this.offline_log_dirs = reader.array(true, 16, Reader::uuid)?,
                1 if version >= 2 => {
                    this.cordoned_log_dirs = reader.nullable_array(true, 16, Reader::uuid)?
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "BrokerHeartbeatRequest", version });
        }
        writer.i32(self.broker_id);
        writer.i64(self.broker_epoch);
        writer.i64(self.current_metadata_offset);
        writer.bool(self.want_fence);
        writer.bool(self.want_shut_down);
        let mut tags = writer.begin_tags();
        if version >= 1 && !self.offline_log_dirs.is_empty() {
            writer.tag(&mut tags, 0, |writer| {
                writer.scalars(true, &self.offline_log_dirs, Writer::uuid)?;
                Ok(())
            })?;
        }
        if version >= 2 && self.cordoned_log_dirs.is_some() {
            writer.tag(&mut tags, 1, |writer| {
                writer.nullable_scalars(true, self.cordoned_log_dirs.as_deref(), Writer::uuid)?;
                Ok(())
            })?;
        }
        writer.end_tags(tags);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { BrokerHeartbeatRequest {
    broker_id: "brokerId" 0..=2,
    broker_epoch: "brokerEpoch" 0..=2,
    current_metadata_offset: "currentMetadataOffset" 0..=2,
    want_fence: "wantFence" 0..=2,
    want_shut_down: "wantShutDown" 0..=2,
} tagged {
    offline_log_dirs: "offlineLogDirs" 1..=2,
    cordoned_log_dirs: "cordonedLogDirs" 2..=2,
}}

crate::codec::message!(BrokerHeartbeatRequest, Request);

impl<'a> Request<'a> for BrokerHeartbeatRequest {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::BrokerHeartbeatResponse;
}
