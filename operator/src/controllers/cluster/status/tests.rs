use proto::admin::v1::{Broker, DescribeClusterResponse};
use serde_json::{Value, json};

use super::*;
use crate::broker_admin::AdminError;
use crate::names::Names;

fn cluster(spec: &Value, status: &Value) -> Cluster {
    let object = json!({
        "apiVersion": "highwater.dev/v1alpha1", "kind": "Cluster", "spec": spec, "status": status,
        "metadata": { "name": "q", "namespace": "n", "uid": "1", "generation": 1 },
    });
    serde_json::from_value(object).unwrap()
}

fn live(pods: &[Value], own: Option<BrokerStatus>) -> Live {
    let broker = own.map(|own| Broker { status: Some(own), ..Broker::default() });
    let described = broker.map(|broker| DescribeClusterResponse {
        brokers: vec![broker],
        ..DescribeClusterResponse::default()
    });
    Live {
        names: Names::new("n", "q"),
        token: None,
        service_account: None,
        config_map: None,
        headless: None,
        bootstrap: None,
        external: None,
        disruption_budget: None,
        network_policy: None,
        stateful_set: None,
        pods: pods.iter().map(|pod| serde_json::from_value(pod.clone()).unwrap()).collect(),
        claims: Vec::new(),
        may_grow: None,
        described,
        unreachable: None,
    }
}

fn pod(status: &Value) -> Value {
    json!({ "metadata": { "name": "q-broker-0" }, "status": status })
}

fn ready_pod() -> Value {
    pod(&json!({ "conditions": [{ "type": "Ready", "status": "True" }] }))
}

fn said(live: &Live, outcome: &Outcome) -> ClusterStatus {
    status(&cluster(&json!({}), &json!({})), None, live, outcome, Timestamp::UNIX_EPOCH)
}

fn condition<'a>(status: &'a ClusterStatus, type_: &str) -> (&'a str, &'a str) {
    let found = find(&status.conditions, type_).unwrap();
    (found.status.as_str(), found.reason.as_str())
}

#[test]
fn a_cluster_whose_brokers_serve_is_ready_settled_and_healthy() {
    let status = said(&live(&[ready_pod()], Some(BrokerStatus::default())), &Outcome::default());
    assert_eq!(condition(&status, READY), ("True", "BrokersReady"));
    assert_eq!(condition(&status, PROGRESSING), ("False", "Settled"));
    assert_eq!(condition(&status, DEGRADED), ("False", "Healthy"));
    assert_eq!(status.brokers_ready.as_deref(), Some("1/1"));
}

#[test]
fn why_a_pod_does_not_get_on_is_said() {
    let waiting = |reason: &str| {
        pod(&json!({ "containerStatuses": [{
            "name": "broker", "image": "", "imageID": "", "ready": false, "restartCount": 3,
            "state": { "waiting": { "reason": reason, "message": "so it is" } },
        }] }))
    };
    for (reason, expected) in [
        ("CrashLoopBackOff", "BrokerCrashes"),
        ("ImagePullBackOff", "ImageNotPulled"),
        ("ErrImageNeverPull", "ImageNotPulled"),
    ] {
        let status = said(&live(&[waiting(reason)], None), &Outcome::default());
        assert_eq!(condition(&status, READY), ("False", expected));
        assert_eq!(condition(&status, DEGRADED), ("True", expected));
    }
    let unscheduled =
        json!({ "conditions": [{ "type": "PodScheduled", "status": "False", "message": "too small" }] });
    let status = said(&live(&[pod(&unscheduled)], None), &Outcome::default());
    assert_eq!(condition(&status, READY).1, "PodUnschedulable");
}

#[test]
fn what_is_wrong_with_disk_and_bucket_is_said() {
    let degraded = |own: BrokerStatus| {
        let status = said(&live(&[ready_pod()], Some(own)), &Outcome::default());
        condition(&status, DEGRADED).1.to_owned()
    };
    assert_eq!(
        degraded(BrokerStatus { log_dir: LogDirState::Full.into(), ..BrokerStatus::default() }),
        "DiskFull"
    );
    assert_eq!(
        degraded(BrokerStatus { log_dir: LogDirState::Offline.into(), ..BrokerStatus::default() }),
        "DiskOffline"
    );
    let tier = |standing: TierStanding, troubled| {
        let tier =
            TierStatus { standing: standing.into(), troubled_partitions: troubled, ..TierStatus::default() };
        degraded(BrokerStatus { tier: Some(tier), ..BrokerStatus::default() })
    };
    assert_eq!(tier(TierStanding::Stopped, 0), "TieringStopped");
    assert_eq!(tier(TierStanding::Unverified, 0), "BucketUnreachable");
    assert_eq!(tier(TierStanding::Active, 1), "TieringInTrouble");
    assert_eq!(tier(TierStanding::Active, 0), "Healthy");
}

#[test]
fn a_broker_that_does_not_answer_is_not_ready_for_the_operator() {
    let mut live = live(&[ready_pod()], None);
    live.unreachable = Some(AdminError::unreachable("no route"));
    assert_eq!(condition(&said(&live, &Outcome::default()), READY), ("False", "AdminUnreachable"));
}

#[test]
fn a_spec_that_makes_no_sense_is_not_ready_with_its_reason() {
    let invalid = Invalid { reason: "InvalidConfig", message: "no".to_owned() };
    let cluster = cluster(&json!({}), &json!({}));
    let status =
        status(&cluster, Some(&invalid), &live(&[], None), &Outcome::default(), Timestamp::UNIX_EPOCH);
    assert_eq!(
        (condition(&status, READY), condition(&status, PROGRESSING).1),
        (("False", "InvalidConfig"), "Invalid")
    );
}

#[test]
fn figures_that_move_a_little_are_not_written() {
    let own = |lag_ms: u64, remote_bytes: u64| {
        let tier = TierStatus {
            standing: TierStanding::Active.into(),
            lag_ms,
            remote_bytes,
            ..TierStatus::default()
        };
        live(
            &[ready_pod()],
            Some(BrokerStatus { log_bytes: 1000, tier: Some(tier), ..BrokerStatus::default() }),
        )
    };
    let first = said(&own(1000, 5), &Outcome::default());
    let before = cluster(&json!({}), &serde_json::to_value(&first).unwrap());
    let next = |live: &Live| status(&before, None, live, &Outcome::default(), Timestamp::UNIX_EPOCH);
    assert_eq!(next(&own(2000, 500_000)), first);
    assert_ne!(next(&own(120_000, 5)), first);
}

#[test]
fn bytes_are_told_in_two_digits() {
    let told = [0, 1023, 1024, 1_500_000, 11 << 30, 3 << 60].map(rounded);
    assert_eq!(told, ["0", "1023", "1.0Ki", "1.4Mi", "11Gi", "3.0Ei"]);
}
