//! A log whose older segments were let go because an object store has them: where it begins for readers and on the disk,
//! also after a stop at any step.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::PathBuf;
use std::sync::Arc;

use broker_log::append::{AppendOptions, AppendOrigin};
use broker_log::committer::Committer;
use broker_log::handle::LogHandle;
use broker_log::io::memory_disk::{ManualClock, MemoryDisk};
use broker_log::leader_epoch_cache::EpochEntry;
use broker_log::log::TieredStart;
use broker_log::log_config::{LogConfig, LogIdentity};
use broker_log::manager::{LogDir, LogDirSettings};
use broker_log::producer_state::ProducerTable;
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::types::{BrokerId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicId, Uuid};

/// More than any of the acts here takes.
const STEPS_MAX: u64 = 400;
const NOW_MS: i64 = 1_000_000;
/// Records of a prepared log.
const COUNT: i64 = 22;
const TOPIC: TopicId = TopicId(Uuid::from_u128(7));

struct Opened {
    dir: Arc<LogDir>,
    committer: Committer,
}

impl Opened {
    fn log(&self) -> Arc<LogHandle> {
        self.dir.get(TOPIC, 0).expect("the log is there")
    }

    fn maintain(&self) {
        self.dir.maintain(NOW_MS + 1_000_000, &|log| log.flushed_offset());
    }

    /// Lets go what is below `to`, as far as the disk goes along.
    fn release(&mut self, to: i64) {
        self.log().release_local(Offset(to));
        self.committer.run_cycle();
        self.maintain();
    }
}

fn config() -> Arc<LogConfig> {
    Arc::new(LogConfig {
        segment_bytes: 400,
        index_interval_bytes: 1,
        retention_ms: 10,
        retention_bytes: 100,
        file_delete_delay_ms: 0,
        tiered: true,
        ..LogConfig::default()
    })
}

fn identity() -> LogIdentity {
    LogIdentity { topic: Arc::from("orders"), topic_id: TOPIC, partition: 0 }
}

fn open(disk: &MemoryDisk) -> Opened {
    let settings = LogDirSettings {
        recovery_threads: 1,
        reserve_bytes: 4096,
        ..LogDirSettings::new("cluster", BrokerId(1), Uuid::from_u128(1))
    };
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let (dir, report) =
        LogDir::open(Arc::new(disk.clone()), clock, PathBuf::from("/data"), settings, &|_| config()).unwrap();
    assert!(report.offline.is_empty() && report.lost.is_empty(), "{report:?}");
    let committer = dir.committer();
    Opened { dir, committer }
}

fn append(log: &Arc<LogHandle>, offset: i64) {
    let sequence = i32::try_from(offset).unwrap();
    let mut builder =
        BatchBuilder::new(Compression::None).producer(ProducerId(1), ProducerEpoch(0), sequence);
    builder.push(NOW_MS + offset, None, Some(format!("value {offset}").as_bytes()), &[]);
    let options =
        AppendOptions { leader_epoch: LeaderEpoch(1), origin: AppendOrigin::Client, now_ms: NOW_MS };
    // Errors are what a stop in the middle looks like from inside.
    let _ = log.append_as_leader(&mut builder.build(), &options);
}

/// Durable records in several segments, of which a checkpoint knows.
fn prepare(seed: u64) -> (MemoryDisk, Opened) {
    let disk = MemoryDisk::new(seed);
    let mut opened = open(&disk);
    let log = opened.dir.create_log(identity(), config(), LeaderEpoch(1)).unwrap();
    (0..COUNT).for_each(|offset| append(&log, offset));
    opened.committer.run_cycle();
    opened.dir.checkpoint();
    (disk, opened)
}

/// Where the log begins, for readers and on the disk.
fn starts(log: &LogHandle) -> (i64, i64) {
    log.with(|log| (log.log_start_offset().0, log.local_log_start_offset().0))
}

/// The base offset of the segment at `index`.
fn base(log: &LogHandle, index: usize) -> i64 {
    log.with(|log| log.segment_infos(NOW_MS)[index].base_offset.0)
}

/// tiering = 7
#[test]
fn segments_that_were_let_go_leave_the_disk_and_readers_still_begin_where_they_did() {
    let (disk, mut opened) = prepare(1);
    let log = opened.log();
    let second = base(&log, 2);
    opened.release(second);
    assert_eq!(starts(&log), (0, second));
    assert_eq!(base(&log, 0), second);
    assert_eq!(log.durable_log_start_offset(), Offset(0));
    // Epochs are known of all that readers may ask for.
    assert_eq!(log.with(|log| log.epoch_for_offset(Offset(0))), LeaderEpoch(1));
    drop((log, opened));
    disk.kill();
    let mut opened = open(&disk);
    assert_eq!(starts(&opened.log()), (0, second));
    opened.dir.checkpoint();
    opened.dir.close();
    drop(opened);
    opened = open(&disk);
    assert_eq!(starts(&opened.log()), (0, second));
    assert_eq!(opened.log().with(|log| log.epoch_for_offset(Offset(0))), LeaderEpoch(1));
    // A retry is recognised although the segments with most of what its producer wrote are gone.
    append(&opened.log(), COUNT - 1);
    assert_eq!(opened.log().with(|log| log.log_end_offset()), Offset(COUNT));
}

/// tiering = 7, 24
#[test]
fn retention_of_the_disk_alone_never_moves_where_readers_begin() {
    let (_, mut opened) = prepare(2);
    let log = opened.log();
    opened.maintain();
    opened.maintain();
    assert_eq!(starts(&log), (0, 0), "nothing was copied");
    let second = base(&log, 1);
    log.release_local(Offset(second));
    // Also where the topic is tiered no more.
    log.set_config(Arc::new(LogConfig { tiered: false, ..LogConfig::clone(&config()) }));
    opened.committer.run_cycle();
    opened.maintain();
    opened.maintain();
    assert_eq!(starts(&log), (0, second));
}

