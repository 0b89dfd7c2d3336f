//! `cargo xtask test`: everything that must hold before a commit, in one command, each step with its seconds.
//!
//! What the tests print is kept in target/test.log, for `cargo xtask coverage`; on the screen only the tests that did not
//! pass have a line.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Instant;

use anyhow::{Context, bail};

/// Where the output of the tests is kept, below the workspace's root.
pub(crate) const TEST_LOG: &str = "target/test.log";
/// The step whose output is kept.
const TESTS: &str = "tests";

/// A step: its name and the cargo command that it is.
const STEPS: &[(&str, &[&str])] = &[
    ("format", &["fmt", "--all", "--check"]),
    ("clippy", &["clippy", "--locked", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]),
    ("tidy", &["xtask", "tidy"]),
    ("generated files", &["xtask", "gen", "--check"]),
    (TESTS, &["test", "--locked", "--workspace"]),
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
        let mut command = Command::new(&cargo);
        command.args(*arguments).current_dir(&root);
        let status = if *name == TESTS {
            run_kept(&mut command, &root.join(TEST_LOG))
        } else {
            run_seen(&mut command)
        }
        .with_context(|| format!("{name}: cargo cannot be run"))?;
        let seconds = began.elapsed().as_secs_f64();
        if !status.success() {
            bail!("{name} failed after {seconds:.1} s");
        }
        report.push(format!("{name} {seconds:.1} s"));
    }
    println!("--- all passed: {}", report.join(", "));
    Ok(())
}

fn run_seen(command: &mut Command) -> anyhow::Result<ExitStatus> {
    Ok(command.status()?)
}

/// Runs the command with one pipe for both its outputs, so that they keep their order, and keeps all that comes.
fn run_kept(command: &mut Command, log: &Path) -> anyhow::Result<ExitStatus> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut kept = File::create(log).with_context(|| format!("create {}", log.display()))?;
    let (reader, writer) = std::io::pipe()?;
    let mut child = command.stderr(writer.try_clone()?).stdout(writer).spawn()?;
    // The command still holds both write ends; the pipe ends only when nobody does.
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        kept.write_all(&line)?;
        if !(line.starts_with(b"test ") && line.ends_with(b" ... ok\n")) {
            std::io::stdout().write_all(&line)?;
        }
        line.clear();
    }
    Ok(child.wait()?)
}

/// The folder of the workspace's Cargo.toml.
pub(crate) fn workspace_root() -> anyhow::Result<PathBuf> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Ok(manifest.parent().context("xtask lies in the workspace")?.to_path_buf())
}
