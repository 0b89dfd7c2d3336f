//! The records of the metadata log, as protobuf messages.
//!
//! One raft entry holds one [`MetadataBatch`]: a format version byte, then the message. Fields are only ever added, with
//! tags of their own; a record of a kind that this build does not know is an error, because skipping it would let
//! replicas drift apart. A snapshot is a batch too: the records that rebuild the image.

use broker_protocol::types::{BrokerId, TopicId, Uuid};
use prost::Message;

/// Version of the encoding of a [`MetadataBatch`]; the first byte.
const FORMAT_VERSION: u8 = 1;

/// A uuid as two halves, so that any bytes decode to one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct UuidField {
    /// The first eight bytes, big endian.
    #[prost(fixed64, tag = "1")]
    pub high: u64,
    /// The last eight bytes, big endian.
    #[prost(fixed64, tag = "2")]
    pub low: u64,
}

impl From<Uuid> for UuidField {
    fn from(uuid: Uuid) -> UuidField {
        let (high, low) = uuid.as_u64_pair();
        UuidField { high, low }
    }
}

impl From<UuidField> for Uuid {
    fn from(field: UuidField) -> Uuid {
        Uuid::from_u64_pair(field.high, field.low)
    }
}

impl From<TopicId> for UuidField {
    fn from(id: TopicId) -> UuidField {
        id.0.into()
    }
}

impl From<UuidField> for TopicId {
    fn from(field: UuidField) -> TopicId {
        TopicId(field.into())
    }
}

/// A list of brokers whose absence differs from its emptiness.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct BrokerList {
    /// Broker ids.
    #[prost(sint32, repeated, tag = "1")]
    pub ids: Vec<i32>,
}

impl BrokerList {
    /// Of these brokers.
    #[must_use]
    pub fn of(brokers: &[BrokerId]) -> BrokerList {
        BrokerList { ids: broker_ids(brokers) }
    }
}

/// Broker ids as they stand in records.
pub(super) fn broker_ids(brokers: &[BrokerId]) -> Vec<i32> {
    brokers.iter().map(|broker| broker.0).collect()
}

/// Where a broker is reached under one listener name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Message)]
pub struct Endpoint {
    /// Name of the listener, for example `PLAINTEXT`.
    #[prost(string, tag = "1")]
    pub listener: String,
    /// Host name or address that clients are told.
    #[prost(string, tag = "2")]
    pub host: String,
    /// TCP port, 0 to 65535.
    #[prost(uint32, tag = "3")]
    pub port: u32,
}

/// A broker process joins. Its epoch is the offset of this record.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct RegisterBroker {
    /// `node.id`.
    #[prost(sint32, tag = "1")]
    pub broker_id: i32,
    /// Identity of its log directory.
    #[prost(message, required, tag = "2")]
    pub directory_id: UuidField,
    /// Identity of its process: another one at every start.
    #[prost(message, required, tag = "3")]
    pub incarnation_id: UuidField,
    /// Where it is reached.
    #[prost(message, repeated, tag = "4")]
    pub endpoints: Vec<Endpoint>,
    /// `broker.rack`.
    #[prost(string, optional, tag = "5")]
    pub rack: Option<String>,
    /// Whether it may not lead yet.
    #[prost(bool, tag = "6")]
    pub fenced: bool,
    /// Set in snapshots only, where the offset of the record says nothing.
    #[prost(sint64, optional, tag = "7")]
    pub broker_epoch: Option<i64>,
}

/// A broker may not lead or be in an ISR until it is unfenced.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct FenceBroker {
    /// `node.id`.
    #[prost(sint32, tag = "1")]
    pub broker_id: i32,
    /// Epoch of the registration that this is about.
    #[prost(sint64, tag = "2")]
    pub broker_epoch: i64,
}

/// A broker may lead.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct UnfenceBroker {
    /// `node.id`.
    #[prost(sint32, tag = "1")]
    pub broker_id: i32,
    /// Epoch of the registration that this is about.
    #[prost(sint64, tag = "2")]
    pub broker_epoch: i64,
}

/// A broker is gone for good.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct UnregisterBroker {
    /// `node.id`.
    #[prost(sint32, tag = "1")]
    pub broker_id: i32,
    /// Epoch of the registration that this is about.
    #[prost(sint64, tag = "2")]
    pub broker_epoch: i64,
}

/// A topic exists; its partitions follow in the same batch.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct Topic {
    /// Never used before.
    #[prost(message, required, tag = "1")]
    pub topic_id: UuidField,
    /// Its name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Set in snapshots only: offset of the last record that changed it. See `TopicImage::changed_at`.
    #[prost(sint64, optional, tag = "3")]
    pub changed_at: Option<i64>,
}

