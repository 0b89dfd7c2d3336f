//! Brokers: formation of the cluster, registration, fencing, and the elections that these cause.
//!
//! A registration is one life of a process; its epoch is the offset of its record, so a later life always has a higher
//! one. A broker leads only while it is active, in the ISR, and on the log directory that the partition knows: an
//! emptied disk under an old id holds nothing, however recently it was in sync.

use std::collections::BTreeMap;

use broker_protocol::types::{BrokerId, TopicId, Uuid};

use super::error::MetadataError;
use super::image::{BrokerImage, MetadataImage, PartitionImage};
use super::record::{
    BrokerList, ClusterId, Endpoint, Feature, FenceBroker, MetadataRecord, PartitionChange, RecordKind,
    RegisterBroker, UnfenceBroker, UnregisterBroker,
};
use crate::outcome::Outcome;

/// The first records of a cluster, or none if it has them.
///
/// # Errors
/// The metadata belongs to another cluster.
pub fn form_cluster(
    image: &MetadataImage,
    cluster_id: &str,
    features: &BTreeMap<String, i16>,
) -> Result<Outcome<MetadataRecord, ()>, MetadataError> {
    match &image.cluster_id {
        Some(expected) if expected.as_ref() == cluster_id => return Ok(Outcome::unchanged(())),
        Some(expected) => {
            return Err(MetadataError::InconsistentClusterId {
                expected: expected.clone(),
                requested: cluster_id.to_owned(),
            });
        }
        None => {}
    }
    let mut records = vec![RecordKind::ClusterId(ClusterId { id: cluster_id.to_owned() }).into()];
    records.extend(features.iter().map(|(name, &level)| {
        RecordKind::Feature(Feature { name: name.clone(), level: level.into() }).into()
    }));
    Ok(Outcome { records, response: () })
}

/// A broker that joins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerRegistration {
    /// `node.id`, from 0.
    pub id: BrokerId,
    /// Identity of its log directory.
    pub directory_id: Uuid,
    /// Identity of its process, drawn at its start.
    pub incarnation_id: Uuid,
    /// Where it is reached, by listener.
    pub endpoints: Vec<Endpoint>,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// Whether it stays fenced until [`unfence_broker`]. A broker that has recovered its logs before it registers
    /// need not.
    pub fenced: bool,
}

/// Registers a broker. Its epoch is the offset that the records get; a repeated request of the same incarnation gets
/// another one.
///
/// `earlier_is_live` says whether the earlier incarnation under this id still heartbeats. An incarnation on the same
/// log directory cannot live any more, because the directory is locked by its process.
///
/// # Errors
/// Another live incarnation has this id.
pub fn register_broker(
    image: &MetadataImage,
    request: &BrokerRegistration,
    earlier_is_live: bool,
) -> Result<Outcome<MetadataRecord, ()>, MetadataError> {
    if let Some(earlier) = image.brokers.get(&request.id) {
        let same_process = earlier.incarnation_id == request.incarnation_id;
        let same_directory = earlier.directory_id == request.directory_id;
        if !same_process && !same_directory && earlier_is_live && !earlier.fenced {
            return Err(MetadataError::DuplicateBrokerRegistration { id: request.id });
        }
    }
    let registered = RegisterBroker {
        broker_id: request.id.0,
        directory_id: request.directory_id.into(),
        incarnation_id: request.incarnation_id.into(),
        endpoints: request.endpoints.clone(),
        rack: request.rack.clone(),
        fenced: request.fenced,
        broker_epoch: None,
    };
    let mut records = vec![RecordKind::RegisterBroker(registered).into()];
    if request.fenced {
        records.extend(elections_without(image, request.id));
    } else {
        records.extend(elections_with(image, request.id, request.directory_id));
    }
    Ok(Outcome { records, response: () })
}

/// Lets a registered broker lead, and elects it where no one leads.
///
/// # Errors
/// It is not registered, or under another epoch.
pub fn unfence_broker(
    image: &MetadataImage,
    id: BrokerId,
    epoch: i64,
) -> Result<Outcome<MetadataRecord, ()>, MetadataError> {
    let broker = registered(image, id, epoch)?;
    if !broker.fenced {
        return Ok(Outcome::unchanged(()));
    }
    let unfence = UnfenceBroker { broker_id: id.0, broker_epoch: epoch };
    let mut records = vec![RecordKind::UnfenceBroker(unfence).into()];
    records.extend(elections_with(image, id, broker.directory_id));
    Ok(Outcome { records, response: () })
}

