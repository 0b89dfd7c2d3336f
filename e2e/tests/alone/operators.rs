//! The operator is killed, stopped, cut off; and what it writes when there is nothing to do.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::{Stage, run, until};
use serde_json::{Value, json};

/// How long another operator may take to act.
const TAKE_OVER_MAX_S: u64 = 20;
/// How long nothing may be written.
const QUIET_S: u64 = 60;

fn small() -> Value {
    json!({ "storage": { "size": "1Gi" } })
}

async fn uid(stage: &Stage, kind: &str, name: &str) -> Result<String> {
    let object = stage.there(kind, name).await?;
    Ok(object["metadata"]["uid"].as_str().context("uid")?.to_owned())
}

/// scenario = 69
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn another_operator_acts_within_twenty_seconds_after_the_leader_is_killed() {
    run("another_operator_acts_within_twenty_seconds_after_the_leader_is_killed", async |stage| {
        let operator = stage.operator();
        operator.scale(3).await?;
        let leader = operator.leader().await?;
        stage.ready_cluster("c", &small()).await?;
        operator.kill(&leader).await?;
        let began = Instant::now();
        stage.topic("orders", json!({})).await?;
        stage.wait_condition(("Topic", "orders"), ("Ready", "True", "*"), TAKE_OVER_MAX_S).await?;
        println!("figure: another operator acts after {:.1} s", began.elapsed().as_secs_f64());
        let next = operator.leader().await?;
        ensure!(next != leader && !next.is_empty(), "{next} leads after {leader}");
        operator.scale(2).await
    });
}

/// scenario = 75
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn nothing_is_written_once_all_is_as_it_should_be() {
    run("nothing_is_written_once_all_is_as_it_should_be", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        stage.ready_topic("orders", json!({})).await?;
        // A group that has caught up: of one with lag, the age of that lag is written anew now and then.
        stage.produce("orders", 1000).await?;
        stage.client(&["commit", "billing", "orders", "1000"]).await?;
        stage.group("billing", json!({ "lagObjective": { "records": 5000, "seconds": 100_000 } })).await?;
        stage.wait_condition(("ConsumerGroup", "billing"), ("LagWithinObjective", "True", "*"), 30).await?;
        // Pods of clients end, and the first figures settle.
        tokio::time::sleep(Duration::from_secs(35)).await;
        let before = stage.operator().writes().await?;
        tokio::time::sleep(Duration::from_secs(QUIET_S)).await;
        let after = stage.operator().writes().await?;
        let fresh: Vec<_> = after.iter().filter(|count| !before.contains(count)).collect();
        ensure!(fresh.is_empty(), "counts that have grown in {QUIET_S} s: {fresh:?}, before: {before:?}");
        Ok(())
    });
}

/// scenario = 30, 35
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn what_is_deleted_while_no_operator_runs_is_made_anew_with_the_same_volume() {
    run("what_is_deleted_while_no_operator_runs_is_made_anew_with_the_same_volume", async |stage| {
        let operator = stage.operator();
        stage.ready_cluster("c", &small()).await?;
        stage.ready_topic("orders", json!({ "partitions": 2 })).await?;
        stage.produce("orders", 1000).await?;
        let claim = uid(stage, "PersistentVolumeClaim", "data-c-broker-0").await?;
        operator.scale(0).await?;
        stage.delete("StatefulSet", "c-broker").await?;
        stage.wait_gone("Pod", "c-broker-0", 60).await?;
        operator.scale(2).await?;
        stage.wait_ready("c").await?;
        ensure!(uid(stage, "PersistentVolumeClaim", "data-c-broker-0").await? == claim, "another volume");
        stage.consume_all("orders", 1000).await?;
        // The operator and the broker at once.
        let broker = uid(stage, "Pod", "c-broker-0").await?;
        for pod in operator.pods().await? {
            operator.kill(&pod).await?;
        }
        stage.delete("Pod", "c-broker-0").await?;
        stage.wait("Pod", "c-broker-0", "is another", 60, |pod| pod["metadata"]["uid"] != broker).await?;
        operator.wait(2).await?;
        stage.wait_ready("c").await?;
        stage.consume_all("orders", 1000).await
    });
}

