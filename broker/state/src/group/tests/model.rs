//! Random histories against invariants that hold after every step.

use std::collections::{BTreeMap, BTreeSet};

use broker_protocol::types::{TopicId, Uuid};
use proptest::prelude::*;

use super::super::*;
use super::driver::*;
use crate::metadata::topics::DeletedTopic;

/// One step of a client, a clock or an administrator. Numbers choose among what exists.
#[derive(Clone, Debug)]
enum Step {
    JoinNew { old_client: bool, instance: Option<u8> },
    Join { member: usize, metadata: u8 },
    Sync { member: usize, generation_off: i32 },
    Heartbeat { member: usize },
    Leave { member: usize },
    LeaveInstance { instance: u8 },
    Commit { member: Option<usize>, offset: i64 },
    Advance { ms: i64 },
    DeleteGroup,
    DeleteTopic,
    Restart,
}

fn steps() -> impl Strategy<Value = Step> {
    let member = 0..12usize;
    prop_oneof![
        4 => (any::<bool>(), prop::option::of(0..3u8))
            .prop_map(|(old_client, instance)| Step::JoinNew { old_client, instance }),
        8 => (member.clone(), 0..3u8).prop_map(|(member, metadata)| Step::Join { member, metadata }),
        8 => (member.clone(), prop_oneof![9 => Just(0), 1 => Just(-1)])
            .prop_map(|(member, generation_off)| Step::Sync { member, generation_off }),
        4 => member.clone().prop_map(|member| Step::Heartbeat { member }),
        2 => member.clone().prop_map(|member| Step::Leave { member }),
        1 => (0..3u8).prop_map(|instance| Step::LeaveInstance { instance }),
        4 => (prop::option::of(member), 0..1_000i64)
            .prop_map(|(member, offset)| Step::Commit { member, offset }),
        6 => prop_oneof![Just(1_000i64), Just(3_000), Just(9_000), Just(61_000), Just(86_400_000 * 8)]
            .prop_map(|ms| Step::Advance { ms }),
        1 => Just(Step::DeleteGroup),
        1 => Just(Step::DeleteTopic),
        1 => Just(Step::Restart),
    ]
}

/// What clients know and what must hold of it.
struct Model {
    driver: Driver,
    /// Member ids that were given out, with their instance.
    members: Vec<(String, Option<String>)>,
    waiting: BTreeSet<Token>,
    generation: i32,
    committed: Option<i64>,
}

impl Model {
    fn run(steps: Vec<Step>) {
        let mut model = Model {
            driver: Driver::new(),
            members: Vec::new(),
            waiting: BTreeSet::new(),
            generation: 0,
            committed: None,
        };
        for step in steps {
            model.step(step);
            model.take_answers();
            model.check();
        }
        // Nobody waits for ever: the clock alone answers everybody.
        model.driver.advance(3_600_000);
        model.take_answers();
        assert_eq!(model.waiting, BTreeSet::new());
    }

    fn member(&self, index: usize) -> (String, Option<String>) {
        let count = self.members.len().max(1);
        self.members.get(index % count).cloned().unwrap_or(("nobody".into(), None))
    }

    fn step(&mut self, step: Step) {
        let instance_name = |instance: u8| format!("i{instance}");
        match step {
            Step::JoinNew { old_client, instance } => {
                let instance_id = instance.map(instance_name);
                let request =
                    JoinRequest { requires_known_member_id: !old_client, instance_id, ..dynamic("") };
                self.waits_for(|driver| driver.join(request));
            }
            Step::Join { member, metadata } => {
                let (member_id, instance_id) = self.member(member);
                let mut request = JoinRequest { instance_id, ..dynamic(&member_id) };
                let topics = [&["t"][..], &["u"], &["t", "u"]];
                request.protocols[0].metadata = subscription(topics[usize::from(metadata)]);
                self.waits_for(|driver| driver.join(request));
            }
            Step::Sync { member, generation_off } => {
                let (member_id, instance_id) = self.member(member);
                let generation = self.driver_generation() + generation_off;
                let mut request = SyncRequest { instance_id, ..sync_of(&member_id, generation) };
                request.assignments =
                    self.members.iter().map(|(id, _)| (id.clone(), id.clone().into_bytes())).collect();
                self.waits_for(|driver| driver.sync(request));
            }
            Step::Heartbeat { member } => {
                let generation = self.driver_generation();
                let _ = self.driver.heartbeat(&self.member(member).0, generation);
            }
            Step::Leave { member } => {
                let _ = self.driver.leave(&self.member(member).0, None);
            }
            Step::LeaveInstance { instance } => {
                let _ = self.driver.leave("", Some(&instance_name(instance)));
            }
            Step::Commit { member, offset } => self.commit(member, offset),
            Step::Advance { ms } => {
                self.driver.advance(ms);
                if ms > 7 * 86_400_000 {
                    self.committed = self.committed.filter(|_| self.driver.committed().is_some());
                }
            }
            Step::DeleteGroup => {
                let outcome = self.driver.shard.delete("g");
                if self.driver.apply(outcome).is_ok() {
                    self.committed = None;
                }
            }
            Step::DeleteTopic => {
                let id = TopicId(Uuid::from_u128(7));
                let gone = DeletedTopic { name: "t".to_owned(), id };
                let outcome = self.driver.shard.delete_topics(&[gone], i64::MAX);
                self.driver.apply(outcome);
                self.committed = None;
            }
            Step::Restart => {
                self.driver.restart();
                // Connections died with the broker, and generations that were never recorded are free again.
                self.waiting.clear();
                self.generation = 0;
            }
        }
        if self.driver.state().is_none() {
            self.generation = 0;
        }
    }

