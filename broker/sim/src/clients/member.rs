//! A member of a consumer group: joins, reads the partitions that it is given from where the group stands, and commits.
//!
//! Members come and go, vanish, and oversleep their session and go on as if nothing had happened, while the broker loses
//! its power. A commit of one that was replaced must not count, so the group's committed offsets only rise; and what two
//! members are given in one generation does not overlap, in whatever life of the broker they are told.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use broker_client::ClientError;
use broker_protocol::codec::{DecodeError, Message, Reader, Writer};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::consumer_protocol_assignment::TopicPartition;
use broker_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use broker_protocol::messages::leave_group_request::MemberIdentity;
use broker_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use broker_protocol::messages::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, HeartbeatRequest, HeartbeatResponse,
    JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, SyncGroupRequest, SyncGroupResponse,
};
use checker::{Function, Kind};

use super::connection::Connection;
use super::fetcher::Fetcher;
use super::group::{self, Committer};
use super::{Partition, Shared, code_of, pause};
use crate::random::Rng;

/// The group of all members.
pub(super) const GROUP: &str = "members";

/// Classic protocol (KIP-62, KIP-394).
const JOIN_GROUP_VERSION: i16 = 9;
const SYNC_GROUP_VERSION: i16 = 5;
const HEARTBEAT_VERSION: i16 = 4;
const LEAVE_GROUP_VERSION: i16 = 5;
const PROTOCOL_TYPE: &str = "consumer";
const PROTOCOL: &str = "turns";
/// Version of what members tell each other through the group.
const CONTENT_VERSION: i16 = 0;
/// How long a silent member stays.
const SESSION_MS: i32 = 700;
/// How long a rebalance waits for a member; below the time that a client waits for an answer.
const REBALANCE_MS: i32 = 1_200;
const HEARTBEAT_MS: u64 = 150;
/// Longest wait that a fetch asks for, in milliseconds.
const WAIT_MS_MAX: u64 = 80;
const PAUSE_MS_MAX: u64 = 40;
/// Bytes of a partition per fetch.
const FETCH_BYTES: i32 = 50_000;

/// What members were given so far.
#[derive(Debug, Default)]
pub(super) struct Generations {
    /// The latest generation that a member got its partitions of.
    latest: i32,
    holders: BTreeMap<(i32, Partition), String>,
}

pub(super) async fn run(shared: Rc<Shared>, client: usize, mut rng: Rng) {
    let mut connection = Connection::new(Rc::clone(&shared), client);
    while shared.loads() {
        let fetcher = Fetcher::new(Rc::clone(&shared), FETCH_BYTES, rng.chance(50));
        let mut member = Member {
            shared: Rc::clone(&shared),
            fetcher,
            id: String::new(),
            generation: None,
            beat_at_ms: 0,
        };
        member.live(&mut connection, &mut rng).await;
        let process = member.fetcher.process;
        shared.recorder.borrow_mut().operation(process, Kind::Ok, Function::Crash, Vec::new());
    }
}

/// One life of a member.
struct Member {
    shared: Rc<Shared>,
    fetcher: Fetcher,
    /// Given by the broker; empty before that.
    id: String,
    /// The generation that its partitions are of, as far as it knows.
    generation: Option<i32>,
    /// When the next heartbeat is due.
    beat_at_ms: u64,
}

/// A generation that a member has joined.
struct Joined {
    generation: i32,
    /// All members if this one is to share out the partitions, else none.
    members: Vec<String>,
}

impl Member {
    async fn live(&mut self, connection: &mut Connection, rng: &mut Rng) {
        while self.shared.loads() {
            pause(rng.between(1, PAUSE_MS_MAX)).await;
            let Some(generation) = self.generation else {
                self.join(connection).await;
                continue;
            };
            match rng.between(1, 1_000) {
                // Its session ends without it.
                1..=6 => return,
                7..=12 => return self.leave(connection).await,
                13..=22 => self.generation = None,
                // What it does next it does in the belief that it is still a member.
                23..=37 => pause(rng.between(100, u64::from(2 * SESSION_MS.unsigned_abs()))).await,
                38..=237 => self.commit(connection, generation).await,
                _ => {
                    if self.shared.clock.elapsed_ms() >= self.beat_at_ms {
                        self.beat(connection, generation).await;
                    }
                    let wait_ms = i32::try_from(rng.between(0, WAIT_MS_MAX)).expect("a small number");
                    // Where it goes on is its own knowledge: a lost answer changes nothing.
                    let _answered = self.fetcher.poll(connection, wait_ms).await;
                }
            }
        }
    }

