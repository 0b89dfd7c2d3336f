use std::sync::Arc;

use broker_protocol::types::{Offset, Uuid};
use proptest::prelude::*;

use super::super::partitions::{MorePartitions, create_partitions};
use super::super::record::{ClusterId, FenceBroker, MetadataRecord, ProducerIds, RemoveTopic};
use super::super::snapshot;
use super::super::testing::{DEFAULTS, after, broker, new_topic, registration, with_brokers, with_topics};
use super::super::topics::{TopicRef, create_topics, delete_topics};
use super::*;

fn id(number: u128) -> TopicId {
    TopicId(Uuid::from_u128(number))
}

fn try_apply(image: &MetadataImage, record: RecordKind) -> Result<MetadataImage, ApplyError> {
    let position = LogPosition { offset: Offset(image.position.offset.0 + 1), term: 1 };
    apply(image, position, &MetadataBatch { records: vec![record.into()] })
}

fn config(value: Option<&str>) -> MetadataRecord {
    let value = value.map(str::to_owned);
    let config = Config { resource_type: 2, resource_name: "a".into(), key: "retention.ms".into(), value };
    RecordKind::Config(config).into()
}

#[test]
fn broker_epoch_is_the_offset_of_the_registration() {
    let image = after(&with_brokers(&[1]), vec![RecordKind::RegisterBroker(registration(2, 7)).into()]);
    assert_eq!(image.brokers[&broker(1)].epoch, 0);
    assert_eq!(image.brokers[&broker(2)].epoch, 1);
}

#[test]
fn election_raises_both_epochs_and_a_change_of_the_isr_only_one() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 1)]);
    let change = |leader, isr| {
        RecordKind::PartitionChange(PartitionChange {
            topic_id: id(1).into(),
            leader,
            isr,
            ..Default::default()
        })
    };
    let isr = Some(BrokerList { ids: vec![] });
    let shrunk = after(&image, vec![change(None, isr).into()]);
    let partition = shrunk.partition("a", 0).unwrap();
    assert_eq!((partition.leader_epoch.0, partition.partition_epoch), (0, 1));
    assert_eq!((partition.leader, partition.isr.len()), (broker(1), 0));
    let elected = after(&shrunk, vec![change(Some(1), None).into()]);
    let partition = elected.partition("a", 0).unwrap();
    assert_eq!((partition.leader_epoch.0, partition.partition_epoch), (1, 2));
}

#[test]
fn a_topic_was_changed_by_its_settings_partitions_and_replicas_but_not_by_an_election() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 1), new_topic("b", 2, 1)]);
    let changed_at = |image: &MetadataImage| image.topics.by_name("a").unwrap().changed_at;
    let created = image.position.offset;
    assert_eq!(changed_at(&image), created);
    let elected = PartitionChange { topic_id: id(1).into(), leader: Some(1), ..Default::default() };
    let image = after(&image, vec![RecordKind::PartitionChange(elected).into()]);
    assert_eq!(changed_at(&image), created);
    let image = after(&image, vec![config(Some("5"))]);
    assert_eq!(changed_at(&image), image.position.offset);
    let more = MorePartitions { name: "a".into(), count: 2, assignments: None };
    let image = after(&image, create_partitions(&image, &[more], false).records);
    assert_eq!(changed_at(&image), image.position.offset);
    assert_eq!(image.topics.by_id(id(1)).unwrap().changed_at, image.position.offset);
    assert_eq!(image.topics.by_name("b").unwrap().changed_at, created);
    let image = after(&image, vec![config(None)]);
    assert_eq!(changed_at(&image), image.position.offset);
    let later = after(&image, vec![]);
    assert_eq!(snapshot::decode(&snapshot::encode(&later)), Ok(later));
}