    fn waits_for(&mut self, send: impl FnOnce(&mut Driver) -> Token) {
        let token = send(&mut self.driver);
        self.waiting.insert(token);
    }

    fn commit(&mut self, member: Option<usize>, offset: i64) {
        let request = match member {
            Some(member) => commit_of(&self.member(member).0, self.driver_generation(), offset),
            None => commit_of("", -1, offset),
        };
        if self.driver.commit(&request).is_ok() {
            self.committed = Some(offset);
        }
    }

    fn driver_generation(&self) -> i32 {
        self.driver.shard.group("g").map_or(0, |group| group.generation)
    }

    fn take_answers(&mut self) {
        for (token, answer) in self.driver.answered() {
            assert!(self.waiting.remove(&token), "an answer without a request");
            let Answer::Join(response) = answer else { continue };
            if matches!(response.error, None | Some(GroupError::MemberIdRequired))
                && !self.members.iter().any(|(id, _)| *id == response.member_id)
            {
                let instance_id =
                    response.member_id.starts_with('i').then(|| response.member_id[..2].to_owned());
                self.members.push((response.member_id, instance_id));
            }
        }
    }

    fn check(&mut self) {
        let generation = self.driver_generation();
        assert!(
            generation >= self.generation,
            "generation went back from {} to {generation}",
            self.generation
        );
        self.generation = generation;
        assert_eq!(self.driver.committed(), self.committed);
        self.check_waiting();
        self.check_reload();
    }

    /// Whoever waits is known to the group, and the other way round.
    fn check_waiting(&self) {
        let group = self.driver.shard.group("g");
        let members = group.iter().flat_map(|group| group.members.values());
        let known: BTreeSet<Token> =
            members.flat_map(|member| member.joining.into_iter().chain(member.syncing)).collect();
        assert_eq!(known, self.waiting);
        if let Some(group) = group {
            let joining = group.members.values().filter(|member| member.joining.is_some()).count();
            let all = joining == group.members.len() && group.pending_joins.is_empty();
            assert_eq!(group.all_joined(), all);
            assert_eq!(group.leader.is_some(), !group.members.is_empty());
            assert!(group.leader.iter().all(|leader| group.members.contains_key(leader)));
        }
    }

    /// A settled group is exactly what its records say.
    fn check_reload(&self) {
        let reloaded = self.driver.reloaded();
        let offsets = |shard: &GroupShard| -> BTreeMap<(String, i32), CommittedOffset> {
            shard.all_committed("g").map(|(t, p, c)| ((t.to_string(), p), c.clone())).collect()
        };
        assert_eq!(offsets(&self.driver.shard), offsets(&reloaded));
        if let Some(state @ (GroupState::Stable | GroupState::Empty)) = self.driver.state()
            && self.driver.shard.group("g").is_some_and(|group| group.recorded)
        {
            let live = self.driver.shard.group("g").unwrap();
            let loaded = reloaded.group("g").unwrap();
            assert_eq!(
                (state, live.generation, &live.leader),
                (loaded.state, loaded.generation, &loaded.leader)
            );
            assert_eq!(live.state_timestamp_ms, loaded.state_timestamp_ms);
            assert_eq!(live.subscribed_topics, loaded.subscribed_topics);
            assert_eq!(live.static_members, loaded.static_members);
            assert_eq!(self.driver.shard.describe("g"), reloaded.describe("g"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_history_keeps_the_promises_of_a_group(history in prop::collection::vec(steps(), 1..60)) {
        Model::run(history);
    }
}
