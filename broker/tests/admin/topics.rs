//! Topics: as they are asked for, or not at all.

use proto::admin::v1::{
    AlterTopicRequest, Assignment, CreateTopicRequest, DeleteTopicRequest, DescribeTopicsRequest, Reason,
};
use tonic::Code;

use crate::harness::batches::batch;
use crate::harness::{TestBroker, calls};
use crate::operator::{OWN, Operator, change, detail, here, new_topic, ok, refused, settings};

#[tokio::test]
async fn topic_is_made_with_its_replicas_and_settings_and_known_to_clients() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let request =
        CreateTopicRequest { configs: settings(&[("retention.ms", "5000")]), ..new_topic("orders", 3) };
    let created = ok(operator.create_topic(request).await);
    let mut client = broker.client().await;
    calls::append(&mut client, "orders", 2, &batch(&["a", "b"])).await;
    let topic = operator.topic("orders").await.unwrap();
    assert_eq!((topic.topic_id.len(), &topic.topic_id), (16, &created.topic_id));
    assert_eq!((topic.configs, topic.is_internal), (settings(&[("retention.ms", "5000")]), false));
    let layout: Vec<_> =
        topic.partitions.iter().map(|one| (one.index, one.leader, one.replicas.clone())).collect();
    assert_eq!(layout, [0, 1, 2].map(|index| (index, OWN, vec![OWN])));
    let log = topic.partitions[2].log.unwrap();
    assert_eq!((log.log_start_offset, log.high_watermark, log.log_end_offset), (0, 2, 2));
    assert!(log.bytes > 0);
    assert!(operator.metadata_offset().await >= created.metadata_offset);
}

#[tokio::test]
async fn topic_that_cannot_be_is_refused_with_the_reason() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    operator.create("a.b").await;
    let replicas = |replicas: &[i32]| vec![Assignment { replicas: replicas.to_vec() }];
    let of = |change: &dyn Fn(&mut CreateTopicRequest)| {
        let mut request = new_topic("t", 1);
        change(&mut request);
        request
    };
    let cases = [
        (of(&|request| request.name = "a.b".into()), Code::AlreadyExists, Reason::TopicExists),
        (of(&|request| request.name = "a_b".into()), Code::InvalidArgument, Reason::InvalidTopicName),
        (of(&|request| request.name = "a b".into()), Code::InvalidArgument, Reason::InvalidTopicName),
        (
            of(&|request| request.assignments = replicas(&[OWN, 9])),
            Code::InvalidArgument,
            Reason::InvalidAssignment,
        ),
        (
            of(&|request| request.assignments = replicas(&[OWN, OWN])),
            Code::InvalidArgument,
            Reason::InvalidAssignment,
        ),
        (
            of(&|request| request.assignments = replicas(&[])),
            Code::InvalidArgument,
            Reason::InvalidAssignment,
        ),
        (of(&|request| request.assignments.clear()), Code::InvalidArgument, Reason::InvalidPartitions),
        (of(&|request| request.assignments = here(10_001)), Code::InvalidArgument, Reason::InvalidPartitions),
        (of(&|request| request.change = None), Code::InvalidArgument, Reason::InvalidRequest),
        (
            of(&|request| request.change.as_mut().unwrap().request_id.truncate(3)),
            Code::InvalidArgument,
            Reason::InvalidRequest,
        ),
    ];
    for (request, code, reason) in cases {
        assert_eq!(refused(operator.create_topic(request.clone()).await), (code, reason), "{request:?}");
    }
    for (key, value) in [("retention.ms", "soon"), ("no.such.key", "1"), ("remote.storage.enable", "true")] {
        let request = CreateTopicRequest { configs: settings(&[(key, value)]), ..new_topic("t", 1) };
        let status = operator.create_topic(request).await.unwrap_err();
        assert_eq!((status.code(), detail(&status).reason()), (Code::InvalidArgument, Reason::InvalidConfig));
        assert_eq!(detail(&status).config_key, key);
    }
    assert_eq!(operator.topic("t").await, None);
}

