//! A decision on something that has changed since is refused, whoever has changed it.

use broker_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use broker_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use broker_protocol::messages::{CreatePartitionsRequest, IncrementalAlterConfigsRequest};
use proto::admin::v1::{
    AlterBrokerConfigsRequest, AlterGroupOffsetsRequest, AlterTopicRequest, DeleteTopicRequest, DrainRequest,
    NewOffset, Reason,
};
use tonic::Code;

use crate::harness::{Conn, TestBroker, calls, within};
use crate::operator::{OWN, Operator, change_at, new_topic, ok, refused, settings};

const STALE: (Code, Reason) = (Code::FailedPrecondition, Reason::Stale);

/// Sets a setting by Kafka's protocol; of all brokers by the empty name.
async fn set(client: &mut Conn, (resource_type, name): (i8, &str), key: &str, value: &str) {
    let configs = vec![AlterableConfig { name: key.into(), config_operation: 0, value: Some(value.into()) }];
    let resource = AlterConfigsResource { resource_type, resource_name: name.into(), configs };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    within("alter configs", client.call(&request, 1)).await.unwrap();
}

#[tokio::test]
async fn change_of_a_topic_by_a_client_makes_a_decision_on_it_stale() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let topic_id = operator.create("t").await;
    let mut client = broker.client().await;
    let alter = |seen: i64, value: &str| AlterTopicRequest {
        change: change_at(seen),
        topic_id: topic_id.clone(),
        set_configs: settings(&[("retention.ms", value)]),
        ..AlterTopicRequest::default()
    };
    let seen = operator.metadata_offset().await;
    set(&mut client, (2, "t"), "segment.bytes", "1048576").await;
    assert_eq!(refused(operator.alter_topic(alter(seen, "1")).await), STALE);
    let checked = AlterTopicRequest { validate_only: true, ..alter(seen, "1") };
    assert_eq!(refused(operator.alter_topic(checked).await), STALE);
    let delete = DeleteTopicRequest { change: change_at(seen), topic_id: topic_id.clone() };
    assert_eq!(refused(operator.delete_topic(delete.clone()).await), STALE);
    let seen = operator.metadata_offset().await;
    // What happens elsewhere makes nothing stale.
    calls::create_topic(&mut client, "other", 1, &[]).await;
    set(&mut client, (2, "other"), "segment.bytes", "1048576").await;
    ok(operator.alter_topic(alter(seen, "1")).await);
    assert_eq!(refused(operator.alter_topic(alter(seen, "2")).await), STALE, "its own change counts, too");

    let seen = operator.metadata_offset().await;
    let more = CreatePartitionsTopic { name: "t".into(), count: 2, assignments: None };
    let request = CreatePartitionsRequest { topics: vec![more], timeout_ms: 10_000, validate_only: false };
    within("create partitions", client.call(&request, 2)).await.unwrap();
    assert_eq!(refused(operator.alter_topic(alter(seen, "3")).await), STALE);
    assert_eq!(operator.topic("t").await.unwrap().configs["retention.ms"], "1");
}

#[tokio::test]
async fn restart_of_the_broker_makes_no_decision_on_a_topic_stale() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let topic_id = operator.create("t").await;
    let seen = operator.metadata_offset().await;
    operator.server.stop().await;
    let broker = broker.restart().await;
    let mut operator = Operator::of(&broker).await;
    ok(operator.delete_topic(DeleteTopicRequest { change: change_at(seen), topic_id }).await);
    let drain = DrainRequest { change: change_at(seen), broker_id: OWN, is_on: false };
    assert_eq!(refused(operator.drain(drain).await), STALE, "the broker is another one");
}

#[tokio::test]
async fn change_of_brokers_settings_by_a_client_makes_a_decision_on_them_stale() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let mut client = broker.client().await;
    let alter = |seen: i64| AlterBrokerConfigsRequest {
        change: change_at(seen),
        set_configs: settings(&[("log.retention.ms", "5000")]),
        ..AlterBrokerConfigsRequest::default()
    };
    let seen = operator.metadata_offset().await;
    set(&mut client, (4, ""), "message.max.bytes", "70000").await;
    assert_eq!(refused(operator.alter_broker_configs(alter(seen)).await), STALE);
    let seen = operator.metadata_offset().await;
    operator.create("t").await;
    ok(operator.alter_broker_configs(alter(seen)).await);
}

#[tokio::test]
async fn offsets_of_a_topic_that_was_made_anew_are_refused_as_stale() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let mut client = broker.client().await;
    operator.create("t").await;
    let seen = operator.metadata_offset().await;
    calls::delete_topic(&mut client, "t").await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let offsets = vec![NewOffset { topic: "t".into(), partition: 0, offset: 0 }];
    let reset = AlterGroupOffsetsRequest { change: change_at(seen), group_id: "g".into(), offsets };
    assert_eq!(refused(operator.alter_group_offsets(reset).await), STALE);
}

#[tokio::test]
async fn an_offset_that_is_not_there_yet_is_stale() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let later = operator.metadata_offset().await + 1000;
    let mut create = new_topic("t", 1);
    create.change = change_at(later);
    assert_eq!(refused(operator.create_topic(create).await), STALE);
}
