//! The clock of the simulated machine: the simulation's time, and a wall clock that may jump.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use broker_log::io::Clock;

/// Where the wall clock stands when a simulation begins: 2026-01-01.
const START_MS: i64 = 1_767_225_600_000;

/// Time that the simulation moves on, a millisecond at a time.
#[derive(Debug, Default)]
pub struct SimClock {
    elapsed_ms: AtomicU64,
    offset_ms: AtomicI64,
    skipped_ms: AtomicU64,
}

impl SimClock {
    /// Sets the time since the simulation began.
    pub fn set_elapsed_ms(&self, elapsed_ms: u64) {
        self.elapsed_ms.store(elapsed_ms, Ordering::Relaxed);
    }

    /// Milliseconds since the simulation began.
    #[must_use]
    pub fn elapsed_ms(&self) -> u64 {
        self.elapsed_ms.load(Ordering::Relaxed)
    }

    /// Sets how far the wall clock is ahead of the truth.
    pub fn set_offset_ms(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::Relaxed);
    }

    /// Moves the wall clocks of all machines on, as if time had passed in which nothing happened.
    pub fn skip_ms(&self, ms: u64) {
        self.skipped_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// The wall clock of a machine whose clock is right.
    #[must_use]
    pub fn true_now_ms(&self) -> i64 {
        let passed_ms = self.elapsed_ms() + self.skipped_ms.load(Ordering::Relaxed);
        START_MS + i64::try_from(passed_ms).expect("a simulation is shorter than an age")
    }
}

impl Clock for SimClock {
    fn now_ms(&self) -> i64 {
        self.true_now_ms() + self.offset_ms.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.elapsed_ms())
    }
}
