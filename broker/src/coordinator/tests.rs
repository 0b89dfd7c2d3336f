//! Groups over a log whose durability the test decides, on tokio's paused clock.

mod fake;

use std::sync::Arc;
use std::time::Duration;

use broker_protocol::types::{Offset, TopicId, Uuid};
use broker_state::group::{GroupError, GroupState, HeartbeatRequest, OffsetToCommit, Protocol};
use tokio::time::timeout;

use self::fake::FakeTopic;
use super::*;

const SOON: Duration = Duration::from_millis(1);

fn coordinator(topic: &Arc<FakeTopic>) -> Arc<GroupCoordinator> {
    let coordinator = Arc::new(GroupCoordinator::over(
        fake::env(),
        GroupConfig::default(),
        Duration::from_secs(5),
        Arc::clone(topic) as _,
    ));
    coordinator.run(Arc::downgrade(&coordinator));
    coordinator
}

fn commit_of(offset: i64) -> CommitRequest {
    CommitRequest {
        group_id: "g".into(),
        generation_id: -1,
        member_id: String::new(),
        instance_id: None,
        retention_time_ms: -1,
        knows_group_id_not_found: true,
        offsets: vec![OffsetToCommit {
            topic: "t".into(),
            topic_id: TopicId::ZERO,
            partition: 0,
            offset,
            leader_epoch: -1,
            metadata: String::new(),
        }],
    }
}

fn join_of(member_id: &str) -> JoinRequest {
    JoinRequest {
        group_id: "g".into(),
        member_id: member_id.into(),
        instance_id: None,
        client_id: "c".into(),
        client_host: "/127.0.0.1".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
        protocol_type: "consumer".into(),
        protocols: vec![Protocol { name: "range".into(), metadata: Vec::new() }],
        requires_known_member_id: false,
        supports_skip_assignment: true,
        member_uuid: Uuid::from_u128(1),
    }
}

async fn fetch(coordinator: &GroupCoordinator) -> Result<Option<i64>, CoordinatorError> {
    coordinator.read("g", |groups| groups.committed("g", "t", 0).map(|committed| committed.offset)).await
}

#[tokio::test(start_paused = true)]
async fn a_commit_is_answered_only_when_it_is_durable() {
    let topic = FakeTopic::with_partitions(1);
    topic.hold_flushes();
    let coordinator = coordinator(&topic);
    let commit = commit_of(5);
    let mut committing = Box::pin(coordinator.commit(&commit));
    assert!(timeout(SOON, &mut committing).await.is_err());
    topic.flush();
    assert_eq!(committing.await, Ok(vec![Ok(())]));
}

#[tokio::test(start_paused = true)]
async fn a_fetch_does_not_tell_what_a_crash_could_undo() {
    let topic = FakeTopic::with_partitions(1);
    let coordinator = coordinator(&topic);
    coordinator.commit(&commit_of(5)).await.unwrap().remove(0).unwrap();
    topic.hold_flushes();
    let commit = commit_of(6);
    assert!(timeout(SOON, coordinator.commit(&commit)).await.is_err());
    assert!(timeout(SOON, fetch(&coordinator)).await.is_err());
    topic.flush();
    assert_eq!(fetch(&coordinator).await, Ok(Some(6)));
}

#[tokio::test(start_paused = true)]
async fn records_that_do_not_become_durable_in_time_are_not_available() {
    let topic = FakeTopic::with_partitions(1);
    topic.hold_flushes();
    let coordinator = coordinator(&topic);
    assert_eq!(coordinator.commit(&commit_of(5)).await, Err(CoordinatorError::NotAvailable));
}

#[tokio::test(start_paused = true)]
async fn groups_are_loaded_from_the_log() {
    let topic = FakeTopic::with_partitions(3);
    coordinator(&topic).commit(&commit_of(5)).await.unwrap().remove(0).unwrap();
    let second = coordinator(&topic);
    assert_eq!(fetch(&second).await, Err(CoordinatorError::LoadInProgress));
    tokio::time::sleep(SOON).await;
    assert_eq!(fetch(&second).await, Ok(Some(5)));
    assert_eq!(second.metrics()[0].offsets[0].offset, Offset(5));
}

