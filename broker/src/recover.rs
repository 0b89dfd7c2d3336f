//! `highwater-broker recover`: a data directory anew from what lies in an object store.
//!
//! ```text
//! survey (reads) -> marker with the claim (durable) -> root of the next generation -> fence every partition
//!   -> plan (pure) -> data directory -> remote-claim -> marker away
//! ```
//! A crash at any point leaves the marker, beside which no broker starts; the next run begins anew with the same claim.
//! Only what is copied can be recovered: `report.rs` says what that is. Read `survey.rs` and `plan.rs` first.

mod build;
pub mod command;
mod fence;
pub mod marker;
pub mod moment;
mod plan;
mod report;
mod source;
mod survey;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use broker_config::BrokerConfig;
use broker_log::io::{DirEntry, Disk};
use broker_log::meta_properties::{META_PROPERTIES_FILE, MetaProperties};
use broker_protocol::types::{BrokerId, TopicId};
use broker_tier::ids::{ClusterId, PartitionId};
use broker_tier::root::Claim;
use broker_tier::store::Store;
use broker_tier::url::RemoteUrl;

pub use report::{Origin, PartitionReport, Report, TopicReport};

use self::marker::{MARKER_FILE, Marker};
use self::plan::{Owner, Plan};
use self::source::Source;
use self::survey::Survey;
use crate::env::Env;
use crate::server::TuneLogDir;
use crate::tiering::claim::{self, Remembered};

/// Held by whoever recovers, so that two do not meet.
const LOCK_FILE: &str = ".recovery-lock";
/// Damaged partitions that an error names.
const NAMED_MAX: usize = 20;

/// What is asked for.
#[derive(Clone)]
pub struct RecoverOptions {
    /// Where the cluster lies.
    pub url: RemoteUrl,
    /// Which one; `None` if there is only one.
    pub cluster: Option<ClusterId>,
    /// Where the broker will run.
    pub data_dir: PathBuf,
    /// Only tell; nothing is written anywhere.
    pub dry_run: bool,
    /// As of when, in milliseconds since 1970 by the store's clock; `None` for the newest.
    pub at_ms: Option<i64>,
    /// Go on without what cannot be read.
    pub skip_damaged: bool,
    /// Changes how the log directory is written, for tests.
    pub tune: Option<TuneLogDir>,
}

impl std::fmt::Debug for RecoverOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (url, dir) = (self.url.to_string(), self.data_dir.display().to_string());
        f.debug_struct("RecoverOptions").field("url", &url).field("data_dir", &dir).finish_non_exhaustive()
    }
}

/// How a recovery ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recovered {
    /// The data directory is there.
    Done(Report),
    /// Nothing was written: this is what a recovery would do.
    Planned(Report),
    /// The data directory is that of the cluster already, and whole.
    Nothing(String),
}

/// Rebuilds a data directory; see the file's header.
///
/// # Errors
/// The message names what is in the way: the option, the object or the file.
pub async fn recover(
    env: &Env,
    settings: &BrokerConfig,
    store: &Arc<Store>,
    options: &RecoverOptions,
) -> anyhow::Result<Recovered> {
    let wanted = wanted_cluster(settings, options)?;
    let (dir, disk) = (options.data_dir.as_path(), env.disk.as_ref());
    // Where this comes before each start of a broker, the start must not wait for the store.
    if let Some(cluster) = &wanted
        && disk.exists(dir)?
        && matches!(look_into(disk, dir, cluster, options), Ok(Directory::Whole))
    {
        return Ok(Recovered::Nothing(cluster.to_string()));
    }
    let cluster = source::choose_cluster(store, &options.url.prefix, wanted.as_ref()).await?;
    let _lock = if options.dry_run { None } else { Some(take_directory(disk, dir)?) };
    let unfinished = match look_into(disk, dir, &cluster, options)? {
        Directory::Whole => return Ok(Recovered::Nothing(cluster.to_string())),
        Directory::Empty => None,
        Directory::Unfinished(marker) => Some(marker),
    };
    let source = Source::new(store, &options.url.prefix, &cluster, options.at_ms)?;
    let survey = survey::survey(&source).await?;
    check(&survey, options)?;
    let owner = Owner {
        cluster: cluster.to_string(),
        broker: BrokerId(settings.node_id),
        directory: env.random.uuid(),
    };
    let planned = plan::plan(&survey, &owner)?;
    if options.dry_run {
        return Ok(Recovered::Planned(planned.report));
    }
    let claimed = take_over(env, &source, options, unfinished, survey, &owner).await?;
    finish(env, options, &owner, claimed).await.map(Recovered::Done)
}

