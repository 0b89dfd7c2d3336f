//! Developer commands: `cargo xtask <command>`.

mod bench;
mod broker_process;
mod bucket_check;
mod bucket_server;
mod chart;
mod check;
mod coverage;
mod e2e;
mod r#gen;
mod kill9;
mod scrape;
mod settings_reference;
mod sim;
mod suites;
mod tidy;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Developer commands of Highwater.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure this broker beside Apache Kafka and other peers.
    Bench(bench::BenchArguments),
    /// Try every promise that tiering needs of an object store, and print a table.
    BucketCheck(bucket_check::BucketCheckArguments),
    /// Prove the Helm chart: templates, access rights, alerts, dashboards, on an API server and by a Prometheus.
    Chart(chart::ChartArguments),
    /// Tell which tests prove which faults, from what `cargo xtask test` ran, in docs/coverage.md.
    Coverage(coverage::CoverageArguments),
    /// Run the end-to-end tests on a Kubernetes, and print a table of scenarios.
    E2e(e2e::E2eArguments),
    /// Run everything that must hold before a commit: format, clippy, tidy, generated files, all tests.
    Test,
    /// Generate the Kafka messages, API keys and error codes from their schema, the protobuf messages from theirs, the
    /// custom resources from their types, and the reference of all settings.
    Gen {
        /// Change nothing; fail if a generated file differs from what is committed.
        #[arg(long)]
        check: bool,
    },
    /// Kill a loaded broker again and again, and prove that nothing acknowledged was lost, moved or doubled.
    Kill9(kill9::Kill9Arguments),
    /// A broker that acknowledges everything and keeps nothing: started by `bench`, for what a client can reach.
    #[command(hide = true, name = bench::null_broker::COMMAND)]
    NullBroker,
    /// Run a whole broker under simulated faults, and prove that the simulation finds planted bugs.
    Sim(sim::SimArguments),
    /// Run other projects' client tests against this broker and compare with Apache Kafka's results.
    Suites(suites::SuitesArguments),
    /// Check the rules of the house that no compiler checks: sizes, names, headers, words, links.
    Tidy,
    /// Run Apache Kafka's command line tools against this broker.
    Tools(tools::ToolsArguments),
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Bench(arguments) => bench::run(&arguments),
        Command::BucketCheck(arguments) => bucket_check::run(&arguments),
        Command::Chart(arguments) => chart::run(&arguments),
        Command::Coverage(arguments) => coverage::run(&arguments),
        Command::E2e(arguments) => e2e::run(&arguments),
        Command::Test => check::run(),
        Command::Gen { check } => r#gen::run(check)
            .and_then(|()| r#gen::protobuf::run(check))
            .and_then(|()| r#gen::resources::run(check))
            .and_then(|()| settings_reference::run(check)),
        Command::Kill9(arguments) => kill9::run(&arguments),
        Command::NullBroker => bench::null_broker::serve(),
        Command::Sim(arguments) => sim::run(&arguments),
        Command::Suites(arguments) => suites::run(&arguments),
        Command::Tidy => tidy::run(),
        Command::Tools(arguments) => tools::run(&arguments),
    }
}
