//! `BrokerRegistrationRequest`: request of API BrokerRegistration (62), versions 0 to 4. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `BrokerRegistrationRequest`: request of API BrokerRegistration (62), versions 0 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerRegistrationRequest<'a> {
    /// `int32`, versions 0 on.
    pub broker_id: i32,
    /// `string`, versions 0 on.
    pub cluster_id: Cow<'a, str>,
    /// `uuid`, versions 0 on.
    pub incarnation_id: Uuid,
    /// `[]Listener`, versions 0 on.
    pub listeners: Vec<Listener<'a>>,
    /// `[]Feature`, versions 0 on.
    pub features: Vec<Feature<'a>>,
    /// `string`, versions 0 on, nullable.
    pub rack: Option<Cow<'a, str>>,
    /// `bool`, versions 1 on.
    pub is_migrating_zk_broker: bool,
    /// `[]uuid`, versions 2 on.
    pub log_dirs: Vec<Uuid>,
    /// `int64`, versions 3 on, default -1.
    pub previous_broker_epoch: i64,
}

impl Default for BrokerRegistrationRequest<'_> {
    fn default() -> Self {
        Self {
            broker_id: 0,
            cluster_id: Cow::default(),
            incarnation_id: Uuid::nil(),
            listeners: Vec::new(),
            features: Vec::new(),
            rack: Some(Cow::default()),
            is_migrating_zk_broker: false,
            log_dirs: Vec::new(),
            previous_broker_epoch: -1,
        }
    }
}

impl<'a> BrokerRegistrationRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 62).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::BrokerRegistration;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "BrokerRegistrationRequest", version });
        }
        let this = Self {
            broker_id: reader.i32()?,
            cluster_id: reader.string(true)?,
            incarnation_id: reader.uuid()?,
            listeners: reader.array(true, 7, |reader| Listener::decode(reader, version))?,
            features: reader.array(true, 6, |reader| Feature::decode(reader, version))?,
            rack: reader.nullable_string(true)?,
            is_migrating_zk_broker: if version >= 1 { reader.bool()? } else { false },
            log_dirs: if version >= 2 { reader.array(true, 16, Reader::uuid)? } else { Vec::new() },
            previous_broker_epoch: if version >= 3 { reader.i64()? } else { -1 },
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
            return Err(EncodeError::UnsupportedVersion { message: "BrokerRegistrationRequest", version });
        }
        writer.i32(self.broker_id);
        writer.string(true, &self.cluster_id)?;
        writer.uuid(self.incarnation_id);
        writer.array(true, &self.listeners, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.features, |writer, element| element.encode(writer, version))?;
        writer.nullable_string(true, self.rack.as_deref())?;
        if version >= 1 {
            writer.bool(self.is_migrating_zk_broker);
        }
        if version >= 2 {
            writer.scalars(true, &self.log_dirs, Writer::uuid)?;
        }
        if version >= 3 {
            writer.i64(self.previous_broker_epoch);
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { BrokerRegistrationRequest<'a> {
    broker_id: "brokerId" 0..=4,
    cluster_id: "clusterId" 0..=4,
    incarnation_id: "incarnationId" 0..=4,
    listeners: "listeners" 0..=4,
    features: "features" 0..=4,
    rack: "rack" 0..=4,
    is_migrating_zk_broker: "isMigratingZkBroker" 1..=4,
    log_dirs: "logDirs" 2..=4,
    previous_broker_epoch: "previousBrokerEpoch" 3..=4,
} tagged {
}}

/// Part of [`BrokerRegistrationRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub host: Cow<'a, str>,
    /// `uint16`, versions 0 on.
    pub port: u16,
    /// `int16`, versions 0 on.
    pub security_protocol: i16,
}

impl<'a> Listener<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            name: reader.string(true)?,
            host: reader.string(true)?,
            port: reader.u16()?,
            security_protocol: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.string(true, &self.host)?;
        writer.u16(self.port);
        writer.i16(self.security_protocol);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Listener<'a> {
    name: "name" 0..=4,
    host: "host" 0..=4,
    port: "port" 0..=4,
    security_protocol: "securityProtocol" 0..=4,
} tagged {
}}

/// Part of [`BrokerRegistrationRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feature<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `int16`, versions 0 on.
    pub min_supported_version: i16,
    /// `int16`, versions 0 on.
    pub max_supported_version: i16,
}

impl<'a> Feature<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            name: reader.string(true)?,
            min_supported_version: reader.i16()?,
            max_supported_version: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.i16(self.min_supported_version);
        writer.i16(self.max_supported_version);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Feature<'a> {
    name: "name" 0..=4,
    min_supported_version: "minSupportedVersion" 0..=4,
    max_supported_version: "maxSupportedVersion" 0..=4,
} tagged {
}}

crate::codec::message!(BrokerRegistrationRequest<'a>, Request);

impl<'a> Request<'a> for BrokerRegistrationRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::BrokerRegistrationResponse;
}
