//! `DescribeClientQuotasResponse`: response of API DescribeClientQuotas (48), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `DescribeClientQuotasResponse`: response of API DescribeClientQuotas (48), versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClientQuotasResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]EntryData`, versions 0 on, nullable.
    pub entries: Option<Vec<EntryData<'a>>>,
}

impl Default for DescribeClientQuotasResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Cow::default()),
            entries: Some(Vec::new()),
        }
    }
}

impl<'a> DescribeClientQuotasResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 1;
    /// The API that this message belongs to (key 48).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeClientQuotas;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DescribeClientQuotasResponse", version });
        }
        let flexible = version >= 1;
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            entries: reader.nullable_array(flexible, 3, |reader| EntryData::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeClientQuotasResponse", version });
        }
        let flexible = version >= 1;
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        writer.nullable_array(flexible, self.entries.as_deref(), |writer, element| {
            element.encode(writer, version)
        })?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeClientQuotasResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=1,
    error_code: "errorCode" 0..=1,
    error_message: "errorMessage" 0..=1,
    entries: "entries" 0..=1,
} tagged {
}}

/// Part of [`DescribeClientQuotasResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct EntityData<'a> {
    /// `string`, versions 0 on.
    pub entity_type: Cow<'a, str>,
    /// `string`, versions 0 on, nullable.
    pub entity_name: Option<Cow<'a, str>>,
}

impl Default for EntityData<'_> {
    fn default() -> Self {
        Self { entity_type: Cow::default(), entity_name: Some(Cow::default()) }
    }
}

impl<'a> EntityData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let this =
            Self { entity_type: reader.string(flexible)?, entity_name: reader.nullable_string(flexible)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.string(flexible, &self.entity_type)?;
        writer.nullable_string(flexible, self.entity_name.as_deref())?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { EntityData<'a> {
    entity_type: "entityType" 0..=1,
    entity_name: "entityName" 0..=1,
} tagged {
}}

/// Part of [`DescribeClientQuotasResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValueData<'a> {
    /// `string`, versions 0 on.
    pub key: Cow<'a, str>,
    /// `float64`, versions 0 on.
    pub value: f64,
}

impl<'a> ValueData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let this = Self { key: reader.string(flexible)?, value: reader.f64()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.string(flexible, &self.key)?;
        writer.f64(self.value);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ValueData<'a> {
    key: "key" 0..=1,
    value: "value" 0..=1,
} tagged {
}}

/// Part of [`DescribeClientQuotasResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryData<'a> {
    /// `[]EntityData`, versions 0 on.
    pub entity: Vec<EntityData<'a>>,
    /// `[]ValueData`, versions 0 on.
    pub values: Vec<ValueData<'a>>,
}

impl<'a> EntryData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let this = Self {
            entity: reader.array(flexible, 3, |reader| EntityData::decode(reader, version))?,
            values: reader.array(flexible, 10, |reader| ValueData::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.array(flexible, &self.entity, |writer, element| element.encode(writer, version))?;
        writer.array(flexible, &self.values, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { EntryData<'a> {
    entity: "entity" 0..=1,
    values: "values" 0..=1,
} tagged {
}}

crate::codec::message!(DescribeClientQuotasResponse<'a>, Response);
