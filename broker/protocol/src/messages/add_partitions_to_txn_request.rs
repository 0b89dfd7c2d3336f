//! `AddPartitionsToTxnRequest`: request of API AddPartitionsToTxn (24), versions 0 to 5. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};

/// `AddPartitionsToTxnRequest`: request of API AddPartitionsToTxn (24), versions 0 to 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnRequest<'a> {
    /// `[]AddPartitionsToTxnTransaction`, versions 4 on.
    pub transactions: Vec<AddPartitionsToTxnTransaction<'a>>,
    /// `string`, versions 0 to 3.
    pub v3_and_below_transactional_id: Cow<'a, str>,
    /// `int64`, versions 0 to 3.
    pub v3_and_below_producer_id: i64,
    /// `int16`, versions 0 to 3.
    pub v3_and_below_producer_epoch: i16,
    /// `[]AddPartitionsToTxnTopic`, versions 0 to 3.
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic<'a>>,
}

impl<'a> AddPartitionsToTxnRequest<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 3;
    /// The API that this message belongs to (key 24).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AddPartitionsToTxn;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "AddPartitionsToTxnRequest", version });
        }
        let flexible = version >= 3;
        let this = Self {
            transactions: if version >= 4 {
                reader.array(flexible, 14, |reader| AddPartitionsToTxnTransaction::decode(reader, version))?
            } else {
                Vec::new()
            },
            v3_and_below_transactional_id: if version <= 3 {
                reader.string(flexible)?
            } else {
                Cow::default()
            },
            v3_and_below_producer_id: if version <= 3 { reader.i64()? } else { 0 },
            v3_and_below_producer_epoch: if version <= 3 { reader.i16()? } else { 0 },
            v3_and_below_topics: if version <= 3 {
                reader.array(flexible, 3, |reader| AddPartitionsToTxnTopic::decode(reader, version))?
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
            return Err(EncodeError::UnsupportedVersion { message: "AddPartitionsToTxnRequest", version });
        }
        let flexible = version >= 3;
        if version >= 4 {
            writer.array(flexible, &self.transactions, |writer, element| element.encode(writer, version))?;
        }
        if version <= 3 {
            writer.string(flexible, &self.v3_and_below_transactional_id)?;
        }
        if version <= 3 {
            writer.i64(self.v3_and_below_producer_id);
        }
        if version <= 3 {
            writer.i16(self.v3_and_below_producer_epoch);
        }
        if version <= 3 {
            writer.array(flexible, &self.v3_and_below_topics, |writer, element| {
                element.encode(writer, version)
            })?;
        }
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AddPartitionsToTxnRequest<'a> {
    transactions: "transactions" 4..=5,
    v3_and_below_transactional_id: "v3AndBelowTransactionalId" 0..=3,
    v3_and_below_producer_id: "v3AndBelowProducerId" 0..=3,
    v3_and_below_producer_epoch: "v3AndBelowProducerEpoch" 0..=3,
    v3_and_below_topics: "v3AndBelowTopics" 0..=3,
} tagged {
}}

/// Part of [`AddPartitionsToTxnRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTopic<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `[]int32`, versions 0 on.
    pub partitions: Vec<i32>,
}

impl<'a> AddPartitionsToTxnTopic<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let this =
            Self { name: reader.string(flexible)?, partitions: reader.array(flexible, 4, Reader::i32)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.string(flexible, &self.name)?;
        writer.scalars(flexible, &self.partitions, Writer::i32)?;
        if flexible {
            writer.no_tags();
        }
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AddPartitionsToTxnTopic<'a> {
    name: "name" 0..=5,
    partitions: "partitions" 0..=5,
} tagged {
}}

/// Part of [`AddPartitionsToTxnRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTransaction<'a> {
    /// `string`, versions 4 on.
    pub transactional_id: Cow<'a, str>,
    /// `int64`, versions 4 on.
    pub producer_id: i64,
    /// `int16`, versions 4 on.
    pub producer_epoch: i16,
    /// `bool`, versions 4 on.
    pub verify_only: bool,
    /// `[]AddPartitionsToTxnTopic`, versions 4 on.
    pub topics: Vec<AddPartitionsToTxnTopic<'a>>,
}

impl<'a> AddPartitionsToTxnTransaction<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            transactional_id: reader.string(true)?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            verify_only: reader.bool()?,
            topics: reader.array(true, 3, |reader| AddPartitionsToTxnTopic::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.transactional_id)?;
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        writer.bool(self.verify_only);
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AddPartitionsToTxnTransaction<'a> {
    transactional_id: "transactionalId" 4..=5,
    producer_id: "producerId" 4..=5,
    producer_epoch: "producerEpoch" 4..=5,
    verify_only: "verifyOnly" 4..=5,
    topics: "topics" 4..=5,
} tagged {
}}

crate::codec::message!(AddPartitionsToTxnRequest<'a>, Request);

impl<'a> Request<'a> for AddPartitionsToTxnRequest<'a> {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::AddPartitionsToTxnResponse<'r>;
}
