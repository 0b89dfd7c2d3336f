//! Runs seeds: `broker-sim --seeds 200`, or one of them with everything that happens: `broker-sim --seed 7`.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use broker_log::io::memory_disk::FaultCounts;
use broker_sim::broker_host::Bug;
use broker_sim::plan::FAULT_KINDS;
use broker_sim::simulation::{self, Options, Outcome};
use clap::Parser;
use parking_lot::Mutex;

/// Findings of one seed that are printed.
const FINDINGS_SHOWN: usize = 10;

/// One whole broker under simulated network, disk and clock.
#[derive(Parser)]
struct Arguments {
    /// Runs the seeds from `first` on, so many of them.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// First of the seeds.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Runs this seed alone and prints everything that happens.
    #[arg(long)]
    seed: Option<u64>,
    /// Prints a line with the hash of every seed.
    #[arg(long)]
    hashes: bool,
    /// Fails unless every kind of fault has happened.
    #[arg(long)]
    every_fault: bool,
    /// Runs with this bug until a seed finds it; fails if none does.
    #[cfg(feature = "planted-bugs")]
    #[arg(long)]
    planted: Option<Planted>,
}

/// Bugs that can be planted.
#[cfg(feature = "planted-bugs")]
#[derive(Clone, Copy, clap::ValueEnum)]
enum Planted {
    AckBeforeFsync,
    NoDirectoryFsync,
    ReplayedTailNotSynced,
}

#[cfg(feature = "planted-bugs")]
fn bug(arguments: &Arguments) -> Option<Bug> {
    arguments.planted.map(|planted| match planted {
        Planted::AckBeforeFsync => Bug::AckBeforeFsync,
        Planted::NoDirectoryFsync => Bug::NoDirectoryFsync,
        Planted::ReplayedTailNotSynced => Bug::ReplayedTailNotSynced,
    })
}

#[cfg(not(feature = "planted-bugs"))]
fn bug(_arguments: &Arguments) -> Option<Bug> {
    None
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let bug = bug(&arguments);
    // A panic of the broker is a finding; the default message would come from the middle of it.
    std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
    if let Some(seed) = arguments.seed {
        let outcome = simulation::run(seed, Options { print: true, bug });
        print_outcome(&outcome);
        return if outcome.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let outcomes = run_all(&arguments, bug);
    if bug.is_some() {
        return judge_planted(&outcomes);
    }
    for outcome in &outcomes {
        if arguments.hashes {
            println!("seed {} hash {:016x}", outcome.seed, outcome.hash);
        }
        if !outcome.findings.is_empty() {
            print_outcome(outcome);
        }
    }
    let unseen = print_summary(&outcomes);
    let failed = outcomes.iter().filter(|outcome| !outcome.findings.is_empty()).count();
    if failed > 0 {
        println!("{failed} of {} seeds failed; broker-sim --seed N shows one", outcomes.len());
    }
    if failed > 0 || (arguments.every_fault && unseen) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Runs the seeds on all cores, in the order of the seeds; with a planted bug only until one finds it.
fn run_all(arguments: &Arguments, bug: Option<Bug>) -> Vec<Outcome> {
    let next = AtomicU64::new(arguments.first);
    let end = arguments.first + arguments.seeds;
    let outcomes = Mutex::new(Vec::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let outcome = simulation::run(seed, Options { print: false, bug });
            if bug.is_some() && !outcome.findings.is_empty() {
                next.fetch_max(end, Ordering::Relaxed);
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
    let mut outcomes = outcomes.into_inner();
    outcomes.sort_by_key(|outcome| outcome.seed);
    outcomes
}

fn judge_planted(outcomes: &[Outcome]) -> ExitCode {
    match outcomes.iter().find(|outcome| !outcome.findings.is_empty()) {
        Some(outcome) => {
            println!("the planted bug is found by seed {}: {}", outcome.seed, outcome.findings[0]);
            ExitCode::SUCCESS
        }
        None => {
            println!("the planted bug is found by none of {} seeds", outcomes.len());
            ExitCode::FAILURE
        }
    }
}

fn print_outcome(outcome: &Outcome) {
    let Outcome { seed, findings, hash, simulated_ms, acknowledged, read, .. } = outcome;
    println!(
        "seed {seed}: {} findings, {acknowledged} records acknowledged, {read} read, {simulated_ms} ms simulated, hash {hash:016x}",
        findings.len()
    );
    for finding in findings.iter().take(FINDINGS_SHOWN) {
        println!("  {finding}");
    }
}

/// Prints how often what went wrong; true if something never did.
fn print_summary(outcomes: &[Outcome]) -> bool {
    let sum = |field: &dyn Fn(&Outcome) -> u64| outcomes.iter().map(field).sum::<u64>();
    let disk = |field: fn(&FaultCounts) -> u64| sum(&|outcome| field(&outcome.disk));
    let mut counts: Vec<(&str, u64)> = FAULT_KINDS
        .iter()
        .enumerate()
        .map(|(kind, name)| (*name, sum(&|outcome| outcome.faults[kind])))
        .collect();
    counts.extend([
        ("write that failed", disk(|counts| counts.write_errors)),
        ("sync that failed", disk(|counts| counts.sync_errors)),
        ("write without room", disk(|counts| counts.no_space)),
        ("torn write", disk(|counts| counts.torn_writes)),
        ("block lost", disk(|counts| counts.lost_blocks)),
        ("unsynced block kept", disk(|counts| counts.kept_blocks)),
        ("name lost", disk(|counts| counts.lost_names)),
        ("unsynced name kept", disk(|counts| counts.kept_names)),
        ("group assignment", sum(&|outcome| outcome.work.assignments)),
        ("fenced commit", sum(&|outcome| outcome.work.fenced_commits)),
        ("deleted position", sum(&|outcome| outcome.work.deleted_positions)),
    ]);
    let seconds = sum(&|outcome| outcome.simulated_ms) / 1000;
    println!(
        "{} seeds, {seconds} simulated seconds, {} records acknowledged, {} read",
        outcomes.len(),
        sum(&|outcome| outcome.acknowledged),
        sum(&|outcome| outcome.read)
    );
    for (name, count) in &counts {
        println!("  {count:>8} {name}");
    }
    let unseen: Vec<_> = counts.iter().filter(|(_, count)| *count == 0).map(|(name, _)| *name).collect();
    if !unseen.is_empty() {
        println!("never happened: {}", unseen.join(", "));
    }
    !unseen.is_empty()
}
