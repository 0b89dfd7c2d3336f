//! A whole log on a simulated disk, against a model that is a list of batches.

mod checkpoints;
mod damage;
mod model;
mod newest;

use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::control_record::{EndTransactionMarker, TransactionResult};
use broker_protocol::record_batch::{TimestampType, batches};
use broker_protocol::types::{ProducerEpoch, ProducerId, TopicId, Uuid};

use super::*;
use crate::append::{AppendError, AppendInfo, AppendOptions, AppendOrigin};
use crate::io::memory_disk::MemoryDisk;
use crate::log_error::ReadError;
use crate::tail_checkpoint::TailCheckpoint;

const NOW_MS: i64 = 1_700_000_000_000;

pub(super) struct Fixture {
    pub(super) disk: MemoryDisk,
    pub(super) log: PartitionLog,
}

pub(super) fn identity() -> LogIdentity {
    LogIdentity { topic: Arc::from("t"), topic_id: TopicId(Uuid::from_u128(5)), partition: 0 }
}

pub(super) fn fixture(config: LogConfig) -> Fixture {
    let disk = MemoryDisk::new(1);
    let dir = PathBuf::from("/data/t-0");
    let log = PartitionLog::create(Arc::new(disk.clone()), dir, identity(), Arc::new(config), LeaderEpoch(0))
        .unwrap();
    for parent in ["/", "/data"] {
        disk.sync_dir(Path::new(parent)).unwrap();
    }
    Fixture { disk, log }
}

impl Fixture {
    pub(super) fn append(&mut self, mut bytes: Vec<u8>) -> Result<AppendInfo, AppendError> {
        self.log.append_as_leader(&mut bytes, &options(AppendOrigin::Client))
    }

    /// What a checkpoint does.
    pub(super) fn checkpoint(&mut self) -> TailCheckpoint {
        let prepared = self.log.prepare_checkpoint(NOW_MS).unwrap();
        for (_, file, _) in &prepared.unsynced {
            file.sync_data().unwrap();
        }
        if prepared.new_files {
            self.disk.sync_dir(self.log.dir()).unwrap();
        }
        self.log.mark_checkpoint_synced(&prepared);
        prepared.tail
    }

    pub(super) fn append_control(&mut self, mut bytes: Vec<u8>) -> Result<AppendInfo, AppendError> {
        self.log.append_as_leader(&mut bytes, &options(AppendOrigin::Coordinator))
    }

    /// What a committer does.
    pub(super) fn commit(&mut self) {
        let dirty = self.log.take_dirty().unwrap();
        for range in &dirty.ranges {
            range.file.sync_data().unwrap();
        }
        self.disk.sync_dir(self.log.dir()).unwrap();
        for range in &dirty.ranges {
            self.log.mark_synced(range.segment_base, range.to);
        }
        self.log.mark_committed(dirty.end_offset);
    }

    pub(super) fn reopen(
        &mut self,
        tail: Option<&crate::tail_checkpoint::TailCheckpoint>,
    ) -> Result<OpenReport, LogError> {
        let (dir, config) = (self.log.dir().to_owned(), self.log.config().clone());
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let (log, report) = PartitionLog::open(disk, dir, Some(identity()), config, tail, NOW_MS)?;
        self.log = log;
        Ok(report)
    }

    /// Base offset and value of every record below `upper`, read in answers of `max_bytes`.
    pub(super) fn read_all(&mut self, max_bytes: usize, upper: Offset) -> Vec<(i64, String)> {
        let mut next = self.log.log_start_offset();
        let mut out = Vec::new();
        loop {
            let extent = self.log.read(next, max_bytes, true, upper).unwrap();
            if extent.len == 0 {
                return out;
            }
            for batch in batches(&bytes_of(&extent)) {
                let batch = batch.unwrap();
                batch.verify_crc().unwrap();
                assert!(batch.header.last_offset() >= next && batch.header.last_offset() < upper);
                next = batch.header.next_offset();
                let content = batch.decompress(1 << 20).unwrap();
                out.extend(batch.records(&content).map(|record| {
                    let record = record.unwrap();
                    let value = String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned();
                    (record.offset(&batch.header).0, value)
                }));
            }
            assert!(extent.next_offset >= next && extent.next_offset <= upper);
        }
    }
}

pub(super) fn options(origin: AppendOrigin) -> AppendOptions {
    AppendOptions { leader_epoch: LeaderEpoch(0), origin, now_ms: NOW_MS }
}

