//! The broker's command line.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use broker_config::keys::ENVIRONMENT_PREFIX;
use broker_config::{Config, ConfigFile};
use clap::Parser;
use highwater_broker::recover::command::{self, RecoverArguments};
use highwater_broker::startup;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A Kafka-compatible broker that fsyncs before it acknowledges.
///
/// Without arguments it keeps data under ./highwater-data, serves Kafka clients on 127.0.0.1:9092 and HTTP (/metrics,
/// /healthz, /readyz) on 127.0.0.1:9644. Settings have Kafka's names; they come, later ones winning, from --config,
/// from the environment (HIGHWATER_ and the key in capitals, dots as underscores: HIGHWATER_NUM_PARTITIONS=3), and
/// from --set.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// File of settings in the syntax of Kafka's server.properties.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// One setting, for example --set num.partitions=3; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", global = true)]
    sets: Vec<String>,
    /// Print every setting with its value, source and meaning, and stop.
    #[arg(long)]
    print_config: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Rebuild a data directory from an object store.
    ///
    /// For a broker that has lost its disk. Everything that was copied comes back: topics with their ids and settings,
    /// records, committed offsets. A report on standard output says what that is. The broker's other settings, node.id and
    /// those of the object store among them, come as they do for the broker. If the old broker still lives, it stops
    /// writing to the object store.
    Recover(RecoverArguments),
}

fn main() -> ExitCode {
    // The allocator asks for huge pages, of which an idle broker would fill a fifth. If the kernel refuses to turn them
    // off, the broker only takes more memory.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told that nobody could be told.
            let _ = writeln!(std::io::stderr(), "highwater-broker: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (config, warnings) = load(arguments)?;
    if arguments.print_config {
        // A reader that has seen enough, such as head, is no error.
        let _ = std::io::stdout().write_all(config.print().as_bytes());
        for warning in &warnings {
            let _ = writeln!(std::io::stderr(), "highwater-broker: warning: {warning}");
        }
        return Ok(());
    }
    match &arguments.command {
        Some(Command::Recover(recovery)) => command::run(&config, &warnings, recovery),
        None => startup::run(Arc::new(config), &warnings),
    }
}

fn load(arguments: &Arguments) -> anyhow::Result<(Config, Vec<broker_config::Warning>)> {
    let contents = match &arguments.config {
        Some(path) => {
            Some(std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?)
        }
        None => None,
    };
    let name = arguments.config.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let file = contents.as_deref().map(|contents| ConfigFile { name: &name, contents });
    Ok(Config::load(file, environment()?, &arguments.sets)?)
}

/// The variables that may be settings. What others hold is their own affair, text or not.
fn environment() -> anyhow::Result<Vec<(String, String)>> {
    let ours = |name: &OsString| name.as_encoded_bytes().starts_with(ENVIRONMENT_PREFIX.as_bytes());
    std::env::vars_os()
        .filter(|(name, _)| ours(name))
        .map(|(name, value)| {
            let variable = name.to_string_lossy().into_owned();
            let value = value.into_string();
            let value = value.map_err(|_| anyhow!("environment variable {variable}: expected UTF-8 text"))?;
            Ok((variable, value))
        })
        .collect()
}
