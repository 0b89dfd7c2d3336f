//! The cluster and its broker: what they are, and whether the broker can be stopped or has come back.

use broker_log::io::memory_disk::OperationKind;
use broker_protocol::error_code::ErrorCode;
use proto::admin::v1::{
    AlterBrokerConfigsRequest, CaughtUpRequest, DeleteTopicRequest, DescribeClusterRequest, DrainRequest,
    GetVersionRequest, LogDirState, Reason, SafeToStopRequest,
};
use tonic::Code;

use crate::harness::batches::batch;
use crate::harness::{TestBroker, calls, within};
use crate::operator::{OWN, Operator, change, connect, detail, listen, new_topic, ok, refused, settings};

#[tokio::test]
async fn cluster_is_told_with_its_broker() {
    let broker = TestBroker::start(&["broker.rack=r1", "num.partitions=3", "message.max.bytes=70000"]).await;
    let mut operator = Operator::of(&broker).await;
    let version = ok(operator.get_version(GetVersionRequest {}).await);
    assert_eq!((version.service_version, version.broker_version.as_str()), (1, env!("CARGO_PKG_VERSION")));
    ok(operator.create_topic(new_topic("t", 2)).await);
    calls::append(&mut broker.client().await, "t", 0, &batch(&["v"])).await;
    let cluster = ok(operator.describe_cluster(DescribeClusterRequest {}).await);
    assert_eq!((cluster.cluster_id.len(), cluster.controller_id), (22, OWN));
    assert_eq!((cluster.topic_count, cluster.partition_count), (1, 2));
    let [own] = &cluster.brokers[..] else { panic!("{cluster:?}") };
    assert_eq!((own.id, own.fenced, own.rack.as_deref()), (OWN, false, Some("r1")));
    assert_eq!((own.directory_id.len(), own.endpoints[0].port), (16, u32::from(broker.address().port())));
    let status = own.status.as_ref().unwrap();
    assert_eq!(status.log_dir(), LogDirState::Online);
    assert!(status.log_bytes > 0 && status.disk_bytes > status.disk_free_bytes && status.disk_free_bytes > 0);
    assert_eq!(status.tier, None);
    assert_eq!(status.static_configs["broker.rack"], "r1");
    assert!(!status.static_configs.contains_key("message.max.bytes"), "it changes without a restart");
    assert!(!status.static_configs.contains_key("num.network.threads"), "nobody gave it");
}

#[tokio::test]
async fn settings_of_all_brokers_change_together_or_not_at_all() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let alter = |pairs: &[(&str, &str)], remove: &[&str]| AlterBrokerConfigsRequest {
        change: change(),
        set_configs: settings(pairs),
        remove_configs: remove.iter().map(|key| (*key).to_owned()).collect(),
        validate_only: false,
    };
    ok(operator.alter_broker_configs(alter(&[("message.max.bytes", "70000")], &[])).await);
    for (key, value) in [("node.id", "5"), ("log.retention.ms", "soon"), ("no.such.key", "1")] {
        let request = alter(&[(key, value), ("log.cleaner.threads", "1")], &["message.max.bytes"]);
        let status = operator.alter_broker_configs(request).await.unwrap_err();
        assert_eq!((status.code(), detail(&status).reason()), (Code::InvalidArgument, Reason::InvalidConfig));
        assert_eq!(detail(&status).config_key, key);
    }
    ok(operator.alter_broker_configs(alter(&[("log.retention.ms", "5")], &["message.max.bytes"])).await);
    let cluster = ok(operator.describe_cluster(DescribeClusterRequest {}).await);
    assert_eq!(cluster.dynamic_configs, settings(&[("log.retention.ms", "5")]));
}

