//! What `/metrics` counts of the errors in answers: every API, every code in an answer, by Kafka's names.

use std::collections::BTreeMap;

use broker_client::FetchOptions;
use broker_log::io::memory_disk::OperationKind;
use broker_protocol::api_key::{ApiKey, SUPPORTED};
use broker_protocol::codec::{Records, Request, Writer};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::header::encode_request_header;
use broker_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use broker_protocol::messages::create_topics_request::CreatableTopic;
use broker_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use broker_protocol::messages::delete_topics_request::DeleteTopicState;
use broker_protocol::messages::describe_configs_request::DescribeConfigsResource;
use broker_protocol::messages::leave_group_request::MemberIdentity;
use broker_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use broker_protocol::messages::metadata_request::MetadataRequestTopic;
use broker_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use broker_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use broker_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use broker_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use broker_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use broker_protocol::messages::{
    AlterConfigsRequest, ApiVersionsRequest, CreatePartitionsRequest, CreateTopicsRequest,
    DeleteGroupsRequest, DeleteRecordsRequest, DeleteTopicsRequest, DescribeClusterRequest,
    DescribeConfigsRequest, DescribeGroupsRequest, DescribeLogDirsRequest, DescribeProducersRequest,
    DescribeQuorumRequest, DescribeTopicPartitionsRequest, FindCoordinatorRequest, HeartbeatRequest,
    IncrementalAlterConfigsRequest, InitProducerIdRequest, JoinGroupRequest, LeaveGroupRequest,
    ListConfigResourcesRequest, ListGroupsRequest, ListGroupsResponse, ListOffsetsRequest, MetadataRequest,
    OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest, OffsetForLeaderEpochRequest,
    ProduceRequest, SyncGroupRequest, alter_configs_request, describe_producers_request,
    describe_quorum_request, describe_topic_partitions_request, incremental_alter_configs_request,
};
use broker_protocol::types::Uuid;

use crate::harness::batches::batch;
use crate::harness::http::get;
use crate::harness::{Conn, TestBroker, calls, groups, within};

/// No topic, group or member of that name is there.
const MISSING: &str = "missing";

