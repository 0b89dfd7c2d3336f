//! Commits offsets of a group, ever larger ones, and reads them back.

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
use super::{Partition, Shared, pause};
use crate::random::Rng;

const FIND_COORDINATOR_VERSION: i16 = 4;
const OFFSET_COMMIT_VERSION: i16 = 8;
const OFFSET_FETCH_VERSION: i16 = 8;
/// Generation of a commit outside of the group's membership.
const NO_GENERATION: i32 = -1;
/// Pause between two operations, in milliseconds.
const PAUSE_MS_MAX: u64 = 60;

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
            coordinator_is_known = fetch(&shared, &mut connection, process, &group, &partitions).await;
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
        coordinator_is_known = commit(&shared, &mut connection, process, &group, &committed).await;
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
            check_codes(shared, "coordinator look-up", &codes);
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

/// Commits offsets; true if the broker says that it has.
async fn commit(
    shared: &Shared,
    connection: &mut Connection,
    process: u64,
    group: &str,
    offsets: &BTreeMap<Partition, i64>,
) -> bool {
    let recorded: Vec<(Key, u64)> = offsets
        .iter()
        .map(|(partition, offset)| {
            (partition.key(), u64::try_from(*offset).expect("an offset that rose from 0"))
        })
        .collect();
    let record = |kind| {
        let ops = vec![MicroOp::Commit(group.into(), recorded.clone())];
        shared.recorder.borrow_mut().operation(process, kind, Function::Group, ops);
    };
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
        generation_id_or_member_epoch: NO_GENERATION,
        topics: topics.collect(),
        ..OffsetCommitRequest::default()
    };
    record(Kind::Invoke);
    let answer = connection.attempt(async |client| client.call(&request, OFFSET_COMMIT_VERSION).await).await;
    let Ok(frame) = answer else {
        record(Kind::Info);
        return false;
    };
    let response: OffsetCommitResponse<'_> = match frame.decode() {
        Ok(response) => response,
        Err(error) => {
            shared.violation(format_args!("a commit response is wrong: {error}"));
            record(Kind::Info);
            return false;
        }
    };
    let codes: Vec<i16> =
        response.topics.iter().flat_map(|topic| &topic.partitions).map(|answer| answer.error_code).collect();
    check_codes(shared, "commit", &codes);
    let all_committed = codes.len() == offsets.len() && codes.iter().all(|&code| code == 0);
    record(if all_committed { Kind::Ok } else { Kind::Info });
    all_committed
}

/// Reads the committed offsets of `partitions`; true if the broker told them.
pub(super) async fn fetch(
    shared: &Shared,
    connection: &mut Connection,
    process: u64,
    group: &str,
    partitions: &[Partition],
) -> bool {
    let record = |kind, offsets: Vec<(Key, Option<u64>)>| {
        let ops = vec![MicroOp::Committed(group.into(), offsets)];
        shared.recorder.borrow_mut().operation(process, kind, Function::Group, ops);
    };
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
    record(Kind::Invoke, partitions.iter().map(|partition| (partition.key(), None)).collect());
    let answer = connection.attempt(async |client| client.call(&request, OFFSET_FETCH_VERSION).await).await;
    let Ok(frame) = answer else {
        record(Kind::Info, Vec::new());
        return false;
    };
    let response: OffsetFetchResponse<'_> = match frame.decode() {
        Ok(response) => response,
        Err(error) => {
            shared.violation(format_args!("an offset fetch response is wrong: {error}"));
            record(Kind::Info, Vec::new());
            return false;
        }
    };
    let Some(told) = response.groups.first() else { return false };
    let mut codes = vec![told.error_code];
    let mut offsets = Vec::new();
    for topic in &told.topics {
        for answer in &topic.partitions {
            codes.push(answer.error_code);
            let partition = Partition { topic: topic.name.as_ref().into(), index: answer.partition_index };
            offsets.push((partition.key(), u64::try_from(answer.committed_offset).ok()));
        }
    }
    check_codes(shared, "fetch", &codes);
    let told_all = codes.iter().all(|&code| code == 0) && offsets.len() == partitions.len();
    record(if told_all { Kind::Ok } else { Kind::Info }, offsets);
    told_all
}

/// An error must be one that a restart or a failed disk explains.
fn check_codes(shared: &Shared, what: &str, codes: &[i16]) {
    if let Some(&code) = codes.iter().find(|&&code| code != 0) {
        let code = ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError);
        if code != ErrorCode::None && code.retriable() {
            shared.recorder.borrow_mut().note(format_args!("an offset {what} was told {}", code.name()));
        } else if code != ErrorCode::None {
            shared.violation(format_args!("an offset {what} was told {}", code.name()));
        }
    }
}
