//! Rows of the APIs about topics.

use broker_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use broker_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use broker_protocol::messages::delete_topics_request::DeleteTopicState;
use broker_protocol::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use broker_protocol::messages::metadata_request::MetadataRequestTopic;
use broker_protocol::messages::metadata_response::MetadataResponseTopic;
use broker_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse, MetadataRequest, MetadataResponse,
};
use broker_protocol::types::Uuid;
use highwater_broker::api::authorized_operations;

use crate::driver::{BROKER_ID, Driver, Topic, code};

/// From here on Metadata tells topic ids.
const METADATA_ID_SINCE: i16 = 10;
/// From here on Metadata can be asked by topic id (KIP-516).
const METADATA_BY_ID_SINCE: i16 = 12;

fn by_name(name: &str) -> MetadataRequestTopic<'_> {
    MetadataRequestTopic { name: Some(name.into()), ..MetadataRequestTopic::default() }
}

/// How many partitions a topic has, or the error that Metadata has for it.
async fn partition_count(driver: &mut Driver, name: &str) -> Result<usize, i16> {
    let request = MetadataRequest {
        topics: Some(vec![by_name(name)]),
        allow_auto_topic_creation: false,
        ..MetadataRequest::default()
    };
    let frame = driver.call(&request, 12).await;
    let response: MetadataResponse<'_> = frame.decode().unwrap();
    let topic = &response.topics[0];
    if topic.error_code == code::NONE { Ok(topic.partitions.len()) } else { Err(topic.error_code) }
}

fn assert_described(topic: &Topic, found: &MetadataResponseTopic<'_>, version: i16) {
    assert_eq!((found.error_code, found.name.as_deref()), (code::NONE, Some(&*topic.name)));
    assert_eq!(found.topic_id, if version >= METADATA_ID_SINCE { topic.id } else { Uuid::nil() });
    assert!(!found.is_internal);
    assert_eq!(found.partitions.iter().map(|one| one.partition_index).collect::<Vec<_>>(), [0, 1]);
    for partition in &found.partitions {
        assert_eq!((partition.error_code, partition.leader_id), (code::NONE, BROKER_ID));
        assert_eq!(partition.leader_epoch, if version >= 7 { 0 } else { -1 });
        assert_eq!((&*partition.replica_nodes, &*partition.isr_nodes), (&[BROKER_ID][..], &[BROKER_ID][..]));
        assert!(partition.offline_replicas.is_empty());
    }
    let operations = if version >= 8 { authorized_operations::TOPIC } else { i32::MIN };
    assert_eq!(found.topic_authorized_operations, operations);
}

pub(crate) async fn metadata(driver: &mut Driver, version: i16) {
    let topic = driver.topic(2).await;
    let mut request = MetadataRequest {
        topics: Some(vec![by_name(&topic.name)]),
        allow_auto_topic_creation: true,
        include_cluster_authorized_operations: true,
        include_topic_authorized_operations: true,
    };
    let frame = driver.call(&request, version).await;
    let response: MetadataResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.throttle_time_ms, response.error_code), (0, code::NONE));
    let [broker] = &response.brokers[..] else {
        panic!("{:?}", response.brokers);
    };
    assert_eq!((broker.node_id, &*broker.host, broker.port), (BROKER_ID, "127.0.0.1", driver.port()));
    assert_eq!(broker.rack, None);
    assert_eq!(response.cluster_id.is_some_and(|id| !id.is_empty()), version >= 2);
    assert_eq!(response.controller_id, if version >= 1 { BROKER_ID } else { -1 });
    let operations = if (8..=10).contains(&version) { authorized_operations::CLUSTER } else { i32::MIN };
    assert_eq!(response.cluster_authorized_operations, operations);
    assert_eq!(response.topics.len(), 1);
    assert_described(&topic, &response.topics[0], version);

    // All topics: an empty list at first, null since version 1.
    request.topics = if version == 0 { Some(Vec::new()) } else { None };
    let frame = driver.call(&request, version).await;
    let response: MetadataResponse<'_> = frame.decode().unwrap();
    let found = response.topics.iter().find(|found| found.name.as_deref() == Some(&*topic.name)).unwrap();
    assert_described(&topic, found, version);
    if version >= 1 {
        request.topics = Some(Vec::new());
        let frame = driver.call(&request, version).await;
        assert_eq!(frame.decode::<MetadataResponse<'_>>().unwrap().topics, []);
    }
    metadata_of_missing_topics(driver, version).await;
    if version >= METADATA_BY_ID_SINCE {
        metadata_by_id(driver, &topic, version).await;
    }
}

