//! CreateTopics and DeleteTopics.
//!
//! Each topic of a request succeeds or fails for itself. The caller has validated settings and drawn the ids.

use std::collections::{BTreeMap, BTreeSet};

use broker_protocol::types::{BrokerId, TopicId};

use super::error::MetadataError;
use super::image::{ConfigMap, MetadataImage, ResourceKind};
use super::partitions::{
    PARTITIONS_PER_REQUEST_MAX, check_assignment, check_partition_budget, new_partition, place, seed_of,
};
use super::record::{Config, MetadataRecord, RecordKind, RemoteDeletion, RemoveTopic, Topic};
use super::topic_name;
use crate::outcome::Outcome;

/// One topic of a CreateTopics request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// An id never used before.
    pub id: TopicId,
    /// How many partitions; -1 for the default.
    pub partitions: i32,
    /// How many replicas of each; -1 for the default.
    pub replication_factor: i16,
    /// Replicas by partition, if the request names them; else empty.
    pub assignments: Vec<(i32, Vec<BrokerId>)>,
    /// Its settings, or why they are refused.
    pub configs: Result<ConfigMap, MetadataError>,
}

/// What a topic gets if the request does not say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TopicDefaults {
    /// `num.partitions`, from 1.
    pub partitions: u16,
    /// `default.replication.factor`, from 1.
    pub replication_factor: u16,
}

/// A topic that was created, or would have been.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreatedTopic {
    /// Its id.
    pub id: TopicId,
    /// Count of its partitions.
    pub partitions: i32,
    /// Count of replicas of each.
    pub replication_factor: i16,
    /// Its own settings.
    pub configs: ConfigMap,
}

/// The answer for each topic, in the order of the request; of repeated names, one.
pub type CreateTopicsResponse = Vec<(String, Result<CreatedTopic, MetadataError>)>;

/// CreateTopics. With `validate_only` nothing is written, but the answers are the same.
#[must_use]
pub fn create_topics(
    image: &MetadataImage,
    topics: &[NewTopic],
    defaults: TopicDefaults,
    validate_only: bool,
) -> Outcome<MetadataRecord, CreateTopicsResponse> {
    let mut outcome = Outcome::unchanged(Vec::with_capacity(topics.len()));
    let mut repeated = repeated_names(topics.iter().map(|topic| topic.name.as_str()));
    let mut metric_names = BTreeMap::new();
    let mut budget = PARTITIONS_PER_REQUEST_MAX;
    for topic in topics {
        let result = match repeated
            .get_mut(topic.name.as_str())
            .map(|answered| std::mem::replace(answered, true))
        {
            Some(true) => continue,
            Some(false) => Err(MetadataError::InvalidRequest { reason: "Duplicate topic name.".to_owned() }),
            None => check_name(image, &topic.name, &metric_names)
                .and_then(|()| create_topic(image, topic, defaults, budget)),
        };
        let result = result.map(|(created, mut records)| {
            budget -= usize::try_from(created.partitions).expect("a count is not negative");
            if let Some(metric_name) = topic_name::metric_name(&topic.name) {
                metric_names.insert(metric_name, topic.name.as_str());
            }
            outcome.records.append(&mut records);
            created
        });
        outcome.response.push((topic.name.clone(), result));
    }
    if validate_only {
        outcome.records.clear();
    }
    outcome
}

/// The names that stand more than once in a request, each with whether it was answered.
pub(super) fn repeated_names<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, bool> {
    let mut seen = BTreeSet::new();
    names.filter(|name| !seen.insert(*name)).map(|name| (name, false)).collect()
}

/// The name of the metadata log, which no topic may have.
const CLUSTER_METADATA: &str = "__cluster_metadata";

fn check_name(
    image: &MetadataImage,
    name: &str,
    metric_names: &BTreeMap<String, &str>,
) -> Result<(), MetadataError> {
    topic_name::validate(name)?;
    if name == CLUSTER_METADATA {
        let reason = format!("Creation of internal topic {name} is prohibited.");
        return Err(MetadataError::InvalidRequest { reason });
    }
    if image.topics.by_name(name).is_some() {
        return Err(MetadataError::TopicExists { name: name.to_owned() });
    }
    let earlier = || topic_name::metric_name(name).and_then(|own| metric_names.get(&own).copied());
    match image.topics.colliding_with(name).map(AsRef::as_ref).or_else(earlier) {
        Some(existing) => {
            Err(MetadataError::CollidingTopicName { name: name.to_owned(), existing: existing.into() })
        }
        None => Ok(()),
    }
}

fn create_topic(
    image: &MetadataImage,
    topic: &NewTopic,
    defaults: TopicDefaults,
    budget: usize,
) -> Result<(CreatedTopic, Vec<MetadataRecord>), MetadataError> {
    let configs = topic.configs.clone()?;
    let assignments = if topic.assignments.is_empty() {
        placed_assignments(image, topic, defaults, budget)?
    } else {
        manual_assignments(image, topic, budget)?
    };
    let mut records = Vec::with_capacity(1 + assignments.len() + configs.len());
    let topic_record = Topic { topic_id: topic.id.into(), name: topic.name.clone(), changed_at: None };
    records.push(RecordKind::Topic(topic_record).into());
    records.extend(
        (0..).zip(&assignments).map(|(index, replicas)| new_partition(image, topic.id, index, replicas)),
    );
    records.extend(configs.iter().map(|(key, value)| {
        let config = Config {
            resource_type: ResourceKind::Topic.number().into(),
            resource_name: topic.name.clone(),
            key: key.clone(),
            value: Some(value.clone()),
        };
        RecordKind::Config(config).into()
    }));
    let created = CreatedTopic {
        id: topic.id,
        partitions: i32::try_from(assignments.len()).expect("bounded by the budget"),
        replication_factor: i16::try_from(assignments[0].len()).unwrap_or(i16::MAX),
        configs,
    };
    Ok((created, records))
}

