//! JoinGroup: who may become part of the next generation, and whether that starts a rebalance (KIP-345, KIP-394,
//! KIP-814).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::classic_group::GroupState;
use super::member::Member;
use super::messages::{GroupError, JoinRequest, JoinResponse, Now, Outcome, Protocol, Token};
use super::shard::GroupShard;
use super::turn::Turn;

/// A string on the wire has at most 32,767 bytes; the uuid and its hyphen take 37.
const MEMBER_ID_PREFIX_BYTES_MAX: usize = i16::MAX as usize - 37;

impl GroupShard {
    /// A member joins. The answer comes under `token`, in this outcome or when the rebalance completes.
    pub fn join(&mut self, now: Now, token: Token, mut request: JoinRequest) -> Outcome {
        let timeouts = self.config.session_timeout_min_ms..=self.config.session_timeout_max_ms;
        let refusal = if request.group_id.is_empty() {
            Some(GroupError::InvalidGroupId)
        } else if !timeouts.contains(&request.session_timeout_ms) {
            Some(GroupError::InvalidSessionTimeout)
        } else {
            None
        };
        if let Some(error) = refusal {
            return refuse(token, request.member_id, error);
        }
        drop_repeated_protocols(&mut request.protocols);
        if request.member_id.is_empty() {
            self.create_group(&request.group_id);
        }
        let group_id = request.group_id.clone();
        let Some(mut turn) = self.turn(&group_id, now) else {
            return refuse(token, request.member_id, GroupError::UnknownMemberId);
        };
        turn.join(token, request);
        let outcome = turn.finish(());
        self.forget_if_void(&group_id);
        outcome
    }
}

fn refuse(token: Token, member_id: String, error: GroupError) -> Outcome {
    let answer = super::Answer::Join(JoinResponse::refused(member_id, error));
    Outcome { records: Vec::new(), answers: vec![(token, answer)], response: () }
}

/// Support is counted once per member, so a name counts where it stands first.
fn drop_repeated_protocols(protocols: &mut Vec<Protocol>) {
    let mut seen = BTreeSet::new();
    protocols.retain(|protocol| seen.insert(protocol.name.clone()));
}

/// Instance or client id and a uuid, within the length of a string on the wire.
fn new_member_id(request: &JoinRequest) -> Arc<str> {
    let mut prefix = request.instance_id.as_deref().unwrap_or(&request.client_id);
    prefix = &prefix[..prefix.floor_char_boundary(MEMBER_ID_PREFIX_BYTES_MAX)];
    format!("{prefix}-{}", request.member_uuid).into()
}