/// What was claimed, and what comes of it.
struct Claimed {
    claim: Claim,
    plan: Plan,
}

/// Claims the next generation and fences what is there. From here on the old broker, if it lives, writes nothing.
async fn take_over(
    env: &Env,
    source: &Source,
    options: &RecoverOptions,
    unfinished: Option<Marker>,
    survey: Survey,
    owner: &Owner,
) -> anyhow::Result<Claimed> {
    let (store, keys, dir) = (&source.store, &source.keys, options.data_dir.as_path());
    store.self_test(keys).await.with_context(|| options.url.to_string())?;
    let claimant = unfinished.map_or_else(|| env.random.uuid(), |marker| marker.claim.claimant);
    let claim = broker_tier::recover::next_claim(store, keys, claimant).await?;
    let marker =
        Marker { cluster: owner.cluster.clone(), url: options.url.to_string(), at_ms: options.at_ms, claim };
    marker::store(env.disk.as_ref(), dir, &marker)?;
    clear(env.disk.as_ref(), dir)?;
    let root =
        broker_tier::recover::claim_next(store, keys, claimant).await.context("the root of the cluster")?;
    let is_recovered =
        |survey: &Survey, partition: PartitionId| plan::is_recovered(survey, partition.topic_id);
    let survey = if store.is_planted_recovered_without_fence() {
        survey
    } else {
        fence::fence(source, root.generation, survey, &is_recovered).await?
    };
    check(&survey, options)?;
    let mut plan = plan::plan(&survey, owner)?;
    plan.report.generation = Some(root.generation);
    Ok(Claimed { claim: Claim { generation: root.generation, claimant }, plan })
}

async fn finish(
    env: &Env,
    options: &RecoverOptions,
    owner: &Owner,
    Claimed { claim, plan }: Claimed,
) -> anyhow::Result<Report> {
    let (dir, report) = (options.data_dir.as_path(), plan.report.clone());
    build::build(env, dir, owner, plan, options.tune.clone()).await?;
    let remembered = Remembered { claim, url: options.url.to_string() };
    claim::store(env.disk.as_ref(), dir, &remembered).with_context(|| dir.display().to_string())?;
    marker::remove(env.disk.as_ref(), dir)?;
    Ok(report)
}

/// The cluster that the command line or the settings name.
fn wanted_cluster(settings: &BrokerConfig, options: &RecoverOptions) -> anyhow::Result<Option<ClusterId>> {
    let set =
        settings.cluster_id.as_deref().map(ClusterId::parse).transpose().context("highwater.cluster.id")?;
    if let (Some(set), Some(named)) = (&set, &options.cluster) {
        ensure!(
            set == named,
            "--cluster-id {named}: highwater.cluster.id is {set}, and the broker would refuse the directory"
        );
    }
    Ok(options.cluster.clone().or(set))
}

/// Refuses to go on without what cannot be read, unless told to.
fn check(survey: &Survey, options: &RecoverOptions) -> anyhow::Result<()> {
    if options.skip_damaged {
        return Ok(());
    }
    let snapshots = &survey.snapshots;
    if snapshots.chosen.is_none() && !snapshots.passed_over.is_empty() {
        bail!(
            "no metadata snapshot can be read; --skip-damaged recovers without settings and committed offsets:\n  {}",
            snapshots.passed_over.join("\n  ")
        );
    }
    // A deletion that was under way leaves manifests without what they name, and so does a directory that the power brought
    // back half of.
    let deleted = |topic: TopicId| {
        snapshots.chosen.as_ref().is_some_and(|found| found.backup.image.remote_deletions.contains(&topic))
    };
    let damaged: Vec<_> =
        survey.damaged.iter().filter(|(partition, _)| !deleted(partition.topic_id)).collect();
    if damaged.is_empty() {
        return Ok(());
    }
    let line = |(partition, reason): (&PartitionId, &String)| {
        format!("  topic id {}, partition {}: {reason}", partition.topic_id, partition.partition)
    };
    let lines: Vec<String> = damaged.iter().copied().take(NAMED_MAX).map(line).collect();
    bail!(
        "{} partitions cannot be read; --skip-damaged recovers the others, these begin empty:\n{}",
        damaged.len(),
        lines.join("\n")
    )
}

