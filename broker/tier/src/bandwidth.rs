//! A limit on bytes a second, shared by all who copy.

use std::sync::Arc;
use std::time::Duration;

use broker_log::io::Clock;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// How much may be sent when. Pure.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TokenBucket {
    bytes_per_second: u64,
    /// Moment up to which what was granted takes the whole rate.
    spent_until: Duration,
}

impl TokenBucket {
    /// A bucket that is full.
    #[must_use]
    pub fn new(bytes_per_second: u64) -> TokenBucket {
        TokenBucket { bytes_per_second: bytes_per_second.max(1), spent_until: Duration::ZERO }
    }

    /// Grants bytes and tells how long to wait before they are sent. Up to a second that was not used is made up for.
    pub fn take(&mut self, bytes: u64, now: Duration) -> Duration {
        let begin = self.spent_until.max(now.saturating_sub(Duration::from_secs(1)));
        let takes = Duration::try_from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        self.spent_until = begin.saturating_add(takes.unwrap_or(Duration::MAX));
        self.spent_until.saturating_sub(now)
    }
}

/// The limit; see the file's header.
#[derive(Debug)]
pub struct Bandwidth {
    clock: Arc<dyn Clock>,
    bucket: Mutex<Option<TokenBucket>>,
    changed: Notify,
}

impl Bandwidth {
    /// A limit, or none.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, bytes_per_second: Option<u64>) -> Bandwidth {
        Bandwidth {
            clock,
            bucket: Mutex::new(bytes_per_second.map(TokenBucket::new)),
            changed: Notify::new(),
        }
    }

    /// Replaces the limit, also for those who wait already.
    pub fn set(&self, bytes_per_second: Option<u64>) {
        *self.bucket.lock() = bytes_per_second.map(TokenBucket::new);
        self.changed.notify_waiters();
    }

    /// Waits until so many bytes may be sent.
    pub async fn wait_for(&self, bytes: u64) {
        loop {
            // From here on, no change is missed.
            let changed = self.changed.notified();
            let wait = {
                let now = self.clock.monotonic();
                self.bucket.lock().as_mut().map(|bucket| bucket.take(bytes, now))
            };
            let Some(wait) = wait.filter(|wait| !wait.is_zero()) else { return };
            if tokio::time::timeout(wait, changed).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use broker_log::io::memory_disk::ManualClock;

    use super::*;

    #[test]
    fn bytes_take_their_time_and_a_pause_is_made_up_for_by_a_second() {
        let mut bucket = TokenBucket::new(1000);
        let second = Duration::from_secs(1);
        assert_eq!(bucket.take(500, second), Duration::ZERO);
        assert_eq!(bucket.take(1500, second), second);
        assert_eq!(bucket.take(1000, second), 2 * second);
        assert_eq!(bucket.take(1000, 100 * second), Duration::ZERO);
        assert_eq!(bucket.take(1000, 100 * second), second);
    }
    #[tokio::test(start_paused = true)]
    async fn whoever_waits_hears_of_another_limit() {
        let bandwidth = Arc::new(Bandwidth::new(Arc::new(ManualClock::new(0)), Some(1)));
        let waiting = {
            let bandwidth = Arc::clone(&bandwidth);
            tokio::spawn(async move { bandwidth.wait_for(1_000_000).await })
        };
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(!waiting.is_finished());
        bandwidth.set(Some(100_000));
        let began = tokio::time::Instant::now();
        waiting.await.unwrap();
        assert_eq!(began.elapsed(), Duration::from_secs(10));
    }
}
