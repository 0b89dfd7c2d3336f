//! One partition's log: a list of segments of which the last is appended to.
//!
//! Appends write to the page cache and never sync; the committer asks for what is dirty (`log/durability.rs`), makes it
//! durable and says so. Not thread safe: the owner holds a lock. Broken by a failed write, a log refuses appends until
//! it is opened again; what a failed write left behind is never readable.
//!
//! Invariants: segments are in order of their base offsets and there is always one; `log_start <= log_end`; nothing that
//! readers may ask for begins behind `log_start`; what
//! `committed` is below is durable.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use broker_protocol::types::{LeaderEpoch, Offset};

use crate::io::Disk;
use crate::leader_epoch_cache::{LEADER_EPOCH_CHECKPOINT_FILE, LeaderEpochCache};
use crate::log_config::{LogConfig, LogIdentity};
use crate::log_error::LogError;
use crate::partition_metadata::{self, PARTITION_METADATA_FILE};
use crate::producer_state::{ProducerState, ProducerTable};
use crate::segment::{Files, LOG_SUFFIX, Segment};

mod append;
mod cleaning;
mod commit_view;
mod durability;
mod hints;
mod lookup;
mod open;
mod read;
mod search;
mod tiered;
mod trim;

pub(crate) use cleaning::Settled;
pub use durability::{Dirty, DirtyRange, PreparedCheckpoint, SealedSegment, Unsynced};
pub(crate) use lookup::newest_record;
pub use lookup::{TimedBatch, TimestampOffset};
pub use open::{Cut, OpenReport};
pub use read::{FetchExtent, ReadRange};
pub use search::{Halt, Lookups};
pub use tiered::{SegmentInfo, TieredStart};
pub(crate) use trim::set_aside;

use cleaning::CleaningState;
use hints::Hints;

/// One partition's log; see the file's header.
#[derive(Debug)]
pub struct PartitionLog {
    disk: Arc<dyn Disk>,
    dir: Arc<Path>,
    identity: LogIdentity,
    config: Arc<LogConfig>,
    segments: Vec<Segment>,
    /// Where what is on the disk begins.
    log_start: Offset,
    /// First offset for readers, at `log_start` or before it; `None` for a log that never had older records elsewhere.
    remote_start: Option<Offset>,
    log_end: Offset,
    /// Offset below which everything is durable.
    committed: Offset,
    /// End of what the last `take_dirty` handed out; lowered by truncation.
    taken_end: Offset,
    epochs: LeaderEpochCache,
    /// The epochs changed since their file was written.
    epochs_dirty: bool,
    producers: ProducerTable,
    hints: Hints,
    broken: bool,
    /// Counts changes of the files other than appends: what a look-up has found before one does not count.
    generation: u64,
    cleaning: CleaningState,
}

impl PartitionLog {
    /// Makes the directory, `partition.metadata` and the first segment of a log. The caller makes the directory itself
    /// durable (`Disk::sync_dir` of its parent); its files become so with the first commit.
    ///
    /// # Errors
    /// `Io` if the disk fails.
    pub fn create(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        identity: LogIdentity,
        config: Arc<LogConfig>,
        leader_epoch: LeaderEpoch,
    ) -> Result<PartitionLog, LogError> {
        disk.create_dir_all(&dir).map_err(|error| LogError::io(&dir, error))?;
        write_metadata(disk.as_ref(), &dir, &identity)?;
        let segment = Segment::create(Files { disk: disk.as_ref(), dir: &dir }, Offset(0), 0)?;
        let mut log = PartitionLog::assemble(disk, dir, identity, config);
        log.push_segment(segment);
        log.assign_epoch(leader_epoch);
        Ok(log)
    }

    /// A log without segments: the caller adds them.
    fn assemble(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        identity: LogIdentity,
        config: Arc<LogConfig>,
    ) -> PartitionLog {
        PartitionLog {
            disk,
            dir: dir.into(),
            identity,
            config,
            segments: Vec::new(),
            log_start: Offset(0),
            remote_start: None,
            log_end: Offset(0),
            committed: Offset(0),
            taken_end: Offset(0),
            epochs: LeaderEpochCache::default(),
            epochs_dirty: false,
            producers: ProducerTable::default(),
            hints: Hints::default(),
            broken: false,
            generation: 1,
            cleaning: CleaningState::default(),
        }
    }

    /// Adds a segment without reserving room for more: most logs have one.
    fn push_segment(&mut self, segment: Segment) {
        if self.segments.len() == self.segments.capacity() {
            self.segments.reserve_exact(1 + self.segments.len() / 4);
        }
        self.segments.push(segment);
    }

    /// First offset that readers may ask for: see `log/tiered.rs` for what is not on the disk.
    #[must_use]
    pub fn log_start_offset(&self) -> Offset {
        self.remote_start.unwrap_or(self.log_start)
    }

    /// Offset that the next record gets.
    #[must_use]
    pub fn log_end_offset(&self) -> Offset {
        self.log_end
    }

    /// Offset below which every record is durable.
    #[must_use]
    pub fn committed_offset(&self) -> Offset {
        self.committed
    }

    /// First offset of the oldest transaction that is open or whose end is not below the high watermark yet.
    #[must_use]
    pub fn first_unstable_offset(&self) -> Option<Offset> {
        self.producers.first_unstable_offset().map(|offset| offset.max(self.log_start))
    }

