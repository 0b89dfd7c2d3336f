//! Topics: made, adopted, set right, contested, protected, paused, deleted.

use anyhow::{Result, ensure};
use e2e::{Stage, run, topic};
use serde_json::{Value, json};

use crate::small;

async fn describe(stage: &Stage, name: &str) -> Result<Value> {
    stage.client(&["describe", name]).await
}

/// scenario = 49
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn a_topic_is_made_and_deleted_ten_times() {
    run("a_topic_is_made_and_deleted_ten_times", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        let mut ids = Vec::new();
        for _ in 0..10 {
            let spec = json!({ "partitions": 2, "deletionPolicy": "Delete" });
            let made = stage.ready_topic("orders", spec).await?;
            ids.push(made["status"]["topicId"].to_string());
            stage.delete("Topic", "orders").await?;
            stage.wait_gone("Topic", "orders", 20).await?;
        }
        ids.sort();
        ids.dedup();
        ensure!(ids.len() == 10, "{ids:?}");
        ensure!(describe(stage, "orders").await?["partitions"] == 0, "the topic is still there");
        Ok(())
    });
}

/// scenario = 53
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn a_topic_that_may_not_be_deleted_says_so_and_goes_once_it_may() {
    run("a_topic_that_may_not_be_deleted_says_so_and_goes_once_it_may", async |stage| {
        let config = json!({ "delete.topic.enable": false });
        stage.ready_cluster("c", &json!({ "storage": { "size": "1Gi" }, "config": config })).await?;
        stage.ready_topic("orders", json!({ "deletionPolicy": "Delete" })).await?;
        stage.delete("Topic", "orders").await?;
        stage
            .wait("Topic", "orders", "says DeletionDisabled", 20, |object| {
                e2e::condition(object, "Ready") == ("False".to_owned(), "DeletionDisabled".to_owned())
            })
            .await?;
        stage.merge("Cluster", "c", json!({ "spec": { "config": { "delete.topic.enable": true } } })).await?;
        stage.wait_gone("Topic", "orders", 90).await?;
        ensure!(describe(stage, "orders").await?["partitions"] == 0, "the topic is still there");
        Ok(())
    });
}

/// scenario = 54
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn a_topic_that_is_there_is_adopted_and_only_named_settings_are_set() {
    run("a_topic_that_is_there_is_adopted_and_only_named_settings_are_set", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        for name in ["same", "other"] {
            stage.client(&["create", name, "2", "retention.ms=1000000", "max.message.bytes=5000"]).await?;
        }
        let spec = |retention: u32, partitions: u32| json!({ "partitions": partitions, "config": { "retention.ms": retention } });
        stage.ready_topic("same", spec(1_000_000, 2)).await?;
        stage.ready_topic("other", spec(2_000_000, 4)).await?;
        let (same, other) = (describe(stage, "same").await?, describe(stage, "other").await?);
        ensure!(same["settings"]["retention.ms"] == "1000000" && same["partitions"] == 2, "{same}");
        ensure!(other["settings"]["retention.ms"] == "2000000" && other["partitions"] == 4, "{other}");
        ensure!(other["settings"]["max.message.bytes"] == "5000", "a setting that nobody named has changed");
        // Somebody changes a named setting and one that is not: the one is set right, the other left alone.
        stage.client(&["set", "same", "retention.ms=3", "max.message.bytes=6000"]).await?;
        stage.merge("Topic", "same", json!({ "metadata": { "annotations": { "look": "again" } } })).await?;
        let drifted = |object: &Value| !object["status"]["drift"].is_null();
        stage.wait("Topic", "same", "drift is found", 90, drifted).await?;
        let same = describe(stage, "same").await?;
        ensure!(same["settings"]["retention.ms"] == "1000000", "{same}");
        ensure!(same["settings"]["max.message.bytes"] == "6000", "{same}");
        Ok(())
    });
}

/// scenario = 55
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn of_two_objects_for_one_topic_the_older_wins() {
    run("of_two_objects_for_one_topic_the_older_wins", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        let spec = |retention: u32| json!({ "topicName": "orders", "deletionPolicy": "Delete", "config": { "retention.ms": retention } });
        stage.ready_topic("older", spec(1_000_000)).await?;
        // Ages are told in whole seconds.
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        stage.topic("younger", spec(2_000_000)).await?;
        stage.wait_condition(("Topic", "younger"), ("Ready", "False", "Conflict"), 20).await?;
        ensure!(describe(stage, "orders").await?["settings"]["retention.ms"] == "1000000");
        // The younger goes without taking the topic along; the older goes, and another takes over.
        stage.delete("Topic", "younger").await?;
        stage.wait_gone("Topic", "younger", 20).await?;
        ensure!(describe(stage, "orders").await?["partitions"] == 1, "the topic went with the wrong object");
        stage.topic("younger", spec(2_000_000)).await?;
        stage.wait_condition(("Topic", "younger"), ("Ready", "False", "Conflict"), 20).await?;
        stage.delete("Topic", "older").await?;
        stage.wait_condition(("Topic", "younger"), ("Ready", "True", "*"), 30).await?;
        Ok(())
    });
}

