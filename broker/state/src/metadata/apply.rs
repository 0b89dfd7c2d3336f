//! Records to image: the only place where metadata changes.
//!
//! An error means that the log contradicts itself; the broker must stop, because its image would differ from others'.
//! Cost: proportional to the records, plus a copy of the chunks and topics that they touch.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker_protocol::types::{BrokerId, LeaderEpoch, Offset, ProducerId, TopicId};

use super::admin_requests::RememberedRequest;
use super::image::{
    BrokerImage, ConfigResource, LogPosition, MetadataImage, PartitionImage, ResourceKind, TopicImage,
};
use super::record::{
    AdminRequest, BrokerList, Config, Feature, MetadataBatch, Partition, PartitionChange, RecordKind,
    RegisterBroker, RemoteDeletion, Topic,
};

/// A record that cannot follow the ones before it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ApplyError {
    /// A record without content.
    #[error("metadata record {index} of the batch at offset {offset} is empty")]
    EmptyRecord {
        /// Place in the batch.
        index: usize,
        /// Offset of the batch.
        offset: i64,
    },
    /// Offsets must rise.
    #[error("metadata batch at offset {offset} does not follow offset {applied}")]
    OffsetNotRising {
        /// Offset of the batch.
        offset: i64,
        /// Offset of the image.
        applied: i64,
    },
    /// A topic that is there already.
    #[error("topic {name} with id {id} exists already")]
    TopicExists {
        /// Its name.
        name: String,
        /// Its id.
        id: TopicId,
    },
    /// A topic that is not there.
    #[error("topic id {id} is unknown")]
    UnknownTopic {
        /// Its id.
        id: TopicId,
    },
    /// A partition that is not there, or one that would leave a gap before it.
    #[error("partition {index} of topic {topic} is unknown or leaves a gap before it")]
    UnknownPartition {
        /// Name of the topic.
        topic: Arc<str>,
        /// Number of the partition.
        index: i32,
    },
    /// A broker that is not registered, or not under this epoch.
    #[error("broker {id} is not registered with epoch {epoch}")]
    UnknownBroker {
        /// Its id.
        id: BrokerId,
        /// The epoch that the record names.
        epoch: i64,
    },
    /// A number out of its range.
    #[error("{field} is out of range: {value}")]
    OutOfRange {
        /// Which field.
        field: &'static str,
        /// What it holds.
        value: i64,
    },
}

/// The image after a batch.
///
/// # Errors
/// A batch that contradicts the image; see [`ApplyError`].
pub fn apply(
    image: &MetadataImage,
    position: LogPosition,
    batch: &MetadataBatch,
) -> Result<MetadataImage, ApplyError> {
    let (offset, applied) = (position.offset.0, image.position.offset.0);
    if offset <= applied {
        return Err(ApplyError::OffsetNotRising { offset, applied });
    }
    let mut next = NextImage { image: image.at(position), touched: BTreeMap::new() };
    for (index, record) in batch.records.iter().enumerate() {
        let kind = record.kind.as_ref().ok_or(ApplyError::EmptyRecord { index, offset })?;
        next.apply(kind)?;
    }
    Ok(next.finish())
}

/// An image in the making. Topics under change are kept apart, so that each is copied once per batch.
struct NextImage {
    image: MetadataImage,
    touched: BTreeMap<TopicId, TopicImage>,
}

impl NextImage {
    fn apply(&mut self, record: &RecordKind) -> Result<(), ApplyError> {
        match record {
            RecordKind::RegisterBroker(record) => self.register_broker(record),
            RecordKind::FenceBroker(record) => {
                self.set_fenced(record.broker_id, record.broker_epoch, true)?
            }
            RecordKind::UnfenceBroker(record) => {
                self.set_fenced(record.broker_id, record.broker_epoch, false)?
            }
            RecordKind::UnregisterBroker(record) => {
                let id = self.registered(record.broker_id, record.broker_epoch)?;
                Arc::make_mut(&mut self.image.brokers).remove(&id);
            }
            RecordKind::Topic(record) => self.add_topic(record)?,
            RecordKind::Partition(record) => self.put_partition(record)?,
            RecordKind::PartitionChange(record) => self.change_partition(record)?,
            RecordKind::RemoveTopic(record) => self.remove_topic(record.topic_id.into())?,
            RecordKind::Config(record) => self.set_config(record)?,
            RecordKind::ProducerIds(record) => self.image.next_producer_id = ProducerId(record.next_id),
            RecordKind::Feature(record) => self.set_feature(record)?,
            RecordKind::ClusterId(record) => self.image.cluster_id = Some(record.id.as_str().into()),
            RecordKind::RemoteDeletion(record) => self.note_remote_deletion(*record),
            RecordKind::NoOp(_) => {}
            RecordKind::AdminRequest(record) => self.remember(record),
            RecordKind::SettingsChanged(record) => {
                self.image.settings_changed_at = Offset(record.changed_at);
            }
        }
        Ok(())
    }

