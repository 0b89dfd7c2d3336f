//! Writes the data directory of a recovered cluster with the parts that a broker writes its own with: the log directory,
//! the coordinator's records, the metadata log. A crash leaves the marker, and all of it is made anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, ensure};
use broker_log::append::{AppendOptions, AppendOrigin};
use broker_log::log_config::{LogConfig, LogIdentity};
use broker_log::manager::{LogDir, LogDirSettings};
use broker_protocol::types::PartitionIndex;
use broker_state::group::{CoordinatorRecord, GroupBackup, partition_for};
use broker_state::metadata::MetadataImage;
use broker_tier::ids::PartitionId;

use super::plan::{LogPlan, Owner, Plan};
use crate::coordinator::in_batches;
use crate::env::Env;
use crate::internal_topics::CONSUMER_OFFSETS;
use crate::quorum::{self, QuorumConfig, RaftNode};
use crate::server::{METADATA_DIR, TuneLogDir};
use crate::tiering::known::KnownManifests;
use crate::tiering::lives;

/// Makes the logs and the metadata, durably.
pub(super) async fn build(
    env: &Env,
    dir: &Path,
    owner: &Owner,
    plan: Plan,
    tune: Option<TuneLogDir>,
) -> anyhow::Result<()> {
    let config = QuorumConfig {
        dir: dir.join(METADATA_DIR),
        node: RaftNode { broker_id: owner.broker, directory_id: owner.directory, ..RaftNode::default() },
        snapshot_entries: None,
    };
    quorum::seed(env, &config, &plan.image).await?;
    let (env_, owner, path) = (env.clone(), owner.clone(), dir.to_owned());
    env.block_on_disk(move || make_logs(&env_, path, &owner, &plan, tune)).await.context("log.dirs")
}

fn make_logs(
    env: &Env,
    path: PathBuf,
    owner: &Owner,
    plan: &Plan,
    tune: Option<TuneLogDir>,
) -> anyhow::Result<()> {
    let mut settings = LogDirSettings::new(&owner.cluster, owner.broker, owner.directory);
    if let Some(tune) = tune {
        tune(&mut settings);
    }
    let default = Arc::new(LogConfig::default());
    let config_of = |_: &LogIdentity| Arc::clone(&default);
    // With it, the broker knows which partitions it has copied.
    let known = KnownManifests::load(env.disk.as_ref(), &path)?;
    for LogPlan { identity, manifest, .. } in &plan.logs {
        let (topic_id, partition) = (identity.topic_id, identity.partition);
        known.note(PartitionId { topic_id, partition }, *manifest);
    }
    let disk = Arc::clone(&env.disk);
    let (log_dir, _) = LogDir::open(disk, Arc::clone(&env.clock), path, settings, &config_of)?;
    for log in &plan.logs {
        let (identity, config) = (log.identity.clone(), Arc::clone(&default));
        log_dir.create_tiered_log(identity, config, log.leader_epoch, &log.start)?;
    }
    // A start refuses logs that none of the checkpoints has.
    log_dir.checkpoint();
    write_groups(&log_dir, &plan.image, &plan.groups, env.clock.now_ms())?;
    known.store(env.disk.as_ref())?;
    lives::file::make(env.disk.as_ref(), log_dir.path())?;
    log_dir.close();
    match log_dir.is_failed() {
        Some(reason) => Err(anyhow!(reason)),
        None => Ok(()),
    }
}

/// Writes what the groups have committed to `__consumer_offsets`, as the coordinator does.
fn write_groups(
    log_dir: &LogDir,
    image: &MetadataImage,
    groups: &[GroupBackup],
    now_ms: i64,
) -> anyhow::Result<()> {
    let Some(topic) = image.topics.by_name(CONSUMER_OFFSETS) else {
        ensure!(groups.is_empty(), "groups have committed offsets, but there is no topic {CONSUMER_OFFSETS}");
        return Ok(());
    };
    let mut records: BTreeMap<PartitionIndex, Vec<CoordinatorRecord>> = BTreeMap::new();
    for group in groups {
        let home = partition_for(&group.group_id, topic.partition_count());
        records.entry(home).or_default().extend(group.records(now_ms));
    }
    for (partition, records) in records {
        let leader_epoch = topic.partition(partition).context("a partition of groups")?.leader_epoch;
        let identity = LogIdentity { topic: Arc::clone(&topic.name), topic_id: topic.id, partition };
        let log = log_dir.create_log(identity, Arc::new(LogConfig::default()), leader_epoch)?;
        let options = AppendOptions { leader_epoch, origin: AppendOrigin::Coordinator, now_ms };
        let mut bytes = in_batches(&records, now_ms);
        log.append_as_leader(&mut bytes, &options).context(CONSUMER_OFFSETS)?;
    }
    Ok(())
}
