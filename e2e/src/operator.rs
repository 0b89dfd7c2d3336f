//! The operator as a release of the chart: its pods, its leader, its figures, and what it writes.

use anyhow::{Context, Result, ensure};
use kube::api::{DeleteParams, GetParams, Patch, PatchParams, Request};
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::wait::until;
use crate::{RELEASE, SYSTEM};

/// Resources that the operator writes. Others write them, too, but not in a cluster where nothing happens.
const WRITTEN: [&str; 12] = [
    "clusters",
    "topics",
    "consumergroups",
    "statefulsets",
    "services",
    "configmaps",
    "secrets",
    "serviceaccounts",
    "poddisruptionbudgets",
    "networkpolicies",
    "persistentvolumeclaims",
    "pods",
];

/// The operator that tests share.
pub struct Operator<'a> {
    stage: &'a Stage,
}

/// Runs helm.
///
/// # Errors
/// It fails.
pub async fn helm(arguments: &[&str]) -> Result<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let run = tokio::process::Command::new("helm").args(arguments).current_dir(folder).output();
    let output = run.await.context("helm cannot be run")?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "helm {}: {told}", arguments.join(" "));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Stage {
    /// The operator.
    #[must_use]
    pub fn operator(&self) -> Operator<'_> {
        Operator { stage: self }
    }
}

impl Operator<'_> {
    /// Names of its pods that are not going.
    ///
    /// # Errors
    /// The API server's.
    pub async fn pods(&self) -> Result<Vec<String>> {
        let pods = self.stage.list_in(SYSTEM, "Pod", "app.kubernetes.io/name=highwater").await?;
        let stays = pods.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
        Ok(stays.filter_map(|pod| pod["metadata"]["name"].as_str().map(str::to_owned)).collect())
    }

    /// Who holds the Lease; empty for nobody.
    ///
    /// # Errors
    /// The API server's.
    pub async fn leader(&self) -> Result<String> {
        let lease = self.stage.get_in(SYSTEM, "Lease", &format!("{RELEASE}-operator")).await?;
        let holder = lease.as_ref().and_then(|lease| lease.pointer("/spec/holderIdentity"));
        Ok(holder.and_then(Value::as_str).unwrap_or("").to_owned())
    }

    /// Deletes a pod of it at once, as if its node had lost power.
    ///
    /// # Errors
    /// The API server's.
    pub async fn kill(&self, pod: &str) -> Result<()> {
        let parameters = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
        self.stage.api(SYSTEM, "Pod").delete(pod, &parameters).await?;
        Ok(())
    }

    /// Scales it, and waits until so many are ready, and one of them leads.
    ///
    /// # Errors
    /// The limit passed.
    pub async fn scale(&self, replicas: usize) -> Result<()> {
        let deployments = self.stage.api(SYSTEM, "Deployment");
        let change = json!({ "spec": { "replicas": replicas } });
        let name = format!("{RELEASE}-operator");
        deployments.patch(&name, &PatchParams::default(), &Patch::Merge(change)).await?;
        self.wait(replicas).await
    }

    /// Waits until so many are ready, and one of them leads.
    ///
    /// # Errors
    /// The limit passed.
    pub async fn wait(&self, replicas: usize) -> Result<()> {
        let name = format!("{RELEASE}-operator");
        until("the operator is there", 60, async || {
            let found = self.stage.get_in(SYSTEM, "Deployment", &name).await?.context("no Deployment")?;
            let ready = found.pointer("/status/readyReplicas").and_then(Value::as_u64).unwrap_or(0);
            let (pods, leader) = (self.pods().await?, self.leader().await?);
            let leads = if replicas == 0 { pods.is_empty() } else { pods.contains(&leader) };
            let all = usize::try_from(ready).is_ok_and(|ready| ready == replicas) && pods.len() == replicas;
            Ok(if all && leads { Ok(()) } else { Err(format!("{ready} ready of {pods:?}, {leader} leads")) })
        })
        .await
    }

    /// What one of its pods tells at `/metrics`.
    ///
    /// # Errors
    /// The API server's.
    pub async fn metrics(&self, pod: &str) -> Result<String> {
        let path = format!("/api/v1/namespaces/{SYSTEM}/pods/{pod}:8080/proxy");
        let request = Request::new(path).get("metrics", &GetParams::default())?;
        Ok(self.stage.client.request_text(request).await?)
    }

    /// Writes of what the operator writes, counted at the API server, by verb and resource.
    ///
    /// # Errors
    /// The API server's.
    pub async fn writes(&self) -> Result<Vec<(String, u64)>> {
        let request = Request::new("").get("metrics", &GetParams::default())?;
        let text = self.stage.client.request_text(request).await?;
        let mut counts = std::collections::BTreeMap::<String, u64>::new();
        for line in text.lines().filter(|line| line.starts_with("apiserver_request_total{")) {
            let label = |name: &str| line.split_once(&format!("{name}=\""))?.1.split('"').next();
            let (Some(verb), Some(resource)) = (label(",verb"), label(",resource")) else { continue };
            let subresource = label(",subresource").unwrap_or("");
            let writes = matches!(verb, "APPLY" | "PATCH" | "POST" | "PUT" | "DELETE");
            if !writes || !WRITTEN.contains(&resource) || subresource == "token" {
                continue;
            }
            let count = line.rsplit_once(' ').and_then(|(_, count)| count.parse::<f64>().ok()).unwrap_or(0.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a counter")]
            let count = count as u64;
            *counts.entry(format!("{verb} {resource}/{subresource}")).or_default() += count;
        }
        Ok(counts.into_iter().collect())
    }
}
