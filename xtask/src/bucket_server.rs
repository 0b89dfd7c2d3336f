//! Where a broker under test copies its segments to: the S3 server beside this checkout if there is one, else a directory.
//!
//! Only the server that was started here is stopped, and its objects go with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::broker_process::{BrokerOptions, checkout, free_address};

/// An object store for a run.
#[derive(Debug)]
pub(crate) struct BucketServer {
    /// The value of `highwater.remote.url`.
    url: String,
    /// What the broker finds in its environment.
    environment: Vec<(String, String)>,
    /// The server's own state, if there is one to stop.
    server: Option<PathBuf>,
}

/// The script that starts and stops the server.
fn script() -> PathBuf {
    checkout().join("../shared/peers/bucket")
}

impl BucketServer {
    /// Starts one whose files lie below `directory`.
    pub(crate) fn start(directory: &Path) -> Result<BucketServer> {
        fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        if !script().is_file() {
            ensure!(std::env::var("CI").as_deref() != Ok("true"), "no S3 server at {}", script().display());
            println!("no S3 server at {}: objects lie in a directory", script().display());
            return BucketServer::in_directory(&directory.join("objects"));
        }
        let state = directory.join("bucket");
        let port = free_address()?.port().to_string();
        let output = Command::new(script())
            .args(["start", "--port", &port, "--dir"])
            .arg(&state)
            .output()
            .with_context(|| script().display().to_string())?;
        let server = Some(state);
        ensure!(
            output.status.success(),
            "the S3 server did not start: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let environment = exported(&String::from_utf8_lossy(&output.stdout));
        let bucket = environment.iter().find(|(name, _)| name == "S3_BUCKET");
        let bucket = bucket.map(|(_, value)| value.clone()).context("the S3 server names no bucket")?;
        Ok(BucketServer { url: format!("s3://{bucket}/highwater"), environment, server })
    }

    /// No server: the files lie in `directory`.
    pub(crate) fn in_directory(directory: &Path) -> Result<BucketServer> {
        fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        let url = format!("file://{}", directory.display());
        Ok(BucketServer { url, environment: Vec::new(), server: None })
    }

    /// Has a broker copy all that it can, at once, and keep nothing on its disk that is copied.
    pub(crate) fn tier_everything(&self, options: &mut BrokerOptions, roll: Duration) {
        options.environment.extend(self.environment.iter().cloned());
        let settings = [
            ("highwater.remote.url", self.url.clone()),
            ("highwater.remote.roll.ms", roll.as_millis().to_string()),
            ("remote.log.manager.task.interval.ms", "200".to_owned()),
            ("log.local.retention.bytes", "1".to_owned()),
            ("log.segment.delete.delay.ms", "0".to_owned()),
        ];
        options.settings.extend(settings.map(|(key, value)| (key.to_owned(), value)));
        if let Some((_, endpoint)) = self.environment.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL") {
            options.settings.push(("highwater.remote.endpoint".to_owned(), endpoint.clone()));
        }
    }
}

impl Drop for BucketServer {
    /// There is nobody to tell that it could not be stopped.
    fn drop(&mut self) {
        if let Some(state) = &self.server {
            let _ = Command::new(script()).args(["stop", "--dir"]).arg(state).output();
        }
    }
}

/// Variables as a shell is told them: `export NAME=value`, perhaps in quotes.
fn exported(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| {
            let line = line.trim().strip_prefix("export ").unwrap_or_else(|| line.trim());
            let (name, value) = line.split_once('=')?;
            let value = value.trim_matches(|quote| quote == '\'' || quote == '"');
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_as_a_shell_does() {
        let text = "export A=1\nB='two'\n# none\nexport C=\"three\"\n";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(exported(text), [pair("A", "1"), pair("B", "two"), pair("C", "three")]);
    }
}
