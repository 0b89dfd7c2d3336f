//! Facts about the machine that figures depend on, measured when the benchmark runs. No names and no paths.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::statistics::Percentiles;

/// Writes with a flush each that the disk's latency is taken from.
const FLUSHES: u32 = 400;
const PAGE: [u8; 4096] = [7; 4096];
const BYTES_PER_GIB: f64 = 1024.0 * 1024.0;

/// A paragraph about the machine; `directory` is where the brokers keep their data.
pub(crate) fn facts(directory: &Path) -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let processor = processor().unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel: Vec<&str> = kernel.trim().split(['.', '-']).take(2).collect();
    let filesystem = filesystem(directory)?;
    let growing = flush_latency(directory)?;
    Ok(format!(
        "Machine: {cores} cores ({processor}), {:.0} GiB of memory, Linux {}, {filesystem}; \
         4 KiB written to a growing file and flushed with fdatasync: p50 {} µs, p99 {} µs.",
        memory_gib().unwrap_or_default(),
        kernel.join("."),
        growing.p50,
        growing.p99,
    ))
}

/// Refuses a directory that is in memory: its flushes cost nothing.
pub(crate) fn check_is_disk(directory: &Path) -> Result<()> {
    let filesystem = filesystem(directory)?;
    ensure!(filesystem != "tmpfs", "the data would lie in memory ({filesystem}), benchmarks want a disk");
    Ok(())
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(line.trim_start_matches(['\t', ' ', ':']).to_owned())
}

fn memory_gib() -> Option<f64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib / BYTES_PER_GIB)
}

/// The type of the file system as `stat` names it.
fn filesystem(directory: &Path) -> Result<String> {
    let output =
        Command::new("stat").args(["-f", "-c", "%T"]).arg(directory).output().context("cannot run stat")?;
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(if name.starts_with("ext2") { "ext4".to_owned() } else { name })
}

fn flush_latency(directory: &Path) -> Result<Percentiles> {
    let path = directory.join("flush-latency");
    let mut file = File::create(&path)?;
    file.write_all(&PAGE)?;
    file.sync_all()?;
    let mut latencies = Vec::new();
    for number in 1..=u64::from(FLUSHES) {
        let begin = Instant::now();
        file.write_all_at(&PAGE, number * PAGE.len() as u64)?;
        file.sync_data()?;
        latencies.push(u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    fs::remove_file(&path)?;
    Percentiles::of(latencies).context("no flush was measured")
}