/// scenario = 56
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn what_is_protected_is_not_deleted() {
    run("what_is_protected_is_not_deleted", async |stage| {
        stage.topic("orders", json!({ "deletionProtection": true })).await?;
        stage.cluster("c", &json!({ "paused": true, "deletionProtection": true })).await?;
        for (kind, name) in [("Topic", "orders"), ("Cluster", "c")] {
            let refused = stage.delete(kind, name).await.err().map(|error| format!("{error:#}"));
            ensure!(refused.as_ref().is_some_and(|why| why.contains("protected")), "{refused:?}");
            let off = json!({ "spec": { "deletionProtection": false } });
            stage.merge(kind, name, off).await?;
            stage.delete(kind, name).await?;
            stage.wait_gone(kind, name, 20).await?;
        }
        Ok(())
    });
}

/// scenario = 57
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn what_is_paused_is_not_changed_until_it_goes_on() {
    run("what_is_paused_is_not_changed_until_it_goes_on", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        stage.ready_topic("orders", json!({ "config": { "retention.ms": 1_000_000 } })).await?;
        let edit =
            json!({ "spec": { "paused": true, "partitions": 3, "config": { "retention.ms": 2_000_000 } } });
        stage.merge("Topic", "orders", edit).await?;
        let revision = stage.there("StatefulSet", "c-broker").await?["metadata"]["generation"].clone();
        let edit =
            json!({ "spec": { "paused": true, "config": { "group.initial.rebalance.delay.ms": 100 } } });
        stage.merge("Cluster", "c", edit).await?;
        stage.wait_condition(("Topic", "orders"), ("Ready", "False", "Paused"), 20).await?;
        stage.wait_condition(("Cluster", "c"), ("Progressing", "False", "Paused"), 20).await?;
        let found = describe(stage, "orders").await?;
        ensure!(found["partitions"] == 1 && found["settings"]["retention.ms"] == "1000000", "{found}");
        ensure!(stage.there("StatefulSet", "c-broker").await?["metadata"]["generation"] == revision);
        stage.merge("Topic", "orders", json!({ "spec": { "paused": false } })).await?;
        stage.merge("Cluster", "c", json!({ "spec": { "paused": false } })).await?;
        stage.wait_condition(("Topic", "orders"), ("Ready", "True", "*"), 30).await?;
        stage
            .wait("StatefulSet", "c-broker", "has the setting", 20, |object| {
                object["metadata"]["generation"] != revision
            })
            .await?;
        stage.wait_ready("c").await?;
        let found = describe(stage, "orders").await?;
        ensure!(found["partitions"] == 3 && found["settings"]["retention.ms"] == "2000000", "{found}");
        Ok(())
    });
}

/// scenario = 58
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn a_topic_of_another_namespace_needs_leave() {
    run("a_topic_of_another_namespace_needs_leave", async |stage| {
        let guest = format!("{}-g", stage.namespace);
        stage.ready_cluster("c", &small()).await?;
        stage.make_namespace(&guest).await?;
        let reference = json!({ "name": "c", "namespace": stage.namespace });
        let mut object = topic("orders", json!({ "clusterRef": reference }));
        object["metadata"]["namespace"] = json!(guest);
        stage.apply(&object).await?;
        let reason = async |wanted: &str| {
            e2e::until(wanted, 90, async || {
                let object = stage.get_in(&guest, "Topic", "orders").await?.unwrap_or_default();
                let found = e2e::condition(&object, "Ready").1;
                Ok(if found == wanted { Ok(()) } else { Err(found) })
            })
            .await
        };
        reason("NotAllowed").await?;
        stage.merge("Cluster", "c", json!({ "spec": { "allowedNamespaces": [guest] } })).await?;
        reason("TopicReady").await?;
        stage.drop_namespace(&guest).await
    });
}

/// scenario = 59
#[test]
#[ignore = "needs a Kubernetes: cargo xtask e2e"]
fn a_topic_whose_cluster_is_gone_lets_its_namespace_go() {
    run("a_topic_whose_cluster_is_gone_lets_its_namespace_go", async |stage| {
        stage.ready_cluster("c", &small()).await?;
        stage.ready_topic("orders", json!({ "deletionPolicy": "Delete" })).await?;
        let held = stage.there("Topic", "orders").await?;
        ensure!(held["metadata"]["finalizers"][0] == "highwater.dev/topic", "{}", held["metadata"]);
        stage.delete("Cluster", "c").await?;
        stage.wait_gone("StatefulSet", "c-broker", 30).await?;
        stage.delete("Topic", "orders").await?;
        // That the namespace goes is looked at after every test.
        stage.wait_gone("Topic", "orders", 20).await
    });
}
