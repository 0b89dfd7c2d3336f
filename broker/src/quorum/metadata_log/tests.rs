use broker_log::io::memory_disk::{ManualClock, MemoryDisk, OperationKind};
use broker_log::io::{Disk, local_disk::LocalDisk};
use broker_state::metadata::record::{Config, RecordKind, RemoveTopic, Topic};
use broker_state::metadata::{ConfigResource, MetadataError};

use super::*;
use crate::env::{Blocking, SystemRandom};

fn env(disk: Arc<dyn Disk>) -> Env {
    Env {
        disk,
        clock: Arc::new(ManualClock::new(0)),
        random: Arc::new(SystemRandom),
        blocking: Blocking::Inline,
    }
}

fn config(dir: impl Into<PathBuf>) -> QuorumConfig {
    let node = RaftNode {
        broker_id: BrokerId(1),
        directory_id: Uuid::from_u128(77),
        host: "localhost".into(),
        port: 0,
    };
    QuorumConfig { dir: dir.into(), node, snapshot_entries: None }
}

fn memory_disk() -> MemoryDisk {
    let disk = MemoryDisk::new(5);
    disk.create_dir_all("/data".as_ref()).unwrap();
    disk.sync_dir("/".as_ref()).unwrap();
    disk
}

async fn start(disk: &MemoryDisk) -> MetadataLog {
    MetadataLog::start(&env(Arc::new(disk.clone())), &config("/data/metadata")).await.unwrap()
}

fn set(key: &str, value: &str) -> MetadataBatch {
    let record =
        Config { resource_type: 2, resource_name: "a".into(), key: key.into(), value: Some(value.into()) };
    MetadataBatch { records: vec![RecordKind::Config(record).into()] }
}

fn value(log: &MetadataLog, key: &str) -> Option<String> {
    log.image().config(&ConfigResource::topic("a"))?.get(key).cloned()
}

#[tokio::test]
async fn proposals_are_in_the_image_when_they_return() {
    let log = start(&memory_disk()).await;
    assert!(log.is_leader());
    let first = log.propose(set("k", "1")).await.unwrap();
    let second = log.propose(set("l", "2")).await.unwrap();
    assert_eq!(second, first.plus(1));
    assert_eq!(log.image().position.offset, second);
    assert_eq!((value(&log, "k"), value(&log, "l")), (Some("1".into()), Some("2".into())));
    log.ensure_linearizable().await.unwrap();
}

#[tokio::test]
async fn image_survives_restarts_by_kill_and_by_power_loss() {
    let disk = memory_disk();
    for round in 0..6 {
        let log = start(&disk).await;
        assert!(log.is_leader());
        for earlier in 0..round {
            assert_eq!(value(&log, &format!("k{earlier}")), Some("v".into()), "round {round}");
        }
        log.propose(set(&format!("k{round}"), "v")).await.unwrap();
        log.shutdown().await;
        if round % 2 == 0 { disk.kill() } else { disk.power_loss(round) }
    }
}

#[tokio::test]
async fn full_disk_refuses_proposals_until_it_has_room() {
    let disk = memory_disk();
    let log = start(&disk).await;
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used);
    for _ in 0..3 {
        let refused = log.propose(set("k", "1")).await;
        assert!(matches!(refused, Err(ProposeError::NoRoom(_))), "{refused:?}");
    }
    assert_eq!((value(&log, "k"), log.failure()), (None, None));
    disk.with_faults(|faults| faults.capacity = u64::MAX / 2);
    log.propose(set("k", "2")).await.unwrap();
    // What was taken ahead is there for those who make room.
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used);
    log.propose(set("k", "3")).await.unwrap();
    assert_eq!(value(&log, "k"), Some("3".into()));
    log.shutdown().await;
    assert_eq!(value(&start(&disk).await, "k"), Some("3".into()));
}

#[tokio::test]
async fn restart_goes_on_from_a_snapshot() {
    let disk = memory_disk();
    let few = QuorumConfig { snapshot_entries: Some(10), ..config("/data/metadata") };
    let snapshots = || {
        let entries = disk.list("/data/metadata".as_ref()).unwrap();
        entries.iter().filter(|entry| entry.name.starts_with("snapshot-")).count()
    };
    for round in 0..3 {
        let log = MetadataLog::start(&env(Arc::new(disk.clone())), &few).await.unwrap();
        for number in 0..25 {
            log.propose(set(&format!("k{number}"), &format!("{round}"))).await.unwrap();
        }
        assert_eq!(log.image().config(&ConfigResource::topic("a")).unwrap().len(), 25);
        log.shutdown().await;
        disk.power_loss(round);
    }
    // Two, and maybe one whose removal the power loss undid.
    assert!((2..=3).contains(&snapshots()), "{}", snapshots());
    let log = MetadataLog::start(&env(Arc::new(disk.clone())), &few).await.unwrap();
    assert_eq!(value(&log, "k24"), Some("2".into()));
}

