//! What may be cleaned, which log is cleaned next, and which segments become one. Pure.
//!
//! ```text
//! log start          first dirty            end        active
//!     |--- clean ---------|------ dirty ------|-- stays ---|
//! ```
//! Clean is what an earlier cleaning has gone through. Everything below the end is rewritten; what stays may still change,
//! or was written too lately.

use broker_protocol::types::Offset;

/// What counts of a segment, the active one excepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SegmentFacts {
    /// Its first offset.
    pub(crate) base: Offset,
    /// Offset after its last batch.
    pub(crate) next_offset: Offset,
    /// First offset of the segment after it.
    pub(crate) end: Offset,
    /// Bytes of its batches.
    pub(crate) size: u64,
    /// Bytes of its offset index.
    pub(crate) index_bytes: u64,
    /// Bytes of its time index.
    pub(crate) time_index_bytes: u64,
    /// Largest timestamp of its records, or when it was made if they have none; milliseconds since 1970.
    pub(crate) newest_ms: i64,
    /// Largest timestamp of its first batch, -1 for none.
    pub(crate) first_ms: i64,
    /// Nothing but its own file has a part in it: see `PartitionLog::cleaning_facts`.
    pub(crate) is_settled: bool,
}

/// What counts of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LogFacts {
    /// Its segments but for the active one, in order.
    pub(crate) segments: Vec<SegmentFacts>,
    /// First offset of the active segment.
    pub(crate) active_base: Offset,
    /// First offset for readers.
    pub(crate) log_start: Offset,
    /// Offset after the last record.
    pub(crate) log_end: Offset,
    /// Up to where an earlier cleaning has come.
    pub(crate) clean_below: Offset,
    /// Nothing at or above it is decided: the last stable offset, and what is durable.
    pub(crate) stable: Offset,
    /// `min.compaction.lag.ms`.
    pub(crate) lag_ms_min: i64,
    /// `max.compaction.lag.ms`.
    pub(crate) lag_ms_max: i64,
    /// `min.cleanable.dirty.ratio` in millionths.
    pub(crate) dirty_ratio_ppm_min: u32,
}

/// What of a log may be cleaned now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cleanable {
    /// First offset that no cleaning has gone through.
    pub(crate) first_dirty: Offset,
    /// Offset behind all that may be cleaned.
    pub(crate) end: Offset,
    /// Bytes of segments below the first dirty offset.
    pub(crate) clean_bytes: u64,
    /// Bytes of segments from there up to the end.
    pub(crate) dirty_bytes: u64,
    /// The oldest dirty record has waited for `max.compaction.lag.ms`.
    pub(crate) is_overdue: bool,
}

impl Cleanable {
    /// What of a log may be cleaned at `now_ms`.
    pub(crate) fn of(log: &LogFacts, now_ms: i64) -> Cleanable {
        let is_known = (log.log_start..=log.log_end).contains(&log.clean_below);
        let first_dirty = if is_known { log.clean_below } else { log.log_start };
        let dirty = || log.segments.iter().filter(|segment| segment.end > first_dirty);
        let newest_allowed_ms = now_ms.saturating_sub(log.lag_ms_min.max(0));
        let is_too_new =
            |segment: &&SegmentFacts| log.lag_ms_min > 0 && segment.newest_ms > newest_allowed_ms;
        let too_new = dirty().find(is_too_new).map(|segment| segment.base);
        let unsettled = log.segments.iter().find(|segment| !segment.is_settled).map(|segment| segment.base);
        let bounds = [Some(log.active_base), Some(log.stable), too_new, unsettled];
        let end = bounds.into_iter().flatten().min().unwrap_or(first_dirty).max(first_dirty);
        let below_end = |segment: &&SegmentFacts| segment.base < end;
        let oldest_ms = dirty().filter(below_end).map(|segment| segment.first_ms).filter(|&ms| ms >= 0).min();
        let lag_ms_max = log.lag_ms_max.max(log.lag_ms_min);
        Cleanable {
            first_dirty,
            end,
            clean_bytes: log.segments.iter().filter(|s| s.end <= first_dirty).map(|s| s.size).sum(),
            dirty_bytes: dirty().filter(below_end).map(|segment| segment.size).sum(),
            is_overdue: oldest_ms.is_some_and(|oldest_ms| now_ms.saturating_sub(oldest_ms) > lag_ms_max),
        }
    }

