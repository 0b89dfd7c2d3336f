//! `cargo xtask sim`: runs a whole broker under simulated network, disk and clock, seed by seed.
//!
//! Three proofs in one step: the seeds find nothing wrong with the broker, the same seed does the same in another
//! process, and the simulation finds each of the bugs that can be planted. The build has the test-only feature that
//! can plant them; without `--planted` none is active.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::broker_process::checkout;

/// Bugs that broker-sim can run with.
const PLANTED: [&str; 3] = ["ack-before-fsync", "no-directory-fsync", "replayed-tail-not-synced"];
/// Seeds after which a planted bug must have been found.
const PLANTED_SEEDS_MAX: u64 = 200;
/// Seeds whose course is compared between two processes.
const COMPARED_SEEDS: u64 = 5;

/// What the command line says.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SimArguments {
    /// Seeds that must be clean.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Run this seed alone and print everything that happens.
    #[arg(long, conflicts_with_all = ["seeds", "first", "planted"])]
    seed: Option<u64>,
    /// Only see that the planted bugs are found.
    #[arg(long)]
    planted: bool,
}

/// Runs the proofs; an error if one of them fails.
pub(crate) fn run(arguments: &SimArguments) -> Result<()> {
    let binary = build()?;
    if let Some(seed) = arguments.seed {
        return watch(&binary, &["--seed", &seed.to_string()], &format!("seed {seed} failed"));
    }
    if !arguments.planted {
        timed("clean seeds", || clean(&binary, arguments))?;
        timed("same course in two processes", || compare(&binary, arguments.first))?;
    }
    for bug in PLANTED {
        timed(bug, || {
            let seeds = PLANTED_SEEDS_MAX.to_string();
            watch(&binary, &["--planted", bug, "--seeds", &seeds], &format!("{bug} went unseen"))
        })?;
    }
    Ok(())
}

fn timed(what: &str, act: impl FnOnce() -> Result<()>) -> Result<()> {
    let began = Instant::now();
    let done = act();
    println!("sim: {what}: {:.1} s", began.elapsed().as_secs_f64());
    done
}

/// Builds broker-sim. Cargo keeps its crates beside those of the broker's own release build.
fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--locked", "--package", "broker-sim"])
        .args(["--features", "planted-bugs"])
        .current_dir(checkout())
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "the release build of broker-sim failed");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| checkout().join("target"), PathBuf::from);
    Ok(target.join("release/broker-sim"))
}

fn clean(binary: &Path, arguments: &SimArguments) -> Result<()> {
    let (seeds, first) = (arguments.seeds.to_string(), arguments.first.to_string());
    let mut options = vec!["--seeds", &seeds, "--first", &first];
    // Fewer seeds need not meet every kind of fault.
    if arguments.seeds >= 200 {
        options.push("--every-fault");
    }
    watch(binary, &options, "the simulation found something; cargo xtask sim --seed N shows a seed")
}

fn compare(binary: &Path, first: u64) -> Result<()> {
    let hashes = || -> Result<Vec<String>> {
        let seeds = COMPARED_SEEDS.to_string();
        let mut command = Command::new(binary);
        command.args(["--hashes", "--seeds", &seeds, "--first", &first.to_string()]);
        let Output { status, stdout, .. } = command.output().context("broker-sim cannot be run")?;
        ensure!(status.success(), "broker-sim ended with {status}");
        let lines = String::from_utf8(stdout)?;
        Ok(lines.lines().filter(|line| line.contains(" hash ")).map(str::to_owned).collect())
    };
    let (one, other) = (hashes()?, hashes()?);
    ensure!(one.len() as u64 == COMPARED_SEEDS, "{} of {COMPARED_SEEDS} seeds have a hash", one.len());
    for (one, other) in one.iter().zip(&other) {
        println!("sim: {one}");
        ensure!(one == other, "another process says {other}");
    }
    Ok(())
}

/// Runs broker-sim with its output on the screen.
fn watch(binary: &Path, options: &[&str], failure: &str) -> Result<()> {
    let status = Command::new(binary).args(options).status().context("broker-sim cannot be run")?;
    if status.success() { Ok(()) } else { bail!("{failure}") }
}