#[tokio::test]
async fn what_is_only_checked_is_answered_alike_and_not_done() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let topic_id = operator.create("there").await;
    let before = operator.metadata_offset().await;
    let create = CreateTopicRequest { change: None, validate_only: true, ..new_topic("t", 1) };
    assert!(ok(operator.create_topic(create.clone()).await).topic_id.is_empty());
    let bad = CreateTopicRequest { name: "there".into(), ..create };
    assert_eq!(refused(operator.create_topic(bad).await), (Code::AlreadyExists, Reason::TopicExists));
    let alter = AlterTopicRequest {
        topic_id,
        set_configs: settings(&[("retention.ms", "1")]),
        validate_only: true,
        ..AlterTopicRequest::default()
    };
    ok(operator.alter_topic(alter.clone()).await);
    let bad = AlterTopicRequest { set_configs: settings(&[("retention.ms", "x")]), ..alter };
    assert_eq!(refused(operator.alter_topic(bad).await), (Code::InvalidArgument, Reason::InvalidConfig));
    assert_eq!(operator.metadata_offset().await, before);
}

#[tokio::test]
async fn settings_and_partitions_of_a_topic_change_together_or_not_at_all() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let create = CreateTopicRequest {
        configs: settings(&[("retention.ms", "1000"), ("segment.bytes", "1048576")]),
        ..new_topic("t", 1)
    };
    let topic_id = ok(operator.create_topic(create).await).topic_id;
    let good = || AlterTopicRequest {
        change: change(),
        topic_id: topic_id.clone(),
        set_configs: settings(&[("retention.ms", "2000")]),
        remove_configs: vec!["segment.bytes".into()],
        added_partitions: here(2),
        validate_only: false,
    };
    let before = operator.topic("t").await;
    let elsewhere = vec![Assignment { replicas: vec![OWN] }, Assignment { replicas: vec![9] }];
    let bad = [
        (AlterTopicRequest { added_partitions: elsewhere, ..good() }, Reason::InvalidAssignment),
        (AlterTopicRequest { added_partitions: here(20_000), ..good() }, Reason::InvalidPartitions),
        (AlterTopicRequest { remove_configs: vec!["retention.ms".into()], ..good() }, Reason::InvalidRequest),
        (AlterTopicRequest { set_configs: settings(&[("a", "b")]), ..good() }, Reason::InvalidConfig),
    ];
    for (request, reason) in bad {
        assert_eq!(refused(operator.alter_topic(request).await), (Code::InvalidArgument, reason));
        assert_eq!(operator.topic("t").await, before);
    }
    ok(operator.alter_topic(good()).await);
    let topic = operator.topic("t").await.unwrap();
    assert_eq!((topic.configs, topic.partitions.len()), (settings(&[("retention.ms", "2000")]), 3));
    let unknown = AlterTopicRequest { topic_id: vec![7; 16], ..good() };
    assert_eq!(refused(operator.alter_topic(unknown).await), (Code::NotFound, Reason::UnknownTopic));
}

#[tokio::test]
async fn topic_is_deleted_by_its_id_unless_the_broker_forbids_it() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let topic_id = operator.create("t").await;
    let delete = || DeleteTopicRequest { change: change(), topic_id: topic_id.clone() };
    ok(operator.delete_topic(delete()).await);
    assert_eq!(operator.topic("t").await, None);
    assert_eq!(refused(operator.delete_topic(delete()).await), (Code::NotFound, Reason::UnknownTopic));
    operator.create("t").await;
    assert_eq!(refused(operator.delete_topic(delete()).await), (Code::NotFound, Reason::UnknownTopic));

    let broker = TestBroker::start(&["delete.topic.enable=false"]).await;
    let mut operator = Operator::of(&broker).await;
    let topic_id = operator.create("t").await;
    let delete = DeleteTopicRequest { change: change(), topic_id };
    let forbidden = (Code::FailedPrecondition, Reason::DeletionDisabled);
    assert_eq!(refused(operator.delete_topic(delete).await), forbidden);
}

#[tokio::test]
async fn topics_come_in_pages_by_name() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    for name in ["d", "b", "e", "a", "c"] {
        operator.create(name).await;
    }
    let mut request = DescribeTopicsRequest { topics_max: 2, ..DescribeTopicsRequest::default() };
    let mut pages = Vec::new();
    loop {
        let page = ok(operator.describe_topics(request.clone()).await);
        pages.push(page.topics.into_iter().map(|topic| topic.name).collect::<Vec<_>>().join(""));
        if page.next_name.is_empty() {
            break;
        }
        request.from_name = page.next_name;
    }
    assert_eq!(pages, ["ab", "cd", "e"]);
    request.names = ["e", "a", "none", "c", "a"].map(str::to_owned).to_vec();
    request.from_name = String::new();
    let page = ok(operator.describe_topics(request).await);
    assert_eq!(page.topics.iter().map(|topic| topic.name.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(page.next_name, "e");
}
