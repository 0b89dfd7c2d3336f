//! What restarts a broker, and what does not.

use anyhow::{Result, ensure};
use e2e::{Stage, run};
use serde_json::json;

use crate::{small, uid};

const BROKER: &str = "c-broker-0";
/// Longest time without an acknowledgement while one broker restarts.
const GAP_MAX_MS: u64 = 15_000;

async fn restarted(stage: &Stage, before: &str) -> Result<()> {
    stage.wait("Pod", BROKER, "is another", 60, |pod| pod["metadata"]["uid"] != before).await?;
    stage.wait_ready("c").await.map(drop)
}

/// scenario = 17
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn a_setting_for_the_start_restarts_the_broker_under_load_and_loses_nothing() {
    run("a_setting_for_the_start_restarts_the_broker_under_load_and_loses_nothing", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        stage.ready_topic("orders", json!({ "partitions": 3 })).await?;
        let before = uid(stage, "Pod", BROKER).await?;
        let load = stage.start_client(&["produce", "orders", "4000", "--rate", "200"]).await?;
        stage.wait("Pod", &load, "runs", 20, |pod| pod["status"]["phase"] == "Running").await?;
        let config = json!({ "group.initial.rebalance.delay.ms": 100 });
        stage.merge("Cluster", "c", json!({ "spec": { "config": config } })).await?;
        restarted(stage, &before).await?;
        let told = stage.finish_client(&load).await?;
        ensure!(told["acked"] == 4000 && told["failed"] == 0, "{told}");
        ensure!(told["longestGapMs"].as_u64().is_some_and(|gap| gap < GAP_MAX_MS), "{told}");
        let setting = stage.client(&["broker-setting", "group.initial.rebalance.delay.ms"]).await?;
        ensure!(setting["value"] == "100", "{setting}");
        stage.consume_all("orders", 4000).await
    });
}

/// scenario = 18
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn a_setting_of_running_brokers_restarts_none_and_is_taken_back() {
    run("a_setting_of_running_brokers_restarts_none_and_is_taken_back", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        let before = uid(stage, "Pod", BROKER).await?;
        let default = stage.client(&["broker-setting", "log.retention.ms"]).await?;
        let is_owned = |count: usize| {
            move |cluster: &serde_json::Value| {
                cluster["status"]["ownedConfig"].as_array().map_or(0, Vec::len) == count
            }
        };
        for (value, owned) in [(json!(7_200_000), 1), (json!(null), 0)] {
            let config = json!({ "log.retention.ms": value });
            stage.merge("Cluster", "c", json!({ "spec": { "config": config } })).await?;
            stage.wait("Cluster", "c", "its settings are told", 20, is_owned(owned)).await?;
            let found = stage.client(&["broker-setting", "log.retention.ms"]).await?;
            let wanted = if owned == 1 { json!("7200000") } else { default["value"].clone() };
            ensure!(found["value"] == wanted, "{found} instead of {wanted}");
        }
        ensure!(uid(stage, "Pod", BROKER).await? == before, "the broker was restarted");
        Ok(())
    });
}

/// scenario = 20
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn an_image_that_crashes_is_told_and_a_mended_spec_recovers() {
    run("an_image_that_crashes_is_told_and_a_mended_spec_recovers", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        // A program that ends at once with the arguments of a broker.
        stage.merge("Cluster", "c", json!({ "spec": { "image": "highwater-e2e:0.1.0" } })).await?;
        stage.wait_condition(("Cluster", "c"), ("Degraded", "True", "BrokerCrashes"), 90).await?;
        stage.wait_condition(("Cluster", "c"), ("Ready", "False", "BrokerCrashes"), 5).await?;
        stage.merge("Cluster", "c", json!({ "spec": { "image": "highwater-broker:0.1.0" } })).await?;
        stage.wait_ready("c").await.map(drop)
    });
}

/// scenario = 21
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn an_image_that_is_not_there_is_told_and_a_mended_spec_recovers() {
    run("an_image_that_is_not_there_is_told_and_a_mended_spec_recovers", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        stage.merge("Cluster", "c", json!({ "spec": { "image": "highwater-broker:none" } })).await?;
        stage.wait_condition(("Cluster", "c"), ("Degraded", "True", "ImageNotPulled"), 60).await?;
        stage.merge("Cluster", "c", json!({ "spec": { "image": "highwater-broker:0.1.0" } })).await?;
        stage.wait_ready("c").await.map(drop)
    });
}

/// scenario = 22
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn a_broker_that_fits_nowhere_is_told_and_a_mended_spec_recovers() {
    run("a_broker_that_fits_nowhere_is_told_and_a_mended_spec_recovers", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        let huge = json!({ "spec": { "resources": { "requests": { "memory": "64Ti" } } } });
        stage.merge("Cluster", "c", huge).await?;
        stage.wait_condition(("Cluster", "c"), ("Degraded", "True", "PodUnschedulable"), 60).await?;
        let usual = json!({ "spec": { "resources": { "requests": { "memory": null } } } });
        stage.merge("Cluster", "c", usual).await?;
        stage.wait_ready("c").await.map(drop)
    });
}

/// scenario = 25
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn an_annotation_restarts_one_pod_once() {
    run("an_annotation_restarts_one_pod_once", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        let before = uid(stage, "Pod", BROKER).await?;
        stage
            .merge("Pod", BROKER, json!({ "metadata": { "annotations": { "highwater.dev/roll": "true" } } }))
            .await?;
        restarted(stage, &before).await?;
        let once = uid(stage, "Pod", BROKER).await?;
        stage.merge("Cluster", "c", json!({ "metadata": { "annotations": { "look": "again" } } })).await?;
        stage.wait_ready("c").await?;
        ensure!(uid(stage, "Pod", BROKER).await? == once, "it was restarted twice");
        Ok(())
    });
}

/// scenario = 28
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn edits_that_mean_nothing_roll_nothing() {
    run("edits_that_mean_nothing_roll_nothing", async |stage| {
        let config = json!({ "group.initial.rebalance.delay.ms": 100, "offsets.retention.minutes": 100 });
        stage.ready_cluster("c", &json!({ "storage": { "size": "1Gi" }, "config": config })).await?;
        let before = uid(stage, "Pod", BROKER).await?;
        let edits = [
            json!({ "metadata": { "labels": { "team": "shop" }, "annotations": { "note": "x" } } }),
            json!({ "spec": { "paused": false, "allowedNamespaces": ["others"] } }),
            json!({ "spec": { "config": { "offsets.retention.minutes": "100" } } }),
            json!({ "spec": { "storage": { "size": "1024Mi" } } }),
        ];
        for edit in edits {
            stage.merge("Cluster", "c", edit).await?;
            stage.wait_ready("c").await?;
            // Long enough for a restart to begin.
            tokio::time::sleep(std::time::Duration::from_secs(3)).await;
            ensure!(uid(stage, "Pod", BROKER).await? == before, "the broker was restarted");
        }
        let found = stage.there("StatefulSet", "c-broker").await?;
        ensure!(
            found["status"]["currentRevision"] == found["status"]["updateRevision"],
            "{}",
            found["status"]
        );
        Ok(())
    });
}
