//! What a recovered cluster consists of, from what was surveyed. Pure.
//!
//! Topics are those of the metadata snapshot, and those of which there are manifests and that it does not know: they were
//! made after it. Offsets never mean something else than before: leader epochs, producer ids and offsets of the metadata
//! go on far above all that anybody can have seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context;
use broker_log::log::TieredStart;
use broker_log::log_config::LogIdentity;
use broker_protocol::types::{BrokerId, LeaderEpoch, Offset, PartitionIndex, ProducerId, TopicId, Uuid};
use broker_state::group::GroupBackup;
use broker_state::metadata::record::{
    ClusterId, Config, Feature, MetadataBatch, MetadataRecord, Partition, ProducerIds, RecordKind,
    RemoteDeletion, Topic,
};
use broker_state::metadata::{LogPosition, MetadataImage, ResourceKind, apply, topic_name};
use broker_tier::ids::{ManifestNumber, PartitionId};

use super::report::{Origin, PartitionReport, Report, TopicReport};
use super::survey::{Survey, Surveyed};

/// Leader epochs that are left out: elections that the snapshot does not know, and of which clients may have heard.
const EPOCHS_LEFT_OUT: i32 = 1000;
/// Producer ids that are left out: those given out after the snapshot.
const PRODUCER_IDS_LEFT_OUT: i64 = 1_000_000;
/// Offsets of the metadata that are left out: snapshots that the old broker may write until it stops.
const METADATA_OFFSETS_LEFT_OUT: u64 = 1_000_000;
/// Settings of a topic whose own are not known: the default would delete at once what is older than a week.
const KEPT_FOR_EVER: [(&str, &str); 2] = [("retention.bytes", "-1"), ("retention.ms", "-1")];
/// Raft term of the first metadata.
const TERM: u64 = 1;

/// A partition whose records lie in the object store.
#[derive(Clone, Debug)]
pub(super) struct LogPlan {
    pub(super) identity: LogIdentity,
    pub(super) leader_epoch: LeaderEpoch,
    pub(super) start: TieredStart,
    /// Its newest manifest.
    pub(super) manifest: ManifestNumber,
}

/// What is to be made.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) image: MetadataImage,
    pub(super) logs: Vec<LogPlan>,
    pub(super) groups: Vec<GroupBackup>,
    pub(super) report: Report,
}

/// Whose it becomes.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) cluster: String,
    pub(super) broker: BrokerId,
    pub(super) directory: Uuid,
}

/// A topic in the making.
struct TopicPlan {
    name: Arc<str>,
    id: TopicId,
    origin: Origin,
    count: PartitionIndex,
    /// Of the snapshot.
    epochs: BTreeMap<PartitionIndex, LeaderEpoch>,
}

/// Whether a topic of which something is there is recovered.
pub(super) fn is_recovered(survey: &Survey, topic: TopicId) -> bool {
    chosen_topics(survey).0.iter().any(|chosen| chosen.id == topic)
}

/// Decides.
///
/// # Errors
/// The metadata contradicts itself.
pub(super) fn plan(survey: &Survey, owner: &Owner) -> anyhow::Result<Plan> {
    let (topics, left_out) = chosen_topics(survey);
    let mut records = cluster_records(survey, owner);
    let (mut logs, mut reports, mut ends) = (Vec::new(), Vec::new(), BTreeMap::new());
    for topic in &topics {
        records.push(
            RecordKind::Topic(Topic {
                topic_id: topic.id.into(),
                name: topic.name.to_string(),
                changed_at: None,
            })
            .into(),
        );
        let mut partitions = Vec::new();
        for index in 0..topic.count {
            let id = PartitionId { topic_id: topic.id, partition: index };
            let surveyed = survey.partitions.get(&id);
            let epoch = first_epoch(topic.epochs.get(&index).copied(), surveyed);
            records.push(partition_record(topic.id, index, epoch, owner));
            ends.insert(
                (Arc::clone(&topic.name), index),
                (topic.id, surveyed.map_or(Offset(0), |found| found.end)),
            );
            if let Some(found) = surveyed {
                logs.push(log_plan(topic, found, epoch));
            }
            partitions.push(partition_report(index, surveyed, survey.damaged.get(&id)));
        }
        let (name, id, origin) = (Arc::clone(&topic.name), topic.id, topic.origin);
        reports.push(TopicReport { name, id, origin, partitions });
    }
    records.extend(config_records(survey, &topics));
    let (groups, clamped) = clamped_groups(survey, &ends);
    let position = LogPosition { offset: first_offset(survey), term: TERM };
    let image = apply(&MetadataImage::default(), position, &MetadataBatch { records })
        .context("the recovered metadata contradicts itself")?;
    let snapshot = survey.snapshots.chosen.as_ref().map(|found| (found.offset, found.created_ms));
    let report = Report {
        cluster: owner.cluster.clone(),
        generation: None,
        snapshot,
        passed_over: survey.snapshots.passed_over.clone(),
        topics: reports,
        left_out,
        groups: groups.len(),
        offsets: groups.iter().map(|group| group.offsets.len()).sum(),
        clamped,
    };
    Ok(Plan { image, logs, groups, report })
}