async fn metadata_of_missing_topics(driver: &mut Driver, version: i16) {
    let (kept, made) = (driver.name(), driver.name());
    if version >= 4 {
        let request = MetadataRequest {
            topics: Some(vec![by_name(&kept)]),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let frame = driver.call(&request, version).await;
        let response: MetadataResponse<'_> = frame.decode().unwrap();
        assert_eq!(response.topics[0].error_code, code::UNKNOWN_TOPIC_OR_PARTITION);
        assert_eq!(response.topics[0].name.as_deref(), Some(&*kept));
    }
    let request = MetadataRequest {
        topics: Some(vec![by_name(&made)]),
        allow_auto_topic_creation: true,
        ..MetadataRequest::default()
    };
    driver.call(&request, version).await;
    assert_eq!(partition_count(driver, &made).await, Ok(1), "num.partitions is 1");
}

async fn metadata_by_id(driver: &mut Driver, topic: &Topic, version: i16) {
    let by_id = |topic_id| MetadataRequestTopic { topic_id, name: None };
    let request = MetadataRequest {
        topics: Some(vec![by_id(topic.id), by_id(Uuid::from_u128(3))]),
        include_topic_authorized_operations: true,
        ..MetadataRequest::default()
    };
    let frame = driver.call(&request, version).await;
    let response: MetadataResponse<'_> = frame.decode().unwrap();
    assert_described(topic, &response.topics[0], version);
    let missing = &response.topics[1];
    assert_eq!((missing.error_code, missing.topic_id), (code::UNKNOWN_TOPIC_ID, Uuid::from_u128(3)));
    assert_eq!(missing.name, None);
}

pub(crate) async fn create_topics(driver: &mut Driver, version: i16) {
    let name = driver.name();
    let config = |name, value| CreatableTopicConfig { name, value: Some(value) };
    let wanted = |name: &str, partitions, configs| CreatableTopic {
        name: name.to_owned().into(),
        num_partitions: partitions,
        replication_factor: 1,
        configs,
        ..CreatableTopic::default()
    };
    let retention = || vec![config("retention.ms".into(), "1234567".into())];
    let invalid = driver.name();
    let mut request = CreateTopicsRequest {
        topics: vec![
            wanted(&name, 2, retention()),
            wanted(&invalid, 1, vec![config("retention.ms".into(), "soon".into())]),
        ],
        timeout_ms: 10_000,
        validate_only: true,
    };
    let frame = driver.call(&request, version).await;
    let response: CreateTopicsResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.topics[0].error_code, code::NONE);
    assert_eq!(partition_count(driver, &name).await, Err(code::UNKNOWN_TOPIC_OR_PARTITION));

    request.validate_only = false;
    let frame = driver.call(&request, version).await;
    let response: CreateTopicsResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.throttle_time_ms, 0);
    let [made, refused] = &response.topics[..] else {
        panic!("{:?}", response.topics);
    };
    assert_eq!((&*made.name, made.error_code, made.error_message.as_ref()), (&*name, code::NONE, None));
    assert_eq!(made.topic_id.is_nil(), version < 7);
    let shape = (made.num_partitions, made.replication_factor, made.topic_config_error_code);
    assert_eq!(shape, if version >= 5 { (2, 1, code::NONE) } else { (-1, -1, code::NONE) });
    if version >= 5 {
        let configs = made.configs.as_ref().unwrap();
        let retention = configs.iter().find(|config| config.name == "retention.ms").unwrap();
        assert_eq!((retention.value.as_deref(), retention.config_source), (Some("1234567"), 1));
        assert!(!retention.read_only && !retention.is_sensitive);
        assert!(configs.iter().any(|config| config.config_source == 5), "defaults are told too");
    }
    assert_eq!((&*refused.name, refused.error_code), (&*invalid, code::INVALID_CONFIG));
    assert!(refused.error_message.is_some());
    assert_eq!(partition_count(driver, &name).await, Ok(2));
    assert_eq!(partition_count(driver, &invalid).await, Err(code::UNKNOWN_TOPIC_OR_PARTITION));

    let frame = driver.call(&request, version).await;
    let response: CreateTopicsResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.topics[0].error_code, code::TOPIC_ALREADY_EXISTS);
}