/// The whole state of a partition.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct Partition {
    /// Of this topic.
    #[prost(message, required, tag = "1")]
    pub topic_id: UuidField,
    /// Number inside the topic.
    #[prost(sint32, tag = "2")]
    pub index: i32,
    /// Brokers that hold it, the preferred leader first.
    #[prost(sint32, repeated, tag = "3")]
    pub replicas: Vec<i32>,
    /// Replicas that hold everything below the high watermark.
    #[prost(sint32, repeated, tag = "4")]
    pub isr: Vec<i32>,
    /// Eligible leaders outside the ISR (KIP-966).
    #[prost(sint32, repeated, tag = "5")]
    pub elr: Vec<i32>,
    /// Eligible leaders that an unclean shutdown took out (KIP-966).
    #[prost(sint32, repeated, tag = "6")]
    pub last_known_elr: Vec<i32>,
    /// The leader; -1 for none.
    #[prost(sint32, tag = "7")]
    pub leader: i32,
    /// Rises with every election.
    #[prost(sint32, tag = "8")]
    pub leader_epoch: i32,
    /// Rises with every change.
    #[prost(sint32, tag = "9")]
    pub partition_epoch: i32,
    /// Log directory of each replica, in their order.
    #[prost(message, repeated, tag = "10")]
    pub directories: Vec<UuidField>,
}

/// A change of a partition: what is absent stays. The partition epoch rises by one.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct PartitionChange {
    /// Of this topic.
    #[prost(message, required, tag = "1")]
    pub topic_id: UuidField,
    /// Number inside the topic.
    #[prost(sint32, tag = "2")]
    pub index: i32,
    /// An election, even if it elects the same broker: the leader epoch rises by one. -1 for none.
    #[prost(sint32, optional, tag = "3")]
    pub leader: Option<i32>,
    /// In-sync replicas from here on.
    #[prost(message, optional, tag = "4")]
    pub isr: Option<BrokerList>,
    /// Eligible leaders from here on.
    #[prost(message, optional, tag = "5")]
    pub elr: Option<BrokerList>,
    /// Eligible leaders lost to an unclean shutdown, from here on.
    #[prost(message, optional, tag = "6")]
    pub last_known_elr: Option<BrokerList>,
}

/// A topic, its partitions and its configs are gone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct RemoveTopic {
    /// Which one.
    #[prost(message, required, tag = "1")]
    pub topic_id: UuidField,
}

/// The objects of a topic that was removed are to be deleted from the object store, or have been.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct RemoteDeletion {
    /// Which one.
    #[prost(message, required, tag = "1")]
    pub topic_id: UuidField,
    /// Nothing of it is left.
    #[prost(bool, tag = "2")]
    pub is_done: bool,
}

/// Changes nothing but the offset of the metadata log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct NoOp {}

/// The settings that are not a topic's were last changed here. In snapshots only, where the settings themselves do not say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct SettingsChanged {
    /// Offset of that record.
    #[prost(sint64, tag = "1")]
    pub changed_at: i64,
}

/// A request of the admin service was carried out by the records beside this one, and how it was answered.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct AdminRequest {
    /// What the caller named it.
    #[prost(message, required, tag = "1")]
    pub request_id: UuidField,
    /// Tells requests apart that bear the same id.
    #[prost(fixed64, tag = "2")]
    pub digest: u64,
    /// The answer, but for the offset of this record.
    #[prost(bytes = "vec", tag = "3")]
    pub response: Vec<u8>,
    /// Set in snapshots only, where the offset of the record says nothing.
    #[prost(sint64, optional, tag = "4")]
    pub offset: Option<i64>,
}

/// One key of one resource's dynamic configuration.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct Config {
    /// Kafka's number of the resource type (2 topic, 4 broker, 16 client metrics, 32 group).
    #[prost(sint32, tag = "1")]
    pub resource_type: i32,
    /// Name of the resource; empty for the default of all brokers.
    #[prost(string, tag = "2")]
    pub resource_name: String,
    /// Name of the setting.
    #[prost(string, tag = "3")]
    pub key: String,
    /// Its value; absent takes the setting away.
    #[prost(string, optional, tag = "4")]
    pub value: Option<String>,
}

/// A broker owns the producer ids from the last `next_id` to this one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct ProducerIds {
    /// Who owns the block.
    #[prost(sint32, tag = "1")]
    pub broker_id: i32,
    /// First id of the next block.
    #[prost(sint64, tag = "2")]
    pub next_id: i64,
}

/// A feature is on at a level.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct Feature {
    /// For example `metadata.version`.
    #[prost(string, tag = "1")]
    pub name: String,
    /// 0 turns it off.
    #[prost(sint32, tag = "2")]
    pub level: i32,
}

/// The identity of the cluster; the first record of all.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct ClusterId {
    /// 22 characters of url-safe base64.
    #[prost(string, tag = "1")]
    pub id: String,
}

