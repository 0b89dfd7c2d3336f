//! `cargo xtask bucket-check`: tries every promise that tiering needs of an object store, by the broker's own code for
//! stores, and prints a table.
//!
//! Everything is written below a prefix of its own, which is removed at the end: after failures too, and when SIGINT or
//! SIGTERM interrupts it.

mod figures;
mod listings;
mod reads;
mod workspace;
mod writes;

use std::fmt;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use broker_log::io::local_disk::SystemClock;
use broker_tier::seams::{Blocking, Env, SystemRandom};
use broker_tier::store::StoreLimits;
use broker_tier::store::connect::{StoreSettings, connect};
use broker_tier::url::{Location, RemoteUrl, check_endpoint, check_region};
use futures_util::future::{BoxFuture, Either, select};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use workspace::Workspace;

/// One promise takes so long at most, whatever the store does.
const PROMISE_TIME_MAX: Duration = Duration::from_secs(300);
/// What an upload gets to abort itself that was under way when the check was interrupted.
const ABORT_TIME: Duration = Duration::from_secs(1);
/// Requests of a kind under way at once: wide enough for creates that race each other.
const LANE_WIDTH: usize = 32;
/// Times that a harmless request is tried; fewer than by a broker, since nobody waits here for a store to come back.
const ATTEMPTS: u32 = 3;

/// What the command line says.
#[derive(Debug, clap::Args)]
pub(crate) struct BucketCheckArguments {
    /// The store and a place in it: s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///directory.
    /// Credentials are those of the environment: AWS_…, GOOGLE_… or AZURE_…, otherwise the machine's or pod's own.
    #[arg(long)]
    url: String,
    /// Another server than the provider's, as http://host:port; otherwise AWS_ENDPOINT_URL and its like count.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// S3: the region; otherwise AWS_REGION counts.
    #[arg(long)]
    region: Option<String>,
}

/// Something that tiering needs of a store, and how it is tried.
struct Promise {
    name: &'static str,
    /// What is tried.
    tried: &'static str,
    attempt: for<'a> fn(&'a Workspace) -> BoxFuture<'a, Result<Outcome>>,
}

/// How an attempt ended that did not fail.
#[derive(Debug)]
enum Outcome {
    /// The promise is kept; with figures, if there are any.
    Kept(String),
    /// It could not be tried.
    Skipped(String),
}

/// A promise in a line of its own: name, what is tried, the attempt.
macro_rules! promises {
    ($($name:literal, $tried:literal, $attempt:path;)*) => {
        &[$(Promise { name: $name, tried: $tried, attempt: |workspace| Box::pin($attempt(workspace)) }),*]
    };
}

/// All promises, in the order in which they are tried. Without the first one, nothing else can be.
const PROMISES: &[Promise] = promises! {
    "answers", "a listing of what is below the prefix", reads::answers;
    "self-test", "what a broker tries when it starts", reads::self_test;
    "create-if-absent", "a second create of a key is refused", writes::create_if_absent;
    "create-over", "a create over an object that was put, or made in parts, is refused", writes::create_over;
    "create-race", "of 16 creates at once, of each of 8 keys, one wins", writes::create_race;
    "put-at-once", "an object of 8 MiB in one request, read back with its checksum", writes::put_at_once;
    "put-in-parts", "an object of 17 MiB in parts, read back with its checksum", writes::put_in_parts;
    "upload-given-up", "an upload that is aborted shows no object", writes::upload_given_up;
    "missing", "what is not there is told as missing", reads::missing;
    "read-after-write", "HEAD, GET and listing show an object at once", reads::read_after_write;
    "delete", "a deleted object is gone at once; deleting again is no error", reads::delete;
    "ranges", "first, middle and last bytes, and none beyond the end", reads::ranges;
    "list-pages", "1,100 objects below a prefix are all listed, once, also from a key on", listings::pages;
    "list-folders", "1,100 folders below a prefix are all listed, once", listings::folders;
    "keys", "the longest keys, with all characters that are used", listings::keys;
    "clock", "the store's clock is this machine's, by 5 minutes", figures::clock;
    "wrong-credentials", "credentials that nobody has are told as such", figures::wrong_credentials;
    "latency", "20 PUTs and GETs of 1 KiB, one after the other (no verdict)", figures::latency;
    "throughput", "64 MiB by GETs of 1 MiB, 16 at once (no verdict)", figures::throughput;
};