/// The errors that an answer holds: their name and how many of them.
type Told = (&'static str, u64);

const UNKNOWN_PARTITION: &str = "UNKNOWN_TOPIC_OR_PARTITION";

async fn ask<'a, Q: Request<'a>>(client: &mut Conn, request: &Q, version: i16) {
    within(Q::API_KEY.name(), client.call(request, version)).await.unwrap();
}

/// Errors by API and name, as the page tells them.
async fn counted(broker: &TestBroker) -> BTreeMap<(String, String), u64> {
    let page = get(broker, "/metrics").await.body;
    let samples = page.lines().filter_map(|line| line.strip_prefix("highwater_request_errors_total{api=\""));
    samples
        .map(|sample| {
            let (api, rest) = sample.split_once("\",error=\"").unwrap();
            let (error, count) = rest.split_once("\"} ").unwrap();
            ((api.to_owned(), error.to_owned()), count.parse().unwrap())
        })
        .collect()
}

/// Asks for what the API refuses; gives what it says. `None` if it refuses nothing while the disk works.
async fn refusal(client: &mut Conn, api: ApiKey) -> Option<Told> {
    match api {
        ApiKey::ListGroups | ApiKey::DescribeLogDirs => None,
        ApiKey::Produce | ApiKey::Fetch | ApiKey::ListOffsets | ApiKey::DeleteRecords => {
            Some(of_records(client, api).await)
        }
        ApiKey::OffsetForLeaderEpoch | ApiKey::InitProducerId | ApiKey::DescribeProducers => {
            Some(of_records(client, api).await)
        }
        ApiKey::DescribeConfigs | ApiKey::AlterConfigs | ApiKey::IncrementalAlterConfigs => {
            Some(of_configs(client, api).await)
        }
        ApiKey::OffsetCommit | ApiKey::OffsetFetch | ApiKey::OffsetDelete | ApiKey::DeleteGroups => {
            Some(of_groups(client, api).await)
        }
        ApiKey::FindCoordinator | ApiKey::DescribeGroups => Some(of_groups(client, api).await),
        ApiKey::JoinGroup | ApiKey::SyncGroup | ApiKey::Heartbeat | ApiKey::LeaveGroup => {
            Some(of_members(client, api).await)
        }
        _ => Some(of_the_cluster(client, api).await),
    }
}

async fn of_records(client: &mut Conn, api: ApiKey) -> Told {
    match api {
        ApiKey::Produce => {
            calls::append_error(client, MISSING, 0, &batch(&["a"])).await;
        }
        ApiKey::Fetch => {
            within("fetch", client.fetch(MISSING, 0, FetchOptions::default())).await.unwrap();
        }
        ApiKey::ListOffsets => {
            let partitions = vec![ListOffsetsPartition::default(); 2];
            let topics = vec![ListOffsetsTopic { name: MISSING.into(), partitions }];
            ask(client, &ListOffsetsRequest { topics, ..ListOffsetsRequest::default() }, 11).await;
            return ("INVALID_REQUEST", 2);
        }
        ApiKey::DeleteRecords => {
            let partitions = vec![DeleteRecordsPartition::default(); 2];
            let topics = vec![DeleteRecordsTopic { name: MISSING.into(), partitions }];
            ask(client, &DeleteRecordsRequest { topics, timeout_ms: 1000 }, 2).await;
            return (UNKNOWN_PARTITION, 2);
        }
        ApiKey::OffsetForLeaderEpoch => {
            let partitions = vec![OffsetForLeaderPartition::default()];
            let topics = vec![OffsetForLeaderTopic { topic: MISSING.into(), partitions }];
            ask(client, &OffsetForLeaderEpochRequest { replica_id: -1, topics }, 4).await;
        }
        ApiKey::InitProducerId => {
            let id = Some("tx".into());
            let request = InitProducerIdRequest { transactional_id: id, ..InitProducerIdRequest::default() };
            ask(client, &request, 4).await;
            return ("TRANSACTIONAL_ID_AUTHORIZATION_FAILED", 1);
        }
        _ => {
            let partition_indexes = vec![0, 1];
            let topics =
                vec![describe_producers_request::TopicRequest { name: MISSING.into(), partition_indexes }];
            ask(client, &DescribeProducersRequest { topics }, 0).await;
            return (UNKNOWN_PARTITION, 2);
        }
    }
    (UNKNOWN_PARTITION, 1)
}

async fn of_configs(client: &mut Conn, api: ApiKey) -> Told {
    /// The number of topics among resources.
    const TOPIC: i8 = 2;
    let (resource_type, resource_name) = (TOPIC, MISSING.into());
    match api {
        ApiKey::DescribeConfigs => {
            let resource = DescribeConfigsResource {
                resource_type,
                resource_name,
                ..DescribeConfigsResource::default()
            };
            let resources = vec![resource];
            ask(client, &DescribeConfigsRequest { resources, ..DescribeConfigsRequest::default() }, 4).await;
        }
        ApiKey::AlterConfigs => {
            let configs = Vec::new();
            let resources =
                vec![alter_configs_request::AlterConfigsResource { resource_type, resource_name, configs }];
            ask(client, &AlterConfigsRequest { resources, validate_only: false }, 2).await;
        }
        _ => {
            let configs = Vec::new();
            let resource = incremental_alter_configs_request::AlterConfigsResource {
                resource_type,
                resource_name,
                configs,
            };
            let resources = vec![resource];
            ask(client, &IncrementalAlterConfigsRequest { resources, validate_only: false }, 1).await;
        }
    }
    (UNKNOWN_PARTITION, 1)
}

async fn of_groups(client: &mut Conn, api: ApiKey) -> Told {
    match api {
        ApiKey::OffsetCommit => {
            let partitions = vec![OffsetCommitRequestPartition::default(); 3];
            let topic = OffsetCommitRequestTopic {
                name: MISSING.into(),
                partitions,
                ..OffsetCommitRequestTopic::default()
            };
            let (group_id, topics) = ("g".into(), vec![topic]);
            ask(client, &OffsetCommitRequest { group_id, topics, ..OffsetCommitRequest::default() }, 8).await;
            (UNKNOWN_PARTITION, 3)
        }
        ApiKey::OffsetFetch => {
            let topic_id = Uuid::from_u128(1 << 100);
            let partition_indexes = vec![0, 1];
            let topic = OffsetFetchRequestTopics {
                topic_id,
                partition_indexes,
                ..OffsetFetchRequestTopics::default()
            };
            let group = OffsetFetchRequestGroup {
                group_id: "g".into(),
                topics: Some(vec![topic]),
                ..OffsetFetchRequestGroup::default()
            };
            let groups = vec![group];
            ask(client, &OffsetFetchRequest { groups, ..OffsetFetchRequest::default() }, 10).await;
            ("UNKNOWN_TOPIC_ID", 2)
        }
        ApiKey::OffsetDelete => {
            let partitions = vec![OffsetDeleteRequestPartition::default()];
            let topics = vec![OffsetDeleteRequestTopic { name: "t".into(), partitions }];
            ask(client, &OffsetDeleteRequest { group_id: MISSING.into(), topics }, 0).await;
            ("GROUP_ID_NOT_FOUND", 1)
        }
        ApiKey::DeleteGroups => {
            ask(client, &DeleteGroupsRequest { groups_names: vec![MISSING.into()] }, 2).await;
            ("GROUP_ID_NOT_FOUND", 1)
        }
        ApiKey::FindCoordinator => {
            let coordinator_keys = vec!["one".into(), "two".into()];
            let request =
                FindCoordinatorRequest { key_type: 1, coordinator_keys, ..FindCoordinatorRequest::default() };
            ask(client, &request, 6).await;
            ("TRANSACTIONAL_ID_AUTHORIZATION_FAILED", 2)
        }
        _ => {
            let groups = vec![MISSING.into()];
            ask(client, &DescribeGroupsRequest { groups, include_authorized_operations: false }, 6).await;
            ("GROUP_ID_NOT_FOUND", 1)
        }
    }
}

async fn of_members(client: &mut Conn, api: ApiKey) -> Told {
    match api {
        ApiKey::JoinGroup => {
            ask(client, &JoinGroupRequest::default(), 9).await;
            ("INVALID_GROUP_ID", 1)
        }
        ApiKey::SyncGroup => {
            let group_id = MISSING.into();
            ask(client, &SyncGroupRequest { group_id, ..SyncGroupRequest::default() }, 5).await;
            ("INCONSISTENT_GROUP_PROTOCOL", 1)
        }
        ApiKey::Heartbeat => {
            let (group_id, member_id) = (MISSING.into(), MISSING.into());
            ask(client, &HeartbeatRequest { group_id, member_id, ..HeartbeatRequest::default() }, 4).await;
            ("UNKNOWN_MEMBER_ID", 1)
        }
        _ => {
            let members = vec![MemberIdentity { member_id: MISSING.into(), ..MemberIdentity::default() }; 2];
            let group_id = MISSING.into();
            ask(client, &LeaveGroupRequest { group_id, members, ..LeaveGroupRequest::default() }, 5).await;
            ("UNKNOWN_MEMBER_ID", 2)
        }
    }
}

async fn of_the_cluster(client: &mut Conn, api: ApiKey) -> Told {
    match api {
        ApiKey::Metadata => {
            let named = |name: &'static str| MetadataRequestTopic {
                name: Some(name.into()),
                ..MetadataRequestTopic::default()
            };
            let topics = Some(vec![named("no topic"), named("nor this")]);
            ask(client, &MetadataRequest { topics, ..MetadataRequest::default() }, 12).await;
            ("INVALID_TOPIC_EXCEPTION", 2)
        }
        ApiKey::CreateTopics => {
            let topic =
                CreatableTopic { name: "no topic".into(), num_partitions: 1, ..CreatableTopic::default() };
            let topics = vec![topic];
            ask(client, &CreateTopicsRequest { topics, ..CreateTopicsRequest::default() }, 7).await;
            ("INVALID_TOPIC_EXCEPTION", 1)
        }
        ApiKey::DeleteTopics => {
            let topics = vec![DeleteTopicState { name: Some(MISSING.into()), ..DeleteTopicState::default() }];
            ask(client, &DeleteTopicsRequest { topics, ..DeleteTopicsRequest::default() }, 6).await;
            (UNKNOWN_PARTITION, 1)
        }
        ApiKey::CreatePartitions => {
            let topic = CreatePartitionsTopic { name: MISSING.into(), count: 2, assignments: None };
            let topics = vec![topic];
            ask(client, &CreatePartitionsRequest { topics, ..CreatePartitionsRequest::default() }, 3).await;
            (UNKNOWN_PARTITION, 1)
        }
        ApiKey::DescribeTopicPartitions => {
            let topics = vec![describe_topic_partitions_request::TopicRequest { name: MISSING.into() }];
            let request =
                DescribeTopicPartitionsRequest { topics, ..DescribeTopicPartitionsRequest::default() };
            ask(client, &request, 0).await;
            (UNKNOWN_PARTITION, 1)
        }
        ApiKey::DescribeQuorum => {
            let partitions = vec![describe_quorum_request::PartitionData { partition_index: 0 }];
            let topics = vec![describe_quorum_request::TopicData { topic_name: MISSING.into(), partitions }];
            ask(client, &DescribeQuorumRequest { topics }, 2).await;
            (UNKNOWN_PARTITION, 1)
        }
        ApiKey::DescribeCluster => {
            let request = DescribeClusterRequest { endpoint_type: 2, ..DescribeClusterRequest::default() };
            ask(client, &request, 2).await;
            ("MISMATCHED_ENDPOINT_TYPE", 1)
        }
        ApiKey::ListConfigResources => {
            ask(client, &ListConfigResourcesRequest { resource_types: vec![99] }, 1).await;
            ("UNSUPPORTED_VERSION", 1)
        }
        ApiKey::ApiVersions => {
            ask(client, &ApiVersionsRequest::default(), 4).await;
            ("INVALID_REQUEST", 1)
        }
        other => panic!("{other} has no row here"),
    }
}

