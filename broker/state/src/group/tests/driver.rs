//! A shard with its log and clock: writes, replays and collects answers as the runtime does.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker_protocol::types::{TopicId, Uuid};

use super::super::*;

/// Timeouts that every test uses unless it says otherwise, in milliseconds.
pub(super) const SESSION_MS: i32 = 10_000;
pub(super) const REBALANCE_MS: i32 = 60_000;
/// How long the first rebalance takes when several members come at once: the initial delay, extended once.
pub(super) const FORMING_MS: i64 = 6_000;

pub(super) struct Driver {
    pub(super) shard: GroupShard,
    pub(super) now_ms: i64,
    pub(super) log: Vec<CoordinatorRecord>,
    answers: BTreeMap<Token, Answer>,
    next_token: Token,
    config: Arc<GroupConfig>,
}

impl Driver {
    pub(super) fn new() -> Self {
        Self::with_config(GroupConfig::default())
    }

    pub(super) fn with_config(config: GroupConfig) -> Self {
        let config = Arc::new(config);
        Driver {
            shard: GroupShard::new(config.clone()),
            now_ms: 1_000_000,
            log: Vec::new(),
            answers: BTreeMap::new(),
            next_token: 0,
            config,
        }
    }

    /// Writes, replays, collects answers.
    pub(super) fn apply<R>(&mut self, outcome: Outcome<R>) -> R {
        for record in outcome.records {
            self.shard.replay(&record.key, record.value.as_deref()).unwrap();
            self.log.push(record);
        }
        for (token, answer) in outcome.answers {
            assert!(self.answers.insert(token, answer).is_none(), "token {token} was answered twice");
        }
        outcome.response
    }

    /// The wall clock is far from the steady one, so that neither is taken for the other.
    pub(super) fn now(&self) -> Now {
        Now { steady_ms: self.now_ms, wall_ms: self.now_ms + 1_700_000_000_000 }
    }

    pub(super) fn token(&mut self) -> Token {
        self.next_token += 1;
        self.next_token
    }

    /// Moves the clock to `now_ms`, stopping wherever a timer is due.
    pub(super) fn advance(&mut self, by_ms: i64) {
        let end_ms = self.now_ms + by_ms;
        while let Some(at_ms) = self.shard.next_deadline().filter(|at_ms| *at_ms <= end_ms) {
            self.now_ms = at_ms.max(self.now_ms);
            let outcome = self.shard.tick(self.now());
            self.apply(outcome);
        }
        self.now_ms = end_ms;
    }

    pub(super) fn join(&mut self, request: JoinRequest) -> Token {
        let token = self.token();
        let outcome = self.shard.join(self.now(), token, request);
        self.apply(outcome);
        token
    }

    pub(super) fn joined(&mut self, token: Token) -> JoinResponse {
        match self.answers.remove(&token) {
            Some(Answer::Join(response)) => response,
            other => panic!("expected the answer of a join, found {other:?}"),
        }
    }

    pub(super) fn waits(&self, token: Token) -> bool {
        !self.answers.contains_key(&token)
    }

    pub(super) fn answered(&mut self) -> Vec<(Token, Answer)> {
        std::mem::take(&mut self.answers).into_iter().collect()
    }

    pub(super) fn sync(&mut self, request: SyncRequest) -> Token {
        let token = self.token();
        let outcome = self.shard.sync(self.now(), token, request);
        self.apply(outcome);
        token
    }

    pub(super) fn synced(&mut self, token: Token) -> SyncResponse {
        match self.answers.remove(&token) {
            Some(Answer::Sync(response)) => response,
            other => panic!("expected the answer of a sync, found {other:?}"),
        }
    }

    pub(super) fn heartbeat(&mut self, member_id: &str, generation_id: i32) -> Result<(), GroupError> {
        let request = HeartbeatRequest {
            group_id: "g".into(),
            generation_id,
            member_id: member_id.into(),
            instance_id: None,
        };
        let outcome = self.shard.heartbeat(self.now(), &request);
        self.apply(outcome)
    }

    pub(super) fn leave(&mut self, member_id: &str, instance_id: Option<&str>) -> Option<GroupError> {
        let members =
            vec![LeavingMember { member_id: member_id.into(), instance_id: instance_id.map(str::to_owned) }];
        let outcome = self.shard.leave(self.now(), LeaveRequest { group_id: "g".into(), members });
        self.apply(outcome).unwrap()[0].error
    }

    pub(super) fn commit(
        &mut self,
        request: &CommitRequest,
    ) -> Result<Vec<Result<(), GroupError>>, GroupError> {
        let outcome = self.shard.commit(self.now(), request);
        self.apply(outcome)
    }

    /// The offset of partition 0 of topic `t` that group `g` committed.
    pub(super) fn committed(&self) -> Option<i64> {
        self.shard.committed("g", "t", 0).map(|committed| committed.offset)
    }

