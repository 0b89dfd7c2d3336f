use broker_protocol::types::Uuid;

use super::super::testing::{DEFAULTS, after, broker, new_topic, number, with_brokers, with_topics};
use super::*;

/// The codes of the answers, 0 for success, and the count of records.
fn create(image: &MetadataImage, topics: &[NewTopic]) -> (Vec<i16>, usize) {
    let outcome = create_topics(image, topics, DEFAULTS, false);
    let code = |result: &Result<CreatedTopic, MetadataError>| result.as_ref().map_or_else(number, |_| 0);
    (outcome.response.iter().map(|(_, result)| code(result)).collect(), outcome.records.len())
}

fn assigned(name: &str, assignments: &[(i32, &[i32])]) -> NewTopic {
    let assignments = assignments
        .iter()
        .map(|(index, replicas)| (*index, replicas.iter().map(|&id| broker(id)).collect()))
        .collect();
    NewTopic { assignments, ..new_topic(name, 1, -1) }
}

#[test]
fn created_topic_has_its_partitions_led_by_the_broker() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 3)]);
    let topic = image.topics.by_name("a").unwrap();
    assert_eq!(topic.partition_count(), 3);
    for partition in topic.partitions.values() {
        assert_eq!(
            (partition.leader, partition.leader_epoch.0, partition.partition_epoch),
            (broker(1), 0, 0)
        );
        assert_eq!((&partition.replicas, &partition.isr), (&vec![broker(1)], &vec![broker(1)]));
        assert!(partition.is_held_by(broker(1), image.brokers[&broker(1)].directory_id));
    }
}

#[test]
fn absent_counts_take_the_defaults() {
    let image = with_brokers(&[1, 2, 3]);
    let defaults = TopicDefaults { partitions: 5, replication_factor: 2 };
    let outcome = create_topics(&image, &[new_topic("a", 1, -1)], defaults, false);
    let created = outcome.response[0].1.as_ref().unwrap();
    assert_eq!((created.partitions, created.replication_factor), (5, 2));
}

#[test]
fn leaders_spread_over_the_brokers() {
    let image = with_topics(&with_brokers(&[1, 2, 3]), &[new_topic("a", 1, 6)]);
    let topic = image.topics.by_name("a").unwrap();
    for id in [1, 2, 3] {
        assert_eq!(topic.partitions.values().filter(|partition| partition.leader == broker(id)).count(), 2);
    }
}

#[test]
fn each_topic_of_a_request_stands_for_itself() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("there", 1, 1)]);
    let bad_config = NewTopic {
        configs: Err(MetadataError::InvalidConfig { reason: "no".into() }),
        ..new_topic("c", 5, 1)
    };
    let topics = [
        new_topic("bad name", 2, 1),
        new_topic("there", 3, 1),
        new_topic("good", 4, 2),
        bad_config,
        new_topic("zero", 6, 0),
        NewTopic { replication_factor: 0, ..new_topic("rf0", 7, 1) },
        NewTopic { replication_factor: 2, ..new_topic("rf2", 8, 1) },
    ];
    assert_eq!(create(&image, &topics), (vec![17, 36, 0, 40, 37, 38, 38], 3));
}

#[test]
fn the_metadata_log_s_name_is_refused_and_those_like_it_are_not() {
    let wanted = [new_topic("__cluster_metadata", 1, 1), new_topic("__cluster_metadata-orders", 2, 1)];
    assert_eq!(create(&with_brokers(&[1]), &wanted).0, [42, 0]);
}

#[test]
fn name_that_stands_twice_is_refused_once() {
    let topics = [new_topic("a", 1, 1), new_topic("b", 2, 1), new_topic("a", 3, 1), new_topic("a", 4, 1)];
    let outcome = create_topics(&with_brokers(&[1]), &topics, DEFAULTS, false);
    let names: Vec<&str> = outcome.response.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(outcome.response[0].1.as_ref().unwrap_err().code().code(), 42);
    assert!(outcome.response[1].1.is_ok());
}

#[test]
fn names_that_share_their_metrics_collide() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a.b", 1, 1)]);
    assert_eq!(create(&image, &[new_topic("a_b", 2, 1)]).0, [17]);
    assert_eq!(create(&image, &[new_topic("a.b", 2, 1)]).0, [36]);
    assert_eq!(create(&image, &[new_topic("c_d", 2, 1), new_topic("c.d", 3, 1)]).0, [0, 17]);
    let gone = after(&image, delete_topics(&image, &[TopicRef::Name("a.b".into())], false).records);
    assert_eq!(create(&gone, &[new_topic("a_b", 2, 1)]).0, [0]);
}