/// Tries all promises.
///
/// # Errors
/// A promise is not kept, something could not be removed, or the url or the settings make no sense.
pub(crate) fn run(arguments: &BucketCheckArguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let workspace = open(arguments)?;
        println!("{}: everything is written below {}\n", arguments.url, workspace.prefix());
        let checked = check(&workspace, PROMISES, interrupted()?).await;
        // A second signal ends this too.
        let cleaned = match select(pin!(workspace.clean()), pin!(interrupted()?)).await {
            Either::Left((cleaned, _)) => cleaned,
            Either::Right(_) => {
                Err(anyhow!("interrupted again: objects are left below {}", workspace.prefix()))
            }
        };
        println!("\n{}", workspace.requests());
        if let Ok(objects) = &cleaned {
            println!("{objects} objects removed, nothing is left");
        }
        match (checked, cleaned) {
            (Ok(()), cleaned) => cleaned.map(drop),
            (Err(error), Ok(_)) => Err(error),
            (Err(error), Err(left)) => Err(anyhow!("{error:#}; {left:#}")),
        }
    })
}

fn open(arguments: &BucketCheckArguments) -> Result<Workspace> {
    let url = RemoteUrl::parse(&arguments.url)?;
    if let Some(endpoint) = &arguments.endpoint {
        check_endpoint(endpoint).context("--endpoint")?;
    }
    if let Some(region) = &arguments.region {
        check_region(region).context("--region")?;
    }
    let variables = std::env::vars_os();
    let as_text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let settings = StoreSettings {
        endpoint: arguments.endpoint.clone(),
        region: arguments.region.clone(),
        credentials: None,
        environment: variables.filter_map(as_text).collect(),
    };
    let env = Env {
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(SystemRandom),
        blocking: Blocking::Threads,
    };
    let store = connect(&url, &settings, limits(), env.clone()).context("the settings make no sense")?;
    let nobody = settings.of_nobody(&url.location);
    let nobody = nobody.map(|settings| connect(&url, &settings, limits(), env)).transpose()?;
    let directory = match &url.location {
        Location::File(directory) => Some(PathBuf::from(directory)),
        _ => None,
    };
    Workspace::new(Arc::new(store), nobody, &url.prefix, directory)
}

fn limits() -> StoreLimits {
    StoreLimits {
        copy_requests: LANE_WIDTH,
        read_requests: LANE_WIDTH,
        control_requests: LANE_WIDTH,
        attempts: ATTEMPTS,
        ..StoreLimits::default()
    }
}

/// Waits for a signal that wants this process to end.
fn interrupted() -> Result<Pin<Box<dyn Future<Output = ()> + Send>>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(Box::pin(async move {
        select(pin!(interrupt.recv()), pin!(terminate.recv())).await;
    }))
}

/// Tries promises one after the other and prints a line for each; what was written stays.
///
/// # Errors
/// Promises are not kept, or `stop` came first.
async fn check(workspace: &Workspace, promises: &[Promise], stop: impl Future<Output = ()>) -> Result<()> {
    println!("{:<18} {:<8} {:>8}  tried: found", "promise", "result", "time");
    let mut stop = pin!(stop);
    let mut failed: Vec<&str> = Vec::new();
    for (index, promise) in promises.iter().enumerate() {
        let began = Instant::now();
        let attempt = Box::pin(async {
            if failed.contains(&PROMISES[0].name) {
                return Ok(Outcome::Skipped("the store does not answer".to_owned()));
            }
            let attempt = tokio::time::timeout(PROMISE_TIME_MAX, (promise.attempt)(workspace));
            attempt.await.unwrap_or_else(|_| Err(anyhow!("no end after {} s", PROMISE_TIME_MAX.as_secs())))
        });
        let ended = match select(attempt, &mut stop).await {
            Either::Left((ended, _)) => ended,
            Either::Right(((), attempt)) => {
                drop(attempt);
                tokio::time::sleep(ABORT_TIME).await;
                bail!("interrupted: {} promises were not tried", promises.len() - index)
            }
        };
        println!("{}", Line { promise, ended: &ended, took: began.elapsed() });
        if ended.is_err() {
            failed.push(promise.name);
        }
    }
    ensure!(failed.is_empty(), "the store does not keep what tiering needs: {}", failed.join(", "));
    Ok(())
}

/// A line of the table.
struct Line<'a> {
    promise: &'a Promise,
    ended: &'a Result<Outcome>,
    took: Duration,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (result, found) = match self.ended {
            Ok(Outcome::Kept(figures)) => ("OK", figures.clone()),
            Ok(Outcome::Skipped(reason)) => ("SKIPPED", reason.clone()),
            Err(reason) => ("FAILED", format!("{reason:#}")),
        };
        let Promise { name, tried, .. } = self.promise;
        write!(f, "{name:<18} {result:<8} {:>6.2} s  {tried}", self.took.as_secs_f64())?;
        if found.is_empty() { Ok(()) } else { write!(f, ": {found}") }
    }
}

#[cfg(test)]
mod tests;
