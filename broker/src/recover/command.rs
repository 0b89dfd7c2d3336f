//! `highwater-broker recover` as a command: from the command line to a report on standard output.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use broker_config::{Config, Warning};
use broker_log::io::local_disk::{LocalDisk, SystemClock};
use broker_tier::ids::ClusterId;
use broker_tier::url::RemoteUrl;

use super::{RecoverOptions, Recovered, moment, recover};
use crate::env::{Blocking, Env, SystemRandom};
use crate::startup;
use crate::tiering::connect;

/// What stands on the command line.
#[derive(clap::Args, Debug)]
pub struct RecoverArguments {
    /// Where the cluster was copied to, as highwater.remote.url; which also is what counts if this is not given.
    #[arg(long, value_name = "URL")]
    remote: Option<String>,
    /// The directory to make: empty, or with what an earlier recovery has left.
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: PathBuf,
    /// Which cluster, where there are several.
    #[arg(long, value_name = "ID")]
    cluster_id: Option<String>,
    /// Write nothing anywhere, only tell what a recovery would bring.
    #[arg(long)]
    dry_run: bool,
    /// The cluster as it was then: 2026-11-22T07:14:40Z, or milliseconds since 1970. Within the last 24 hours.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Go on without what cannot be read, which is lost then.
    #[arg(long)]
    skip_damaged: bool,
}

impl RecoverArguments {
    fn options(&self, config: &Config) -> anyhow::Result<RecoverOptions> {
        let missing = || anyhow!("where from? give --remote, for example --remote s3://bucket/prefix");
        let remote = self.remote.as_ref().or(config.broker().remote.url.as_ref()).ok_or_else(missing)?;
        let cluster = self.cluster_id.as_deref().map(ClusterId::parse).transpose();
        Ok(RecoverOptions {
            url: RemoteUrl::parse(remote).context("--remote")?,
            cluster: cluster.context("--cluster-id")?,
            data_dir: std::path::absolute(&self.data_dir).context("--data-dir")?,
            dry_run: self.dry_run,
            at_ms: self
                .at
                .as_deref()
                .map(moment::parse)
                .transpose()
                .map_err(|error| anyhow!("--at: {error}"))?,
            skip_damaged: self.skip_damaged,
            tune: None,
        })
    }
}

/// Recovers and prints what came of it.
///
/// # Errors
/// See [`recover`].
pub fn run(config: &Config, warnings: &[Warning], arguments: &RecoverArguments) -> anyhow::Result<()> {
    startup::begin_logging(config.broker(), warnings)?;
    let options = arguments.options(config)?;
    let env = Env {
        disk: Arc::new(LocalDisk),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(SystemRandom),
        blocking: Blocking::Threads,
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let recovered = runtime.block_on(async {
        let store = connect::connect(&config.broker().remote, &options.url, &env, None)?;
        recover(&env, config.broker(), &Arc::new(store), &options).await
    })?;
    // A reader that has seen enough, such as head, is no error.
    let _ = std::io::stdout().write_all(told(&recovered, &options).as_bytes());
    Ok(())
}

fn told(recovered: &Recovered, options: &RecoverOptions) -> String {
    let (dir, url) = (options.data_dir.display(), &options.url);
    match recovered {
        Recovered::Nothing(cluster) => {
            format!(
                "nothing to do: {dir} is a whole data directory of cluster {cluster}; to recover it again, name an empty one\n"
            )
        }
        Recovered::Planned(report) => format!("{report}dry run: nothing was written\n"),
        Recovered::Done(report) => {
            format!(
                "{report}recovered: start the broker with log.dirs={dir} and highwater.remote.url={url}\n"
            )
        }
    }
}