pub(super) fn bytes_of(extent: &FetchExtent) -> Vec<u8> {
    let mut bytes = vec![0; extent.len];
    assert_eq!(extent.file.read_at(&mut bytes, extent.position).unwrap(), extent.len);
    bytes
}

/// A batch of records with these values, one millisecond apart from `time` on.
pub(super) fn records_at(time: i64, values: &[&str]) -> BatchBuilder {
    compressed(Compression::None, time, values)
}

pub(super) fn compressed(compression: Compression, time: i64, values: &[&str]) -> BatchBuilder {
    filled(BatchBuilder::new(compression), time, values)
}

pub(super) fn filled(mut builder: BatchBuilder, time: i64, values: &[&str]) -> BatchBuilder {
    for (at, value) in (0..).zip(values) {
        builder.push(time + at, None, Some(value.as_bytes()), &[]);
    }
    builder
}

pub(super) fn records(values: &[&str]) -> Vec<u8> {
    records_at(NOW_MS, values).build()
}

pub(super) fn produced(producer: i64, sequence: i32, values: &[&str]) -> Vec<u8> {
    let builder =
        BatchBuilder::new(Compression::None).producer(ProducerId(producer), ProducerEpoch(0), sequence);
    filled(builder, NOW_MS, values).build()
}

pub(super) fn in_transaction(producer: i64, sequence: i32, values: &[&str]) -> Vec<u8> {
    let builder = BatchBuilder::new(Compression::None)
        .producer(ProducerId(producer), ProducerEpoch(0), sequence)
        .transactional();
    filled(builder, NOW_MS, values).build()
}

pub(super) fn end_of_transaction(producer: i64, result: TransactionResult) -> Vec<u8> {
    EndTransactionMarker { result, coordinator_epoch: 0 }.to_batch(
        NOW_MS,
        ProducerId(producer),
        ProducerEpoch(0),
    )
}

/// Segments of few bytes and an index entry for every batch.
pub(super) fn tiny_segments() -> LogConfig {
    LogConfig { segment_bytes: 300, index_interval_bytes: 1, ..LogConfig::default() }
}

#[test]
fn records_get_offsets_in_order_and_are_read_back() {
    let mut fixture = fixture(LogConfig::default());
    assert_eq!(fixture.append(records(&["a", "b"])).unwrap().base_offset, Offset(0));
    let info = fixture.append(records(&["c"])).unwrap();
    assert_eq!((info.base_offset, info.last_offset, info.records), (Offset(2), Offset(2), 1));
    assert_eq!(info.log_append_time_ms, -1);
    let all = fixture.read_all(1 << 20, Offset(3));
    assert_eq!(all, [(0, "a".into()), (1, "b".into()), (2, "c".into())]);
}

#[test]
fn read_in_the_middle_of_a_batch_returns_the_whole_batch_and_stops_at_the_upper_bound() {
    let mut fixture = fixture(LogConfig::default());
    fixture.append(records(&["a", "b", "c"])).unwrap();
    fixture.append(records(&["d"])).unwrap();
    let extent = fixture.log.read(Offset(1), 1 << 20, true, Offset(3)).unwrap();
    let found: Vec<_> =
        batches(&bytes_of(&extent)).map(|batch| batch.unwrap().header.base_offset.0).collect();
    assert_eq!(found, [0]);
    // The bound is inside the second batch's predecessor: no part of a batch is returned.
    assert_eq!(fixture.log.read(Offset(0), 1 << 20, true, Offset(2)).unwrap().len, 0);
}

#[test]
fn first_batch_is_returned_whole_even_if_it_is_larger_than_asked() {
    let mut fixture = fixture(LogConfig::default());
    fixture.append(records(&["a"])).unwrap();
    fixture.append(records(&["b"])).unwrap();
    let size = records(&["a"]).len();
    assert_eq!(fixture.log.read(Offset(0), 10, true, Offset(2)).unwrap().len, size);
    assert_eq!(fixture.log.read(Offset(0), 10, false, Offset(2)).unwrap().len, 0);
    assert_eq!(fixture.log.read(Offset(0), size + 10, false, Offset(2)).unwrap().len, size);
}

#[test]
fn offsets_outside_the_log_are_refused_and_its_end_is_empty() {
    let mut fixture = fixture(LogConfig::default());
    fixture.append(records(&["a", "b"])).unwrap();
    fixture.log.advance_log_start_offset(Offset(1));
    assert_eq!(fixture.log.read(Offset(2), 100, true, Offset(2)).unwrap().len, 0);
    for offset in [0, 3, -1, i64::MAX] {
        let result = fixture.log.read(Offset(offset), 100, true, Offset(2));
        assert!(matches!(result, Err(ReadError::OutOfRange { .. })), "{offset}");
    }
}

