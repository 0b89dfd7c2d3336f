//! Commits offsets of a group and reads them back; as a client that is no member, ever larger ones.

use std::collections::BTreeMap;
use std::rc::Rc;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use broker_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use broker_protocol::messages::{
    FindCoordinatorRequest, FindCoordinatorResponse, OffsetCommitRequest, OffsetCommitResponse,
    OffsetFetchRequest, OffsetFetchResponse,
};
use checker::{Function, Key, Kind, MicroOp};

use super::connection::Connection;
use super::{Partition, Shared, code_of, pause};
use crate::random::Rng;

const FIND_COORDINATOR_VERSION: i16 = 4;
const OFFSET_COMMIT_VERSION: i16 = 8;
const OFFSET_FETCH_VERSION: i16 = 8;
/// What a commit is told that comes from a member that was replaced, or from one that has to join again.
const FENCED: [ErrorCode; 3] =
    [ErrorCode::IllegalGeneration, ErrorCode::UnknownMemberId, ErrorCode::RebalanceInProgress];
/// Pause between two operations, in milliseconds.
const PAUSE_MS_MAX: u64 = 60;

/// In whose name offsets are committed.
#[derive(Clone, Copy)]
pub(super) struct Committer<'a> {
    pub(super) process: u64,
    pub(super) group: &'a str,
    pub(super) generation: i32,
    pub(super) member_id: &'a str,
}

impl<'a> Committer<'a> {
    /// A client that is not a member of the group.
    fn outsider(process: u64, group: &'a str) -> Committer<'a> {
        Committer { process, group, generation: -1, member_id: "" }
    }

    fn is_member(self) -> bool {
        !self.member_id.is_empty()
    }
}

pub(super) async fn run(shared: Rc<Shared>, client: usize, mut rng: Rng) {
    let mut connection = Connection::new(Rc::clone(&shared), client);
    let process = shared.recorder.borrow_mut().new_process();
    let group = name(client);
    let mut offsets: BTreeMap<Partition, i64> = BTreeMap::new();
    let mut coordinator_is_known = false;
    while shared.loads() {
        pause(rng.between(1, PAUSE_MS_MAX)).await;
        let partitions = shared.partitions();
        if !coordinator_is_known {
            coordinator_is_known = find_coordinator(&shared, &mut connection, &group).await;
        }
        if partitions.is_empty() || !coordinator_is_known {
            continue;
        }
        if rng.chance(25) {
            let told = fetch(&shared, &mut connection, process, &group, &partitions).await;
            coordinator_is_known = told.is_some();
            continue;
        }
        let count = rng.between(1, partitions.len() as u64);
        let mut committed = BTreeMap::new();
        for _ in 0..count {
            let partition = rng.pick(&partitions).clone();
            let offset = offsets.entry(partition.clone()).or_default();
            *offset += i64::try_from(rng.between(1, 10)).expect("a small number");
            committed.insert(partition, *offset);
        }
        let committer = Committer::outsider(process, &group);
        let told = commit(&shared, &mut connection, committer, &committed).await;
        coordinator_is_known = told == Some(ErrorCode::None);
    }
}

/// Asks who coordinates the group, which also makes the broker's topic for offsets.
pub(super) async fn find_coordinator(shared: &Shared, connection: &mut Connection, group: &str) -> bool {
    let request = FindCoordinatorRequest {
        coordinator_keys: vec![group.to_owned().into()],
        ..FindCoordinatorRequest::default()
    };
    let answer =
        connection.attempt(async |client| client.call(&request, FIND_COORDINATOR_VERSION).await).await;
    let Ok(frame) = answer else { return false };
    match frame.decode::<FindCoordinatorResponse<'_>>() {
        Ok(response) => {
            let codes: Vec<i16> = response.coordinators.iter().map(|found| found.error_code).collect();
            check_codes(shared, "coordinator look-up", &codes, &[]);
            codes == [0]
        }
        Err(error) => {
            shared.violation(format_args!("a coordinator response is wrong: {error}"));
            false
        }
    }
}

/// Name of a client's group.
pub(super) fn name(client: usize) -> String {
    format!("group{client}")
}

fn by_topic(partitions: impl Iterator<Item = Partition>) -> BTreeMap<String, Vec<i32>> {
    let mut topics: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for partition in partitions {
        topics.entry(partition.topic.to_string()).or_default().push(partition.index);
    }
    topics
}

