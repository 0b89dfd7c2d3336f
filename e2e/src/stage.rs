//! A test's surroundings: a namespace of its own that takes only pods of the restricted profile, gone after the test. A test
//! that fails leaves target/e2e/<test> behind; every test leaves a line about itself in target/e2e/results.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use kube::Client;
use serde_json::json;

use crate::{evidence, until};

/// A test that takes longer hangs.
const TEST_MAX: Duration = Duration::from_secs(300);
/// How long a namespace may take to go.
const CLEAN_UP_MAX_S: u64 = 90;

/// A test's surroundings.
pub struct Stage {
    /// The API server.
    pub client: Client,
    /// The namespace of the test.
    pub namespace: String,
    /// Names of client pods are made from it.
    pub(crate) pods: std::sync::atomic::AtomicUsize,
}

/// Where results and evidence are left.
pub(crate) fn directory() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/e2e"))
}

/// Runs a test: `name` is its function's, `body` what it does.
///
/// # Panics
/// The test fails.
pub fn run(name: &str, body: impl AsyncFnOnce(&Stage) -> Result<()>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be had");
    let began = Instant::now();
    let result = runtime.block_on(staged(name, body));
    let seconds = began.elapsed().as_secs_f64();
    note(name, result.is_ok(), seconds);
    if let Err(error) = result {
        panic!("{name}: {error:#}\nevidence: {}", directory().join(name).display());
    }
}

async fn staged(name: &str, body: impl AsyncFnOnce(&Stage) -> Result<()>) -> Result<()> {
    let client = Client::try_default().await.context("KUBECONFIG names no cluster")?;
    let stamp = std::time::UNIX_EPOCH.elapsed()?.as_millis() % 100_000_000;
    let short: String = name.replace('_', "-").chars().take(24).collect();
    let namespace = format!("{}-{stamp}", short.trim_end_matches('-'));
    let stage = Stage { client, namespace, pods: 0.into() };
    stage.make_namespace(&stage.namespace).await?;
    let result = match tokio::time::timeout(TEST_MAX, body(&stage)).await {
        Ok(result) => result,
        Err(_) => Err(anyhow!("it took longer than {} s", TEST_MAX.as_secs())),
    };
    if let Err(error) = result {
        if let Err(failed) = evidence::collect(&stage, name, &error).await {
            eprintln!("evidence cannot be had: {failed:#}");
        }
        // It stays for a look; the next run makes another.
        let _ = stage.delete("Namespace", &stage.namespace).await;
        return Err(error);
    }
    stage.drop_namespace(&stage.namespace).await
}

/// One line of JSON; of a test that ran twice the last counts.
fn note(name: &str, passed: bool, seconds: f64) {
    let line = json!({ "test": name, "passed": passed, "seconds": seconds });
    let path = directory().join("results");
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(directory())?;
        let mut file = fs::OpenOptions::new().create(true).append(true).open(&path)?;
        // One write: tests run at once.
        file.write_all(format!("{line}\n").as_bytes())
    };
    if let Err(error) = write() {
        eprintln!("{}: {error}", path.display());
    }
}

impl Stage {
    /// Makes a namespace that takes only pods of the restricted profile.
    ///
    /// # Errors
    /// The API server's.
    pub async fn make_namespace(&self, name: &str) -> Result<()> {
        let labels =
            json!({ "pod-security.kubernetes.io/enforce": "restricted", "highwater.dev/e2e": "true" });
        self.apply(&json!({ "kind": "Namespace", "metadata": { "name": name, "labels": labels } })).await?;
        // Pods are refused before it is there.
        until("a ServiceAccount of the namespace", 20, async || {
            let found = self.get_in(name, "ServiceAccount", "default").await?;
            Ok(found.map(drop).ok_or_else(|| "none".to_owned()))
        })
        .await
    }

    /// Deletes a namespace and waits until it is gone: what hangs is found here.
    ///
    /// # Errors
    /// It does not go.
    pub async fn drop_namespace(&self, name: &str) -> Result<()> {
        self.delete("Namespace", name).await?;
        until("the namespace is gone", CLEAN_UP_MAX_S, async || {
            Ok(match self.get("Namespace", name).await? {
                None => Ok(()),
                Some(namespace) => Err(namespace["status"].to_string()),
            })
        })
        .await
    }
}