fn placed_assignments(
    image: &MetadataImage,
    topic: &NewTopic,
    defaults: TopicDefaults,
    budget: usize,
) -> Result<Vec<Vec<BrokerId>>, MetadataError> {
    let partitions = match topic.partitions {
        -1 => defaults.partitions.into(),
        count => usize::try_from(count).ok().filter(|&count| count > 0).ok_or_else(|| {
            let reason =
                "Number of partitions must be larger than 0, or -1 to use the default value.".to_owned();
            MetadataError::InvalidPartitions { reason }
        })?,
    };
    let replication_factor = match topic.replication_factor {
        -1 => defaults.replication_factor.into(),
        count => usize::try_from(count).ok().filter(|&count| count > 0).ok_or_else(|| {
            let reason =
                "Replication factor must be larger than 0, or -1 to use the default value.".to_owned();
            MetadataError::InvalidReplicationFactor { reason }
        })?,
    };
    check_partition_budget(partitions, budget)?;
    place(image, partitions, replication_factor, seed_of(topic.id))
}

fn manual_assignments(
    image: &MetadataImage,
    topic: &NewTopic,
    budget: usize,
) -> Result<Vec<Vec<BrokerId>>, MetadataError> {
    for (given, what) in
        [(topic.replication_factor != -1, "replication factor"), (topic.partitions != -1, "numPartitions")]
    {
        if given {
            let reason =
                format!("A manual partition assignment was specified, but {what} was not set to -1.");
            return Err(MetadataError::InvalidRequest { reason });
        }
    }
    check_partition_budget(topic.assignments.len(), budget)?;
    let mut by_index = BTreeMap::new();
    let mut replication_factor = None;
    for (index, replicas) in &topic.assignments {
        if by_index.insert(*index, replicas.clone()).is_some() {
            let reason = format!("Found multiple manual partition assignments for partition {index}");
            return Err(MetadataError::InvalidReplicaAssignment { reason });
        }
        check_assignment(image, replicas, replication_factor)?;
        replication_factor = Some(replicas.len());
    }
    if !by_index.keys().copied().eq(0..topic.assignments.len() as i32) {
        let reason = "partitions should be a consecutive 0-based integer sequence".to_owned();
        return Err(MetadataError::InvalidReplicaAssignment { reason });
    }
    Ok(by_index.into_values().collect())
}

/// How a DeleteTopics request names a topic.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TopicRef {
    /// By name (up to version 5, and later).
    Name(String),
    /// By id (from version 6).
    Id(TopicId),
}

/// A topic that was deleted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeletedTopic {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: TopicId,
}

/// The answer for each topic, in the order of the request; of repeated ones, one.
pub type DeleteTopicsResponse = Vec<(TopicRef, Result<DeletedTopic, MetadataError>)>;

/// DeleteTopics. A topic that the request names twice, also once by name and once by id, is refused. Where there is an
/// object store (`is_tiered`), what it has of the topics is to be deleted too.
#[must_use]
pub fn delete_topics(
    image: &MetadataImage,
    topics: &[TopicRef],
    is_tiered: bool,
) -> Outcome<MetadataRecord, DeleteTopicsResponse> {
    let mut times_named: BTreeMap<TopicId, usize> = BTreeMap::new();
    for topic in topics.iter().filter_map(|topic| resolve(image, topic).ok()) {
        *times_named.entry(topic.id).or_default() += 1;
    }
    let mut outcome = Outcome::unchanged(Vec::with_capacity(topics.len()));
    let mut answered = BTreeSet::new();
    for topic in topics.iter().filter(|&topic| answered.insert(topic)) {
        let result = resolve(image, topic).and_then(|deleted| match times_named.get(&deleted.id) {
            Some(1) => Ok(deleted),
            _ => Err(MetadataError::InvalidRequest { reason: "Duplicate topic name or ID.".to_owned() }),
        });
        if let Ok(deleted) = &result {
            let record = RemoveTopic { topic_id: deleted.id.into() };
            outcome.records.push(RecordKind::RemoveTopic(record).into());
            if is_tiered {
                let deletion = RemoteDeletion { topic_id: deleted.id.into(), is_done: false };
                outcome.records.push(RecordKind::RemoteDeletion(deletion).into());
            }
        }
        outcome.response.push((topic.clone(), result));
    }
    outcome
}

fn resolve(image: &MetadataImage, topic: &TopicRef) -> Result<DeletedTopic, MetadataError> {
    let found = match topic {
        TopicRef::Name(name) => {
            image.topics.by_name(name).ok_or_else(|| MetadataError::UnknownTopic { name: name.clone() })
        }
        TopicRef::Id(id) => image.topics.by_id(*id).ok_or(MetadataError::UnknownTopicId { id: *id }),
    }?;
    Ok(DeletedTopic { name: found.name.to_string(), id: found.id })
}

#[cfg(test)]
mod tests;