pub(crate) async fn delete_topics(driver: &mut Driver, version: i16) {
    let (first, second) = (driver.topic(1).await, driver.topic(1).await);
    let missing = driver.name();
    let request = if version >= 6 {
        let by_id = DeleteTopicState { name: None, topic_id: second.id };
        let named = |name| DeleteTopicState { name: Some(name), topic_id: Uuid::nil() };
        DeleteTopicsRequest {
            topics: vec![named((&*first.name).into()), by_id, named((&*missing).into())],
            timeout_ms: 10_000,
            ..DeleteTopicsRequest::default()
        }
    } else {
        DeleteTopicsRequest {
            topic_names: vec![(&*first.name).into(), (&*second.name).into(), (&*missing).into()],
            timeout_ms: 10_000,
            ..DeleteTopicsRequest::default()
        }
    };
    let frame = driver.call(&request, version).await;
    let response: DeleteTopicsResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.throttle_time_ms, response.responses.len()), (0, 3));
    for (topic, deleted) in [&first, &second].into_iter().zip(&response.responses) {
        assert_eq!((deleted.error_code, deleted.name.as_deref()), (code::NONE, Some(&*topic.name)));
        assert_eq!(deleted.topic_id, if version >= 6 { topic.id } else { Uuid::nil() });
        assert_eq!(deleted.error_message, None);
        assert_eq!(partition_count(driver, &topic.name).await, Err(code::UNKNOWN_TOPIC_OR_PARTITION));
    }
    let refused = &response.responses[2];
    assert_eq!(
        (refused.error_code, refused.name.as_deref()),
        (code::UNKNOWN_TOPIC_OR_PARTITION, Some(&*missing))
    );
    assert_eq!(refused.error_message.is_some(), version >= 5);
}

pub(crate) async fn create_partitions(driver: &mut Driver, version: i16) {
    let topic = driver.topic(2).await;
    let wanted =
        |name: &str, count| CreatePartitionsTopic { name: name.to_owned().into(), count, assignments: None };
    let mut request = CreatePartitionsRequest {
        topics: vec![wanted(&topic.name, 4), wanted("not-there", 2)],
        timeout_ms: 10_000,
        validate_only: true,
    };
    for (validate_only, count) in [(true, 2), (false, 4)] {
        request.validate_only = validate_only;
        let frame = driver.call(&request, version).await;
        let response: CreatePartitionsResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.throttle_time_ms, response.results.len()), (0, 2));
        let [made, missing] = [&response.results[0], &response.results[1]];
        assert_eq!((&*made.name, made.error_code, made.error_message.as_ref()), (&*topic.name, 0, None));
        assert_eq!((&*missing.name, missing.error_code), ("not-there", code::UNKNOWN_TOPIC_OR_PARTITION));
        assert_eq!(partition_count(driver, &topic.name).await, Ok(count));
    }
    request.topics = vec![wanted(&topic.name, 3)];
    let frame = driver.call(&request, version).await;
    let response: CreatePartitionsResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.results[0].error_code, code::INVALID_PARTITIONS);
    assert!(response.results[0].error_message.is_some());
}

pub(crate) async fn describe_topic_partitions(driver: &mut Driver, version: i16) {
    let topic = driver.topic(3).await;
    let mut request = DescribeTopicPartitionsRequest {
        topics: vec![TopicRequest { name: (&*topic.name).into() }],
        response_partition_limit: 2,
        cursor: None,
    };
    let frame = driver.call(&request, version).await;
    let response: DescribeTopicPartitionsResponse<'_> = frame.decode().unwrap();
    let found = &response.topics[0];
    assert_eq!((found.error_code, found.name.as_deref()), (code::NONE, Some(&*topic.name)));
    assert_eq!((found.topic_id, found.is_internal), (topic.id, false));
    assert_eq!(found.topic_authorized_operations, authorized_operations::TOPIC);
    for (index, partition) in (0..).zip(&found.partitions) {
        assert_eq!((partition.error_code, partition.partition_index), (code::NONE, index));
        assert_eq!((partition.leader_id, partition.leader_epoch), (BROKER_ID, 0));
        assert_eq!((&*partition.replica_nodes, &*partition.isr_nodes), (&[BROKER_ID][..], &[BROKER_ID][..]));
        assert!(partition.offline_replicas.is_empty());
    }
    assert_eq!(found.partitions.len(), 2);
    let cursor = response.next_cursor.unwrap();
    assert_eq!((&*cursor.topic_name, cursor.partition_index), (&*topic.name, 2));

    request.cursor = Some(Cursor { topic_name: (&*topic.name).into(), partition_index: 2 });
    let frame = driver.call(&request, version).await;
    let response: DescribeTopicPartitionsResponse<'_> = frame.decode().unwrap();
    let rest: Vec<_> = response.topics[0].partitions.iter().map(|one| one.partition_index).collect();
    assert_eq!((rest, response.next_cursor), (vec![2], None));

    request = DescribeTopicPartitionsRequest {
        topics: vec![TopicRequest { name: "not-there".into() }],
        response_partition_limit: 2,
        cursor: None,
    };
    let frame = driver.call(&request, version).await;
    let response: DescribeTopicPartitionsResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.topics[0].error_code, code::UNKNOWN_TOPIC_OR_PARTITION);
}