#[test]
fn retry_is_answered_with_the_original_offsets_and_writes_nothing() {
    let mut fixture = fixture(LogConfig::default());
    fixture.append(records(&["x"])).unwrap();
    fixture.append(produced(9, 0, &["a", "b"])).unwrap();
    fixture.append(produced(9, 2, &["c"])).unwrap();
    let size = fixture.log.size_bytes();
    let info = fixture.append(produced(9, 0, &["a", "b"])).unwrap();
    assert!(info.duplicate);
    assert_eq!((info.base_offset, info.last_offset), (Offset(1), Offset(2)));
    assert_eq!((fixture.log.size_bytes(), fixture.log.log_end_offset()), (size, Offset(4)));
    let gap = fixture.append(produced(9, 7, &["d"])).unwrap_err();
    assert!(matches!(gap, AppendError::OutOfOrderSequence(_)));
}

/// fault = 67
#[test]
fn all_five_retained_batches_survive_a_checkpoint() {
    let mut fixture = fixture(LogConfig::default());
    for n in 0..6 {
        fixture.append(produced(9, n, &["a"])).unwrap();
    }
    let tail = fixture.checkpoint();
    fixture.reopen(Some(&tail)).unwrap();
    for n in 1..6 {
        assert!(fixture.append(produced(9, n, &["a"])).unwrap().duplicate);
    }
}

#[test]
fn producer_of_old_records_is_not_idle() {
    let mut fixture = fixture(LogConfig::default());
    let old = BatchBuilder::new(Compression::None).producer(ProducerId(9), ProducerEpoch(0), 0);
    let old = filled(old, 1000, &["a"]).build();
    fixture.append(old.clone()).unwrap();
    fixture.log.expire_producers(NOW_MS + 1);
    assert!(fixture.append(old).unwrap().duplicate);
    fixture.log.expire_producers(NOW_MS + fixture.log.config().producer_id_expiration_ms);
    assert_eq!(fixture.log.active_producers().count(), 0);
}

#[test]
fn append_time_replaces_the_producers_times() {
    let config = LogConfig { timestamp_type: TimestampType::LogAppendTime, ..LogConfig::default() };
    let mut fixture = fixture(config);
    let info = fixture.append(records_at(5, &["a", "b"]).build()).unwrap();
    assert_eq!(info.log_append_time_ms, NOW_MS);
    let found = fixture.log.newest_record(Offset(2)).unwrap().unwrap();
    assert_eq!((found.timestamp, found.offset), (NOW_MS, Offset(0)));
}

#[test]
fn topic_with_its_own_compression_stores_batches_in_it() {
    let config = LogConfig { compression: Some(Compression::Zstd), ..LogConfig::default() };
    let mut fixture = fixture(config);
    fixture.append(records(&["a", "b"])).unwrap();
    let extent = fixture.log.read(Offset(0), 1 << 20, true, Offset(2)).unwrap();
    let bytes = bytes_of(&extent);
    let batch = batches(&bytes).next().unwrap().unwrap();
    assert_eq!(batch.header.compression().unwrap(), Compression::Zstd);
    assert_eq!(fixture.read_all(100, Offset(2)).len(), 2);
}

#[test]
fn stale_leader_epoch_is_fenced() {
    let mut fixture = fixture(LogConfig::default());
    fixture.log.assign_epoch(LeaderEpoch(3));
    let refused = fixture.append(records(&["a"])).unwrap_err();
    assert!(matches!(refused, AppendError::FencedLeaderEpoch { .. }));
}

#[test]
fn epochs_end_where_the_next_begins() {
    let mut fixture = fixture(LogConfig::default());
    fixture.append(records(&["a", "b"])).unwrap();
    let later = AppendOptions { leader_epoch: LeaderEpoch(4), ..options(AppendOrigin::Client) };
    fixture.log.append_as_leader(&mut records(&["c"]), &later).unwrap();
    assert_eq!(fixture.log.epoch_end_offset(LeaderEpoch(0)), (LeaderEpoch(0), Offset(2)));
    assert_eq!(fixture.log.epoch_end_offset(LeaderEpoch(4)), (LeaderEpoch(4), Offset(3)));
    assert_eq!(fixture.log.epoch_for_offset(Offset(1)), LeaderEpoch(0));
    fixture.checkpoint();
    let text = fixture.disk.read(&fixture.log.dir().join(LEADER_EPOCH_CHECKPOINT_FILE)).unwrap();
    assert_eq!(text, b"0\n2\n0 0\n4 2\n");
}

