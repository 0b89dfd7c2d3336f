//! Partitions: where replicas of new ones go, and CreatePartitions.
//!
//! Placement is a stripe over the active brokers, starting at a place that the caller's seed decides, so that equal
//! requests place alike and different topics spread.

use std::collections::BTreeSet;

use broker_protocol::types::{BrokerId, TopicId};

use super::error::MetadataError;
use super::image::{MetadataImage, TopicImage};
use super::record::{MetadataRecord, Partition, RecordKind, broker_ids};
use super::topics::repeated_names;
use crate::outcome::Outcome;

/// Most partitions that one request may create: they are one raft entry.
pub const PARTITIONS_PER_REQUEST_MAX: usize = 10_000;

/// One topic of a CreatePartitions request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MorePartitions {
    /// Its name.
    pub name: String,
    /// How many partitions it shall have.
    pub count: i32,
    /// Replicas of each further partition; `None` lets the controller place them.
    pub assignments: Option<Vec<Vec<BrokerId>>>,
}

/// The answer for each topic, in the order of the request; of repeated names, one.
pub type CreatePartitionsResponse = Vec<(String, Result<(), MetadataError>)>;

/// CreatePartitions. With `validate_only` nothing is written, but the answers are the same.
#[must_use]
pub fn create_partitions(
    image: &MetadataImage,
    requests: &[MorePartitions],
    validate_only: bool,
) -> Outcome<MetadataRecord, CreatePartitionsResponse> {
    let mut outcome = Outcome::unchanged(Vec::with_capacity(requests.len()));
    let mut repeated = repeated_names(requests.iter().map(|request| request.name.as_str()));
    let mut budget = PARTITIONS_PER_REQUEST_MAX;
    for request in requests {
        let name = request.name.as_str();
        let result = match repeated.get_mut(name).map(|answered| std::mem::replace(answered, true)) {
            Some(true) => continue,
            Some(false) => Err(MetadataError::InvalidRequest { reason: "Duplicate topic name.".to_owned() }),
            None => add_to_topic(image, request, budget),
        };
        let result = result.map(|mut records| {
            budget -= records.len();
            outcome.records.append(&mut records);
        });
        outcome.response.push((request.name.clone(), result));
    }
    if validate_only {
        outcome.records.clear();
    }
    outcome
}

fn add_to_topic(
    image: &MetadataImage,
    request: &MorePartitions,
    budget: usize,
) -> Result<Vec<MetadataRecord>, MetadataError> {
    let name = &request.name;
    let topic =
        image.topics.by_name(name).ok_or_else(|| MetadataError::UnknownTopic { name: name.clone() })?;
    let current = topic.partition_count();
    let further = further_partitions(topic, request.count)?;
    let replicas = replication_factor(topic);
    let assignments = match &request.assignments {
        Some(manual) if manual.len() != further => {
            let reason = format!(
                "Attempted to add {further} additional partition(s), but only {} assignment(s) were specified.",
                manual.len()
            );
            return Err(MetadataError::InvalidReplicaAssignment { reason });
        }
        Some(manual) => {
            check_partition_budget(further, budget)?;
            for assignment in manual {
                check_assignment(image, assignment, Some(replicas))?;
            }
            manual.clone()
        }
        None => {
            check_partition_budget(further, budget)?;
            place(image, further, replicas, seed_of(topic.id).wrapping_add(topic.partitions.len() as u64))?
        }
    };
    Ok((current..).zip(&assignments).map(|(index, to)| new_partition(image, topic.id, index, to)).collect())
}

fn further_partitions(topic: &TopicImage, count: i32) -> Result<usize, MetadataError> {
    let (name, current) = (&topic.name, topic.partition_count());
    let reason = match usize::try_from(i64::from(count) - i64::from(current)) {
        Ok(0) => format!("Topic already has {current} partition(s)."),
        Ok(further) => return Ok(further),
        Err(_) => {
            format!(
                "The topic {name} currently has {current} partition(s); {count} would not be an increase."
            )
        }
    };
    Err(MetadataError::InvalidPartitions { reason })
}

/// Replicas of the topic's first partition, which later ones must match.
fn replication_factor(topic: &TopicImage) -> usize {
    topic.partition(0).map_or(1, |partition| partition.replicas.len())
}

