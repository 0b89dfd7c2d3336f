//! Tests that share one operator and run at once, each in a namespace of its own. `scenario` numbers are those of docs/e2e.md.

mod clusters;
mod groups;
mod recovery;
mod rolls;
mod topics;

use anyhow::{Context, Result};
use e2e::Stage;
use serde_json::Value;

/// The smallest Cluster.
fn small() -> Value {
    serde_json::json!({ "storage": { "size": "1Gi" } })
}

/// The uid of an object.
async fn uid(stage: &Stage, kind: &str, name: &str) -> Result<String> {
    let object = stage.there(kind, name).await?;
    Ok(object["metadata"]["uid"].as_str().context("uid")?.to_owned())
}