    fn finish(mut self) -> MetadataImage {
        for topic in self.touched.into_values() {
            self.image.topics.put(topic);
        }
        self.image
    }

    fn register_broker(&mut self, record: &RegisterBroker) {
        let id = BrokerId(record.broker_id);
        let broker = BrokerImage {
            id,
            epoch: record.broker_epoch.unwrap_or(self.image.position.offset.0),
            directory_id: record.directory_id.into(),
            incarnation_id: record.incarnation_id.into(),
            endpoints: record.endpoints.clone(),
            rack: record.rack.clone(),
            fenced: record.fenced,
        };
        Arc::make_mut(&mut self.image.brokers).insert(id, Arc::new(broker));
    }

    /// Whoever deletes may say twice that it is done.
    fn note_remote_deletion(&mut self, record: RemoteDeletion) {
        let due = Arc::make_mut(&mut self.image.remote_deletions);
        let topic_id = TopicId::from(record.topic_id);
        if record.is_done {
            due.remove(&topic_id);
        } else {
            due.insert(topic_id);
        }
    }

    fn remember(&mut self, record: &AdminRequest) {
        let request = RememberedRequest {
            digest: record.digest,
            response: record.response.as_slice().into(),
            offset: record.offset.map_or(self.image.position.offset, Offset),
        };
        self.image.admin_requests.remember(record.request_id.into(), request);
    }

    fn registered(&self, id: i32, epoch: i64) -> Result<BrokerId, ApplyError> {
        let id = BrokerId(id);
        match self.image.brokers.get(&id) {
            Some(broker) if broker.epoch == epoch => Ok(id),
            _ => Err(ApplyError::UnknownBroker { id, epoch }),
        }
    }

    fn set_fenced(&mut self, id: i32, epoch: i64, fenced: bool) -> Result<(), ApplyError> {
        let id = self.registered(id, epoch)?;
        if let Some(broker) = Arc::make_mut(&mut self.image.brokers).get_mut(&id) {
            Arc::make_mut(broker).fenced = fenced;
        }
        Ok(())
    }

    fn add_topic(&mut self, record: &Topic) -> Result<(), ApplyError> {
        let id = TopicId::from(record.topic_id);
        let name_taken = self.image.topics.by_name(&record.name).is_some()
            || self.touched.values().any(|topic| topic.name.as_ref() == record.name);
        if name_taken || self.image.topics.by_id(id).is_some() || self.touched.contains_key(&id) {
            return Err(ApplyError::TopicExists { name: record.name.clone(), id });
        }
        let topic = TopicImage {
            id,
            name: record.name.as_str().into(),
            partitions: Default::default(),
            changed_at: record.changed_at.map_or(self.image.position.offset, Offset),
        };
        self.touched.insert(id, topic);
        Ok(())
    }

    /// Its settings, partitions or replicas change by this batch. What is there only since this batch has said so itself.
    fn note_change(&mut self, id: TopicId) {
        let offset = self.image.position.offset;
        if self.image.topics.by_id(id).is_some()
            && let Ok(topic) = self.topic_mut(id)
        {
            topic.changed_at = offset;
        }
    }

    fn topic_mut(&mut self, id: TopicId) -> Result<&mut TopicImage, ApplyError> {
        if !self.touched.contains_key(&id) {
            let topic = self.image.topics.by_id(id).ok_or(ApplyError::UnknownTopic { id })?;
            self.touched.insert(id, TopicImage::clone(topic));
        }
        self.touched.get_mut(&id).ok_or(ApplyError::UnknownTopic { id })
    }

