//! What somebody deletes comes back, and clients go on.

use anyhow::ensure;
use e2e::run;
use serde_json::json;

use crate::{small, uid};

/// scenario = 29
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn deleted_services_come_back_and_clients_go_on() {
    run("deleted_services_come_back_and_clients_go_on", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        stage.ready_topic("orders", json!({ "partitions": 2 })).await?;
        let load = stage.start_client(&["produce", "orders", "2000", "--rate", "200"]).await?;
        stage.wait("Pod", &load, "runs", 20, |pod| pod["status"]["phase"] == "Running").await?;
        for name in ["c-brokers", "c-bootstrap"] {
            let before = uid(stage, "Service", name).await?;
            stage.delete("Service", name).await?;
            stage
                .wait("Service", name, "is another", 20, |service| service["metadata"]["uid"] != before)
                .await?;
        }
        let told = stage.finish_client(&load).await?;
        ensure!(told["acked"] == 2000, "{told}");
        stage.consume_all("orders", 2000).await
    });
}

/// scenario = 31, 32
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn a_deleted_broker_serves_again_with_its_volume_within_ten_seconds() {
    run("a_deleted_broker_serves_again_with_its_volume_within_ten_seconds", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        stage.ready_topic("orders", json!({ "partitions": 2 })).await?;
        stage.produce("orders", 1000).await?;
        let (pod, claim) = (
            uid(stage, "Pod", "c-broker-0").await?,
            uid(stage, "PersistentVolumeClaim", "data-c-broker-0").await?,
        );
        stage.delete("Pod", "c-broker-0").await?;
        let is_back = |found: &serde_json::Value| {
            let conditions = found["status"]["conditions"].as_array();
            let ready =
                conditions.into_iter().flatten().any(|one| one["type"] == "Ready" && one["status"] == "True");
            found["metadata"]["uid"] != pod && ready
        };
        stage.wait("Pod", "c-broker-0", "is back", 10, is_back).await?;
        ensure!(
            uid(stage, "PersistentVolumeClaim", "data-c-broker-0").await? == claim,
            "it has another volume"
        );
        stage.consume_all("orders", 1000).await
    });
}

/// scenario = 46
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn volumes_stay_or_go_as_the_deletion_policy_says() {
    run("volumes_stay_or_go_as_the_deletion_policy_says", async |stage| {
        for (name, policy) in [("keeps", "Retain"), ("drops", "Delete")] {
            stage.cluster(name, &json!({ "storage": { "size": "1Gi", "deletionPolicy": policy } })).await?;
        }
        for name in ["keeps", "drops"] {
            stage.wait_ready(name).await?;
            stage.delete("Cluster", name).await?;
            stage.wait_gone("StatefulSet", &format!("{name}-broker"), 30).await?;
        }
        stage.wait_gone("PersistentVolumeClaim", "data-drops-broker-0", 60).await?;
        let kept = stage.there("PersistentVolumeClaim", "data-keeps-broker-0").await?;
        ensure!(kept["metadata"]["deletionTimestamp"].is_null(), "{}", kept["metadata"]);
        // A Cluster of that name takes it up again.
        stage.ready_cluster("keeps", &small()).await.map(drop)
    });
}