#[tokio::test]
async fn the_only_broker_can_be_stopped_and_is_caught_up_but_cannot_be_drained() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    operator.create("t").await;
    let safe = ok(operator.safe_to_stop(SafeToStopRequest { broker_id: OWN }).await);
    assert_eq!((safe.is_safe, safe.reasons), (true, Vec::new()));
    let caught_up = ok(operator.caught_up(CaughtUpRequest { broker_id: OWN }).await);
    assert_eq!((caught_up.is_caught_up, caught_up.reasons), (true, Vec::new()));
    let drain = |broker_id: i32, is_on: bool| DrainRequest { change: change(), broker_id, is_on };
    let last = (Code::FailedPrecondition, Reason::LastBroker);
    assert_eq!(refused(operator.drain(drain(OWN, true)).await), last);
    assert_eq!(ok(operator.drain(drain(OWN, false)).await).partitions_left, 1);
    let unknown = (Code::NotFound, Reason::UnknownBroker);
    assert_eq!(refused(operator.drain(drain(7, true)).await), unknown);
    assert_eq!(refused(operator.safe_to_stop(SafeToStopRequest { broker_id: 7 }).await), unknown);
    assert_eq!(refused(operator.caught_up(CaughtUpRequest { broker_id: 7 }).await), unknown);
}

#[tokio::test]
async fn broker_that_starts_says_so_and_is_caught_up_once_it_has_started() {
    let first = TestBroker::start(&["offsets.topic.num.partitions=4"]).await;
    let mut client = first.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    crate::harness::groups::commit(&mut client, "g", ("t", 0), 0).await;
    let server = listen(&first.context().env, None).await.unwrap();
    let mut early = connect(server.address()).await;
    ok(early.get_version(GetVersionRequest {}).await);
    let not_ready = (Code::Unavailable, Reason::NotReady);
    assert_eq!(refused(early.describe_cluster(DescribeClusterRequest {}).await), not_ready);
    assert_eq!(refused(early.create_topic(new_topic("u", 1)).await), not_ready);
    assert_eq!(refused(early.safe_to_stop(SafeToStopRequest { broker_id: 7 }).await), not_ready);
    let safe = ok(early.safe_to_stop(SafeToStopRequest { broker_id: OWN }).await);
    assert_eq!((safe.is_safe, safe.reasons[0].as_str()), (false, "starting: recovery is not finished"));
    let caught_up = ok(early.caught_up(CaughtUpRequest { broker_id: OWN }).await);
    assert!(!caught_up.is_caught_up && caught_up.reasons[0].starts_with("starting"), "{caught_up:?}");
    let broker = first.restart().await;
    server.started(broker.broker());
    within("caught up", async {
        while !ok(early.caught_up(CaughtUpRequest { broker_id: OWN }).await).is_caught_up {
            tokio::task::yield_now().await;
        }
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn broker_whose_disk_has_failed_says_so_and_changes_nothing() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut operator = Operator::of(&broker).await;
    operator.create("t").await;
    let mut client = broker.client().await;
    broker.disk().with_faults(|faults| faults.fail(OperationKind::Sync, "", 0));
    calls::append_error(&mut client, "t", 0, &batch(&["v"])).await;
    within("failure", async {
        while ok(operator.safe_to_stop(SafeToStopRequest { broker_id: OWN }).await).is_safe {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let caught_up = ok(operator.caught_up(CaughtUpRequest { broker_id: OWN }).await);
    assert!(caught_up.reasons.iter().any(|reason| reason.contains("out of service")), "{caught_up:?}");
    let storage = (Code::Unavailable, Reason::Storage);
    assert_eq!(refused(operator.create_topic(new_topic("u", 1)).await), storage);
    let cluster = ok(operator.describe_cluster(DescribeClusterRequest {}).await);
    assert_eq!(cluster.brokers[0].status.as_ref().unwrap().log_dir(), LogDirState::Offline);
}

#[tokio::test]
async fn broker_whose_disk_is_full_makes_no_topic_and_takes_other_changes() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let topic_id = operator.create("t").await;
    let used = broker.disk().used_bytes();
    broker.disk().with_faults(|faults| faults.capacity = used);
    let mut client = broker.client().await;
    let large = "v".repeat(1 << 16);
    within("full disk", async {
        while client.produce("t", 0, &batch(&[&large]), -1).await.unwrap().error_code == ErrorCode::None {}
    })
    .await;
    let full = (Code::ResourceExhausted, Reason::Storage);
    assert_eq!(refused(operator.create_topic(new_topic("u", 1)).await), full);
    let cluster = ok(operator.describe_cluster(DescribeClusterRequest {}).await);
    assert_eq!(cluster.brokers[0].status.as_ref().unwrap().log_dir(), LogDirState::Full);
    ok(operator.delete_topic(DeleteTopicRequest { change: change(), topic_id }).await);
}
