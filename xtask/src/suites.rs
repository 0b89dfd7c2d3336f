//! `cargo xtask suites`: runs other projects' client tests against a broker of this checkout and compares the results
//! with those of Apache Kafka.
//!
//! The suites live beside this checkout, in `../shared/suites`, and build themselves at their first run. Every suite gets
//! a broker of its own on a fresh directory under `target/suites`.

mod plan;
mod results;
mod table;

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::broker_process::{BrokerOptions, BrokerProcess, build_release, checkout, free_address};
use crate::bucket_server::BucketServer;
use crate::scrape;
use plan::{Call, Selection, Tests};
use results::{Outcome, Results, Skips, Verdict, judge, parse_results, parse_skips};

/// Runs of a failed test, as for the baselines: several tests have time limits that a busy machine misses.
const ATTEMPTS_MAX: u32 = 3;

/// Age at which active segments are copied, with --tiered: tests read much that is older.
const ROLL: Duration = Duration::from_secs(1);

/// What the command line says.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct SuitesArguments {
    /// Suites to run: librdkafka, franz-go, rdkafka-rust, streams-smoke. All if none is named.
    names: Vec<String>,
    /// Run what CI runs: franz-go, rdkafka-rust and librdkafka's short tests. docs/conformance.md stays as it is.
    #[arg(long)]
    pub(crate) ci: bool,
    /// Hand this to the suite's own --only; docs/conformance.md stays as it is. Wants exactly one suite.
    #[arg(long, value_name = "TESTS")]
    only: Option<String>,
    /// Copy every topic to an object store, and keep next to nothing on the disk; docs/conformance.md stays as it is.
    #[arg(long)]
    tiered: bool,
    /// Take this binary instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// One suite: what its broker needs and how it runs.
struct Suite {
    name: &'static str,
    /// A fixed address, if the suite takes no other.
    address: Option<&'static str>,
    settings: &'static [(&'static str, &'static str)],
    in_ci: bool,
    selection: Selection,
}

/// librdkafka comes first: it installs the libraries that rdkafka-rust links against.
const SUITES: [Suite; 4] = [
    Suite {
        name: "librdkafka",
        address: None,
        settings: &LIBRDKAFKA_SETTINGS,
        in_ci: true,
        selection: Selection::Numbers,
    },
    Suite {
        name: "franz-go",
        address: None,
        settings: &CLIENT_SETTINGS,
        in_ci: true,
        selection: Selection::GoTests,
    },
    Suite {
        name: "rdkafka-rust",
        address: Some("127.0.0.1:9092"),
        settings: &[("node.id", "0"), ("num.partitions", "3"), ("group.initial.rebalance.delay.ms", "0")],
        in_ci: true,
        selection: Selection::Substring,
    },
    Suite {
        name: "streams-smoke",
        address: None,
        settings: &CLIENT_SETTINGS,
        in_ci: false,
        selection: Selection::OneName,
    },
];