#[tokio::test]
async fn removals_are_told_also_from_before_the_snapshots() {
    let disk = memory_disk();
    let few = QuorumConfig { snapshot_entries: Some(5), ..config("/data/metadata") };
    let log = MetadataLog::start(&env(Arc::new(disk.clone())), &few).await.unwrap();
    let ids = [1, 2].map(|id| TopicId(Uuid::from_u128(id)));
    for (id, name) in ids.into_iter().zip(["a", "b"]) {
        let topic = Topic { topic_id: id.into(), name: name.to_owned(), changed_at: None };
        log.propose(MetadataBatch { records: vec![RecordKind::Topic(topic).into()] }).await.unwrap();
    }
    let remove = RecordKind::RemoveTopic(RemoveTopic { topic_id: ids[0].into() });
    log.propose(MetadataBatch { records: vec![remove.into()] }).await.unwrap();
    for number in 0..25 {
        log.propose(set(&format!("k{number}"), "v")).await.unwrap();
    }
    log.shutdown().await;
    let log = MetadataLog::start(&env(Arc::new(disk.clone())), &few).await.unwrap();
    assert_eq!(log.removed_topics().await.unwrap(), BTreeSet::from([ids[0]]));
    assert!(log.newest_file().ends_with("metadata/log-0000000000"), "{}", log.newest_file().display());
}

#[tokio::test]
async fn records_that_contradict_the_image_are_not_written() {
    let disk = memory_disk();
    let log = start(&disk).await;
    let before = log.image().position;
    let remove = RemoveTopic { topic_id: Default::default() };
    let batch = MetadataBatch { records: vec![RecordKind::RemoveTopic(remove).into()] };
    assert!(matches!(log.propose(batch).await, Err(ProposeError::Contradiction(_))));
    assert_eq!(log.image().position, before);
    log.propose(set("k", "1")).await.unwrap();
}

#[tokio::test]
async fn handlers_decide_one_after_the_other() {
    let log = start(&memory_disk()).await;
    let append = |number: usize| {
        let log = log.clone();
        async move {
            log.submit(|image: &MetadataImage| {
                let present = image.config(&ConfigResource::topic("a")).and_then(|map| map.get("k").cloned());
                let records = set("k", &format!("{}{number}", present.unwrap_or_default())).records;
                Ok::<_, MetadataError>(Outcome { records, response: number })
            })
            .await
        }
    };
    let all = (0..8).map(|number| tokio::spawn(append(number))).collect::<Vec<_>>();
    for (number, task) in all.into_iter().enumerate() {
        assert_eq!(task.await.unwrap().unwrap().0, number);
    }
    assert_eq!(value(&log, "k").unwrap().len(), 8);
}

#[tokio::test]
async fn caller_that_goes_away_does_not_free_its_turn_early() {
    let log = start(&memory_disk()).await;
    let gone = tokio::time::timeout(std::time::Duration::ZERO, log.propose(set("k", "1"))).await;
    log.submit(|image| {
        let seen = image.config(&ConfigResource::topic("a")).is_some();
        assert!(seen || gone.is_err());
        Ok::<_, MetadataError>(Outcome::unchanged(()))
    })
    .await
    .unwrap();
    assert!(value(&log, "k").is_none() || value(&log, "k") == Some("1".into()));
}

#[tokio::test]
async fn refusal_and_empty_outcome_write_nothing() {
    let log = start(&memory_disk()).await;
    let before = log.image().position;
    let refusal = MetadataError::InvalidRequest { reason: "no".into() };
    let refused = log.submit(|_| Err::<Outcome<MetadataRecord, ()>, _>(refusal.clone())).await;
    assert_eq!(refused, Err(SubmitError::Refused(refusal)));
    let empty = log.submit(|_| Ok::<_, MetadataError>(Outcome::unchanged(3))).await;
    assert_eq!(empty, Ok((3, before.offset)));
    assert_eq!(log.image().position, before);
}

/// fault = 33, 34
#[tokio::test]
async fn failed_sync_takes_the_log_out_of_service() {
    let disk = memory_disk();
    let log = start(&disk).await;
    disk.with_faults(|faults| faults.fail(OperationKind::Sync, "log-", 0));
    assert!(matches!(log.propose(set("k", "1")).await, Err(ProposeError::OutOfService(_))));
    assert!(!log.out_of_service().await.is_empty());
    disk.with_faults(|faults| faults.clear());
    assert!(matches!(log.propose(set("k", "1")).await, Err(ProposeError::OutOfService(_))));
    disk.power_loss(1);
    start(&disk).await.propose(set("l", "2")).await.unwrap();
}

