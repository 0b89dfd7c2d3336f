//! Committed offsets: who may commit, what a commit stores, and how one is deleted (KIP-496).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use broker_protocol::types::TopicId;

use super::classic_group::{Group, GroupState};
use super::messages::{GroupError, Now, Outcome};
use super::record;
use super::shard::GroupShard;

/// Most bytes of records that one commit may make: group id, topic and metadata of every partition. Kafka's bound is
/// the `max.message.bytes` of `__consumer_offsets`, 1 MiB unless changed.
pub const COMMIT_BYTES_MAX: usize = 8 << 20;

/// Bytes of the fixed fields of an offset's record, about.
const OFFSET_RECORD_BYTES: usize = 64;

/// A position that a group stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommittedOffset {
    /// The next offset to read.
    pub offset: i64,
    /// Leader epoch of the last record read, -1 if unknown.
    pub leader_epoch: i32,
    /// What the client wants to remember with it.
    pub metadata: Box<str>,
    /// When it was committed, in milliseconds.
    pub commit_timestamp_ms: i64,
    /// When it expires, if the commit said so (versions 2 to 4 of OffsetCommit).
    pub expire_timestamp_ms: Option<i64>,
    /// The topic's id when it was committed; zero if unknown.
    pub topic_id: TopicId,
}

/// A member, or a client without group management, stores positions.
#[derive(Clone, Debug)]
pub struct CommitRequest {
    /// Name of the group; empty is a group like any other here.
    pub group_id: String,
    /// Generation of the member; negative from a client without group management.
    pub generation_id: i32,
    /// Member id; empty from a client without group management.
    pub member_id: String,
    /// Static instance id.
    pub instance_id: Option<String>,
    /// How long to keep the offsets, in milliseconds; -1 leaves it to the broker.
    pub retention_time_ms: i64,
    /// Whether a generation of an unknown group is answered by [`GroupError::GroupIdNotFound`] (version 9 and later)
    /// or by [`GroupError::IllegalGeneration`].
    pub knows_group_id_not_found: bool,
    /// The positions.
    pub offsets: Vec<OffsetToCommit>,
}

impl CommitRequest {
    /// The last of the offsets for each partition, of those that can be stored.
    fn latest(&self, metadata_units_max: usize) -> HashMap<(&str, i32), usize> {
        let all = self.offsets.iter().enumerate().filter(|(_, offset)| offset.fits(metadata_units_max));
        all.map(|(index, offset)| (offset.key(), index)).collect()
    }

    /// Bytes of the records for these of the offsets, about.
    fn record_bytes(&self, latest: &HashMap<(&str, i32), usize>) -> usize {
        let own = |index: usize| {
            let offset = &self.offsets[index];
            OFFSET_RECORD_BYTES + self.group_id.len() + offset.topic.len() + offset.metadata.len()
        };
        latest.values().map(|index| own(*index)).sum()
    }
}

/// One position of a [`CommitRequest`].
#[derive(Clone, Debug)]
pub struct OffsetToCommit {
    /// Name of the topic.
    pub topic: Arc<str>,
    /// The topic's id; zero if unknown.
    pub topic_id: TopicId,
    /// Number of the partition.
    pub partition: i32,
    /// The next offset to read.
    pub offset: i64,
    /// Leader epoch of the last record read, -1 if unknown.
    pub leader_epoch: i32,
    /// What the client wants to remember with it.
    pub metadata: String,
}

impl OffsetToCommit {
    fn key(&self) -> (&str, i32) {
        (&self.topic, self.partition)
    }

    /// Whether its metadata is short enough.
    fn fits(&self, metadata_units_max: usize) -> bool {
        self.metadata.encode_utf16().count() <= metadata_units_max
    }
}

/// The offsets of one group.
#[derive(Debug, Default)]
pub(super) struct Offsets(BTreeMap<Arc<str>, BTreeMap<i32, CommittedOffset>>);

impl Offsets {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, topic: &str, partition: i32) -> Option<&CommittedOffset> {
        self.0.get(topic)?.get(&partition)
    }

    pub(super) fn set(&mut self, topic: &str, partition: i32, committed: CommittedOffset) {
        match self.0.get_mut(topic) {
            Some(partitions) => {
                partitions.insert(partition, committed);
            }
            None => {
                self.0.insert(topic.into(), BTreeMap::from([(partition, committed)]));
            }
        }
    }

    pub(super) fn remove(&mut self, topic: &str, partition: i32) {
        if let Some(partitions) = self.0.get_mut(topic) {
            partitions.remove(&partition);
            if partitions.is_empty() {
                self.0.remove(topic);
            }
        }
    }

    /// All offsets, by topic and partition.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, i32, &CommittedOffset)> {
        self.0.iter().flat_map(|(topic, partitions)| {
            partitions.iter().map(move |(partition, committed)| (topic, *partition, committed))
        })
    }

    /// The offsets of one topic, by partition.
    pub(super) fn of_topic(&self, topic: &str) -> impl Iterator<Item = (i32, &CommittedOffset)> {
        self.0.get(topic).into_iter().flatten().map(|(partition, committed)| (*partition, committed))
    }
}

