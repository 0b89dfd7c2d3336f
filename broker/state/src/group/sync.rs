//! SyncGroup: members ask for their assignment, the leader brings everybody's (KIP-559 checks the protocol).

use std::collections::BTreeMap;

use super::classic_group::GroupState;
use super::messages::{Answer, GroupError, Now, Outcome, SyncRequest, SyncResponse, Token};
use super::shard::GroupShard;
use super::turn::Turn;

impl GroupShard {
    /// A member asks for its assignment. The answer comes under `token`, in this outcome or when the leader's arrives.
    pub fn sync(&mut self, now: Now, token: Token, request: SyncRequest) -> Outcome {
        let refuse = |error| Outcome {
            records: Vec::new(),
            answers: vec![(token, Answer::Sync(SyncResponse::refused(error)))],
            response: (),
        };
        if request.group_id.is_empty() {
            return refuse(GroupError::InvalidGroupId);
        }
        let Some(mut turn) = self.turn(&request.group_id, now) else {
            return refuse(GroupError::UnknownMemberId);
        };
        match turn.check_sync(&request) {
            Ok(()) => turn.sync(token, request),
            Err(error) => turn.refuse_sync(token, error),
        }
        turn.finish(())
    }
}

impl Turn<'_> {
    fn check_sync(&self, request: &SyncRequest) -> Result<(), GroupError> {
        self.group.validate_member(&request.member_id, request.instance_id.as_deref())?;
        if request.generation_id != self.group.generation {
            return Err(GroupError::IllegalGeneration);
        }
        if differs(&request.protocol_type, &self.group.protocol_type)
            || differs(&request.protocol_name, &self.group.protocol_name)
        {
            return Err(GroupError::InconsistentGroupProtocol);
        }
        match self.group.state {
            GroupState::Empty => Err(GroupError::UnknownMemberId),
            GroupState::PreparingRebalance => Err(GroupError::RebalanceInProgress),
            GroupState::CompletingRebalance | GroupState::Stable => Ok(()),
        }
    }

    fn sync(&mut self, token: Token, request: SyncRequest) {
        self.synced(&request.member_id);
        let Some(member) = self.group.members.get_mut(request.member_id.as_str()) else { return };
        if self.group.state == GroupState::Stable {
            let assignment = member.assignment.clone();
            let response = self.assigned(assignment);
            self.prolong_session(&request.member_id);
            return self.answer_sync(token, response);
        }
        // A request that waited before this one lost its client.
        if let Some(lost) = member.syncing.replace(token) {
            self.refuse_sync(lost, GroupError::RebalanceInProgress);
        }
        if self.group.is_leader(&request.member_id) {
            let assignments: BTreeMap<String, Vec<u8>> = request.assignments.into_iter().collect();
            let assignment_of = |id: &str| assignments.get(id).cloned().unwrap_or_default();
            self.record_generation(|member| assignment_of(&member.id));
            self.hand_out(|member| assignment_of(&member.id));
        }
    }
}

/// Whether both are known and not the same: versions before 5 send neither.
fn differs(requested: &Option<String>, actual: &Option<String>) -> bool {
    matches!((requested, actual), (Some(requested), Some(actual)) if requested != actual)
}