/// Commits offsets; the first error that the broker told, `None` if it told nothing.
pub(super) async fn commit(
    shared: &Shared,
    connection: &mut Connection,
    committer: Committer<'_>,
    offsets: &BTreeMap<Partition, i64>,
) -> Option<ErrorCode> {
    let Committer { process, group, generation, member_id } = committer;
    let recorded: Vec<(Key, u64)> = offsets
        .iter()
        .map(|(partition, offset)| {
            (partition.key(), u64::try_from(*offset).expect("an offset that rose from 0"))
        })
        .collect();
    let ops = || vec![MicroOp::Commit(group.into(), recorded.clone())];
    let record = |kind| shared.recorder.borrow_mut().operation(process, kind, Function::Group, ops());
    let topics = by_topic(offsets.keys().cloned()).into_iter().map(|(topic, indexes)| {
        let partitions = indexes.into_iter().map(|index| OffsetCommitRequestPartition {
            partition_index: index,
            committed_offset: offsets[&Partition { topic: topic.as_str().into(), index }],
            committed_leader_epoch: -1,
            committed_metadata: Some("".into()),
        });
        let partitions = partitions.collect();
        OffsetCommitRequestTopic { name: topic.into(), partitions, ..OffsetCommitRequestTopic::default() }
    });
    let request = OffsetCommitRequest {
        group_id: group.into(),
        generation_id_or_member_epoch: generation,
        member_id: member_id.into(),
        topics: topics.collect(),
        ..OffsetCommitRequest::default()
    };
    record(Kind::Invoke);
    let answer = connection.attempt(async |client| client.call(&request, OFFSET_COMMIT_VERSION).await).await;
    let Ok(frame) = answer else {
        shared.end_unknown(process, Function::Group, ops(), "no answer");
        return None;
    };
    let response: OffsetCommitResponse<'_> = match frame.decode() {
        Ok(response) => response,
        Err(error) => {
            shared.violation(format_args!("a commit response is wrong: {error}"));
            shared.end_unknown(process, Function::Group, ops(), "wrong answer");
            return None;
        }
    };
    let codes: Vec<i16> =
        response.topics.iter().flat_map(|topic| &topic.partitions).map(|answer| answer.error_code).collect();
    check_codes(shared, "commit", &codes, if committer.is_member() { &FENCED } else { &[] });
    let first = codes.iter().map(|&code| code_of(Some(code))).find(|&code| code != ErrorCode::None);
    let is_fenced = |code: &i16| FENCED.iter().any(|fenced| fenced.code() == *code);
    match first {
        None if codes.len() == offsets.len() => record(Kind::Ok),
        Some(_) if codes.len() == offsets.len() && codes.iter().all(is_fenced) => record(Kind::Fail),
        code => shared.end_unknown(process, Function::Group, ops(), code.unwrap_or_default().name()),
    }
    Some(first.unwrap_or_default())
}

/// Reads the committed offsets of `partitions`, `None` where there is none; `None` as a whole if they were not told.
pub(super) async fn fetch(
    shared: &Shared,
    connection: &mut Connection,
    process: u64,
    group: &str,
    partitions: &[Partition],
) -> Option<BTreeMap<Partition, Option<i64>>> {
    let ops = |offsets: Vec<(Key, Option<u64>)>| vec![MicroOp::Committed(group.into(), offsets)];
    let record = |kind, ops| shared.recorder.borrow_mut().operation(process, kind, Function::Group, ops);
    let unknown = |cause| shared.end_unknown(process, Function::Group, ops(Vec::new()), cause);
    let topics = by_topic(partitions.iter().cloned()).into_iter().map(|(topic, partition_indexes)| {
        OffsetFetchRequestTopics {
            name: topic.into(),
            partition_indexes,
            ..OffsetFetchRequestTopics::default()
        }
    });
    let asked = OffsetFetchRequestGroup {
        group_id: group.to_owned().into(),
        topics: Some(topics.collect()),
        ..OffsetFetchRequestGroup::default()
    };
    let request =
        OffsetFetchRequest { groups: vec![asked], require_stable: true, ..OffsetFetchRequest::default() };
    record(Kind::Invoke, ops(partitions.iter().map(|partition| (partition.key(), None)).collect()));
    let answer = connection.attempt(async |client| client.call(&request, OFFSET_FETCH_VERSION).await).await;
    let Ok(frame) = answer else {
        unknown("no answer");
        return None;
    };
    let response: OffsetFetchResponse<'_> = match frame.decode() {
        Ok(response) => response,
        Err(error) => {
            shared.violation(format_args!("an offset fetch response is wrong: {error}"));
            unknown("wrong answer");
            return None;
        }
    };
    let mut codes = Vec::new();
    let mut told = BTreeMap::new();
    for group in &response.groups {
        codes.push(group.error_code);
        for topic in &group.topics {
            for answer in &topic.partitions {
                codes.push(answer.error_code);
                let partition =
                    Partition { topic: topic.name.as_ref().into(), index: answer.partition_index };
                told.insert(partition, (answer.committed_offset >= 0).then_some(answer.committed_offset));
            }
        }
    }
    check_codes(shared, "fetch", &codes, &[]);
    let code = codes.iter().map(|&code| code_of(Some(code))).find(|&code| code != ErrorCode::None);
    if code.is_some() || told.len() != partitions.len() {
        unknown(code.unwrap_or_default().name());
        return None;
    }
    let unsigned = |offset: Option<i64>| offset.map(i64::unsigned_abs);
    record(
        Kind::Ok,
        ops(told.iter().map(|(partition, offset)| (partition.key(), unsigned(*offset))).collect()),
    );
    Some(told)
}

/// An error must be one that a restart or a failed disk explains, or one of `expected`.
fn check_codes(shared: &Shared, what: &str, codes: &[i16], expected: &[ErrorCode]) {
    let code = codes.iter().map(|&code| code_of(Some(code))).find(|&code| code != ErrorCode::None);
    let Some(code) = code else { return };
    if code.retriable() || expected.contains(&code) {
        shared.recorder.borrow_mut().note(format_args!("an offset {what} was told {}", code.name()));
    } else {
        shared.violation(format_args!("an offset {what} was told {}", code.name()));
    }
}
