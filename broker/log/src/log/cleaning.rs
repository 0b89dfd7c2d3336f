//! What a cleaning needs of a log: what may be cleaned, and to have segments replaced by what was made of them.

use std::path::PathBuf;

use broker_protocol::types::Offset;

use super::PartitionLog;
use super::trim::{set_aside, set_aside_file};
use crate::cleaner::filter::LastOffsets;
use crate::cleaner::plan::{Group, LogFacts, SegmentFacts};
use crate::entry_file::{IndexEntry, IndexFault};
use crate::io::Wait;
use crate::log_error::LogError;
use crate::offset_index::OffsetEntry;
use crate::segment::Segment;
use crate::swap_files;
use crate::swap_record::SwapRecord;
use crate::tail_checkpoint::{SegmentSummary, TailCheckpoint};
use crate::time_index::TimeEntry;
use crate::transaction_index::{AbortedTxn, TRANSACTION_INDEX_SUFFIX};

/// What a log remembers of its cleanings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CleaningState {
    /// Up to where a cleaning has gone through it.
    clean_below: Offset,
    /// Number of the last swap that was begun.
    swaps: u64,
    /// Counts truncations: what a cleaning has read before one does not count.
    cuts: u64,
}

/// Up to where segments have left the hands of commits and checkpoints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Settled {
    /// First offset of the last segment in the last durable checkpoint: those before it were sealed and synced then.
    pub(crate) sealed_below: Offset,
    /// LSN of the commit log below which nothing is replayed.
    pub(crate) checkpointed_lsn: u64,
}

impl PartitionLog {
    /// Up to where a cleaning has gone through the log.
    #[must_use]
    pub fn clean_below(&self) -> Offset {
        self.cleaning.clean_below
    }

    /// Number of the last swap of segments.
    pub(crate) fn swaps(&self) -> u64 {
        self.cleaning.swaps
    }

    /// Truncations so far.
    pub(crate) fn cuts(&self) -> u64 {
        self.cleaning.cuts
    }

    pub(super) fn note_cut(&mut self) {
        self.cleaning.cuts += 1;
    }

    pub(super) fn restore_cleaning(&mut self, tail: &TailCheckpoint) {
        (self.cleaning.clean_below, self.cleaning.swaps) = (tail.clean_below, tail.swaps);
    }

    /// Takes the number of the next swap; it is not given a second time.
    pub(crate) fn next_swap(&mut self) -> u64 {
        self.cleaning.swaps += 1;
        self.cleaning.swaps
    }

    /// Swaps of these numbers have been, up to this one.
    pub(crate) fn raise_swaps(&mut self, number: u64) {
        self.cleaning.swaps = self.cleaning.swaps.max(number);
    }

    /// A cleaning has gone through all below `end`. `cuts` is what [`PartitionLog::cuts`] was when it began.
    pub(crate) fn note_cleaned(&mut self, end: Offset, cuts: u64) {
        if self.cleaning.cuts == cuts {
            self.cleaning.clean_below = end;
        }
    }

    /// What the commit log has of a segment is below `lsn`.
    pub(crate) fn note_commit_log(&mut self, segment_base: Offset, lsn: u64) {
        let index = self.segment_index(segment_base);
        let segment = &mut self.segments[index];
        if segment.base_offset == segment_base {
            segment.commit_log_end = segment.commit_log_end.max(lsn);
        }
    }

    /// What the commit log has of any segment is below `lsn`.
    pub(crate) fn note_replayed(&mut self, lsn: u64) {
        self.segments.iter_mut().for_each(|segment| segment.commit_log_end = lsn);
    }

    /// What a plan needs. `stable` is the last stable offset. A segment is settled once it is sealed, synced and in a
    /// durable checkpoint, and no replay would write to its file: from then on its file alone is the segment.
    pub(crate) fn cleaning_facts(&self, settled: &Settled, stable: Offset) -> LogFacts {
        let active = self.segments.len() - 1;
        let facts = |index: usize| {
            let segment = &self.segments[index];
            let end = self.segments[index + 1].base_offset;
            let written_ms = segment.created_ms;
            SegmentFacts {
                base: segment.base_offset,
                next_offset: segment.next_offset,
                end,
                size: segment.size,
                index_bytes: (segment.offsets.len() * OffsetEntry::BYTES) as u64,
                time_index_bytes: (segment.times.len() * TimeEntry::BYTES) as u64,
                newest_ms: if segment.max_timestamp >= 0 { segment.max_timestamp } else { written_ms },
                first_ms: segment.first_timestamp,
                is_settled: end <= settled.sealed_below
                    && segment.commit_log_end <= settled.checkpointed_lsn
                    && self.is_whole(segment),
            }
        };
        LogFacts {
            segments: (0..active).map(facts).collect(),
            active_base: self.segments[active].base_offset,
            log_start: self.log_start,
            log_end: self.log_end,
            clean_below: self.cleaning.clean_below,
            stable: stable.min(self.committed),
            lag_ms_min: self.config.min_compaction_lag_ms,
            lag_ms_max: self.config.max_compaction_lag_ms,
            dirty_ratio_ppm_min: self.config.min_cleanable_dirty_ratio_ppm,
        }
    }

