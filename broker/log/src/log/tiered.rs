//! A log whose older records lie in an object store: it has two starts, that of the whole log and that of its segments.
//!
//! `log_start` is where the segments begin, and all that concerns files goes by it. `remote_start` is where readers begin,
//! and is there once older segments were let go, for ever. Invariant: `remote_start <= log_start`; both only move up.

use std::path::PathBuf;
use std::sync::Arc;

use broker_protocol::types::{LeaderEpoch, Offset};

use super::{PartitionLog, write_metadata};
use crate::io::Disk;
use crate::leader_epoch_cache::{EpochEntry, LeaderEpochCache};
use crate::log_config::{LogConfig, LogIdentity};
use crate::log_error::LogError;
use crate::producer_state::ProducerTable;
use crate::segment::{Files, SNAPSHOT_SUFFIX, Segment};

/// Where a log begins of which everything before lies in an object store.
#[derive(Clone, Debug, Default)]
pub struct TieredStart {
    /// First offset that readers may ask for.
    pub log_start: Offset,
    /// Offset of the next record: the log on the disk begins there, and holds nothing.
    pub local_start: Offset,
    /// Leader epochs from `log_start` on.
    pub epochs: Vec<EpochEntry>,
    /// The producers at `local_start`.
    pub producers: ProducerTable,
}

/// A segment on the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SegmentInfo {
    /// First offset.
    pub base_offset: Offset,
    /// Base offset of the segment after it; the log's end for the active one.
    pub next_base: Offset,
    /// Bytes of its batches.
    pub bytes: u64,
    /// Nothing is appended to it any more.
    pub is_sealed: bool,
    /// Largest timestamp of a record, or when it was written if records have none; milliseconds since 1970.
    pub newest_ms: i64,
}

impl PartitionLog {
    /// Makes the directory and an empty segment of a log that goes on where an object store ends. The log is lost in a
    /// crash until a checkpoint has it.
    ///
    /// # Errors
    /// `Io` if the disk fails.
    pub fn create_tiered(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        identity: LogIdentity,
        config: Arc<LogConfig>,
        leader_epoch: LeaderEpoch,
        start: &TieredStart,
    ) -> Result<PartitionLog, LogError> {
        disk.create_dir_all(&dir).map_err(|error| LogError::io(&dir, error))?;
        write_metadata(disk.as_ref(), &dir, &identity)?;
        let base = start.local_start;
        let segment = Segment::create(Files { disk: disk.as_ref(), dir: &dir }, base, 0)?;
        let mut log = PartitionLog::assemble(disk, dir, identity, config);
        log.push_segment(segment);
        (log.log_start, log.log_end) = (base, base);
        (log.committed, log.taken_end) = (base, base);
        log.remote_start = (start.log_start < base).then_some(start.log_start);
        log.epochs = LeaderEpochCache::from_entries(&start.epochs);
        log.epochs_dirty = true;
        log.producers = start.producers.clone();
        log.assign_epoch(leader_epoch);
        Ok(log)
    }

    /// First offset of what is on the disk; readers may ask for older ones, which lie in an object store, from
    /// [`PartitionLog::log_start_offset`] on.
    #[must_use]
    pub fn local_log_start_offset(&self) -> Offset {
        self.log_start
    }

    /// Whether older records than those on the disk lie in an object store only: such a log is never cleaned, since what
    /// is there would not be.
    #[must_use]
    pub fn has_let_go(&self) -> bool {
        self.remote_start.is_some_and(|start| start < self.log_start)
    }

    /// Whether the cleaner has gone through the log: offsets may be missing from it, which no object store takes.
    #[must_use]
    pub fn was_cleaned(&self) -> bool {
        self.clean_below() > Offset(0) || self.swaps() > 0
    }

    /// Where readers begin, if older records than those on the disk were ever let go.
    pub(crate) fn remote_start(&self) -> Option<Offset> {
        self.remote_start
    }

    /// Lets the segments below `to` go from the disk while readers go on to ask for their records, which an object store
    /// holds. They are deleted by a later `maintain`. Returns whether there was anything.
    pub fn release_local(&mut self, to: Offset) -> bool {
        let to = to.min(self.log_end);
        if to <= self.log_start {
            return false;
        }
        self.remote_start.get_or_insert(self.log_start);
        self.log_start = to;
        true
    }

    /// Brings a log that was opened to where it has begun before, for its segments and for readers.
    pub(crate) fn restore_starts(&mut self, local: Option<Offset>, remote: Option<Offset>) {
        let start = local.max(remote).map_or(self.log_start, |start| start.min(self.log_end));
        self.log_start = self.log_start.max(start);
        self.remote_start = remote.map(|remote| remote.min(self.log_start));
        self.epochs_dirty |= self.epochs.truncate_from_start(self.log_start_offset());
    }

    /// The segments on the disk, oldest first.
    #[must_use]
    pub fn segment_infos(&self, now_ms: i64) -> Vec<SegmentInfo> {
        let last = self.segments.len() - 1;
        let info = |index: usize| {
            let age = self.age_of(index, now_ms);
            SegmentInfo {
                base_offset: self.segments[index].base_offset,
                next_base: age.next_base,
                bytes: age.size,
                is_sealed: index < last,
                newest_ms: age.newest_ms,
            }
        };
        (0..=last).map(info).collect()
    }

    /// The producers as they were when the segment that begins at `base` was, in Kafka's format; `None` if that was not
    /// kept.
    #[must_use]
    pub fn producer_snapshot_at(&self, base: Offset) -> Option<Vec<u8>> {
        let at = self.segments.binary_search_by_key(&base, |segment| segment.base_offset).ok()?;
        match &self.segments[at].snapshot {
            Some(bytes) => Some(bytes.to_vec()),
            None => self.disk.read(&self.files().path(base, SNAPSHOT_SUFFIX)).ok(),
        }
    }
}