#[test]
fn timestamp_finds_the_first_record_that_is_not_older_also_in_compressed_batches() {
    for compression in Compression::ALL {
        let mut fixture = fixture(tiny_segments());
        for n in 0..20 {
            let time = NOW_MS - 1000 + n * 10;
            fixture.append(compressed(compression, time, &["a", "b", "c"]).build()).unwrap();
        }
        let end = fixture.log.log_end_offset();
        let mut find = |time: i64| {
            fixture.log.offset_for_timestamp(NOW_MS - 1000 + time, end).unwrap().map(|found| found.offset.0)
        };
        assert_eq!(find(-5), Some(0));
        assert_eq!(find(1), Some(1));
        assert_eq!(find(3), Some(3));
        assert_eq!(find(152), Some(47));
        assert_eq!(find(192), Some(59));
        assert_eq!(find(193), None);
        let largest = fixture.log.newest_record(end).unwrap().unwrap();
        assert_eq!(largest.offset, Offset(59));
        assert_eq!(fixture.log.offset_for_timestamp(NOW_MS - 848, Offset(47)).unwrap(), None);
    }
}

#[test]
fn timestamp_of_a_record_before_the_start_does_not_hide_later_ones() {
    let mut fixture = fixture(tiny_segments());
    let mut first = BatchBuilder::new(Compression::Gzip);
    first.push(NOW_MS, None, Some(b"late"), &[]);
    first.push(NOW_MS - 50, None, Some(b"early"), &[]);
    fixture.append(first.build()).unwrap();
    for _ in 0..5 {
        fixture.append(records_at(NOW_MS - 50, &["a", "b"]).build()).unwrap();
    }
    fixture.append(records_at(NOW_MS - 1, &["before", "late"]).build()).unwrap();
    assert!(fixture.log.segment_count() > 2);
    let end = fixture.log.log_end_offset();
    for (start, found) in [(0, 0), (1, 13)] {
        fixture.log.advance_log_start_offset(Offset(start));
        let found_at = fixture.log.offset_for_timestamp(NOW_MS, end).unwrap().map(|found| found.offset.0);
        assert_eq!(found_at, Some(found), "from {start}");
    }
}

#[test]
fn timed_batch_can_be_searched_after_its_segment_was_deleted() {
    let mut fixture = fixture(tiny_segments());
    for n in 0..10 {
        fixture.append(compressed(Compression::Lz4, NOW_MS - 100 + n * 10, &["a", "b"]).build()).unwrap();
    }
    let end = fixture.log.log_end_offset();
    let range = (Offset(0), end);
    let batch =
        fixture.log.settle(|log, lookups| log.timed_batch(NOW_MS - 89, range, lookups)).unwrap().unwrap();
    fixture.log.advance_log_start_offset(Offset(18));
    fixture.log.delete_oldest_segments(2, NOW_MS).unwrap();
    let found = batch.search().unwrap().unwrap();
    assert_eq!((found.offset, found.timestamp, batch.next_offset()), (Offset(3), NOW_MS - 89, Offset(4)));
}

#[test]
fn what_a_coordinator_writes_may_be_larger_than_a_segment() {
    let mut fixture = fixture(tiny_segments());
    for _ in 0..3 {
        fixture.append_control(records(&["x".repeat(400).as_str()])).unwrap();
    }
    assert_eq!(fixture.log.segment_count(), 3);
    assert_eq!(fixture.read_all(1, Offset(3)).len(), 3);
}

#[test]
fn segments_roll_by_size_and_each_batch_stays_whole() {
    let mut fixture = fixture(tiny_segments());
    for _ in 0..10 {
        fixture.append(records(&["0123456789"])).unwrap();
    }
    assert!(fixture.log.segment_count() > 3);
    let too_large = fixture.append(records(&["x".repeat(400).as_str()])).unwrap_err();
    assert!(matches!(too_large, AppendError::RecordListTooLarge { .. }));
    for max_bytes in [1, 100, 150, 1 << 20] {
        assert_eq!(fixture.read_all(max_bytes, Offset(10)).len(), 10);
    }
}