impl GroupShard {
    /// Commits offsets. The response has one result for each of the request's offsets, in their order; of several for
    /// one partition the last is stored.
    ///
    /// # Errors
    /// Who does not belong to the group's present generation may not commit, but for a group without members.
    /// [`GroupError::CommitTooLarge`] beyond [`COMMIT_BYTES_MAX`].
    pub fn commit(
        &mut self,
        now: Now,
        request: &CommitRequest,
    ) -> Outcome<Result<Vec<Result<(), GroupError>>, GroupError>> {
        if let Err(error) = self.check_commit(request) {
            return Outcome::respond(Err(error));
        }
        let metadata_units_max = self.config.offset_metadata_units_max;
        let latest = request.latest(metadata_units_max);
        if request.record_bytes(&latest) > COMMIT_BYTES_MAX {
            return Outcome::respond(Err(GroupError::CommitTooLarge));
        }
        if let Some(mut turn) = self.turn(&request.group_id, now)
            && matches!(turn.group.state, GroupState::Stable | GroupState::PreparingRebalance)
        {
            turn.prolong_session(&request.member_id);
        }
        let expire_timestamp_ms =
            (request.retention_time_ms != -1).then(|| now.wall_ms.saturating_add(request.retention_time_ms));
        let mut records = Vec::with_capacity(latest.len());
        let results = request
            .offsets
            .iter()
            .enumerate()
            .map(|(index, offset)| {
                if !offset.fits(metadata_units_max) {
                    return Err(GroupError::OffsetMetadataTooLarge);
                }
                if latest.get(&offset.key()) != Some(&index) {
                    return Ok(());
                }
                let committed = CommittedOffset {
                    offset: offset.offset,
                    leader_epoch: offset.leader_epoch,
                    metadata: offset.metadata.as_str().into(),
                    commit_timestamp_ms: now.wall_ms,
                    expire_timestamp_ms,
                    topic_id: offset.topic_id,
                };
                records.push(record::offset_commit(
                    &request.group_id,
                    &offset.topic,
                    offset.partition,
                    &committed,
                ));
                Ok(())
            })
            .collect();
        Outcome { records, answers: Vec::new(), response: Ok(results) }
    }

    fn check_commit(&self, request: &CommitRequest) -> Result<(), GroupError> {
        match self.group(&request.group_id) {
            Some(group) => group.check_commit(request),
            // Without a generation it is a client that keeps its offsets here and nothing else.
            None if request.generation_id < 0 => Ok(()),
            None if request.knows_group_id_not_found => Err(GroupError::GroupIdNotFound),
            None => Err(GroupError::IllegalGeneration),
        }
    }

    /// The offset that a group committed for a partition.
    #[must_use]
    pub fn committed(&self, group_id: &str, topic: &str, partition: i32) -> Option<&CommittedOffset> {
        self.group(group_id)?.offsets.get(topic, partition)
    }

    /// All offsets of a group, by topic and partition; none if there is no such group.
    pub fn all_committed(&self, group_id: &str) -> impl Iterator<Item = (&Arc<str>, i32, &CommittedOffset)> {
        self.group(group_id).into_iter().flat_map(|group| group.offsets.iter())
    }

    /// Deletes offsets of topics that the group does not read. The response has one result for each partition.
    ///
    /// # Errors
    /// [`GroupError::InvalidGroupId`], [`GroupError::GroupIdNotFound`], or [`GroupError::NonEmptyGroup`] if the
    /// group has members whose topics the coordinator cannot know.
    pub fn delete_offsets(
        &mut self,
        group_id: &str,
        partitions: &[(Arc<str>, i32)],
    ) -> Outcome<Result<Vec<Result<(), GroupError>>, GroupError>> {
        if group_id.is_empty() {
            return Outcome::respond(Err(GroupError::InvalidGroupId));
        }
        let Some(group) = self.group(group_id) else {
            return Outcome::respond(Err(GroupError::GroupIdNotFound));
        };
        if group.state != GroupState::Empty && !group.uses_consumer_protocol() {
            return Outcome::respond(Err(GroupError::NonEmptyGroup));
        }
        let mut records = Vec::new();
        let mut seen = HashSet::new();
        let results = partitions
            .iter()
            .map(|(topic, partition)| {
                if group.is_subscribed_to(topic) {
                    return Err(GroupError::GroupSubscribedToTopic);
                }
                if group.offsets.get(topic, *partition).is_some() && seen.insert((topic, partition)) {
                    records.push(record::offset_tombstone(group_id, topic, *partition));
                }
                Ok(())
            })
            .collect();
        Outcome { records, answers: Vec::new(), response: Ok(results) }
    }
}

impl Group {
    fn check_commit(&self, request: &CommitRequest) -> Result<(), GroupError> {
        let managed =
            request.generation_id >= 0 || !request.member_id.is_empty() || request.instance_id.is_some();
        if request.generation_id < 0 && self.state == GroupState::Empty {
            return Ok(());
        }
        if !managed {
            return Err(GroupError::UnknownMemberId);
        }
        self.validate_member(&request.member_id, request.instance_id.as_deref())?;
        if request.generation_id != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        // The member has joined this generation but cannot know its share yet.
        if self.state == GroupState::CompletingRebalance {
            return Err(GroupError::RebalanceInProgress);
        }
        Ok(())
    }
}
