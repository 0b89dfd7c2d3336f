use broker_protocol::types::{TopicId, Uuid};

use super::super::*;
use super::driver::*;
use crate::metadata::topics::DeletedTopic;

const DAY_MS: i64 = 24 * 3_600_000;

#[test]
fn clients_without_group_management_commit_to_an_empty_group() {
    let mut d = Driver::new();
    assert_eq!(d.commit(&commit_of("", -1, 5)), Ok(vec![Ok(())]));
    let committed = d.shard.committed("g", "t", 0).unwrap();
    assert_eq!((committed.offset, committed.leader_epoch, &*committed.metadata), (5, 3, "note"));
    assert_eq!(d.reloaded().committed("g", "t", 0), Some(committed));
}

#[test]
fn unknown_partitions_have_no_offset() {
    let mut d = Driver::new();
    assert_eq!(d.shard.committed("g", "t", 0), None);
    d.commit(&commit_of("", -1, 5)).unwrap().remove(0).unwrap();
    assert_eq!(d.shard.committed("g", "t", 1), None);
    assert_eq!(d.shard.all_committed("g").count(), 1);
}

#[test]
fn a_generation_of_an_unknown_group_is_refused_in_the_words_of_the_version() {
    let mut d = Driver::new();
    assert_eq!(d.commit(&commit_of("m", 1, 5)), Err(GroupError::GroupIdNotFound));
    let old = CommitRequest { knows_group_id_not_found: false, ..commit_of("m", 1, 5) };
    assert_eq!(d.commit(&old), Err(GroupError::IllegalGeneration));
}

#[test]
fn only_members_of_the_generation_commit_to_a_group_with_members() {
    let mut d = Driver::new();
    let (ids, generation) = d.stable_group(1);
    assert_eq!(d.commit(&commit_of(&ids[0], generation, 5)), Ok(vec![Ok(())]));
    assert_eq!(d.commit(&commit_of("", -1, 6)), Err(GroupError::UnknownMemberId));
    assert_eq!(d.commit(&commit_of("nobody", generation, 6)), Err(GroupError::UnknownMemberId));
    assert_eq!(d.commit(&commit_of(&ids[0], generation - 1, 6)), Err(GroupError::IllegalGeneration));
    assert_eq!(d.committed(), Some(5));
}

#[test]
fn members_commit_while_the_others_join() {
    let mut d = Driver::new();
    let (ids, generation) = d.stable_group(2);
    d.join(dynamic(&ids[0]));
    assert_eq!(d.state(), Some(GroupState::PreparingRebalance));
    assert_eq!(d.commit(&commit_of(&ids[1], generation, 5)), Ok(vec![Ok(())]));
}

#[test]
fn commits_wait_for_the_assignment() {
    let mut d = Driver::new();
    let (ids, generation) = d.form_group(1);
    assert_eq!(d.commit(&commit_of(&ids[0], generation, 5)), Err(GroupError::RebalanceInProgress));
}

#[test]
fn a_commit_keeps_the_session() {
    let mut d = Driver::new();
    let (ids, generation) = d.stable_group(1);
    for _ in 0..4 {
        d.advance(6_000);
        assert_eq!(d.commit(&commit_of(&ids[0], generation, 5)), Ok(vec![Ok(())]));
    }
}

#[test]
fn overlong_metadata_fails_its_partition_only() {
    let mut d = Driver::new();
    let mut request = commit_of("", -1, 5);
    let mut other = request.offsets[0].clone();
    request.offsets[0].metadata = "x".repeat(4_097);
    other.partition = 1;
    other.metadata = "x".repeat(4_096);
    request.offsets.push(other);
    assert_eq!(d.commit(&request), Ok(vec![Err(GroupError::OffsetMetadataTooLarge), Ok(())]));
    assert_eq!(d.committed(), None);
    assert_eq!(d.shard.committed("g", "t", 1).unwrap().metadata.len(), 4_096);
}

#[test]
fn offsets_of_a_simple_group_expire_by_commit_time_and_the_group_with_them() {
    let mut d = Driver::new();
    d.commit(&commit_of("", -1, 5)).unwrap().remove(0).unwrap();
    d.advance(7 * DAY_MS - 1);
    assert_eq!(d.committed(), Some(5));
    d.advance(600_001);
    assert_eq!(d.state(), None);
    assert!(d.reloaded().list().is_empty());
    assert_eq!(d.shard.next_deadline(), None);
}

#[test]
fn offsets_outlive_the_last_member_by_the_retention_time() {
    let mut d = Driver::new();
    let (ids, generation) = d.stable_group(1);
    d.commit(&commit_of(&ids[0], generation, 5)).unwrap().remove(0).unwrap();
    for _ in 0..1_000 {
        d.advance(9_000);
        assert_eq!(d.heartbeat(&ids[0], generation), Ok(()));
    }
    d.leave(&ids[0], None);
    d.advance(7 * DAY_MS - 1);
    assert_eq!(d.committed(), Some(5));
    d.advance(600_001);
    assert_eq!(d.committed(), None);
}

#[test]
fn a_retention_time_of_its_own_decides_when_an_offset_expires() {
    let mut d = Driver::new();
    d.commit(&CommitRequest { retention_time_ms: 1_000, ..commit_of("", -1, 5) }).unwrap().remove(0).unwrap();
    // The record version with an expire timestamp has no leader epoch.
    assert_eq!(d.shard.committed("g", "t", 0).unwrap().leader_epoch, -1);
    d.advance(600_000);
    assert_eq!(d.committed(), None);
}