#[test]
fn segments_roll_by_age_of_their_first_record_and_by_index_size() {
    let mut fixture = fixture(LogConfig { segment_ms: 1000, ..LogConfig::default() });
    fixture.append(records_at(NOW_MS, &["a"]).build()).unwrap();
    fixture.append(records_at(NOW_MS + 1000, &["a"]).build()).unwrap();
    assert_eq!(fixture.log.segment_count(), 1);
    fixture.append(records_at(NOW_MS + 1001, &["a"]).build()).unwrap();
    assert_eq!(fixture.log.segment_count(), 2);

    let config = LogConfig { segment_index_bytes: 16, index_interval_bytes: 1, ..LogConfig::default() };
    let mut fixture = super::tests::fixture(config);
    for _ in 0..8 {
        fixture.append(records(&["a"])).unwrap();
    }
    assert!(fixture.log.segment_count() > 1);
}

#[test]
fn jitter_rolls_a_segment_earlier_and_never_later() {
    let config = LogConfig { segment_ms: 100_000, segment_jitter_ms: 100_000, ..LogConfig::default() };
    let mut fixture = fixture(config);
    let mut rolled_at = Vec::new();
    for step in 0..200 {
        let before = fixture.log.segment_count();
        fixture.append(records_at(NOW_MS + step * 5_000, &["a"]).build()).unwrap();
        if fixture.log.segment_count() > before {
            rolled_at.push(step * 5);
        }
    }
    let ages: Vec<i64> = rolled_at.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(ages.iter().all(|&seconds| seconds <= 105), "{ages:?}");
    assert!(ages.iter().any(|age| *age != ages[0]), "every segment has a share of its own: {ages:?}");
}

#[test]
fn aborted_transactions_are_listed_in_order_and_hold_the_stable_offset() {
    let mut fixture = fixture(LogConfig::default());
    fixture.append(in_transaction(1, 0, &["a"])).unwrap();
    fixture.append(in_transaction(2, 0, &["b"])).unwrap();
    fixture.append(records(&["c"])).unwrap();
    assert_eq!(fixture.log.last_stable_offset(Offset(3)), Offset(0));
    fixture.append_control(end_of_transaction(2, TransactionResult::Abort)).unwrap();
    assert_eq!(fixture.log.last_stable_offset(Offset(4)), Offset(0));
    fixture.append_control(end_of_transaction(1, TransactionResult::Abort)).unwrap();
    assert_eq!(fixture.log.last_stable_offset(Offset(4)), Offset(0));
    assert_eq!(fixture.log.last_stable_offset(Offset(5)), Offset(5));
    let list = |log: &mut PartitionLog, from, upper| -> Vec<i64> {
        let found = log.aborted_transactions(Offset(from), Offset(upper)).unwrap();
        found.iter().map(|transaction| transaction.first_offset.0).collect()
    };
    assert_eq!(list(&mut fixture.log, 0, 5), [0, 1]);
    assert_eq!(list(&mut fixture.log, 4, 5), [0]);
    assert_eq!(list(&mut fixture.log, 0, 1), [0]);
    let tail = fixture.checkpoint();
    fixture.reopen(Some(&tail)).unwrap();
    assert_eq!(list(&mut fixture.log, 0, 5), [0, 1]);
}

#[test]
fn retention_takes_whole_segments_and_moves_the_log_start() {
    let mut fixture = fixture(LogConfig { retention_bytes: 400, ..tiny_segments() });
    for _ in 0..10 {
        fixture.append(records(&["0123456789"])).unwrap();
    }
    assert_eq!(fixture.log.deletable_segments(NOW_MS, Offset(0)), 0);
    let count = fixture.log.deletable_segments(NOW_MS, Offset(10));
    let paths = fixture.log.delete_oldest_segments(count, NOW_MS).unwrap();
    assert!(paths.iter().all(|path| path.to_str().unwrap().ends_with(".deleted")));
    assert!(fixture.log.size_bytes() >= 400);
    let start = fixture.log.log_start_offset();
    assert!(start > Offset(0));
    assert_eq!(fixture.read_all(1 << 20, Offset(10)).first().unwrap().0, start.0);
    let report = fixture.reopen(None).unwrap();
    assert_eq!((report.cut, fixture.log.log_start_offset()), (None, start));
}

#[test]
fn retention_of_everything_leaves_an_empty_log_that_goes_on() {
    let mut fixture = fixture(LogConfig { retention_ms: 0, ..LogConfig::default() });
    fixture.append(records(&["a", "b"])).unwrap();
    assert_eq!(fixture.log.deletable_segments(NOW_MS + 10, Offset(2)), 1);
    fixture.log.delete_oldest_segments(1, NOW_MS).unwrap();
    assert_eq!((fixture.log.log_start_offset(), fixture.log.log_end_offset()), (Offset(2), Offset(2)));
    assert_eq!(fixture.append(records(&["c"])).unwrap().base_offset, Offset(2));
    assert_eq!(fixture.log.deletable_segments(NOW_MS, Offset(2)), 0);
}

