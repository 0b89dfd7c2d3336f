//! Groups as they are kept outside of `__consumer_offsets`: what they have committed, without their members.

use std::sync::Arc;

use super::offsets::CommittedOffset;
use super::record::{self, CoordinatorRecord};
use super::shard::GroupShard;

/// A group without its members.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupBackup {
    /// Name of the group.
    pub group_id: Arc<str>,
    /// What its members had in common; `None` for a group that never had any.
    pub protocol_type: Option<String>,
    /// Its last generation.
    pub generation: i32,
    /// What it has committed, by topic and partition.
    pub offsets: Vec<OffsetBackup>,
}

/// What a group has committed for a partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffsetBackup {
    /// Name of the topic.
    pub topic: Arc<str>,
    /// Number of the partition.
    pub partition: i32,
    /// The position.
    pub committed: CommittedOffset,
}

impl GroupShard {
    /// All groups that have committed something, by name.
    #[must_use]
    pub fn backup(&self) -> Vec<GroupBackup> {
        let backups = self.groups.values().map(|group| GroupBackup {
            group_id: Arc::clone(&group.id),
            protocol_type: group.protocol_type.clone(),
            generation: group.generation,
            offsets: group
                .offsets
                .iter()
                .map(|(topic, partition, committed)| OffsetBackup {
                    topic: Arc::clone(topic),
                    partition,
                    committed: committed.clone(),
                })
                .collect(),
        });
        backups.filter(|group| !group.offsets.is_empty()).collect()
    }
}

impl GroupBackup {
    /// The records from which a shard loads the group. Its offsets expire as if its members had left at `now_ms`: they
    /// have had no chance to come back.
    #[must_use]
    pub fn records(&self, now_ms: i64) -> Vec<CoordinatorRecord> {
        let offsets = self.offsets.iter().map(|offset| {
            record::offset_commit(&self.group_id, &offset.topic, offset.partition, &offset.committed)
        });
        let group = self
            .protocol_type
            .as_deref()
            .map(|protocol_type| record::empty_group(&self.group_id, protocol_type, self.generation, now_ms));
        group.into_iter().chain(offsets).collect()
    }
}

#[cfg(test)]
mod tests {
    use broker_protocol::types::{TopicId, Uuid};

    use super::*;
    use crate::group::GroupConfig;
    use crate::group::messages::Now;

    fn group(protocol_type: Option<&str>) -> GroupBackup {
        let committed = |offset| CommittedOffset {
            offset,
            leader_epoch: 3,
            metadata: "where I was".into(),
            commit_timestamp_ms: 1_000,
            expire_timestamp_ms: None,
            topic_id: TopicId(Uuid::from_u128(9)),
        };
        let offset = |partition, offset| OffsetBackup {
            topic: "orders".into(),
            partition,
            committed: committed(offset),
        };
        GroupBackup {
            group_id: "readers".into(),
            protocol_type: protocol_type.map(str::to_owned),
            generation: 7,
            offsets: vec![offset(0, 42), offset(3, 43)],
        }
    }

    fn loaded(group: &GroupBackup, now_ms: i64) -> GroupShard {
        let mut shard = GroupShard::new(Arc::new(GroupConfig::default()));
        for record in group.records(now_ms) {
            shard.replay(&record.key, record.value.as_deref()).unwrap();
        }
        shard
    }

    #[test]
    fn a_group_is_loaded_from_the_records_of_its_backup() {
        for group in [group(Some("consumer")), group(None)] {
            let expected = GroupBackup {
                generation: if group.protocol_type.is_some() { 7 } else { 0 },
                ..group.clone()
            };
            assert_eq!(loaded(&group, 2_000).backup(), [expected]);
        }
    }

    #[test]
    fn offsets_of_a_group_that_had_members_live_on_from_the_recovery() {
        let month_ms = 30 * 24 * 3600 * 1000;
        let mut shard = loaded(&group(Some("consumer")), month_ms);
        let now = Now { steady_ms: 0, wall_ms: month_ms + 1 };
        let _ = shard.finish_load(now);
        assert!(shard.clean_up(month_ms + 1).records.is_empty());
        assert!(!loaded(&group(None), month_ms).clean_up(month_ms + 1).records.is_empty());
    }
}