#[test]
fn settings_that_are_not_of_a_topic_have_one_offset_of_their_change() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 1)]);
    let image = after(&image, vec![config(Some("5"))]);
    assert_eq!(image.settings_changed_at, Offset(-1));
    let of_brokers = |value: Option<&str>| {
        let value = value.map(str::to_owned);
        let key = "message.max.bytes".to_owned();
        let config = Config { resource_type: 4, resource_name: String::new(), key, value };
        vec![RecordKind::Config(config).into()]
    };
    let image = after(&image, of_brokers(Some("5")));
    let set = image.position.offset;
    let image = after(&image, vec![]);
    assert_eq!(image.settings_changed_at, set);
    assert_eq!(snapshot::decode(&snapshot::encode(&image)), Ok(image.clone()));
    let image = after(&image, of_brokers(None));
    let later = after(&image, vec![]);
    assert_eq!(later.settings_changed_at, image.position.offset);
    assert_eq!(snapshot::decode(&snapshot::encode(&later)), Ok(later), "also where no setting is left");
}

#[test]
fn removed_topic_is_gone_by_name_id_and_config_and_its_name_can_return() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 3), new_topic("b.c", 2, 1)]);
    let image = after(&image, vec![config(Some("5"))]);
    assert_eq!(image.topics.partition_count(), 4);
    let remove = |number| RecordKind::RemoveTopic(RemoveTopic { topic_id: id(number).into() }).into();
    let image = after(&image, vec![remove(1), remove(2)]);
    assert!(image.topics.is_empty() && image.configs.is_empty());
    assert_eq!(image.topics.by_id(id(1)), None);
    assert_eq!(image.topics.partition_count(), 0);
    assert_eq!(image.topics.colliding_with("b_c"), None);
    let again = with_topics(&image, &[new_topic("a", 3, 1)]);
    assert_eq!(again.topics.by_name("a").unwrap().id, id(3));
}

#[test]
fn topic_changed_and_removed_in_one_batch_stays_removed() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 1)]);
    let change = PartitionChange { topic_id: id(1).into(), leader: Some(1), ..Default::default() };
    let remove = RemoveTopic { topic_id: id(1).into() };
    let image = after(
        &image,
        vec![RecordKind::PartitionChange(change).into(), RecordKind::RemoveTopic(remove).into()],
    );
    assert!(image.topics.is_empty());
}

#[test]
fn last_config_taken_away_takes_the_resource_with_it() {
    let image = after(&MetadataImage::default(), vec![config(Some("5"))]);
    assert_eq!(image.config(&ConfigResource::topic("a")).unwrap()["retention.ms"], "5");
    let image = after(&image, vec![config(None), config(None)]);
    assert!(image.configs.is_empty());
}

#[test]
fn untouched_topics_are_shared_with_the_image_before() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 1), new_topic("b", 2, 300)]);
    let change =
        PartitionChange { topic_id: id(2).into(), index: 150, leader: Some(1), ..Default::default() };
    let next = after(&image, vec![RecordKind::PartitionChange(change).into()]);
    assert!(Arc::ptr_eq(image.topics.by_name("a").unwrap(), next.topics.by_name("a").unwrap()));
    assert!(Arc::ptr_eq(image.partition("b", 149).unwrap(), next.partition("b", 149).unwrap()));
    assert_eq!(image.partition("b", 150).unwrap().leader_epoch.0, 0);
    assert_eq!(next.partition("b", 150).unwrap().leader_epoch.0, 1);
    assert!(Arc::ptr_eq(next.topics.by_id(id(2)).unwrap(), next.topics.by_name("b").unwrap()));
}

