//! `AlterPartitionRequest`: request of API AlterPartition (56), versions 2 to 3. Generated from `schema/messages.json` by `cargo xtask gen`.

use crate::codec::{DecodeError, EncodeError, Reader, Request, Writer};
use crate::types::Uuid;

/// `AlterPartitionRequest`: request of API AlterPartition (56), versions 2 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionRequest {
    /// `int32`, versions 2 on.
    pub broker_id: i32,
    /// `int64`, versions 2 on, default -1.
    pub broker_epoch: i64,
    /// `[]TopicData`, versions 2 on.
    pub topics: Vec<TopicData>,
}

impl Default for AlterPartitionRequest {
    fn default() -> Self {
        Self { broker_id: 0, broker_epoch: -1, topics: Vec::new() }
    }
}

impl AlterPartitionRequest {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 2..=3;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 2;
    /// The API that this message belongs to (key 56).
    pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AlterPartition;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "AlterPartitionRequest", version });
        }
        let this = Self {
            broker_id: reader.i32()?,
            broker_epoch: reader.i64()?,
            topics: reader.array(true, 18, |reader| TopicData::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "AlterPartitionRequest", version });
        }
        writer.i32(self.broker_id);
        writer.i64(self.broker_epoch);
        writer.array(true, &self.topics, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { AlterPartitionRequest {
    broker_id: "brokerId" 2..=3,
    broker_epoch: "brokerEpoch" 2..=3,
    topics: "topics" 2..=3,
} tagged {
}}

/// Part of [`AlterPartitionRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerState {
    /// `int32`, versions 3 on.
    pub broker_id: i32,
    /// `int64`, versions 3 on, default -1.
    pub broker_epoch: i64,
}

impl Default for BrokerState {
    fn default() -> Self {
        Self { broker_id: 0, broker_epoch: -1 }
    }
}

impl BrokerState {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { broker_id: reader.i32()?, broker_epoch: reader.i64()? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.broker_id);
        writer.i64(self.broker_epoch);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { BrokerState {
    broker_id: "brokerId" 3..=3,
    broker_epoch: "brokerEpoch" 3..=3,
} tagged {
}}

/// Part of [`AlterPartitionRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    /// `int32`, versions 2 on.
    pub partition_index: i32,
    /// `int32`, versions 2 on.
    pub leader_epoch: i32,
    /// `[]BrokerState`, versions 3 on.
    pub new_isr_with_epochs: Vec<BrokerState>,
    /// `[]int32`, version 2.
    pub new_isr: Vec<i32>,
    /// `int8`, versions 2 on.
    pub leader_recovery_state: i8,
    /// `int32`, versions 2 on.
    pub partition_epoch: i32,
}

impl PartitionData {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            partition_index: reader.i32()?,
            leader_epoch: reader.i32()?,
            new_isr_with_epochs: if version >= 3 {
                reader.array(true, 13, |reader| BrokerState::decode(reader, version))?
            } else {
                Vec::new()
            },
            new_isr: if version == 2 { reader.array(true, 4, Reader::i32)? } else { Vec::new() },
            leader_recovery_state: reader.i8()?,
            partition_epoch: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i32(self.leader_epoch);
        if version >= 3 {
            writer
                .array(true, &self.new_isr_with_epochs, |writer, element| element.encode(writer, version))?;
        }
        if version == 2 {
            writer.scalars(true, &self.new_isr, Writer::i32)?;
        }
        writer.i8(self.leader_recovery_state);
        writer.i32(self.partition_epoch);
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { PartitionData {
    partition_index: "partitionIndex" 2..=3,
    leader_epoch: "leaderEpoch" 2..=3,
    new_isr_with_epochs: "newIsrWithEpochs" 3..=3,
    new_isr: "newIsr" 2..=2,
    leader_recovery_state: "leaderRecoveryState" 2..=3,
    partition_epoch: "partitionEpoch" 2..=3,
} tagged {
}}

/// Part of [`AlterPartitionRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData {
    /// `uuid`, versions 2 on.
    pub topic_id: Uuid,
    /// `[]PartitionData`, versions 2 on.
    pub partitions: Vec<PartitionData>,
}

impl TopicData {
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 15, |reader| PartitionData::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.array(true, &self.partitions, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicData {
    topic_id: "topicId" 2..=3,
    partitions: "partitions" 2..=3,
} tagged {
}}

crate::codec::message!(AlterPartitionRequest, Request);

impl<'a> Request<'a> for AlterPartitionRequest {
    const API_KEY: crate::api_key::ApiKey = Self::API_KEY;
    type Response<'r> = super::AlterPartitionResponse;
}