#[test]
fn truncation_forgets_records_producers_transactions_and_epochs() {
    let mut fixture = fixture(tiny_segments());
    fixture.append(produced(9, 0, &["a", "b"])).unwrap();
    fixture.append(in_transaction(8, 0, &["c"])).unwrap();
    fixture.append_control(end_of_transaction(8, TransactionResult::Abort)).unwrap();
    let later = AppendOptions { leader_epoch: LeaderEpoch(1), ..options(AppendOrigin::Client) };
    fixture.log.append_as_leader(&mut produced(9, 2, &["d"]), &later).unwrap();
    fixture.commit();
    fixture.log.truncate_to(Offset(3), NOW_MS).unwrap();
    assert_eq!(fixture.log.log_end_offset(), Offset(3));
    assert_eq!(fixture.log.committed_offset(), Offset(3));
    assert_eq!(fixture.log.latest_epoch(), LeaderEpoch(0));
    assert_eq!(fixture.log.first_unstable_offset(), Some(Offset(2)));
    assert!(fixture.log.aborted_transactions(Offset(0), Offset(3)).unwrap().is_empty());
    assert_eq!(fixture.append(produced(9, 2, &["e"])).unwrap().base_offset, Offset(3));
    assert_eq!(fixture.read_all(50, Offset(4)).len(), 4);
    let report = fixture.reopen(None).unwrap();
    assert_eq!((report.cut, fixture.log.log_end_offset()), (None, Offset(4)));
    fixture.log.truncate_to(Offset(0), NOW_MS).unwrap();
    assert_eq!((fixture.log.log_end_offset(), fixture.log.segment_count()), (Offset(0), 1));
}

#[test]
fn follower_takes_batches_as_they_are_and_refuses_what_does_not_continue_its_log() {
    let mut leader = fixture(LogConfig::default());
    leader.append(records(&["a", "b"])).unwrap();
    leader.append(records(&["c"])).unwrap();
    let extent = leader.log.read(Offset(0), 1 << 20, true, Offset(3)).unwrap();
    let mut follower = fixture(LogConfig::default());
    let info = follower.log.append_as_follower(&bytes_of(&extent), NOW_MS).unwrap();
    assert_eq!((info.base_offset, info.last_offset), (Offset(0), Offset(2)));
    assert_eq!(follower.read_all(1 << 20, Offset(3)), leader.read_all(1 << 20, Offset(3)));
    let again = follower.log.append_as_follower(&bytes_of(&extent), NOW_MS);
    assert!(matches!(again, Err(AppendError::OffsetOutOfOrder { .. })));
}

#[test]
fn dirty_bytes_are_handed_out_once_and_commit_moves_the_committed_offset() {
    let mut fixture = fixture(tiny_segments());
    for _ in 0..5 {
        fixture.append(records(&["0123456789"])).unwrap();
    }
    let dirty = fixture.log.take_dirty().unwrap();
    assert_eq!(dirty.end_offset, Offset(5));
    let bytes: u64 = dirty.ranges.iter().map(|range| range.to - range.from).sum();
    assert_eq!(bytes, fixture.log.size_bytes());
    assert!(dirty.ranges.iter().rev().skip(1).all(|range| range.sealed));
    assert!(fixture.log.take_dirty().unwrap().ranges.is_empty());
    assert_eq!(fixture.log.committed_offset(), Offset(0));
    fixture.log.mark_committed(dirty.end_offset);
    assert_eq!(fixture.log.committed_offset(), Offset(5));
    let unsynced = fixture.log.prepare_checkpoint(NOW_MS).unwrap().unsynced;
    assert_eq!(unsynced.len(), fixture.log.segment_count());
}

#[test]
fn idle_log_takes_little_memory() {
    let mut fixture = fixture(LogConfig::default());
    fixture.append(records(&["a"])).unwrap();
    fixture.commit();
    fixture.checkpoint();
    assert_eq!(fixture.log.close_idle(), 0);
    assert!(size_of::<PartitionLog>() + fixture.log.heap_bytes() + 64 <= 1024);
    assert_eq!(fixture.read_all(100, Offset(1)).len(), 1);
}
