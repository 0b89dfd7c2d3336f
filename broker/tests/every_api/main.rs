//! Every advertised API in every advertised version, over a live socket: the fields of each answer are checked.
//!
//! The list of what to try is the table that ApiVersions answers from, so that an API or a version cannot be added
//! without a check: one that has no row here fails the test.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../harness/harness.rs"]
mod harness;

mod cluster_rows;
mod config_rows;
mod data_rows;
mod driver;
mod group_rows;
mod member_rows;
mod offset_rows;
mod topic_rows;
mod versions;

use std::sync::Arc;

use broker_protocol::api_key::{ApiKey, PRODUCE_MIN, SUPPORTED};
use broker_protocol::messages::FindCoordinatorRequest;

use driver::Driver;
use harness::TestBroker;

/// The row of an API: sends requests of that version and checks the answers.
async fn check(api: ApiKey, driver: &mut Driver, version: i16) {
    match api {
        ApiKey::Produce if version < PRODUCE_MIN => versions::produce_is_closed(driver, version).await,
        ApiKey::Produce => data_rows::produce(driver, version).await,
        ApiKey::Fetch => data_rows::fetch(driver, version).await,
        ApiKey::ListOffsets => data_rows::list_offsets(driver, version).await,
        ApiKey::DeleteRecords => data_rows::delete_records(driver, version).await,
        ApiKey::OffsetForLeaderEpoch => data_rows::offset_for_leader_epoch(driver, version).await,
        ApiKey::InitProducerId => data_rows::init_producer_id(driver, version).await,
        ApiKey::DescribeProducers => data_rows::describe_producers(driver, version).await,
        ApiKey::Metadata => topic_rows::metadata(driver, version).await,
        ApiKey::CreateTopics => topic_rows::create_topics(driver, version).await,
        ApiKey::DeleteTopics => topic_rows::delete_topics(driver, version).await,
        ApiKey::CreatePartitions => topic_rows::create_partitions(driver, version).await,
        ApiKey::DescribeTopicPartitions => topic_rows::describe_topic_partitions(driver, version).await,
        ApiKey::DescribeConfigs => config_rows::describe_configs(driver, version).await,
        ApiKey::AlterConfigs => config_rows::alter_configs(driver, version).await,
        ApiKey::IncrementalAlterConfigs => config_rows::incremental_alter_configs(driver, version).await,
        ApiKey::ListConfigResources => config_rows::list_config_resources(driver, version).await,
        ApiKey::ApiVersions => versions::api_versions(driver, version).await,
        ApiKey::DescribeCluster => cluster_rows::describe_cluster(driver, version).await,
        ApiKey::DescribeQuorum => cluster_rows::describe_quorum(driver, version).await,
        ApiKey::DescribeLogDirs => cluster_rows::describe_log_dirs(driver, version).await,
        ApiKey::FindCoordinator => group_rows::find_coordinator(driver, version).await,
        ApiKey::DescribeGroups => group_rows::describe_groups(driver, version).await,
        ApiKey::ListGroups => group_rows::list_groups(driver, version).await,
        ApiKey::DeleteGroups => group_rows::delete_groups(driver, version).await,
        ApiKey::JoinGroup => member_rows::join_group(driver, version).await,
        ApiKey::SyncGroup => member_rows::sync_group(driver, version).await,
        ApiKey::Heartbeat => member_rows::heartbeat(driver, version).await,
        ApiKey::LeaveGroup => member_rows::leave_group(driver, version).await,
        ApiKey::OffsetCommit => offset_rows::offset_commit(driver, version).await,
        ApiKey::OffsetFetch => offset_rows::offset_fetch(driver, version).await,
        ApiKey::OffsetDelete => offset_rows::offset_delete(driver, version).await,
        other => panic!("{other} is advertised and has no row in this test"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_advertised_version_is_answered_in_full() {
    let broker = Arc::new(TestBroker::start(&[]).await);
    // Clients look for their coordinator first; that is what makes __consumer_offsets.
    let request = FindCoordinatorRequest { key: "group".into(), ..FindCoordinatorRequest::default() };
    broker.client().await.call(&request, 3).await.unwrap();
    let mut failed = Vec::new();
    for entry in SUPPORTED {
        for version in entry.min..=entry.max {
            let (broker, api) = (Arc::clone(&broker), entry.key);
            // A task of its own, so that one failure does not hide the others.
            let row = tokio::spawn(async move {
                let mut driver = Driver::new(broker, api, version).await;
                harness::within("row", check(api, &mut driver, version)).await;
            });
            if row.await.is_err() {
                failed.push(format!("{api} version {version}"));
            }
        }
    }
    assert!(failed.is_empty(), "see the messages above: {failed:#?}");
}
