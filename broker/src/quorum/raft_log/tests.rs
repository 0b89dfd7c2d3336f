use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use broker_log::io::memory_disk::{ManualClock, MemoryDisk, OperationKind};
use broker_protocol::types::Uuid;
use broker_state::metadata::MetadataImage;
use openraft::entry::RaftEntry;
use openraft::storage::RaftLogStorageExt;
use openraft::testing::{StoreBuilder, Suite};
use openraft::{CommittedLeaderId, Membership};

use super::*;
use crate::env::{Blocking, Env, Random};
use crate::quorum::raft_state_machine::ImageMachine;
use crate::quorum::{EncodedBatch, SnapshotMeta, StoredMembership};

#[derive(Debug)]
struct NoRandom;

impl Random for NoRandom {
    fn uuid(&self) -> Uuid {
        Uuid::nil()
    }
}

fn env(disk: &MemoryDisk) -> Env {
    Env {
        disk: Arc::new(disk.clone()),
        clock: Arc::new(ManualClock::new(0)),
        random: Arc::new(NoRandom),
        blocking: Blocking::Inline,
    }
}

fn dir() -> PathBuf {
    PathBuf::from("/data/metadata")
}

fn disk() -> MemoryDisk {
    let disk = MemoryDisk::new(1);
    disk.create_dir_all(&dir()).unwrap();
    for path in ["/", "/data"] {
        disk.sync_dir(Path::new(path)).unwrap();
    }
    disk
}

fn try_open(disk: &MemoryDisk) -> Result<RaftLog, String> {
    let env = env(disk);
    let (snapshots, loaded) =
        SnapshotFiles::open(env.disk.clone(), &dir()).map_err(|error| error.to_string())?;
    let applied = loaded.and_then(|(meta, _)| meta.last_log_id);
    RaftLog::open(&env, &dir(), snapshots, applied).map_err(|error| error.to_string())
}

fn open(disk: &MemoryDisk) -> RaftLog {
    try_open(disk).unwrap()
}

fn id(term: u64, index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(term, 7), index)
}

/// An entry whose payload is as long as wanted.
fn entry(index: u64, len: usize) -> Entry {
    let payload = EncodedBatch(vec![index as u8 + 1; len].into());
    Entry { log_id: id(1, index), payload: openraft::EntryPayload::Normal(payload) }
}

async fn append(log: &mut RaftLog, entries: impl IntoIterator<Item = Entry>) -> Result<(), StorageError> {
    log.blocking_append(entries.into_iter().collect::<Vec<_>>()).await
}

async fn indexes(log: &mut RaftLog) -> Vec<u64> {
    log.try_get_log_entries(..).await.unwrap().iter().map(|entry| entry.log_id.index).collect()
}

fn save_snapshot(disk: &MemoryDisk, files: &SnapshotFiles, index: u64) {
    let meta = SnapshotMeta { last_log_id: Some(id(1, index)), ..SnapshotMeta::default() };
    let image = MetadataImage::default().at(crate::quorum::raft_state_machine::position_of(id(1, index)));
    files.save(&meta, broker_state::metadata::snapshot::encode(&image).into()).unwrap();
    assert!(disk.exists(&dir().join(format!("snapshot-{index:020}"))).unwrap());
}

struct Builder;

impl StoreBuilder<TypeConfig, RaftLog, ImageMachine> for Builder {
    async fn build(&self) -> Result<((), RaftLog, ImageMachine), StorageError> {
        let disk = disk();
        let (files, loaded) = SnapshotFiles::open(Arc::new(disk.clone()), &dir()).unwrap();
        let log = RaftLog::open(&env(&disk), &dir(), files.clone(), None).unwrap();
        Ok(((), log, ImageMachine::new(env(&disk), files, loaded)))
    }
}

#[test]
fn store_passes_the_storage_suite_of_openraft() {
    Suite::test_all(Builder).unwrap();
}