/// Refuses more partitions than a request has left.
pub(super) fn check_partition_budget(wanted: usize, budget: usize) -> Result<(), MetadataError> {
    if wanted <= budget {
        return Ok(());
    }
    let reason = format!(
        "Excessively large number of partitions per request: at most {PARTITIONS_PER_REQUEST_MAX} are allowed."
    );
    Err(MetadataError::PolicyViolation { reason })
}

/// Where a topic's stripe begins.
pub(super) fn seed_of(id: TopicId) -> u64 {
    let (high, low) = id.0.as_u64_pair();
    high ^ low
}

/// Replicas for `partitions` partitions, the preferred leader first.
///
/// # Errors
/// Fewer registered, or fewer active, brokers than replicas.
pub(super) fn place(
    image: &MetadataImage,
    partitions: usize,
    replication_factor: usize,
    seed: u64,
) -> Result<Vec<Vec<BrokerId>>, MetadataError> {
    let active: Vec<BrokerId> =
        image.brokers.values().filter(|broker| !broker.fenced).map(|broker| broker.id).collect();
    let registered = image.brokers.len();
    let reason = if registered < replication_factor {
        format!(
            "The target replication factor of {replication_factor} cannot be reached because only {registered} \
             broker(s) are registered."
        )
    } else if active.is_empty() {
        "All brokers are currently fenced.".to_owned()
    } else if active.len() < replication_factor {
        format!(
            "The target replication factor of {replication_factor} cannot be reached because only {} broker(s) \
             are active.",
            active.len()
        )
    } else {
        let count = active.len() as u64;
        let replica = |partition: usize, replica: usize| {
            let at = (seed % count + partition as u64 + replica as u64) % count;
            active[usize::try_from(at).expect("an index into a vector")]
        };
        let assignment = |partition| (0..replication_factor).map(|at| replica(partition, at)).collect();
        return Ok((0..partitions).map(assignment).collect());
    };
    Err(MetadataError::InvalidReplicationFactor {
        reason: format!("Unable to replicate the partition {replication_factor} time(s): {reason}"),
    })
}

/// Checks the replicas that a request names for one partition; `expected` is the count that others have.
pub(super) fn check_assignment(
    image: &MetadataImage,
    assignment: &[BrokerId],
    expected: Option<usize>,
) -> Result<(), MetadataError> {
    let refuse = |reason: String| Err(MetadataError::InvalidReplicaAssignment { reason });
    if assignment.is_empty() {
        return refuse("The manual partition assignment includes an empty replica list.".to_owned());
    }
    let mut seen = BTreeSet::new();
    for broker in assignment {
        if !image.brokers.contains_key(broker) {
            return refuse(format!(
                "The manual partition assignment includes broker {broker}, but no such broker is registered."
            ));
        }
        if !seen.insert(broker) {
            return refuse(format!(
                "The manual partition assignment includes the broker {broker} more than once."
            ));
        }
    }
    if let Some(expected) = expected.filter(|&expected| expected != assignment.len()) {
        return refuse(format!(
            "The manual partition assignment includes a partition with {} replica(s), but this is not consistent \
             with previous partitions, which have {expected} replica(s).",
            assignment.len()
        ));
    }
    if !assignment.iter().any(|&broker| image.active_broker(broker).is_some()) {
        return refuse("All brokers specified in the manual partition assignment are fenced.".to_owned());
    }
    Ok(())
}

/// The record of a partition that begins its life: active replicas are in sync, the first of them leads.
pub(super) fn new_partition(
    image: &MetadataImage,
    topic: TopicId,
    index: i32,
    replicas: &[BrokerId],
) -> MetadataRecord {
    let isr: Vec<BrokerId> =
        replicas.iter().copied().filter(|&broker| image.active_broker(broker).is_some()).collect();
    let directory = |id| image.brokers.get(id).map(|broker| broker.directory_id.into()).unwrap_or_default();
    RecordKind::Partition(Partition {
        topic_id: topic.into(),
        index,
        replicas: broker_ids(replicas),
        leader: isr.first().copied().unwrap_or(BrokerId::NONE).0,
        isr: broker_ids(&isr),
        directories: replicas.iter().map(directory).collect(),
        ..Partition::default()
    })
    .into()
}

#[cfg(test)]
mod tests;
