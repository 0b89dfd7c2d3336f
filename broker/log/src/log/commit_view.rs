//! What the directory asks of a log beyond its records: where it ends, and where its segments begin.

use broker_protocol::types::Offset;

use super::PartitionLog;

impl PartitionLog {
    /// The active segment's base offset, its bytes, and the log's end offset.
    #[must_use]
    pub fn end_position(&self) -> (Offset, u64, Offset) {
        let active = self.segments.last().expect("a log always has a segment");
        (active.base_offset, active.size, self.log_end)
    }

    /// Where the log starts once the oldest `count` segments are gone.
    #[must_use]
    pub fn start_after(&self, count: usize) -> Offset {
        self.segments.get(count).map_or(self.log_end, |segment| segment.base_offset)
    }

    /// How many of the oldest segments hold nothing at or above `offset`.
    #[must_use]
    pub fn segments_before(&self, offset: Offset) -> usize {
        let count =
            (0..self.segments.len()).take_while(|&index| self.start_after(index + 1) <= offset).count();
        let active_is_empty = self.segments.last().is_none_or(|active| active.size == 0);
        if active_is_empty { count.min(self.segments.len() - 1) } else { count }
    }
}