#[test]
fn validate_only_answers_alike_and_writes_nothing() {
    let outcome = create_topics(&with_brokers(&[1]), &[new_topic("a", 1, 2)], DEFAULTS, true);
    assert_eq!(outcome.response[0].1.as_ref().unwrap().partitions, 2);
    assert!(outcome.records.is_empty());
}

#[test]
fn manual_assignments_are_checked_as_by_kafka() {
    let image = with_brokers(&[1, 2]);
    let code = |topic: NewTopic| create(&image, &[topic]).0[0];
    assert_eq!(code(assigned("a", &[(1, &[2, 1]), (0, &[1, 2])])), 0);
    assert_eq!(code(NewTopic { partitions: 2, ..assigned("a", &[(0, &[1]), (1, &[1])]) }), 42);
    assert_eq!(code(NewTopic { replication_factor: 1, ..assigned("a", &[(0, &[1])]) }), 42);
    for wrong in [
        assigned("a", &[(0, &[])]),
        assigned("a", &[(0, &[3])]),
        assigned("a", &[(0, &[1, 1])]),
        assigned("a", &[(0, &[1]), (1, &[1, 2])]),
        assigned("a", &[(0, &[1]), (0, &[2])]),
        assigned("a", &[(0, &[1]), (2, &[2])]),
        assigned("a", &[(1, &[1])]),
    ] {
        assert_eq!(code(wrong.clone()), 39, "{wrong:?}");
    }
}

#[test]
fn request_for_too_many_partitions_is_refused() {
    let image = with_brokers(&[1]);
    assert_eq!(create(&image, &[new_topic("a", 1, 10_001)]).0, [44]);
    assert_eq!(create(&image, &[new_topic("a", 1, i32::MAX)]).0, [44]);
    assert_eq!(
        create(&image, &[new_topic("a", 1, 9_999), new_topic("b", 2, 2), new_topic("c", 3, 1)]).0,
        [0, 44, 0]
    );
}

#[test]
fn topics_are_deleted_by_name_or_id() {
    let image =
        with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 1), new_topic("b", 2, 1), new_topic("c", 3, 1)]);
    let id = |number| TopicRef::Id(TopicId(Uuid::from_u128(number)));
    let name = |name: &str| TopicRef::Name(name.into());
    let outcome = delete_topics(&image, &[name("a"), id(2), id(9), name("x")], false);
    let codes: Vec<i16> =
        outcome.response.iter().map(|(_, result)| result.as_ref().map_or_else(number, |_| 0)).collect();
    assert_eq!(codes, [0, 0, 100, 3]);
    let image = after(&image, outcome.records);
    assert_eq!(image.topics.iter().map(|topic| &*topic.name).collect::<Vec<_>>(), ["c"]);
}

#[test]
fn topic_named_twice_is_not_deleted() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 1)]);
    let by_name = TopicRef::Name("a".into());
    let by_id = TopicRef::Id(TopicId(Uuid::from_u128(1)));
    let outcome = delete_topics(&image, &[by_name.clone(), by_id, by_name], false);
    assert!(outcome.records.is_empty());
    assert_eq!(outcome.response.len(), 2);
    assert!(outcome.response.iter().all(|(_, result)| result.as_ref().unwrap_err().code().code() == 42));
}

#[test]
fn what_an_object_store_has_of_a_deleted_topic_is_to_be_deleted_until_somebody_says_that_it_is() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 1), new_topic("b", 2, 1)]);
    let ids = |image: &MetadataImage| image.remote_deletions.iter().copied().collect::<Vec<_>>();
    let (a, b) = (image.topics.by_name("a").unwrap().id, image.topics.by_name("b").unwrap().id);
    let image = after(&image, delete_topics(&image, &[TopicRef::Name("a".into())], false).records);
    assert_eq!(ids(&image), [], "{a} was nowhere else");
    let image = after(&image, delete_topics(&image, &[TopicRef::Id(b)], true).records);
    assert_eq!(ids(&image), [b]);
    assert_eq!(
        crate::metadata::snapshot::decode(&crate::metadata::snapshot::encode(&image)),
        Ok(image.clone())
    );
    let done = RemoteDeletion { topic_id: b.into(), is_done: true };
    assert_eq!(ids(&after(&image, vec![RecordKind::RemoteDeletion(done).into()])), []);
}
