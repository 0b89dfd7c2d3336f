//! All groups whose home is one partition of `__consumer_offsets`: replay of its records, and the clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker_protocol::messages::GroupMetadataValue;
use broker_protocol::messages::group_metadata_value::MemberMetadata;

use super::classic_group::{Group, GroupState};
use super::config::GroupConfig;
use super::member::Member;
use super::messages::{Now, Outcome, Protocol};
use super::record::{self, Change, RecordError};
use super::timers::{TimerKey, Timers};
use super::turn::Turn;

/// The groups of one partition of `__consumer_offsets`.
///
/// To load: [`GroupShard::replay`] every record of the partition, then [`GroupShard::finish_load`]. To serve: call a
/// handler, append and replay the outcome's records, send its answers once they are durable.
#[derive(Debug)]
pub struct GroupShard {
    pub(super) config: Arc<GroupConfig>,
    pub(super) groups: BTreeMap<Arc<str>, Group>,
    timers: Timers,
    /// When expired offsets are looked for next; only set while there are groups.
    clean_up_at_ms: Option<i64>,
    /// The time of the present call, or of the last one.
    now: Now,
}

impl GroupShard {
    /// A shard without groups.
    #[must_use]
    pub fn new(config: Arc<GroupConfig>) -> Self {
        GroupShard {
            config,
            groups: BTreeMap::new(),
            timers: Timers::default(),
            clean_up_at_ms: None,
            now: Now { steady_ms: 0, wall_ms: 0 },
        }
    }

    /// Applies a record that is in the log: on loading, and right after it was appended.
    ///
    /// # Errors
    /// [`RecordError`] if it is not one of Kafka's records.
    pub fn replay(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RecordError> {
        match record::read(key, value)? {
            Change::Offset { key, committed: Some(committed) } => {
                self.create_group(&key.group).offsets.set(&key.topic, key.partition, committed);
            }
            Change::Offset { key, committed: None } => {
                if let Some(group) = self.groups.get_mut(&*key.group) {
                    group.offsets.remove(&key.topic, key.partition);
                }
            }
            Change::Group { key, metadata: Some(metadata) } => {
                self.create_group(&key.group).restore(&metadata);
            }
            Change::Group { key, metadata: None } => self.forget(&key.group),
            Change::Unknown => {}
        }
        Ok(())
    }

    /// Starts the sessions of the members that the log knows. A group with more members than are allowed rebalances.
    pub fn finish_load(&mut self, now: Now) -> Outcome {
        let mut outcome = Outcome::respond(());
        let ids: Vec<Arc<str>> = self.groups.keys().cloned().collect();
        for group_id in ids {
            let Some(mut turn) = self.turn(&group_id, now) else { continue };
            let members: Vec<Arc<str>> = turn.group.members.keys().cloned().collect();
            members.iter().for_each(|member_id| turn.prolong_session(member_id));
            if members.len() > turn.config.members_max {
                turn.rebalance_or_complete_join();
            }
            let step = turn.finish(());
            outcome.records.extend(step.records);
            outcome.answers.extend(step.answers);
        }
        self.now = now;
        self.clean_up_at_ms = None;
        self.schedule_clean_up();
        outcome
    }

    /// Does what is due, up to the first step that needs a record: that one has to be replayed before
    /// others may follow. Call it again while [`GroupShard::next_deadline`] is not after
    /// `now`.
    pub fn tick(&mut self, now: Now) -> Outcome {
        self.now = now;
        let mut outcome = Outcome::respond(());
        while outcome.records.is_empty() {
            let Some(key) = self.timers.pop_due(now.steady_ms) else { break };
            let step = self.fire(now, &key);
            outcome.records.extend(step.records);
            outcome.answers.extend(step.answers);
        }
        if outcome.records.is_empty() && self.clean_up_at_ms.is_some_and(|at_ms| at_ms <= now.steady_ms) {
            outcome.records = self.clean_up(now.wall_ms).records;
            self.clean_up_at_ms = None;
        }
        self.schedule_clean_up();
        outcome
    }

    /// When [`GroupShard::tick`] has something to do, in milliseconds of the steady clock.
    #[must_use]
    pub fn next_deadline(&self) -> Option<i64> {
        self.timers.next_deadline().into_iter().chain(self.clean_up_at_ms).min()
    }

    fn fire(&mut self, now: Now, key: &TimerKey) -> Outcome {
        let (TimerKey::Join(group_id) | TimerKey::Sync(group_id) | TimerKey::Session(group_id, _)) = key;
        let Some(mut turn) = self.turn(group_id, now) else { return Outcome::respond(()) };
        match key {
            TimerKey::Join(_) => turn.join_due(),
            TimerKey::Sync(_) => turn.sync_due(),
            TimerKey::Session(_, member_id) => turn.session_due(member_id),
        }
        let outcome = turn.finish(());
        self.forget_if_void(group_id);
        outcome
    }

    fn schedule_clean_up(&mut self) {
        if self.groups.is_empty() {
            self.clean_up_at_ms = None;
        } else if self.clean_up_at_ms.is_none() {
            let interval_ms = self.config.offsets_retention_check_interval_ms.max(1);
            self.clean_up_at_ms = Some(self.now.steady_ms.saturating_add(interval_ms));
        }
    }

    pub(super) fn group(&self, group_id: &str) -> Option<&Group> {
        self.groups.get(group_id)
    }

    pub(super) fn turn(&mut self, group_id: &str, now: Now) -> Option<Turn<'_>> {
        self.now = now;
        let group = self.groups.get_mut(group_id)?;
        Some(Turn {
            group,
            timers: &mut self.timers,
            config: &self.config,
            now,
            records: Vec::new(),
            answers: Vec::new(),
        })
    }