#[test]
fn contradicting_records_are_errors() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 1)]);
    let refused = |record| try_apply(&image, record).unwrap_err();
    let same_name = Topic { topic_id: id(9).into(), name: "a".into(), changed_at: None };
    assert!(matches!(refused(RecordKind::Topic(same_name)), ApplyError::TopicExists { .. }));
    let same_id = Topic { topic_id: id(1).into(), name: "b".into(), changed_at: None };
    assert!(matches!(refused(RecordKind::Topic(same_id)), ApplyError::TopicExists { .. }));
    let gap = Partition { topic_id: id(1).into(), index: 2, ..Default::default() };
    assert!(matches!(refused(RecordKind::Partition(gap)), ApplyError::UnknownPartition { .. }));
    let absent = PartitionChange { topic_id: id(1).into(), index: 1, ..Default::default() };
    assert!(matches!(refused(RecordKind::PartitionChange(absent)), ApplyError::UnknownPartition { .. }));
    let other_epoch = FenceBroker { broker_id: 1, broker_epoch: 5 };
    assert!(matches!(refused(RecordKind::FenceBroker(other_epoch)), ApplyError::UnknownBroker { .. }));
    let remove = RemoveTopic { topic_id: id(7).into() };
    assert!(matches!(refused(RecordKind::RemoveTopic(remove)), ApplyError::UnknownTopic { .. }));
    let odd = Config { resource_type: 3, ..Default::default() };
    assert!(matches!(refused(RecordKind::Config(odd)), ApplyError::OutOfRange { .. }));
    let again = apply(&image, image.position, &MetadataBatch::default());
    assert!(matches!(again, Err(ApplyError::OffsetNotRising { .. })));
}

#[test]
fn scalars_take_the_last_value_and_level_zero_turns_a_feature_off() {
    let feature = |level| RecordKind::Feature(Feature { name: "f".into(), level }).into();
    let image = after(
        &MetadataImage::default(),
        vec![
            RecordKind::ClusterId(ClusterId { id: "c".into() }).into(),
            RecordKind::ProducerIds(ProducerIds { broker_id: 1, next_id: 1000 }).into(),
            feature(3),
        ],
    );
    assert_eq!(image.cluster_id.as_deref(), Some("c"));
    assert_eq!(image.next_producer_id, ProducerId(1000));
    assert_eq!(image.features["f"], 3);
    assert!(after(&image, vec![feature(0)]).features.is_empty());
}

#[derive(Clone, Debug)]
enum Step {
    Create(u8, i32),
    Delete(u8),
    Grow(u8, i32),
    Restart,
    Configure(u8, Option<u8>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..12u8, 1..300).prop_map(|(topic, partitions)| Step::Create(topic, partitions)),
        2 => (0..12u8).prop_map(Step::Delete),
        2 => (0..12u8, 1..400).prop_map(|(topic, partitions)| Step::Grow(topic, partitions)),
        1 => Just(Step::Restart),
        2 => (0..12u8, any::<Option<u8>>()).prop_map(|(topic, value)| Step::Configure(topic, value)),
    ];
    prop::collection::vec(step, 0..40)
}

fn decide(image: &MetadataImage, step: &Step, number: u128) -> Vec<MetadataRecord> {
    let name = |topic: u8| format!("t.{topic}");
    match *step {
        Step::Create(topic, partitions) => {
            let topic = new_topic(&name(topic), number, partitions);
            create_topics(image, &[topic], DEFAULTS, false).records
        }
        Step::Delete(topic) => delete_topics(image, &[TopicRef::Name(name(topic))], true).records,
        Step::Grow(topic, count) => {
            create_partitions(image, &[MorePartitions { name: name(topic), count, assignments: None }], false)
                .records
        }
        Step::Restart => vec![RecordKind::RegisterBroker(registration(1, number)).into()],
        Step::Configure(topic, value) => {
            let value = value.map(|value| value.to_string());
            let config = Config { resource_type: 2, resource_name: name(topic), key: "k".into(), value };
            vec![RecordKind::Config(config).into()]
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn image_agrees_with_itself_and_its_snapshot_after_any_history(steps in steps()) {
        let mut image = with_brokers(&[1]);
        for (number, step) in (1..).zip(&steps) {
            image = after(&image, decide(&image, step, number));
        }
        let topics = &image.topics;
        prop_assert_eq!(topics.partition_count(), topics.iter().map(|topic| topic.partitions.len()).sum::<usize>());
        for topic in topics.iter() {
            prop_assert!(Arc::ptr_eq(topic, topics.by_id(topic.id).unwrap()));
            prop_assert!(topic.partitions.keys().copied().eq(0..topic.partition_count()));
            prop_assert_eq!(topics.colliding_with(&topic.name.replace('.', "_")), Some(&topic.name));
        }
        prop_assert_eq!(snapshot::decode(&snapshot::encode(&image)), Ok(image));
    }
}