impl Turn<'_> {
    fn join(&mut self, token: Token, request: JoinRequest) {
        if !self.group.accepts(&request.member_id, self.config.members_max) {
            if let Some(member) = self.group.members.get(request.member_id.as_str()) {
                let id = member.id.clone();
                self.remove_member(&id, GroupError::GroupMaxSizeReached);
                self.complete_join_if_ready();
            }
            self.answer_join(token, JoinResponse::refused("", GroupError::GroupMaxSizeReached));
        } else if !self.group.supports_protocols(&request.protocol_type, &request.protocols) {
            let refusal = JoinResponse::refused(request.member_id, GroupError::InconsistentGroupProtocol);
            self.answer_join(token, refusal);
        } else if request.member_id.is_empty() {
            self.join_as_new(token, &request);
        } else {
            self.join_with_id(token, request);
        }
    }

    fn join_as_new(&mut self, token: Token, request: &JoinRequest) {
        let new_id = new_member_id(request);
        if let Some(instance_id) = request.instance_id.as_deref() {
            match self.group.static_members.get(instance_id).cloned() {
                Some(old_id) => self.replace_static_member(token, &old_id, new_id, request),
                None => self.add_member(token, new_id, request),
            }
        } else if request.requires_known_member_id {
            self.group.pending_joins.insert(new_id.clone());
            self.start_session(new_id.clone(), request.session_timeout_ms);
            self.answer_join(token, JoinResponse::refused(&*new_id, GroupError::MemberIdRequired));
        } else {
            self.add_member(token, new_id, request);
        }
    }

    fn join_with_id(&mut self, token: Token, request: JoinRequest) {
        let member_id = request.member_id.as_str();
        // Ids are handed out in advance to dynamic members only.
        if request.instance_id.is_none()
            && let Some(pending) = self.group.pending_joins.get(member_id).cloned()
        {
            return self.add_member(token, pending, &request);
        }
        if let Err(error) = self.group.validate_member(member_id, request.instance_id.as_deref()) {
            return self.answer_join(token, JoinResponse::refused(member_id, error));
        }
        let unchanged =
            self.group.members.get(member_id).is_some_and(|member| member.protocols == request.protocols);
        match self.group.state {
            // A repeated request, probably because the answer was lost: the generation goes on.
            GroupState::CompletingRebalance if unchanged => {
                let leads = self.group.is_leader(member_id);
                let response = self.joined(member_id, leads);
                self.answer_join(token, response);
            }
            // A leader's new join always rebalances: its view of the topics may have changed, which no metadata shows.
            GroupState::Stable if unchanged && !self.group.is_leader(member_id) => {
                let response = self.joined(member_id, false);
                self.answer_join(token, response);
            }
            GroupState::Empty => {
                self.answer_join(token, JoinResponse::refused("", GroupError::UnknownMemberId));
            }
            GroupState::PreparingRebalance | GroupState::CompletingRebalance | GroupState::Stable => {
                let member_id = member_id.to_owned();
                self.update_member(&member_id, &request);
                self.park_join(&member_id, token);
                self.rebalance_or_complete_join();
            }
        }
    }

    fn add_member(&mut self, token: Token, member_id: Arc<str>, request: &JoinRequest) {
        // Somebody came during the initial delay, so more may be on their way.
        if self.group.state == GroupState::PreparingRebalance
            && self.group.previous_state == GroupState::Empty
        {
            self.group.new_member_added = true;
        }
        let mut member = Member::from_request(member_id.clone(), request);
        member.joining = Some(token);
        self.group.add(member, &request.protocol_type);
        // A client that gave up leaves a request behind that cannot be told from a patient one: its time is limited.
        self.start_session(member_id, self.config.new_member_join_timeout_ms);
        self.rebalance_or_complete_join();
    }

    fn update_member(&mut self, member_id: &str, request: &JoinRequest) {
        self.group.set_protocols(member_id, request.protocols.clone());
        if let Some(member) = self.group.members.get_mut(member_id) {
            member.rebalance_timeout_ms = request.rebalance_timeout_ms;
            member.session_timeout_ms = request.session_timeout_ms;
            member.client_id.clone_from(&request.client_id);
            member.client_host.clone_from(&request.client_host);
        }
    }

    /// Lets the member wait for the rebalance. A request that waited before it lost its client.
    fn park_join(&mut self, member_id: &str, token: Token) {
        if let Some(lost) = self.group.set_joining(member_id, Some(token)) {
            self.answer_join(lost, JoinResponse::refused(member_id, GroupError::RebalanceInProgress));
        }
    }

    /// A static member came back without its id: it gets a new one and keeps its place; the old one is fenced.
    fn replace_static_member(
        &mut self,
        token: Token,
        old_id: &Arc<str>,
        new_id: Arc<str>,
        request: &JoinRequest,
    ) {
        let old_leader = self.group.leader_id();
        self.end_session(old_id);
        let (joining, syncing) = self.group.rename(old_id, new_id.clone()).unwrap_or_default();
        if let Some(lost) = joining {
            self.answer_join(lost, JoinResponse::refused(&**old_id, GroupError::FencedInstanceId));
        }
        if let Some(lost) = syncing {
            self.refuse_sync(lost, GroupError::FencedInstanceId);
        }
        self.update_member(&new_id, request);
        self.prolong_session(&new_id);
        if self.group.state == GroupState::Stable && self.group.protocol_name == self.group.select_protocol()
        {
            let leads = self.group.is_leader(&new_id);
            let mut response = self.joined(&new_id, leads && request.supports_skip_assignment);
            if leads && request.supports_skip_assignment {
                response.skip_assignment = true;
            } else if leads {
                // A client that knows no skip_assignment has to believe that it follows, or it would assign.
                response.leader = old_leader;
            }
            self.record_generation(|member| member.assignment.clone());
            self.answer_join(token, response);
            return;
        }
        self.park_join(&new_id, token);
        self.rebalance_or_complete_join();
    }

    /// The answer to a member of the present generation.
    pub(super) fn joined(&self, member_id: &str, with_members: bool) -> JoinResponse {
        JoinResponse {
            error: None,
            generation_id: self.group.generation,
            protocol_type: self.group.protocol_type.clone(),
            protocol_name: self.group.protocol_name.clone(),
            leader: self.group.leader_id(),
            skip_assignment: false,
            member_id: member_id.to_owned(),
            members: if with_members { self.group.members_for_leader() } else { Vec::new() },
        }
    }
}