#[tokio::test]
async fn everything_acknowledged_survives_power_loss() {
    for seed in 0..20 {
        let disk = disk();
        let mut log = open(&disk);
        log.save_vote(&Vote::new(1, 7)).await.unwrap();
        append(&mut log, (0..5).map(|index| entry(index, 900))).await.unwrap();
        log.truncate(id(1, 4)).await.unwrap();
        log.save_vote(&Vote::new_committed(2, 7)).await.unwrap();
        append(&mut log, [entry(4, 10), entry(5, 10)]).await.unwrap();
        disk.power_loss(seed);
        let mut log = open(&disk);
        assert_eq!(log.read_vote().await.unwrap(), Some(Vote::new_committed(2, 7)));
        assert_eq!(indexes(&mut log).await, [0, 1, 2, 3, 4, 5]);
        assert_eq!(log.try_get_log_entries(4..5).await.unwrap(), [entry(4, 10)]);
    }
}

/// Appends entries, each once `prepare` has succeeded, until the power is cut after so many operations of the disk, and
/// checks what the next start finds. Returns the log as that start has it, and the index of the next entry.
async fn cut_power_after(
    operations: u64,
    entries: u64,
    prepare: impl AsyncFn(&mut RaftLog, u64) -> bool,
) -> (RaftLog, u64) {
    let disk = disk();
    disk.with_faults(|faults| faults.cut_power_after(operations));
    let mut acknowledged = 0;
    if let Ok(mut log) = try_open(&disk) {
        for index in 0..entries {
            if !prepare(&mut log, index).await || append(&mut log, [entry(index, 700)]).await.is_err() {
                break;
            }
            acknowledged = index + 1;
        }
    }
    disk.power_loss(operations);
    let mut log = open(&disk);
    let found = indexes(&mut log).await;
    let next = found.len() as u64;
    assert!(found.iter().copied().eq(0..next), "{operations}: {found:?}");
    assert!(next >= acknowledged, "{operations}: {found:?} of {acknowledged}");
    (log, next)
}

/// fault = 36, 40
#[tokio::test]
async fn power_loss_at_any_operation_loses_nothing_acknowledged() {
    for operations in 0..60 {
        let voted = Cell::new(0);
        let vote = async |log: &mut RaftLog, index: u64| {
            let saved = log.save_vote(&Vote::new(index + 1, 7)).await.is_ok();
            voted.set(if saved { index + 1 } else { voted.get() });
            saved
        };
        let (mut log, next) = cut_power_after(operations, 8, vote).await;
        let found = log.read_vote().await.unwrap().map_or(0, |vote| vote.leader_id().term);
        assert!(found >= voted.get(), "{operations}: vote {found} of {}", voted.get());
        append(&mut log, [entry(next, 5)]).await.unwrap();
    }
}

/// fault = 36
#[tokio::test]
async fn unsynced_tail_is_cut_and_the_log_goes_on() {
    let disk = disk();
    let mut log = open(&disk);
    append(&mut log, [entry(0, 100)]).await.unwrap();
    let path = segment_path(&dir(), 0);
    let whole = disk.file_len(&path).unwrap();
    append(&mut log, [entry(1, 2000)]).await.unwrap();
    disk.open(&path, OpenMode::WRITE).unwrap().set_len(whole + 1500).unwrap();
    let mut log = open(&disk);
    assert_eq!(disk.file_len(&path).unwrap(), whole);
    append(&mut log, [entry(1, 10)]).await.unwrap();
    assert_eq!(indexes(&mut open(&disk)).await, [0, 1]);
}

#[tokio::test]
async fn tail_that_a_start_keeps_is_durable_from_then_on() {
    for seed in 0..10 {
        let disk = disk();
        let mut log = open(&disk);
        append(&mut log, [entry(0, 40)]).await.unwrap();
        // Killed between the write and its sync: the entry is in memory only.
        let path = segment_path(&dir(), 0);
        let end = disk.file_len(&path).unwrap();
        let record = LogRecord { kind: Some(RecordKind::Entry(entry(1, 2000).into())) };
        let mut bytes = Vec::new();
        raft_frame::push(&mut bytes, end, &record.encode_to_vec());
        disk.open(&path, OpenMode::WRITE).unwrap().write_at(&bytes, end).unwrap();
        disk.kill();
        assert_eq!(indexes(&mut open(&disk)).await, [0, 1]);
        disk.power_loss(seed);
        assert_eq!(indexes(&mut open(&disk)).await, [0, 1]);
    }
}