#[tokio::test]
async fn other_log_directory_is_refused() {
    let disk = memory_disk();
    start(&disk).await.shutdown().await;
    let mut other = config("/data/metadata");
    other.node.directory_id = Uuid::from_u128(78);
    let refusal = MetadataLog::start(&env(Arc::new(disk)), &other).await.unwrap_err();
    assert!(matches!(refusal, QuorumError::Foreign { .. }), "{refusal}");
}

#[tokio::test]
async fn description_tells_the_sole_voter() {
    let log = start(&memory_disk()).await;
    let end = log.propose(set("k", "1")).await.unwrap().0 + 1;
    let mut metrics = log.shared.raft.metrics();
    metrics
        .wait_for(|metrics| metrics.last_applied.map(|id| id.index) == Some(end as u64 - 1))
        .await
        .unwrap();
    let description = log.describe(5);
    assert_eq!((description.leader, description.high_watermark), (BrokerId(1), end));
    assert_eq!(description.leader_epoch, 1);
    assert!(description.observers.is_empty());
    let voter = ReplicaDescription {
        broker_id: BrokerId(1),
        directory_id: Uuid::from_u128(77),
        log_end_offset: end,
        last_caught_up_ms: 5,
    };
    assert_eq!(description.voters, [voter]);
}

#[tokio::test]
async fn starts_on_a_local_disk_and_again() {
    let dir = tempfile::tempdir().unwrap();
    let env = Env { blocking: Blocking::Threads, ..env(Arc::new(LocalDisk)) };
    for round in 0..2 {
        let log = MetadataLog::start(&env, &config(dir.path().join("metadata"))).await.unwrap();
        assert_eq!(value(&log, "k").is_some(), round == 1);
        log.propose(set("k", "1")).await.unwrap();
        log.shutdown().await;
    }
}

/// Proposes `k<round>-0` to `k<round>-9`; returns how many were acknowledged.
async fn propose_ten(disk: &MemoryDisk, config: &QuorumConfig, round: u64) -> usize {
    let Ok(log) = MetadataLog::start(&env(Arc::new(disk.clone())), config).await else { return 0 };
    let mut acknowledged = 0;
    for number in 0..10 {
        if log.propose(set(&format!("k{round}-{number}"), "v")).await.is_err() {
            break;
        }
        acknowledged += 1;
    }
    log.shutdown().await;
    acknowledged
}

/// fault = 36, 40
#[tokio::test]
async fn power_loss_at_any_operation_keeps_what_was_acknowledged() {
    // Few entries to a snapshot, so that the cuts hit snapshots, purges and removals too.
    let config = QuorumConfig { snapshot_entries: Some(7), ..config("/data/metadata") };
    for operations in 0..160 {
        let disk = memory_disk();
        let mut acknowledged = Vec::new();
        for round in 0..3 {
            disk.with_faults(|faults| faults.cut_power_after(operations));
            acknowledged.push(propose_ten(&disk, &config, round).await);
            disk.power_loss(operations + round);
        }
        let log = MetadataLog::start(&env(Arc::new(disk)), &config).await;
        let log = log.unwrap_or_else(|error| panic!("cut after {operations}: {error}"));
        for (round, count) in acknowledged.into_iter().enumerate() {
            for number in 0..count {
                assert!(
                    value(&log, &format!("k{round}-{number}")).is_some(),
                    "cut after {operations}: {round}-{number}"
                );
            }
        }
        log.shutdown().await;
    }
}

#[tokio::test]
async fn rotten_snapshot_costs_nothing() {
    let disk = memory_disk();
    let few = QuorumConfig { snapshot_entries: Some(10), ..config("/data/metadata") };
    for round in 0..4 {
        assert_eq!(propose_ten(&disk, &few, round).await, 10);
    }
    let snapshots = || {
        let entries = disk.list("/data/metadata".as_ref()).unwrap();
        let names = entries.into_iter().map(|entry| entry.name);
        names.filter(|name| name.starts_with("snapshot-")).collect::<Vec<_>>()
    };
    let newest = format!("/data/metadata/{}", snapshots().last().unwrap());
    disk.flip_bit(newest.as_ref(), 30, 1).unwrap();
    let log = MetadataLog::start(&env(Arc::new(disk.clone())), &few).await.unwrap();
    assert_eq!(log.image().config(&ConfigResource::topic("a")).unwrap().len(), 40);
    log.shutdown().await;
    assert!(snapshots().iter().any(|name| name.ends_with(".corrupt")), "{:?}", snapshots());
}
