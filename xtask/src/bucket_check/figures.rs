//! Clock, credentials, and how fast the store is: figures to compare with others, without a verdict.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use broker_tier::copy::PART_BYTES;
use broker_tier::store_error::StoreErrorKind;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use super::Outcome;
use super::workspace::Workspace;

/// Providers refuse signatures that are 15 minutes off.
const CLOCK_AHEAD_MAX: Duration = Duration::from_secs(5 * 60);
/// Requests whose latency is measured.
const SAMPLES: usize = 20;
/// Bytes of each.
const SAMPLE_BYTES: usize = 1024;
/// Times that an object of two parts is read.
const PASSES: u64 = 4;
/// Bytes of a GET, as a reader's chunk.
const RANGE_BYTES: u64 = 1 << 20;
/// GETs at once.
const GETS: usize = 16;

pub(super) async fn clock(workspace: &Workspace) -> Result<Outcome> {
    let path = workspace.fresh("clock");
    workspace.put(&path, &workspace.payload(1)).await?;
    let (_, modified_ms) = workspace.store.get(&path, 1).await?;
    let ahead_ms = modified_ms.saturating_sub(workspace.store.env().clock.now_ms());
    let ahead = Duration::from_millis(ahead_ms.unsigned_abs());
    let told = format!("{:.1} s {}", ahead.as_secs_f64(), if ahead_ms > 0 { "ahead" } else { "behind" });
    ensure!(ahead <= CLOCK_AHEAD_MAX, "the store's clock is {told}: set this machine's or the store's");
    Ok(Outcome::Kept(told))
}

pub(super) async fn wrong_credentials(workspace: &Workspace) -> Result<Outcome> {
    let Some(nobody) = &workspace.nobody else {
        return Ok(Outcome::Skipped("a directory has no credentials".to_owned()));
    };
    let path = workspace.fresh("wrong-credentials");
    let bytes = workspace.payload(1);
    workspace.put(&path, &bytes).await?;
    match nobody.get(&path, 1).await {
        Err(error) if error.kind == StoreErrorKind::Denied => Ok(Outcome::Kept(error.to_string())),
        Err(error) => bail!("told as another error: {error}"),
        Ok(_) => {
            Ok(Outcome::Skipped("the store lets anybody read: it does not look at credentials".to_owned()))
        }
    }
}

pub(super) async fn latency(workspace: &Workspace) -> Result<Outcome> {
    let (mut puts, mut gets) = (Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        let (path, bytes) = (workspace.fresh("latency"), workspace.payload(SAMPLE_BYTES));
        let began = Instant::now();
        workspace.put(&path, &bytes).await?;
        puts.push(began.elapsed());
        let began = Instant::now();
        workspace.store.get(&path, SAMPLE_BYTES).await?;
        gets.push(began.elapsed());
    }
    Ok(Outcome::Kept(format!("PUT {}, GET {}", told(puts), told(gets))))
}

/// Median and maximum.
fn told(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    format!("{:.1} ms, at most {:.1} ms", ms(times.get(times.len() / 2)), ms(times.last()))
}

pub(super) async fn throughput(workspace: &Workspace) -> Result<Outcome> {
    let path = workspace.fresh("throughput");
    let bytes = workspace.payload(2 * PART_BYTES);
    let began = Instant::now();
    workspace.upload(&path, &bytes, PART_BYTES).await?;
    let written = speed(bytes.len() as u64, began.elapsed());
    let (size, began) = (bytes.len() as u64, Instant::now());
    let begins = (0..PASSES).flat_map(|_| (0..size).step_by(RANGE_BYTES as usize));
    let reads = stream::iter(begins).map(|from| {
        let range = from..(from + RANGE_BYTES).min(size);
        workspace.store.get_range(&path, range)
    });
    let found: Vec<_> = reads.buffered(GETS).map_ok(|range| range.len() as u64).try_collect().await?;
    let read = speed(found.iter().sum(), began.elapsed());
    Ok(Outcome::Kept(format!("{read}; an upload of two parts, one after the other, {written}")))
}

fn speed(bytes: u64, took: Duration) -> String {
    format!("{:.0} MB/s", bytes as f64 / 1e6 / took.as_secs_f64().max(1e-9))
}