#[tokio::test]
async fn any_flipped_bit_refuses_the_start_and_names_the_file() {
    let disk = disk();
    let mut log = open(&disk);
    append(&mut log, [entry(0, 40)]).await.unwrap();
    append(&mut log, [entry(1, 40)]).await.unwrap();
    let path = segment_path(&dir(), 0);
    for position in 0..disk.file_len(&path).unwrap() {
        let bit = (position % 8) as u8;
        disk.flip_bit(&path, position, bit).unwrap();
        let refusal = try_open(&disk).err().unwrap_or_else(|| panic!("flip at {position} went unseen"));
        assert!(refusal.contains("log-0000000000 is corrupt"), "{refusal}");
        disk.flip_bit(&path, position, bit).unwrap();
    }
    assert_eq!(indexes(&mut open(&disk)).await, [0, 1]);
}

#[tokio::test]
async fn entry_that_rots_while_the_log_is_open_is_not_served() {
    let disk = disk();
    let mut log = open(&disk);
    append(&mut log, [entry(0, 40)]).await.unwrap();
    let path = segment_path(&dir(), 0);
    disk.flip_bit(&path, disk.file_len(&path).unwrap() - 10, 0).unwrap();
    assert!(log.try_get_log_entries(0..1).await.is_err());
}

/// fault = 33, 34
#[tokio::test]
async fn failed_sync_puts_the_log_out_of_service() {
    let disk = disk();
    let mut log = open(&disk);
    append(&mut log, [entry(0, 40)]).await.unwrap();
    disk.with_faults(|faults| faults.fail(OperationKind::Sync, "log-", 0));
    assert!(append(&mut log, [entry(1, 40)]).await.is_err());
    disk.with_faults(|faults| faults.clear());
    assert!(append(&mut log, [entry(1, 40)]).await.is_err());
    assert!(log.save_vote(&Vote::new(9, 7)).await.is_err());
}

async fn make_room(log: &RaftLog, bytes: u64) -> Result<(), RaftLogError> {
    log.make_room(bytes).await
}

#[tokio::test]
async fn full_disk_refuses_room_and_the_log_goes_on_when_there_is_some() {
    let disk = disk();
    let mut log = open(&disk);
    append(&mut log, [entry(0, 40)]).await.unwrap();
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used + 1_000);
    assert!(matches!(make_room(&log, 2_000).await, Err(RaftLogError::NoRoom { .. })));
    assert_eq!(disk.used_bytes(), used, "a refusal takes nothing");
    disk.with_faults(|faults| faults.capacity = used + (1 << 20));
    make_room(&log, 2_000).await.unwrap();
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used);
    append(&mut log, [entry(1, 2_000)]).await.unwrap();
    make_room(&log, 2_000).await.unwrap();
    append(&mut log, [entry(2, 2_000)]).await.unwrap();
    assert!(matches!(make_room(&log, 1 << 20).await, Err(RaftLogError::NoRoom { .. })));
    log.save_vote(&Vote::new(9, 7)).await.unwrap();
    disk.power_loss(1);
    assert_eq!(indexes(&mut open(&disk)).await, [0, 1, 2]);
}

#[tokio::test]
async fn full_disk_at_the_end_of_a_file_leaves_no_trace_of_the_next() {
    let disk = disk();
    let mut log = open(&disk);
    append(&mut log, [entry(0, SEGMENT_BYTES_MAX as usize)]).await.unwrap();
    let used = disk.used_bytes();
    disk.with_faults(|faults| faults.capacity = used + 10);
    assert!(matches!(make_room(&log, 10).await, Err(RaftLogError::NoRoom { .. })));
    assert!(!disk.exists(&segment_path(&dir(), 1)).unwrap());
    disk.with_faults(|faults| faults.capacity = u64::MAX / 2);
    make_room(&log, 10).await.unwrap();
    append(&mut log, [entry(1, 10)]).await.unwrap();
    assert_eq!(indexes(&mut open(&disk)).await, [0, 1]);
}

