//! The release of the chart: taken away and brought back, upgraded, and bound to one namespace.

use anyhow::{Context, Result, ensure};
use e2e::{RELEASE, SYSTEM, helm, run};
use serde_json::{Value, json};

const CHART: &str = "charts/highwater";

async fn install(values: &[&str]) -> Result<()> {
    let sets = values.iter().flat_map(|value| ["--set", *value]);
    let fixed = ["upgrade", "--install", RELEASE, CHART, "-n", SYSTEM, "--create-namespace", "--wait"];
    helm(&fixed.into_iter().chain(sets).collect::<Vec<_>>()).await.map(drop)
}

/// scenario = 71, 72
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn a_release_goes_and_comes_and_clusters_run_on() {
    run("a_release_goes_and_comes_and_clusters_run_on", async |stage| {
        stage.ready_cluster("c", &json!({ "storage": { "size": "1Gi" } })).await?;
        stage.ready_topic("orders", json!({ "deletionPolicy": "Delete" })).await?;
        let uid = async || -> Result<Value> {
            Ok(stage.there("Pod", "c-broker-0").await?["metadata"]["uid"].clone())
        };
        let before = uid().await?;
        // An upgrade with another image for brokers: those that run stay.
        install(&["broker.image.tag=9.9.9", "replicaCount=1"]).await?;
        stage.operator().wait(1).await?;
        stage.merge("Cluster", "c", json!({ "metadata": { "annotations": { "look": "again" } } })).await?;
        stage.ready_topic("others", json!({})).await?;
        stage.wait_ready("c").await?;
        ensure!(uid().await? == before, "an upgrade has restarted a broker");
        helm(&["uninstall", RELEASE, "-n", SYSTEM, "--wait"]).await?;
        for name in ["clusters", "topics", "consumergroups"] {
            stage.there("CustomResourceDefinition", &format!("{name}.highwater.dev")).await?;
        }
        ensure!(stage.there("Cluster", "c").await?["metadata"]["deletionTimestamp"].is_null());
        ensure!(uid().await? == before, "the broker went with the release");
        install(&[]).await?;
        stage.operator().wait(2).await?;
        stage.ready_topic("third", json!({})).await?;
        ensure!(uid().await? == before, "the broker was restarted");
        stage.produce("orders", 100).await
    });
}

/// scenario = 68
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn an_operator_of_one_namespace_needs_no_cluster_role() {
    run("an_operator_of_one_namespace_needs_no_cluster_role", async |stage| {
        let watched = format!("watchNamespaces={{{}}}", stage.namespace);
        install(&[&watched]).await?;
        let roles = stage.list_in(&stage.namespace, "Role", "").await?;
        ensure!(roles.len() == 1, "{} Roles", roles.len());
        let tried = async {
            stage.operator().wait(2).await?;
            stage.ready_cluster("c", &json!({ "storage": { "size": "1Gi" } })).await?;
            stage.ready_topic("orders", json!({ "partitions": 2, "deletionPolicy": "Delete" })).await?;
            stage.produce("orders", 100).await?;
            stage.delete("Topic", "orders").await?;
            stage.wait_gone("Topic", "orders", 20).await
        }
        .await;
        install(&["watchNamespaces=null"]).await.context("back to all namespaces")?;
        stage.operator().wait(2).await?;
        tried
    });
}