/// A record of any kind.
#[derive(Clone, PartialEq, Eq, Hash, prost::Oneof)]
pub enum RecordKind {
    /// See [`RegisterBroker`].
    #[prost(message, tag = "1")]
    RegisterBroker(RegisterBroker),
    /// See [`FenceBroker`].
    #[prost(message, tag = "2")]
    FenceBroker(FenceBroker),
    /// See [`UnfenceBroker`].
    #[prost(message, tag = "3")]
    UnfenceBroker(UnfenceBroker),
    /// See [`UnregisterBroker`].
    #[prost(message, tag = "4")]
    UnregisterBroker(UnregisterBroker),
    /// See [`Topic`].
    #[prost(message, tag = "5")]
    Topic(Topic),
    /// See [`Partition`].
    #[prost(message, tag = "6")]
    Partition(Partition),
    /// See [`PartitionChange`].
    #[prost(message, tag = "7")]
    PartitionChange(PartitionChange),
    /// See [`RemoveTopic`].
    #[prost(message, tag = "8")]
    RemoveTopic(RemoveTopic),
    /// See [`Config`].
    #[prost(message, tag = "9")]
    Config(Config),
    /// See [`ProducerIds`].
    #[prost(message, tag = "10")]
    ProducerIds(ProducerIds),
    /// See [`Feature`].
    #[prost(message, tag = "11")]
    Feature(Feature),
    /// See [`ClusterId`].
    #[prost(message, tag = "12")]
    ClusterId(ClusterId),
    /// See [`RemoteDeletion`].
    #[prost(message, tag = "13")]
    RemoteDeletion(RemoteDeletion),
    /// See [`NoOp`].
    #[prost(message, tag = "14")]
    NoOp(NoOp),
    /// See [`AdminRequest`].
    #[prost(message, tag = "15")]
    AdminRequest(AdminRequest),
    /// See [`SettingsChanged`].
    #[prost(message, tag = "16")]
    SettingsChanged(SettingsChanged),
}

/// One record of the metadata log.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct MetadataRecord {
    /// What it says. Never absent in a batch that [`MetadataBatch::decode_versioned`] accepted.
    #[prost(oneof = "RecordKind", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16")]
    pub kind: Option<RecordKind>,
}

impl From<RecordKind> for MetadataRecord {
    fn from(kind: RecordKind) -> MetadataRecord {
        MetadataRecord { kind: Some(kind) }
    }
}

/// Records that take effect together: the payload of one raft entry.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct MetadataBatch {
    /// In this order.
    #[prost(message, repeated, tag = "1")]
    pub records: Vec<MetadataRecord>,
}

/// Bytes that are no metadata this build understands. The broker must stop: it cannot know the cluster's state.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// A later build wrote it, or it is not metadata.
    #[error("metadata format version {found}, expected {expected}")]
    Version {
        /// The byte that was found.
        found: u8,
        /// The version that this build reads.
        expected: u8,
    },
    /// There are no bytes at all.
    #[error("metadata without a format version")]
    Empty,
    /// A later build wrote it.
    #[error("metadata record {index} is of a kind that this build does not know")]
    UnknownRecord {
        /// Its place in the batch, from 0.
        index: usize,
    },
    /// Damage that the checksum did not catch, or a fault of the writer.
    #[error("malformed metadata: {0}")]
    Malformed(#[from] prost::DecodeError),
}

impl MetadataBatch {
    /// The bytes of a raft entry.
    #[must_use]
    pub fn encode_versioned(&self) -> Vec<u8> {
        encode_versioned(FORMAT_VERSION, self)
    }

    /// Reads what [`MetadataBatch::encode_versioned`] wrote.
    ///
    /// # Errors
    /// Bytes of another version, of an unknown record kind, or damaged ones.
    pub fn decode_versioned(bytes: &[u8]) -> Result<MetadataBatch, DecodeError> {
        let batch: MetadataBatch = decode_versioned(FORMAT_VERSION, bytes)?;
        check_kinds(&batch.records)?;
        Ok(batch)
    }
}

/// `message` behind a version byte.
pub(super) fn encode_versioned(version: u8, message: &impl Message) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + message.encoded_len());
    bytes.push(version);
    message.encode(&mut bytes).expect("a vector grows as needed");
    bytes
}

/// The message behind a version byte that must be `expected`.
pub(super) fn decode_versioned<M: Message + Default>(expected: u8, bytes: &[u8]) -> Result<M, DecodeError> {
    match bytes.split_first() {
        None => Err(DecodeError::Empty),
        Some((&found, _)) if found != expected => Err(DecodeError::Version { found, expected }),
        Some((_, message)) => Ok(M::decode(message)?),
    }
}

/// Refuses records without a known kind.
pub(super) fn check_kinds(records: &[MetadataRecord]) -> Result<(), DecodeError> {
    match records.iter().position(|record| record.kind.is_none()) {
        Some(index) => Err(DecodeError::UnknownRecord { index }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