    /// The last stable offset: below it every transaction is decided. Never above `high_watermark`, which must not be
    /// smaller than in an earlier call.
    pub fn last_stable_offset(&mut self, high_watermark: Offset) -> Offset {
        self.producers.forget_ended(high_watermark);
        self.first_unstable_offset().map_or(high_watermark, |offset| offset.min(high_watermark))
    }

    /// Bytes of all segments' batches.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    /// Count of segments, at least 1.
    #[must_use]
    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }

    /// The newest leader epoch, or `LeaderEpoch::NONE`.
    #[must_use]
    pub fn latest_epoch(&self) -> LeaderEpoch {
        self.epochs.latest()
    }

    /// Epoch of the record at `offset`, or `LeaderEpoch::NONE`.
    #[must_use]
    pub fn epoch_for_offset(&self, offset: Offset) -> LeaderEpoch {
        self.epochs.epoch_for_offset(offset).unwrap_or(LeaderEpoch::NONE)
    }

    /// The largest epoch not larger than `epoch`, and the offset after its last record (KIP-101, KIP-279);
    /// (`NONE`, -1) if the log cannot tell.
    #[must_use]
    pub fn epoch_end_offset(&self, epoch: LeaderEpoch) -> (LeaderEpoch, Offset) {
        self.epochs.end_offset_for(epoch, self.log_end)
    }

    /// Begins a leader epoch at the log's end. An epoch that is not newer than the latest changes nothing.
    pub fn assign_epoch(&mut self, epoch: LeaderEpoch) {
        if epoch > LeaderEpoch::NONE && self.epochs.assign(epoch, self.log_end) {
            self.epochs_dirty = true;
        }
    }

    /// Which partition this is.
    #[must_use]
    pub fn identity(&self) -> &LogIdentity {
        &self.identity
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Arc<LogConfig> {
        &self.config
    }

    /// Replaces the settings; they count from the next call on.
    pub fn set_config(&mut self, config: Arc<LogConfig>) {
        self.config = config;
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Tells where the directory is after it was renamed, for example for deletion.
    pub fn set_dir(&mut self, dir: PathBuf) {
        self.dir = dir.into();
        self.generation += 1;
    }

    /// Whether a write failed, so that appends are refused.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Every producer that the log remembers, by id.
    pub fn active_producers(
        &self,
    ) -> impl Iterator<Item = (broker_protocol::types::ProducerId, &ProducerState)> {
        self.producers.iter()
    }

    /// Forgets producers that were idle for `producer.id.expiration.ms` and have no open transaction.
    pub fn expire_producers(&mut self, now_ms: i64) {
        if !self.producers.is_empty() {
            self.producers.expire(now_ms, self.config.producer_id_expiration_ms);
        }
    }

    /// Closes files that hold nothing undurable; they are opened again on use. Returns how many segments still have
    /// theirs open.
    pub fn close_idle(&mut self) -> usize {
        self.segments.iter_mut().for_each(Segment::close_files);
        self.segments.iter().filter(|segment| segment.is_open()).count()
    }

    /// Bytes on the heap, without the path and what is shared.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let own: usize = self.segments.iter().map(Segment::heap_bytes).sum();
        own + self.segments.capacity() * size_of::<Segment>()
            + std::mem::size_of_val(self.epochs.entries())
            + self.producers.len() * (size_of::<ProducerState>() + 32)
    }

    fn files(&self) -> Files<'_> {
        Files { disk: self.disk.as_ref(), dir: &self.dir }
    }

    /// The active segment.
    fn active(&mut self) -> &mut Segment {
        self.segments.last_mut().expect("a log always has a segment")
    }

    /// Index of the segment that holds `offset`, or would.
    fn segment_index(&self, offset: Offset) -> usize {
        self.segments.partition_point(|segment| segment.base_offset <= offset).saturating_sub(1)
    }

    /// Calls `act` with a segment and where its files are.
    fn with_segment<R>(&mut self, index: usize, act: impl FnOnce(&mut Segment, Files<'_>) -> R) -> R {
        let files = Files { disk: self.disk.as_ref(), dir: &self.dir };
        act(&mut self.segments[index], files)
    }

    /// Writes `leader-epoch-checkpoint` if the epochs changed. Not synced: our checkpoint has them too, and recovery
    /// finds them in the batches.
    fn store_epochs(&mut self) -> Result<(), LogError> {
        if !self.epochs_dirty {
            return Ok(());
        }
        let path = self.dir.join(LEADER_EPOCH_CHECKPOINT_FILE);
        write_file(self.disk.as_ref(), &path, self.epochs.encode().as_bytes())
            .map_err(|error| LogError::io(&path, error))?;
        self.epochs_dirty = false;
        Ok(())
    }

    /// Path of the `.log` file of a segment, for messages.
    fn log_path(&self, base_offset: Offset) -> PathBuf {
        self.files().path(base_offset, LOG_SUFFIX)
    }
}

/// Replaces a file's content; neither atomic nor durable.
fn write_file(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = disk.open(path, crate::io::OpenMode::CREATE)?;
    file.set_len(0)?;
    file.write_at(bytes, 0)
}

fn write_metadata(disk: &dyn Disk, dir: &Path, identity: &LogIdentity) -> Result<(), LogError> {
    let path = dir.join(PARTITION_METADATA_FILE);
    let text = partition_metadata::encode(identity.topic_id);
    let written = disk.open(&path, crate::io::OpenMode::CREATE).and_then(|file| {
        file.set_len(0)?;
        file.write_at(text.as_bytes(), 0)?;
        file.sync_data()
    });
    written.map_err(|error| LogError::io(&path, error))
}

#[cfg(test)]
mod tests;
