//! Topics: made, refused, grown, deleted, made again.

use broker_client::FetchOptions;
use broker_log::io::memory_disk::OperationKind;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use broker_protocol::messages::create_topics_request::{CreatableReplicaAssignment, CreatableTopic};
use broker_protocol::messages::delete_topics_request::DeleteTopicState;
use broker_protocol::messages::metadata_request::MetadataRequestTopic;
use broker_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, FetchResponse, MetadataRequest, MetadataResponse,
};
use broker_protocol::types::Uuid;

use crate::fetching::fetch_request;
use crate::harness::batches::batch;
use crate::harness::{Conn, TestBroker, calls, within};

fn wanted(name: &str, partitions: i32, replication_factor: i16) -> CreatableTopic<'static> {
    CreatableTopic {
        name: name.to_owned().into(),
        num_partitions: partitions,
        replication_factor,
        ..CreatableTopic::default()
    }
}

/// A topic whose partitions have these replicas.
fn placed(name: &str, assignments: &[(i32, &[i32])]) -> CreatableTopic<'static> {
    let assignments = assignments.iter().map(|(partition_index, brokers)| CreatableReplicaAssignment {
        partition_index: *partition_index,
        broker_ids: brokers.to_vec(),
    });
    CreatableTopic { assignments: assignments.collect(), ..wanted(name, -1, -1) }
}

/// Creates topics in one request: names and errors, as they are answered, sorted by name.
async fn create(
    client: &mut Conn,
    topics: Vec<CreatableTopic<'_>>,
    validate_only: bool,
) -> Vec<(String, ErrorCode)> {
    let request = CreateTopicsRequest { topics, timeout_ms: 10_000, validate_only };
    let frame = within("create", client.call(&request, 7)).await.unwrap();
    let response: CreateTopicsResponse<'_> = frame.decode().unwrap();
    let mut answers: Vec<_> = response
        .topics
        .iter()
        .map(|topic| (topic.name.to_string(), ErrorCode::from_code(topic.error_code).unwrap()))
        .collect();
    answers.sort_by(|a, b| a.0.cmp(&b.0));
    answers
}

/// Names of all topics with their counts of partitions.
async fn all(client: &mut Conn) -> Vec<(String, usize)> {
    let frame = within("metadata", client.metadata(None)).await.unwrap();
    let response: MetadataResponse<'_> = frame.decode().unwrap();
    let mut topics: Vec<_> = response
        .topics
        .iter()
        .map(|topic| (topic.name.as_deref().unwrap().to_owned(), topic.partitions.len()))
        .collect();
    topics.sort();
    topics
}

fn named(topics: &[(&str, usize)]) -> Vec<(String, usize)> {
    topics.iter().map(|(name, partitions)| ((*name).to_owned(), *partitions)).collect()
}

