//! The disk without a broker: what one record a millisecond takes to become durable, in the two ways brokers have.
//!
//! Writes keep the pace of the produce latency's load and lie on the disk of the brokers' data.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::fs::OFlags;

use super::connection::one_record_batch;
use super::latency::Load;
use super::measure::settle;

/// Size and alignment of a direct write.
const BLOCK: usize = 4096;
/// Blocks of the file that direct writes go round, as a commit log's file is recycled.
const BLOCKS: u64 = 4096;
/// `O_DSYNC` on every architecture of Linux that Rust's standard library knows; rustix has only `O_SYNC`'s bits.
const O_DSYNC: u32 = 0o10000;

/// How bytes become durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// One block with O_DIRECT and O_DSYNC into a file that is full of zeroes: a commit log.
    DirectWrite,
    /// One record batch to the end of a file, and fdatasync: a segment.
    AppendAndFlush,
}

impl Way {
    /// Both of them.
    pub(crate) const ALL: [Self; 2] = [Self::DirectWrite, Self::AppendAndFlush];

    /// What tables call it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::DirectWrite => "disk alone, direct write",
            Self::AppendAndFlush => "disk alone, append + fdatasync",
        }
    }

    /// Writes at the pace of `load` and returns every latency in microseconds.
    pub(crate) fn measure(self, path: &Path, load: Load) -> Result<Vec<u64>> {
        let latencies = match self {
            Self::DirectWrite => {
                fs::write(path, vec![0; BLOCK * usize::try_from(BLOCKS)?])?;
                File::open(path)?.sync_all()?;
                let flags = OFlags::DIRECT.bits() | O_DSYNC;
                let file = OpenOptions::new()
                    .write(true)
                    .custom_flags(flags.cast_signed())
                    .open(path)
                    .context("the file system takes no direct writes")?;
                let memory = vec![7; 2 * BLOCK];
                let start = memory.as_ptr().align_offset(BLOCK);
                let block = &memory[start..start + BLOCK];
                at_pace(load, |number| Ok(file.write_all_at(block, number % BLOCKS * BLOCK as u64)?))?
            }
            Self::AppendAndFlush => {
                let file = File::create(path)?;
                file.sync_all()?;
                let batch = one_record_batch(load.record_bytes);
                at_pace(load, |number| {
                    file.write_all_at(&batch, number * batch.len() as u64)?;
                    Ok(file.sync_data()?)
                })?
            }
        };
        fs::remove_file(path)?;
        settle();
        Ok(latencies)
    }
}

/// Calls `write` as often and as regularly as `load` says, each time after the one before has ended.
fn at_pace(load: Load, mut write: impl FnMut(u64) -> Result<()>) -> Result<Vec<u64>> {
    let begin = Instant::now();
    let interval = Duration::from_secs(1) / load.requests_per_s;
    let mut latencies = Vec::new();
    for number in 0..load.requests_per_s * load.seconds {
        if let Some(wait) = (begin + interval * number).checked_duration_since(Instant::now()) {
            thread::sleep(wait);
        }
        let before = Instant::now();
        write(number.into())?;
        latencies.push(u64::try_from(before.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    Ok(latencies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_written_in_order_until_one_fails() {
        let mut numbers = Vec::new();
        let load = Load { record_bytes: 10, requests_per_s: 1_000_000, seconds: 1 };
        let begin = |number| -> Result<()> {
            numbers.push(number);
            anyhow::ensure!(number < 2, "enough");
            Ok(())
        };
        assert!(at_pace(load, begin).is_err());
        assert_eq!(numbers, [0, 1, 2]);
    }
}
