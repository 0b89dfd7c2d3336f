//! `cargo xtask e2e`: builds images of the broker, the operator and a client, loads them, installs the chart, runs the tests of
//! `e2e/`, prints a table of scenarios with seconds, and takes the chart away.
//!
//! The cluster is the one of KUBECONFIG, and E2E_LOAD the command that loads an image's archive: `kind load image-archive`.
//! Without KUBECONFIG, `../shared/cluster` is brought up and taken down again, if it is there.

mod images;
mod table;

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::broker_process::checkout;

/// Namespace of the operator; the tests know it by the same name.
const SYSTEM: &str = "highwater-system";
/// Name of the release.
const RELEASE: &str = "highwater";
/// Test programs, and how many tests of each run at once: `alone` does to the operator what others would feel.
const PROGRAMS: [(&str, &str); 2] = [("shared", "6"), ("alone", "1")];
/// Tests that only `--all` runs: the rest takes less than 8 minutes.
const LONG: [&str; 4] = [
    "a_release_goes_and_comes_and_clusters_run_on",
    "a_roll_and_a_reset_end_although_the_operator_is_killed_twice",
    "a_topic_that_may_not_be_deleted_says_so_and_goes_once_it_may",
    "an_operator_of_one_namespace_needs_no_cluster_role",
];

/// What the command line says.
#[derive(Debug, clap::Args)]
pub(crate) struct E2eArguments {
    /// Run the long tests, too.
    #[arg(long)]
    all: bool,
    /// Run only tests whose names contain this; may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Try debug builds: quicker to make, of no use for figures.
    #[arg(long)]
    debug: bool,
    /// The images are loaded already.
    #[arg(long)]
    no_images: bool,
    /// Leave the chart installed.
    #[arg(long)]
    keep: bool,
    /// Write the table into docs/e2e.md.
    #[arg(long)]
    write: bool,
}

/// The cluster that was brought up here; it goes with the value.
struct OwnCluster;

impl Drop for OwnCluster {
    /// Of what does not stop, `down` tells itself.
    fn drop(&mut self) {
        let _ = Command::new(cluster_tool()).arg("down").status();
    }
}

fn cluster_tool() -> PathBuf {
    checkout().join("../shared/cluster/cluster")
}

/// What children find in their environment to reach the cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach {
    variables: Vec<(String, String)>,
    /// The command that loads an archive.
    load: String,
}

impl Reach {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(checkout()).envs(self.variables.iter().cloned());
        command
    }
}

/// Runs the tests.
///
/// # Errors
/// A test failed, or what it needs cannot be had.
pub(crate) fn run(arguments: &E2eArguments) -> Result<()> {
    let (reach, own) = reach()?;
    if !arguments.no_images {
        images::make_and_load(&reach, arguments.debug)?;
    }
    let results = checkout().join("target/e2e/results");
    if results.exists() {
        std::fs::remove_file(&results)?;
    }
    let began = Instant::now();
    let chart = ["upgrade", "--install", RELEASE, "charts/highwater", "-n", SYSTEM, "--create-namespace"];
    succeed(reach.command("helm").args(chart).arg("--wait"))?;
    println!("figure: helm install to a ready operator {:.1} s", began.elapsed().as_secs_f64());
    let passed = tests(&reach, arguments);
    let table = table::of(&results)?;
    println!("\n{table}");
    if arguments.write {
        table::write(&table)?;
    }
    if !arguments.keep {
        succeed(reach.command("helm").args(["uninstall", RELEASE, "-n", SYSTEM, "--wait"]))?;
    }
    drop(own);
    passed
}

/// The cluster that is meant, and the guard of one that was brought up here.
fn reach() -> Result<(Reach, Option<OwnCluster>)> {
    if std::env::var_os("KUBECONFIG").is_some() {
        let load = std::env::var("E2E_LOAD").unwrap_or_default();
        return Ok((Reach { variables: Vec::new(), load }, None));
    }
    let tool = cluster_tool();
    ensure!(tool.is_file(), "KUBECONFIG names no cluster: see docs/e2e.md");
    let own = OwnCluster;
    let output = Command::new(&tool).args(["up", "--nodes", "2"]).output().context("the cluster tool")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the cluster did not come up: {told}");
    let path = std::env::var("PATH").unwrap_or_default();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let exported = text.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
    let variables = exported.map(|(name, value)| {
        let value = value.trim_matches(|quote| quote == '"' || quote == '\'').replace("$PATH", &path);
        (name.to_owned(), value)
    });
    let load = format!("{} load", tool.display());
    Ok((Reach { variables: variables.collect(), load }, Some(own)))
}

/// Runs the test programs one after another; the second runs although the first has failed.
fn tests(reach: &Reach, arguments: &E2eArguments) -> Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut failed = Vec::new();
    for (program, at_once) in PROGRAMS {
        let mut command = reach.command(&cargo);
        command.args(["test", "--locked", "-p", "e2e", "--test", program, "--", "--ignored", "--nocapture"]);
        command.args(["--test-threads", at_once]).args(&arguments.only);
        if !arguments.all && arguments.only.is_empty() {
            command.args(LONG.iter().flat_map(|name| ["--skip", name]));
        }
        if !command.status().context("cargo cannot be run")?.success() {
            failed.push(program);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!("tests of {} failed; what they left is in target/e2e", failed.join(" and "))
}

/// Runs a command that has to succeed; what it says is shown if it does not.
fn succeed(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{program} cannot be run"))?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{program}: {}\n{out}{err}", output.status);
    Ok(())
}