    /// Joins the next generation and takes over what it is given. Without success it is no member and tries again.
    async fn join(&mut self, connection: &mut Connection) {
        if !group::find_coordinator(&self.shared, connection, GROUP).await {
            return;
        }
        let latest = self.shared.generations.borrow().latest;
        let Some(joined) = self.ask_to_join(connection).await else { return };
        let Some(given) = self.sync(connection, &joined).await else { return };
        self.note_given(joined.generation, latest, &given);
        let given: Vec<Partition> = given.into_iter().collect();
        let process = self.fetcher.process;
        let Some(committed) = group::fetch(&self.shared, connection, process, GROUP, &given).await else {
            return;
        };
        let positions = committed.into_iter().map(|(partition, offset)| (partition, offset.unwrap_or(0)));
        self.fetcher.subscribe(positions.collect());
        self.generation = Some(joined.generation);
        self.beat_at_ms = self.shared.clock.elapsed_ms() + HEARTBEAT_MS;
    }

    async fn ask_to_join(&mut self, connection: &mut Connection) -> Option<Joined> {
        // One without an id is given one and comes back with it.
        for _ in 0..2 {
            let protocol = JoinGroupRequestProtocol { name: PROTOCOL.into(), metadata: self.topics().into() };
            let request = JoinGroupRequest {
                group_id: GROUP.into(),
                session_timeout_ms: SESSION_MS,
                rebalance_timeout_ms: REBALANCE_MS,
                member_id: self.id.clone().into(),
                protocol_type: PROTOCOL_TYPE.into(),
                protocols: vec![protocol],
                ..JoinGroupRequest::default()
            };
            let frame =
                connection.attempt(async |client| client.call(&request, JOIN_GROUP_VERSION).await).await;
            let frame = frame.ok()?;
            let response: JoinGroupResponse<'_> = self.read(frame.decode())?;
            match code_of(Some(response.error_code)) {
                ErrorCode::None => {
                    self.id = response.member_id.to_string();
                    let leads = response.leader == response.member_id;
                    let mut members: Vec<String> =
                        response.members.iter().map(|member| member.member_id.to_string()).collect();
                    members.sort();
                    if leads != members.contains(&self.id) {
                        self.shared.violation("who leads the group and who knows its members differ");
                    }
                    return Some(Joined { generation: response.generation_id, members });
                }
                ErrorCode::MemberIdRequired => self.id = response.member_id.to_string(),
                code => {
                    self.refused("join", code);
                    return None;
                }
            }
        }
        None
    }

    /// Gets the partitions of a generation; the leader says first who gets which.
    async fn sync(&mut self, connection: &mut Connection, joined: &Joined) -> Option<BTreeSet<Partition>> {
        let request = SyncGroupRequest {
            group_id: GROUP.into(),
            generation_id: joined.generation,
            member_id: self.id.clone().into(),
            protocol_type: Some(PROTOCOL_TYPE.into()),
            protocol_name: Some(PROTOCOL.into()),
            assignments: shares(&self.shared.partitions(), &joined.members),
            ..SyncGroupRequest::default()
        };
        let frame = connection.attempt(async |client| client.call(&request, SYNC_GROUP_VERSION).await).await;
        let frame = frame.ok()?;
        let response: SyncGroupResponse<'_> = self.read(frame.decode())?;
        match code_of(Some(response.error_code)) {
            ErrorCode::None => {}
            code => {
                self.refused("sync", code);
                return None;
            }
        }
        let share = read_share(&response.assignment);
        if let Err(error) = &share {
            self.shared.violation(format_args!("an assignment came back changed: {error}"));
        }
        share.ok()
    }

    fn note_given(&self, generation: i32, latest: i32, given: &BTreeSet<Partition>) {
        self.shared.counts.borrow_mut().assignments += 1;
        let mut generations = self.shared.generations.borrow_mut();
        if generation < latest {
            self.shared.violation(format_args!("{GROUP} is at generation {generation} after {latest}"));
        }
        generations.latest = generations.latest.max(generation);
        for partition in given {
            let before = generations.holders.insert((generation, partition.clone()), self.id.clone());
            if before.is_some_and(|before| before != self.id) {
                let key = partition.key();
                self.shared.violation(format_args!("{key} was given twice in generation {generation}"));
            }
        }
    }

    async fn commit(&mut self, connection: &mut Connection, generation: i32) {
        let Fetcher { process, positions, .. } = &self.fetcher;
        if positions.is_empty() {
            return;
        }
        let committer = Committer { process: *process, group: GROUP, generation, member_id: &self.id };
        let told = group::commit(&self.shared, connection, committer, positions).await;
        if let Some(code) = told.filter(|&code| code != ErrorCode::None) {
            self.refused("commit", code);
            if !code.retriable() {
                self.shared.counts.borrow_mut().fenced_commits += 1;
            }
        }
    }

