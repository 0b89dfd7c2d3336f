//! The groups of this broker: one shard per partition of `__consumer_offsets`, found by the hash of the group's name.
//!
//! Decisions are broker-state's. Here is what surrounds them: loading a shard from its partition, writing its records
//! before they count, answering only what is durable, and a clock. Read `hosted_shard.rs` next.
//! Invariant: no answer says anything that a crash could undo; every answer waits for the last record written before it.

mod alarm;
mod backup;
mod error;
mod hosted_shard;
mod loading;
mod offsets_log;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use broker_config::BrokerConfig;
use broker_protocol::types::{Offset, PartitionIndex, TopicId};
use broker_state::group::{
    CommitRequest, GroupConfig, GroupError, GroupShard, HeartbeatRequest, JoinRequest, JoinResponse,
    LeaveRequest, LeftMember, ListedGroup, Outcome, SyncRequest, SyncResponse, partition_for,
};
use broker_state::metadata::image::MetadataImage;
use broker_state::metadata::topics::DeletedTopic;
use parking_lot::{Mutex, RwLock};
use tokio::task::AbortHandle;

pub use self::backup::GroupsBackup;
pub use self::error::{CoordinatorError, group_error_code};
pub(crate) use self::hosted_shard::in_batches;
pub use self::offsets_log::{AppendFailed, OffsetsLog, OffsetsTopic, ReadFailed};

use self::alarm::Alarm;
use self::hosted_shard::{HostedShard, Surroundings};
use crate::api::context::ApiContext;
use crate::env::Env;
use crate::internal_topics::CONSUMER_OFFSETS;
use crate::replication::manager::ReplicaManager;

/// A group as metrics show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupMetrics {
    /// Name of the group.
    pub group_id: String,
    /// Its members.
    pub members: usize,
    /// Name of its state, as on the wire.
    pub state: &'static str,
    /// What it has committed.
    pub offsets: Vec<OffsetMetrics>,
}

/// A committed offset as metrics show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffsetMetrics {
    /// Name of the topic.
    pub topic: Arc<str>,
    /// The topic's id when it was committed; zero if unknown.
    pub topic_id: TopicId,
    /// Number of the partition.
    pub partition: PartitionIndex,
    /// The next offset that the group will read.
    pub offset: Offset,
}

/// Whether an offset that was committed for a topic with this name and id is for the topic that has the name now, not
/// for one that was deleted.
#[must_use]
pub fn is_of_this_topic(image: &MetadataImage, name: &str, committed_for: TopicId) -> bool {
    committed_for.is_zero() || image.topics.by_name(name).is_none_or(|topic| topic.id == committed_for)
}

/// All shards, by partition.
type Shards = Arc<[Arc<HostedShard>]>;

/// The coordinator of every group of this broker.
#[derive(Debug)]
pub struct GroupCoordinator {
    topic: Arc<dyn OffsetsTopic>,
    surroundings: Arc<Surroundings>,
    shards: RwLock<Option<Shards>>,
    ticker: Mutex<Option<AbortHandle>>,
}

impl GroupCoordinator {
    /// A coordinator over the partitions of `__consumer_offsets` among `replicas`.
    #[must_use]
    pub fn new(env: Env, settings: &BrokerConfig, replicas: Arc<ReplicaManager>) -> GroupCoordinator {
        let (groups, offsets) = (&settings.groups, &settings.offsets);
        let config = GroupConfig {
            session_timeout_min_ms: groups.session_timeout_ms_min,
            session_timeout_max_ms: groups.session_timeout_ms_max,
            initial_rebalance_delay_ms: i32::try_from(groups.initial_rebalance_delay_ms).unwrap_or(i32::MAX),
            members_max: groups.members_max,
            offset_metadata_units_max: offsets.metadata_bytes_max,
            offsets_retention_ms: i64::try_from(offsets.retention_ms).unwrap_or(i64::MAX),
            offsets_retention_check_interval_ms: i64::try_from(offsets.retention_check_interval_ms)
                .unwrap_or(i64::MAX),
            ..GroupConfig::default()
        };
        GroupCoordinator::over(env, config, Duration::from_millis(offsets.commit_timeout_ms), replicas)
    }

    /// A coordinator over any logs; `write_timeout` is how long an answer waits for its records to be durable.
    #[must_use]
    pub fn over(
        env: Env,
        config: GroupConfig,
        write_timeout: Duration,
        topic: Arc<dyn OffsetsTopic>,
    ) -> GroupCoordinator {
        let surroundings = Surroundings {
            env,
            config: Arc::new(config),
            write_timeout,
            alarm: Alarm::default(),
            draining: AtomicBool::new(false),
        };
        GroupCoordinator {
            topic,
            surroundings: Arc::new(surroundings),
            shards: RwLock::new(None),
            ticker: Mutex::new(None),
        }
    }

    /// Loads the groups that the log has, in the background, and starts the clock.
    pub fn start(&self, ctx: &Arc<ApiContext>) {
        self.run(Arc::downgrade(&ctx.groups));
    }

