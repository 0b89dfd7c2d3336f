//! Snapshot of an image: the records that rebuild it.
//!
//! Layout: a format version byte, then protobuf: offset, term and records in a fixed order, so that equal images have
//! equal bytes. The file that holds it adds a checksum.

use broker_protocol::types::Offset;

use super::apply::{ApplyError, apply};
use super::image::{BrokerImage, LogPosition, MetadataImage, PartitionImage, TopicImage};
use super::record::{
    self, AdminRequest, ClusterId, Config, DecodeError, Feature, MetadataBatch, MetadataRecord, Partition,
    ProducerIds, RecordKind, RegisterBroker, RemoteDeletion, SettingsChanged, Topic, broker_ids,
};

/// Version of the encoding; the first byte.
const FORMAT_VERSION: u8 = 1;

/// The message behind the version byte.
#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Snapshot {
    #[prost(sint64, tag = "1")]
    offset: i64,
    #[prost(uint64, tag = "2")]
    term: u64,
    #[prost(message, repeated, tag = "3")]
    records: Vec<MetadataRecord>,
}

/// A snapshot that cannot be read. The broker must fall back to an earlier one or stop.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Bytes that are no snapshot this build understands.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Records that contradict each other.
    #[error("snapshot contradicts itself: {0}")]
    Apply(#[from] ApplyError),
}

/// The bytes of an image.
#[must_use]
pub fn encode(image: &MetadataImage) -> Vec<u8> {
    let snapshot = Snapshot {
        offset: image.position.offset.0,
        term: image.position.term,
        records: records(image).map(MetadataRecord::from).collect(),
    };
    record::encode_versioned(FORMAT_VERSION, &snapshot)
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// Bytes of another version, damaged ones, or records that contradict each other.
pub fn decode(bytes: &[u8]) -> Result<MetadataImage, SnapshotError> {
    let snapshot: Snapshot = record::decode_versioned(FORMAT_VERSION, bytes)?;
    record::check_kinds(&snapshot.records)?;
    let position = LogPosition { offset: Offset(snapshot.offset), term: snapshot.term };
    if position == LogPosition::default() && snapshot.records.is_empty() {
        return Ok(MetadataImage::default());
    }
    Ok(apply(&MetadataImage::default(), position, &MetadataBatch { records: snapshot.records })?)
}

fn records(image: &MetadataImage) -> impl Iterator<Item = RecordKind> {
    let cluster = image.cluster_id.iter().map(|id| RecordKind::ClusterId(ClusterId { id: id.to_string() }));
    let features = image
        .features
        .iter()
        .map(|(name, &level)| RecordKind::Feature(Feature { name: name.clone(), level: level.into() }));
    let brokers = image.brokers.values().map(|broker| RecordKind::RegisterBroker(broker_record(broker)));
    let topics = image.topics.iter().flat_map(|topic| topic_records(topic));
    let configs = image.configs.iter().flat_map(|(resource, settings)| {
        settings.iter().map(|(key, value)| {
            RecordKind::Config(Config {
                resource_type: resource.kind.number().into(),
                resource_name: resource.name.to_string(),
                key: key.clone(),
                value: Some(value.clone()),
            })
        })
    });
    let next_id = image.next_producer_id.0;
    let producer_ids =
        (next_id > 0).then_some(RecordKind::ProducerIds(ProducerIds { broker_id: -1, next_id }));
    let deletions = image.remote_deletions.iter().map(|&topic_id| {
        RecordKind::RemoteDeletion(RemoteDeletion { topic_id: topic_id.into(), is_done: false })
    });
    // Behind the settings, each of which says that it was changed here.
    let changed_at = image.settings_changed_at.0;
    let settings = (changed_at >= 0).then_some(RecordKind::SettingsChanged(SettingsChanged { changed_at }));
    let requests = image.admin_requests.iter().map(|(request_id, request)| {
        RecordKind::AdminRequest(AdminRequest {
            request_id: request_id.into(),
            digest: request.digest,
            response: request.response.to_vec(),
            offset: Some(request.offset.0),
        })
    });
    let topics = topics.chain(configs).chain(settings);
    cluster.chain(features).chain(brokers).chain(topics).chain(producer_ids).chain(deletions).chain(requests)
}

fn broker_record(broker: &BrokerImage) -> RegisterBroker {
    RegisterBroker {
        broker_id: broker.id.0,
        directory_id: broker.directory_id.into(),
        incarnation_id: broker.incarnation_id.into(),
        endpoints: broker.endpoints.clone(),
        rack: broker.rack.clone(),
        fenced: broker.fenced,
        broker_epoch: Some(broker.epoch),
    }
}

fn topic_records(topic: &TopicImage) -> impl Iterator<Item = RecordKind> {
    let head = RecordKind::Topic(Topic {
        topic_id: topic.id.into(),
        name: topic.name.to_string(),
        changed_at: Some(topic.changed_at.0),
    });
    let partitions = topic
        .partitions
        .iter()
        .map(|(&index, partition)| RecordKind::Partition(partition_record(topic, index, partition)));
    std::iter::once(head).chain(partitions)
}

fn partition_record(topic: &TopicImage, index: i32, partition: &PartitionImage) -> Partition {
    Partition {
        topic_id: topic.id.into(),
        index,
        replicas: broker_ids(&partition.replicas),
        isr: broker_ids(&partition.isr),
        elr: broker_ids(&partition.elr),
        last_known_elr: broker_ids(&partition.last_known_elr),
        leader: partition.leader.0,
        leader_epoch: partition.leader_epoch.0,
        partition_epoch: partition.partition_epoch,
        directories: partition.directories.iter().map(|&directory| directory.into()).collect(),
    }
}

#[cfg(test)]
mod tests;
