use broker_log::leader_epoch_cache::EpochEntry;
use broker_log::producer_state::{ProducerState, ProducerTable};
use broker_protocol::types::ProducerEpoch;
use broker_state::group::{CommittedOffset, OffsetBackup};
use broker_state::metadata::ConfigResource;
use broker_tier::ids::ManifestNumber;

use super::*;
use crate::recover::survey::{FoundSnapshot, Snapshots};
use crate::tiering::metadata_backup::payload::ClusterBackup;

fn id(number: u128) -> TopicId {
    TopicId(Uuid::from_u128(number))
}

fn owner() -> Owner {
    Owner { cluster: "c1".to_owned(), broker: BrokerId(4), directory: Uuid::from_u128(77) }
}

fn found(topic: &str, number: u128, partition: PartitionIndex, end: i64) -> Surveyed {
    Surveyed {
        partition: PartitionId { topic_id: id(number), partition },
        topic: topic.into(),
        number: ManifestNumber(3),
        newest_number: ManifestNumber(4),
        latest_epoch: LeaderEpoch(6),
        log_start: Offset(10),
        end: Offset(end),
        epochs: vec![EpochEntry { epoch: LeaderEpoch(5), start_offset: Offset(10) }],
        producers: ProducerTable::default(),
        bytes: 100,
        entries: 2,
        copied_ms: Some(1_000 + end),
    }
}

fn snapshot(records: Vec<MetadataRecord>, groups: Vec<GroupBackup>) -> FoundSnapshot {
    let position = LogPosition { offset: Offset(50), term: 2 };
    let image = apply(&MetadataImage::default(), position, &MetadataBatch { records }).unwrap();
    FoundSnapshot { offset: 50, created_ms: 1_000, backup: ClusterBackup { image, groups } }
}

fn topic(name: &str, number: u128, epochs: &[i32]) -> Vec<MetadataRecord> {
    let head =
        RecordKind::Topic(Topic { topic_id: id(number).into(), name: name.to_owned(), changed_at: None });
    let partitions = (0..).zip(epochs).map(|(index, &leader_epoch)| {
        let (topic_id, replicas, isr) = (id(number).into(), vec![1], vec![1]);
        RecordKind::Partition(Partition {
            topic_id,
            index,
            replicas,
            isr,
            leader_epoch,
            ..Partition::default()
        })
    });
    std::iter::once(head).chain(partitions).map(MetadataRecord::from).collect()
}

fn config(name: &str) -> MetadataRecord {
    let (resource_name, key, value) = (name.to_owned(), "retention.ms".to_owned(), Some("7".to_owned()));
    RecordKind::Config(Config { resource_type: 2, resource_name, key, value }).into()
}

fn survey(snapshot: Option<FoundSnapshot>, partitions: Vec<Surveyed>) -> Survey {
    let partitions = partitions.into_iter().map(|found| (found.partition, found)).collect();
    let snapshots = Snapshots { chosen: snapshot, highest_offset: 60, ..Snapshots::default() };
    Survey { snapshots, partitions, ..Survey::default() }
}

fn names(plan: &Plan) -> Vec<(&str, usize)> {
    plan.report.topics.iter().map(|topic| (&*topic.name, topic.partitions.len())).collect()
}

fn offset(topic: &str, number: u128, offset: i64) -> OffsetBackup {
    let committed = CommittedOffset {
        offset,
        leader_epoch: 5,
        metadata: "".into(),
        commit_timestamp_ms: 1,
        expire_timestamp_ms: None,
        topic_id: id(number),
    };
    OffsetBackup { topic: topic.into(), partition: 0, committed }
}

#[test]
fn every_offset_epoch_and_id_goes_on_above_all_that_were_seen() {
    let ids = RecordKind::ProducerIds(ProducerIds { broker_id: 1, next_id: 3000 }).into();
    let records = [topic("orders", 1, &[9, 2]), vec![ids]].concat();
    let mut copied = found("orders", 1, 0, 500);
    copied.producers.restore(ProducerId(7_000), ProducerState::restored(ProducerEpoch(0), -1, 5, None, &[]));
    let plan = plan(&survey(Some(snapshot(records, Vec::new())), vec![copied]), &owner()).unwrap();
    let image = &plan.image;
    assert!(image.position.offset.0 >= 60 + 1_000_000);
    assert!(image.next_producer_id.0 >= 7_001 + 1_000_000);
    let epochs: Vec<i32> =
        [0, 1].map(|index| image.partition("orders", index).unwrap().leader_epoch.0).into();
    assert_eq!(epochs, [1009, 1002]);
    let [log] = plan.logs.as_slice() else { panic!("one partition was copied") };
    assert_eq!((log.leader_epoch.0, log.start.log_start.0, log.start.local_start.0), (1009, 10, 500));
    assert_eq!(image.partition("orders", 0).unwrap().directories, [Uuid::from_u128(77)]);
    assert_eq!(image.partition("orders", 0).unwrap().replicas, [BrokerId(4)]);
    assert!(image.brokers.is_empty());
}

