use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use kube::core::cel::{validate_cel, validate_cel_update};
use serde_json::{Value, json};

use super::*;
use crate::cluster::Cluster;
use crate::consumer_group::ConsumerGroup;
use crate::topic::Topic;

/// Properties without a description below a place, as far as they are ours.
fn undescribed(place: &str, schema: &JSONSchemaProps, found: &mut Vec<String>) {
    for (name, property) in schema.properties.iter().flatten() {
        let place = format!("{place}.{name}");
        if property.description.as_deref().is_none_or(str::is_empty) {
            found.push(place.clone());
        }
        undescribed(&place, property, found);
    }
    if let Some(items) = &schema.items {
        use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaPropsOrArray;
        if let JSONSchemaPropsOrArray::Schema(items) = items {
            undescribed(&format!("{place}[]"), items, found);
        }
    }
}

#[test]
fn every_field_is_described() {
    let mut found = Vec::new();
    for (name, crd) in all() {
        let schema = crd.spec.versions[0].schema.as_ref().unwrap().open_api_v3_schema.as_ref().unwrap();
        for part in ["spec", "status"] {
            undescribed(&format!("{name}.{part}"), &schema.properties.as_ref().unwrap()[part], &mut found);
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

fn object<T: serde::de::DeserializeOwned>(kind: &str, spec: &Value) -> T {
    let object = json!({
        "apiVersion": format!("{GROUP}/{VERSION}"), "kind": kind, "metadata": { "name": "a" }, "spec": spec,
    });
    serde_json::from_value(object).unwrap()
}

/// What a rule says of an object, or of its change; empty if it takes it.
fn told(kind: &str, before: Option<Value>, spec: Value) -> String {
    fn ask<T>(kind: &str, before: Option<Value>, spec: &Value) -> String
    where
        T: serde::de::DeserializeOwned + serde::Serialize + kube::CustomResourceExt,
    {
        let now: T = object(kind, spec);
        let result = match before {
            Some(before) => validate_cel_update(&now, &object::<T>(kind, &before)),
            None => validate_cel(&now),
        };
        result.map_or_else(|errors| errors.to_string(), |()| String::new())
    }
    match kind {
        "Cluster" => ask::<Cluster>(kind, before, &spec),
        "Topic" => ask::<Topic>(kind, before, &spec),
        _ => ask::<ConsumerGroup>(kind, before, &spec),
    }
}

fn assert_refused(kind: &str, before: Option<Value>, spec: Value, reason: &str) {
    let told = told(kind, before, spec.clone());
    assert!(told.contains(reason), "{kind} {spec}: {told:?} instead of {reason:?}");
}

#[test]
fn a_cluster_of_several_brokers_is_refused() {
    assert_refused(
        "Cluster",
        None,
        json!({ "replicas": 3 }),
        "clusters of several brokers are not there yet",
    );
    assert_eq!(told("Cluster", None, json!({})), "");
}

#[test]
fn a_clusters_identity_and_beginning_are_for_good() {
    let id = "AAAAAAAAAAAAAAAAAAAAAA";
    let with = |id: &str| json!({ "clusterId": id });
    assert_refused("Cluster", Some(with(id)), with("BAAAAAAAAAAAAAAAAAAAAA"), "clusterId is immutable");
    assert_refused("Cluster", Some(with(id)), json!({}), "clusterId is immutable");
    let recovers = json!({ "recoverFrom": { "clusterId": id }, "tiering": { "url": "s3://b/p" } });
    let begins = json!({ "tiering": { "url": "s3://b/p" } });
    assert_refused("Cluster", Some(begins), recovers, "recoverFrom is immutable");
    assert_refused(
        "Cluster",
        None,
        json!({ "recoverFrom": { "clusterId": id } }),
        "recoverFrom needs tiering",
    );
}

#[test]
fn a_disk_grows_and_never_shrinks() {
    let size = |size: &str| json!({ "storage": { "size": size } });
    assert_eq!(told("Cluster", Some(size("1Gi")), size("2048Mi")), "");
    assert_refused("Cluster", Some(size("1Gi")), size("1023Mi"), "size never shrinks");
    assert_refused("Cluster", None, size("1Mi"), "size is at least 64Mi");
    let class = json!({ "storage": { "size": "1Gi", "storageClassName": "fast" } });
    assert_refused("Cluster", Some(size("1Gi")), class, "storageClassName is immutable");
}

#[test]
fn an_external_listener_says_how_it_is_reached() {
    let external = |external: Value| json!({ "listeners": { "external": external } });
    assert_refused(
        "Cluster",
        None,
        external(json!({ "type": "NodePort" })),
        "type NodePort needs advertisedHost",
    );
    let balanced = external(json!({ "type": "LoadBalancer", "nodePort": 30000 }));
    assert_refused("Cluster", None, balanced, "nodePort is for type NodePort");
    assert_eq!(told("Cluster", None, external(json!({ "type": "LoadBalancer" }))), "");
}

#[test]
fn a_topic_is_not_renamed_moved_or_made_smaller() {
    let topic = |more: Value| {
        let mut spec = json!({ "clusterRef": { "name": "c" }, "partitions": 3 });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    };
    let before = || Some(topic(json!({ "topicName": "t" })));
    assert_refused("Topic", before(), topic(json!({ "topicName": "u" })), "topicName is immutable");
    assert_refused("Topic", before(), topic(json!({})), "topicName is immutable");
    assert_refused(
        "Topic",
        before(),
        topic(json!({ "topicName": "t", "partitions": 2 })),
        "partitions never become fewer",
    );
    let moved = topic(json!({ "topicName": "t", "clusterRef": { "name": "d" } }));
    assert_refused("Topic", before(), moved, "clusterRef is immutable");
    assert_eq!(told("Topic", before(), topic(json!({ "topicName": "t", "partitions": 4 }))), "");
    assert_refused("Topic", None, topic(json!({ "topicName": ".." })), "a topic cannot be named");
}

#[test]
fn a_layout_fits_partitions_and_replicas() {
    let topic = |layout: Value| json!({ "clusterRef": { "name": "c" }, "partitions": 2, "layout": layout });
    let entry = |replicas: Value| json!({ "replicas": replicas });
    assert_eq!(told("Topic", None, topic(json!([entry(json!([0])), entry(json!([0]))]))), "");
    assert_refused("Topic", None, topic(json!([entry(json!([0]))])), "one entry for each partition");
    let many = topic(json!([entry(json!([0, 1])), entry(json!([0]))]));
    assert_refused("Topic", None, many, "as many brokers for each partition");
}

#[test]
fn a_groups_objective_scaling_and_reset_make_sense() {
    let group = |more: Value| {
        let mut spec = json!({ "clusterRef": { "name": "c" } });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    };
    assert_refused("ConsumerGroup", None, group(json!({ "lagObjective": {} })), "records, seconds or both");
    let scaling = |min: i32| {
        json!({ "scaling": {
            "target": { "name": "w" }, "minReplicas": min, "maxReplicas": 2, "recordsPerReplica": 10,
        } })
    };
    assert_refused("ConsumerGroup", None, group(scaling(3)), "minReplicas is above maxReplicas");
    assert_eq!(told("ConsumerGroup", None, group(scaling(0))), "");
    let reset = group(json!({ "reset": { "id": "1", "to": { "earliest": {} }, "stopConsumers": true } }));
    assert_refused("ConsumerGroup", None, reset, "reset.stopConsumers needs scaling.target");
    let before = Some(group(json!({ "groupId": "g" })));
    assert_refused("ConsumerGroup", before, group(json!({ "groupId": "h" })), "groupId is immutable");
}
