//! `cargo xtask tools`: runs Apache Kafka's command line tools, unchanged, against a release broker of this checkout.
//!
//! The tools come from `../shared/peers/kafka`. Every call says what its output must hold; the calls build upon each
//! other. At the end the broker is stopped and Kafka's dump tool reads the files that it leaves.

mod calls;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::broker_process::{BrokerOptions, BrokerProcess, build_release, checkout, free_address};
use calls::{AFTER_STOP, Call, ONLINE};

/// How long one call may take; most of it is the start of a JVM.
const CALL_LIMIT: Duration = Duration::from_secs(120);
/// Pause between two looks at a call.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// What `kafka-delete-records.sh` reads.
const DELETE_RECORDS: &str =
    r#"{"partitions": [{"topic": "orders", "partition": 0, "offset": 10}], "version": 1}"#;

/// What the command line says.
#[derive(Debug, clap::Args)]
pub(crate) struct ToolsArguments {
    /// Take this binary instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Runs all calls.
///
/// # Errors
/// A call fails, takes too long, or its output lacks what it must hold; or, with CI=true, there is no Kafka.
pub(crate) fn run(arguments: &ToolsArguments) -> Result<()> {
    let script = checkout().join("../shared/peers/kafka");
    if !script.is_file() {
        ensure!(std::env::var("CI").as_deref() != Ok("true"), "no Kafka tools at {}", script.display());
        println!("tools: not run, there is no {}", script.display());
        return Ok(());
    }
    let binary = arguments.binary.clone().map_or_else(build_release, Ok)?;
    let directory = checkout().join("target/tools");
    if directory.exists() {
        fs::remove_dir_all(&directory).with_context(|| directory.display().to_string())?;
    }
    let address = free_address()?;
    let settings = [
        ("group.initial.rebalance.delay.ms", "0"),
        ("log.cleaner.backoff.ms", "100"),
        ("highwater.checkpoint.interval.ms", "500"),
    ];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let environment = Vec::new();
    let options = BrokerOptions { binary, address, directory: directory.clone(), settings, environment };
    let mut broker = BrokerProcess::start(&options)?;
    fs::write(directory.join("delete-records.json"), DELETE_RECORDS)?;
    let tools = Tools { script, bootstrap: address.to_string(), directory };
    for call in ONLINE {
        tools.check(call)?;
        broker.check_alive()?;
    }
    broker.stop()?;
    for call in AFTER_STOP {
        tools.check(call)?;
    }
    println!("tools: {} calls gave what they should", ONLINE.len() + AFTER_STOP.len());
    Ok(())
}

/// Where the tools are and what they talk to.
struct Tools {
    script: PathBuf,
    bootstrap: String,
    directory: PathBuf,
}

impl Tools {
    fn check(&self, call: &Call) -> Result<()> {
        let line = call.line.replace("{bootstrap}", &self.bootstrap);
        let begin = Instant::now();
        let output = self.output(&line, call.input).with_context(|| line.clone())?;
        if let Some(missing) = call.missing_in(&output) {
            bail!("{line}\nprinted nothing like {missing:?}, but:\n{output}");
        }
        println!("tools: {line}: {:.1} s", begin.elapsed().as_secs_f64());
        Ok(())
    }

    /// Both outputs of a call that succeeds.
    fn output(&self, line: &str, input: &str) -> Result<String> {
        let path = self.directory.join("output");
        let kept = fs::File::create(&path)?;
        let mut child = Command::new(&self.script)
            .arg("cli")
            .args(line.split_whitespace())
            .current_dir(&self.directory)
            .stdin(Stdio::piped())
            .stdout(kept.try_clone()?)
            .stderr(kept)
            .spawn()?;
        let mut stdin = child.stdin.take().context("stdin is piped")?;
        stdin.write_all(input.as_bytes())?;
        drop(stdin);
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if begin.elapsed() > CALL_LIMIT {
                child.kill()?;
                child.wait()?;
                bail!("took more than {} s and printed:\n{}", CALL_LIMIT.as_secs(), read(&path)?);
            }
            thread::sleep(LOOK_INTERVAL);
        };
        let output = read(&path)?;
        ensure!(status.success(), "{status}:\n{output}");
        Ok(output)
    }
}

fn read(path: &Path) -> Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
}
