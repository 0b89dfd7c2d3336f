//! `UpdateFeaturesResponse`: response of API UpdateFeatures (57), versions 0 to 2. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `UpdateFeaturesResponse`: response of API UpdateFeatures (57), versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeaturesResponse<'a> {
    /// `int32`, versions 0 on.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `string`, versions 0 on, nullable.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]UpdatableFeatureResult`, versions 0 to 1.
    pub results: Vec<UpdatableFeatureResult<'a>>,
}

impl Default for UpdateFeaturesResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, error_message: Some(Cow::default()), results: Vec::new() }
    }
}

impl<'a> UpdateFeaturesResponse<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "UpdateFeaturesResponse", version });
        }
        let this = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            results: if version <= 1 {
                reader.array(true, 5, |reader| UpdatableFeatureResult::decode(reader, version))?
            } else {
                Vec::new()
            },
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
            return Err(EncodeError::UnsupportedVersion { message: "UpdateFeaturesResponse", version });
        }
        writer.i32(self.throttle_time_ms);
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        if version <= 1 {
            writer.array(true, &self.results, |writer, element| element.encode(writer, version))?;
        }
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { UpdateFeaturesResponse<'a> {
    throttle_time_ms: "throttleTimeMs" 0..=2,
    error_code: "errorCode" 0..=2,
    error_message: "errorMessage" 0..=2,
    results: "results" 0..=1,
} tagged {
}}

/// Part of [`UpdateFeaturesResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct UpdatableFeatureResult<'a> {
    /// `string`, versions 0 to 1.
    pub feature: Cow<'a, str>,
    /// `int16`, versions 0 to 1.
    pub error_code: i16,
    /// `string`, versions 0 to 1, nullable.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for UpdatableFeatureResult<'_> {
    fn default() -> Self {
        Self { feature: Cow::default(), error_code: 0, error_message: Some(Cow::default()) }
    }
}

impl<'a> UpdatableFeatureResult<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            feature: reader.string(true)?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.feature)?;
        writer.error_code(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { UpdatableFeatureResult<'a> {
    feature: "feature" 0..=1,
    error_code: "errorCode" 0..=1,
    error_message: "errorMessage" 0..=1,
} tagged {
}}

crate::codec::message!(UpdateFeaturesResponse<'a>, Response);
