//! Clients of Kafka in pods of the test's namespace: the program of `bin/e2e_client.rs`.

use std::sync::atomic::Ordering;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::wait::until;

/// How long a client may take.
const CLIENT_MAX_S: u64 = 120;
/// The image that `cargo xtask e2e` loads.
const IMAGE: &str = "highwater-e2e:0.1.0";

/// A pod's spec that the restricted profile takes.
pub(crate) fn pod_spec(bootstrap: &str, arguments: &[&str], restart: &str) -> Value {
    let all: Vec<&str> = ["--bootstrap", bootstrap].into_iter().chain(arguments.iter().copied()).collect();
    json!({
        "restartPolicy": restart,
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "terminationGracePeriodSeconds": 5,
        "securityContext": {
            "runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": { "type": "RuntimeDefault" },
        },
        "containers": [{
            "name": "client",
            "image": IMAGE,
            "imagePullPolicy": "IfNotPresent",
            "args": all,
            "securityContext": {
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                "capabilities": { "drop": ["ALL"] },
            },
        }],
    })
}

impl Stage {
    /// Where clients of a Cluster of this namespace begin.
    #[must_use]
    pub fn bootstrap(&self, cluster: &str) -> String {
        format!("{cluster}-bootstrap.{}.svc:9092", self.namespace)
    }

    /// Starts a client of the Cluster `c`; returns the name of its pod.
    ///
    /// # Errors
    /// The API server's.
    pub async fn start_client(&self, arguments: &[&str]) -> Result<String> {
        let name = format!("client-{}", self.pods.fetch_add(1, Ordering::Relaxed));
        let spec = pod_spec(&self.bootstrap("c"), arguments, "Never");
        self.apply(&json!({ "kind": "Pod", "metadata": { "name": name }, "spec": spec })).await?;
        Ok(name)
    }

    /// Waits for a client's end; what it has printed.
    ///
    /// # Errors
    /// It failed, or takes too long.
    pub async fn finish_client(&self, name: &str) -> Result<Value> {
        let phase = until(&format!("client {name} ends"), CLIENT_MAX_S, async || {
            let pod = self.there("Pod", name).await?;
            let phase = pod.pointer("/status/phase").and_then(Value::as_str).unwrap_or("").to_owned();
            Ok(if phase == "Succeeded" || phase == "Failed" {
                Ok(phase)
            } else {
                Err(pod["status"].to_string())
            })
        })
        .await?;
        let pods = Api::<Pod>::namespaced(self.client.clone(), &self.namespace);
        let text = pods.logs(name, &LogParams::default()).await?;
        ensure!(phase == "Succeeded", "client {name} failed: {text}");
        let line = text.lines().rev().find(|line| line.starts_with('{'));
        Ok(serde_json::from_str(line.with_context(|| format!("client {name} told nothing: {text}"))?)?)
    }

    /// A client from its start to its end.
    ///
    /// # Errors
    /// It failed, or takes too long.
    pub async fn client(&self, arguments: &[&str]) -> Result<Value> {
        let name = self.start_client(arguments).await?;
        self.finish_client(&name).await.with_context(|| arguments.join(" "))
    }

    /// Produces so many records.
    ///
    /// # Errors
    /// Not all were acknowledged.
    pub async fn produce(&self, topic: &str, count: usize) -> Result<()> {
        let told = self.client(&["produce", topic, &count.to_string()]).await?;
        ensure!(told["acked"] == count, "of {count} records: {told}");
        Ok(())
    }

    /// Reads so many records and nothing twice.
    ///
    /// # Errors
    /// Some are missing, or came twice.
    pub async fn consume_all(&self, topic: &str, count: usize) -> Result<()> {
        let told = self.client(&["consume", topic, &count.to_string()]).await?;
        ensure!(told["missing"] == 0 && told["doubled"] == 0, "of {count} records: {told}");
        Ok(())
    }

    /// A Deployment of members of a group.
    ///
    /// # Errors
    /// The API server's.
    pub async fn members(&self, name: &str, group: &str, topic: &str, replicas: i32) -> Result<()> {
        let labels = json!({ "app": name });
        let spec = pod_spec(&self.bootstrap("c"), &["member", group, topic], "Always");
        let object = json!({
            "kind": "Deployment",
            "metadata": { "name": name },
            "spec": {
                "replicas": replicas,
                "selector": { "matchLabels": labels },
                "template": { "metadata": { "labels": labels }, "spec": spec },
            },
        });
        self.apply(&object).await
    }
}