    pub(super) fn create_group(&mut self, group_id: &str) -> &mut Group {
        if !self.groups.contains_key(group_id) {
            let id: Arc<str> = group_id.into();
            self.groups.insert(id.clone(), Group::new(id));
            self.schedule_clean_up();
        }
        self.groups.get_mut(group_id).expect("the group was just inserted")
    }

    pub(super) fn forget_if_void(&mut self, group_id: &str) {
        if self.group(group_id).is_some_and(Group::is_void) {
            self.forget(group_id);
        }
    }

    fn forget(&mut self, group_id: &str) {
        if let Some(mut turn) = self.turn(group_id, self.now) {
            turn.cancel_timers();
            // Only a group without members is deleted, so nobody waits.
            for (_, member) in std::mem::take(&mut turn.group.members) {
                debug_assert!(member.joining.is_none() && member.syncing.is_none());
            }
        }
        self.groups.remove(group_id);
    }
}

impl Group {
    /// Takes over a generation from its record: the members that it names are the group.
    fn restore(&mut self, metadata: &GroupMetadataValue<'_>) {
        self.recorded = true;
        self.generation = metadata.generation;
        self.protocol_type = Some(metadata.protocol_type.to_string()).filter(|name| !name.is_empty());
        self.protocol_name = metadata.protocol.as_deref().map(str::to_owned);
        let named = |id: &str| metadata.members.iter().any(|member| member.member_id == id);
        let gone: Vec<Arc<str>> = self.members.keys().filter(|id| !named(id)).cloned().collect();
        for member_id in gone {
            self.remove(&member_id);
        }
        for member in &metadata.members {
            self.restore_member(member);
        }
        self.leader = metadata.leader.as_deref().map(Arc::from);
        let state = if self.members.is_empty() { GroupState::Empty } else { GroupState::Stable };
        let at_ms = Some(metadata.current_state_timestamp).filter(|at_ms| *at_ms != -1);
        self.transition(state, at_ms);
        self.refresh_subscribed_topics();
    }

    /// Takes over a member. One that is here already keeps the protocols that its record leaves out.
    fn restore_member(&mut self, stored: &MemberMetadata<'_>) {
        let chosen = self.protocol_name.clone().unwrap_or_default();
        let known = self.remove_for_restore(&stored.member_id);
        let protocols = match &known {
            Some(member) if member.metadata(&chosen) == &*stored.subscription => member.protocols.clone(),
            _ => vec![Protocol { name: chosen, metadata: stored.subscription.to_vec() }],
        };
        let rebalance_timeout_ms =
            if stored.rebalance_timeout == -1 { stored.session_timeout } else { stored.rebalance_timeout };
        let member = Member {
            id: (*stored.member_id).into(),
            instance_id: stored.group_instance_id.as_deref().map(Arc::from),
            client_id: stored.client_id.to_string(),
            client_host: stored.client_host.to_string(),
            rebalance_timeout_ms,
            session_timeout_ms: stored.session_timeout,
            protocols,
            assignment: stored.assignment.to_vec(),
            joining: known.as_ref().and_then(|member| member.joining),
            syncing: known.as_ref().and_then(|member| member.syncing),
            is_new: known.is_some_and(|member| member.is_new),
        };
        let protocol_type = self.protocol_type.clone().unwrap_or_default();
        self.add(member, &protocol_type);
    }

    /// Takes a member out without forgetting that it owes a SyncGroup.
    fn remove_for_restore(&mut self, member_id: &str) -> Option<Member> {
        let owes_sync = self.pending_syncs.contains(member_id);
        let member = self.remove(member_id)?;
        if owes_sync {
            self.pending_syncs.insert(member.id.clone());
        }
        Some(member)
    }
}
