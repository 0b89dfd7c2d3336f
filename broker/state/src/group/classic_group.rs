//! One group in memory: members, protocols, generation, offsets. It changes fields and answers questions; which step
//! comes next is decided in `join.rs`, `rebalance.rs`, `sync.rs` and `leave.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::member::Member;
use super::messages::{GroupError, JoinedMember, Protocol, Token};
use super::offsets::Offsets;
use super::record::subscribed_topics;
use super::session::Session;

/// The protocol type of groups whose metadata the coordinator can read.
pub(super) const CONSUMER_PROTOCOL_TYPE: &str = "consumer";

/// Where a group is in its rebalance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroupState {
    /// No members; offsets may remain.
    Empty,
    /// Members join the next generation.
    PreparingRebalance,
    /// The generation's members are known; the leader's assignment is not.
    CompletingRebalance,
    /// Every member has an assignment.
    Stable,
}

impl GroupState {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            GroupState::Empty => "Empty",
            GroupState::PreparingRebalance => "PreparingRebalance",
            GroupState::CompletingRebalance => "CompletingRebalance",
            GroupState::Stable => "Stable",
        }
    }
}

/// What the group's timer for the join phase stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum JoinPhase {
    /// An empty group waits for more members; what may still be added to the delay, in milliseconds.
    Initial { delay_ms: i32, remaining_ms: i32 },
    /// Members of the last generation get time to join again.
    Rejoin,
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) id: Arc<str>,
    pub(super) state: GroupState,
    pub(super) previous_state: GroupState,
    /// When the state was reached; unknown for groups from old record versions.
    pub(super) state_timestamp_ms: Option<i64>,
    pub(super) protocol_type: Option<String>,
    pub(super) protocol_name: Option<String>,
    pub(super) generation: i32,
    pub(super) leader: Option<Arc<str>>,
    pub(super) members: BTreeMap<Arc<str>, Member>,
    pub(super) static_members: BTreeMap<Arc<str>, Arc<str>>,
    /// Ids given to dynamic members that have not joined with them yet.
    pub(super) pending_joins: BTreeSet<Arc<str>>,
    /// Members of this generation that have not asked for their assignment.
    pub(super) pending_syncs: BTreeSet<Arc<str>>,
    pub(super) sessions: BTreeMap<Arc<str>, Session>,
    /// Whether somebody joined since the initial delay was last looked at.
    pub(super) new_member_added: bool,
    /// Topics that the members read, if the protocol type is `consumer` and their metadata is readable.
    pub(super) subscribed_topics: Option<BTreeSet<String>>,
    pub(super) join_timer: Option<(i64, JoinPhase)>,
    pub(super) sync_timer: Option<i64>,
    pub(super) offsets: Offsets,
    /// Whether a GroupMetadata record of the group is in the log.
    pub(super) recorded: bool,
    /// How many members support each protocol.
    protocol_support: BTreeMap<String, usize>,
    /// How many members wait for the answer of a JoinGroup.
    joining: usize,
}

impl Group {
    pub(super) fn new(id: Arc<str>) -> Self {
        Group {
            id,
            state: GroupState::Empty,
            previous_state: GroupState::Empty,
            state_timestamp_ms: None,
            protocol_type: None,
            protocol_name: None,
            generation: 0,
            leader: None,
            members: BTreeMap::new(),
            static_members: BTreeMap::new(),
            pending_joins: BTreeSet::new(),
            pending_syncs: BTreeSet::new(),
            sessions: BTreeMap::new(),
            new_member_added: false,
            subscribed_topics: None,
            join_timer: None,
            sync_timer: None,
            offsets: Offsets::default(),
            recorded: false,
            protocol_support: BTreeMap::new(),
            joining: 0,
        }
    }

    pub(super) fn transition(&mut self, state: GroupState, at_ms: Option<i64>) {
        self.previous_state = self.state;
        self.state = state;
        self.state_timestamp_ms = at_ms;
    }

    pub(super) fn is_leader(&self, member_id: &str) -> bool {
        self.leader.as_deref() == Some(member_id)
    }

