//! Writes the YAML of the custom resources and their reference pages. Their types say what they are, so a test of `crds`
//! compares them, and writes them when it is asked to: this command need not be built with all of Kubernetes' types.

use std::process::Command;

use anyhow::{Context, ensure};

/// Writes them; with `check` does nothing, as the test is one of all tests.
///
/// # Errors
/// The types cannot be built.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    if check {
        return Ok(());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["test", "--locked", "--quiet", "--package", "crds", "--test", "yaml"])
        .env("HIGHWATER_GEN", "1")
        .current_dir(super::repo_root()?)
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "the custom resources cannot be generated");
    Ok(())
}
