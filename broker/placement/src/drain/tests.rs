use super::*;

fn brokers(count: i32) -> Vec<Broker> {
    (0..count).map(|id| Broker { id: BrokerId(id), rack: None, is_draining: false }).collect()
}

fn topic(partitions: &[&[i32]], replication_factor: usize) -> Topic {
    let ids = |replicas: &&[i32]| replicas.iter().copied().map(BrokerId).collect();
    let layout = Layout::new(partitions.iter().map(ids).collect()).unwrap();
    Topic { layout, replication_factor }
}

fn topics<const N: usize>(topics: [(&str, Topic); N]) -> BTreeMap<String, Topic> {
    topics.map(|(name, topic)| (name.to_owned(), topic)).into()
}

#[test]
fn a_drain_changes_only_topics_with_a_replica_on_the_broker() {
    let topics = topics([("a", topic(&[&[0, 1]], 2)), ("b", topic(&[&[1, 2], &[2, 0]], 2))]);
    let changes = drain(&brokers(3), &topics, BrokerId(0)).unwrap();
    let names: Vec<&str> = changes.iter().map(|change| change.topic.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(changes[0].to, topic(&[&[1, 2]], 2).layout);
    assert_eq!(changes[1].to, topic(&[&[1, 2], &[2, 1]], 2).layout);
    assert_eq!(drain(&brokers(4), &topics, BrokerId(3)).unwrap(), []);
}

#[test]
fn topics_that_are_drained_see_what_the_others_got() {
    let one = || topic(&[&[0]], 1);
    let topics = topics([("a", one()), ("b", one()), ("c", one()), ("d", one())]);
    let changes = drain(&brokers(3), &topics, BrokerId(0)).unwrap();
    let mut loads = Loads::default();
    changes.iter().for_each(|change| loads.add(&change.to));
    assert_eq!([0, 1, 2].map(|id| loads.of(BrokerId(id)).replicas), [0, 2, 2]);
}

#[test]
fn a_drain_that_is_not_possible_names_every_topic_and_plans_nothing() {
    let a = topic(&[&[1, 2], &[0, 1, 2]], 3);
    let topics = topics([("a", a.clone()), ("b", topic(&[&[0]], 1)), ("c", a)]);
    let error = drain(&brokers(3), &topics, BrokerId(0)).unwrap_err();
    let blocked = |name: &str| BlockedTopic { topic: name.to_owned(), partition: 1, replicas: 3 };
    let expected = PlanError::DrainBlocked {
        broker: BrokerId(0),
        accepting: 2,
        topics: vec![blocked("a"), blocked("c")],
    };
    assert_eq!(error, expected);
}

#[test]
fn other_draining_brokers_get_nothing_and_keep_what_they_have() {
    let mut brokers = brokers(4);
    brokers[1].is_draining = true;
    let topics = topics([("a", topic(&[&[0, 1], &[1, 2]], 2)), ("b", topic(&[&[9, 0]], 2))]);
    let changes = drain(&brokers, &topics, BrokerId(0)).unwrap();
    assert_eq!(
        changes[0].to,
        topic(&[&[3, 1], &[1, 2]], 2).layout,
        "an emptier broker leads, not a draining one"
    );
    assert_eq!(changes[1].to, topic(&[&[9, 2]], 2).layout);
}

#[test]
fn a_drain_asked_for_again_halfway_adds_no_further_replica() {
    let topics = topics([("a", topic(&[&[0, 1, 2]], 2))]);
    let changes = drain(&brokers(4), &topics, BrokerId(0)).unwrap();
    assert_eq!(changes[0].to, topic(&[&[1, 2]], 2).layout);
}

#[test]
fn a_drain_of_an_unknown_broker_is_an_error() {
    let error = drain(&brokers(3), &BTreeMap::new(), BrokerId(3)).unwrap_err();
    assert_eq!(error, PlanError::UnknownBroker { broker: BrokerId(3) });
}