/// What the suites take for granted, as in the settings of the Kafka that made the baselines.
const CLIENT_SETTINGS: [(&str, &str); 5] = [
    ("node.id", "1"),
    ("broker.rack", "RACK1"),
    ("num.partitions", "4"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("group.min.session.timeout.ms", "500"),
];

/// As above but for the delay. 0089, 0102 and 0118 take for granted that two consumers that subscribe one after the other
/// are in the group's first generation together. Without a delay that hangs on when each client finds its coordinator,
/// 50 ms apart or not at all; a broker that assigns within 10 ms does not wait for the second.
const LIBRDKAFKA_SETTINGS: [(&str, &str); 5] = [
    ("node.id", "1"),
    ("broker.rack", "RACK1"),
    ("num.partitions", "4"),
    ("group.initial.rebalance.delay.ms", "200"),
    ("group.min.session.timeout.ms", "500"),
];

/// Runs the suites; an error if a test is behind Kafka, or passes although it is skipped.
pub(crate) fn run(arguments: &SuitesArguments) -> Result<()> {
    let home = checkout().join("../shared/suites");
    if !home.is_dir() {
        ensure!(std::env::var("CI").as_deref() != Ok("true"), "no client suites at {}", home.display());
        println!("suites: not run, there is no {}", home.display());
        return Ok(());
    }
    let suites = chosen(arguments)?;
    let skips_path = checkout().join("docs/conformance-skip.tsv");
    let skips = fs::read_to_string(&skips_path).map_err(Into::into).and_then(|text| parse_skips(&text));
    let skips = skips.with_context(|| skips_path.display().to_string())?;
    let binary = arguments.binary.clone().map_or_else(build_release, Ok)?;

    let whole = !arguments.ci && !arguments.tiered && arguments.only.is_none();
    let mut bad = Vec::new();
    for suite in suites {
        let begin = Instant::now();
        let run = SuiteRun { suite, home: home.join(suite.name), skips: &skips, binary: binary.clone() };
        let baseline = run.baseline()?;
        let (results, verdict) = run.run(&baseline, arguments)?;
        let passed = results.values().filter(|(outcome, _)| *outcome == Outcome::Pass).count();
        println!(
            "suites: {} passed {passed} of {} tests, {:.0} s",
            suite.name,
            results.len(),
            begin.elapsed().as_secs_f64()
        );
        print_verdict(suite.name, &verdict);
        if !verdict.is_good() {
            bad.push(suite.name);
        }
        if whole {
            write_table(suite.name, &baseline, &results, &skips)?;
        }
    }
    ensure!(
        bad.is_empty(),
        "client suites differ from what docs/conformance-skip.tsv allows: {}",
        bad.join(", ")
    );
    Ok(())
}

fn chosen(arguments: &SuitesArguments) -> Result<Vec<&'static Suite>> {
    for name in &arguments.names {
        let known: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        ensure!(
            known.contains(&name.as_str()),
            "unknown suite {name:?}, expected one of {}",
            known.join(", ")
        );
    }
    let named = |suite: &&Suite| match arguments.names.as_slice() {
        [] => !arguments.ci || suite.in_ci,
        names => names.iter().any(|name| name == suite.name),
    };
    let chosen: Vec<&Suite> = SUITES.iter().filter(named).collect();
    ensure!(arguments.only.is_none() || chosen.len() == 1, "--only wants exactly one suite");
    Ok(chosen)
}

fn print_verdict(suite: &str, verdict: &Verdict) {
    for test in &verdict.chance {
        println!(
            "suites: {suite} {test} does not pass; with Kafka that is chance too, see docs/conformance.md"
        );
    }
    for test in &verdict.behind {
        println!("suites: {suite} {test} does not pass, Kafka passes it");
    }
    for test in &verdict.skipped_but_passing {
        println!("suites: {suite} {test} passes, so docs/conformance-skip.tsv must not name it");
    }
}

fn write_table(suite: &str, baseline: &Results, results: &Results, skips: &Skips) -> Result<()> {
    let path = checkout().join("docs/conformance.md");
    let mut table = table::parse(&fs::read_to_string(&path).unwrap_or_default());
    table::update(&mut table, suite, baseline, results);
    fs::write(&path, table::render(&table, skips)).with_context(|| path.display().to_string())
}

/// One suite with all it needs.
struct SuiteRun<'a> {
    suite: &'static Suite,
    home: PathBuf,
    skips: &'a Skips,
    binary: PathBuf,
}

