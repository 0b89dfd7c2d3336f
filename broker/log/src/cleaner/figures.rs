//! What the cleaner has done, for metrics. Written by the cleaner, read by whoever asks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters and the latest values.
#[derive(Debug, Default)]
pub(crate) struct CleanerFigures {
    cleanings: AtomicU64,
    read_bytes: AtomicU64,
    written_bytes: AtomicU64,
    recopied_ppm: AtomicU64,
    dirty_ppm_max: AtomicU64,
    uncleanable: AtomicU64,
    /// Monotonic time of the last step plus one, in nanoseconds; 0 before the first.
    stepped_ns: AtomicU64,
}

/// What [`CleanerFigures`] say at one moment.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct CleanerTotals {
    /// Cleanings that came to their end.
    pub cleanings: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes written.
    pub written_bytes: u64,
    /// Of the bytes that the last cleaning has rewritten, the share that was left, in percent.
    pub recopied_percent: f64,
    /// The largest dirty share of a log at the last look, in percent.
    pub dirty_percent_max: f64,
    /// Logs that damage keeps from being cleaned, or records that lie in an object store only.
    pub uncleanable_partitions: u64,
    /// Time since the cleaner last did something, or looked for something to do; `None` if it never has.
    pub since_last_step: Option<Duration>,
}

impl CleanerFigures {
    pub(crate) fn stepped(&self, now: Duration) {
        let now_ns = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX - 1);
        self.stepped_ns.store(now_ns + 1, Ordering::Relaxed);
    }

    pub(crate) fn looked(&self, dirty_ppm_max: u32, uncleanable: usize) {
        self.dirty_ppm_max.store(u64::from(dirty_ppm_max), Ordering::Relaxed);
        self.uncleanable.store(uncleanable as u64, Ordering::Relaxed);
    }

    pub(crate) fn moved(&self, read: u64, written: u64) {
        self.read_bytes.fetch_add(read, Ordering::Relaxed);
        self.written_bytes.fetch_add(written, Ordering::Relaxed);
    }

    pub(crate) fn cleaned(&self, bytes_before: u64, bytes_after: u64) {
        self.cleanings.fetch_add(1, Ordering::Relaxed);
        let ppm = (u128::from(bytes_after) * 1_000_000).checked_div(u128::from(bytes_before)).unwrap_or(0);
        self.recopied_ppm.store(u64::try_from(ppm).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// All of them; `now` is of the monotonic clock.
    #[must_use]
    pub(crate) fn totals(&self, now: Duration) -> CleanerTotals {
        let load = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        let percent = |ppm: u64| ppm as f64 / 10_000.0;
        let stepped = load(&self.stepped_ns).checked_sub(1).map(Duration::from_nanos);
        CleanerTotals {
            cleanings: load(&self.cleanings),
            read_bytes: load(&self.read_bytes),
            written_bytes: load(&self.written_bytes),
            recopied_percent: percent(load(&self.recopied_ppm)),
            dirty_percent_max: percent(load(&self.dirty_ppm_max)),
            uncleanable_partitions: load(&self.uncleanable),
            since_last_step: stepped.map(|stepped| now.saturating_sub(stepped)),
        }
    }
}
