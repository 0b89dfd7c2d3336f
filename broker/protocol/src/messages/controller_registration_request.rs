//! `ControllerRegistrationRequest`: request of API ControllerRegistration (70), version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `ControllerRegistrationRequest`: request of API ControllerRegistration (70), version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ControllerRegistrationRequest<'a> {
    /// `int32`, versions 0 on.
    pub controller_id: i32,
    /// `uuid`, versions 0 on.
    pub incarnation_id: Uuid,
    /// `bool`, versions 0 on.
    pub zk_migration_ready: bool,
    /// `[]Listener`, versions 0 on.
    pub listeners: Vec<Listener<'a>>,
    /// `[]Feature`, versions 0 on.
    pub features: Vec<Feature<'a>>,
}

impl<'a> ControllerRegistrationRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 70).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ControllerRegistration;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "ControllerRegistrationRequest",
                version,
            });
        }
        let this = Self {
            controller_id: reader.i32()?,
            incarnation_id: reader.uuid()?,
            zk_migration_ready: reader.bool()?,
            listeners: reader.array(true, 7, |reader| Listener::decode(reader, version))?,
            features: reader.array(true, 6, |reader| Feature::decode(reader, version))?,
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
                message: "ControllerRegistrationRequest",
                version,
            });
        }
        writer.i32(self.controller_id);
        writer.uuid(self.incarnation_id);
        writer.bool(self.zk_migration_ready);
        writer.array(true, &self.listeners, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.features, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ControllerRegistrationRequest<'a> {
    controller_id: "controllerId" 0..=0,
    incarnation_id: "incarnationId" 0..=0,
    zk_migration_ready: "zkMigrationReady" 0..=0,
    listeners: "listeners" 0..=0,
    features: "features" 0..=0,
} tagged {
}}

/// Part of [`ControllerRegistrationRequest`].
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
    name: "name" 0..=0,
    host: "host" 0..=0,
    port: "port" 0..=0,
    security_protocol: "securityProtocol" 0..=0,
} tagged {
}}

/// Part of [`ControllerRegistrationRequest`].
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
    name: "name" 0..=0,
    min_supported_version: "minSupportedVersion" 0..=0,
    max_supported_version: "maxSupportedVersion" 0..=0,
} tagged {
}}

crate::codec::message!(ControllerRegistrationRequest<'a>, Request);

impl<'a> Request<'a> for ControllerRegistrationRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::ControllerRegistrationResponse<'r>;
}
