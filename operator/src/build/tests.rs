//! What a Cluster is made of, whole, as files under `testdata/`. `HIGHWATER_GEN` in the environment writes them.

use std::fs;
use std::path::Path;

use crds::cluster::Cluster;
use serde_json::{Value, json};

use super::*;
use crate::controllers::cluster::validate::{Surroundings, ValidCluster, validate};

fn valid(spec: Value) -> ValidCluster {
    let object = json!({
        "apiVersion": "highwater.dev/v1alpha1", "kind": "Cluster", "spec": spec,
        "metadata": { "name": "quick", "namespace": "shop", "uid": "u-1", "labels": { "team": "a" } },
    });
    let cluster: Cluster = serde_json::from_value(object).unwrap();
    let reached_at = Some(("example.org".to_owned(), 30092));
    let around = Surroundings { default_image: "highwater-broker:0.1.0", live_image: None, reached_at };
    validate(&cluster, &around).unwrap()
}

fn assert_golden(name: &str, cluster: &ValidCluster) {
    let objects = [
        serde_json::to_value(service_account::service_account(cluster)),
        serde_json::to_value(config_map::config_map(cluster)),
        serde_json::to_value(secret::token(cluster, "<token>")),
        serde_json::to_value(services::headless(cluster)),
        serde_json::to_value(services::bootstrap(cluster)),
        serde_json::to_value(services::external(cluster)),
        serde_json::to_value(pod_disruption_budget::pod_disruption_budget(cluster)),
        serde_json::to_value(network_policy::network_policy(cluster, "highwater-system")),
        serde_json::to_value(service_monitor::service_monitor(cluster)),
        serde_json::to_value(stateful_set::stateful_set(cluster)),
    ];
    let objects: Vec<Value> =
        objects.into_iter().map(Result::unwrap).filter(|object| !object.is_null()).collect();
    let text = serde_json::to_string_pretty(&objects).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(format!("{name}.json"));
    if std::env::var_os("HIGHWATER_GEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "{} is not what is built; HIGHWATER_GEN=1 writes it", path.display());
}

#[test]
fn a_cluster_without_wishes() {
    assert_golden("plain", &valid(json!({})));
}

#[test]
fn a_cluster_with_all_wishes() {
    let spec = json!({
        "image": "mine:1", "imagePullPolicy": "Always",
        "storage": { "size": "5Gi", "storageClassName": "fast", "deletionPolicy": "Delete" },
        "resources": { "requests": { "cpu": "1", "memory": "512Mi" }, "limits": { "memory": "1Gi" } },
        "config": { "num.partitions": 3, "log.retention.ms": 1000 },
        "listeners": { "external": { "type": "NodePort", "advertisedHost": "example.org", "nodePort": 30092, "annotations": { "a": "b" } } },
        "tiering": { "url": "s3://bucket/prefix", "endpoint": "http://minio:9000", "region": "eu-1", "credentialsSecret": "keys" },
        "recoverFrom": { "clusterId": "AAAAAAAAAAAAAAAAAAAAAA", "at": "2026-01-01T00:00:00Z" },
        "pod": {
            "labels": { "l": "1" }, "annotations": { "n": "1" }, "nodeSelector": { "disk": "ssd" }, "priorityClassName": "high",
            "tolerations": [{ "key": "k", "operator": "Exists" }], "imagePullSecrets": ["pull"],
            "serviceAccountAnnotations": { "identity": "x" }, "terminationGracePeriodSeconds": 30,
        },
    });
    assert_golden("whole", &valid(spec));
}

#[test]
fn pods_pass_the_restricted_profile() {
    for cluster in [
        valid(json!({})),
        valid(json!({ "tiering": { "url": "s3://b/p" }, "recoverFrom": { "clusterId": "c" } })),
    ] {
        let spec = stateful_set::stateful_set(&cluster).spec.unwrap().template.spec.unwrap();
        let pod = spec.security_context.unwrap();
        assert_eq!(
            (pod.run_as_non_root, pod.seccomp_profile.unwrap().type_.as_str()),
            (Some(true), "RuntimeDefault")
        );
        assert_eq!(spec.automount_service_account_token, Some(false));
        for container in spec.init_containers.iter().flatten().chain(&spec.containers) {
            let security = container.security_context.as_ref().unwrap();
            assert_eq!(security.allow_privilege_escalation, Some(false), "{}", container.name);
            assert_eq!(security.read_only_root_filesystem, Some(true), "{}", container.name);
            let dropped = security.capabilities.as_ref().unwrap().drop.as_ref().unwrap();
            assert_eq!(dropped, &["ALL".to_owned()], "{}", container.name);
        }
    }
}

#[test]
fn a_settings_file_is_read_as_it_was_meant() {
    let mut cluster = valid(json!({}));
    let odd = [("a", " leading"), ("b", "back\\slash"), ("c", "two\nlines"), ("d", "ü # ! = :")];
    cluster.static_config = odd.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    assert_eq!(config_map::text(&cluster), "a=\\ leading\nb=back\\\\slash\nc=two\\nlines\nd=ü # ! = :\n");
}
