//! Sessions of members: each has a deadline that heartbeats move, and at most one queued timer.
//!
//! Heartbeats only move the deadline; the timer stays queued at the earlier time and moves when it fires. So a
//! heartbeat costs no reordering, and the earliest deadline of a shard seldom changes.

use std::sync::Arc;

use super::classic_group::GroupState;
use super::messages::{GroupError, HeartbeatRequest, JoinResponse, Now, Outcome};
use super::shard::GroupShard;
use super::timers::TimerKey;
use super::turn::Turn;

/// The session of one member, also of one that has its id but has not joined with it yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    /// When the session ends unless the member is heard of, in milliseconds.
    deadline_ms: i64,
    /// Where its timer is queued: never later than the deadline.
    queued_ms: i64,
}

impl GroupShard {
    /// A member's heartbeat: prolongs its session.
    ///
    /// # Errors
    /// [`GroupError::RebalanceInProgress`] asks the member to join again; the others say that it is no member of this
    /// generation.
    pub fn heartbeat(&mut self, now: Now, request: &HeartbeatRequest) -> Outcome<Result<(), GroupError>> {
        Outcome::respond(self.heard_of(now, request))
    }

    fn heard_of(&mut self, now: Now, request: &HeartbeatRequest) -> Result<(), GroupError> {
        if request.group_id.is_empty() {
            return Err(GroupError::InvalidGroupId);
        }
        let mut turn = self.turn(&request.group_id, now).ok_or(GroupError::UnknownMemberId)?;
        turn.group.validate_member(&request.member_id, request.instance_id.as_deref())?;
        if request.generation_id != turn.group.generation {
            return Err(GroupError::IllegalGeneration);
        }
        turn.prolong_session(&request.member_id);
        match turn.group.state {
            GroupState::Empty => Err(GroupError::UnknownMemberId),
            GroupState::PreparingRebalance => Err(GroupError::RebalanceInProgress),
            // Members heartbeat as soon as they have joined, before the leader's assignment arrives.
            GroupState::CompletingRebalance | GroupState::Stable => Ok(()),
        }
    }
}

impl Turn<'_> {
    /// Restarts a member's session with its own timeout.
    pub(super) fn prolong_session(&mut self, member_id: &str) {
        if let Some(member) = self.group.members.get(member_id) {
            let (id, timeout_ms) = (member.id.clone(), member.session_timeout_ms);
            self.start_session(id, timeout_ms);
        }
    }

    /// Restarts a session that ends `timeout_ms` from now.
    pub(super) fn start_session(&mut self, member_id: Arc<str>, timeout_ms: i32) {
        let deadline_ms = self.now.steady_ms.saturating_add(i64::from(timeout_ms.max(0)));
        let key = TimerKey::Session(self.group.id.clone(), member_id.clone());
        let queued_ms = match self.group.sessions.get(&member_id) {
            Some(session) if session.queued_ms <= deadline_ms => session.queued_ms,
            earlier => {
                if let Some(session) = earlier {
                    self.timers.cancel(session.queued_ms, key.clone());
                }
                self.timers.set(deadline_ms, key);
                deadline_ms
            }
        };
        self.group.sessions.insert(member_id, Session { deadline_ms, queued_ms });
    }

    /// Forgets a session and its timer.
    pub(super) fn end_session(&mut self, member_id: &Arc<str>) {
        if let Some(session) = self.group.sessions.remove(member_id) {
            self.timers
                .cancel(session.queued_ms, TimerKey::Session(self.group.id.clone(), member_id.clone()));
        }
    }

    /// The timer of a session fired: it moves to the deadline, or the member is removed.
    pub(super) fn session_due(&mut self, member_id: &Arc<str>) {
        let Some(session) = self.group.sessions.get_mut(member_id) else { return };
        if session.deadline_ms > self.now.steady_ms {
            session.queued_ms = session.deadline_ms;
            let key = TimerKey::Session(self.group.id.clone(), member_id.clone());
            self.timers.set(session.deadline_ms, key);
            return;
        }
        self.group.sessions.remove(member_id);
        if self.group.pending_joins.remove(member_id) {
            if self.group.state == GroupState::PreparingRebalance {
                self.complete_join_if_ready();
            }
        } else if self.group.members.get(member_id).is_some_and(|member| member.may_expire()) {
            self.remove_member(member_id, GroupError::UnknownMemberId);
            self.rebalance_after_removal();
        }
    }

    /// Takes a member out of the group and answers what it waits for.
    pub(super) fn remove_member(&mut self, member_id: &Arc<str>, error: GroupError) {
        self.end_session(member_id);
        if let Some(member) = self.group.remove(member_id) {
            if let Some(token) = member.joining {
                self.answer_join(token, JoinResponse::refused("", error));
            }
            if let Some(token) = member.syncing {
                self.refuse_sync(token, error);
            }
        }
    }
}
