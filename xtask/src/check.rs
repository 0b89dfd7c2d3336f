//! `cargo xtask test`: everything that must hold before a commit, in one command, each step with its seconds.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};

/// A step: its name and the cargo command that it is.
const STEPS: &[(&str, &[&str])] = &[
    ("format", &["fmt", "--all", "--check"]),
    ("clippy", &["clippy", "--locked", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]),
    ("tidy", &["xtask", "tidy"]),
    ("generated files", &["xtask", "gen", "--check"]),
    ("tests", &["test", "--locked", "--workspace", "--quiet"]),
];

/// Runs all steps; the first that fails ends the run.
///
/// # Errors
/// A step failed, or cargo cannot be started.
pub(crate) fn run() -> anyhow::Result<()> {
    let root = workspace_root()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut report = Vec::new();
    for (name, arguments) in STEPS {
        println!("--- {name}: cargo {}", arguments.join(" "));
        let began = Instant::now();
        let status = Command::new(&cargo)
            .args(*arguments)
            .current_dir(&root)
            .status()
            .with_context(|| format!("{name}: cargo cannot be started"))?;
        let seconds = began.elapsed().as_secs_f64();
        if !status.success() {
            bail!("{name} failed after {seconds:.1} s");
        }
        report.push(format!("{name} {seconds:.1} s"));
    }
    println!("--- all passed: {}", report.join(", "));
    Ok(())
}

/// The folder of the workspace's Cargo.toml.
pub(crate) fn workspace_root() -> anyhow::Result<PathBuf> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Ok(manifest.parent().context("xtask lies in the workspace")?.to_path_buf())
}
