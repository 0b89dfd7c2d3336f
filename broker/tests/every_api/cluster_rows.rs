//! Rows of the APIs about the cluster: brokers, quorum, directories.

use broker_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use broker_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use broker_protocol::messages::{
    DescribeClusterRequest, DescribeClusterResponse, DescribeLogDirsRequest, DescribeLogDirsResponse,
    DescribeQuorumRequest, DescribeQuorumResponse,
};
use highwater_broker::api::authorized_operations;

use crate::driver::{BROKER_ID, Driver, code};
use crate::harness::batches::batch;

pub(crate) async fn describe_cluster(driver: &mut Driver, version: i16) {
    let mut request = DescribeClusterRequest {
        include_cluster_authorized_operations: true,
        endpoint_type: 1,
        include_fenced_brokers: false,
    };
    let frame = driver.call(&request, version).await;
    let response: DescribeClusterResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.throttle_time_ms, response.error_code), (0, code::NONE));
    assert_eq!((response.error_message.as_ref(), response.endpoint_type), (None, 1));
    assert!(!response.cluster_id.is_empty());
    assert_eq!(response.controller_id, BROKER_ID);
    assert_eq!(response.cluster_authorized_operations, authorized_operations::CLUSTER);
    let [broker] = &response.brokers[..] else {
        panic!("{:?}", response.brokers);
    };
    assert_eq!((broker.broker_id, &*broker.host, broker.port), (BROKER_ID, "127.0.0.1", driver.port()));
    assert_eq!((broker.rack.as_ref(), broker.is_fenced), (None, false));
    if version >= 1 {
        request.endpoint_type = 2;
        let frame = driver.call(&request, version).await;
        let response: DescribeClusterResponse<'_> = frame.decode().unwrap();
        assert_eq!(response.error_code, code::MISMATCHED_ENDPOINT_TYPE);
        assert!(response.error_message.is_some());
    }
}

pub(crate) async fn describe_quorum(driver: &mut Driver, version: i16) {
    let partitions = [0, 1].map(|partition_index| PartitionData { partition_index }).into();
    let asked = TopicData { topic_name: "__cluster_metadata".into(), partitions };
    let frame = driver.call(&DescribeQuorumRequest { topics: vec![asked] }, version).await;
    let response: DescribeQuorumResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.error_code, code::NONE);
    assert_eq!(&*response.topics[0].topic_name, "__cluster_metadata");
    let [found, missing] = &response.topics[0].partitions[..] else {
        panic!("{:?}", response.topics);
    };
    assert_eq!((found.partition_index, found.error_code, found.leader_id), (0, code::NONE, BROKER_ID));
    assert!(found.leader_epoch > 0 && found.high_watermark > 0);
    let [voter] = &found.current_voters[..] else {
        panic!("{:?}", found.current_voters);
    };
    assert_eq!(voter.replica_id, BROKER_ID);
    assert!(voter.log_end_offset >= found.high_watermark);
    assert_eq!(voter.last_fetch_timestamp > 0, version >= 1);
    assert_eq!(voter.last_caught_up_timestamp > 0, version >= 1);
    assert_eq!(voter.replica_directory_id.is_nil(), version < 2);
    assert_eq!(found.observers, []);
    assert_eq!((missing.partition_index, missing.error_code), (1, code::UNKNOWN_TOPIC_OR_PARTITION));
    if version < 2 {
        assert_eq!(response.nodes, []);
    } else {
        let [node] = &response.nodes[..] else {
            panic!("{:?}", response.nodes);
        };
        assert_eq!((node.node_id, i32::from(node.listeners[0].port)), (BROKER_ID, driver.port()));
    }
}

pub(crate) async fn describe_log_dirs(driver: &mut Driver, version: i16) {
    let topic = driver.topic(2).await;
    let sent = batch(&["a", "b"]);
    driver.append(&topic, &sent).await;
    let asked = DescribableLogDirTopic { topic: (&*topic.name).into(), partitions: vec![0, 1, 9] };
    let frame = driver.call(&DescribeLogDirsRequest { topics: Some(vec![asked]) }, version).await;
    let response: DescribeLogDirsResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.throttle_time_ms, response.error_code), (0, code::NONE));
    let [dir] = &response.results[..] else {
        panic!("{:?}", response.results);
    };
    assert_eq!((dir.error_code, &*dir.log_dir), (code::NONE, &*driver.broker.path().to_string_lossy()));
    assert_eq!((dir.total_bytes > 0, dir.usable_bytes > 0), (version >= 4, version >= 4));
    assert!(!dir.is_cordoned);
    assert_eq!((dir.topics.len(), &*dir.topics[0].name), (1, &*topic.name));
    let partitions: Vec<_> = dir.topics[0]
        .partitions
        .iter()
        .map(|one| (one.partition_index, one.partition_size, one.offset_lag, one.is_future_key))
        .collect();
    let size = i64::try_from(sent.len()).unwrap();
    assert_eq!(partitions, [(0, size, 0, false), (1, 0, 0, false)]);

    let frame = driver.call(&DescribeLogDirsRequest { topics: None }, version).await;
    let response: DescribeLogDirsResponse<'_> = frame.decode().unwrap();
    assert!(response.results[0].topics.iter().any(|found| found.name == topic.name));
}
