//! A data directory on a simulated disk, and a model of what it has promised.
//!
//! Promises: below its flushed offset (for a log that does not flush before it acknowledges: below what was committed)
//! a log has every record, byte for byte, and after a kill it has every record that was appended. Nothing it serves
//! fails its checksum or was never appended. The log start never goes back once it is durable, and a deleted log stays
//! deleted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use broker_log::append::{AppendError, AppendOptions, AppendOrigin};
use broker_log::commit_log::CommitLogSizes;
use broker_log::committer::Committer;
use broker_log::handle::LogHandle;
use broker_log::io::memory_disk::{FaultCounts, ManualClock, MemoryDisk};
use broker_log::io::{Clock, Disk};
use broker_log::log_config::{LogConfig, LogIdentity};
use broker_log::manager::{LogDir, LogDirSettings};
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::record_batch::batches;
use broker_protocol::types::{BrokerId, LeaderEpoch, Offset, TopicId, Uuid};

/// How a round ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    /// The process is killed: the page cache stays.
    Kill,
    /// The machine loses power between two calls.
    PowerLoss,
    /// The machine lost power in the middle of a call of the round.
    PowerCut,
    /// Orderly.
    Close,
    /// Killed, opened, and before anything else is done the power goes.
    KillThenPowerLoss,
}

/// Topics that come and go.
const TOPICS: usize = 7;

/// What is known of one log.
#[derive(Clone, Debug, Default)]
struct Promises {
    /// Batches by base offset, as they were read back from the log.
    batches: BTreeMap<i64, Vec<u8>>,
    /// A batch whose append failed on the disk.
    unknown: Option<Vec<u8>>,
    /// Everything below is durable.
    durable: i64,
    /// Highest log start that was asked for.
    start_asked: i64,
    /// The log was flushed at least once, so it may not vanish.
    exists: bool,
}

pub(crate) struct World {
    random: u64,
    disk: MemoryDisk,
    clock: Arc<ManualClock>,
    settings: LogDirSettings,
    dir: Option<(Arc<LogDir>, Committer)>,
    logs: BTreeMap<TopicId, (LogIdentity, Promises)>,
    deleted: Vec<TopicId>,
    next_topic: u128,
    trace: Vec<String>,
}

fn config_of(identity: &LogIdentity) -> Arc<LogConfig> {
    let kind = identity.topic_id.0.as_u128() % 4;
    Arc::new(LogConfig {
        segment_bytes: if kind == 0 { 400_000 } else { 2000 },
        index_interval_bytes: 100,
        retention_bytes: if kind == 1 { 6000 } else { -1 },
        segment_ms: 100_000,
        retention_ms: -1,
        flush_before_ack: kind != 2,
        flush_messages: 20,
        flush_ms: 3000,
        file_delete_delay_ms: 2000,
        ..LogConfig::default()
    })
}

impl World {
    pub(crate) fn new(seed: u64, change: impl Fn(&mut LogDirSettings)) -> World {
        let mut settings = LogDirSettings::new("cluster", BrokerId(1), Uuid::from_u128(1));
        settings.commit_log =
            CommitLogSizes { file_bytes: 64 << 10, extend_bytes: 16 << 10, uncovered_bytes_max: 256 << 10 };
        settings.checkpoint_interval = Duration::from_secs(5);
        settings.checkpoint_logs_per_step = 2;
        settings.retention_check_interval = Duration::from_secs(4);
        settings.recovery_threads = 1;
        settings.reserve_bytes = 4096;
        change(&mut settings);
        let disk = MemoryDisk::new(seed);
        disk.with_faults(|faults| faults.direct_refused = seed.is_multiple_of(3));
        let mut world = World {
            random: seed,
            disk,
            clock: Arc::new(ManualClock::new(1_000_000)),
            settings,
            dir: None,
            logs: BTreeMap::new(),
            deleted: Vec::new(),
            next_topic: 1,
            trace: Vec::new(),
        };
        world.open().expect("an empty directory opens");
        world
    }

