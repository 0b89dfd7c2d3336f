use serde_json::{Value, json};

use super::*;

fn topic(name: &str, namespace: &str, uid: &str, created: &str, spec: Value) -> Topic {
    let mut whole = json!({ "clusterRef": { "name": "c", "namespace": "shared" } });
    whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let metadata = json!({ "name": name, "namespace": namespace, "uid": uid, "creationTimestamp": created });
    let object = json!({ "apiVersion": "highwater.dev/v1alpha1", "kind": "Topic", "metadata": metadata, "spec": whole });
    serde_json::from_value(object).unwrap()
}

fn refused(spec: Value) -> (&'static str, String) {
    let Invalid { reason, message } =
        validate(&topic("t", "n", "1", "2026-01-01T00:00:00Z", spec)).unwrap_err();
    (reason, message)
}

#[test]
fn a_setting_that_no_topic_has_or_takes_is_refused_with_its_key() {
    assert!(refused(json!({ "config": { "retention.msec": 1 } })).1.contains("retention.msec"));
    let (reason, message) = refused(json!({ "config": { "retention.ms": "soon" } }));
    assert!(reason == "InvalidConfig" && message.contains("retention.ms"), "{message}");
    assert!(refused(json!({ "config": { "retention.ms": null } })).1.contains("expected a text"));
    assert_eq!(refused(json!({ "topicName": "__consumer_offsets" })).0, "InvalidName");
}

#[test]
fn of_two_objects_for_one_topic_the_older_counts() {
    let names = Names::new("shared", "c");
    let older = topic("a", "x", "1", "2026-01-01T00:00:00Z", json!({ "topicName": "t" }));
    let newer = topic("t", "y", "2", "2026-01-02T00:00:00Z", json!({}));
    let other = topic("b", "x", "3", "2025-01-01T00:00:00Z", json!({ "topicName": "u" }));
    let all = [older.clone(), newer.clone(), other];
    assert_eq!(older_claim(&newer, &names, all.iter()).as_deref(), Some("x/a"));
    assert_eq!(older_claim(&older, &names, all.iter()), None);
    // One that goes has no claim any more.
    let mut going = older;
    going.metadata.deletion_timestamp = going.metadata.creation_timestamp.clone();
    assert_eq!(older_claim(&newer, &names, [going, newer.clone()].iter()), None);
}

#[test]
fn a_cluster_lets_in_its_own_namespace_and_those_it_lists() {
    let cluster = |allowed: Value| -> Cluster {
        let object = json!({
            "apiVersion": "highwater.dev/v1alpha1", "kind": "Cluster",
            "metadata": { "name": "c", "namespace": "shared" }, "spec": { "allowedNamespaces": allowed },
        });
        serde_json::from_value(object).unwrap()
    };
    assert!(is_allowed(&cluster(json!([])), "shared") && !is_allowed(&cluster(json!([])), "shop"));
    assert!(is_allowed(&cluster(json!(["shop"])), "shop") && !is_allowed(&cluster(json!(["shop"])), "other"));
    assert!(is_allowed(&cluster(json!(["*"])), "other"));
}
