//! `cargo xtask bench`: measures this broker beside Apache Kafka and other peers, interleaved in one run.
//!
//! The scenarios and their rules are in docs/benchmarks.md, which `--write` writes. Figures depend on the machine; the
//! ratios between brokers that ran in turn on one machine are what is worth reading.

mod connection;
mod delay_proxy;
mod disk_alone;
mod latency;
mod machine;
mod measure;
mod metrics;
pub(crate) mod null_broker;
mod page_cache;
mod rdkafka;
mod report;
mod runs;
mod scenario;
mod statistics;
mod subject;
mod tiered;
mod usage;

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::broker_process::{build_release, checkout};
use measure::Journal;
use page_cache::FreeMemory;
use rdkafka::RdkafkaPerformance;
use report::Section;
use scenario::{SCENARIOS, Scenario};
use subject::{Kafka, Ours, Peer, Subject};

/// Fewest repetitions whose median is published.
const REPETITIONS_MIN: usize = 5;
/// Repetitions of `--quick`, which is for a first look.
const REPETITIONS_QUICK: usize = 3;
/// By how much `--quick` shortens a run.
const QUICK_DIVISOR: u32 = 10;
/// Idle connections and data files need descriptors.
const OPEN_FILES: u64 = 12_000;

/// What the command line says.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArguments {
    /// Scenario by number or name, several of them, or `all`.
    #[arg(required = true)]
    scenarios: Vec<String>,
    /// Another running broker to measure: name=NAME,bootstrap=IP:PORT,pid=PID. May be repeated.
    #[arg(long = "peer", value_name = "PEER")]
    peers: Vec<Peer>,
    /// Repetitions of each measurement.
    #[arg(long, value_name = "N")]
    repetitions: Option<usize>,
    /// A tenth of the load and three repetitions: for a first look.
    #[arg(long, conflicts_with = "write")]
    quick: bool,
    /// Put the results into docs/benchmarks.md.
    #[arg(long)]
    write: bool,
    /// Do not measure Apache Kafka.
    #[arg(long)]
    no_kafka: bool,
    /// Take this binary instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// What the scenarios work with.
#[derive(Debug)]
pub(crate) struct Bench {
    quick: bool,
    repetitions: usize,
    ours: Ours,
    kafka: Option<Kafka>,
    peers: Vec<Peer>,
    directory: PathBuf,
    rdkafka: RdkafkaPerformance,
    free_memory: FreeMemory,
    /// Numbers topics and directories, so that no two share a name.
    used: Cell<u32>,
    journal: RefCell<Journal>,
}

impl Bench {
    /// A count, or with --quick a tenth of it.
    fn scaled(&self, count: u32) -> u32 {
        if self.quick { count / QUICK_DIVISOR } else { count }
    }

    fn number(&self) -> u32 {
        self.used.set(self.used.get() + 1);
        self.used.get()
    }

    /// A topic name that was not used before.
    fn topic(&self) -> String {
        format!("bench-{}", self.number())
    }

    /// A directory that was not used before.
    fn fresh_directory(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}-{}", self.number()))
    }

    /// Every broker to be compared, started on empty directories: ours first, then Kafka, then the peers.
    fn start_all(&self) -> Result<Vec<Subject>> {
        let mut subjects = vec![self.start_ours()?];
        subjects.extend(self.start_kafka()?);
        subjects.extend(self.peers.iter().map(Subject::elsewhere));
        Ok(subjects)
    }

    /// All of them and a null broker, the last: what the client can reach.
    fn start_all_and_null(&self) -> Result<Vec<Subject>> {
        let mut subjects = self.start_all()?;
        subjects.push(Subject::null()?);
        Ok(subjects)
    }

    fn start_ours(&self) -> Result<Subject> {
        self.ours.start(&self.fresh_directory(Ours::NAME)).context("cannot start this broker")
    }

    fn start_kafka(&self) -> Result<Option<Subject>> {
        let start = |kafka: &Kafka| kafka.start(&self.fresh_directory(Kafka::NAME));
        self.kafka.as_ref().map(start).transpose()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.directory) {
            eprintln!("bench: {} stays: {error}", self.directory.display());
        }
    }
}

