//! Compaction: of the records of one key only the last one stays, in logs whose `cleanup.policy` says so.
//!
//! One cleaning: the dirtiest log is chosen (`plan.rs`), the last offset of every key among its dirty records is noted
//! (`offset_map.rs`), its segments are written anew without the records that have a later one (`rewrite.rs`,
//! `filter.rs`), and take the place of the old ones (`manager/swapping.rs`). It goes on in small steps, which a thread
//! takes in production and a task in simulation. What it needs much memory for, it has only while a cleaning is under way.

mod figures;
pub(crate) mod filter;
mod key_hash;
mod offset_map;
pub(crate) mod plan;
pub(crate) mod rewrite;
pub(crate) mod run;
mod segment_reader;
pub(crate) mod thread;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use broker_protocol::types::Offset;

pub(crate) use figures::CleanerFigures;
pub use figures::CleanerTotals;

use self::key_hash::KeyHash;
use self::offset_map::MapLimits;
use self::plan::{Cleanable, LogFacts, dirtiest};
use self::run::{Progress, Run};
use crate::handle::LogHandle;
use crate::log::{PartitionLog, Settled};
use crate::manager::{LogDir, LogKey};

/// Pause after a cleaning that the disk had no room for.
const NO_ROOM_PAUSE: Duration = Duration::from_secs(60);

/// Shortest pause while there is nothing to clean.
const BACKOFF_MIN: Duration = Duration::from_millis(1);

/// Bytes read at once at least.
const READ_BYTES_MIN: usize = 64 << 10;

/// How cleanings are done. Asked for before each step, so that they may change at run time.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CleanerSettings {
    /// `log.cleaner.dedupe.buffer.size`: bytes for the offsets of keys.
    pub dedupe_buffer_bytes: u64,
    /// `log.cleaner.io.buffer.load.factor`: share of these that may be used, above 0 and at most 1.
    pub load_factor: f64,
    /// `log.cleaner.io.buffer.size`: bytes for reading and writing.
    pub io_buffer_bytes: usize,
    /// `log.cleaner.io.max.bytes.per.second`: bytes read and written a second.
    pub bytes_per_second_max: f64,
    /// `log.cleaner.backoff.ms`: pause while there is nothing to clean.
    pub backoff: Duration,
}

impl Default for CleanerSettings {
    fn default() -> CleanerSettings {
        CleanerSettings {
            dedupe_buffer_bytes: 128 << 20,
            load_factor: 0.9,
            io_buffer_bytes: 512 << 10,
            bytes_per_second_max: f64::MAX,
            backoff: Duration::from_secs(15),
        }
    }
}

/// What a cleaner asks of those who run it.
pub trait CleanerSeams: Send {
    /// The settings in force.
    fn settings(&self) -> CleanerSettings;
    /// The last stable offset of a log: nothing at or above it is cleaned.
    fn last_stable_offset(&self, log: &LogHandle) -> Offset;
}

/// Cleans the logs of a directory, one at a time. One per directory.
pub struct Cleaner {
    dir: Arc<LogDir>,
    seams: Box<dyn CleanerSeams>,
    hash: KeyHash,
    run: Option<Box<Run>>,
    /// Logs with damage, and the segment that it is in: they wait until that is gone, or for a restart.
    uncleanable: BTreeMap<LogKey, Offset>,
    /// Compacted logs of which an object store has the older records: they stay as they are.
    let_go: BTreeSet<LogKey>,
}

impl std::fmt::Debug for Cleaner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cleaner").field("dir", &self.dir.path()).finish_non_exhaustive()
    }
}

impl Cleaner {
    /// A cleaner; `secret` is random.
    #[must_use]
    pub fn new(dir: Arc<LogDir>, seams: Box<dyn CleanerSeams>, secret: (u64, u64)) -> Cleaner {
        let (uncleanable, let_go) = (BTreeMap::new(), BTreeSet::new());
        Cleaner { dir, seams, hash: KeyHash::new(secret), run: None, uncleanable, let_go }
    }

    /// Does a little, for which it may have to wait for the disk. Answers how long to wait before the next step.
    pub fn step(&mut self) -> Duration {
        let settings = self.seams.settings();
        let settings = CleanerSettings { backoff: settings.backoff.max(BACKOFF_MIN), ..settings };
        if !self.dir.shared().takes_appends() {
            self.stop();
            return settings.backoff;
        }
        let began = self.dir.shared().clock.monotonic();
        self.dir.shared().cleaner.stepped(began);
        let Some(mut run) = self.run.take() else { return self.begin(&settings) };
        let wanted = (settings.io_buffer_bytes / 2).max(READ_BYTES_MIN);
        let (moved, progress) = run.step(&self.dir, wanted);
        match progress {
            Progress::Goes => self.run = Some(run),
            Progress::Done => run.report(&self.dir),
            Progress::GivenUp => {
                run.drop_files(&self.dir);
                return settings.backoff;
            }
            Progress::Damaged(base) => {
                run.drop_files(&self.dir);
                self.uncleanable.insert(run.key(), base);
            }
            Progress::NoRoom => {
                run.drop_files(&self.dir);
                return NO_ROOM_PAUSE.max(settings.backoff);
            }
        }
        let took = self.dir.shared().clock.monotonic().saturating_sub(began);
        let due = moved as f64 / settings.bytes_per_second_max.max(1.0);
        Duration::try_from_secs_f64(due).unwrap_or(NO_ROOM_PAUSE).saturating_sub(took)
    }