    pub(super) fn leader_id(&self) -> String {
        self.leader.as_deref().unwrap_or_default().to_owned()
    }

    /// Adds a member; the first one is the leader and sets the protocol type.
    pub(super) fn add(&mut self, member: Member, protocol_type: &str) {
        if self.members.is_empty() {
            self.protocol_type = Some(protocol_type.to_owned());
        }
        if let Some(instance_id) = &member.instance_id {
            self.static_members.insert(instance_id.clone(), member.id.clone());
        }
        self.leader.get_or_insert_with(|| member.id.clone());
        self.pending_joins.remove(&member.id);
        self.count_protocols(&member.protocols, true);
        self.joining += usize::from(member.joining.is_some());
        let replaced = self.members.insert(member.id.clone(), member);
        assert!(replaced.is_none(), "a member is added once");
    }

    /// Removes a member; another one becomes the leader if it was.
    pub(super) fn remove(&mut self, member_id: &str) -> Option<Member> {
        self.pending_joins.remove(member_id);
        self.pending_syncs.remove(member_id);
        let member = self.members.remove(member_id)?;
        self.count_protocols(&member.protocols, false);
        self.joining -= usize::from(member.joining.is_some());
        if let Some(instance_id) = &member.instance_id {
            self.static_members.remove(instance_id);
        }
        if self.is_leader(member_id) {
            self.leader = self.members.keys().next().cloned();
        }
        Some(member)
    }

    /// Gives a static member's place, with its assignment, to a new member id.
    pub(super) fn rename(
        &mut self,
        old_id: &str,
        new_id: Arc<str>,
    ) -> Option<(Option<Token>, Option<Token>)> {
        let mut member = self.members.remove(old_id)?;
        let waiting = (member.joining.take(), member.syncing.take());
        self.joining -= usize::from(waiting.0.is_some());
        if self.is_leader(old_id) {
            self.leader = Some(new_id.clone());
        }
        if self.pending_syncs.remove(old_id) {
            self.pending_syncs.insert(new_id.clone());
        }
        if let Some(instance_id) = &member.instance_id {
            self.static_members.insert(instance_id.clone(), new_id.clone());
        }
        member.id = new_id.clone();
        self.members.insert(new_id, member);
        Some(waiting)
    }

    /// Replaces what a member offers.
    pub(super) fn set_protocols(&mut self, member_id: &str, protocols: Vec<Protocol>) {
        let Some(member) = self.members.get_mut(member_id) else { return };
        let old = std::mem::replace(&mut member.protocols, protocols.clone());
        self.count_protocols(&old, false);
        self.count_protocols(&protocols, true);
    }

    fn count_protocols(&mut self, protocols: &[Protocol], added: bool) {
        for protocol in protocols {
            let count = self.protocol_support.entry(protocol.name.clone()).or_default();
            *count = if added { *count + 1 } else { *count - 1 };
            if *count == 0 {
                self.protocol_support.remove(&protocol.name);
            }
        }
    }

    /// Sets or takes a member's parked JoinGroup; gives the one it had.
    pub(super) fn set_joining(&mut self, member_id: &str, token: Option<Token>) -> Option<Token> {
        let member = self.members.get_mut(member_id)?;
        self.joining += usize::from(token.is_some());
        let before = std::mem::replace(&mut member.joining, token);
        self.joining -= usize::from(before.is_some());
        before
    }

    /// Whether everybody who is to be part of the next generation waits for it.
    pub(super) fn all_joined(&self) -> bool {
        self.joining == self.members.len() && self.pending_joins.is_empty()
    }

    /// Whether the group has room for the member that joins.
    pub(super) fn accepts(&self, member_id: &str, members_max: usize) -> bool {
        match self.state {
            GroupState::Empty => true,
            // Those who wait count, not those who are members: the last ones to come back are too many.
            GroupState::PreparingRebalance => {
                self.members.get(member_id).is_some_and(|member| member.joining.is_some())
                    || self.joining < members_max
            }
            GroupState::CompletingRebalance | GroupState::Stable => {
                self.members.contains_key(member_id) || self.members.len() < members_max
            }
        }
    }

