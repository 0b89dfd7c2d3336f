//! `cargo xtask chart`: proves the Helm chart by everything that can be asked without a node: `helm lint`, unit tests of the
//! templates, the rules of `lint.rs`, an API server, promtool, the metrics of a running broker, and a Prometheus that reads them.
//!
//! Tools that are not installed are fetched or built into target/chart/bin (`tools.rs`). What cannot be had is skipped and
//! named; with CI=true that is an error.

mod dashboards;
mod exporters;
mod lint;
mod load;
mod prometheus;
mod promql;
mod render;
mod rules;
mod server;
mod tools;
mod values_table;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::broker_process::{build_release, checkout};
use tools::Tools;

/// Where the chart lies, below the checkout.
pub(crate) const CHART: &str = "charts/highwater";
/// The oldest Kubernetes that the chart takes: what is rendered without a server is rendered for it.
const KUBE_VERSION: &str = "1.33.0";

/// The workspace's version, which the chart has, too.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the command line says.
#[derive(Debug, clap::Args)]
pub(crate) struct ChartArguments {
    /// Take this broker instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Read the metrics of the operator that runs here, too, instead of the list of what it has.
    #[arg(long, value_name = "ADDRESS")]
    operator: Option<SocketAddr>,
    /// Write the table of values in the chart's README instead of comparing it.
    #[arg(long)]
    write: bool,
    /// Leave out the API server.
    #[arg(long)]
    no_server: bool,
}

/// What became of a step.
enum Done {
    /// It passed; what it looked at.
    Passed(String),
    /// What it needs is not there.
    Skipped(String),
}

type Step<'a> = (&'static str, Box<dyn Fn() -> Result<Done> + 'a>);

/// Runs all steps, each to its end, and fails if one has.
///
/// # Errors
/// A step failed; or, with CI=true, what it needs is not there.
pub(crate) fn run(arguments: &ChartArguments) -> Result<()> {
    let tools = match Tools::find() {
        Ok(tools) => tools,
        // No package index has helm: where nobody has installed it, its absence is no fault of the chart.
        Err(error) if !checkout().join("../shared/cluster").is_dir() => {
            println!("chart: skipped, {error:#}");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if arguments.write {
        values_table::write(&tools)?;
    }
    let is_ci = std::env::var("CI").as_deref() == Ok("true");
    let mut failed = Vec::new();
    for (name, step) in steps(arguments, &tools) {
        let began = Instant::now();
        let outcome = step();
        let seconds = began.elapsed().as_secs_f64();
        match outcome {
            Ok(Done::Passed(what)) => println!("chart: {name}: {what} ({seconds:.1} s)"),
            Ok(Done::Skipped(why)) if !is_ci => println!("chart: {name}: skipped, {why}"),
            Ok(Done::Skipped(why)) => failed.push(format!("{name}: {why}")),
            Err(error) => failed.push(format!("{name}: {error:#}")),
        }
    }
    for failure in &failed {
        eprintln!("chart: {failure}");
    }
    ensure!(failed.is_empty(), "{} steps failed", failed.len());
    Ok(())
}

fn steps<'a>(arguments: &'a ChartArguments, tools: &'a Tools) -> Vec<Step<'a>> {
    let mut steps: Vec<Step<'a>> = vec![
        ("helm lint", Box::new(|| helm_lint(tools))),
        ("unit tests", Box::new(|| unit_tests(tools))),
        ("values", Box::new(|| values_table::check(tools).map(Done::Passed))),
        ("rules of the house", Box::new(|| lint_step(tools))),
        ("alerts", Box::new(|| rules::check(tools))),
        ("metrics", Box::new(|| metrics(arguments, tools))),
    ];
    if !arguments.no_server {
        steps.push(("API server", Box::new(|| server::check(tools))));
    }
    steps
}

fn helm_lint(tools: &Tools) -> Result<Done> {
    let chart = checkout().join(CHART);
    tools.helm(&["lint", "--strict", "--kube-version", KUBE_VERSION, &chart.to_string_lossy()])?;
    for (name, values) in render::CASES {
        render::manifests(tools, values).with_context(|| format!("values of case {name}"))?;
    }
    let text = std::fs::read_to_string(chart.join("Chart.yaml"))?;
    let described = render::parse_one(tools, &text)?;
    for key in ["version", "appVersion"] {
        ensure!(described[key] == VERSION, "{key} in Chart.yaml is not the workspace's, {VERSION}");
    }
    ensure!(
        text.matches(&format!(":{VERSION}\n")).count() == 2,
        "Chart.yaml names images of another version"
    );
    Ok(Done::Passed(format!("and {} sets of values render", render::CASES.len())))
}

fn unit_tests(tools: &Tools) -> Result<Done> {
    let Some(binary) = tools.unittest()? else {
        return Ok(Done::Skipped("neither helm-unittest nor go is there to build it".to_owned()));
    };
    let chart = checkout().join(CHART);
    let printed = tools::output(std::process::Command::new(binary).arg(chart))?;
    let line = printed.lines().find(|line| line.starts_with("Tests:")).unwrap_or_default();
    Ok(Done::Passed(line.trim_start_matches("Tests:").trim().to_owned()))
}

fn lint_step(tools: &Tools) -> Result<Done> {
    let mut objects = 0;
    let mut violations = Vec::new();
    for (name, values) in render::CASES {
        let documents = render::documents(tools, values)?;
        objects += documents.len();
        violations.extend(lint::check(&documents).into_iter().map(|line| format!("case {name}: {line}")));
    }
    ensure!(violations.is_empty(), "{}", violations.join("\n"));
    Ok(Done::Passed(format!("{objects} objects")))
}

/// Every metric and label that dashboards and rules name is exported; and where there is a Prometheus, every query has data.
fn metrics(arguments: &ChartArguments, tools: &Tools) -> Result<Done> {
    let dashboards = dashboards::read()?;
    let rules = rules::read(tools)?;
    let binary = arguments.binary.clone().map_or_else(build_release, Ok)?;
    let loaded = load::start(&binary)?;
    let mut known = exporters::Exporters::of_page(&crate::scrape::page(loaded.http)?);
    match arguments.operator {
        Some(operator) => known.add_page(&crate::scrape::page(operator)?),
        None => known.add_operator(),
    }
    known.add_recorded(&rules);
    let mut wrong = Vec::new();
    for query in dashboards.iter().chain(rules.iter().map(|rule| &rule.query)) {
        wrong.extend(known.unknown(query));
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    let names = known.len();
    let Some(prometheus) = tools.prometheus()? else {
        return Ok(Done::Skipped(format!("no Prometheus to ask; all names are among {names} exported ones")));
    };
    let asked = prometheus::ask(&prometheus, &loaded, arguments.operator, &dashboards, &rules)?;
    loaded.stop()?;
    Ok(Done::Passed(format!("{names} names; {asked}")))
}