    /// Whether a cleaning is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.run.is_some()
    }

    /// Drops what is under way; it begins anew another time.
    pub fn stop(&mut self) {
        if let Some(mut run) = self.run.take() {
            run.drop_files(&self.dir);
        }
    }

    /// Looks for a log to clean.
    fn begin(&mut self, settings: &CleanerSettings) -> Duration {
        let shared = self.dir.shared().clone();
        let (now_ms, now) = (shared.clock.now_ms(), shared.clock.monotonic());
        let settled_lsn = shared.checkpointed_lsn.load(Ordering::Acquire);
        let logs = self.dir.logs();
        self.note_let_go(&logs);
        let candidates: Vec<_> = logs
            .into_iter()
            .filter_map(|handle| {
                let facts = facts_of(&handle, settled_lsn, self.seams.as_ref())?;
                let cleanable = Cleanable::of(&facts, now_ms);
                Some((handle, facts, cleanable))
            })
            .collect();
        self.forget_uncleanable(&candidates);
        let is_cleanable = |handle: &LogHandle| !self.uncleanable.contains_key(&key_of(handle));
        let dirtiest_ppm = candidates
            .iter()
            .filter(|(handle, ..)| is_cleanable(handle))
            .map(|(_, _, cleanable)| cleanable.dirty_ppm())
            .max();
        shared.cleaner.looked(dirtiest_ppm.unwrap_or(0), self.uncleanable.len() + self.let_go.len());
        let due = candidates.into_iter().filter(|(handle, facts, cleanable)| {
            is_cleanable(handle) && cleanable.is_due(facts.dirty_ratio_ppm_min)
        });
        let due = due.map(|(handle, facts, cleanable)| ((handle, facts), cleanable));
        let Some(((handle, facts), cleanable)) = dirtiest(due) else { return settings.backoff };
        if shared.lacks_room() {
            return settings.backoff;
        }
        let limits = MapLimits { bytes: settings.dedupe_buffer_bytes, load_factor: settings.load_factor };
        self.run = Some(Box::new(Run::new(handle, facts, cleanable, &limits, self.hash, (now_ms, now))));
        Duration::ZERO
    }

    /// Tells once of each log that is to be compacted and has let go of records.
    fn note_let_go(&mut self, logs: &[Arc<LogHandle>]) {
        let is_held = |log: &mut PartitionLog| log.config().cleanup.compact && log.has_let_go();
        let held: Vec<_> = logs.iter().filter(|handle| handle.with(is_held)).collect();
        for handle in held.iter().filter(|handle| !self.let_go.contains(&key_of(handle))) {
            let (topic, partition) = (&*handle.identity().topic, handle.identity().partition);
            tracing::error!(
                topic,
                partition,
                "the log is not compacted, although cleanup.policy says so: its older records lie in an object store only"
            );
        }
        self.let_go = held.into_iter().map(|handle| key_of(handle)).collect();
    }

    /// Logs whose damaged segment is gone may be tried again.
    fn forget_uncleanable(&mut self, candidates: &[(Arc<LogHandle>, LogFacts, Cleanable)]) {
        self.uncleanable.retain(|key, base| {
            let log = candidates.iter().find(|(handle, ..)| key_of(handle) == *key);
            log.is_some_and(|(_, facts, _)| facts.segments.iter().any(|segment| segment.base == *base))
        });
    }
}

/// Whether the cleaner may take records out of a log.
pub(crate) fn may_clean(log: &PartitionLog) -> bool {
    log.config().cleanup.compact && !log.has_let_go()
}

pub(crate) fn key_of(handle: &LogHandle) -> LogKey {
    (handle.identity().topic_id, handle.identity().partition)
}

/// What a plan needs of a log; `None` if it is not compacted, or must not be cleaned now.
fn facts_of(handle: &LogHandle, checkpointed_lsn: u64, seams: &dyn CleanerSeams) -> Option<LogFacts> {
    let may_clean = |log: &mut PartitionLog| may_clean(log) && log.segment_count() > 1 && !log.is_broken();
    if !handle.with(may_clean) {
        return None;
    }
    let sealed_below = {
        let commit = handle.commit_state();
        // The commit log may have a truncation that names a position.
        if commit.deleted || commit.truncated_at.is_some() || !commit.is_checkpointed {
            return None;
        }
        commit.sealed_below
    };
    let stable = seams.last_stable_offset(handle);
    let settled = Settled { sealed_below, checkpointed_lsn };
    Some(handle.with(|log| log.cleaning_facts(&settled, stable)))
}