    fn is_whole(&self, segment: &Segment) -> bool {
        segment.synced == segment.size
            && segment.taken == segment.size
            && segment.size > 0
            && segment.next_offset <= self.committed
            && !segment.seal_pending
            && segment.snapshot.is_none()
    }

    /// The last offset of every producer that the log knows: their batches hold the producers' places.
    pub(crate) fn last_offsets(&self) -> LastOffsets {
        let last = |batches: &[crate::producer_state::BatchMetadata]| batches.last().map(|b| b.last_offset);
        self.producers.iter().filter_map(|(id, state)| Some((id.0, last(state.batches())?))).collect()
    }

    /// The aborted transactions whose markers are in these segments. Looks into files.
    ///
    /// # Errors
    /// `Io`, or `Corrupt` if an index is damaged: whoever looks one up next has it made anew.
    pub(crate) fn aborted_in(&self, group: &Group) -> Result<Vec<AbortedTxn>, LogError> {
        let mut aborted = Vec::new();
        for segment in self.segments.iter().filter(|segment| group.holds(segment.base_offset)) {
            aborted.extend(self.markers_of(segment)?);
        }
        Ok(aborted)
    }

    /// The aborted transactions whose markers are in the segment that begins at `base`, in the order of the markers.
    ///
    /// # Errors
    /// As [`PartitionLog::aborted_in`].
    pub fn aborted_of_segment(&self, base: Offset) -> Result<Vec<AbortedTxn>, LogError> {
        let at = self.segments.binary_search_by_key(&base, |segment| segment.base_offset);
        at.map_or(Ok(Vec::new()), |at| self.markers_of(&self.segments[at]))
    }

    fn markers_of(&self, segment: &Segment) -> Result<Vec<AbortedTxn>, LogError> {
        if segment.transactions.len() == 0 {
            return Ok(Vec::new());
        }
        let path = self.files().path(segment.base_offset, TRANSACTION_INDEX_SUFFIX);
        let stored = segment.transactions.in_file().all((self.disk.as_ref(), &path), Wait::Allowed);
        let mut aborted: Vec<AbortedTxn> = stored.map_err(|fault| match fault {
            IndexFault::Damaged => LogError::corrupt(&path, 0, "it does not fit its checksum"),
            IndexFault::Io(error) => LogError::io(&path, error),
        })?;
        aborted.extend_from_slice(segment.transactions.tail());
        Ok(aborted)
    }

    /// When the last of these segments was made, milliseconds since 1970.
    pub(crate) fn created_ms(&self, group: &Group) -> i64 {
        let last = self.segments.iter().rfind(|segment| group.holds(segment.base_offset));
        last.map_or(0, |segment| segment.created_ms)
    }

    /// Whether these segments are still there as they were, one after the other.
    pub(crate) fn has_group(&self, group: &Group) -> bool {
        let own = self.segments.iter().filter(|segment| group.holds(segment.base_offset));
        let own = own.map(|segment| (segment.base_offset, segment.size, segment.next_offset));
        let planned = group.segments.iter().map(|facts| (facts.base, facts.size, facts.next_offset));
        let at = self.segment_index(group.base());
        let end = self.segments.get(at + group.segments.len()).map(|segment| segment.base_offset);
        own.eq(planned) && end == Some(group.end())
    }

    /// The record of a swap of these segments for `segment`.
    pub(crate) fn swap_record(&self, number: u64, group: &Group, segment: &Segment) -> SwapRecord {
        let segment = SegmentSummary::of(segment);
        SwapRecord { number, first: group.base(), end: group.end(), segment }
    }

    /// Puts `segment` in the place of the group, which must be there: see [`PartitionLog::has_group`]. Its files have the
    /// names of a swap. Returns the files that were set aside, to be removed.
    ///
    /// # Errors
    /// `Io`: some files may still have their names, which the swap's record settles when the log is opened.
    pub(crate) fn swap_in(&mut self, group: &Group, segment: Segment) -> Result<Vec<PathBuf>, LogError> {
        let at = self.segment_index(group.base());
        let (base, has_index) = (segment.base_offset, segment.index_sizes().map(|len| len > 0));
        let replaced: Vec<Segment> = self.segments.splice(at..at + group.segments.len(), [segment]).collect();
        self.files_changed();
        let mut aside = Vec::new();
        for old in replaced[1..].iter().rev() {
            set_aside(self.files(), old.base_offset, &mut aside)?;
        }
        let stale = self.segments[at].index_paths(self.files()).into_iter().zip(has_index);
        for (path, _) in stale.filter(|(_, has_index)| !has_index) {
            set_aside_file(self.files(), path, &mut aside)?;
        }
        swap_files::to_place(self.files(), base)?;
        Ok(aside)
    }
}
