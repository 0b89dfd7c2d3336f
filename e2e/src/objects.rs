//! Objects in and out, as JSON: what a test writes is what the API server gets, with nothing filled in.

use anyhow::{Context, Result, bail, ensure};
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::kinds::resource;
use crate::stage::Stage;
use crate::wait::{condition, until};

/// Under this name tests own fields.
const FIELD_MANAGER: &str = "e2e";
/// How long a Cluster may take from nothing to Ready.
const CLUSTER_MAX_S: u64 = 60;
/// How long a Topic may.
const TOPIC_MAX_S: u64 = 20;

impl Stage {
    pub(crate) fn api(&self, namespace: &str, kind: &str) -> Api<DynamicObject> {
        let (resource, is_namespaced) = resource(kind);
        if is_namespaced {
            return Api::namespaced_with(self.client.clone(), namespace, &resource);
        }
        Api::all_with(self.client.clone(), &resource)
    }

    /// Server-side apply; the namespace is the test's if the object names none.
    ///
    /// # Errors
    /// The API server's.
    pub async fn apply(&self, object: &Value) -> Result<()> {
        let mut object = object.clone();
        let kind = object["kind"].as_str().context("kind")?.to_owned();
        let name = object["metadata"]["name"].as_str().context("name")?.to_owned();
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or(&self.namespace).to_owned();
        object["apiVersion"] = json!(resource(&kind).0.api_version);
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        self.api(&namespace, &kind).patch(&name, &parameters, &Patch::Apply(&object)).await?;
        Ok(())
    }

    /// An object that the API server refuses, with a message that contains `part`.
    ///
    /// # Errors
    /// It is taken, or refused for something else.
    pub async fn refused(&self, object: &Value, part: &str) -> Result<()> {
        match self.apply(object).await {
            Ok(()) => bail!("it was not refused: {object}"),
            Err(error) => {
                let told = format!("{error:#}");
                ensure!(told.contains(part), "refused without {part:?}: {told}");
                Ok(())
            }
        }
    }

    /// An object of any namespace.
    ///
    /// # Errors
    /// The API server's.
    pub async fn get_in(&self, namespace: &str, kind: &str, name: &str) -> Result<Option<Value>> {
        let found = self.api(namespace, kind).get_opt(name).await?;
        Ok(found.map(serde_json::to_value).transpose()?)
    }

    /// An object of the test's namespace, or of none.
    ///
    /// # Errors
    /// The API server's.
    pub async fn get(&self, kind: &str, name: &str) -> Result<Option<Value>> {
        self.get_in(&self.namespace, kind, name).await
    }

    /// An object that has to be there.
    ///
    /// # Errors
    /// It is not.
    pub async fn there(&self, kind: &str, name: &str) -> Result<Value> {
        self.get(kind, name).await?.with_context(|| format!("there is no {kind} {name}"))
    }

    /// All objects of a kind in a namespace.
    ///
    /// # Errors
    /// The API server's.
    pub async fn list_in(&self, namespace: &str, kind: &str, labels: &str) -> Result<Vec<Value>> {
        let found = self.api(namespace, kind).list(&ListParams::default().labels(labels)).await?;
        found.items.into_iter().map(|object| Ok(serde_json::to_value(object)?)).collect()
    }

    /// Changes an object by a merge patch.
    ///
    /// # Errors
    /// The API server's.
    pub async fn merge(&self, kind: &str, name: &str, change: Value) -> Result<()> {
        let api = self.api(&self.namespace, kind);
        api.patch(name, &PatchParams::default(), &Patch::Merge(change)).await?;
        Ok(())
    }

    /// Deletes an object, if it is there.
    ///
    /// # Errors
    /// The API server's.
    pub async fn delete(&self, kind: &str, name: &str) -> Result<()> {
        match self.api(&self.namespace, kind).delete(name, &DeleteParams::background()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            deleted => Ok(deleted.map(drop)?),
        }
    }