    pub(crate) fn pick(&mut self, bound: usize) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.random;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((value ^ (value >> 31)) % bound as u64) as usize
    }

    pub(crate) fn last_calls(&self, count: usize) -> String {
        self.trace[self.trace.len().saturating_sub(count)..].join("\n")
    }

    pub(crate) fn trace(self) -> Vec<String> {
        self.trace
    }

    pub(crate) fn fault_counts(&self) -> FaultCounts {
        self.disk.fault_counts()
    }

    pub(crate) fn cut_power_within(&mut self, operations: usize) {
        let after = self.pick(operations) as u64 + 1;
        self.disk.with_faults(|faults| faults.cut_power_after(after));
    }

    fn dir(&self) -> Arc<LogDir> {
        self.dir.as_ref().expect("open between stops").0.clone()
    }

    /// Does one random thing. Errors are fine: the power may be off.
    pub(crate) fn step(&mut self) {
        match self.pick(20) {
            0..9 => self.append(),
            9..14 => {
                let outcome = self.dir.as_mut().expect("open between stops").1.run_cycle();
                self.note(format!("cycle {outcome:?}"));
            }
            14 | 15 => {
                self.clock.advance(Duration::from_millis(1500));
                self.note("maintain".to_owned());
                let dir = self.dir();
                dir.maintain(self.clock.now_ms(), &|log| log.flushed_offset());
            }
            16 => {
                self.note("checkpoint".to_owned());
                self.dir().checkpoint();
            }
            17 => self.delete_records(),
            18 => self.create(),
            _ => {
                if self.pick(4) == 0 {
                    self.delete();
                }
            }
        }
        self.learn();
    }

    fn note(&mut self, text: String) {
        self.trace.push(text);
    }

    fn create(&mut self) {
        if self.logs.len() >= TOPICS {
            return;
        }
        // The name of a deleted topic is used again.
        let name =
            (0..).map(|n| format!("t{n}")).find(|name| self.logs.values().all(|(id, _)| *id.topic != **name));
        let topic: Arc<str> = Arc::from(name.expect("there are more names than topics"));
        let topic_id = TopicId(Uuid::from_u128(self.next_topic));
        self.next_topic += 1;
        let identity = LogIdentity { topic, topic_id, partition: 0 };
        let created = self.dir().create_log(identity.clone(), config_of(&identity), LeaderEpoch(1));
        self.note(format!("create {identity} {}", created.is_ok()));
        if created.is_ok() {
            self.logs.insert(topic_id, (identity, Promises::default()));
        }
    }

    fn any_log(&mut self) -> Option<(TopicId, Arc<LogHandle>)> {
        if self.logs.is_empty() {
            self.create();
        }
        let nth = self.pick(self.logs.len().max(1));
        let topic_id = *self.logs.keys().nth(nth)?;
        Some((topic_id, self.dir().get(topic_id, 0)?))
    }

    fn append(&mut self) {
        let Some((topic_id, log)) = self.any_log() else { return };
        let large = topic_id.0.as_u128() % 4 == 0 && self.pick(3) == 0;
        let mut builder = BatchBuilder::new(Compression::None);
        for _ in 0..=self.pick(3) {
            let len = if large { 40_000 } else { self.pick(300) };
            let byte = self.pick(256) as u8;
            builder.push(self.clock.now_ms(), Some(b"key"), Some(&vec![byte; len]), &[]);
        }
        let mut bytes = builder.build();
        let now_ms = self.clock.now_ms();
        let options = AppendOptions { leader_epoch: LeaderEpoch(1), origin: AppendOrigin::Client, now_ms };
        let appended = log.append_as_leader(&mut bytes, &options);
        self.note(format!(
            "append {} {:?}",
            log.identity(),
            appended.as_ref().map(|info| info.base_offset).ok()
        ));
        let promises = &mut self.logs.get_mut(&topic_id).expect("picked from it").1;
        match appended {
            Ok(info) => _ = promises.batches.insert(info.base_offset.0, bytes),
            // The power went off in the middle: it may have been written or not.
            Err(AppendError::Storage(_)) => promises.unknown = Some(bytes),
            Err(_) => {}
        }
    }

    fn delete_records(&mut self) {
        let Some((topic_id, log)) = self.any_log() else { return };
        let to = Offset(self.pick(log.flushed_offset().0 as usize + 1) as i64);
        log.advance_log_start_offset(to);
        self.note(format!("delete records of {} below {to}", log.identity()));
        let promises = &mut self.logs.get_mut(&topic_id).expect("picked from it").1;
        promises.start_asked = promises.start_asked.max(to.0);
    }

    fn delete(&mut self) {
        let Some((topic_id, log)) = self.any_log() else { return };
        let deleted = self.dir().delete_log(topic_id, 0);
        self.note(format!("delete {} {}", log.identity(), deleted.is_ok()));
        self.logs.remove(&topic_id);
        if deleted.is_ok() {
            self.deleted.push(topic_id);
        }
    }

    /// Takes down what the directory promises now.
    fn learn(&mut self) {
        let dir = self.dir();
        for (topic_id, (_, promises)) in &mut self.logs {
            let Some(log) = dir.get(*topic_id, 0) else { continue };
            let (relaxed, committed, start) = log
                .with(|log| (!log.config().flush_before_ack, log.committed_offset(), log.log_start_offset()));
            let durable = if relaxed { committed } else { log.flushed_offset() };
            promises.durable = promises.durable.max(durable.0);
            promises.start_asked = promises.start_asked.max(start.0);
            promises.exists |= promises.durable > 0;
        }
    }

    pub(crate) fn stop_and_open(&mut self, stop: Stop) -> Result<(), String> {
        self.note(format!("{stop:?}"));
        let power_was_cut = self.disk.with_faults(|faults| faults.power_is_off());
        let (dir, committer) = self.dir.take().expect("open between stops");
        if stop == Stop::Close {
            dir.close();
        }
        drop(committer);
        let seed = self.pick(usize::MAX) as u64;
        match stop {
            Stop::Kill | Stop::KillThenPowerLoss => self.disk.kill(),
            Stop::PowerLoss | Stop::PowerCut => self.disk.power_loss(seed),
            Stop::Close => {}
        }
        drop(dir);
        let keeps_all = matches!(stop, Stop::Kill | Stop::Close | Stop::KillThenPowerLoss) && !power_was_cut;
        self.open()?;
        self.check(keeps_all)?;
        if stop == Stop::KillThenPowerLoss {
            // What the directory shows as flushed after the kill is a promise, too.
            self.learn();
            for _ in 0..self.pick(3) {
                self.dir.as_mut().expect("opened above").1.run_cycle();
            }
            self.learn();
            self.dir = None;
            self.disk.power_loss(seed);
            self.open()?;
            self.check(false)?;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        let (dir, report) = LogDir::open(
            Arc::new(self.disk.clone()),
            self.clock.clone(),
            PathBuf::from("/kafka/data"),
            self.settings.clone(),
            &config_of,
        )
        .map_err(|error| format!("open failed: {error}"))?;
        self.note(format!("open {report:?}"));
        let committer = dir.committer();
        self.dir = Some((dir, committer));
        if !report.offline.is_empty() || !report.lost.is_empty() || report.missing_frames > 0 {
            return Err(format!("{report:?}"));
        }
        Ok(())
    }

    /// Compares every log with its promises, and forgets what a crash was allowed to take.
    fn check(&mut self, keeps_all: bool) -> Result<(), String> {
        let dir = self.dir();
        if let Some(id) = self.deleted.iter().find(|id| dir.get(**id, 0).is_some()) {
            return Err(format!("deleted topic {id} is back"));
        }
        let mut gone = Vec::new();
        for (topic_id, (identity, promises)) in &mut self.logs {
            match dir.get(*topic_id, 0) {
                Some(log) => {
                    check_log(&log, promises, keeps_all).map_err(|error| format!("{identity}: {error}"))?
                }
                None if promises.exists || keeps_all => return Err(format!("{identity} is gone")),
                None => gone.push(*topic_id),
            }
        }
        for topic_id in gone {
            let (identity, _) = self.logs.remove(&topic_id).expect("listed from it");
            let path = Path::new("/kafka/data").join(identity.to_string());
            if self.disk.exists(&path).map_err(|error| error.to_string())? {
                return Err(format!("{identity} is left behind unknown"));
            }
        }
        // A delete that was under way, or a log that the model does not know, is deleted as a broker would.
        for log in dir.logs() {
            let id = log.identity().topic_id;
            if !self.logs.contains_key(&id) {
                dir.delete_log(id, 0).map_err(|error| error.to_string())?;
            }
        }
        self.learn();
        Ok(())
    }
}