    /// Whether a member with these protocols could be part of the group.
    pub(super) fn supports_protocols(&self, protocol_type: &str, protocols: &[Protocol]) -> bool {
        if self.state == GroupState::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols.iter().any(|offered| {
                self.protocol_support.get(&offered.name).copied().unwrap_or(0) == self.members.len()
            })
    }

    /// The protocol that most members prefer among those that all support; ties go to the first name.
    pub(super) fn select_protocol(&self) -> Option<String> {
        let candidates: BTreeSet<&str> = self
            .protocol_support
            .iter()
            .filter(|(_, count)| **count == self.members.len())
            .map(|(name, _)| name.as_str())
            .collect();
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for vote in self.members.values().filter_map(|member| member.vote(&candidates)) {
            *votes.entry(vote).or_default() += 1;
        }
        let most = votes.values().max()?;
        votes.iter().find(|(_, count)| *count == most).map(|(name, _)| (*name).to_owned())
    }

    /// Longest rebalance timeout of the members, in milliseconds.
    pub(super) fn rebalance_timeout_ms(&self) -> i32 {
        self.members.values().map(|member| member.rebalance_timeout_ms).max().unwrap_or(0).max(0)
    }

    /// Checks that the sender is a member, and still the one behind its static instance id.
    pub(super) fn validate_member(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
    ) -> Result<(), GroupError> {
        if let Some(instance_id) = instance_id {
            let current = self.static_members.get(instance_id).ok_or(GroupError::UnknownMemberId)?;
            if &**current != member_id {
                return Err(GroupError::FencedInstanceId);
            }
        }
        if self.members.contains_key(member_id) { Ok(()) } else { Err(GroupError::UnknownMemberId) }
    }

    /// Makes sure that the leader is somebody who joined the next generation; false if nobody did.
    pub(super) fn elect_joined_leader(&mut self) -> bool {
        let leader = self.leader.as_ref().and_then(|id| self.members.get(id));
        if leader.is_some_and(|leader| leader.joining.is_some()) {
            return true;
        }
        let Some(joined) = self.members.values().find(|member| member.joining.is_some()) else {
            return false;
        };
        self.leader = Some(joined.id.clone());
        true
    }

    /// All members with their metadata for the chosen protocol, as the leader sees them.
    pub(super) fn members_for_leader(&self) -> Vec<JoinedMember> {
        let protocol = self.protocol_name.as_deref().unwrap_or_default();
        self.members
            .values()
            .map(|member| JoinedMember {
                member_id: member.id.to_string(),
                instance_id: member.instance_id.as_deref().map(str::to_owned),
                metadata: member.metadata(protocol).to_vec(),
            })
            .collect()
    }

    pub(super) fn uses_consumer_protocol(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER_PROTOCOL_TYPE)
    }

    /// Computes which topics the members read; unknown for other protocol types and for unreadable metadata.
    pub(super) fn refresh_subscribed_topics(&mut self) {
        self.subscribed_topics = self.read_subscribed_topics();
    }

    fn read_subscribed_topics(&self) -> Option<BTreeSet<String>> {
        if !self.uses_consumer_protocol() {
            return None;
        }
        if self.members.is_empty() {
            return Some(BTreeSet::new());
        }
        let protocol = self.protocol_name.as_deref()?;
        let mut all = BTreeSet::new();
        for member in self.members.values() {
            all.extend(subscribed_topics(member.metadata(protocol))?);
        }
        Some(all)
    }

    /// Whether the group reads `topic`; a consumer group whose topics are unknown reads all.
    pub(super) fn is_subscribed_to(&self, topic: &str) -> bool {
        match &self.subscribed_topics {
            Some(topics) => topics.contains(topic),
            None => self.uses_consumer_protocol(),
        }
    }

    /// Whether nothing of the group is in the log and nobody knows it: it may be forgotten.
    pub(super) fn is_void(&self) -> bool {
        !self.recorded
            && self.state == GroupState::Empty
            && self.pending_joins.is_empty()
            && self.offsets.is_empty()
    }
}