impl SuiteRun<'_> {
    /// The results of one Kafka node: the file whose name ends with its version.
    fn baseline(&self) -> Result<Results> {
        let files = fs::read_dir(&self.home).with_context(|| self.home.display().to_string())?;
        for file in files {
            let path = file?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let version = name.strip_prefix("baseline-kafka-").and_then(|rest| rest.strip_suffix(".tsv"));
            if version.is_some_and(|version| !version.contains('-')) {
                return parse_results(&fs::read_to_string(&path)?)
                    .with_context(|| path.display().to_string());
            }
        }
        bail!("{} has no baseline of one Kafka node", self.home.display())
    }

    fn run(&self, baseline: &Results, arguments: &SuitesArguments) -> Result<(Results, Verdict)> {
        let directory = checkout().join("target/suites").join(self.suite.name);
        if directory.exists() {
            fs::remove_dir_all(&directory).with_context(|| directory.display().to_string())?;
        }
        let address = self.suite.address.map_or_else(free_address, |address| Ok(address.parse()?))?;
        let settings =
            self.suite.settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let (binary, settings) = (self.binary.clone(), settings.collect());
        let mut options = BrokerOptions { binary, address, directory, settings, environment: Vec::new() };
        let bucket = if arguments.tiered { Some(BucketServer::start(&options.directory)?) } else { None };
        if let Some(bucket) = &bucket {
            bucket.tier_everything(&mut options, ROLL);
        }
        let http = free_address()?;
        options.settings.push(("highwater.http.listener".to_owned(), http.to_string()));
        let mut broker = BrokerProcess::start(&options)?;

        let calls = match &arguments.only {
            Some(only) => vec![Call { only: Some(only.clone()), timeout_s: None }],
            None => {
                self.suite.selection.plan(&self.wanted(baseline, arguments), |test| self.is_skipped(test))
            }
        };
        let mut results = Results::new();
        for call in &calls {
            results.extend(self.call(address, call, &options.directory)?);
            broker.check_alive()?;
        }

        // With --only, what ran is what was asked for.
        let ran: BTreeSet<String> = results.keys().cloned().collect();
        let wanted = self.wanted(baseline, arguments);
        let selected = |test: &str| match arguments.only {
            Some(_) => ran.contains(test),
            None => wanted.contains_key(test),
        };
        let mut verdict = judge(self.suite.name, baseline, &results, self.skips, selected);
        for _ in 1..ATTEMPTS_MAX {
            let again = wanted.iter().filter(|(test, _)| verdict.is_worth_a_retry(test));
            let again: Tests<'_> = again.map(|(test, seconds)| (*test, *seconds)).collect();
            if again.is_empty() {
                break;
            }
            self.retry(address, &again, &mut results, &options.directory)?;
            broker.check_alive()?;
            verdict = judge(self.suite.name, baseline, &results, self.skips, selected);
        }
        if bucket.is_some() {
            let copies = scrape::sum(&scrape::page(http)?, "highwater_remote_copies_total");
            println!("suites: {} had {copies} segments copied", self.suite.name);
            ensure!(copies > 0.0, "nothing was copied: the run proves nothing about tiered storage");
        }
        broker.stop()?;
        if !verdict.is_good() {
            println!("suites: broker log: {}", options.log_path().display());
        }
        Ok((results, verdict))
    }

    /// The tests to run and to judge.
    fn wanted<'a>(&self, baseline: &'a Results, arguments: &SuitesArguments) -> Tests<'a> {
        let limit = if arguments.ci { self.suite.selection.ci_seconds_max() } else { f64::INFINITY };
        let all = baseline.iter().map(|(test, (_, seconds))| (test.as_str(), *seconds));
        all.filter(|(_, seconds)| *seconds < limit).collect()
    }

    fn is_skipped(&self, test: &str) -> bool {
        self.skips.contains_key(&(self.suite.name.to_owned(), test.to_owned()))
    }

    /// Runs the tests again; what passes now counts.
    fn retry(
        &self,
        address: SocketAddr,
        tests: &Tests<'_>,
        results: &mut Results,
        directory: &Path,
    ) -> Result<()> {
        let names: Vec<&str> = tests.keys().copied().collect();
        println!("suites: {} once more: {}", self.suite.name, names.join(" "));
        for call in self.suite.selection.calls(tests) {
            for (test, result) in self.call(address, &call, directory)? {
                if result.0 == Outcome::Pass || !results.contains_key(&test) {
                    results.insert(test, result);
                }
            }
        }
        Ok(())
    }

    /// One call of the suite's `run`. That tests failed is in its results, not an error.
    fn call(&self, address: SocketAddr, call: &Call, directory: &Path) -> Result<Results> {
        // A file of its own for each call: the suite keeps its logs beside it.
        let files = (1..).map(|number| directory.join(format!("results-{number}.tsv")));
        let out = files.into_iter().find(|file| !file.exists()).context("no free file name")?;
        let mut command = Command::new(self.home.join("run"));
        command.arg(address.to_string()).arg("--out").arg(&out);
        if let Some(only) = &call.only {
            command.arg("--only").arg(only);
        }
        if let Some(seconds) = call.timeout_s {
            command.arg("--timeout").arg(seconds.to_string());
        }
        let status = command.status().with_context(|| format!("cannot run {}/run", self.home.display()))?;
        let text = fs::read_to_string(&out);
        let text = text.with_context(|| format!("{} wrote no results ({status})", self.suite.name))?;
        parse_results(&text).with_context(|| out.display().to_string())
    }
}