#[tokio::test]
async fn any_flipped_bit_before_the_room_refuses_the_start() {
    let disk = disk();
    let mut log = open(&disk);
    append(&mut log, [entry(0, 40)]).await.unwrap();
    let first = disk.file_len(&segment_path(&dir(), 0)).unwrap();
    make_room(&log, 100).await.unwrap();
    append(&mut log, [entry(1, 40)]).await.unwrap();
    drop(log);
    let path = segment_path(&dir(), 0);
    let whole = disk.read(&path).unwrap();
    let end = whole.iter().rposition(|&byte| byte != 0).unwrap() as u64 + 1;
    assert!(end > first && whole.len() as u64 > end, "the file ends in room");
    for position in 0..end {
        disk.flip_bit(&path, position, 3).unwrap();
        let refusal = try_open(&disk).err().unwrap_or_else(|| panic!("flip at {position} went unseen"));
        assert!(refusal.contains("log-0000000000 is corrupt"), "{refusal}");
        disk.flip_bit(&path, position, 3).unwrap();
    }
    assert_eq!(indexes(&mut open(&disk)).await, [0, 1]);
}

/// fault = 36, 40
#[tokio::test]
async fn power_loss_at_any_operation_with_room_taken_ahead_loses_nothing_acknowledged() {
    for operations in 0..80 {
        let take_room = async |log: &mut RaftLog, _| make_room(log, 800).await.is_ok();
        let (mut log, next) = cut_power_after(operations, 12, take_room).await;
        make_room(&log, 800).await.unwrap();
        append(&mut log, [entry(next, 5)]).await.unwrap();
    }
}

#[tokio::test]
async fn purged_files_go_once_two_snapshots_have_their_entries() {
    let disk = disk();
    let mut log = open(&disk);
    log.save_vote(&Vote::new(3, 7)).await.unwrap();
    let snapshots = log.files.lock().snapshots.clone();
    for index in 0..6 {
        append(&mut log, [entry(index, SEGMENT_BYTES_MAX as usize)]).await.unwrap();
    }
    save_snapshot(&disk, &snapshots, 2);
    log.purge(id(1, 2)).await.unwrap();
    assert!(disk.exists(&segment_path(&dir(), 0)).unwrap(), "the only snapshot may rot");
    save_snapshot(&disk, &snapshots, 4);
    log.purge(id(1, 4)).await.unwrap();
    let files: Vec<String> = disk.list(&dir()).unwrap().into_iter().map(|entry| entry.name).collect();
    let logs = files.iter().filter(|name| name.starts_with(PREFIX)).count();
    assert!(!disk.exists(&segment_path(&dir(), 2)).unwrap() && logs == 4, "{files:?}");
    disk.power_loss(3);
    let mut log = open(&disk);
    assert_eq!(indexes(&mut log).await, [5]);
    assert_eq!(log.read_vote().await.unwrap(), Some(Vote::new(3, 7)), "the vote outlives its file");
}

#[tokio::test]
async fn log_goes_on_through_many_snapshots_purges_and_power_losses() {
    let disk = disk();
    let mut next: u64 = 0;
    for round in 0..8 {
        let mut log = open(&disk);
        let snapshots = log.files.lock().snapshots.clone();
        assert_eq!(
            log.get_log_state().await.unwrap().last_log_id,
            next.checked_sub(1).map(|last| id(1, last))
        );
        for index in next..next + 3 {
            append(&mut log, [entry(index, SEGMENT_BYTES_MAX as usize / 2)]).await.unwrap();
        }
        save_snapshot(&disk, &snapshots, next + 1);
        log.purge(id(1, next + 1)).await.unwrap();
        assert_eq!(indexes(&mut log).await, [next + 2]);
        next += 3;
        disk.power_loss(round);
    }
    let logs = disk.list(&dir()).unwrap().iter().filter(|entry| entry.name.starts_with(PREFIX)).count();
    assert!(logs <= 5, "{logs}");
}

#[tokio::test]
async fn rotten_snapshot_falls_back_to_the_one_before_and_the_log() {
    let disk = disk();
    let mut log = open(&disk);
    let snapshots = log.files.lock().snapshots.clone();
    append(&mut log, (0..9).map(|index| entry(index, 100))).await.unwrap();
    save_snapshot(&disk, &snapshots, 3);
    log.purge(id(1, 3)).await.unwrap();
    save_snapshot(&disk, &snapshots, 6);
    log.purge(id(1, 6)).await.unwrap();
    assert_eq!(indexes(&mut log).await, [7, 8]);
    let newest = dir().join(format!("snapshot-{:020}", 6));
    disk.flip_bit(&newest, 20, 3).unwrap();
    let mut log = open(&disk);
    assert_eq!(indexes(&mut log).await, [4, 5, 6, 7, 8]);
    log.files.lock().snapshots.tidy().unwrap();
    assert!(!disk.exists(&newest).unwrap());
    // Without the other one nothing says what the log follows.
    disk.flip_bit(&dir().join(format!("snapshot-{:020}", 3)), 20, 3).unwrap();
    let refusal = try_open(&disk).err().unwrap();
    assert!(refusal.contains("snapshot-00000000000000000003 is damaged"), "{refusal}");
}

