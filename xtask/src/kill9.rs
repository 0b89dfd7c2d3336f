//! `cargo xtask kill9`: kills a release broker again and again while clients write, and proves from what they saw that
//! nothing acknowledged was lost, moved or written twice.
//!
//! Idempotent producers, batched and not, keep rolls in flight on 120 partitions; readers poll, commit and ask for bounds.
//! After the last round fresh clients read everything from the start, and `checker` judges the whole history.

mod load;
mod payload;
mod reader;
mod recorder;
mod writer;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use broker_protocol::error_code::ErrorCode;

use crate::broker_process::{BrokerOptions, BrokerProcess, build_release, checkout, free_address};
use crate::bucket_server::BucketServer;
use load::{Load, SplitMix};

/// Load after the last restart, so that its recovery is written to as well.
const LAST_LOAD: Duration = Duration::from_secs(1);
/// Time for the clients to end, and for every reader to come to the end.
const DRAIN_LIMIT: Duration = Duration::from_secs(300);

/// Age at which active segments are copied, with --tiered.
const ROLL: Duration = Duration::from_secs(10);

/// What the command line says.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Kill9Arguments {
    /// Kills.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Seed of the moments of the kills; printed, so that they can be had again.
    #[arg(long)]
    seed: Option<u64>,
    /// Least seconds of load before a kill; it comes up to two seconds later.
    #[arg(long, default_value_t = 3)]
    load_seconds: u64,
    /// Megabytes of payload per second that the batched producers offer.
    #[arg(long, default_value_t = 32)]
    offered_mb_s: u64,
    /// Megabytes per second that must be acknowledged on average, restarts left out.
    #[arg(long, default_value_t = 20)]
    least_mb_s: u64,
    /// Write the history to this file.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Take this binary instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Copy every topic to an object store, and keep next to nothing on the disk.
    #[arg(long)]
    tiered: bool,
    /// Further settings of the broker.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Runs the rounds; an error if the history is not clean or the load was too small.
pub(crate) fn run(arguments: &Kill9Arguments) -> Result<()> {
    if cfg!(debug_assertions) {
        return run_optimized();
    }
    let seed = arguments.seed.unwrap_or_else(load::clock_seed);
    println!("kill9: {} rounds, --seed {seed}", arguments.rounds);
    let mut options = broker_options(arguments)?;
    if options.directory.exists() {
        fs::remove_dir_all(&options.directory)?;
    }
    let bucket = if arguments.tiered { Some(BucketServer::start(&options.directory)?) } else { None };
    if let Some(bucket) = &bucket {
        bucket.tier_everything(&mut options, ROLL);
    }
    // One thread: the other core is the broker's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(rounds(arguments, &options, seed)).with_context(|| {
        format!("kill9 failed; data and broker.log are in {}", options.directory.display())
    })?;
    drop(bucket);
    fs::remove_dir_all(&options.directory)?;
    Ok(())
}

/// The clients of a debug build would be the bottleneck: the same command again, optimized.
fn run_optimized() -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["run", "--quiet", "--release", "--package", "xtask", "--"])
        .args(std::env::args_os().skip(1))
        .status()?;
    ensure!(status.success(), "kill9 ended with {status}");
    Ok(())
}

fn broker_options(arguments: &Kill9Arguments) -> Result<BrokerOptions> {
    let binary = arguments.binary.clone().map_or_else(build_release, Ok)?;
    let mut settings = Vec::new();
    for setting in &arguments.set {
        let (key, value) = setting.split_once('=').context("--set wants KEY=VALUE")?;
        settings.push((key.to_owned(), value.to_owned()));
    }
    let directory = checkout().join("target/kill9");
    Ok(BrokerOptions { binary, address: free_address()?, directory, settings, environment: Vec::new() })
}

