//! `DefaultPrincipal`: data, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `DefaultPrincipal`: data, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DefaultPrincipal<'a> {
    /// `string`, versions 0 on.
    pub r#type: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `bool`, versions 0 on.
    pub token_authenticated: bool,
}

impl<'a> DefaultPrincipal<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "DefaultPrincipal", version });
        }
        let this = Self {
            r#type: reader.string(true)?,
            name: reader.string(true)?,
            token_authenticated: reader.bool()?,
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
            return Err(EncodeError::UnsupportedVersion { message: "DefaultPrincipal", version });
        }
        writer.string(true, &self.r#type)?;
        writer.string(true, &self.name)?;
        writer.bool(self.token_authenticated);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { DefaultPrincipal<'a> {
    r#type: "type" 0..=0,
    name: "name" 0..=0,
    token_authenticated: "tokenAuthenticated" 0..=0,
} tagged {
}}

crate::codec::message!(DefaultPrincipal<'a>, Data);
