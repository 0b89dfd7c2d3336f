//! Looking at groups and deleting them: ListGroups, DescribeGroups, DeleteGroups, and a view for metrics.

use std::sync::Arc;

use broker_protocol::types::TopicId;

use super::classic_group::{Group, GroupState};
use super::messages::{GroupError, Outcome};
use super::record;
use super::shard::GroupShard;

/// One line of ListGroups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedGroup {
    /// Name of the group.
    pub group_id: String,
    /// Empty for a group that never had members.
    pub protocol_type: String,
    /// Where it is in its rebalance.
    pub state: GroupState,
}

/// What DescribeGroups says of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DescribedGroup {
    /// Where it is in its rebalance.
    pub state: GroupState,
    /// Empty for a group that never had members.
    pub protocol_type: String,
    /// Rises with every rebalance; 0 for a group that never had members.
    pub generation: i32,
    /// The chosen protocol, empty unless the group is stable.
    pub protocol_name: String,
    /// The members; their metadata and assignments are empty unless the group is stable.
    pub members: Vec<DescribedMember>,
}

/// What DescribeGroups says of a member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DescribedMember {
    /// Member id.
    pub member_id: String,
    /// Static instance id.
    pub instance_id: Option<String>,
    /// Client id that it joined with.
    pub client_id: String,
    /// Where it connects from.
    pub client_host: String,
    /// Its metadata for the chosen protocol.
    pub metadata: Vec<u8>,
    /// Its assignment.
    pub assignment: Vec<u8>,
}

/// A group as metrics see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupView {
    /// Name of the group.
    pub group_id: Arc<str>,
    /// Where it is in its rebalance.
    pub state: GroupState,
    /// Number of members.
    pub members: usize,
    /// Committed offsets, by topic and partition.
    pub offsets: Vec<OffsetView>,
}

/// A committed offset as metrics see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffsetView {
    /// Name of the topic.
    pub topic: Arc<str>,
    /// The topic's id when it was committed; zero if unknown.
    pub topic_id: TopicId,
    /// Number of the partition.
    pub partition: i32,
    /// The next offset to read.
    pub offset: i64,
    /// When it was committed, in milliseconds.
    pub commit_timestamp_ms: i64,
}

impl GroupShard {
    /// All groups, by name. Filters are the caller's: they are words of the wire.
    #[must_use]
    pub fn list(&self) -> Vec<ListedGroup> {
        let listed = |group: &Group| ListedGroup {
            group_id: group.id.to_string(),
            protocol_type: group.protocol_type.clone().unwrap_or_default(),
            state: group.state,
        };
        self.groups.values().map(listed).collect()
    }

    /// One group with its members.
    #[must_use]
    pub fn describe(&self, group_id: &str) -> Option<DescribedGroup> {
        let group = self.group(group_id)?;
        let protocol = match group.state {
            GroupState::Stable => group.protocol_name.as_deref(),
            _ => None,
        };
        let members = group
            .members
            .values()
            .map(|member| DescribedMember {
                member_id: member.id.to_string(),
                instance_id: member.instance_id.as_deref().map(str::to_owned),
                client_id: member.client_id.clone(),
                client_host: member.client_host.clone(),
                metadata: protocol.map(|protocol| member.metadata(protocol).to_vec()).unwrap_or_default(),
                assignment: protocol.map(|_| member.assignment.clone()).unwrap_or_default(),
            })
            .collect();
        Some(DescribedGroup {
            state: group.state,
            protocol_type: group.protocol_type.clone().unwrap_or_default(),
            generation: group.generation,
            protocol_name: protocol.unwrap_or_default().to_owned(),
            members,
        })
    }

    /// Deletes a group without members, with its offsets.
    ///
    /// # Errors
    /// [`GroupError::GroupIdNotFound`] or [`GroupError::NonEmptyGroup`].
    pub fn delete(&mut self, group_id: &str) -> Outcome<Result<(), GroupError>> {
        let Some(group) = self.group(group_id) else {
            return Outcome::respond(Err(GroupError::GroupIdNotFound));
        };
        if group.state != GroupState::Empty {
            return Outcome::respond(Err(GroupError::NonEmptyGroup));
        }
        let offsets = group.offsets.iter().map(|(topic, partition, _)| (topic, partition));
        let mut records: Vec<_> =
            offsets.map(|(topic, partition)| record::offset_tombstone(group_id, topic, partition)).collect();
        records.push(record::group_tombstone(group_id));
        Outcome { records, answers: Vec::new(), response: Ok(()) }
    }

    /// Every group with its state, members and committed offsets.
    #[must_use]
    pub fn snapshot(&self) -> Vec<GroupView> {
        let view = |group: &Group| GroupView {
            group_id: group.id.clone(),
            state: group.state,
            members: group.members.len(),
            offsets: group
                .offsets
                .iter()
                .map(|(topic, partition, committed)| OffsetView {
                    topic: topic.clone(),
                    topic_id: committed.topic_id,
                    partition,
                    offset: committed.offset,
                    commit_timestamp_ms: committed.commit_timestamp_ms,
                })
                .collect(),
        };
        self.groups.values().map(view).collect()
    }
}
