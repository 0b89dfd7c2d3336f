//! Consumer groups: lag that is told, resets, objectives, consumers that are scaled.

use anyhow::{Context, Result, ensure};
use e2e::{Stage, run};
use serde_json::{Value, json};

use crate::small;

/// A Cluster with 3000 records in three partitions, of which a group has consumed 100 each.
async fn with_lag(stage: &Stage) -> Result<()> {
    stage.ready_cluster("c", &small()).await?;
    stage.ready_topic("orders", json!({ "partitions": 3 })).await?;
    stage.produce("orders", 3000).await?;
    stage.client(&["commit", "billing", "orders", "100"]).await.map(drop)
}

fn sum(plan: &Value, field: &str) -> i64 {
    plan.as_array().into_iter().flatten().filter_map(|step| step[field].as_i64()).sum()
}

/// scenario = 60, 61
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn lag_is_what_it_is_and_a_dry_run_tells_and_changes_nothing() {
    run("lag_is_what_it_is_and_a_dry_run_tells_and_changes_nothing", async |stage| {
        with_lag(stage).await?;
        let reset = json!({ "id": "one", "to": { "earliest": {} }, "dryRun": true });
        stage.group("billing", json!({ "topics": ["orders"], "reset": reset })).await?;
        let lag = |wanted: i64| move |object: &Value| object["status"]["lag"] == wanted;
        stage.wait("ConsumerGroup", "billing", "its lag is 2700", 20, lag(2700)).await?;
        let planned = |object: &Value| object["status"]["reset"]["phase"] == "Planned";
        let object = stage.wait("ConsumerGroup", "billing", "the plan is there", 20, planned).await?;
        let plan = &object["status"]["reset"]["plan"];
        ensure!(plan.as_array().is_some_and(|steps| steps.len() == 3), "{plan}");
        ensure!((sum(plan, "from"), sum(plan, "to")) == (300, 0), "{plan}");
        tokio::time::sleep(std::time::Duration::from_secs(8)).await;
        let object = stage.there("ConsumerGroup", "billing").await?;
        ensure!(object["status"]["lag"] == 2700, "a dry run has changed something: {}", object["status"]);
        // The same for good.
        let go = json!({ "spec": { "reset": { "dryRun": false } } });
        stage.merge("ConsumerGroup", "billing", go).await?;
        stage.wait("ConsumerGroup", "billing", "its lag is 3000", 60, lag(3000)).await.map(drop)
    });
}

/// scenario = 62
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn a_reset_waits_for_members_or_stops_them_and_brings_them_back() {
    run("a_reset_waits_for_members_or_stops_them_and_brings_them_back", async |stage| {
        with_lag(stage).await?;
        stage.members("consumers", "billing", "orders", 2).await?;
        let target = json!({ "kind": "Deployment", "name": "consumers" });
        let scaling =
            json!({ "target": target, "minReplicas": 2, "maxReplicas": 2, "recordsPerReplica": 1000 });
        stage.group("billing", json!({ "topics": ["orders"], "scaling": scaling })).await?;
        let caught_up = |object: &Value| object["status"]["memberCount"] == 2 && object["status"]["lag"] == 0;
        stage.wait("ConsumerGroup", "billing", "two members have caught up", 60, caught_up).await?;
        let reset = |id: &str, stops: bool| json!({ "spec": { "reset": { "id": id, "to": { "offset": 50 }, "stopConsumers": stops } } });
        stage.merge("ConsumerGroup", "billing", reset("one", false)).await?;
        let waits = |object: &Value| object["status"]["reset"]["phase"] == "Waiting";
        let object = stage.wait("ConsumerGroup", "billing", "waits for its members", 20, waits).await?;
        let message = object["status"]["reset"]["message"].as_str().context("message")?.to_owned();
        ensure!(message.contains("2 members"), "{message}");
        stage.merge("ConsumerGroup", "billing", reset("two", true)).await?;
        // In the middle, whoever acts is killed: another goes on.
        stage
            .wait("ConsumerGroup", "billing", "the reset has begun", 20, |object| {
                object["status"]["reset"]["replicasBefore"] == 2
            })
            .await?;
        let done = |object: &Value| {
            object["status"]["reset"]["id"] == "two" && object["status"]["reset"]["phase"] == "Done"
        };
        let object = stage.wait("ConsumerGroup", "billing", "the reset is done", 60, done).await?;
        let plan = &object["status"]["reset"]["plan"];
        ensure!((sum(plan, "from"), sum(plan, "to")) == (3000, 150), "{plan}");
        stage
            .wait("Deployment", "consumers", "is back", 20, |object| object["spec"]["replicas"] == 2)
            .await?;
        stage.wait("ConsumerGroup", "billing", "two members have caught up", 60, caught_up).await.map(drop)
    });
}

/// scenario = 63
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn lag_beyond_its_objective_is_told_and_scales_up_to_the_partitions_with_lag() {
    run("lag_beyond_its_objective_is_told_and_scales_up_to_the_partitions_with_lag", async |stage| {
        with_lag(stage).await?;
        // Members of another group: the lag stays.
        stage.members("consumers", "others", "orders", 1).await?;
        let target = json!({ "kind": "Deployment", "name": "consumers" });
        let scaling =
            json!({ "target": target, "minReplicas": 0, "maxReplicas": 9, "recordsPerReplica": 10 });
        let spec = json!({ "topics": ["orders"], "scaling": scaling, "lagObjective": { "records": 1000 } });
        stage.group("billing", spec).await?;
        let group = ("ConsumerGroup", "billing");
        stage.wait_condition(group, ("LagWithinObjective", "False", "LagTooHigh"), 20).await?;
        let replicas = |count: i64| move |object: &Value| object["spec"]["replicas"] == count;
        stage.wait("Deployment", "consumers", "has as many as partitions with lag", 20, replicas(3)).await?;
        e2e::until("an Event tells of the lag", 20, async || {
            let events = stage.list_in(&stage.namespace, "Event", "").await?;
            let told = events.iter().any(|event| event["reason"] == "LagTooHigh");
            Ok(if told { Ok(()) } else { Err(format!("{} others", events.len())) })
        })
        .await?;
        // Offsets that cannot be read change nothing.
        stage.merge("Cluster", "c", json!({ "spec": { "image": "highwater-broker:none" } })).await?;
        stage.wait_condition(group, ("LagWithinObjective", "Unknown", "LagUnknown"), 60).await?;
        ensure!(stage.there("Deployment", "consumers").await?["spec"]["replicas"] == 3);
        Ok(())
    });
}
