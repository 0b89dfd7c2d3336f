//! `cargo xtask sim`: runs a whole broker under simulated network, disk, clock and object store, seed by seed.
//!
//! Three proofs in one step: the seeds find nothing wrong with the broker, a seed does the same alone as among others,
//! so that `--seed` shows what was found, and the simulation finds each of the bugs that can be planted. The build has
//! the test-only feature that can plant them; without `--planted` none is active.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::broker_process::checkout;

/// Bugs that broker-sim can run with.
const PLANTED: [&str; 9] = [
    "ack-before-fsync",
    "no-directory-fsync",
    "replayed-tail-not-synced",
    "swap-before-fsync",
    "manifest-overwritten",
    "local-deleted-before-manifest",
    "upload-past-high-watermark",
    "directory-without-fsync",
    "recovered-without-fence",
];
/// Seeds after which a planted bug must have been found.
const PLANTED_SEEDS_MAX: u64 = 200;
/// Seeds whose course alone is compared with that among the others: so many that one would differ where a tenth does.
const COMPARED_SEEDS: usize = 20;

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
        let mut hashes = Vec::new();
        timed("clean seeds", || {
            hashes = clean(&binary, arguments)?;
            Ok(())
        })?;
        timed("same course alone", || compare(&binary, &hashes))?;
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

/// A seed and the hash of its course, as broker-sim prints it.
type Course = (u64, String);

/// Runs the seeds together; returns the course of each.
fn clean(binary: &Path, arguments: &SimArguments) -> Result<Vec<Course>> {
    let (seeds, first) = (arguments.seeds.to_string(), arguments.first.to_string());
    let mut options = vec!["--hashes", "--seeds", &seeds, "--first", &first];
    // Fewer seeds need not meet every kind of fault.
    if arguments.seeds >= 200 {
        options.push("--every-fault");
    }
    let Output { status, stdout, .. } = output(binary, &options)?;
    let mut courses = Vec::new();
    for line in String::from_utf8(stdout)?.lines() {
        match line.strip_prefix("seed ").and_then(|rest| rest.split_once(" hash ")) {
            Some((seed, hash)) if !seed.contains(':') => courses.push((seed.parse()?, hash.to_owned())),
            _ => println!("{line}"),
        }
    }
    ensure!(status.success(), "the simulation found something; cargo xtask sim --seed N shows a seed");
    ensure!(courses.len() as u64 == arguments.seeds, "{} of {seeds} seeds have a hash", courses.len());
    Ok(courses)
}

/// Runs some of the seeds alone, as whoever wants to see what they have found.
fn compare(binary: &Path, courses: &[Course]) -> Result<()> {
    for (seed, hash) in courses.iter().step_by(courses.len().div_ceil(COMPARED_SEEDS).max(1)) {
        let Output { status, stdout, .. } = output(binary, &["--seed", &seed.to_string()])?;
        ensure!(
            status.success(),
            "seed {seed} is clean among others, and alone broker-sim ended with {status}"
        );
        let last = String::from_utf8(stdout)?.lines().last().unwrap_or_default().to_owned();
        let alone = last.rsplit_once(" hash ").map(|(_, hash)| hash);
        let alone = alone.with_context(|| format!("seed {seed} ends without a hash: {last}"))?;
        ensure!(alone == hash, "seed {seed} has the hash {alone} alone and {hash} among others");
    }
    Ok(())
}

/// Runs broker-sim for what it prints; its errors go to the screen.
fn output(binary: &Path, options: &[&str]) -> Result<Output> {
    let mut command = Command::new(binary);
    command.args(options).stderr(Stdio::inherit()).output().context("broker-sim cannot be run")
}

/// Runs broker-sim with its output on the screen.
fn watch(binary: &Path, options: &[&str], failure: &str) -> Result<()> {
    let status = Command::new(binary).args(options).status().context("broker-sim cannot be run")?;
    if status.success() { Ok(()) } else { bail!("{failure}") }
}