/// Asks for the groups until that fails: their coordinator learns a little later of what it writes to.
async fn list_groups_error(client: &mut Conn) -> ErrorCode {
    within("an error", async {
        loop {
            let frame = client.call(&ListGroupsRequest::default(), 5).await.unwrap();
            let response: ListGroupsResponse<'_> = frame.decode().unwrap();
            if response.error_code != 0 {
                return ErrorCode::from_code(response.error_code).unwrap();
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_error_in_an_answer_of_every_api_counts() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    groups::commit(&mut client, "g", ("t", 0), 0).await;
    let before = counted(&broker).await;
    let mut wanted = before.clone();
    for supported in SUPPORTED {
        if let Some((error, count)) = refusal(&mut client, supported.key).await {
            *wanted.entry((supported.key.name().to_owned(), error.to_owned())).or_default() += count;
        }
    }
    assert_eq!(counted(&broker).await, wanted);
    // What has no error counts nothing.
    ask(&mut client, &ListGroupsRequest::default(), 5).await;
    ask(&mut client, &DescribeLogDirsRequest::default(), 5).await;
    calls::append(&mut client, "t", 0, &batch(&["a"])).await;
    assert_eq!(counted(&broker).await, wanted);
    broker.disk().with_faults(|faults| faults.fail(OperationKind::Write, "t-0/", 0));
    calls::append_error(&mut client, "t", 0, &batch(&["a"])).await;
    ask(&mut client, &DescribeLogDirsRequest::default(), 5).await;
    let listing = list_groups_error(&mut client).await;
    let counted = counted(&broker).await;
    for (api, error) in [
        (ApiKey::Produce, "KAFKA_STORAGE_ERROR"),
        (ApiKey::DescribeLogDirs, "KAFKA_STORAGE_ERROR"),
        (ApiKey::ListGroups, listing.name()),
    ] {
        let count = counted.get(&(api.name().to_owned(), error.to_owned()));
        assert_eq!(count, Some(&1), "{api}: {counted:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_errors_of_a_produce_without_an_answer_count() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    let bytes = batch(&["a"]);
    let partition = |index| PartitionProduceData { index, records: Records::Bytes(&bytes) };
    let topic = TopicProduceData {
        name: MISSING.into(),
        partition_data: vec![partition(0), partition(1)],
        ..TopicProduceData::default()
    };
    let request =
        ProduceRequest { acks: 0, timeout_ms: 1000, topic_data: vec![topic], transactional_id: None };
    within("produce", client.send(&request, 12)).await.unwrap();
    within("close", client.receive()).await.unwrap_err();
    let wanted = (("Produce".to_owned(), UNKNOWN_PARTITION.to_owned()), 2);
    assert_eq!(counted(&broker).await, BTreeMap::from([wanted]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_produce_without_an_answer_that_is_refused_as_a_whole_closes_and_counts() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    let request = ProduceRequest {
        acks: 0,
        timeout_ms: 1000,
        topic_data: Vec::new(),
        transactional_id: Some("t".into()),
    };
    within("produce", client.send(&request, 12)).await.unwrap();
    within("close", client.receive()).await.unwrap_err();
    let wanted = (("Produce".to_owned(), "INVALID_TXN_STATE".to_owned()), 1);
    assert_eq!(counted(&broker).await, BTreeMap::from([wanted]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_is_not_offered_counts() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    let mut request = Writer::frame();
    encode_request_header(&mut request, ApiKey::ApiVersions, 3, 7, Some("tests")).unwrap();
    request.finish_frame().unwrap();
    let mut bytes = request.into_parts().0;
    // Behind the length and the key.
    bytes[6..8].copy_from_slice(&99_i16.to_be_bytes());
    client.sender().write_raw(&bytes).await.unwrap();
    within("answer", client.receiver().receive_raw()).await.unwrap().unwrap();
    let wanted = (("ApiVersions".to_owned(), "UNSUPPORTED_VERSION".to_owned()), 1);
    assert_eq!(counted(&broker).await, BTreeMap::from([wanted]));
}
