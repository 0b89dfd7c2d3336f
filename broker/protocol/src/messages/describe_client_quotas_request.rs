//! `DescribeClientQuotasRequest`: request of API DescribeClientQuotas (48), versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `DescribeClientQuotasRequest`: request of API DescribeClientQuotas (48), versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeClientQuotasRequest<'a> {
    /// `[]ComponentData`, versions 0 on.
    pub components: Vec<ComponentData<'a>>,
    /// `bool`, versions 0 on.
    pub strict: bool,
}

impl<'a> DescribeClientQuotasRequest<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "DescribeClientQuotasRequest", version });
        }
        let flexible = version >= 1;
        let this = Self {
            components: reader.array(flexible, 4, |reader| ComponentData::decode(reader, version))?,
            strict: reader.bool()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DescribeClientQuotasRequest", version });
        }
        let flexible = version >= 1;
        writer.array(flexible, &self.components, |writer, element| element.encode(writer, version))?;
        writer.bool(self.strict);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DescribeClientQuotasRequest<'a> {
    components: "components" 0..=1,
    strict: "strict" 0..=1,
} tagged {
}}

/// Part of [`DescribeClientQuotasRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentData<'a> {
    /// `string`, versions 0 on.
    pub entity_type: Cow<'a, str>,
    /// `int8`, versions 0 on.
    pub match_type: i8,
    /// `string`, versions 0 on, nullable.
    pub r#match: Option<Cow<'a, str>>,
}

impl Default for ComponentData<'_> {
    fn default() -> Self {
        Self { entity_type: Cow::default(), match_type: 0, r#match: Some(Cow::default()) }
    }
}

impl<'a> ComponentData<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let this = Self {
            entity_type: reader.string(flexible)?,
            match_type: reader.i8()?,
            r#match: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.string(flexible, &self.entity_type)?;
        writer.i8(self.match_type);
        writer.nullable_string(flexible, self.r#match.as_deref())?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ComponentData<'a> {
    entity_type: "entityType" 0..=1,
    match_type: "matchType" 0..=1,
    r#match: "match" 0..=1,
} tagged {
}}

crate::codec::message!(DescribeClientQuotasRequest<'a>, Request);

impl<'a> Request<'a> for DescribeClientQuotasRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::DescribeClientQuotasResponse<'r>;
}