/// Runs the scenarios, prints what they find, and writes it down if asked to.
pub(crate) fn run(arguments: &BenchArguments) -> Result<()> {
    let scenarios = chosen(&arguments.scenarios)?;
    let least = if arguments.quick { REPETITIONS_QUICK } else { REPETITIONS_MIN };
    let repetitions = arguments.repetitions.unwrap_or(least);
    ensure!(repetitions > 0, "--repetitions is at least 1");
    ensure!(
        !arguments.write || repetitions >= REPETITIONS_MIN,
        "what is published is the median of at least {REPETITIONS_MIN} repetitions"
    );
    let target = checkout().join("target/bench");
    let directory = target.join(format!("run-{}", std::process::id()));
    let binary = arguments.binary.clone().map_or_else(build_release, Ok)?;
    let rdkafka = RdkafkaPerformance::build(&target)?;
    fs::create_dir_all(&directory)?;
    machine::check_is_disk(&directory)?;
    raise_file_limit()?;
    let kafka = if arguments.no_kafka { None } else { Kafka::find() };
    if kafka.is_none() {
        println!("bench: without Apache Kafka: there is no ../shared/peers/kafka, or --no-kafka");
    }
    let bench = Bench {
        quick: arguments.quick,
        repetitions,
        ours: Ours { binary },
        kafka,
        peers: arguments.peers.clone(),
        free_memory: FreeMemory::new(&directory)?,
        directory,
        rdkafka,
        used: Cell::new(0),
        journal: RefCell::default(),
    };
    let facts = machine::facts(&bench.directory)?;
    println!("{facts}\n");
    run_all(&bench, &scenarios, &facts, arguments.write)
}

fn run_all(bench: &Bench, scenarios: &[&Scenario], facts: &str, write: bool) -> Result<()> {
    let mut failed = Vec::new();
    let start = Instant::now();
    for scenario in scenarios {
        let begin = Instant::now();
        let result = (scenario.run)(bench);
        let notes = bench.journal.borrow_mut().take();
        match result {
            Ok(mut section) => {
                section.notes.extend(notes);
                print!("{}{}", section.markdown(), section.overview());
                println!("bench: {} took {:.0} s\n", scenario.name, begin.elapsed().as_secs_f64());
                if write {
                    write_down(bench, facts, section)?;
                }
            }
            Err(error) => {
                eprintln!("bench: {} failed: {error:#}", scenario.name);
                failed.push(scenario.name);
            }
        }
    }
    println!("bench: all of it took {:.1} min", start.elapsed().as_secs_f64() / 60.0);
    ensure!(failed.is_empty(), "these scenarios failed: {}", failed.join(", "));
    Ok(())
}

fn write_down(bench: &Bench, facts: &str, section: Section) -> Result<()> {
    let path = checkout().join("docs/benchmarks.md");
    let existing = fs::read_to_string(&path).unwrap_or_default();
    let preface = scenario::preface(bench, facts)?;
    fs::write(&path, report::document(&existing, &preface, &[section]))?;
    Ok(())
}

fn chosen(wanted: &[String]) -> Result<Vec<&'static Scenario>> {
    if wanted.iter().any(|name| name == "all") {
        return Ok(SCENARIOS.iter().collect());
    }
    let mut scenarios = Vec::new();
    for name in wanted {
        let named = |scenario: &&Scenario| scenario.name == name || scenario.number.to_string() == *name;
        match SCENARIOS.iter().find(named) {
            Some(scenario) => scenarios.push(scenario),
            None => {
                let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
                bail!("no scenario {name}; there are: {}", names.join(", "));
            }
        }
    }
    Ok(scenarios)
}

fn raise_file_limit() -> Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < OPEN_FILES) {
        limit.current = limit.maximum;
        setrlimit(Resource::Nofile, limit).context("cannot raise the limit on open files")?;
    }
    Ok(())
}
