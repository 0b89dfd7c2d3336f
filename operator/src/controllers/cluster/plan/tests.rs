use proto::admin::v1::DescribeClusterResponse;
use serde_json::{Value, json};

use super::*;
use crate::build::stateful_set::stateful_set;
use crate::controllers::cluster::validate::{Surroundings, validate};
use crate::names::Names;

fn cluster(spec: &Value) -> Cluster {
    let object = json!({
        "apiVersion": "highwater.dev/v1alpha1", "kind": "Cluster", "spec": spec,
        "metadata": { "name": "q", "namespace": "n", "uid": "1" },
    });
    serde_json::from_value(object).unwrap()
}

fn valid(cluster: &Cluster) -> ValidCluster {
    let around = Surroundings { default_image: "broker:0.1.0", live_image: None, reached_at: None };
    validate(cluster, &around).unwrap()
}

/// A Cluster as this operator has made it, with a pod of revision `of` where the StatefulSet is at `r2`.
fn live(cluster: &Cluster, of: &str) -> Live {
    let mut set = stateful_set(&valid(cluster));
    set.metadata.generation = Some(3);
    set.status = Some(
        serde_json::from_value(json!({ "replicas": 1, "observedGeneration": 3, "updateRevision": "r2" }))
            .unwrap(),
    );
    let pod = json!({
        "metadata": { "name": "q-broker-0", "labels": { "controller-revision-hash": of } },
        "status": { "conditions": [{ "type": "Ready", "status": "True" }] },
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
        stateful_set: Some(set),
        pods: vec![serde_json::from_value(pod).unwrap()],
        claims: Vec::new(),
        may_grow: None,
        described: None,
        unreachable: None,
    }
}

fn claim(size: &str) -> PersistentVolumeClaim {
    let claim = json!({
        "metadata": { "name": "data-q-broker-0" }, "spec": { "resources": { "requests": { "storage": size } } },
    });
    serde_json::from_value(claim).unwrap()
}

#[test]
fn a_pod_of_an_old_revision_is_restarted_once_the_broker_says_that_it_may() {
    let cluster = cluster(&json!({}));
    let planned = |live: &Live| plan(&cluster, &valid(&cluster), live).roll;
    let roll = planned(&live(&cluster, "r1")).unwrap();
    assert_eq!((roll.pod.as_str(), roll.broker_id, roll.asks), ("q-broker-0", 0, true));
    assert_eq!(planned(&live(&cluster, "r2")), None);
    // One that never got ready, and that nobody reaches, has nothing to lose.
    let mut stuck = live(&cluster, "r1");
    stuck.pods[0].status = None;
    assert!(!planned(&stuck).unwrap().asks);
    // The StatefulSet's controller has not looked yet: its revision is of the spec before.
    let mut unseen = live(&cluster, "r1");
    unseen.stateful_set.as_mut().unwrap().metadata.generation = Some(4);
    assert_eq!(planned(&unseen), None);
    // It is going already.
    let mut going = live(&cluster, "r1");
    going.pods[0].metadata.deletion_timestamp =
        Some(serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap());
    assert_eq!(planned(&going), None);
}

#[test]
fn a_pod_is_restarted_once_somebody_asks_for_it() {
    let cluster = cluster(&json!({}));
    let mut live = live(&cluster, "r2");
    live.pods[0].annotations_mut().insert("highwater.dev/roll".to_owned(), "true".to_owned());
    assert_eq!(plan(&cluster, &valid(&cluster), &live).roll.unwrap().why, "an annotation asks for it");
}

#[test]
fn volumes_grow_before_the_stateful_set_is_made_anew_and_none_shrinks() {
    let before = cluster(&json!({ "storage": { "size": "1Gi" } }));
    let after = cluster(&json!({ "storage": { "size": "2Gi" } }));
    let mut live = live(&before, "r2");
    live.claims = vec![claim("1Gi")];
    let planned = plan(&after, &valid(&after), &live);
    assert_eq!(planned.grows, [("data-q-broker-0".to_owned(), Quantity("2Gi".to_owned()))]);
    assert!(planned.recreates && planned.roll.is_none());
    // Somebody has grown it farther.
    live.claims = vec![claim("5Gi")];
    assert_eq!(plan(&after, &valid(&after), &live).grows, []);
    assert_eq!(plan(&before, &valid(&before), &live), Plan::default());
}

#[test]
fn running_brokers_are_told_what_differs_and_only_of_keys_that_the_spec_names_or_named() {
    let mut cluster = cluster(&json!({ "config": { "log.retention.ms": 5 } }));
    cluster.status = Some(
        serde_json::from_value(json!({ "ownedConfig": ["log.retention.bytes", "log.segment.bytes"] }))
            .unwrap(),
    );
    let mut live = live(&cluster, "r2");
    let found = [("log.retention.ms", "7"), ("log.retention.bytes", "9"), ("log.roll.ms", "1")];
    let dynamic_configs = found.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    live.described = Some(DescribeClusterResponse { dynamic_configs, ..DescribeClusterResponse::default() });
    let planned = plan(&cluster, &valid(&cluster), &live);
    assert_eq!(
        planned.set_configs.iter().collect::<Vec<_>>(),
        [(&"log.retention.ms".to_owned(), &"5".to_owned())]
    );
    assert_eq!(
        (planned.remove_configs, planned.owned_config),
        (vec!["log.retention.bytes".to_owned()], vec!["log.retention.ms".to_owned()])
    );
}

#[test]
fn an_operator_of_another_version_keeps_the_template_until_the_spec_changes() {
    let before = cluster(&json!({}));
    let mut live = live(&before, "r2");
    let made_by = live.stateful_set.as_mut().unwrap().metadata.annotations.as_mut().unwrap();
    made_by.insert(OPERATOR_ANNOTATION.to_owned(), "0.0.9".to_owned());
    assert!(plan(&before, &valid(&before), &live).keeps_template);
    let changed = cluster(&json!({ "resources": { "requests": { "cpu": "1" } } }));
    assert!(!plan(&changed, &valid(&changed), &live).keeps_template);
    let mut asked = before.clone();
    asked.annotations_mut().insert("highwater.dev/update".to_owned(), "0.1.0".to_owned());
    assert!(!plan(&asked, &valid(&asked), &live).keeps_template);
}
