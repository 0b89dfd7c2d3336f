//! Runs many seeds, as many at a time as there are cores, each in a process of its own.
//!
//! A process has state that outlives a simulation and steers the next one: tokio's row of task numbers, which decides
//! in what order a runtime drops its tasks. Each seed gets what `--seed` gives it alone, so that one does what the
//! other found.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::Context;
use broker_sim::simulation::Outcome;
use parking_lot::Mutex;

/// Runs the seeds with these options and returns their outcomes in the order of the seeds. `until_found` begins no
/// more seeds once one has found something.
///
/// # Errors
/// A process cannot be started. One that ends without an outcome is a finding.
pub(crate) fn run(seeds: Range<u64>, options: &[String], until_found: bool) -> anyhow::Result<Vec<Outcome>> {
    let program = program()?;
    let next = AtomicU64::new(seeds.start);
    let outcomes = Mutex::new(Vec::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let outcome = run_alone(&program, seed, options);
            if outcome.is_err() || (until_found && finds(&outcome)) {
                next.fetch_max(seeds.end, Ordering::Relaxed);
            }
            outcomes.lock().push(outcome);
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut outcomes = outcomes.into_inner().into_iter().collect::<anyhow::Result<Vec<Outcome>>>()?;
    outcomes.sort_by_key(|outcome| outcome.seed);
    Ok(outcomes)
}

fn finds(outcome: &anyhow::Result<Outcome>) -> bool {
    outcome.as_ref().is_ok_and(|outcome| !outcome.findings.is_empty())
}

/// This program. The link names it also when another build has taken its place.
fn program() -> anyhow::Result<PathBuf> {
    let link = Path::new("/proc/self/exe");
    if link.exists() {
        return Ok(link.to_owned());
    }
    std::env::current_exe().context("the name of this program is not known")
}

fn run_alone(program: &Path, seed: u64, options: &[String]) -> anyhow::Result<Outcome> {
    let mut command = Command::new(program);
    command.args(["--json", "--seed", &seed.to_string()]).args(options).stderr(Stdio::inherit());
    let output = command.output().with_context(|| format!("the process of seed {seed} cannot be run"))?;
    Ok(serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        let finding = format!("the process ended without an outcome: {}", output.status);
        Outcome { seed, findings: vec![finding], ..Outcome::default() }
    }))
}
