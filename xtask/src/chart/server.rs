//! The chart on a real API server: every object is taken, its pods pass the restricted profile, what is protected is not
//! deleted, and nothing spans the cluster where namespaces are named. The control plane is `../shared/cluster`; it has no nodes.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::tools::{Tools, directory, output};
use super::{CHART, Done, render};
use crate::broker_process::checkout;

/// The first port of the first of many ranges of five: the API server's, etcd's and the controllers'.
const PORT: u32 = 17_440;
/// Ranges: of two checkouts that do this at once, each has most likely its own.
const RANGES: u32 = 1000;
/// How long the controllers may take to make pods, and a policy to be in force.
const LIMIT: Duration = Duration::from_secs(60);
const NAMESPACE: &str = "highwater-system";
/// A stand-in for the definition of topics: the policies look at nothing but `spec.deletionProtection`.
const DEFINITION: &str = r#"{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
"metadata": {"name": "topics.highwater.dev"}, "spec": {"group": "highwater.dev", "scope": "Namespaced",
"names": {"plural": "topics", "singular": "topic", "kind": "Topic"}, "versions": [{"name": "v1alpha1", "served": true,
"storage": true, "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}"#;
const TOPIC: &str = r#"{"apiVersion": "highwater.dev/v1alpha1", "kind": "Topic",
"metadata": {"name": "orders", "namespace": "shop"}, "spec": {"deletionProtection": true}}"#;
const UNPROTECTED: &str = r#"{"spec":{"deletionProtection":false}}"#;

/// The control plane; it goes with the value.
struct ControlPlane;

impl Drop for ControlPlane {
    /// Of what does not stop, `down` tells itself.
    fn drop(&mut self) {
        let _ = cluster("down").status();
    }
}

fn cluster(command: &str) -> Command {
    let mut cluster = Command::new(checkout().join("../shared/cluster/cluster"));
    cluster.arg(command);
    let port = PORT + std::process::id() % RANGES * 5;
    cluster.env("CLUSTER_DIR", directory().join("cluster")).env("CLUSTER_PORT", port.to_string());
    cluster
}

/// Brings the control plane up, tries all that the header says, and takes it down.
pub(crate) fn check(tools: &Tools) -> Result<Done> {
    if !checkout().join("../shared/cluster/cluster").is_file() {
        return Ok(Done::Skipped("there is no control plane to start".to_owned()));
    }
    // What a run that was cut off has left.
    output(&mut cluster("down"))?;
    let control_plane = ControlPlane;
    output(cluster("up").arg("--control-plane-only"))?;
    for namespace in [NAMESPACE, "orders", "billing"] {
        kubectl(&["create", "namespace", namespace])?;
    }
    for (name, values) in render::CASES {
        dry_run(tools, values).with_context(|| format!("case {name}"))?;
    }
    kubectl(&["label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted"])?;
    let values = ["--set", "crds.create=false", "--set", "networkPolicy.create=true"];
    helm(tools, &[&["install", "highwater", CHART, "--namespace", NAMESPACE], &values[..]].concat())?;
    wait_for("two pods", || {
        let pods = kubectl(&["-n", NAMESPACE, "get", "pods", "-o", "name"])?;
        Ok(pods.lines().count() == 2)
    })?;
    protection()?;
    helm(tools, &["uninstall", "highwater", "--namespace", NAMESPACE])?;
    drop(control_plane);
    Ok(Done::Passed("installed, pods pass the restricted profile, protected topics stay".to_owned()))
}

fn protection() -> Result<()> {
    apply(DEFINITION)?;
    kubectl(&["create", "namespace", "shop"])?;
    wait_for("topics", || Ok(apply(TOPIC).is_ok()))?;
    let delete = || kubectl(&["-n", "shop", "delete", "topics.highwater.dev", "orders"]);
    // A policy that is not in force yet lets it go: then it is made again.
    wait_for("a refusal", || {
        apply(TOPIC)?;
        let Err(refusal) = delete() else { return Ok(false) };
        let refusal = format!("{refusal:#}");
        ensure!(
            refusal.contains("is protected against deletion") && refusal.contains(UNPROTECTED),
            "{refusal}"
        );
        Ok(true)
    })?;
    kubectl(&["-n", "shop", "patch", "topics.highwater.dev", "orders", "--type=merge", "-p", UNPROTECTED])?;
    delete().context("after what the refusal says")?;
    apply(TOPIC)?;
    kubectl(&["label", "namespace", "shop", "highwater.dev/deletion-protection=true"])?;
    ensure!(kubectl(&["delete", "namespace", "shop"]).is_err(), "a protected namespace was deleted");
    kubectl(&["label", "namespace", "shop", "highwater.dev/deletion-protection-"])?;
    kubectl(&["delete", "namespace", "shop", "--timeout=60s"])
        .context("a protected topic holds up its namespace")?;
    Ok(())
}

/// Has the API server say what it thinks of every object, without keeping any. Those of the Prometheus operator are left
/// out: its definitions are not there.
fn dry_run(tools: &Tools, values: &[&str]) -> Result<()> {
    let manifests = render::manifests(tools, values)?;
    let known: Vec<_> = manifests
        .split("\n---\n")
        .filter(|document| !document.contains("monitoring.coreos.com/v1\n"))
        .collect();
    let file = directory().join("manifests.yaml");
    std::fs::write(&file, known.join("\n---\n"))?;
    output(kubectl_command(&["apply", "--dry-run=server", "-f"]).arg(file)).map(drop)
}

fn helm(tools: &Tools, arguments: &[&str]) -> Result<()> {
    output(tools.helm_command(arguments).env("KUBECONFIG", directory().join("cluster/kubeconfig"))).map(drop)
}

fn kubectl_command(arguments: &[&str]) -> Command {
    let folder = directory().join("cluster");
    let mut kubectl = Command::new(folder.join("cache/bin/kubectl"));
    kubectl.args(arguments);
    kubectl.env("KUBECONFIG", folder.join("kubeconfig")).env("KUBECACHEDIR", folder.join("kubectl"));
    kubectl
}

fn kubectl(arguments: &[&str]) -> Result<String> {
    output(&mut kubectl_command(arguments))
}

fn apply(object: &str) -> Result<String> {
    let file = directory().join("object.json");
    std::fs::write(&file, object)?;
    output(kubectl_command(&["apply", "-f"]).arg(file))
}

fn wait_for(what: &str, mut is_there: impl FnMut() -> Result<bool>) -> Result<()> {
    let begin = Instant::now();
    while !is_there()? {
        ensure!(begin.elapsed() < LIMIT, "still no {what} after {} s", LIMIT.as_secs());
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}
