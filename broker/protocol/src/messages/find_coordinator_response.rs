//! `FindCoordinatorResponse`: response of API FindCoordinator (10), versions 0 to 6. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `FindCoordinatorResponse`: response of API FindCoordinator (10), versions 0 to 6.
#[derive(Clone, Debug, PartialEq)]
pub struct FindCoordinatorResponse<'a> {
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `[]Coordinator`, versions 4 on.
    pub coordinators: Vec<Coordinator<'a>>,
    /// `int16`, versions 0 to 3.
    pub error_code: i16,
    /// `string`, versions 1 to 3, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `int32`, versions 0 to 3.
    pub node_id: i32,
    /// `string`, versions 0 to 3.
    pub host: Cow<'a, str>,
    /// `int32`, versions 0 to 3.
    pub port: i32,
}

impl Default for FindCoordinatorResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            coordinators: Vec::new(),
            error_code: 0,
            error_message: Some(Cow::default()),
            node_id: 0,
            host: Cow::default(),
            port: 0,
        }
    }
}

impl<'a> FindCoordinatorResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=6;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 3;
    /// The API that this message belongs to (key 10).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::FindCoordinator;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "FindCoordinatorResponse", version });
        }
        let flexible = version >= 3;
        let this = Self {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            coordinators: if version >= 4 {
                reader.array(flexible, 14, |reader| Coordinator::decode(reader, version))?
            } else {
                Vec::new()
            },
            error_code: if version <= 3 { reader.i16()? } else { 0 },
            error_message: if (1..=3).contains(&version) {
                reader.nullable_string(flexible)?
            } else {
                Some(Cow::default())
            },
            node_id: if version <= 3 { reader.i32()? } else { 0 },
            host: if version <= 3 { reader.string(flexible)? } else { Cow::default() },
            port: if version <= 3 { reader.i32()? } else { 0 },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "FindCoordinatorResponse", version });
        }
        let flexible = version >= 3;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        if version >= 4 {
            writer.array(flexible, &self.coordinators, |writer, element| element.encode(writer, version))?;
        }
        if version <= 3 {
            writer.error_code(self.error_code);
        }
        if (1..=3).contains(&version) {
            writer.nullable_string(flexible, self.error_message.as_deref())?;
        }
        if version <= 3 {
            writer.i32(self.node_id);
        }
        if version <= 3 {
            writer.string(flexible, &self.host)?;
        }
        if version <= 3 {
            writer.i32(self.port);
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { FindCoordinatorResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 1..=6,
    coordinators: "coordinators" 4..=6,
    error_code: "errorCode" 0..=3,
    error_message: "errorMessage" 1..=3,
    node_id: "nodeId" 0..=3,
    host: "host" 0..=3,
    port: "port" 0..=3,
} tagged {
}}

/// Part of [`FindCoordinatorResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinator<'a> {
    /// `string`, versions 4 on.
    pub key: Cow<'a, str>,
    /// `int32`, versions 4 on.
    pub node_id: i32,
    /// `string`, versions 4 on.
    pub host: Cow<'a, str>,
    /// `int32`, versions 4 on.
    pub port: i32,
    /// `int16`, versions 4 on.
    pub error_code: i16,
    /// `string`, versions 4 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for Coordinator<'_> {
    fn default() -> Self {
        Self {
            key: Cow::default(),
            node_id: 0,
            host: Cow::default(),
            port: 0,
            error_code: 0,
            error_message: Some(Cow::default()),
        }
    }
}

impl<'a> Coordinator<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            key: reader.string(true)?,
            node_id: reader.i32()?,
            host: reader.string(true)?,
            port: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.key)?;
        writer.i32(self.node_id);
        writer.string(true, &self.host)?;
        writer.i32(self.port);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Coordinator<'a> {
    key: "key" 4..=6,
    node_id: "nodeId" 4..=6,
    host: "host" 4..=6,
    port: "port" 4..=6,
    error_code: "errorCode" 4..=6,
    error_message: "errorMessage" 4..=6,
} tagged {
}}

crate::codec::message!(FindCoordinatorResponse<'a>, Response);
