//! What the chart renders, as text and as values. helm is the reader of YAML, too: a chart of one template prints what it
//! is given as JSON.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::tools::{Tools, directory};
use super::{CHART, KUBE_VERSION};

/// Sets of values that everything is tried with: a name, and what `--set` gets.
pub(crate) const CASES: &[(&str, &[&str])] = &[
    ("default", &[]),
    (
        "everything",
        &[
            "monitoring.serviceMonitor.enabled=true",
            "monitoring.prometheusRule.enabled=true",
            "monitoring.dashboards.enabled=true",
            "networkPolicy.create=true",
        ],
    ),
    (
        "namespaces",
        &["watchNamespaces={orders,billing}", "deletionProtection.create=false", "crds.create=false"],
    ),
    ("one", &["replicaCount=1", "podDisruptionBudget.create=false", "serviceAccount.name=mine"]),
];

/// The manifests of a release `highwater` in the namespace `highwater-system`.
pub(crate) fn manifests(tools: &Tools, values: &[&str]) -> Result<String> {
    let mut arguments = vec![
        "template",
        "highwater",
        CHART,
        "--namespace",
        "highwater-system",
        "--kube-version",
        KUBE_VERSION,
    ];
    for value in values {
        arguments.extend(["--set", value]);
    }
    tools.helm(&arguments)
}

/// The same as values, one for each object.
pub(crate) fn documents(tools: &Tools, values: &[&str]) -> Result<Vec<Value>> {
    let text = manifests(tools, values)?;
    let documents = parse(tools, &text)?;
    ensure!(!documents.is_empty(), "nothing is rendered");
    Ok(documents)
}

/// YAML documents as values, those without content left out. A line `---` is taken for a border.
pub(crate) fn parse(tools: &Tools, yaml: &str) -> Result<Vec<Value>> {
    const TEMPLATE: &str = r#"{{- range splitList "\n---\n" (.Files.Get "documents.yaml") }}
---
{{ dict "apiVersion" "v1" "kind" "Document" "document" (fromYaml .) | toJson }}
{{- end }}
"#;
    let chart = directory().join("json");
    fs::create_dir_all(chart.join("templates"))?;
    fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: json\nversion: 0.0.0\n")?;
    fs::write(chart.join("templates/documents.yaml"), TEMPLATE)?;
    fs::write(chart.join("documents.yaml"), yaml.trim_start_matches("---\n"))?;
    let printed = tools.helm(&["template", "json", &chart.to_string_lossy()])?;
    let mut documents = Vec::new();
    for line in printed.lines().filter(|line| line.starts_with('{')) {
        let mut wrapped: Value = serde_json::from_str(line).context("helm prints no JSON")?;
        let document = wrapped["document"].take();
        if let Some(error) = document.get("Error") {
            ensure!(
                document.as_object().is_some_and(|fields| fields.len() > 1),
                "YAML cannot be read: {error}"
            );
        }
        if document.as_object().is_some_and(|fields| !fields.is_empty()) {
            documents.push(document);
        }
    }
    Ok(documents)
}

/// One document, such as a file of values.
pub(crate) fn parse_one(tools: &Tools, yaml: &str) -> Result<Value> {
    let mut documents = parse(tools, yaml)?;
    ensure!(documents.len() == 1, "{} documents where there should be one", documents.len());
    Ok(documents.remove(0))
}