#[test]
fn offsets_of_topics_that_the_group_reads_cannot_be_deleted() {
    let mut d = Driver::new();
    let (ids, generation) = d.stable_group(1);
    let mut request = commit_of(&ids[0], generation, 5);
    let other = OffsetToCommit { topic: "old".into(), ..request.offsets[0].clone() };
    request.offsets.push(other);
    assert_eq!(d.commit(&request), Ok(vec![Ok(()), Ok(())]));
    let partitions = [("t".into(), 0), ("old".into(), 0), ("old".into(), 9)];
    let outcome = d.shard.delete_offsets("g", &partitions);
    let results = d.apply(outcome).unwrap();
    assert_eq!(results, [Err(GroupError::GroupSubscribedToTopic), Ok(()), Ok(())]);
    assert_eq!(d.committed(), Some(5));
    assert_eq!(d.shard.committed("g", "old", 0), None);
}

#[test]
fn offsets_of_groups_with_other_protocols_are_deleted_only_when_empty() {
    let mut d = Driver::new();
    let token = d.join(JoinRequest {
        protocol_type: "connect".into(),
        requires_known_member_id: false,
        ..dynamic("")
    });
    d.advance(3_000);
    let member_id = d.joined(token).member_id;
    let partitions = [("t".into(), 0)];
    assert_eq!(d.shard.delete_offsets("g", &partitions).response, Err(GroupError::NonEmptyGroup));
    d.leave(&member_id, None);
    assert_eq!(d.shard.delete_offsets("g", &partitions).response, Ok(vec![Ok(())]));
    assert_eq!(d.shard.delete_offsets("x", &partitions).response, Err(GroupError::GroupIdNotFound));
    assert_eq!(d.shard.delete_offsets("", &partitions).response, Err(GroupError::InvalidGroupId));
}

#[test]
fn a_deleted_topic_takes_its_offsets_along() {
    let mut d = Driver::new();
    let mut request = commit_of("", -1, 5);
    let other = OffsetToCommit { topic: "other".into(), ..request.offsets[0].clone() };
    request.offsets.push(other);
    assert_eq!(d.commit(&request), Ok(vec![Ok(()), Ok(())]));
    let outcome = d.shard.delete_topics(&[deleted("t", 7), deleted("unknown", 7)], i64::MAX);
    d.apply(outcome);
    assert_eq!(d.committed(), None);
    assert!(d.shard.committed("g", "other", 0).is_some());
}

#[test]
fn a_deleted_topic_leaves_the_offsets_of_the_next_one_of_its_name() {
    let mut d = Driver::new();
    let mut request = commit_of("", -1, 5);
    let of = |partition, id| OffsetToCommit {
        partition,
        topic_id: TopicId(Uuid::from_u128(id)),
        ..commit_of("", -1, 5).offsets.remove(0)
    };
    request.offsets = vec![of(0, 1), of(1, 2), of(2, 0)];
    d.commit(&request).unwrap();
    let committed_ms = d.shard.committed("g", "t", 2).unwrap().commit_timestamp_ms;
    let outcome = d.shard.delete_topics(&[deleted("t", 1)], committed_ms);
    d.apply(outcome);
    let left = |d: &Driver| d.shard.all_committed("g").map(|(_, partition, _)| partition).collect::<Vec<_>>();
    assert_eq!(left(&d), [1, 2]);
    let outcome = d.shard.delete_topics(&[deleted("t", 1)], committed_ms + 1);
    d.apply(outcome);
    assert_eq!(left(&d), [1]);
}

#[test]
fn of_several_offsets_for_one_partition_the_last_is_written() {
    let mut d = Driver::new();
    let mut request = commit_of("", -1, 5);
    request.offsets.push(OffsetToCommit { offset: 9, ..request.offsets[0].clone() });
    let outcome = d.shard.commit(d.now(), &request);
    assert_eq!(outcome.records.len(), 1);
    assert_eq!(d.apply(outcome), Ok(vec![Ok(()), Ok(())]));
    assert_eq!(d.committed(), Some(9));
    let twice = [("t".into(), 0), ("t".into(), 0)];
    let outcome = d.shard.delete_offsets("g", &twice);
    assert_eq!(outcome.records.len(), 1);
    assert_eq!(d.apply(outcome), Ok(vec![Ok(()), Ok(())]));
}

#[test]
fn of_several_offsets_for_one_partition_the_last_that_fits_is_written() {
    let mut d = Driver::new();
    let mut request = commit_of("", -1, 5);
    let too_long = "x".repeat(4_097);
    request.offsets.push(OffsetToCommit { offset: 9, metadata: too_long, ..request.offsets[0].clone() });
    assert_eq!(d.commit(&request), Ok(vec![Ok(()), Err(GroupError::OffsetMetadataTooLarge)]));
    assert_eq!(d.committed(), Some(5));
}

#[test]
fn a_commit_of_too_many_bytes_is_refused() {
    let mut d = Driver::new();
    let mut request = commit_of("", -1, 5);
    request.group_id = "g".repeat(32_000);
    let template = request.offsets.remove(0);
    let of = |partition| OffsetToCommit { partition, ..template.clone() };
    request.offsets = (0..1000).map(|partition| of(partition % 10)).collect();
    assert_eq!(d.commit(&request).map(|results| results.len()), Ok(1000));
    request.offsets = (0..1000).map(of).collect();
    assert_eq!(d.commit(&request), Err(GroupError::CommitTooLarge));
}

fn deleted(name: &str, id: u128) -> DeletedTopic {
    DeletedTopic { name: name.to_owned(), id: TopicId(Uuid::from_u128(id)) }
}