fn check_log(log: &LogHandle, promises: &mut Promises, keeps_all: bool) -> Result<(), String> {
    let (start, end) = log.with(|log| (log.log_start_offset().0, log.log_end_offset().0));
    let appended = promises.batches.values().next_back().map_or(0, |bytes| next_offset(bytes));
    if end < promises.durable || (keeps_all && end != appended) {
        return Err(format!("ends at {end}, {} was flushed, {appended} appended", promises.durable));
    }
    if log.flushed_offset().0 < promises.durable {
        return Err(format!("flushed is {}, was {}", log.flushed_offset(), promises.durable));
    }
    if start > promises.start_asked {
        return Err(format!("starts at {start}, only {} was asked for", promises.start_asked));
    }
    let mut offset = start;
    while offset < end {
        let bytes = read(log, offset, end)?;
        for batch in batches(&bytes) {
            let batch = batch.map_err(|error| format!("unreadable at {offset}: {error}"))?;
            batch.verify_crc().map_err(|error| format!("at {offset}: {error}"))?;
            let base = batch.header.base_offset.0;
            match promises.batches.get(&base) {
                Some(appended) if appended == batch.bytes => {}
                None if promises.unknown.as_deref() == Some(batch.bytes) => {}
                Some(_) => return Err(format!("batch at {base} is not what was appended")),
                None => return Err(format!("batch at {base} was never appended")),
            }
            if base > offset {
                return Err(format!("gap from {offset} to {base}"));
            }
            offset = batch.header.next_offset().0;
        }
    }
    if let Some(bytes) = promises.unknown.take().filter(|bytes| next_offset(bytes) == end) {
        promises.batches.entry(base_offset(&bytes)).or_insert(bytes);
    }
    promises.batches.retain(|base, _| *base < end);
    promises.durable = promises.durable.min(end);
    Ok(())
}

fn read(log: &LogHandle, from: i64, end: i64) -> Result<Vec<u8>, String> {
    let extent = log
        .with(|log| log.read(Offset(from), 1 << 20, true, Offset(end)))
        .map_err(|error| format!("read at {from}: {error}"))?;
    let mut bytes = vec![0; extent.len];
    let count = extent.file.read_at(&mut bytes, extent.position).map_err(|error| error.to_string())?;
    if count == 0 || count < bytes.len() {
        return Err(format!("nothing to read at {from} before {end}"));
    }
    Ok(bytes)
}

fn base_offset(bytes: &[u8]) -> i64 {
    batches(bytes).next().expect("one batch").expect("a batch that was appended").header.base_offset.0
}

fn next_offset(bytes: &[u8]) -> i64 {
    let batch = batches(bytes).next().expect("one batch").expect("a batch that was appended");
    batch.header.next_offset().0
}
