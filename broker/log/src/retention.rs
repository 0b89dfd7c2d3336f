//! Which segments may go: by age, by size, and because the log starts behind them. Pure.
//!
//! Only a prefix of the log ever goes, and nothing at or above the high watermark.

use broker_protocol::types::Offset;

/// What retention needs to know of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SegmentAge {
    /// Base offset of the segment after it; the log's end for the active one.
    pub next_base: Offset,
    /// Bytes.
    pub size: u64,
    /// Largest timestamp of a record, or when it was written if records have none; milliseconds since 1970.
    pub newest_ms: i64,
}

/// The limits and the moment at which they are applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetentionLimits {
    /// Wall clock, milliseconds since 1970.
    pub now_ms: i64,
    /// `retention.ms`, -1 for none; not applied unless the cleanup policy is to delete.
    pub retention_ms: i64,
    /// `retention.bytes`, -1 for none; not applied unless the cleanup policy is to delete.
    pub retention_bytes: i64,
    /// First offset of the log.
    pub log_start: Offset,
    /// Nothing at or above it goes.
    pub high_watermark: Offset,
}

/// Count of the oldest `segments` that may go. All of them may; an empty active segment is kept.
#[must_use]
pub fn deletable(segments: &[SegmentAge], limits: &RetentionLimits) -> usize {
    let total: u64 = segments.iter().map(|segment| segment.size).sum();
    let mut excess = match u64::try_from(limits.retention_bytes) {
        Ok(retention_bytes) => total.saturating_sub(retention_bytes),
        Err(_) => 0,
    };
    let mut count = 0;
    for segment in segments {
        let is_empty_active = segment.size == 0 && count + 1 == segments.len();
        if is_empty_active || segment.next_base > limits.high_watermark {
            break;
        }
        let age_ms = limits.now_ms.saturating_sub(segment.newest_ms);
        let expired = limits.retention_ms >= 0 && age_ms > limits.retention_ms;
        let surplus = limits.retention_bytes >= 0 && excess >= segment.size && excess > 0;
        let before_start = segment.next_base <= limits.log_start && count + 1 < segments.len();
        if !(expired || surplus || before_start) {
            break;
        }
        excess = excess.saturating_sub(segment.size);
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_LIMIT: RetentionLimits = RetentionLimits {
        now_ms: 1000,
        retention_ms: -1,
        retention_bytes: -1,
        log_start: Offset(0),
        high_watermark: Offset(30),
    };

    /// Segments of 10 records and 100 bytes, the newest record of each at 100, 200, 300 ms.
    fn segments() -> [SegmentAge; 3] {
        [1, 2, 3].map(|n| SegmentAge { next_base: Offset(n * 10), size: 100, newest_ms: n * 100 })
    }

    #[test]
    fn without_limits_nothing_goes() {
        assert_eq!(deletable(&segments(), &NO_LIMIT), 0);
    }

    #[test]
    fn segments_go_once_their_newest_record_is_too_old() {
        let older_than = |retention_ms| deletable(&segments(), &RetentionLimits { retention_ms, ..NO_LIMIT });
        assert_eq!(older_than(900), 0);
        assert_eq!(older_than(899), 1);
        assert_eq!(older_than(0), 3);
    }

    #[test]
    fn segments_go_while_the_rest_still_has_the_retained_size() {
        let down_to =
            |retention_bytes| deletable(&segments(), &RetentionLimits { retention_bytes, ..NO_LIMIT });
        assert_eq!(down_to(300), 0);
        assert_eq!(down_to(201), 0);
        assert_eq!(down_to(200), 1);
        assert_eq!(down_to(0), 3);
    }

    #[test]
    fn segments_before_the_log_start_go_but_not_the_active_one() {
        let starting =
            |start| deletable(&segments(), &RetentionLimits { log_start: Offset(start), ..NO_LIMIT });
        assert_eq!(starting(9), 0);
        assert_eq!(starting(10), 1);
        assert_eq!(starting(30), 2);
    }

    #[test]
    fn nothing_at_or_above_the_high_watermark_goes() {
        let limits = RetentionLimits { retention_ms: 0, high_watermark: Offset(19), ..NO_LIMIT };
        assert_eq!(deletable(&segments(), &limits), 1);
    }

    #[test]
    fn empty_active_segment_stays() {
        let mut segments = segments();
        segments[2].size = 0;
        assert_eq!(deletable(&segments, &RetentionLimits { retention_ms: 0, ..NO_LIMIT }), 2);
    }
}
