//! A request that names the same thing very often: it is told once, so that an answer is no longer than what there is.

use broker_protocol::codec::Request;
use broker_protocol::messages::describe_configs_request::DescribeConfigsResource;
use broker_protocol::messages::describe_producers_request::TopicRequest;
use broker_protocol::messages::metadata_request::MetadataRequestTopic;
use broker_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use broker_protocol::messages::{
    DescribeConfigsRequest, DescribeGroupsRequest, DescribeProducersRequest, FindCoordinatorRequest,
    MetadataRequest, OffsetFetchRequest,
};

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
    let metadata = excess(client, 9, |times| {
        let topic = MetadataRequestTopic { name: Some("t".into()), ..MetadataRequestTopic::default() };
        MetadataRequest { topics: Some(vec![topic; times]), ..MetadataRequest::default() }
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
    let found = [configs, metadata, described_groups, coordinators, producers, offsets, all_offsets];
    assert_eq!(found, [0; 7]);
}