#[tokio::test(start_paused = true)]
async fn without_the_topic_nobody_coordinates_but_there_are_no_groups_either() {
    let topic = FakeTopic::with_partitions(0);
    let coordinator = coordinator(&topic);
    assert_eq!(coordinator.commit(&commit_of(5)).await, Err(CoordinatorError::NotCoordinator));
    assert_eq!(coordinator.list().await, Ok(Vec::new()));
    topic.make(1);
    assert_eq!(coordinator.commit(&commit_of(5)).await, Ok(vec![Ok(())]));
    assert_eq!(coordinator.list().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_clock_completes_a_rebalance_and_ends_sessions() {
    let topic = FakeTopic::with_partitions(2);
    let coordinator = coordinator(&topic);
    let began = tokio::time::Instant::now();
    let response = coordinator.join(join_of("")).await.unwrap();
    assert_eq!((response.error, response.generation_id), (None, 1));
    assert_eq!(began.elapsed().as_secs(), 3);
    let request = SyncRequest {
        group_id: "g".into(),
        generation_id: 1,
        member_id: response.member_id.clone(),
        instance_id: None,
        protocol_type: None,
        protocol_name: None,
        assignments: vec![(response.member_id.clone(), b"all".to_vec())],
    };
    assert_eq!(coordinator.sync(request).await.unwrap().assignment, b"all");
    let heartbeat = HeartbeatRequest {
        group_id: "g".into(),
        generation_id: 1,
        member_id: response.member_id,
        instance_id: None,
    };
    assert_eq!(coordinator.heartbeat(&heartbeat), Ok(()));
    assert_eq!(coordinator.list().await.unwrap()[0].state, GroupState::Stable);
    tokio::time::sleep(Duration::from_millis(10_100)).await;
    let unknown = CoordinatorError::Group(GroupError::UnknownMemberId);
    assert_eq!(coordinator.heartbeat(&heartbeat), Err(unknown));
    assert_eq!(coordinator.list().await.unwrap()[0].state, GroupState::Empty);
}

#[tokio::test(start_paused = true)]
async fn a_failed_append_sends_everybody_away_and_the_log_decides() {
    let topic = FakeTopic::with_partitions(1);
    let coordinator = coordinator(&topic);
    coordinator.commit(&commit_of(5)).await.unwrap().remove(0).unwrap();
    let waiting = tokio::spawn({
        let coordinator = Arc::clone(&coordinator);
        async move { coordinator.join(join_of("")).await }
    });
    tokio::time::sleep(SOON).await;
    topic.fail_next_append();
    let second = CommitRequest { group_id: "h".into(), ..commit_of(6) };
    assert_eq!(coordinator.commit(&second).await, Err(CoordinatorError::NotCoordinator));
    assert_eq!(waiting.await.unwrap(), Err(CoordinatorError::NotCoordinator));
    assert_eq!(fetch(&coordinator).await, Err(CoordinatorError::LoadInProgress));
    tokio::time::sleep(SOON).await;
    assert_eq!(fetch(&coordinator).await, Ok(Some(5)));
    assert_eq!(coordinator.list().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_refuses_what_would_be_written_and_keeps_what_is_loaded() {
    let topic = FakeTopic::with_partitions(1);
    let coordinator = coordinator(&topic);
    coordinator.commit(&commit_of(5)).await.unwrap().remove(0).unwrap();
    topic.set_full(true);
    assert_eq!(coordinator.commit(&commit_of(6)).await, Err(CoordinatorError::NotCoordinator));
    assert_eq!(coordinator.join(join_of("")).await, Err(CoordinatorError::NotCoordinator));
    assert_eq!(fetch(&coordinator).await, Ok(Some(5)));
    topic.set_full(false);
    coordinator.commit(&commit_of(7)).await.unwrap().remove(0).unwrap();
    assert_eq!(fetch(&coordinator).await, Ok(Some(7)));
}

#[tokio::test(start_paused = true)]
async fn a_damaged_log_is_not_served() {
    let topic = FakeTopic::with_partitions(1);
    coordinator(&topic).commit(&commit_of(5)).await.unwrap().remove(0).unwrap();
    topic.flip_a_bit();
    let second = coordinator(&topic);
    tokio::time::sleep(SOON).await;
    assert_eq!(fetch(&second).await, Err(CoordinatorError::NotCoordinator));
}

#[tokio::test(start_paused = true)]
async fn stopping_sends_away_who_waits() {
    let topic = FakeTopic::with_partitions(1);
    let coordinator = coordinator(&topic);
    let waiting = tokio::spawn({
        let coordinator = Arc::clone(&coordinator);
        async move { coordinator.join(join_of("")).await }
    });
    tokio::time::sleep(SOON).await;
    coordinator.stop();
    assert_eq!(waiting.await.unwrap(), Err(CoordinatorError::NotCoordinator));
}

#[tokio::test(start_paused = true)]
async fn draining_sends_away_who_waits_but_still_commits() {
    let topic = FakeTopic::with_partitions(1);
    let coordinator = coordinator(&topic);
    let waiting = tokio::spawn({
        let coordinator = Arc::clone(&coordinator);
        async move { coordinator.join(join_of("")).await }
    });
    tokio::time::sleep(SOON).await;
    coordinator.drain();
    assert_eq!(waiting.await.unwrap(), Err(CoordinatorError::NotCoordinator));
    assert_eq!(coordinator.join(join_of("")).await, Err(CoordinatorError::NotCoordinator));
    let other = CommitRequest { group_id: "h".into(), ..commit_of(5) };
    assert_eq!(coordinator.commit(&other).await, Ok(vec![Ok(())]));
}

#[tokio::test(start_paused = true)]
async fn many_offsets_go_into_several_batches() {
    let topic = FakeTopic::with_partitions(1);
    let coordinator = coordinator(&topic);
    let mut request = commit_of(5);
    let template = OffsetToCommit { metadata: "x".repeat(4_000), ..request.offsets[0].clone() };
    request.offsets = (0..300).map(|partition| OffsetToCommit { partition, ..template.clone() }).collect();
    assert_eq!(coordinator.commit(&request).await.unwrap().len(), 300);
    assert!(topic.largest_batch() <= 512 * 1024);
    let second = super::tests::coordinator(&topic);
    tokio::time::sleep(SOON).await;
    let count = second.read("g", |groups| groups.all_committed("g").count()).await;
    assert_eq!(count, Ok(300));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_topic_takes_its_offsets_along() {
    let topic = FakeTopic::with_partitions(1);
    let coordinator = coordinator(&topic);
    coordinator.commit(&commit_of(5)).await.unwrap().remove(0).unwrap();
    coordinator.topics_deleted(&[deleted("t")], i64::MAX).await;
    assert_eq!(fetch(&coordinator).await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn groups_begin_anew_after_their_topic_was_deleted() {
    let topic = FakeTopic::with_partitions(1);
    let coordinator = coordinator(&topic);
    coordinator.commit(&commit_of(5)).await.unwrap().remove(0).unwrap();
    let waiting = tokio::spawn({
        let coordinator = Arc::clone(&coordinator);
        async move { coordinator.join(JoinRequest { group_id: "other".into(), ..join_of("") }).await }
    });
    tokio::time::sleep(SOON).await;
    topic.delete();
    coordinator.topics_deleted(&[deleted(CONSUMER_OFFSETS)], i64::MAX).await;
    assert_eq!(waiting.await.unwrap(), Err(CoordinatorError::NotCoordinator));
    assert_eq!(fetch(&coordinator).await, Err(CoordinatorError::NotCoordinator));
    topic.make(1);
    assert_eq!(fetch(&coordinator).await, Ok(None));
    assert_eq!(coordinator.commit(&commit_of(6)).await, Ok(vec![Ok(())]));
}

#[tokio::test(start_paused = true)]
async fn groups_begin_anew_also_if_nobody_tells_that_their_topic_was_deleted() {
    let topic = FakeTopic::with_partitions(1);
    let coordinator = coordinator(&topic);
    coordinator.commit(&commit_of(5)).await.unwrap().remove(0).unwrap();
    topic.delete();
    assert_eq!(fetch(&coordinator).await, Err(CoordinatorError::NotCoordinator));
    topic.make(1);
    assert_eq!(fetch(&coordinator).await, Ok(None));
    assert_eq!(coordinator.commit(&commit_of(6)).await, Ok(vec![Ok(())]));
}

fn deleted(name: &str) -> DeletedTopic {
    DeletedTopic { name: name.to_owned(), id: TopicId::ZERO }
}