/// Takes leadership and ISR membership from a broker that does not heartbeat or shuts down.
///
/// # Errors
/// It is not registered, or under another epoch.
pub fn fence_broker(
    image: &MetadataImage,
    id: BrokerId,
    epoch: i64,
) -> Result<Outcome<MetadataRecord, ()>, MetadataError> {
    if registered(image, id, epoch)?.fenced {
        return Ok(Outcome::unchanged(()));
    }
    let fence = FenceBroker { broker_id: id.0, broker_epoch: epoch };
    let mut records = vec![RecordKind::FenceBroker(fence).into()];
    records.extend(elections_without(image, id));
    Ok(Outcome { records, response: () })
}

/// Forgets a broker.
///
/// # Errors
/// It is not registered.
pub fn unregister_broker(
    image: &MetadataImage,
    id: BrokerId,
) -> Result<Outcome<MetadataRecord, ()>, MetadataError> {
    let broker = image.brokers.get(&id).ok_or(MetadataError::BrokerIdNotRegistered { id })?;
    let unregister = UnregisterBroker { broker_id: id.0, broker_epoch: broker.epoch };
    let mut records: Vec<MetadataRecord> = elections_without(image, id).collect();
    records.push(RecordKind::UnregisterBroker(unregister).into());
    Ok(Outcome { records, response: () })
}

/// The registration of a broker whose request names this epoch.
///
/// # Errors
/// It is not registered, or under another epoch.
pub fn registered(image: &MetadataImage, id: BrokerId, epoch: i64) -> Result<&BrokerImage, MetadataError> {
    let broker = image.brokers.get(&id).ok_or(MetadataError::BrokerIdNotRegistered { id })?;
    if broker.epoch != epoch {
        return Err(MetadataError::StaleBrokerEpoch { expected: broker.epoch, requested: epoch });
    }
    Ok(broker)
}

/// Elections that a broker wins by becoming active: where it is in sync and no other active broker leads. Where it
/// led before, it leads on in another epoch, for it is another process.
fn elections_with(
    image: &MetadataImage,
    id: BrokerId,
    directory: Uuid,
) -> impl Iterator<Item = MetadataRecord> {
    partitions(image).filter_map(move |(topic, index, partition)| {
        if !partition.replicas.contains(&id) {
            return None;
        }
        if !partition.is_held_by(id, directory) {
            return without(image, id, topic, index, partition);
        }
        let led_by_other = partition.leader != id && image.active_broker(partition.leader).is_some();
        let eligible =
            partition.isr.contains(&id) || (partition.isr.is_empty() && partition.elr.contains(&id));
        if led_by_other || !eligible {
            return None;
        }
        let isr = partition.isr.is_empty().then(|| BrokerList::of(&[id]));
        let elr = partition.elr.contains(&id).then(|| {
            let others: Vec<BrokerId> = partition.elr.iter().copied().filter(|&other| other != id).collect();
            BrokerList::of(&others)
        });
        Some(change(PartitionChange { isr, elr, leader: Some(id.0), ..blank_change(topic, index) }))
    })
}

/// Elections that follow when a broker may not lead any more.
fn elections_without(image: &MetadataImage, id: BrokerId) -> impl Iterator<Item = MetadataRecord> {
    partitions(image).filter_map(move |(topic, index, partition)| without(image, id, topic, index, partition))
}

/// The change by which a partition does without a broker. The last member of an ISR stays in it: it alone is known to
/// hold everything, and only it may lead next.
fn without(
    image: &MetadataImage,
    id: BrokerId,
    topic: TopicId,
    index: i32,
    partition: &PartitionImage,
) -> Option<MetadataRecord> {
    let others: Vec<BrokerId> = partition.isr.iter().copied().filter(|&other| other != id).collect();
    let leaves_isr = others.len() < partition.isr.len() && !others.is_empty();
    let leads = partition.leader == id;
    if !leaves_isr && !leads {
        return None;
    }
    let successor = partition
        .replicas
        .iter()
        .copied()
        .find(|&other| others.contains(&other) && image.active_broker(other).is_some())
        .unwrap_or(BrokerId::NONE);
    Some(change(PartitionChange {
        leader: leads.then_some(successor.0),
        isr: leaves_isr.then(|| BrokerList::of(&others)),
        ..blank_change(topic, index)
    }))
}

fn partitions(image: &MetadataImage) -> impl Iterator<Item = (TopicId, i32, &PartitionImage)> {
    image.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|(&index, partition)| (topic.id, index, partition.as_ref()))
    })
}

fn blank_change(topic: TopicId, index: i32) -> PartitionChange {
    PartitionChange { topic_id: topic.into(), index, ..PartitionChange::default() }
}

fn change(change: PartitionChange) -> MetadataRecord {
    RecordKind::PartitionChange(change).into()
}

#[cfg(test)]
mod tests;