    /// As [`GroupCoordinator::start`], for a coordinator without a broker. `itself` is this coordinator.
    pub fn run(&self, itself: Weak<GroupCoordinator>) {
        // Without the topic there are no groups yet.
        if let Ok(shards) = self.shards() {
            hosted_shard::load_all(shards.to_vec());
        }
        let task = tokio::spawn(tick_for_ever(itself, Arc::clone(&self.surroundings)));
        *self.ticker.lock() = Some(task.abort_handle());
    }

    /// Sends away everybody who waits for a rebalance, now and from now on: when the broker stops nobody can be waited
    /// for. Everything else is still answered.
    pub fn drain(&self) {
        self.surroundings.draining.store(true, Ordering::Release);
        if let Some(shards) = &*self.shards.read() {
            shards.iter().for_each(|shard| shard.drain());
        }
    }

    /// Stops the clock and answers nothing any more.
    pub fn stop(&self) {
        if let Some(ticker) = self.ticker.lock().take() {
            ticker.abort();
        }
        if let Some(shards) = &*self.shards.read() {
            shards.iter().for_each(|shard| shard.close());
        }
    }

    /// A member joins; answered when the rebalance completes.
    ///
    /// # Errors
    /// The group's shard cannot be used at the moment; refusals by the group are in the response.
    pub async fn join(&self, request: JoinRequest) -> Result<JoinResponse, CoordinatorError> {
        self.shard_of(&request.group_id)?.join(request).await
    }

    /// A member asks for its assignment; answered when the leader's arrives.
    ///
    /// # Errors
    /// As [`GroupCoordinator::join`].
    pub async fn sync(&self, request: SyncRequest) -> Result<SyncResponse, CoordinatorError> {
        self.shard_of(&request.group_id)?.sync(request).await
    }

    /// A member is alive. Not held back for durability: nothing that a heartbeat says outlives a crash anyway.
    ///
    /// # Errors
    /// The group's refusal, or its shard cannot be used at the moment.
    pub fn heartbeat(&self, request: &HeartbeatRequest) -> Result<(), CoordinatorError> {
        let done = self.shard_of(&request.group_id)?.call(|shard, now| shard.heartbeat(now, request))?;
        Ok(done.response?)
    }

    /// Members leave.
    ///
    /// # Errors
    /// As [`GroupCoordinator::heartbeat`]; refusals of single members are in the response.
    pub async fn leave(&self, request: LeaveRequest) -> Result<Vec<LeftMember>, CoordinatorError> {
        let shard = self.shard_of(&request.group_id)?;
        Ok(shard.change(|groups, now| groups.leave(now, request)).await??)
    }

    /// Offsets are committed; one result for each.
    ///
    /// # Errors
    /// As [`GroupCoordinator::heartbeat`].
    pub async fn commit(
        &self,
        request: &CommitRequest,
    ) -> Result<Vec<Result<(), GroupError>>, CoordinatorError> {
        let shard = self.shard_of(&request.group_id)?;
        Ok(shard.change(|groups, now| groups.commit(now, request)).await??)
    }

    /// Offsets are deleted; one result for each.
    ///
    /// # Errors
    /// As [`GroupCoordinator::heartbeat`].
    pub async fn delete_offsets(
        &self,
        group_id: &str,
        partitions: &[(Arc<str>, PartitionIndex)],
    ) -> Result<Vec<Result<(), GroupError>>, CoordinatorError> {
        let shard = self.shard_of(group_id)?;
        Ok(shard.change(|groups, _| groups.delete_offsets(group_id, partitions)).await??)
    }

    /// A group without members is deleted.
    ///
    /// # Errors
    /// As [`GroupCoordinator::heartbeat`].
    pub async fn delete_group(&self, group_id: &str) -> Result<(), CoordinatorError> {
        Ok(self.shard_of(group_id)?.change(|groups, _| groups.delete(group_id)).await??)
    }

    /// Reads from the shard of a group, once all that it could tell is durable.
    ///
    /// # Errors
    /// The group's shard cannot be used at the moment.
    pub async fn read<R>(
        &self,
        group_id: &str,
        look: impl FnOnce(&GroupShard) -> R,
    ) -> Result<R, CoordinatorError> {
        self.shard_of(group_id)?.read(look).await
    }

    /// All groups; none if `__consumer_offsets` was never needed. Those of a shard whose log is out of service are left out.
    ///
    /// # Errors
    /// A shard cannot be used at the moment, or none is in service.
    pub async fn list(&self) -> Result<Vec<ListedGroup>, CoordinatorError> {
        if !self.topic.is_made() {
            return Ok(Vec::new());
        }
        let mut listed = None;
        for shard in self.shards()?.iter() {
            match shard.read(GroupShard::list).await {
                Ok(groups) => listed.get_or_insert_with(Vec::new).extend(groups),
                Err(CoordinatorError::NotCoordinator) => {}
                Err(error) => return Err(error),
            }
        }
        listed.ok_or(CoordinatorError::NotCoordinator)
    }

