//! `UpdateFeaturesRequest`: request of API UpdateFeatures (57), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `UpdateFeaturesRequest`: request of API UpdateFeatures (57), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeaturesRequest<'a> {
    /// `int32`, versions 0 on, default 60000.
    pub timeout_ms: i32,
    /// `[]FeatureUpdateKey`, versions 0 on.
    pub feature_updates: Vec<FeatureUpdateKey<'a>>,
    /// `bool`, versions 1 on.
    pub validate_only: bool,
}

impl Default for UpdateFeaturesRequest<'_> {
    fn default() -> Self {
        Self { timeout_ms: 60000, feature_updates: Vec::new(), validate_only: false }
    }
}

impl<'a> UpdateFeaturesRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The API that this message belongs to (key 57).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::UpdateFeatures;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "UpdateFeaturesRequest", version });
        }
        let this = Self {
            timeout_ms: reader.i32()?,
            feature_updates: reader.array(true, 5, |reader| FeatureUpdateKey::decode(reader, version))?,
            validate_only: if version >= 1 { reader.bool()? } else { false },
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
            return Err(EncodeError::UnsupportedVersion { message: "UpdateFeaturesRequest", version });
        }
        writer.i32(self.timeout_ms);
        writer.array(true, &self.feature_updates, |writer, element| element.encode(writer, version))?;
        if version >= 1 {
            writer.bool(self.validate_only);
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { UpdateFeaturesRequest<'a> {
    timeout_ms: "timeoutMs" 0..=2,
    feature_updates: "featureUpdates" 0..=2,
    validate_only: "validateOnly" 1..=2,
} tagged {
}}

/// Part of [`UpdateFeaturesRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureUpdateKey<'a> {
    /// `string`, versions 0 on.
    pub feature: Cow<'a, str>,
    /// `int16`, versions 0 on.
    pub max_version_level: i16,
    /// `int8`, versions 1 on, default 1.
    pub upgrade_type: i8,
    /// `bool`, version 0.
    pub allow_downgrade: bool,
}

impl Default for FeatureUpdateKey<'_> {
    fn default() -> Self {
        Self { feature: Cow::default(), max_version_level: 0, upgrade_type: 1, allow_downgrade: false }
    }
}

impl<'a> FeatureUpdateKey<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            feature: reader.string(true)?,
            max_version_level: reader.i16()?,
            upgrade_type: if version >= 1 { reader.i8()? } else { 1 },
            allow_downgrade: if version == 0 { reader.bool()? } else { false },
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.feature)?;
        writer.i16(self.max_version_level);
        if version >= 1 {
            writer.i8(self.upgrade_type);
        }
        if version == 0 {
            writer.bool(self.allow_downgrade);
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { FeatureUpdateKey<'a> {
    feature: "feature" 0..=2,
    max_version_level: "maxVersionLevel" 0..=2,
    upgrade_type: "upgradeType" 1..=2,
    allow_downgrade: "allowDowngrade" 0..=0,
} tagged {
}}

crate::codec::message!(UpdateFeaturesRequest<'a>, Request);

impl<'a> Request<'a> for UpdateFeaturesRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::UpdateFeaturesResponse<'r>;
}