/// The topics that are recovered, by name, and why others are not.
fn chosen_topics(survey: &Survey) -> (Vec<TopicPlan>, Vec<String>) {
    let mut chosen: BTreeMap<Arc<str>, TopicPlan> = BTreeMap::new();
    let mut known: BTreeSet<TopicId> = BTreeSet::new();
    let mut deleted: BTreeSet<TopicId> = BTreeSet::new();
    if let Some(snapshot) = &survey.snapshots.chosen {
        let image = &snapshot.backup.image;
        deleted.extend(image.remote_deletions.iter().copied());
        for topic in image.topics.iter() {
            known.insert(topic.id);
            let epochs = topic.partitions.iter().map(|(&index, known)| (index, known.leader_epoch)).collect();
            let count = topic.partition_count().max(count_of(survey, topic.id));
            let (name, id) = (Arc::clone(&topic.name), topic.id);
            chosen.insert(Arc::clone(&name), TopicPlan { name, id, origin: Origin::Snapshot, count, epochs });
        }
    }
    let mut left_out = Vec::new();
    let ids: BTreeSet<TopicId> = survey.partitions.keys().map(|partition| partition.topic_id).collect();
    // The one that was copied to last has a name that several had.
    let mut later: Vec<(Option<i64>, TopicId, Arc<str>)> =
        ids.difference(&known).filter_map(|&id| later_topic(survey, id)).collect();
    later.sort();
    for (_, id, name) in later.into_iter().rev() {
        let reason = if deleted.contains(&id) {
            Some("it was deleted")
        } else if chosen.contains_key(&name) {
            Some("another topic has the name")
        } else if topic_name::validate(&name).is_err() {
            Some("no topic may be called so")
        } else {
            None
        };
        match reason {
            Some(reason) => left_out.push(format!("{name:?} with id {id}: {reason}")),
            None => {
                let (count, epochs) = (count_of(survey, id), BTreeMap::new());
                let topic =
                    TopicPlan { name: Arc::clone(&name), id, origin: Origin::Manifests, count, epochs };
                chosen.insert(name, topic);
            }
        }
    }
    (chosen.into_values().collect(), left_out)
}

/// When a topic that the snapshot does not know was copied to last, with its name then.
fn later_topic(survey: &Survey, id: TopicId) -> Option<(Option<i64>, TopicId, Arc<str>)> {
    let newest = partitions_of(survey, id).max_by_key(|found| found.copied_ms)?;
    Some((newest.copied_ms, id, Arc::clone(&newest.topic)))
}

fn partitions_of(survey: &Survey, id: TopicId) -> impl Iterator<Item = &Surveyed> {
    let first = PartitionId { topic_id: id, partition: 0 };
    let last = PartitionId { topic_id: id, partition: PartitionIndex::MAX };
    survey.partitions.range(first..=last).map(|(_, found)| found)
}

/// Partitions of a topic as far as objects tell.
fn count_of(survey: &Survey, id: TopicId) -> PartitionIndex {
    let damaged = survey.damaged.keys().filter(|partition| partition.topic_id == id);
    let known = partitions_of(survey, id).map(|found| &found.partition);
    known.chain(damaged).map(|partition| partition.partition + 1).max().unwrap_or(0)
}

/// An epoch above all that the partition has had.
fn first_epoch(known: Option<LeaderEpoch>, surveyed: Option<&Surveyed>) -> LeaderEpoch {
    let copied = surveyed.map_or(LeaderEpoch::NONE, |found| found.latest_epoch);
    let latest = known.unwrap_or(LeaderEpoch::NONE).max(copied).max(LeaderEpoch(0));
    LeaderEpoch(latest.0.saturating_add(EPOCHS_LEFT_OUT))
}

fn first_offset(survey: &Survey) -> Offset {
    let snapshot = survey.snapshots.chosen.as_ref().map_or(0, |found| found.offset);
    let highest = survey.snapshots.highest_offset.max(snapshot);
    Offset(i64::try_from(highest.saturating_add(METADATA_OFFSETS_LEFT_OUT)).unwrap_or(i64::MAX / 2))
}

/// Who the cluster is, its features and what it has given out.
fn cluster_records(survey: &Survey, owner: &Owner) -> Vec<MetadataRecord> {
    let mut records = vec![RecordKind::ClusterId(ClusterId { id: owner.cluster.clone() }).into()];
    let image = survey.snapshots.chosen.as_ref().map(|found| &found.backup.image);
    for (name, &level) in image.iter().flat_map(|image| image.features.iter()) {
        records.push(RecordKind::Feature(Feature { name: name.clone(), level: level.into() }).into());
    }
    let next_id = next_producer_id(survey, image).0;
    records.push(RecordKind::ProducerIds(ProducerIds { broker_id: owner.broker.0, next_id }).into());
    for &topic_id in image.iter().flat_map(|image| image.remote_deletions.iter()) {
        let deletion = RemoteDeletion { topic_id: topic_id.into(), is_done: false };
        records.push(RecordKind::RemoteDeletion(deletion).into());
    }
    records
}

