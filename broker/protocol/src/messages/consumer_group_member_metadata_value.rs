//! `ConsumerGroupMemberMetadataValue`: data record of type 5, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `ConsumerGroupMemberMetadataValue`: data record of type 5, version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupMemberMetadataValue<'a> {
    /// `string`, versions 0 on, nullable.
    pub instance_id: Option<Cow<'a, str>>,
    /// `string`, versions 0 on, nullable.
    pub rack_id: Option<Cow<'a, str>>,
    /// `string`, versions 0 on.
    pub client_id: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub client_host: Cow<'a, str>,
    /// `[]string`, versions 0 on.
    pub subscribed_topic_names: Vec<Cow<'a, str>>,
    /// `string`, versions 0 on, nullable.
    pub subscribed_topic_regex: Option<Cow<'a, str>>,
    /// `int32`, versions 0 on, default -1.
    pub rebalance_timeout_ms: i32,
    /// `string`, versions 0 on, nullable.
    pub server_assignor: Option<Cow<'a, str>>,
    /// `ClassicMemberMetadata`, versions 0 on, tag 0, nullable.
    pub classic_member_metadata: Option<ClassicMemberMetadata<'a>>,
}

impl Default for ConsumerGroupMemberMetadataValue<'_> {
    fn default() -> Self {
        Self {
            instance_id: Some(Cow::default()),
            rack_id: Some(Cow::default()),
            client_id: Cow::default(),
            client_host: Cow::default(),
            subscribed_topic_names: Vec::new(),
            subscribed_topic_regex: Some(Cow::default()),
            rebalance_timeout_ms: -1,
            server_assignor: Some(Cow::default()),
            classic_member_metadata: None,
        }
    }
}

impl<'a> ConsumerGroupMemberMetadataValue<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 5;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "ConsumerGroupMemberMetadataValue",
                version,
            });
        }
        let mut this = Self {
            instance_id: reader.nullable_string(true)?,
            rack_id: reader.nullable_string(true)?,
            client_id: reader.string(true)?,
            client_host: reader.string(true)?,
            subscribed_topic_names: reader.array(true, 1, |reader| reader.string(true))?,
            subscribed_topic_regex: reader.nullable_string(true)?,
            rebalance_timeout_ms: reader.i32()?,
            server_assignor: reader.nullable_string(true)?,
            classic_member_metadata: None,
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => {
                    this.classic_member_metadata =
                        reader.nullable_struct(|reader| ClassicMemberMetadata::decode(reader, version))?
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion {
                message: "ConsumerGroupMemberMetadataValue",
                version,
            });
        }
        writer.nullable_string(true, self.instance_id.as_deref())?;
        writer.nullable_string(true, self.rack_id.as_deref())?;
        writer.string(true, &self.client_id)?;
        writer.string(true, &self.client_host)?;
        writer.array(true, &self.subscribed_topic_names, |writer, element| writer.string(true, element))?;
        writer.nullable_string(true, self.subscribed_topic_regex.as_deref())?;
        writer.i32(self.rebalance_timeout_ms);
        writer.nullable_string(true, self.server_assignor.as_deref())?;
        let mut tags = writer.begin_tags();
        if self.classic_member_metadata.is_some() {
            writer.tag(&mut tags, 0, |writer| {
                writer.nullable_struct(self.classic_member_metadata.as_ref(), |writer, value| {
                    value.encode(writer, version)
                })?;
                Ok(())
            })?;
        }
        writer.end_tags(tags);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ConsumerGroupMemberMetadataValue<'a> {
    instance_id: "instanceId" 0..=0,
    rack_id: "rackId" 0..=0,
    client_id: "clientId" 0..=0,
    client_host: "clientHost" 0..=0,
    subscribed_topic_names: "subscribedTopicNames" 0..=0,
    subscribed_topic_regex: "subscribedTopicRegex" 0..=0,
    rebalance_timeout_ms: "rebalanceTimeoutMs" 0..=0,
    server_assignor: "serverAssignor" 0..=0,
} tagged {
    classic_member_metadata: "classicMemberMetadata" 0..=0,
}}

/// Part of [`ConsumerGroupMemberMetadataValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassicProtocol<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `bytes`, versions 0 on.
    pub metadata: Cow<'a, [u8]>,
}

impl<'a> ClassicProtocol<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { name: reader.string(true)?, metadata: reader.bytes(true)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.bytes_field(true, &self.metadata)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ClassicProtocol<'a> {
    name: "name" 0..=0,
    metadata: "metadata" 0..=0,
} tagged {
}}

/// Part of [`ConsumerGroupMemberMetadataValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassicMemberMetadata<'a> {
    /// `int32`, versions 0 on.
    pub session_timeout_ms: i32,
    /// `[]ClassicProtocol`, versions 0 on.
    pub supported_protocols: Vec<ClassicProtocol<'a>>,
}

impl<'a> ClassicMemberMetadata<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            session_timeout_ms: reader.i32()?,
            supported_protocols: reader.array(true, 3, |reader| ClassicProtocol::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.session_timeout_ms);
        writer.array(true, &self.supported_protocols, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { ClassicMemberMetadata<'a> {
    session_timeout_ms: "sessionTimeoutMs" 0..=0,
    supported_protocols: "supportedProtocols" 0..=0,
} tagged {
}}

crate::codec::message!(ConsumerGroupMemberMetadataValue<'a>, Data);
