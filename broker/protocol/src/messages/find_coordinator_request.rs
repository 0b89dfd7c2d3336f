//! `FindCoordinatorRequest`: request of API FindCoordinator (10), versions 0 to 6. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `FindCoordinatorRequest`: request of API FindCoordinator (10), versions 0 to 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindCoordinatorRequest<'a> {
    /// `string`, versions 0 to 3.
    pub key: Cow<'a, str>,
    /// `int8`, versions 1 on.
    pub key_type: i8,
    /// `[]string`, versions 4 on.
    pub coordinator_keys: Vec<Cow<'a, str>>,
}

impl<'a> FindCoordinatorRequest<'a> {
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
            return Err(DecodeError::UnsupportedVersion { message: "FindCoordinatorRequest", version });
        }
        let flexible = version >= 3;
        let this = Self {
            key: if version <= 3 { reader.string(flexible)? } else { Cow::default() },
            key_type: if version >= 1 { reader.i8()? } else { 0 },
            coordinator_keys: if version >= 4 {
                reader.array(flexible, 1, |reader| reader.string(flexible))?
            } else {
                Vec::new()
            },
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
            return Err(EncodeError::UnsupportedVersion { message: "FindCoordinatorRequest", version });
        }
        let flexible = version >= 3;
        if version <= 3 {
            writer.string(flexible, &self.key)?;
        }
        if version >= 1 {
            writer.i8(self.key_type);
        }
        if version >= 4 {
            writer.array(flexible, &self.coordinator_keys, |writer, element| {
                writer.string(flexible, element)
            })?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { FindCoordinatorRequest<'a> {
    key: "key" 0..=3,
    key_type: "keyType" 1..=6,
    coordinator_keys: "coordinatorKeys" 4..=6,
} tagged {
}}

crate::codec::message!(FindCoordinatorRequest<'a>, Request);

impl<'a> Request<'a> for FindCoordinatorRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::FindCoordinatorResponse<'r>;
}