    pub(super) fn state(&self) -> Option<GroupState> {
        self.shard.describe("g").map(|group| group.state)
    }

    /// A shard that a restarted broker builds from the log.
    pub(super) fn reloaded(&self) -> GroupShard {
        let mut shard = GroupShard::new(self.config.clone());
        for record in &self.log {
            shard.replay(&record.key, record.value.as_deref()).unwrap();
        }
        shard
    }

    /// Restarts the broker: memory is lost, the log stays.
    pub(super) fn restart(&mut self) {
        self.shard = self.reloaded();
        let outcome = self.shard.finish_load(self.now());
        self.apply(outcome);
    }

    /// Lets `members` new dynamic members join group `g` at once and gives their ids and generation, the leader first.
    pub(super) fn form_group(&mut self, members: usize) -> (Vec<String>, i32) {
        let tokens: Vec<Token> = (0..members)
            .map(|_| {
                let first = self.join(dynamic(""));
                let member_id = self.joined(first).member_id;
                self.join(dynamic(&member_id))
            })
            .collect();
        self.advance(FORMING_MS);
        let responses: Vec<JoinResponse> = tokens.into_iter().map(|token| self.joined(token)).collect();
        let leader = responses[0].leader.clone();
        let generation = responses[0].generation_id;
        let mut ids: Vec<String> = responses.into_iter().map(|response| response.member_id).collect();
        ids.sort_by_key(|id| *id != leader);
        (ids, generation)
    }

    /// Forms group `g` and lets its leader assign each member its own id.
    pub(super) fn stable_group(&mut self, members: usize) -> (Vec<String>, i32) {
        let (ids, generation) = self.form_group(members);
        self.settle(&ids, generation);
        (ids, generation)
    }

    /// Syncs all members, the leader first, each with its own id as assignment.
    pub(super) fn settle(&mut self, ids: &[String], generation: i32) {
        for (index, id) in ids.iter().enumerate() {
            let mut request = sync_of(id, generation);
            if index == 0 {
                request.assignments = ids.iter().map(|id| (id.clone(), id.clone().into_bytes())).collect();
            }
            let token = self.sync(request);
            let response = self.synced(token);
            assert_eq!((response.error, response.assignment), (None, id.clone().into_bytes()));
        }
        assert_eq!(self.state(), Some(GroupState::Stable));
    }
}

/// Metadata of a consumer that reads `topics`.
pub(super) fn subscription(topics: &[&str]) -> Vec<u8> {
    let mut metadata = vec![0, 0];
    metadata.extend((topics.len() as i32).to_be_bytes());
    for topic in topics {
        metadata.extend((topic.len() as i16).to_be_bytes());
        metadata.extend(topic.as_bytes());
    }
    metadata.extend((-1i32).to_be_bytes());
    metadata
}

pub(super) fn protocol(name: &str) -> Protocol {
    Protocol { name: name.into(), metadata: subscription(&["t"]) }
}

/// A consumer of group `g` that reads topic `t`.
pub(super) fn dynamic(member_id: &str) -> JoinRequest {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    JoinRequest {
        group_id: "g".into(),
        member_id: member_id.into(),
        instance_id: None,
        client_id: "client".into(),
        client_host: "/127.0.0.1".into(),
        session_timeout_ms: SESSION_MS,
        rebalance_timeout_ms: REBALANCE_MS,
        protocol_type: "consumer".into(),
        protocols: vec![protocol("range")],
        requires_known_member_id: true,
        supports_skip_assignment: true,
        member_uuid: Uuid::from_u128(u128::from(NEXT.fetch_add(1, Ordering::Relaxed))),
    }
}

pub(super) fn static_member(member_id: &str, instance_id: &str) -> JoinRequest {
    JoinRequest { instance_id: Some(instance_id.into()), ..dynamic(member_id) }
}

pub(super) fn sync_of(member_id: &str, generation_id: i32) -> SyncRequest {
    SyncRequest {
        group_id: "g".into(),
        generation_id,
        member_id: member_id.into(),
        instance_id: None,
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        assignments: Vec::new(),
    }
}

/// A commit of `offset` for partition 0 of topic `t`.
pub(super) fn commit_of(member_id: &str, generation_id: i32, offset: i64) -> CommitRequest {
    CommitRequest {
        group_id: "g".into(),
        generation_id,
        member_id: member_id.into(),
        instance_id: None,
        retention_time_ms: -1,
        knows_group_id_not_found: true,
        offsets: vec![OffsetToCommit {
            topic: "t".into(),
            topic_id: TopicId(Uuid::from_u128(7)),
            partition: 0,
            offset,
            leader_epoch: 3,
            metadata: "note".into(),
        }],
    }
}