    /// The dirty share of all that a cleaning would go through, in millionths.
    pub(crate) fn dirty_ppm(&self) -> u32 {
        let (dirty, total) = (u128::from(self.dirty_bytes), u128::from(self.dirty_bytes + self.clean_bytes));
        u32::try_from((dirty * 1_000_000).checked_div(total).unwrap_or(0)).unwrap_or(1_000_000)
    }

    /// Whether it is worth cleaning a log with this `min.cleanable.dirty.ratio`, or has to be done.
    pub(crate) fn is_due(&self, dirty_ratio_ppm_min: u32) -> bool {
        self.end > self.first_dirty
            && self.dirty_bytes > 0
            && (self.is_overdue || self.dirty_ppm() > dirty_ratio_ppm_min)
    }
}

/// The dirtiest of the logs that are due; the first of several.
pub(crate) fn dirtiest<T>(due: impl Iterator<Item = (T, Cleanable)>) -> Option<(T, Cleanable)> {
    let mut dirtiest: Option<(T, Cleanable)> = None;
    for (log, cleanable) in due {
        if dirtiest.as_ref().is_none_or(|(_, most)| cleanable.dirty_ppm() > most.dirty_ppm()) {
            dirtiest = Some((log, cleanable));
        }
    }
    dirtiest
}

/// How large the segments may be that a cleaning makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct GroupLimits {
    /// `segment.bytes`.
    pub(crate) segment_bytes: u64,
    /// `segment.index.bytes`, for the offset index and for the time index.
    pub(crate) index_bytes: u64,
}

/// Segments that follow each other and become one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Group {
    /// At least one.
    pub(crate) segments: Vec<SegmentFacts>,
}

impl Group {
    /// First offset, which is in the name of what they become.
    pub(crate) fn base(&self) -> Offset {
        self.segments[0].base
    }

    fn last(&self) -> &SegmentFacts {
        self.segments.last().expect("a group has a segment")
    }

    /// Offset after the last batch.
    pub(crate) fn next_offset(&self) -> Offset {
        self.last().next_offset
    }

    /// First offset of the segment after them.
    pub(crate) fn end(&self) -> Offset {
        self.last().end
    }

    /// Whether a segment of the log that begins at `base` is among them.
    pub(crate) fn holds(&self, base: Offset) -> bool {
        (self.base()..self.end()).contains(&base)
    }

    /// Bytes of their batches.
    pub(crate) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    fn takes(&self, next: &SegmentFacts, limits: &GroupLimits) -> bool {
        let with_next = |of: fn(&SegmentFacts) -> u64| self.segments.iter().map(of).sum::<u64>() + of(next);
        // The indexes have 31 bits for an offset; a difference of two offsets may be larger than that.
        let span = next.next_offset.0.saturating_sub(1).saturating_sub(self.base().0);
        with_next(|segment| segment.size) <= limits.segment_bytes
            && with_next(|segment| segment.index_bytes) <= limits.index_bytes
            && with_next(|segment| segment.time_index_bytes) <= limits.index_bytes
            && span <= i64::from(i32::MAX)
    }
}

/// The segments that hold anything below `end`, as many together as fit the limits.
pub(crate) fn groups(segments: &[SegmentFacts], end: Offset, limits: &GroupLimits) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for segment in segments.iter().filter(|segment| segment.base < end) {
        match groups.last_mut() {
            Some(group) if group.takes(segment, limits) => group.segments.push(*segment),
            _ => groups.push(Group { segments: vec![*segment] }),
        }
    }
    groups
}

#[cfg(test)]
mod tests;