/// A producer id above all that were ever given out.
fn next_producer_id(survey: &Survey, image: Option<&MetadataImage>) -> ProducerId {
    let given = image.map_or(0, |image| image.next_producer_id.0);
    let producers = survey.partitions.values().flat_map(|found| found.producers.iter());
    let written = producers.map(|(id, _)| id.0 + 1).max().unwrap_or(0);
    ProducerId(given.max(written).saturating_add(PRODUCER_IDS_LEFT_OUT))
}

fn partition_record(
    topic: TopicId,
    index: PartitionIndex,
    epoch: LeaderEpoch,
    owner: &Owner,
) -> MetadataRecord {
    // Nobody leads until the broker registers.
    RecordKind::Partition(Partition {
        topic_id: topic.into(),
        index,
        replicas: vec![owner.broker.0],
        isr: vec![owner.broker.0],
        elr: Vec::new(),
        last_known_elr: Vec::new(),
        leader: BrokerId::NONE.0,
        leader_epoch: epoch.0,
        partition_epoch: 0,
        directories: vec![owner.directory.into()],
    })
    .into()
}

/// Settings of the topics and of everything else that has any.
fn config_records(survey: &Survey, topics: &[TopicPlan]) -> Vec<MetadataRecord> {
    let later = topics.iter().filter(|topic| topic.origin == Origin::Manifests);
    let mut records: Vec<MetadataRecord> = later
        .flat_map(|topic| {
            KEPT_FOR_EVER.map(|(key, value)| config_record(ResourceKind::Topic, &topic.name, key, value))
        })
        .collect();
    let Some(snapshot) = &survey.snapshots.chosen else { return records };
    let is_kept = |kind: ResourceKind, name: &str| {
        kind != ResourceKind::Topic
            || topics.iter().any(|topic| *topic.name == *name && topic.origin == Origin::Snapshot)
    };
    for (resource, settings) in snapshot.backup.image.configs.iter() {
        if is_kept(resource.kind, &resource.name) {
            let record =
                |(key, value): (&String, &String)| config_record(resource.kind, &resource.name, key, value);
            records.extend(settings.iter().map(record));
        }
    }
    records
}

fn config_record(kind: ResourceKind, name: &str, key: &str, value: &str) -> MetadataRecord {
    let (resource_type, resource_name) = (kind.number().into(), name.to_owned());
    let (key, value) = (key.to_owned(), Some(value.to_owned()));
    RecordKind::Config(Config { resource_type, resource_name, key, value }).into()
}

fn log_plan(topic: &TopicPlan, found: &Surveyed, leader_epoch: LeaderEpoch) -> LogPlan {
    let (topic, topic_id) = (Arc::clone(&topic.name), topic.id);
    LogPlan {
        identity: LogIdentity { topic, topic_id, partition: found.partition.partition },
        leader_epoch,
        manifest: found.newest_number,
        start: TieredStart {
            log_start: found.log_start,
            local_start: found.end,
            epochs: found.epochs.clone(),
            producers: found.producers.clone(),
        },
    }
}

fn partition_report(
    index: PartitionIndex,
    surveyed: Option<&Surveyed>,
    damage: Option<&String>,
) -> PartitionReport {
    PartitionReport {
        index,
        log_start: surveyed.map_or(Offset(0), |found| found.log_start),
        end: surveyed.map_or(Offset(0), |found| found.end),
        bytes: surveyed.map_or(0, |found| found.bytes),
        entries: surveyed.map_or(0, |found| found.entries),
        copied_ms: surveyed.and_then(|found| found.copied_ms),
        damage: damage.cloned(),
    }
}

/// Ends of the partitions that are recovered, with the ids of their topics.
type Ends = BTreeMap<(Arc<str>, PartitionIndex), (TopicId, Offset)>;

/// What the groups have committed for the topics that are recovered, none of it beyond a partition's end: a consumer that
/// begins there reads whatever is written next.
fn clamped_groups(survey: &Survey, ends: &Ends) -> (Vec<GroupBackup>, Vec<String>) {
    let (mut groups, mut clamped) = (Vec::new(), Vec::new());
    for group in survey.snapshots.chosen.iter().flat_map(|found| &found.backup.groups) {
        let mut group = group.clone();
        group.offsets.retain_mut(|offset| {
            let Some((topic_id, end)) = ends.get(&(Arc::clone(&offset.topic), offset.partition)) else {
                return false;
            };
            let committed = &mut offset.committed;
            if !committed.topic_id.is_zero() && committed.topic_id != *topic_id {
                return false;
            }
            if committed.offset > end.0 {
                let (name, topic, partition, from) =
                    (&group.group_id, &offset.topic, offset.partition, committed.offset);
                clamped.push(format!(
                    "group {name:?}, topic {topic}, partition {partition}: from {from} to {end}"
                ));
                committed.offset = end.0;
                committed.leader_epoch = LeaderEpoch::NONE.0;
            }
            true
        });
        if !group.offsets.is_empty() {
            groups.push(group);
        }
    }
    (groups, clamped)
}

#[cfg(test)]
mod tests;