#[test]
fn topics_are_those_of_the_snapshot_and_later_ones_but_not_deleted_ones() {
    let deletion = RemoteDeletion { topic_id: id(3).into(), is_done: false };
    let records = [
        topic("empty", 2, &[0, 0, 0]),
        topic("orders", 1, &[0]),
        vec![config("orders"), config("gone"), RecordKind::RemoteDeletion(deletion).into()],
    ];
    let partitions = vec![
        found("orders", 1, 0, 500),
        found("orders", 1, 3, 20),
        found("deleted", 3, 0, 500),
        found("later", 4, 1, 500),
        found("orders", 5, 0, 900),
        found("twice", 6, 0, 100),
        found("twice", 7, 0, 200),
        found("../up", 8, 0, 200),
    ];
    let plan = plan(&survey(Some(snapshot(records.concat(), Vec::new())), partitions), &owner()).unwrap();
    assert_eq!(names(&plan), [("empty", 3), ("later", 2), ("orders", 4), ("twice", 1)]);
    assert_eq!(plan.report.topic("twice").unwrap().id, id(7));
    assert_eq!(plan.report.left_out.len(), 4, "{:?}", plan.report.left_out);
    assert!(plan.image.remote_deletions.contains(&id(3)));
    let configured: Vec<String> =
        plan.image.configs.iter().map(|(resource, _)| resource.name.to_string()).collect();
    assert_eq!(configured, ["later", "orders", "twice"]);
    let later = plan.image.config(&ConfigResource::topic("later")).unwrap();
    assert_eq!(
        later.get("retention.ms").map(String::as_str),
        Some("-1"),
        "the default would delete what is old"
    );
    assert_eq!(plan.logs.len(), 4, "a partition of which nothing was copied is made by the broker");
}

#[test]
fn without_a_snapshot_topics_are_those_of_the_manifests() {
    let plan = plan(&survey(None, vec![found("orders", 1, 2, 500)]), &owner()).unwrap();
    assert_eq!(names(&plan), [("orders", 3)]);
    assert_eq!(plan.image.partition("orders", 0).unwrap().leader_epoch, LeaderEpoch(1000));
    assert!(plan.report.to_string().contains("no metadata snapshot"));
}

#[test]
fn commits_beyond_the_end_are_set_back_to_it_and_those_of_other_topics_go() {
    let group = GroupBackup {
        group_id: "readers".into(),
        protocol_type: Some("consumer".to_owned()),
        generation: 3,
        offsets: vec![offset("orders", 1, 501), offset("orders", 9, 5), offset("unknown", 2, 5)],
    };
    let within =
        GroupBackup { group_id: "within".into(), offsets: vec![offset("orders", 1, 500)], ..group.clone() };
    let snapshot = snapshot(topic("orders", 1, &[0]), vec![group, within.clone()]);
    let plan = plan(&survey(Some(snapshot), vec![found("orders", 1, 0, 500)]), &owner()).unwrap();
    let [clamped, untouched] = plan.groups.as_slice() else { panic!("{:?}", plan.groups) };
    let positions: Vec<(i64, i32)> = clamped
        .offsets
        .iter()
        .map(|offset| (offset.committed.offset, offset.committed.leader_epoch))
        .collect();
    assert_eq!(positions, [(500, -1)]);
    assert_eq!(*untouched, within);
    assert_eq!(plan.report.clamped, ["group \"readers\", topic orders, partition 0: from 501 to 500"]);
}

#[test]
fn a_damaged_partition_begins_empty_and_is_told() {
    let mut survey = survey(Some(snapshot(topic("orders", 1, &[4]), Vec::new())), Vec::new());
    survey.damaged.insert(PartitionId { topic_id: id(1), partition: 0 }, "its page".to_owned());
    let plan = plan(&survey, &owner()).unwrap();
    assert!(plan.logs.is_empty());
    assert!(plan.report.to_string().contains("begins EMPTY, what was copied cannot be read: its page"));
}