async fn rounds(arguments: &Kill9Arguments, options: &BrokerOptions, seed: u64) -> Result<()> {
    let mut random = SplitMix::new(seed);
    let mut broker = start(options).await?;
    let load = Arc::new(Load::create(options.address, arguments.history.as_deref()).await?);
    let clients = load::spawn(&load, arguments.offered_mb_s, &mut random);

    let mut loaded = Duration::ZERO;
    let mut slowest_restart = Duration::ZERO;
    for round in 1..=arguments.rounds {
        let (begin, acked) = (Instant::now(), load.acked_bytes());
        let extra = Duration::from_micros(random.below(2_000_000));
        tokio::time::sleep(Duration::from_secs(arguments.load_seconds) + extra).await;
        clients.check()?;
        broker.kill()?;
        let load_time = begin.elapsed();
        loaded += load_time;
        let megabytes_s = megabytes(load.acked_bytes() - acked) / load_time.as_secs_f64();

        let begin = Instant::now();
        broker = start(options).await?;
        let restart = begin.elapsed();
        slowest_restart = slowest_restart.max(restart);
        println!(
            "kill9: round {round}: {:.1} s at {megabytes_s:.1} MB/s, back after {} ms",
            load_time.as_secs_f64(),
            restart.as_millis()
        );
    }
    let average = megabytes(load.acked_bytes()) / loaded.as_secs_f64();
    tokio::time::sleep(LAST_LOAD).await;
    load.stop();
    let drained = tokio::time::timeout(DRAIN_LIMIT, clients.join()).await;
    drained.context("the clients did not end")??;

    if arguments.tiered {
        let (gone, all) = reader::count_let_go(&load).await?;
        println!("kill9: {gone} of {all} records are in the object store only");
        ensure!(gone > 0, "nothing has left the disk: the run proves nothing about tiered storage");
    }
    let read = tokio::time::timeout(DRAIN_LIMIT, reader::read_all(&load)).await;
    read.context("the final polls did not reach the end of every partition")??;
    broker.stop()?;
    println!(
        "kill9: {average:.1} MB/s acknowledged on average, slowest restart {} ms",
        slowest_restart.as_millis()
    );
    judge(load, average, arguments)
}

fn judge(load: Arc<Load>, average: f64, arguments: &Kill9Arguments) -> Result<()> {
    let load = Arc::into_inner(load).context("a client still runs")?;
    let (report, oddities) = load.finish()?;
    println!("kill9: {report}");
    for oddity in &oddities {
        println!("kill9: {oddity}");
    }
    ensure!(report.is_clean(), "the history is not clean");
    ensure!(oddities.is_empty(), "clients were told what a correct broker never tells");
    ensure!(report.totals.sent_ok > 0, "nothing was acknowledged");
    if arguments.rounds > 0 && average < arguments.least_mb_s as f64 {
        bail!("{average:.1} MB/s of load prove less than the {} MB/s asked for", arguments.least_mb_s);
    }
    Ok(())
}

/// Starts the broker without holding up the clients, which try to reach it meanwhile.
async fn start(options: &BrokerOptions) -> Result<BrokerProcess> {
    let options = options.clone();
    tokio::task::spawn_blocking(move || BrokerProcess::start(&options)).await?
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Whether a broker says by this error that it has not taken the partition over yet: the client asks again.
fn is_starting(error_code: ErrorCode) -> bool {
    matches!(error_code, ErrorCode::NotLeaderOrFollower | ErrorCode::LeaderNotAvailable)
}

/// A connection to the broker, as soon as it takes one.
async fn connect(address: SocketAddr) -> broker_client::Client<tokio::net::TcpStream> {
    const PAUSE: Duration = Duration::from_millis(10);
    loop {
        if let Ok(stream) = tokio::net::TcpStream::connect(address).await
            && stream.set_nodelay(true).is_ok()
        {
            return broker_client::Client::new(stream, "kill9");
        }
        tokio::time::sleep(PAUSE).await;
    }
}