/// What a data directory is.
enum Directory {
    Empty,
    /// The half-done result of an earlier recovery.
    Unfinished(Marker),
    /// A broker's of this cluster.
    Whole,
}

/// Makes the directory, durably, and takes its lock.
fn take_directory(disk: &dyn Disk, dir: &Path) -> anyhow::Result<Box<dyn std::fmt::Debug + Send + Sync>> {
    let named = || dir.display().to_string();
    disk.create_dir_all(dir).with_context(named)?;
    for ancestor in dir.ancestors().skip(1) {
        // Where we may not look, we have not made anything.
        let not_ours = [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem];
        match disk.sync_dir(ancestor) {
            Err(error) if not_ours.contains(&error.kind()) => break,
            synced => synced.with_context(named)?,
        }
    }
    let lock = disk.lock(&dir.join(LOCK_FILE));
    lock.map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => anyhow::anyhow!("{}: somebody else recovers it", dir.display()),
        _ => anyhow::Error::new(error).context(named()),
    })
}

fn look_into(
    disk: &dyn Disk,
    dir: &Path,
    cluster: &ClusterId,
    options: &RecoverOptions,
) -> anyhow::Result<Directory> {
    if let Some(marker) = marker::load(disk, dir)? {
        check_same(&marker, dir, cluster, options)?;
        return Ok(Directory::Unfinished(marker));
    }
    let entries = entries_of(disk, dir)?;
    let Some(first) = entries.first() else { return Ok(Directory::Empty) };
    let remembers = claim::load(disk, dir).with_context(|| dir.display().to_string())?.is_some();
    if !remembers {
        bail!(
            "--data-dir: {} is not empty ({} is there): name an empty directory",
            dir.display(),
            first.name
        );
    }
    let found = cluster_of(disk, dir)?;
    ensure!(
        found == cluster.as_str(),
        "--data-dir: {} is that of cluster {found}, not of {cluster}",
        dir.display()
    );
    Ok(Directory::Whole)
}

/// An unfinished recovery is finished as it was begun: another one would mix what the two have found.
fn check_same(
    marker: &Marker,
    dir: &Path,
    cluster: &ClusterId,
    options: &RecoverOptions,
) -> anyhow::Result<()> {
    let url = options.url.to_string();
    if marker.cluster == cluster.as_str() && marker.url == url && marker.at_ms == options.at_ms {
        return Ok(());
    }
    let at = marker.at_ms.map_or_else(|| "the newest".to_owned(), moment::show);
    bail!(
        "--data-dir: {} holds an unfinished recovery of cluster {} from {} as of {at}: finish that one, or empty the \
         directory",
        dir.display(),
        marker.cluster,
        marker.url
    )
}

/// What is in the directory; nothing if it is not there.
fn entries_of(disk: &dyn Disk, dir: &Path) -> anyhow::Result<Vec<DirEntry>> {
    let named = || dir.display().to_string();
    if !disk.exists(dir).with_context(named)? {
        return Ok(Vec::new());
    }
    let mut entries = disk.list(dir).with_context(named)?;
    // What filesystems put at their top, and what a recovery that was cut off leaves before it knows anything.
    let own = [LOCK_FILE.to_owned(), "lost+found".to_owned(), format!("{MARKER_FILE}.tmp")];
    entries.retain(|entry| !own.contains(&entry.name));
    Ok(entries)
}

fn cluster_of(disk: &dyn Disk, dir: &Path) -> anyhow::Result<String> {
    let file = dir.join(META_PROPERTIES_FILE);
    let text = disk.read(&file).with_context(|| file.display().to_string())?;
    let decoded = MetaProperties::decode(&String::from_utf8_lossy(&text), Default::default());
    Ok(decoded.map_err(|reason| anyhow::anyhow!("{}: {reason}", file.display()))?.cluster_id)
}

/// Removes what an earlier recovery has left, but the marker.
fn clear(disk: &dyn Disk, dir: &Path) -> anyhow::Result<()> {
    let named = || dir.display().to_string();
    for entry in entries_of(disk, dir)? {
        let path = dir.join(&entry.name);
        match entry.name.as_str() {
            MARKER_FILE => continue,
            _ if entry.is_dir => disk.remove_dir_all(&path),
            _ => disk.remove_file(&path),
        }
        .with_context(named)?;
    }
    disk.sync_dir(dir).with_context(named)
}
