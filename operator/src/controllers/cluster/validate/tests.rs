use serde_json::{Value, json};

use super::*;

const AROUND: Surroundings<'_> =
    Surroundings { default_image: "hub/broker:0.1.0", live_image: None, reached_at: None };

fn cluster(spec: &Value) -> Cluster {
    let object = json!({
        "apiVersion": "highwater.dev/v1alpha1", "kind": "Cluster", "spec": spec,
        "metadata": { "name": "quick", "namespace": "here", "uid": "1", "labels": { "team": "a", "helm.sh/chart": "x" } },
    });
    serde_json::from_value(object).unwrap()
}

fn refused(spec: &Value) -> (&'static str, String) {
    let Invalid { reason, message } = validate(&cluster(spec), &AROUND).unwrap_err();
    (reason, message)
}

#[test]
fn settings_of_a_start_and_of_running_brokers_are_told_apart() {
    let spec = json!({ "config": { "num.network.threads": 2, "log.retention.ms": 1000, "auto.create.topics.enable": false } });
    let valid = validate(&cluster(&spec), &AROUND).unwrap();
    assert_eq!(valid.dynamic_config.get("log.retention.ms").map(String::as_str), Some("1000"));
    assert!(valid.asked_config.contains_key("auto.create.topics.enable"), "{valid:?}");
    assert!(!valid.static_config.contains_key("log.retention.ms"));
    assert_eq!(valid.labels.keys().collect::<Vec<_>>(), ["team"]);
}

#[test]
fn a_setting_that_no_broker_takes_is_refused_with_its_key_and_the_reason() {
    let config = |key: &str, value: Value| json!({ "config": { key: value } });
    let (reason, message) = refused(&config("num.partitons", json!(3)));
    assert_eq!(
        (reason, message.as_str()),
        ("InvalidConfig", "unknown setting num.partitons; did you mean num.partitions?")
    );
    assert!(refused(&config("num.partitions", json!("many"))).1.contains("num.partitions"));
    assert!(refused(&config("log.retention.ms", json!("soon"))).1.contains("log.retention.ms"));
    assert_eq!(refused(&config("node.id", json!(7))).1, "node.id is decided by the operator");
    assert!(refused(&config("num.partitions", json!([1]))).1.contains("expected a text, a number"));
    assert!(refused(&config("sasl.enabled.mechanisms", json!("PLAIN"))).0 == "InvalidConfig");
}

#[test]
fn a_version_that_is_not_known_is_refused() {
    assert_eq!(refused(&json!({ "version": "9.9.9" })).0, "UnsupportedVersion");
    let valid = validate(&cluster(&json!({ "version": "0.1.7" })), &AROUND).unwrap();
    assert_eq!(valid.image, "hub/broker:0.1.7");
}

#[test]
fn brokers_keep_their_image_when_the_operator_has_another_until_that_is_asked_for() {
    let around =
        Surroundings { default_image: "hub/broker:0.2.0", live_image: Some("hub/broker:0.1.0"), ..AROUND };
    let mut object = cluster(&json!({}));
    assert_eq!(validate(&object, &around).unwrap().image, "hub/broker:0.1.0");
    object.annotations_mut().insert(UPDATE_ANNOTATION.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    assert_eq!(validate(&object, &around).unwrap().image, "hub/broker:0.2.0");
    object.spec.image = Some("mine:1".to_owned());
    assert_eq!(validate(&object, &around).unwrap().image, "mine:1");
}

#[test]
fn a_broker_starts_with_what_the_operator_adds() {
    let spec = json!({
        "tiering": { "url": "s3://bucket/prefix", "endpoint": "http://minio:9000", "region": "eu-1" },
        "recoverFrom": { "clusterId": "AAAAAAAAAAAAAAAAAAAAAA" },
        "listeners": { "external": { "type": "NodePort", "advertisedHost": "node" } },
    });
    let around = Surroundings { reached_at: Some(("node".to_owned(), 30001)), ..AROUND };
    let valid = validate(&cluster(&spec), &around).unwrap();
    assert_eq!(valid.static_config["highwater.cluster.id"], "AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(valid.static_config["listeners"], "PLAINTEXT://0.0.0.0:9092,EXTERNAL://0.0.0.0:9094");
    // Not yet reached: brokers start without.
    let valid = validate(&cluster(&spec), &AROUND).unwrap();
    assert_eq!(valid.static_config["listeners"], "PLAINTEXT://0.0.0.0:9092");
}