    async fn beat(&mut self, connection: &mut Connection, generation: i32) {
        self.beat_at_ms = self.shared.clock.elapsed_ms() + HEARTBEAT_MS;
        let request = HeartbeatRequest {
            group_id: GROUP.into(),
            generation_id: generation,
            member_id: self.id.clone().into(),
            ..HeartbeatRequest::default()
        };
        let frame = connection.attempt(async |client| client.call(&request, HEARTBEAT_VERSION).await).await;
        let Ok(frame) = frame else { return };
        let response: Option<HeartbeatResponse> = self.read(frame.decode());
        let code = response.map(|response| code_of(Some(response.error_code)));
        if let Some(code) = code.filter(|&code| code != ErrorCode::None) {
            self.refused("heartbeat", code);
        }
    }

    async fn leave(&mut self, connection: &mut Connection) {
        let member = MemberIdentity { member_id: self.id.clone().into(), ..MemberIdentity::default() };
        let request = LeaveGroupRequest {
            group_id: GROUP.into(),
            members: vec![member],
            ..LeaveGroupRequest::default()
        };
        // If it does not arrive, the session ends by itself.
        let _left = connection.attempt(async |client| client.call(&request, LEAVE_GROUP_VERSION).await).await;
    }

    /// Takes in a refusal, which must be one that a rebalance or a restart explains.
    fn refused(&mut self, what: &str, code: ErrorCode) {
        match code {
            ErrorCode::UnknownMemberId => {
                self.id.clear();
                self.generation = None;
            }
            ErrorCode::IllegalGeneration | ErrorCode::RebalanceInProgress => self.generation = None,
            code if code.retriable() => {}
            code => self.shared.violation(format_args!("a {what} was told {}", code.name())),
        }
        self.shared.recorder.borrow_mut().note(format_args!("a {what} was told {}", code.name()));
    }

    fn read<T>(&self, answer: Result<T, ClientError>) -> Option<T> {
        if let Err(error) = &answer {
            self.shared.violation(format_args!("an answer to a member is wrong: {error}"));
        }
        answer.ok()
    }

    /// What the member wants to read: all topics.
    fn topics(&self) -> Vec<u8> {
        let names: BTreeSet<String> =
            self.shared.partitions().iter().map(|partition| partition.topic.to_string()).collect();
        let topics = names.into_iter().map(Into::into).collect();
        written(&ConsumerProtocolSubscription { topics, ..ConsumerProtocolSubscription::default() })
    }
}

/// Shares out partitions in turns; nothing without members, as only the leader knows them.
fn shares(partitions: &[Partition], members: &[String]) -> Vec<SyncGroupRequestAssignment<'static>> {
    let share = |(turn, member): (usize, &String)| {
        let mut topics: BTreeMap<String, Vec<i32>> = BTreeMap::new();
        for partition in partitions.iter().skip(turn).step_by(members.len()) {
            topics.entry(partition.topic.to_string()).or_default().push(partition.index);
        }
        let topics =
            topics.into_iter().map(|(topic, partitions)| TopicPartition { topic: topic.into(), partitions });
        let share = ConsumerProtocolAssignment { assigned_partitions: topics.collect(), user_data: None };
        SyncGroupRequestAssignment { member_id: member.clone().into(), assignment: written(&share).into() }
    };
    members.iter().enumerate().map(share).collect()
}

fn read_share(bytes: &[u8]) -> Result<BTreeSet<Partition>, DecodeError> {
    // A member that the leader did not know gets nothing.
    if bytes.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut reader = Reader::new(bytes);
    let version = reader.i16()?;
    let share = ConsumerProtocolAssignment::decode(&mut reader, version)?;
    reader.expect_end()?;
    let partitions = share.assigned_partitions.iter().flat_map(|assigned| {
        let topic = assigned.topic.as_ref();
        assigned.partitions.iter().map(move |&index| Partition { topic: topic.into(), index })
    });
    Ok(partitions.collect())
}

fn written<'a>(content: &impl Message<'a>) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.i16(CONTENT_VERSION);
    content
        .encode(&mut writer, CONTENT_VERSION)
        .expect("names and numbers of a few partitions can be written");
    writer.into_parts().0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_is_in_one_share() {
        let partition = |index| Partition { topic: "topic0".into(), index };
        let partitions: Vec<_> = (0..5).map(partition).collect();
        let members = ["a".to_owned(), "b".to_owned()];
        let shares: Vec<_> = shares(&partitions, &members)
            .iter()
            .map(|share| read_share(&share.assignment).expect("what was written"))
            .collect();
        assert_eq!(shares, [[0, 2, 4].map(partition).into(), BTreeSet::from([1, 3].map(partition))]);
    }
}
