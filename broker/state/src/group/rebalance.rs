//! The two phases of a rebalance: members join, then the leader assigns. Everything that ends one of them is here.

use std::borrow::Cow;
use std::sync::Arc;

use broker_protocol::messages::group_metadata_value::MemberMetadata;

use super::classic_group::{GroupState, JoinPhase};
use super::member::Member;
use super::messages::{GroupError, JoinResponse, SyncResponse};
use super::record;
use super::timers::TimerKey;
use super::turn::Turn;

/// How soon at the earliest a join phase that nobody joined is looked at again: members may ask for a timeout of zero.
const REJOIN_RETRY_MIN_MS: i32 = 1_000;

impl Turn<'_> {
    /// Starts a rebalance, or ends its join phase if everybody is there.
    pub(super) fn rebalance_or_complete_join(&mut self) {
        if self.group.state == GroupState::PreparingRebalance {
            self.complete_join_if_ready();
        } else {
            self.prepare_rebalance();
        }
    }

    /// After members left: the others have to share the work anew.
    pub(super) fn rebalance_after_removal(&mut self) {
        if self.group.state != GroupState::Empty {
            self.rebalance_or_complete_join();
        }
    }

    /// Ends the join phase if everybody is there; the initial delay is waited for in any case.
    pub(super) fn complete_join_if_ready(&mut self) {
        if self.group.state == GroupState::PreparingRebalance
            && self.group.previous_state != GroupState::Empty
            && self.group.all_joined()
        {
            self.complete_join();
        }
    }

    fn prepare_rebalance(&mut self) {
        if self.group.state == GroupState::CompletingRebalance {
            self.send_members_back();
        }
        self.set_sync_timer(None);
        let initial = self.group.state == GroupState::Empty;
        self.group.transition(GroupState::PreparingRebalance, Some(self.now.wall_ms));
        if initial {
            let delay_ms = self.config.initial_rebalance_delay_ms;
            let remaining_ms = (self.group.rebalance_timeout_ms() - delay_ms).max(0);
            self.group.new_member_added = false;
            self.set_join_timer(Some((delay_ms, JoinPhase::Initial { delay_ms, remaining_ms })));
        } else if self.group.all_joined() {
            self.complete_join();
        } else {
            self.set_join_timer(Some((self.group.rebalance_timeout_ms(), JoinPhase::Rejoin)));
        }
    }

    /// Members that wait for their assignment have to join again.
    fn send_members_back(&mut self) {
        let waiting: Vec<_> = self.group.members.values_mut().filter_map(take_sync).collect();
        for (member_id, token) in waiting {
            self.refuse_sync(token, GroupError::RebalanceInProgress);
            self.prolong_session(&member_id);
        }
        // Nobody keeps an assignment that may be somebody else's soon.
        self.group.members.values_mut().for_each(|member| member.assignment.clear());
    }

    /// The timer of the join phase fired.
    pub(super) fn join_due(&mut self) {
        let Some((_, phase)) = self.group.join_timer.take() else { return };
        if let JoinPhase::Initial { delay_ms, remaining_ms } = phase
            && self.group.new_member_added
            && remaining_ms > 0
        {
            self.group.new_member_added = false;
            let next_ms = self.config.initial_rebalance_delay_ms.min(remaining_ms);
            let remaining_ms = (remaining_ms - delay_ms).max(0);
            self.set_join_timer(Some((next_ms, JoinPhase::Initial { delay_ms: next_ms, remaining_ms })));
            return;
        }
        self.complete_join();
    }

    fn complete_join(&mut self) {
        self.set_join_timer(None);
        self.remove_members_that_stayed_away();
        if !self.group.members.is_empty() && !self.group.elect_joined_leader() {
            // Only static members are left, none of them here: their sessions decide.
            let retry_ms = self.group.rebalance_timeout_ms().max(REJOIN_RETRY_MIN_MS);
            self.set_join_timer(Some((retry_ms, JoinPhase::Rejoin)));
            return;
        }
        self.group.generation = self.group.generation.checked_add(1).unwrap_or(0);
        self.group.pending_syncs.clear();
        self.group.protocol_name = self.group.select_protocol();
        self.group.refresh_subscribed_topics();
        if self.group.members.is_empty() {
            self.group.leader = None;
            self.group.state_timestamp_ms = Some(self.now.wall_ms);
            // The record's replay makes the group Empty.
            self.record_generation(|_| Vec::new());
            return;
        }
        self.group.transition(GroupState::CompletingRebalance, Some(self.now.wall_ms));
        self.answer_joined_members();
        self.set_sync_timer(Some(self.group.rebalance_timeout_ms()));
    }

    /// Static members may come back until their session ends; the others had their time.
    fn remove_members_that_stayed_away(&mut self) {
        let gone: Vec<Arc<str>> = self
            .group
            .members
            .values()
            .filter(|member| member.joining.is_none() && member.instance_id.is_none())
            .map(|member| member.id.clone())
            .collect();
        for member_id in gone {
            self.remove_member(&member_id, GroupError::UnknownMemberId);
        }
    }

    fn answer_joined_members(&mut self) {
        let ids: Vec<Arc<str>> = self.group.members.keys().cloned().collect();
        for id in ids {
            if let Some(token) = self.group.set_joining(&id, None) {
                let response: JoinResponse = self.joined(&id, self.group.is_leader(&id));
                self.answer_join(token, response);
            }
            if let Some(member) = self.group.members.get_mut(&id) {
                member.is_new = false;
            }
            self.prolong_session(&id);
            self.group.pending_syncs.insert(id);
        }
    }

    /// A member asked for its assignment.
    pub(super) fn synced(&mut self, member_id: &str) {
        self.group.pending_syncs.remove(member_id);
        if self.group.pending_syncs.is_empty() {
            self.set_sync_timer(None);
        }
    }

    /// The timer of the sync phase fired: members that never asked for their assignment are gone.
    pub(super) fn sync_due(&mut self) {
        self.group.sync_timer = None;
        let missing: Vec<Arc<str>> = self.group.pending_syncs.iter().cloned().collect();
        if missing.is_empty()
            || matches!(self.group.state, GroupState::Empty | GroupState::PreparingRebalance)
        {
            return;
        }
        for member_id in missing {
            self.remove_member(&member_id, GroupError::UnknownMemberId);
        }
        self.prepare_rebalance();
    }

    /// Answers everybody who waits for an assignment; replaying the generation's record stores the assignments.
    pub(super) fn hand_out(&mut self, assignment_of: impl Fn(&Member) -> Vec<u8>) {
        let waiting: Vec<_> = self.group.members.values_mut().filter_map(take_sync).collect();
        for (member_id, token) in waiting {
            let assignment = self.group.members.get(&member_id).map(&assignment_of).unwrap_or_default();
            let response = self.assigned(assignment);
            self.answer_sync(token, response);
            self.prolong_session(&member_id);
        }
    }

    pub(super) fn assigned(&self, assignment: Vec<u8>) -> SyncResponse {
        SyncResponse {
            error: None,
            protocol_type: self.group.protocol_type.clone(),
            protocol_name: self.group.protocol_name.clone(),
            assignment,
        }
    }

    /// Adds the record that makes the present generation durable.
    pub(super) fn record_generation(&mut self, assignment_of: impl Fn(&Member) -> Vec<u8>) {
        let protocol = self.group.protocol_name.as_deref().unwrap_or_default();
        let members: Vec<MemberMetadata<'_>> = self
            .group
            .members
            .values()
            .map(|member| MemberMetadata {
                member_id: Cow::Borrowed(&member.id),
                group_instance_id: member.instance_id.as_deref().map(Cow::Borrowed),
                client_id: Cow::Borrowed(&member.client_id),
                client_host: Cow::Borrowed(&member.client_host),
                rebalance_timeout: member.rebalance_timeout_ms,
                session_timeout: member.session_timeout_ms,
                subscription: Cow::Borrowed(member.metadata(protocol)),
                assignment: Cow::Owned(assignment_of(member)),
            })
            .collect();
        let record = record::group_metadata(self.group, members);
        self.records.push(record);
    }

    fn set_join_timer(&mut self, timer: Option<(i32, JoinPhase)>) {
        let key = TimerKey::Join(self.group.id.clone());
        if let Some((at_ms, _)) = self.group.join_timer.take() {
            self.timers.cancel(at_ms, key.clone());
        }
        self.group.join_timer = timer.map(|(delay_ms, phase)| {
            let at_ms = self.now.steady_ms.saturating_add(i64::from(delay_ms));
            self.timers.set(at_ms, key);
            (at_ms, phase)
        });
    }

    fn set_sync_timer(&mut self, delay_ms: Option<i32>) {
        let key = TimerKey::Sync(self.group.id.clone());
        if let Some(at_ms) = self.group.sync_timer.take() {
            self.timers.cancel(at_ms, key.clone());
        }
        self.group.sync_timer = delay_ms.map(|delay_ms| {
            let at_ms = self.now.steady_ms.saturating_add(i64::from(delay_ms));
            self.timers.set(at_ms, key);
            at_ms
        });
    }

    /// Cancels every timer of the group, before it is forgotten.
    pub(super) fn cancel_timers(&mut self) {
        self.set_join_timer(None);
        self.set_sync_timer(None);
        let members: Vec<Arc<str>> = self.group.sessions.keys().cloned().collect();
        members.iter().for_each(|member_id| self.end_session(member_id));
    }
}

fn take_sync(member: &mut Member) -> Option<(Arc<str>, u64)> {
    member.syncing.take().map(|token| (member.id.clone(), token))
}
