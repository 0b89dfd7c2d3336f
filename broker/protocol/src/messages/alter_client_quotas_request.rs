//! `AlterClientQuotasRequest`: request of API AlterClientQuotas (49), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `AlterClientQuotasRequest`: request of API AlterClientQuotas (49), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterClientQuotasRequest<'a> {
    /// `[]EntryData`, versions 0 on.
    pub entries: Vec<EntryData<'a>>,
    /// `bool`, versions 0 on.
    pub validate_only: bool,
}

impl<'a> AlterClientQuotasRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 1;
    /// The API that this message belongs to (key 49).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AlterClientQuotas;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "AlterClientQuotasRequest", version });
        }
        let flexible = version >= 1;
        let this = Self {
            entries: reader.array(flexible, 3, |reader| EntryData::decode(reader, version))?,
            validate_only: reader.bool()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "AlterClientQuotasRequest", version });
        }
        let flexible = version >= 1;
        writer.array(flexible, &self.entries, |writer, element| element.encode(writer, version))?;
        writer.bool(self.validate_only);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterClientQuotasRequest<'a> {
    entries: "entries" 0..=1,
    validate_only: "validateOnly" 0..=1,
} tagged {
}}

/// Part of [`AlterClientQuotasRequest`].
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

/// Part of [`AlterClientQuotasRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpData<'a> {
    /// `string`, versions 0 on.
    pub key: Cow<'a, str>,
    /// `float64`, versions 0 on.
    pub value: f64,
    /// `bool`, versions 0 on.
    pub remove: bool,
}

impl<'a> OpData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let this = Self { key: reader.string(flexible)?, value: reader.f64()?, remove: reader.bool()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.string(flexible, &self.key)?;
        writer.f64(self.value);
        writer.bool(self.remove);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { OpData<'a> {
    key: "key" 0..=1,
    value: "value" 0..=1,
    remove: "remove" 0..=1,
} tagged {
}}

/// Part of [`AlterClientQuotasRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryData<'a> {
    /// `[]EntityData`, versions 0 on.
    pub entity: Vec<EntityData<'a>>,
    /// `[]OpData`, versions 0 on.
    pub ops: Vec<OpData<'a>>,
}

impl<'a> EntryData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let this = Self {
            entity: reader.array(flexible, 3, |reader| EntityData::decode(reader, version))?,
            ops: reader.array(flexible, 11, |reader| OpData::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.array(flexible, &self.entity, |writer, element| element.encode(writer, version))?;
        writer.array(flexible, &self.ops, |writer, element| element.encode(writer, version))?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { EntryData<'a> {
    entity: "entity" 0..=1,
    ops: "ops" 0..=1,
} tagged {
}}

crate::codec::message!(AlterClientQuotasRequest<'a>, Request);

impl<'a> Request<'a> for AlterClientQuotasRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::AlterClientQuotasResponse<'r>;
}