/// scenario = 24, 62
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn a_roll_and_a_reset_end_although_the_operator_is_killed_twice() {
    run("a_roll_and_a_reset_end_although_the_operator_is_killed_twice", async |stage| {
        let operator = stage.operator();
        stage.ready_cluster("c", &small()).await?;
        stage.ready_topic("orders", json!({ "partitions": 3 })).await?;
        stage.produce("orders", 3000).await?;
        stage.members("consumers", "billing", "orders", 2).await?;
        let target = json!({ "kind": "Deployment", "name": "consumers" });
        let scaling =
            json!({ "target": target, "minReplicas": 2, "maxReplicas": 2, "recordsPerReplica": 1000 });
        stage.group("billing", json!({ "topics": ["orders"], "scaling": scaling })).await?;
        let caught_up = |object: &Value| object["status"]["memberCount"] == 2 && object["status"]["lag"] == 0;
        stage.wait("ConsumerGroup", "billing", "two members have caught up", 60, caught_up).await?;
        let broker = uid(stage, "Pod", "c-broker-0").await?;
        let reset = json!({ "id": "one", "to": { "offset": 50 }, "stopConsumers": true });
        stage.merge("ConsumerGroup", "billing", json!({ "spec": { "reset": reset } })).await?;
        stage
            .wait("Deployment", "consumers", "is stopped", 30, |object| object["spec"]["replicas"] == 0)
            .await?;
        operator.kill(&operator.leader().await?).await?;
        stage
            .wait("ConsumerGroup", "billing", "the reset is done", 90, |object| {
                object["status"]["reset"]["phase"] == "Done"
            })
            .await?;
        stage
            .wait("Deployment", "consumers", "is back", 20, |object| object["spec"]["replicas"] == 2)
            .await?;
        let config = json!({ "group.initial.rebalance.delay.ms": 100 });
        stage.merge("Cluster", "c", json!({ "spec": { "config": config } })).await?;
        operator.kill(&operator.leader().await?).await?;
        stage.wait("Pod", "c-broker-0", "is another", 90, |pod| pod["metadata"]["uid"] != broker).await?;
        stage.wait_ready("c").await?;
        let once = uid(stage, "Pod", "c-broker-0").await?;
        operator.wait(2).await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
        ensure!(uid(stage, "Pod", "c-broker-0").await? == once, "it was restarted twice");
        stage.consume_all("orders", 3000).await
    });
}

/// Figures: the time from Topic to Ready, one by one and a thousand at once, and the operator's memory.
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn topics_become_ready_in_time() {
    run("topics_become_ready_in_time", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        let mut times = Vec::new();
        for number in 0..11 {
            let began = Instant::now();
            stage.ready_topic(&format!("one-{number}"), json!({})).await?;
            times.push(began.elapsed());
        }
        times.sort();
        println!(
            "figure: Topic to Ready {:.2} s in the middle, {:.2} s at most",
            times[5].as_secs_f64(),
            times[10].as_secs_f64()
        );
        ensure!(times[5] <= Duration::from_secs(1), "{times:?}");
        let began = Instant::now();
        for number in 0..1000 {
            stage.topic(&format!("many-{number}"), json!({})).await?;
        }
        let applied = began.elapsed();
        until("all topics are Ready", 60, async || {
            let topics = stage.list_in(&stage.namespace, "Topic", "").await?;
            let ready = topics.iter().filter(|topic| e2e::condition(topic, "Ready").0 == "True").count();
            Ok(if ready == 1011 { Ok(()) } else { Err(format!("{ready} are")) })
        })
        .await?;
        let memory = stage.operator().metrics(&stage.operator().leader().await?).await?;
        let memory = memory.lines().find(|line| line.starts_with("process_resident_memory_bytes"));
        println!(
            "figure: 1000 Topics applied in {:.1} s, all Ready after {:.1} s; {}",
            applied.as_secs_f64(),
            began.elapsed().as_secs_f64(),
            memory.unwrap_or("memory is not told")
        );
        Ok(())
    });
}