    /// Waits until an object is as `holds` wants it.
    ///
    /// # Errors
    /// The limit passed.
    pub async fn wait(
        &self,
        kind: &str,
        name: &str,
        what: &str,
        seconds: u64,
        holds: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        until(&format!("{kind} {name}: {what}"), seconds, async || {
            Ok(match self.get(kind, name).await? {
                Some(object) if holds(&object) => Ok(object),
                Some(object) => Err(object["status"].to_string()),
                None => Err("it is not there".to_owned()),
            })
        })
        .await
    }

    /// Waits until an object is gone.
    ///
    /// # Errors
    /// The limit passed.
    pub async fn wait_gone(&self, kind: &str, name: &str, seconds: u64) -> Result<()> {
        until(&format!("{kind} {name} is gone"), seconds, async || {
            let found = self.get(kind, name).await?;
            Ok(found.map_or(Ok(()), |object| Err(object["metadata"].to_string())))
        })
        .await
    }

    /// Waits for a condition about the present generation.
    ///
    /// # Errors
    /// The limit passed.
    pub async fn wait_condition(
        &self,
        (kind, name): (&str, &str),
        (type_, status, reason): (&str, &str, &str),
        seconds: u64,
    ) -> Result<Value> {
        self.wait(kind, name, &format!("{type_} is {status}, {reason}"), seconds, |object| {
            let found = condition(object, type_);
            let is_current =
                object.pointer("/status/observedGeneration") == object.pointer("/metadata/generation");
            is_current && found.0 == status && (reason == "*" || found.1 == reason)
        })
        .await
    }

    /// Applies a Cluster.
    ///
    /// # Errors
    /// The API server's.
    pub async fn cluster(&self, name: &str, spec: &Value) -> Result<()> {
        self.apply(&json!({ "kind": "Cluster", "metadata": { "name": name }, "spec": spec })).await
    }

    /// Applies a Cluster and waits until it is Ready.
    ///
    /// # Errors
    /// It does not become so.
    pub async fn ready_cluster(&self, name: &str, spec: &Value) -> Result<Value> {
        self.cluster(name, spec).await?;
        self.wait_ready(name).await
    }

    /// Waits until a Cluster is Ready and settled.
    ///
    /// # Errors
    /// It does not become so.
    pub async fn wait_ready(&self, name: &str) -> Result<Value> {
        self.wait_condition(("Cluster", name), ("Progressing", "False", "Settled"), CLUSTER_MAX_S).await?;
        self.wait_condition(("Cluster", name), ("Ready", "True", "*"), CLUSTER_MAX_S).await
    }

    /// Applies a Topic of the Cluster `c`; `spec` beside `clusterRef`.
    ///
    /// # Errors
    /// The API server's.
    pub async fn topic(&self, name: &str, spec: Value) -> Result<()> {
        self.apply(&topic(name, spec)).await
    }

    /// Applies a Topic and waits until it is Ready.
    ///
    /// # Errors
    /// It does not become so.
    pub async fn ready_topic(&self, name: &str, spec: Value) -> Result<Value> {
        self.topic(name, spec).await?;
        self.wait_condition(("Topic", name), ("Ready", "True", "*"), TOPIC_MAX_S).await
    }

    /// Applies a ConsumerGroup of the Cluster `c`.
    ///
    /// # Errors
    /// The API server's.
    pub async fn group(&self, name: &str, mut spec: Value) -> Result<()> {
        spec["clusterRef"] = json!({ "name": "c" });
        self.apply(&json!({ "kind": "ConsumerGroup", "metadata": { "name": name }, "spec": spec })).await
    }
}

/// A Topic of the Cluster `c`.
#[must_use]
pub fn topic(name: &str, mut spec: Value) -> Value {
    if spec.get("clusterRef").is_none() {
        spec["clusterRef"] = json!({ "name": "c" });
    }
    json!({ "kind": "Topic", "metadata": { "name": name }, "spec": spec })
}