    fn put_partition(&mut self, record: &Partition) -> Result<(), ApplyError> {
        let topic = self.topic_mut(record.topic_id.into())?;
        if record.index < 0 || record.index > topic.partition_count() {
            return Err(ApplyError::UnknownPartition { topic: topic.name.clone(), index: record.index });
        }
        let partition = PartitionImage {
            replicas: brokers(&record.replicas),
            directories: record.directories.iter().map(|&directory| directory.into()).collect(),
            isr: brokers(&record.isr),
            elr: brokers(&record.elr),
            last_known_elr: brokers(&record.last_known_elr),
            leader: BrokerId(record.leader),
            leader_epoch: LeaderEpoch(record.leader_epoch),
            partition_epoch: record.partition_epoch,
        };
        topic.partitions.insert(record.index, Arc::new(partition));
        self.note_change(record.topic_id.into());
        Ok(())
    }

    fn change_partition(&mut self, record: &PartitionChange) -> Result<(), ApplyError> {
        let topic = self.topic_mut(record.topic_id.into())?;
        let Some(partition) = topic.partitions.get_mut(&record.index) else {
            return Err(ApplyError::UnknownPartition { topic: topic.name.clone(), index: record.index });
        };
        let partition = Arc::make_mut(partition);
        if let Some(leader) = record.leader {
            partition.leader = BrokerId(leader);
            partition.leader_epoch.0 += 1;
        }
        replace(&mut partition.isr, record.isr.as_ref());
        replace(&mut partition.elr, record.elr.as_ref());
        replace(&mut partition.last_known_elr, record.last_known_elr.as_ref());
        partition.partition_epoch += 1;
        Ok(())
    }

    fn remove_topic(&mut self, id: TopicId) -> Result<(), ApplyError> {
        let touched = self.touched.remove(&id).map(|topic| topic.name);
        let stored = self.image.topics.remove(id).map(|topic| topic.name.clone());
        let name = stored.or(touched).ok_or(ApplyError::UnknownTopic { id })?;
        self.image.configs.remove(&ConfigResource { kind: ResourceKind::Topic, name });
        Ok(())
    }

    fn set_config(&mut self, record: &Config) -> Result<(), ApplyError> {
        let kind =
            i8::try_from(record.resource_type).ok().and_then(ResourceKind::from_number).ok_or_else(|| {
                ApplyError::OutOfRange { field: "resource type", value: record.resource_type.into() }
            })?;
        match (kind, self.image.topics.by_name(&record.resource_name).map(|topic| topic.id)) {
            (ResourceKind::Topic, Some(id)) => self.note_change(id),
            (ResourceKind::Topic, None) => {}
            _ => self.image.settings_changed_at = self.image.position.offset,
        }
        let resource = ConfigResource { kind, name: record.resource_name.as_str().into() };
        let configs = &mut self.image.configs;
        match &record.value {
            Some(value) => {
                if !configs.contains_key(&resource) {
                    configs.insert(resource.clone(), Arc::default());
                }
                if let Some(map) = configs.get_mut(&resource) {
                    Arc::make_mut(map).insert(record.key.clone(), value.clone());
                }
            }
            None => {
                let Some(map) = configs.get_mut(&resource) else { return Ok(()) };
                Arc::make_mut(map).remove(&record.key);
                if map.is_empty() {
                    configs.remove(&resource);
                }
            }
        }
        Ok(())
    }

    fn set_feature(&mut self, record: &Feature) -> Result<(), ApplyError> {
        let level = i16::try_from(record.level)
            .map_err(|_| ApplyError::OutOfRange { field: "feature level", value: record.level.into() })?;
        let features = Arc::make_mut(&mut self.image.features);
        match level {
            0 => features.remove(&record.name),
            _ => features.insert(record.name.clone(), level),
        };
        Ok(())
    }
}

fn brokers(ids: &[i32]) -> Vec<BrokerId> {
    ids.iter().map(|&id| BrokerId(id)).collect()
}

fn replace(list: &mut Vec<BrokerId>, with: Option<&BrokerList>) {
    if let Some(with) = with {
        *list = brokers(&with.ids);
    }
}

#[cfg(test)]
mod tests;
