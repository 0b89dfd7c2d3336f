//! What a failed test leaves in target/e2e/<test>: why it failed, the objects and events of its namespace, the logs of all
//! containers there and of the operator.

use std::fs;
use std::path::Path;

use anyhow::Result;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Api, ListParams, LogParams};

use crate::SYSTEM;
use crate::kinds::in_namespaces;
use crate::stage::{Stage, directory};

/// Lines of a log that are kept.
const LOG_LINES: i64 = 2000;

pub(crate) async fn collect(stage: &Stage, test: &str, error: &anyhow::Error) -> Result<()> {
    let folder = directory().join(test);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("error.txt"), format!("{error:#}\n"))?;
    for kind in in_namespaces().filter(|kind| !matches!(*kind, "Secret" | "Lease")) {
        let mut objects = stage.list_in(&stage.namespace, kind, "").await?;
        for object in &mut objects {
            object["metadata"]["managedFields"] = serde_json::Value::Null;
        }
        if !objects.is_empty() {
            fs::write(folder.join(format!("{kind}.json")), serde_json::to_string_pretty(&objects)?)?;
        }
    }
    logs(stage, &stage.namespace, &folder).await?;
    logs(stage, SYSTEM, &folder).await
}

async fn logs(stage: &Stage, namespace: &str, folder: &Path) -> Result<()> {
    let pods = Api::<Pod>::namespaced(stage.client.clone(), namespace);
    for pod in pods.list(&ListParams::default()).await? {
        let spec = pod.spec.clone().unwrap_or_default();
        let containers = spec.init_containers.into_iter().flatten().chain(spec.containers);
        for container in containers {
            for previous in [false, true] {
                let parameters = LogParams {
                    container: Some(container.name.clone()),
                    previous,
                    tail_lines: Some(LOG_LINES),
                    ..LogParams::default()
                };
                // A container that has not begun has no log.
                let Ok(text) = pods.logs(&pod.name_any(), &parameters).await else { continue };
                let suffix = if previous { "-before" } else { "" };
                let name = format!("{}-{}{suffix}.log", pod.name_any(), container.name);
                fs::write(folder.join(name), text)?;
            }
        }
    }
    Ok(())
}
