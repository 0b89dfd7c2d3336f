//! `StreamsGroupMemberMetadataValue`: data record of type 19, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `StreamsGroupMemberMetadataValue`: data record of type 19, version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupMemberMetadataValue<'a> {
    /// `string`, versions 0 on, nullable.
    pub instance_id: Option<Cow<'a, str>>,
    /// `string`, versions 0 on, nullable.
    pub rack_id: Option<Cow<'a, str>>,
    /// `string`, versions 0 on.
    pub client_id: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub client_host: Cow<'a, str>,
    /// `int32`, versions 0 on, default -1.
    pub rebalance_timeout_ms: i32,
    /// `int32`, versions 0 on.
    pub topology_epoch: i32,
    /// `string`, versions 0 on.
    pub process_id: Cow<'a, str>,
    /// `Endpoint`, versions 0 on, nullable.
    pub user_endpoint: Option<Endpoint<'a>>,
    /// `[]KeyValue`, versions 0 on.
    pub client_tags: Vec<KeyValue<'a>>,
}

impl Default for StreamsGroupMemberMetadataValue<'_> {
    fn default() -> Self {
        Self {
            instance_id: Some(Cow::default()),
            rack_id: Some(Cow::default()),
            client_id: Cow::default(),
            client_host: Cow::default(),
            rebalance_timeout_ms: -1,
            topology_epoch: 0,
            process_id: Cow::default(),
            user_endpoint: None,
            client_tags: Vec::new(),
        }
    }
}

impl<'a> StreamsGroupMemberMetadataValue<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 19;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "StreamsGroupMemberMetadataValue",
                version,
            });
        }
        let this = Self {
            instance_id: reader.nullable_string(true)?,
            rack_id: reader.nullable_string(true)?,
            client_id: reader.string(true)?,
            client_host: reader.string(true)?,
            rebalance_timeout_ms: reader.i32()?,
            topology_epoch: reader.i32()?,
            process_id: reader.string(true)?,
            user_endpoint: reader.nullable_struct(|reader| Endpoint::decode(reader, version))?,
            client_tags: reader.array(true, 3, |reader| KeyValue::decode(reader, version))?,
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
                message: "StreamsGroupMemberMetadataValue",
                version,
            });
        }
        writer.nullable_string(true, self.instance_id.as_deref())?;
        writer.nullable_string(true, self.rack_id.as_deref())?;
        writer.string(true, &self.client_id)?;
        writer.string(true, &self.client_host)?;
        writer.i32(self.rebalance_timeout_ms);
        writer.i32(self.topology_epoch);
        writer.string(true, &self.process_id)?;
        writer.nullable_struct(self.user_endpoint.as_ref(), |writer, value| value.encode(writer, version))?;
        writer.array(true, &self.client_tags, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { StreamsGroupMemberMetadataValue<'a> {
    instance_id: "instanceId" 0..=0,
    rack_id: "rackId" 0..=0,
    client_id: "clientId" 0..=0,
    client_host: "clientHost" 0..=0,
    rebalance_timeout_ms: "rebalanceTimeoutMs" 0..=0,
    topology_epoch: "topologyEpoch" 0..=0,
    process_id: "processId" 0..=0,
    user_endpoint: "userEndpoint" 0..=0,
    client_tags: "clientTags" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupMemberMetadataValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint<'a> {
    /// `string`, versions 0 on.
    pub host: Cow<'a, str>,
    /// `uint16`, versions 0 on.
    pub port: u16,
}

impl<'a> Endpoint<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { host: reader.string(true)?, port: reader.u16()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.host)?;
        writer.u16(self.port);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Endpoint<'a> {
    host: "host" 0..=0,
    port: "port" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupMemberMetadataValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyValue<'a> {
    /// `string`, versions 0 on.
    pub key: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub value: Cow<'a, str>,
}

impl<'a> KeyValue<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { key: reader.string(true)?, value: reader.string(true)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.key)?;
        writer.string(true, &self.value)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { KeyValue<'a> {
    key: "key" 0..=0,
    value: "value" 0..=0,
} tagged {
}}

crate::codec::message!(StreamsGroupMemberMetadataValue<'a>, Data);