#[tokio::test]
async fn missing_files_refuse_the_start() {
    let disk = disk();
    let mut log = open(&disk);
    for index in 0..3 {
        append(&mut log, [entry(index, SEGMENT_BYTES_MAX as usize)]).await.unwrap();
    }
    disk.remove_file(&segment_path(&dir(), 1)).unwrap();
    let refusal = try_open(&disk).err().unwrap();
    assert!(refusal.contains("log-0000000001 is missing"), "{refusal}");
}

#[tokio::test]
async fn entries_must_follow_each_other() {
    let mut log = open(&disk());
    append(&mut log, [entry(0, 1)]).await.unwrap();
    assert!(append(&mut log, [entry(2, 1)]).await.is_err());
}

fn membership() -> Membership<u64, crate::quorum::RaftNode> {
    let node = crate::quorum::RaftNode {
        broker_id: broker_protocol::types::BrokerId(4),
        directory_id: Uuid::from_u128(9),
        host: "here".into(),
        port: 9646,
    };
    Membership::new(vec![BTreeSet::from([7])], BTreeMap::from([(7, node)]))
}

#[tokio::test]
async fn membership_survives_the_file() {
    let disk = disk();
    let mut log = open(&disk);
    append(&mut log, [Entry::new_membership(id(0, 0), membership())]).await.unwrap();
    let read = open(&disk).try_get_log_entries(..).await.unwrap();
    assert_eq!(read, [Entry::new_membership(id(0, 0), membership())]);
}

/// Writes a log and a snapshot with a record of every kind.
async fn write_golden(disk: &MemoryDisk) {
    let mut log = open(disk);
    append(&mut log, [Entry::new_membership(id(0, 0), membership())]).await.unwrap();
    log.save_vote(&Vote::new(1, 7)).await.unwrap();
    log.save_vote(&Vote::new_committed(1, 7)).await.unwrap();
    append(&mut log, [Entry::new_blank(id(1, 1)), entry(2, 3), entry(3, 3)]).await.unwrap();
    log.truncate(id(1, 3)).await.unwrap();
    append(&mut log, [entry(3, 5)]).await.unwrap();
    let meta = SnapshotMeta {
        last_log_id: Some(id(1, 2)),
        last_membership: StoredMembership::new(Some(id(0, 0)), membership()),
        snapshot_id: "1-2".into(),
    };
    let image = MetadataImage::default().at(crate::quorum::raft_state_machine::position_of(id(1, 2)));
    let snapshots = log.files.lock().snapshots.clone();
    snapshots.save(&meta, broker_state::metadata::snapshot::encode(&image).into()).unwrap();
    log.purge(id(1, 2)).await.unwrap();
}

#[tokio::test]
async fn files_of_format_1_are_still_read() {
    // Made by this test at format 1. If it fails, the format changed: raise the version and keep these files readable.
    let golden: [(&str, &[u8]); 2] = [
        ("log-0000000000", include_bytes!("../../../testdata/metadata_log_v1.bin")),
        ("snapshot-00000000000000000002", include_bytes!("../../../testdata/metadata_log_snapshot_v1.bin")),
    ];
    let (old, fresh) = (disk(), disk());
    write_golden(&fresh).await;
    for (name, bytes) in golden {
        old.write_atomically(&dir().join(name), bytes).unwrap();
        assert_eq!(fresh.read(&dir().join(name)).unwrap(), bytes, "{name}");
    }
    let mut log = open(&old);
    assert_eq!(log.read_vote().await.unwrap(), Some(Vote::new_committed(1, 7)));
    assert_eq!(log.try_get_log_entries(..).await.unwrap(), [entry(3, 5)]);
    let (meta, _) = log.files.lock().snapshots.newest().unwrap().unwrap();
    assert_eq!(meta.last_membership, StoredMembership::new(Some(id(0, 0)), membership()));
}
