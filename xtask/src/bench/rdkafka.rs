//! librdkafka's `rdkafka_performance`, built from the sources that Cargo fetched for the crate rdkafka-sys.
//!
//! It prints one line of totals at the end; that line is all that is read from it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::subject::Subject;
use crate::broker_process::checkout;

/// Options of librdkafka for batched producing: 5 ms to fill a batch, a queue that outlasts a slow broker.
pub(crate) const BATCHED: [&str; 4] = ["-X", "linger.ms=5", "-X", "queue.buffering.max.messages=1000000"];
/// Options of librdkafka for one record per request.
pub(crate) const UNBATCHED: [&str; 4] = ["-X", "linger.ms=0", "-X", "batch.num.messages=1"];
/// Options for consuming what the page cache holds.
pub(crate) const CONSUME: [&str; 4] =
    ["-X", "fetch.message.max.bytes=1048576", "-X", "queued.min.messages=1000000"];
/// Parts of librdkafka that talk to brokers without encryption need none of these.
const CONFIGURE: [&str; 5] =
    ["--disable-gssapi", "--disable-ssl", "--disable-curl", "--disable-zstd", "--disable-lz4-ext"];

/// The built program.
#[derive(Debug, Clone)]
pub(crate) struct RdkafkaPerformance {
    program: PathBuf,
}

/// One run's totals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Throughput {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    pub(crate) milliseconds: u64,
}

impl Throughput {
    /// Messages per second.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 messages and milliseconds")]
    pub(crate) fn messages_per_s(&self) -> f64 {
        self.messages as f64 * 1000.0 / self.milliseconds.max(1) as f64
    }

    /// Megabytes (10^6) per second.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 bytes and milliseconds")]
    pub(crate) fn megabytes_per_s(&self) -> f64 {
        self.bytes as f64 / 1000.0 / self.milliseconds.max(1) as f64
    }
}

impl RdkafkaPerformance {
    /// Builds the program below `target`, unless that was done before.
    pub(crate) fn build(target: &Path) -> Result<Self> {
        let copy = target.join("librdkafka");
        let program = copy.join("examples/rdkafka_performance");
        if program.is_file() {
            return Ok(Self { program });
        }
        println!("bench: building rdkafka_performance (a minute, once)");
        let sources = crate_sources()?;
        fs::create_dir_all(target)?;
        run(Command::new("cp").arg("-r").arg(&sources).arg(&copy))?;
        run(Command::new("./configure").args(CONFIGURE).current_dir(&copy))?;
        run(Command::new("make").args(["-j2", "-C", "src", "librdkafka.a"]).current_dir(&copy))?;
        run(Command::new("make").args(["-C", "examples", "rdkafka_performance"]).current_dir(&copy))?;
        ensure!(program.is_file(), "the build left no rdkafka_performance");
        Ok(Self { program })
    }

    /// Produces `messages` of `size` bytes and waits for all acknowledgements.
    pub(crate) fn produce(
        &self,
        subject: &Subject,
        topic: &str,
        (messages, size): (u64, u32),
        options: &[&str],
    ) -> Result<Throughput> {
        let (count, size) = (messages.to_string(), size.to_string());
        let arguments = ["-P", "-t", topic, "-s", &size, "-c", &count];
        let printed = self.run(subject, &[&arguments, options].concat())?;
        parse_produced(&printed, messages).with_context(|| format!("rdkafka_performance says: {printed}"))
    }

    /// Consumes `messages` of partition 0 from its start.
    pub(crate) fn consume(&self, subject: &Subject, topic: &str, messages: u64) -> Result<Throughput> {
        let messages = messages.to_string();
        let arguments = ["-C", "-t", topic, "-p", "0", "-o", "beginning", "-c", &messages];
        let printed = self.run(subject, &[&arguments[..], &CONSUME].concat())?;
        parse_consumed(&printed).with_context(|| format!("rdkafka_performance says: {printed}"))
    }

