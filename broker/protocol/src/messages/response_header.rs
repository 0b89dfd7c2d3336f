//! `ResponseHeader`: header, versions 0 to 1. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ResponseHeader`: header, versions 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseHeader {
    /// `int32`, versions 0 on.
    pub correlation_id: i32,
}

impl ResponseHeader {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 1;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "ResponseHeader", version });
        }
        let flexible = version >= 1;
        let this = Self { correlation_id: reader.i32()? };
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
            return Err(EncodeError::UnsupportedVersion { message: "ResponseHeader", version });
        }
        let flexible = version >= 1;
        writer.i32(self.correlation_id);
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ResponseHeader {
    correlation_id: "correlationId" 0..=1,
} tagged {
}}

crate::codec::message!(ResponseHeader, Header);
