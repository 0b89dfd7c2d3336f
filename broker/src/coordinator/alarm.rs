//! The one clock of all shards: sleeps until the earliest deadline, and is woken when an earlier one appears.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// Times are milliseconds of the steady clock.
#[derive(Debug)]
pub(super) struct Alarm {
    set_for_ms: AtomicI64,
    earlier: Notify,
}

impl Default for Alarm {
    fn default() -> Self {
        Alarm { set_for_ms: AtomicI64::new(i64::MAX), earlier: Notify::new() }
    }
}

impl Alarm {
    /// Deadlines are about to be looked at: any that appears from here on rings.
    pub(super) fn reset(&self) {
        self.set_for_ms.store(i64::MAX, Ordering::SeqCst);
    }

    /// A shard has something to do at `at_ms`.
    pub(super) fn not_later_than(&self, at_ms: i64) {
        if at_ms < self.set_for_ms.fetch_min(at_ms, Ordering::SeqCst) {
            self.earlier.notify_one();
        }
    }

    /// Returns at `at_ms`, or when something earlier was set; `None` waits for that alone.
    pub(super) async fn wait_until(&self, at_ms: Option<i64>, now_ms: i64) {
        let Some(at_ms) = at_ms else { return self.earlier.notified().await };
        self.set_for_ms.fetch_min(at_ms, Ordering::SeqCst);
        let Ok(wait_ms) = u64::try_from(at_ms.saturating_sub(now_ms)) else { return };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
            () = self.earlier.notified() => {}
        }
    }
}