    fn run(&self, subject: &Subject, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new("timeout");
        command
            .arg("300")
            .arg(&self.program)
            .args(["-q", "-b", &subject.address.to_string()])
            .args(arguments);
        let output = command.stdin(Stdio::null()).output().context("cannot run rdkafka_performance")?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        // It fails too when an event that is no message waits at its end (its queue length counts both): the totals decide.
        ensure!(output.status.code().is_some_and(|code| code <= 1), "rdkafka_performance ended: {printed}");
        Ok(printed)
    }
}

/// The folder of librdkafka's sources in Cargo's registry.
fn crate_sources() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(checkout())
        .output()
        .context("cannot run cargo")?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let package = packages.iter().find(|package| package["name"] == "rdkafka-sys");
    let manifest = package.and_then(|package| package["manifest_path"].as_str());
    let manifest = Path::new(manifest.context("Cargo.lock names no rdkafka-sys")?);
    Ok(manifest.with_file_name("librdkafka"))
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot run {:?}", command.get_program()))?;
    if !output.status.success() {
        bail!("{:?} failed: {}", command.get_program(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// `% 9 messages produced (900 bytes), 9 delivered (offset 8, 0 failed) in 70ms: …`, the last such line. Fails unless all
/// `messages` were delivered.
fn parse_produced(printed: &str, messages: u64) -> Option<Throughput> {
    let line = printed.lines().rfind(|line| line.contains(" messages produced ("))?;
    let bytes = number_before(line, " bytes), ")?;
    let (delivered, failed) = (number_before(line, " delivered")?, number_before(line, " failed)")?);
    let milliseconds = number_before(line, "ms: ")?;
    (delivered == messages && failed == 0).then_some(Throughput { messages, bytes, milliseconds })
}

/// `% 9 messages (900 bytes) consumed in 70ms: …`, the last such line.
fn parse_consumed(printed: &str) -> Option<Throughput> {
    let line = printed.lines().rfind(|line| line.contains(" consumed in "))?;
    let messages = number_before(line, " messages (")?;
    let bytes = number_before(line, " bytes) consumed")?;
    Some(Throughput { messages, bytes, milliseconds: number_before(line, "ms: ")? })
}

/// The number that ends where `mark` begins.
fn number_before(line: &str, mark: &str) -> Option<u64> {
    let before = &line[..line.find(mark)?];
    let digits = before.rfind(|character: char| !character.is_ascii_digit()).map_or(0, |at| at + 1);
    before[digits..].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_from_the_last_line_about_producing() {
        let printed = "% Sending 3 messages of size 100 bytes\n\
            % 3 messages produced (300 bytes), 1 delivered (offset 0, 0 failed) in 10ms: 1 msgs/s and 0 MB/s\n\
            % 3 messages produced (300 bytes), 3 delivered (offset 2, 0 failed) in 20ms: 150 msgs/s and 0.01 MB/s\n";
        assert_eq!(
            parse_produced(printed, 3),
            Some(Throughput { messages: 3, bytes: 300, milliseconds: 20 })
        );
    }

    #[test]
    fn a_run_that_lost_messages_has_no_totals() {
        let printed =
            "% 3 messages produced (300 bytes), 2 delivered (offset 2, 1 failed) in 20ms: 100 msgs/s\n";
        assert_eq!(parse_produced(printed, 3), None);
    }

    #[test]
    fn totals_are_read_from_the_last_line_about_consuming() {
        let printed = "% 0 messages (0 bytes) consumed in 0ms: 0 msgs/s (0.00 MB/s)\n\
            % 60683 messages (62139392 bytes) consumed in 213ms: 283776 msgs/s (290.59 MB/s)\n";
        let expected = Throughput { messages: 60683, bytes: 62_139_392, milliseconds: 213 };
        assert_eq!(parse_consumed(printed), Some(expected));
    }
}
