//! Clusters: from nothing to Ready, what is refused, what reaches their objects.

use anyhow::ensure;
use e2e::{condition, run};
use serde_json::json;

use crate::{small, uid};

/// scenario = 1, 4
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn a_cluster_becomes_ready_and_gives_what_it_took() {
    run("a_cluster_becomes_ready_and_gives_what_it_took", async |stage| {
        let cluster = stage.ready_cluster("c", &small()).await?;
        ensure!(condition(&cluster, "Degraded").0 == "False", "{}", cluster["status"]);
        ensure!(cluster["status"]["observedGeneration"] == cluster["metadata"]["generation"]);
        ensure!(cluster["status"]["brokersReady"] == "1/1", "{}", cluster["status"]);
        let pod = stage.there("Pod", "c-broker-0").await?;
        let security = &pod["spec"]["containers"][0]["securityContext"];
        ensure!(security["readOnlyRootFilesystem"] == true, "{security}");
        ensure!(pod["spec"]["automountServiceAccountToken"] == false);
        let topic = stage.ready_topic("orders", json!({ "partitions": 6 })).await?;
        let partitions = topic["status"]["partitions"].as_array().map_or(0, Vec::len);
        ensure!(partitions == 6, "{}", topic["status"]);
        stage.produce("orders", 5000).await?;
        stage.consume_all("orders", 5000).await
    });
}

/// scenario = 2
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn an_unknown_version_is_told_and_rolls_nothing() {
    run("an_unknown_version_is_told_and_rolls_nothing", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        let before = uid(stage, "Pod", "c-broker-0").await?;
        stage.merge("Cluster", "c", json!({ "spec": { "version": "9.9.9" } })).await?;
        stage.wait_condition(("Cluster", "c"), ("Ready", "False", "UnsupportedVersion"), 20).await?;
        ensure!(uid(stage, "Pod", "c-broker-0").await? == before, "the broker was restarted");
        stage.merge("Cluster", "c", json!({ "spec": { "version": null } })).await?;
        stage.wait_ready("c").await?;
        ensure!(uid(stage, "Pod", "c-broker-0").await? == before, "the broker was restarted");
        Ok(())
    });
}

/// scenario = 3
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn labels_reach_objects_and_foreign_ones_stay() {
    run("labels_reach_objects_and_foreign_ones_stay", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        let foreign = json!({ "metadata": { "labels": { "others": "own" } } });
        stage.merge("Service", "c-bootstrap", foreign).await?;
        for team in ["shop", "bank"] {
            stage.merge("Cluster", "c", json!({ "metadata": { "labels": { "team": team } } })).await?;
            for (kind, name) in
                [("Service", "c-bootstrap"), ("StatefulSet", "c-broker"), ("ConfigMap", "c-broker")]
            {
                stage
                    .wait(kind, name, "has the label", 20, |object| {
                        object["metadata"]["labels"]["team"] == team
                    })
                    .await?;
            }
        }
        let service = stage.there("Service", "c-bootstrap").await?;
        ensure!(service["metadata"]["labels"]["others"] == "own", "{}", service["metadata"]["labels"]);
        Ok(())
    });
}

/// scenario = 6, 50
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn what_cannot_change_is_refused_at_admission() {
    run("what_cannot_change_is_refused_at_admission", async |stage| {
        let object = |kind: &str, spec: serde_json::Value| json!({ "kind": kind, "metadata": { "name": "c" }, "spec": spec });
        stage
            .cluster("c", &json!({ "clusterId": "one", "paused": true, "storage": { "size": "1Gi" } }))
            .await?;
        let refused = [
            (json!({ "clusterId": "two" }), "clusterId is immutable"),
            (json!({ "clusterId": "one", "storage": { "size": "512Mi" } }), "size never shrinks"),
            (json!({ "clusterId": "one", "replicas": 3 }), "replicas has to be 1"),
            (json!({ "clusterId": "one", "recoverFrom": { "clusterId": "one" } }), "recoverFrom"),
        ];
        for (spec, part) in refused {
            stage.refused(&object("Cluster", spec), part).await?;
        }
        let topic = |spec: serde_json::Value| e2e::topic("t", spec);
        stage.apply(&topic(json!({ "topicName": "orders", "partitions": 3 }))).await?;
        let refused = [
            (json!({ "topicName": "orders", "partitions": 2 }), "partitions never become fewer"),
            (json!({ "topicName": "others", "partitions": 3 }), "topicName is immutable"),
            (
                json!({ "topicName": "orders", "partitions": 3, "clusterRef": { "name": "d" } }),
                "clusterRef is immutable",
            ),
        ];
        for (spec, part) in refused {
            stage.refused(&topic(spec), part).await?;
        }
        Ok(())
    });
}