/// fault = 56
#[test]
fn records_deleted_from_what_lies_elsewhere_stay_deleted_after_any_stop() {
    let (disk, mut opened) = prepare(3);
    let second = base(&opened.log(), 2);
    opened.release(second);
    for (to, local) in [(1, second), (2, second), (second + 1, second + 1)] {
        assert!(opened.log().advance_log_start_offset(Offset(to)));
        assert!(opened.log().durable_log_start_offset() < Offset(to));
        opened.committer.run_cycle();
        assert_eq!(opened.log().durable_log_start_offset(), Offset(to));
        drop(opened);
        disk.kill();
        opened = open(&disk);
        assert_eq!(starts(&opened.log()), (to, local));
    }
    // Let go again behind that.
    let third = base(&opened.log(), 1);
    assert!(third > second + 1);
    opened.release(third);
    drop(opened);
    disk.power_loss(1);
    assert_eq!(starts(&open(&disk).log()), (second + 1, third));
}

/// fault = 54
#[test]
fn letting_go_that_is_stopped_at_any_step_hides_nothing_from_readers() {
    for step in 1..STEPS_MAX {
        let mut was_stopped = false;
        for power_loss in [false, true] {
            let (disk, mut opened) = prepare(step);
            let target = base(&opened.log(), 2);
            disk.with_faults(|faults| faults.cut_power_after(step));
            opened.release(target);
            opened.dir.checkpoint();
            opened.release(target + 2);
            was_stopped = disk.with_faults(|faults| faults.power_is_off());
            drop(opened);
            if power_loss {
                disk.power_loss(step)
            } else {
                disk.kill()
            }
            let opened = open(&disk);
            let (start, local) = starts(&opened.log());
            let place = format!("step {step}, power loss: {power_loss}");
            assert_eq!(start, 0, "{place}");
            assert!(local == 0 || local == target || local == target + 2, "{place}: {local}");
            assert_eq!(opened.log().with(|log| log.log_end_offset()), Offset(COUNT), "{place}");
            let read = opened.log().with(|log| log.read(Offset(local), 1 << 20, true, Offset(COUNT)));
            assert_eq!(read.unwrap().base_offset, Offset(local), "{place}");
        }
        if !was_stopped {
            assert!(step > 10, "{step}");
            return;
        }
    }
    panic!("the act has more than {STEPS_MAX} steps");
}

/// fault = 63
#[test]
fn a_log_is_made_where_an_object_store_ends() {
    let (_, from) = prepare(4);
    let mut producers = ProducerTable::default();
    from.log()
        .with(|log| log.active_producers().for_each(|(id, state)| producers.restore(id, state.clone())));
    let start = TieredStart {
        log_start: Offset(3),
        local_start: Offset(COUNT),
        epochs: vec![EpochEntry { epoch: LeaderEpoch(1), start_offset: Offset(3) }],
        producers,
    };
    let disk = MemoryDisk::new(5);
    let mut opened = open(&disk);
    let log = opened.dir.create_tiered_log(identity(), config(), LeaderEpoch(2), &start).unwrap();
    assert_eq!((starts(&log), log.flushed_offset()), ((3, COUNT), Offset(COUNT)));
    opened.dir.checkpoint();
    drop((log, opened));
    disk.power_loss(1);
    opened = open(&disk);
    let log = opened.log();
    assert_eq!((starts(&log), log.flushed_offset()), ((3, COUNT), Offset(COUNT)));
    assert_eq!(log.with(|log| log.epoch_for_offset(Offset(11))), LeaderEpoch(1));
    assert_eq!(log.with(|log| log.latest_epoch()), LeaderEpoch(2));
    let options =
        AppendOptions { leader_epoch: LeaderEpoch(2), origin: AppendOrigin::Client, now_ms: NOW_MS };
    let mut next = BatchBuilder::new(Compression::None).producer(ProducerId(1), ProducerEpoch(0), 22);
    next.push(NOW_MS, None, Some(b"next"), &[]);
    assert_eq!(log.append_as_leader(&mut next.build(), &options).unwrap().base_offset, Offset(COUNT));
    opened.committer.run_cycle();
    assert_eq!(log.flushed_offset(), Offset(COUNT + 1));
}

/// fault = 56
#[test]
fn a_producer_is_known_when_all_that_it_wrote_was_deleted_after_segments_had_gone() {
    for seed in 0..40 {
        let (disk, mut opened) = prepare(seed);
        let log = opened.log();
        // The first segment goes, and more follow that no checkpoint knows.
        let second = base(&log, 1);
        assert!(log.advance_log_start_offset(Offset(second)));
        opened.committer.run_cycle();
        opened.maintain();
        assert_eq!(base(&log, 0), second);
        (COUNT..COUNT + 12).for_each(|offset| append(&log, offset));
        opened.committer.run_cycle();
        assert!(log.advance_log_start_offset(Offset(COUNT + 12)));
        opened.committer.run_cycle();
        assert_eq!(log.durable_log_start_offset(), Offset(COUNT + 12));
        drop((log, opened));
        disk.power_loss(seed);
        let opened = open(&disk);
        assert_eq!(starts(&opened.log()).0, COUNT + 12);
        append(&opened.log(), COUNT + 11);
        let end = opened.log().with(|log| log.log_end_offset());
        assert_eq!(end, Offset(COUNT + 12), "seed {seed}: the retry was appended once more");
    }
}