async fn started(sets: &[&str]) -> (TestBroker, Conn) {
    let broker = TestBroker::start_in_memory(sets).await;
    let client = broker.client().await;
    (broker, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_the_metadata_log_does_not_take_is_told_in_words_for_clients() {
    let (broker, mut client) = started(&[]).await;
    broker.disk().with_faults(|faults| faults.fail(OperationKind::Sync, "/metadata/", 0));
    // The first fails on the disk, the second finds the metadata log out of service.
    for name in ["t", "u"] {
        let told = within("create", client.create_topic(name, 1, &[])).await.unwrap();
        assert_eq!(told.error_code, ErrorCode::KafkaStorageError);
        assert_eq!(
            told.error_message.as_deref(),
            Some(
                "the metadata log is out of service; the next start of the broker finds whether the change was made"
            )
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_topic_of_a_request_stands_for_itself() {
    let (_broker, mut client) = started(&["num.partitions=3"]).await;
    let topics = || {
        vec![
            wanted("good", 2, 1),
            wanted("defaults", -1, -1),
            wanted("no-partitions", 0, 1),
            wanted("negative", -2, 1),
            wanted("no-replicas", 1, 0),
            wanted("too-many-replicas", 1, 2),
            wanted("bad name", 1, 1),
            wanted("", 1, 1),
            wanted("twice", 1, 1),
            wanted("twice", 1, 1),
        ]
    };
    let answers = create(&mut client, topics(), false).await;
    let expected = [
        ("", ErrorCode::InvalidTopicException),
        ("bad name", ErrorCode::InvalidTopicException),
        ("defaults", ErrorCode::None),
        ("good", ErrorCode::None),
        ("negative", ErrorCode::InvalidPartitions),
        ("no-partitions", ErrorCode::InvalidPartitions),
        ("no-replicas", ErrorCode::InvalidReplicationFactor),
        ("too-many-replicas", ErrorCode::InvalidReplicationFactor),
        ("twice", ErrorCode::InvalidRequest),
    ];
    assert_eq!(answers, expected.map(|(name, error)| (name.to_owned(), error)));
    assert_eq!(all(&mut client).await, named(&[("defaults", 3), ("good", 2)]));
    let again = create(&mut client, vec![wanted("good", 2, 1)], false).await;
    assert_eq!(again[0].1, ErrorCode::TopicAlreadyExists);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn assignments_are_checked() {
    let (_broker, mut client) = started(&[]).await;
    let both = CreatableTopic { num_partitions: 1, ..placed("both", &[(0, &[1])]) };
    for (topic, error) in [
        (placed("good", &[(1, &[1]), (0, &[1])]), ErrorCode::None),
        (placed("gap", &[(0, &[1]), (2, &[1])]), ErrorCode::InvalidReplicaAssignment),
        (placed("stranger", &[(0, &[9])]), ErrorCode::InvalidReplicaAssignment),
        (placed("doubled", &[(0, &[1, 1])]), ErrorCode::InvalidReplicaAssignment),
        (placed("nobody", &[(0, &[])]), ErrorCode::InvalidReplicaAssignment),
        (placed("same", &[(0, &[1]), (0, &[1])]), ErrorCode::InvalidReplicaAssignment),
        (both, ErrorCode::InvalidRequest),
    ] {
        let name = topic.name.to_string();
        assert_eq!(create(&mut client, vec![topic], false).await[0].1, error, "{name}");
    }
    assert_eq!(all(&mut client).await, named(&[("good", 2)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn validation_answers_alike_and_makes_nothing() {
    let (_broker, mut client) = started(&[]).await;
    let topics = || vec![wanted("a", 1, 1), wanted("b", 0, 1), wanted("c.d", 1, 1)];
    let validated = create(&mut client, topics(), true).await;
    assert_eq!(all(&mut client).await, []);
    assert_eq!(create(&mut client, topics(), false).await, validated);
    let taken = create(&mut client, vec![wanted("a", 1, 1), wanted("c_d", 1, 1)], true).await;
    let errors: Vec<_> = taken.iter().map(|(_, error)| *error).collect();
    assert_eq!(errors, [ErrorCode::TopicAlreadyExists, ErrorCode::InvalidTopicException]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_made_again_has_another_id_and_none_of_the_old_records() {
    let (mut broker, mut client) = started(&[]).await;
    let mut ids = Vec::new();
    for round in 0..3 {
        let id = calls::create_topic(&mut client, "t", 2, &[]).await;
        assert!(!ids.contains(&id));
        assert_eq!(calls::values(&mut client, "t", 0).await, [""; 0]);
        assert_eq!(calls::append(&mut client, "t", 0, &batch(&["a"])).await, 0);
        for old in &ids {
            let mut request = fetch_request("", 0, FetchOptions::default());
            let broker_protocol::types::TopicId(old) = *old;
            request.topics[0].topic_id = old;
            let frame = within("fetch", client.call(&request, 13)).await.unwrap();
            let response: FetchResponse<'_> = frame.decode().unwrap();
            let error = response.responses[0].partitions[0].error_code;
            assert_eq!(ErrorCode::from_code(error), Some(ErrorCode::UnknownTopicId));
        }
        ids.push(id);
        if round == 1 {
            broker = broker.kill().await;
            client = broker.client().await;
        }
        assert_eq!(calls::delete_topic(&mut client, "t").await, ErrorCode::None);
        assert_eq!(calls::delete_topic(&mut client, "t").await, ErrorCode::UnknownTopicOrPartition);
        let refused = calls::append_error(&mut client, "t", 0, &batch(&["b"])).await;
        assert_eq!(refused, ErrorCode::UnknownTopicOrPartition);
    }
}

/// Asks for a topic that may be made by asking; gives its error and its partitions' leaders.
async fn asked(client: &mut Conn, name: &str, may_be_made: bool) -> (ErrorCode, Vec<i32>) {
    let topic =
        MetadataRequestTopic { name: Some(name.to_owned().into()), ..MetadataRequestTopic::default() };
    let request = MetadataRequest {
        topics: Some(vec![topic]),
        allow_auto_topic_creation: may_be_made,
        ..MetadataRequest::default()
    };
    let frame = within("metadata", client.call(&request, 12)).await.unwrap();
    let response: MetadataResponse<'_> = frame.decode().unwrap();
    let found = &response.topics[0];
    let leaders = found.partitions.iter().map(|partition| partition.leader_id).collect();
    (ErrorCode::from_code(found.error_code).unwrap(), leaders)
}

/// Version 10 has the fields of KIP-516, but may not be asked by id yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_without_a_name_is_refused_where_ids_do_not_count_yet() {
    let (_broker, mut client) = started(&[]).await;
    let request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic { name: None, ..MetadataRequestTopic::default() }]),
        ..MetadataRequest::default()
    };
    for (version, code) in
        [(10, ErrorCode::InvalidRequest), (11, ErrorCode::InvalidRequest), (12, ErrorCode::UnknownTopicId)]
    {
        let frame = within("metadata", client.call(&request, version)).await.unwrap();
        let response: MetadataResponse<'_> = frame.decode().unwrap();
        assert_eq!(response.topics[0].error_code, code.code(), "version {version}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_that_names_a_topic_twice_over_deletes_nothing() {
    let (_broker, mut client) = started(&[]).await;
    for name in ["a", "b"] {
        calls::create_topic(&mut client, name, 1, &[]).await;
    }
    let named = |name: &'static str, topic_id| DeleteTopicState { name: Some(name.into()), topic_id };
    let neither = DeleteTopicState::default();
    for unclear in [named("a", Uuid::from_u128(7)), neither] {
        let request = DeleteTopicsRequest {
            topics: vec![unclear, named("b", Uuid::nil())],
            timeout_ms: 1000,
            ..DeleteTopicsRequest::default()
        };
        let frame = within("deletion", client.call(&request, 6)).await.unwrap();
        let response: DeleteTopicsResponse<'_> = frame.decode().unwrap();
        let codes: Vec<i16> = response.responses.iter().map(|topic| topic.error_code).collect();
        assert_eq!(codes, [ErrorCode::InvalidRequest.code(); 2]);
    }
    assert_eq!(all(&mut client).await, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_for_a_topic_makes_it_only_where_both_sides_allow_it() {
    let (_broker, mut client) = started(&["num.partitions=2"]).await;
    let unknown = (ErrorCode::UnknownTopicOrPartition, vec![]);
    assert_eq!(asked(&mut client, "t", false).await, unknown);
    assert_eq!(all(&mut client).await, []);
    // As with Kafka, the question that makes it does not find it yet.
    assert_eq!(asked(&mut client, "t", true).await, unknown);
    assert_eq!(asked(&mut client, "t", true).await, (ErrorCode::None, vec![1, 1]));
    assert_eq!(calls::append(&mut client, "t", 1, &batch(&["a"])).await, 0);
    let invalid = asked(&mut client, "no spaces", true).await;
    assert_eq!(invalid, (ErrorCode::InvalidTopicException, vec![]));

    let (_broker, mut client) = started(&["auto.create.topics.enable=false"]).await;
    assert_eq!(asked(&mut client, "t", true).await, unknown);
    assert_eq!(all(&mut client).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_do_not_write_to_the_topics_of_the_broker() {
    let (_broker, mut client) = started(&[]).await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    crate::harness::groups::commit(&mut client, "g", ("t", 0), 1).await;
    let refused = calls::append_error(&mut client, "__consumer_offsets", 0, &batch(&["a"])).await;
    assert_eq!(refused, ErrorCode::InvalidTopicException);
    // They may read them.
    assert!(!calls::read_from(&mut client, "__consumer_offsets", 0, 0).await.is_empty());
}

/// Grows topics in one request: names and errors.
async fn grow(
    client: &mut Conn,
    topics: &[(&str, i32, Option<&[i32]>)],
    validate_only: bool,
) -> Vec<(String, ErrorCode)> {
    let topics = topics
        .iter()
        .map(|(name, count, brokers)| CreatePartitionsTopic {
            name: (*name).into(),
            count: *count,
            assignments: brokers
                .map(|brokers| vec![CreatePartitionsAssignment { broker_ids: brokers.to_vec() }]),
        })
        .collect();
    let request = CreatePartitionsRequest { topics, timeout_ms: 10_000, validate_only };
    let frame = within("grow", client.call(&request, 3)).await.unwrap();
    let response: CreatePartitionsResponse<'_> = frame.decode().unwrap();
    let results = response.results.iter();
    let mut answers: Vec<_> = results
        .map(|result| (result.name.to_string(), ErrorCode::from_code(result.error_code).unwrap()))
        .collect();
    answers.sort_by(|a, b| a.0.cmp(&b.0));
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_grows_and_keeps_what_it_has() {
    let (broker, mut client) = started(&[]).await;
    calls::create_topic(&mut client, "t", 2, &[]).await;
    calls::create_topic(&mut client, "u", 1, &[]).await;
    calls::append(&mut client, "t", 1, &batch(&["kept"])).await;
    let answers = grow(
        &mut client,
        &[("t", 4, None), ("u", 2, Some(&[1])), ("missing", 2, None), ("twice", 2, None), ("twice", 3, None)],
        false,
    )
    .await;
    let expected = [
        ("missing", ErrorCode::UnknownTopicOrPartition),
        ("t", ErrorCode::None),
        ("twice", ErrorCode::InvalidRequest),
        ("u", ErrorCode::None),
    ];
    assert_eq!(answers, expected.map(|(name, error)| (name.to_owned(), error)));
    for (count, brokers, error) in [
        (4, None, ErrorCode::InvalidPartitions),
        (3, None, ErrorCode::InvalidPartitions),
        (0, None, ErrorCode::InvalidPartitions),
        (-1, None, ErrorCode::InvalidPartitions),
        (5, Some(&[9][..]), ErrorCode::InvalidReplicaAssignment),
        (6, Some(&[1][..]), ErrorCode::InvalidReplicaAssignment),
    ] {
        assert_eq!(grow(&mut client, &[("t", count, brokers)], false).await[0].1, error, "{count}");
    }
    assert_eq!(grow(&mut client, &[("t", 9, None)], true).await[0].1, ErrorCode::None);
    let broker = broker.power_loss(1).await;
    let mut client = broker.client().await;
    assert_eq!(all(&mut client).await, named(&[("t", 4), ("u", 2)]));
    assert_eq!(calls::values(&mut client, "t", 1).await, ["kept"]);
    assert_eq!(calls::append(&mut client, "t", 3, &batch(&["new"])).await, 0);
}
