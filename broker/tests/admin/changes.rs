//! A change is made once, however often it is asked for, also after a restart.

use proto::admin::v1::{
    AlterBrokerConfigsRequest, AlterGroupOffsetsRequest, AlterTopicRequest, DeleteTopicRequest,
    DescribeClusterRequest, DescribeGroupsRequest, NewOffset, Reason,
};
use tonic::Code;

use crate::harness::groups;
use crate::harness::{TestBroker, within};
use crate::operator::{Operator, change, new_topic, ok, refused, settings};

const REUSED: (Code, Reason) = (Code::InvalidArgument, Reason::RequestIdReused);

#[tokio::test]
async fn repeated_changes_of_topics_are_answered_alike_also_after_a_restart() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let create = new_topic("t", 2);
    let created = ok(operator.create_topic(create.clone()).await);
    let alter = AlterTopicRequest {
        change: change(),
        topic_id: created.topic_id.clone(),
        added_partitions: create.assignments.clone(),
        ..AlterTopicRequest::default()
    };
    let altered = ok(operator.alter_topic(alter.clone()).await);
    assert!(altered.metadata_offset > created.metadata_offset);
    assert_eq!(ok(operator.create_topic(create.clone()).await), created);
    assert_eq!(ok(operator.alter_topic(alter.clone()).await), altered);
    operator.server.stop().await;

    let broker = broker.restart().await;
    let mut operator = Operator::of(&broker).await;
    assert_eq!(ok(operator.create_topic(create.clone()).await), created);
    assert_eq!(ok(operator.alter_topic(alter.clone()).await), altered);
    assert_eq!(operator.topic("t").await.unwrap().partitions.len(), 4);
    let delete = DeleteTopicRequest { change: change(), topic_id: created.topic_id.clone() };
    let deleted = ok(operator.delete_topic(delete.clone()).await);
    assert_eq!(ok(operator.delete_topic(delete).await), deleted);
    assert_eq!(ok(operator.create_topic(create).await), created, "it was made, and is not made again");
    assert_eq!(operator.topic("t").await, None);
}

#[tokio::test]
async fn request_id_of_another_request_is_refused() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let create = new_topic("t", 1);
    let topic_id = ok(operator.create_topic(create.clone()).await).topic_id;
    let mut other = create.clone();
    other.name = "u".into();
    assert_eq!(refused(operator.create_topic(other.clone()).await), REUSED);
    let delete = DeleteTopicRequest { change: create.change.clone(), topic_id };
    assert_eq!(refused(operator.delete_topic(delete).await), REUSED);
    operator.server.stop().await;
    let broker = broker.restart().await;
    let mut operator = Operator::of(&broker).await;
    assert_eq!(refused(operator.create_topic(other).await), REUSED);
    assert!(operator.topic("t").await.is_some() && operator.topic("u").await.is_none());
}

#[tokio::test]
async fn a_refused_request_may_be_asked_again() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let topic_id = operator.create("t").await;
    let create = new_topic("t", 1);
    assert_eq!(refused(operator.create_topic(create.clone()).await).1, Reason::TopicExists);
    ok(operator.delete_topic(DeleteTopicRequest { change: change(), topic_id }).await);
    ok(operator.create_topic(create).await);
}

#[tokio::test]
async fn repeated_change_of_settings_does_not_undo_a_later_one() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let set = |value: &str| AlterBrokerConfigsRequest {
        change: change(),
        set_configs: settings(&[("message.max.bytes", value)]),
        ..AlterBrokerConfigsRequest::default()
    };
    let first = set("5000");
    let answer = ok(operator.alter_broker_configs(first.clone()).await);
    // It changes nothing any more, and is a change for all that.
    let same = set("5000");
    ok(operator.alter_broker_configs(same.clone()).await);
    ok(operator.alter_broker_configs(set("6000")).await);
    assert_eq!(ok(operator.alter_broker_configs(first).await), answer);
    ok(operator.alter_broker_configs(same).await);
    let cluster = ok(operator.describe_cluster(DescribeClusterRequest {}).await);
    assert_eq!(cluster.dynamic_configs, settings(&[("message.max.bytes", "6000")]));
}

#[tokio::test]
async fn repeated_reset_of_a_group_does_not_undo_a_later_commit() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    operator.create("t").await;
    let mut client = broker.client().await;
    groups::commit(&mut client, "g", ("t", 0), 0).await;
    let offsets = vec![NewOffset { topic: "t".into(), partition: 0, offset: 0 }];
    let reset = AlterGroupOffsetsRequest { change: change(), group_id: "g".into(), offsets };
    let answer = ok(operator.alter_group_offsets(reset.clone()).await);
    groups::commit(&mut client, "g", ("t", 0), 7).await;
    assert_eq!(ok(operator.alter_group_offsets(reset.clone()).await), answer);
    operator.server.stop().await;
    let broker = broker.restart().await;
    let mut operator = Operator::of(&broker).await;
    assert_eq!(ok(operator.alter_group_offsets(reset.clone()).await), answer);
    let mut other = reset;
    other.group_id = "h".into();
    assert_eq!(refused(operator.alter_group_offsets(other).await), REUSED);
    let mut client = broker.client().await;
    assert_eq!(groups::committed(&mut client, "g", ("t", 0)).await.0, 7);
}

#[tokio::test]
async fn what_was_answered_outlives_a_power_loss_with_its_request() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let create = new_topic("t", 1);
    let created = ok(operator.create_topic(create.clone()).await);
    let mut client = broker.client().await;
    groups::commit(&mut client, "g", ("t", 0), 5).await;
    let offsets = vec![NewOffset { topic: "t".into(), partition: 0, offset: 0 }];
    let reset = AlterGroupOffsetsRequest { change: change(), group_id: "g".into(), offsets };
    let answer = ok(operator.alter_group_offsets(reset.clone()).await);
    let broker = broker.power_loss(5).await;
    let mut operator = Operator::of(&broker).await;
    assert_eq!(ok(operator.create_topic(create).await), created);
    assert_eq!(ok(operator.alter_group_offsets(reset).await), answer);
    let request = DescribeGroupsRequest { group_ids: vec!["g".into()], ..DescribeGroupsRequest::default() };
    let group = within("groups", async {
        loop {
            match operator.describe_groups(request.clone()).await {
                Err(status) if status.code() == Code::Unavailable => tokio::task::yield_now().await,
                answer => return ok(answer).groups.remove(0),
            }
        }
    })
    .await;
    assert_eq!(group.offsets[0].committed_offset, 0);
}
