//! Runs seeds: `broker-sim --seeds 200`, or one of them with everything that happens: `broker-sim --seed 7`.

mod crowd;

use std::process::ExitCode;

use broker_sim::bug::Bug;
use broker_sim::simulation::{self, Options, Outcome};
use clap::Parser;

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
    /// Prints what the broker logs, too.
    #[arg(long, requires = "seed")]
    log: bool,
    /// Prints the outcome of this seed as JSON and nothing else.
    #[arg(long, requires = "seed")]
    json: bool,
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
    SwapBeforeFsync,
    ManifestOverwritten,
    LocalDeletedBeforeManifest,
    UploadPastHighWatermark,
    DirectoryWithoutFsync,
    RecoveredWithoutFence,
}

#[cfg(feature = "planted-bugs")]
fn bug(arguments: &Arguments) -> Option<Bug> {
    use broker_log::manager::PlantedBug as LogBug;
    use broker_tier::store::PlantedBug as TierBug;

    arguments.planted.map(|planted| match planted {
        Planted::AckBeforeFsync => Bug::Log(LogBug::AckBeforeFsync),
        Planted::NoDirectoryFsync => Bug::Log(LogBug::NoDirectoryFsync),
        Planted::ReplayedTailNotSynced => Bug::Log(LogBug::ReplayedTailNotSynced),
        Planted::SwapBeforeFsync => Bug::Log(LogBug::SwapBeforeFsync),
        Planted::ManifestOverwritten => Bug::Tier(TierBug::ManifestOverwritten),
        Planted::LocalDeletedBeforeManifest => Bug::Tier(TierBug::LocalDeletedBeforeManifest),
        Planted::UploadPastHighWatermark => Bug::Tier(TierBug::UploadPastHighWatermark),
        Planted::DirectoryWithoutFsync => Bug::DirectoryWithoutFsync,
        Planted::RecoveredWithoutFence => Bug::Tier(TierBug::RecoveredWithoutFence),
    })
}

#[cfg(not(feature = "planted-bugs"))]
fn bug(_arguments: &Arguments) -> Option<Bug> {
    None
}

/// What the process of a seed must be told about the bug.
#[cfg(feature = "planted-bugs")]
fn bug_options(arguments: &Arguments) -> Vec<String> {
    let value = arguments.planted.as_ref().and_then(clap::ValueEnum::to_possible_value);
    value.map_or_else(Vec::new, |value| vec!["--planted".to_owned(), value.get_name().to_owned()])
}

#[cfg(not(feature = "planted-bugs"))]
fn bug_options(_arguments: &Arguments) -> Vec<String> {
    Vec::new()
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let bug = bug(&arguments);
    // A panic of the broker is a finding; the default message would come from the middle of it.
    std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
    if arguments.log {
        let logs =
            tracing_subscriber::fmt().without_time().with_ansi(false).with_env_filter("debug,openraft=warn");
        logs.init();
    }
    if let Some(seed) = arguments.seed {
        let outcome = simulation::run(seed, Options { print: !arguments.json, bug });
        if arguments.json {
            println!("{}", serde_json::to_string(&outcome)?);
        } else {
            print_outcome(&outcome);
        }
        return Ok(if outcome.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let seeds = arguments.first..arguments.first.saturating_add(arguments.seeds);
    let outcomes = crowd::run(seeds, &bug_options(&arguments), bug.is_some())?;
    if bug.is_some() {
        return Ok(judge_planted(&outcomes));
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
    let bad = failed > 0 || (arguments.every_fault && unseen);
    Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
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

/// Prints how often what has happened; true if something never did.
fn print_summary(outcomes: &[Outcome]) -> bool {
    let sum = |field: fn(&Outcome) -> u64| outcomes.iter().map(field).sum::<u64>();
    println!(
        "{} seeds, {} simulated seconds, {} records acknowledged, {} read",
        outcomes.len(),
        sum(|outcome| outcome.simulated_ms) / 1000,
        sum(|outcome| outcome.acknowledged),
        sum(|outcome| outcome.read)
    );
    let mut counts: Vec<(&str, u64)> = Vec::new();
    for (place, (name, count)) in outcomes.iter().flat_map(|outcome| outcome.counts.iter().enumerate()) {
        match counts.get_mut(place) {
            Some((_, total)) => *total += count,
            None => counts.push((name, *count)),
        }
    }
    for (name, count) in &counts {
        println!("  {count:>8} {name}");
    }
    let unseen: Vec<_> = counts.iter().filter(|(_, count)| *count == 0).map(|(name, _)| *name).collect();
    if !unseen.is_empty() {
        println!("never happened: {}", unseen.join(", "));
    }
    !unseen.is_empty()
}
