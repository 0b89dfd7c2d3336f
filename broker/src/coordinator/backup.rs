//! What all groups have committed, for whoever keeps a copy of it elsewhere.

use broker_protocol::types::{Offset, PartitionIndex};
use broker_state::group::{GroupBackup, GroupShard, partition_for};

use super::{CoordinatorError, GroupCoordinator};

/// What all groups have committed; durable.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GroupsBackup {
    /// The groups that have committed something, by name.
    pub groups: Vec<GroupBackup>,
    /// How far the shards had written their logs before; see [`GroupCoordinator::written`].
    pub written: Vec<Option<Offset>>,
    /// Shards whose log is out of service: their groups are not among `groups`.
    pub missing: Vec<PartitionIndex>,
}

impl GroupsBackup {
    /// Takes in the groups of the missing shards from an earlier backup.
    pub fn complete_from(&mut self, earlier: Vec<GroupBackup>) {
        let shards = i32::try_from(self.written.len()).unwrap_or(i32::MAX);
        let of_missing = |group: &GroupBackup| self.missing.contains(&partition_for(&group.group_id, shards));
        let found: Vec<GroupBackup> = earlier.into_iter().filter(of_missing).collect();
        self.groups.extend(found);
        self.sort();
    }

    fn sort(&mut self) {
        self.groups.sort_by(|one, other| one.group_id.cmp(&other.group_id));
    }
}

impl GroupCoordinator {
    /// How far each shard has written its log; changes whenever a group does. `None` for a shard that is not loaded.
    #[must_use]
    pub fn written(&self) -> Vec<Option<Offset>> {
        let shards = self.shards.read().clone();
        shards.iter().flat_map(|shards| shards.iter()).map(|shard| shard.written()).collect()
    }

    /// What all groups have committed; nothing if `__consumer_offsets` was never needed.
    ///
    /// # Errors
    /// A shard is being loaded, or cannot be used at the moment.
    pub async fn backup(&self) -> Result<GroupsBackup, CoordinatorError> {
        let mut backup = GroupsBackup::default();
        if !self.topic.is_made() {
            return Ok(backup);
        }
        for shard in self.shards()?.iter() {
            backup.written.push(shard.written());
            match shard.read(GroupShard::backup).await {
                Ok(groups) => backup.groups.extend(groups),
                Err(CoordinatorError::NotCoordinator) => backup.missing.push(shard.partition()),
                Err(error) => return Err(error),
            }
        }
        backup.sort();
        Ok(backup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str) -> GroupBackup {
        GroupBackup { group_id: name.into(), protocol_type: None, generation: 0, offsets: Vec::new() }
    }

    #[test]
    fn groups_of_a_shard_out_of_service_are_those_of_the_last_backup() {
        let all: Vec<GroupBackup> = (10..60).map(|number| group(&format!("g{number}"))).collect();
        let is_missing = |group: &GroupBackup| partition_for(&group.group_id, 4) == 2;
        let (missing, there): (Vec<_>, Vec<_>) = all.iter().cloned().partition(is_missing);
        assert!(!missing.is_empty());
        let mut backup = GroupsBackup { groups: there, written: vec![None; 4], missing: vec![2] };
        backup.complete_from(all.clone());
        assert_eq!(backup.groups, all);
    }
}
