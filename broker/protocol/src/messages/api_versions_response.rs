//! `ApiVersionsResponse`: response of API ApiVersions (18), versions 0 to 4. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ApiVersionsResponse`: response of API ApiVersions (18), versions 0 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiVersionsResponse<'a> {
    /// `int16`, versions 0 on.
    pub error_code: i16,
    /// `[]ApiVersion`, versions 0 on.
    pub api_keys: Vec<ApiVersion>,
    /// `int32`, versions 1 on.
    pub throttle_time_ms: i32,
    /// `[]SupportedFeatureKey`, versions 3 on, tag 0.
    pub supported_features: Vec<SupportedFeatureKey<'a>>,
    /// `int64`, versions 3 on, tag 1, default -1.
    pub finalized_features_epoch: i64,
    /// `[]FinalizedFeatureKey`, versions 3 on, tag 2.
    pub finalized_features: Vec<FinalizedFeatureKey<'a>>,
    /// `bool`, versions 3 on, tag 3.
    pub zk_migration_ready: bool,
}

impl Default for ApiVersionsResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            api_keys: Vec::new(),
            throttle_time_ms: 0,
            supported_features: Vec::new(),
            finalized_features_epoch: -1,
            finalized_features: Vec::new(),
            zk_migration_ready: false,
        }
    }
}

impl<'a> ApiVersionsResponse<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 3;
    /// The API that this message belongs to (key 18).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ApiVersions;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ApiVersionsResponse", version });
        }
        let flexible = version >= 3;
        let mut this = Self {
            error_code: reader.i16()?,
            api_keys: reader.array(flexible, 6, |reader| ApiVersion::decode(reader, version))?,
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            supported_features: Vec::new(),
            finalized_features_epoch: -1,
            finalized_features: Vec::new(),
            zk_migration_ready: false,
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 => {
                        this.supported_features =
                            reader.array(true, 6, |reader| SupportedFeatureKey::decode(reader, version))?
                    }
                    1 => this.finalized_features_epoch = reader.i64()?,
                    2 => {
                        this.finalized_features =
                            reader.array(true, 6, |reader| FinalizedFeatureKey::decode(reader, version))?
                    }
                    3 => this.zk_migration_ready = reader.bool()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: "ApiVersionsResponse", version });
        }
        let flexible = version >= 3;
        writer.error_code(self.error_code);
        writer.array(flexible, &self.api_keys, |writer, element| element.encode(writer, version))?;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        if flexible {
            let mut tags = writer.begin_tags();
            if !self.supported_features.is_empty() {
                writer.tag(&mut tags, 0, |writer| {
                    writer.array(true, &self.supported_features, |writer, element| {
                        element.encode(writer, version)
                    })?;
                    Ok(())
                })?;
            }
            if self.finalized_features_epoch != -1 {
                writer.tag(&mut tags, 1, |writer| {
                    writer.i64(self.finalized_features_epoch);
                    Ok(())
                })?;
            }
            if !self.finalized_features.is_empty() {
                writer.tag(&mut tags, 2, |writer| {
                    writer.array(true, &self.finalized_features, |writer, element| {
                        element.encode(writer, version)
                    })?;
                    Ok(())
                })?;
            }
            if self.zk_migration_ready {
                writer.tag(&mut tags, 3, |writer| {
                    writer.bool(self.zk_migration_ready);
                    Ok(())
                })?;
            }
            writer.end_tags(tags);
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ApiVersionsResponse<'a> {
    error_code: "errorCode" 0..=4,
    api_keys: "apiKeys" 0..=4,
    throttle_time_ms: "throttleTimeMs" 1..=4,
} tagged {
    supported_features: "supportedFeatures" 3..=4,
    finalized_features_epoch: "finalizedFeaturesEpoch" 3..=4,
    finalized_features: "finalizedFeatures" 3..=4,
    zk_migration_ready: "zkMigrationReady" 3..=4,
}}

/// Part of [`ApiVersionsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiVersion {
    /// `int16`, versions 0 on.
    pub api_key: i16,
    /// `int16`, versions 0 on.
    pub min_version: i16,
    /// `int16`, versions 0 on.
    pub max_version: i16,
}

impl ApiVersion {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let this = Self { api_key: reader.i16()?, min_version: reader.i16()?, max_version: reader.i16()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.i16(self.api_key);
        writer.i16(self.min_version);
        writer.i16(self.max_version);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ApiVersion {
    api_key: "apiKey" 0..=4,
    min_version: "minVersion" 0..=4,
    max_version: "maxVersion" 0..=4,
} tagged {
}}

/// Part of [`ApiVersionsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SupportedFeatureKey<'a> {
    /// `string`, versions 3 on.
    pub name: Cow<'a, str>,
    /// `int16`, versions 3 on.
    pub min_version: i16,
    /// `int16`, versions 3 on.
    pub max_version: i16,
}

impl<'a> SupportedFeatureKey<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this =
            Self { name: reader.string(true)?, min_version: reader.i16()?, max_version: reader.i16()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.i16(self.min_version);
        writer.i16(self.max_version);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { SupportedFeatureKey<'a> {
    name: "name" 3..=4,
    min_version: "minVersion" 3..=4,
    max_version: "maxVersion" 3..=4,
} tagged {
}}

/// Part of [`ApiVersionsResponse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FinalizedFeatureKey<'a> {
    /// `string`, versions 3 on.
    pub name: Cow<'a, str>,
    /// `int16`, versions 3 on.
    pub max_version_level: i16,
    /// `int16`, versions 3 on.
    pub min_version_level: i16,
}

impl<'a> FinalizedFeatureKey<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            name: reader.string(true)?,
            max_version_level: reader.i16()?,
            min_version_level: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.i16(self.max_version_level);
        writer.i16(self.min_version_level);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { FinalizedFeatureKey<'a> {
    name: "name" 3..=4,
    max_version_level: "maxVersionLevel" 3..=4,
    min_version_level: "minVersionLevel" 3..=4,
} tagged {
}}

crate::codec::message!(ApiVersionsResponse<'a>, Response);
