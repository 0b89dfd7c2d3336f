//! A clock whose wall time jumps; its monotonic time goes on, faster if the test wants.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use broker_log::io::Clock;
use broker_log::io::local_disk::SystemClock;

/// The system's clock, set wrong by some milliseconds, and later by some more of its monotonic time.
#[derive(Debug)]
pub(crate) struct JumpingClock {
    system: SystemClock,
    wrong_by_ms: AtomicI64,
    skipped_ms: AtomicU64,
}

impl JumpingClock {
    /// A clock that is right.
    pub(crate) fn new() -> JumpingClock {
        JumpingClock {
            system: SystemClock::new(),
            wrong_by_ms: AtomicI64::new(0),
            skipped_ms: AtomicU64::new(0),
        }
    }

    /// Lets so much monotonic time pass at once. Timers of the runtime know nothing of it.
    pub(crate) fn skip(&self, time: Duration) {
        self.skipped_ms.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// Sets it to the right time and so many milliseconds; below 0 it is late.
    pub(crate) fn set_wrong_by(&self, ms: i64) {
        self.wrong_by_ms.store(ms, Ordering::Relaxed);
    }
}

impl Clock for JumpingClock {
    fn now_ms(&self) -> i64 {
        self.system.now_ms() + self.wrong_by_ms.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        self.system.monotonic() + Duration::from_millis(self.skipped_ms.load(Ordering::Relaxed))
    }
}
