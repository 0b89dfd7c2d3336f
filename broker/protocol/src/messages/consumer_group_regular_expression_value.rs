//! `ConsumerGroupRegularExpressionValue`: data record of type 16, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ConsumerGroupRegularExpressionValue`: data record of type 16, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupRegularExpressionValue<'a> {
    /// `[]string`, versions 0 on.
    pub topics: Vec<Cow<'a, str>>,
    /// `int64`, versions 0 on.
    pub version: i64,
    /// `int64`, versions 0 on.
    pub timestamp: i64,
}

impl<'a> ConsumerGroupRegularExpressionValue<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 16;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "ConsumerGroupRegularExpressionValue",
                version,
            });
        }
        let this = Self {
            topics: reader.array(true, 1, |reader| reader.string(true))?,
            version: reader.i64()?,
            timestamp: reader.i64()?,
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
            return Err(EncodeError::UnsupportedVersion {
                message: "ConsumerGroupRegularExpressionValue",
                version,
            });
        }
        writer.array(true, &self.topics, |writer, element| writer.string(true, element))?;
        writer.i64(self.version);
        writer.i64(self.timestamp);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ConsumerGroupRegularExpressionValue<'a> {
    topics: "topics" 0..=0,
    version: "version" 0..=0,
    timestamp: "timestamp" 0..=0,
} tagged {
}}

crate::codec::message!(ConsumerGroupRegularExpressionValue<'a>, Data);
