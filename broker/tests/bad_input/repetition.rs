//! A request that names the same thing very often: it is told once, so that an answer is no longer than what there is.

use broker_protocol::codec::Request;
use broker_protocol::messages::describe_configs_request::DescribeConfigsResource;
use broker_protocol::messages::describe_producers_request::TopicRequest;
use broker_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use broker_protocol::messages::metadata_request::MetadataRequestTopic;
use broker_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use broker_protocol::messages::{
    DescribeConfigsRequest, DescribeConfigsResponse, DescribeGroupsRequest, DescribeProducersRequest,
    DescribeQuorumRequest, FindCoordinatorRequest, MetadataRequest, OffsetFetchRequest,
};
use broker_protocol::types::Uuid;

use crate::harness::batches::numbered;
use crate::harness::{Conn, TestBroker, calls, groups, within};

/// How often.
const OFTEN: usize = 1000;

/// How much longer the answer is to what `ask` asks so often than to what it asks once.
async fn excess<'a, Q: Request<'a>>(client: &mut Conn, version: i16, ask: impl Fn(usize) -> Q) -> usize {
    let once = within("answer", client.call(&ask(1), version)).await.unwrap();
    let often = within("answer", client.call(&ask(OFTEN), version)).await.unwrap();
    often.body().len() - once.body().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_again_is_told_once() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    calls::append(&mut client, "t", 0, &numbered(7, 0, 0, &["a"])).await;
    groups::commit(&mut client, "readers", ("t", 0), 1).await;
    let client = &mut client;
    let configs = excess(client, 4, |times| {
        let resource =
            DescribeConfigsResource { resource_type: 2, resource_name: "t".into(), configuration_keys: None };
        DescribeConfigsRequest { resources: vec![resource; times], ..DescribeConfigsRequest::default() }
    })
    .await;
    let metadata = excess(client, 12, |times| {
        // Where there is a name, the id says nothing.
        let topics = (0..times).map(|number| MetadataRequestTopic {
            name: Some("t".into()),
            topic_id: Uuid::from_u128(number as u128),
        });
        MetadataRequest { topics: Some(topics.collect()), ..MetadataRequest::default() }
    })
    .await;
    let described_groups = excess(client, 5, |times| DescribeGroupsRequest {
        groups: vec!["readers".into(); times],
        ..DescribeGroupsRequest::default()
    })
    .await;
    let coordinators = excess(client, 4, |times| FindCoordinatorRequest {
        coordinator_keys: vec!["readers".into(); times],
        ..FindCoordinatorRequest::default()
    })
    .await;
    let producers = excess(client, 0, |times| DescribeProducersRequest {
        topics: vec![TopicRequest { name: "t".into(), partition_indexes: vec![0; times] }],
    })
    .await;
    let quorum = excess(client, 2, |times| {
        let topic_name = "__cluster_metadata".into();
        let topic = TopicData { topic_name, partitions: vec![PartitionData { partition_index: 0 }; times] };
        DescribeQuorumRequest { topics: vec![topic] }
    })
    .await;
    let offsets = excess(client, 8, |times| {
        let topic = OffsetFetchRequestTopics {
            name: "t".into(),
            partition_indexes: vec![0; times],
            ..OffsetFetchRequestTopics::default()
        };
        let group = OffsetFetchRequestGroup {
            group_id: "readers".into(),
            topics: Some(vec![topic]),
            ..OffsetFetchRequestGroup::default()
        };
        OffsetFetchRequest { groups: vec![group], ..OffsetFetchRequest::default() }
    })
    .await;
    let all_offsets = excess(client, 8, |times| {
        let group = OffsetFetchRequestGroup {
            group_id: "readers".into(),
            topics: None,
            ..OffsetFetchRequestGroup::default()
        };
        OffsetFetchRequest { groups: vec![group; times], ..OffsetFetchRequest::default() }
    })
    .await;
    let found = [configs, metadata, described_groups, coordinators, producers, quorum, offsets, all_offsets];
    assert_eq!(found, [0; 8]);
}

#[tokio::test]
async fn a_resource_that_is_asked_for_again_is_told_once_with_all_settings_that_were_asked_for() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "a", 1, &[]).await;
    calls::create_topic(&mut client, "b", 1, &[]).await;
    let ask = |name: &'static str, keys: &[&'static str]| DescribeConfigsResource {
        resource_type: 2,
        resource_name: name.into(),
        configuration_keys: Some(keys.iter().map(|key| (*key).into()).collect()),
    };
    let all = DescribeConfigsResource { configuration_keys: None, ..ask("b", &[]) };
    let resources = vec![
        ask("a", &["retention.ms"]),
        ask("b", &["retention.ms"]),
        ask("a", &["cleanup.policy", "retention.ms"]),
        all,
        ask("b", &["cleanup.policy"]),
    ];
    let request = DescribeConfigsRequest { resources, ..DescribeConfigsRequest::default() };
    let frame = client.call(&request, 4).await.unwrap();
    let response: DescribeConfigsResponse<'_> = frame.decode().unwrap();
    let names: Vec<&str> = response.results.iter().map(|result| &*result.resource_name).collect();
    assert_eq!(names, ["a", "b"]);
    let mut told: Vec<&str> = response.results[0].configs.iter().map(|config| &*config.name).collect();
    told.sort_unstable();
    assert_eq!(told, ["cleanup.policy", "retention.ms"]);
    assert!(response.results[1].configs.len() > 10, "all of them");
}
