//! LeaveGroup: members go on their own, or an administrator removes static ones by their instance id (KIP-345).

use std::sync::Arc;

use super::messages::{GroupError, LeaveRequest, LeavingMember, LeftMember, Now, Outcome};
use super::shard::GroupShard;
use super::turn::Turn;

impl GroupShard {
    /// Removes members from a group.
    ///
    /// # Errors
    /// [`GroupError::InvalidGroupId`] for an empty group id; anything else is said per member.
    pub fn leave(&mut self, now: Now, request: LeaveRequest) -> Outcome<Result<Vec<LeftMember>, GroupError>> {
        if request.group_id.is_empty() {
            return Outcome::respond(Err(GroupError::InvalidGroupId));
        }
        let Some(mut turn) = self.turn(&request.group_id, now) else {
            let unknown = |leaving| left(leaving, Err(GroupError::UnknownMemberId));
            return Outcome::respond(Ok(request.members.into_iter().map(unknown).collect()));
        };
        let results: Vec<LeftMember> = request
            .members
            .into_iter()
            .map(|leaving| {
                let result = turn.remove_leaving(&leaving);
                left(leaving, result)
            })
            .collect();
        if results.iter().any(|left| left.error.is_none()) {
            turn.rebalance_after_removal();
        }
        let outcome = turn.finish(Ok(results));
        self.forget_if_void(&request.group_id);
        outcome
    }
}

fn left(leaving: LeavingMember, result: Result<(), GroupError>) -> LeftMember {
    LeftMember { member_id: leaving.member_id, instance_id: leaving.instance_id, error: result.err() }
}

impl Turn<'_> {
    fn remove_leaving(&mut self, leaving: &LeavingMember) -> Result<(), GroupError> {
        let member_id: Arc<str> = if leaving.member_id.is_empty() {
            let instance_id = leaving.instance_id.as_deref().ok_or(GroupError::UnknownMemberId)?;
            self.group.static_members.get(instance_id).cloned().ok_or(GroupError::UnknownMemberId)?
        } else if let Some(pending) = self.group.pending_joins.get(leaving.member_id.as_str()) {
            pending.clone()
        } else {
            self.group.validate_member(&leaving.member_id, leaving.instance_id.as_deref())?;
            leaving.member_id.as_str().into()
        };
        self.remove_member(&member_id, GroupError::UnknownMemberId);
        Ok(())
    }
}