    /// How many shards cannot answer: they are being loaded, which begins where it has not, or their logs are out of service.
    #[must_use]
    pub fn loading(&self) -> usize {
        if !self.topic.is_made() {
            return 0;
        }
        let Ok(shards) = self.shards() else { return 1 };
        let answers = |shard: &&Arc<HostedShard>| shard.call(|_, _| Outcome::respond(())).is_ok();
        shards.len() - shards.iter().filter(answers).count()
    }

    /// Topics were deleted: groups forget what they committed for them. Offsets that this does not reach, because of a
    /// crash or a shard that is loading, are told from those of a later topic of that name by the topic's id. `before_ms` is a moment
    /// before the deletion, in milliseconds.
    pub async fn topics_deleted(&self, topics: &[DeletedTopic], before_ms: i64) {
        if topics.iter().any(|topic| topic.name == CONSUMER_OFFSETS) {
            self.forget_all();
        }
        let shards = self.shards.read().clone();
        let begun = shards
            .iter()
            .flat_map(|shards| shards.iter())
            .map(|shard| (shard, shard.begin(|groups, _| groups.delete_topics(topics, before_ms))));
        for (shard, begun) in begun.collect::<Vec<_>>() {
            let done = match begun {
                Ok(done) => shard.durable(done.written).await,
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                tracing::info!(partition = shard.partition(), %error, "offsets of deleted topics could not be removed");
            }
        }
    }

    /// `__consumer_offsets` itself is gone, and all groups with it. Clients look for the coordinator again, which makes
    /// it anew.
    fn forget_all(&self) {
        let shards = self.shards.write().take();
        shards.iter().flat_map(|shards| shards.iter()).for_each(|shard| shard.close());
    }

    /// Every group with its state, members and offsets, of the shards that are loaded.
    #[must_use]
    pub fn metrics(&self) -> Vec<GroupMetrics> {
        let shards = self.shards.read().clone();
        let views = shards.iter().flat_map(|shards| shards.iter()).flat_map(|shard| shard.views());
        views
            .map(|view| GroupMetrics {
                group_id: view.group_id.to_string(),
                members: view.members,
                state: view.state.name(),
                offsets: view
                    .offsets
                    .into_iter()
                    .map(|committed| OffsetMetrics {
                        topic: committed.topic,
                        topic_id: committed.topic_id,
                        partition: committed.partition,
                        offset: Offset(committed.offset),
                    })
                    .collect(),
            })
            .collect()
    }

    fn shard_of(&self, group_id: &str) -> Result<Arc<HostedShard>, CoordinatorError> {
        let shards = self.shards()?;
        let count = i32::try_from(shards.len()).map_err(|_| CoordinatorError::NotCoordinator)?;
        let index =
            usize::try_from(partition_for(group_id, count)).map_err(|_| CoordinatorError::NotCoordinator)?;
        shards.get(index).cloned().ok_or(CoordinatorError::NotCoordinator)
    }

    /// The shards, made when the topic is there for the first time, and anew when it was deleted.
    fn shards(&self) -> Result<Shards, CoordinatorError> {
        let of_now = |slot: &Option<Shards>| {
            let deleted = |shards: &&Shards| shards.first().is_some_and(|shard| shard.is_deleted());
            slot.as_ref().filter(|shards| !deleted(shards)).cloned()
        };
        if let Some(shards) = of_now(&self.shards.read()) {
            return Ok(shards);
        }
        let mut slot = self.shards.write();
        if let Some(shards) = of_now(&slot) {
            return Ok(shards);
        }
        if let Some(deleted) = slot.take() {
            deleted.iter().for_each(|shard| shard.close());
        }
        let logs = self.topic.logs();
        // Clients look for the coordinator then, which makes the topic.
        if logs.is_empty() {
            return Err(CoordinatorError::NotCoordinator);
        }
        let hosted = |(index, log)| {
            let partition = PartitionIndex::try_from(index).unwrap_or(PartitionIndex::MAX);
            HostedShard::new(partition, log, Arc::clone(&self.surroundings))
        };
        let shards: Shards = logs.into_iter().enumerate().map(hosted).collect();
        *slot = Some(Arc::clone(&shards));
        Ok(shards)
    }

    /// Lets every shard do what is due; gives when the next one has something to do.
    fn tick(&self) -> Option<i64> {
        let shards = self.shards.read().clone();
        shards.iter().flat_map(|shards| shards.iter()).filter_map(|shard| shard.tick()).min()
    }
}

/// Waits for the earliest deadline of all shards, lets them do what is due, and so on while the coordinator lives.
async fn tick_for_ever(coordinator: Weak<GroupCoordinator>, surroundings: Arc<Surroundings>) {
    loop {
        surroundings.alarm.reset();
        let Some(alive) = coordinator.upgrade() else { return };
        let next_ms = alive.tick();
        drop(alive);
        let now_ms = surroundings.now().steady_ms;
        surroundings.alarm.wait_until(next_ms, now_ms).await;
    }
}

#[cfg(test)]
mod tests;
