//! A limit on bytes a second, shared by all who copy.

use std::sync::Arc;
use std::time::Duration;

use broker_log::io::Clock;
use parking_lot::Mutex;

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
}

impl Bandwidth {
    /// A limit, or none.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, bytes_per_second: Option<u64>) -> Bandwidth {
        Bandwidth { clock, bucket: Mutex::new(bytes_per_second.map(TokenBucket::new)) }
    }

    /// Replaces the limit.
    pub fn set(&self, bytes_per_second: Option<u64>) {
        *self.bucket.lock() = bytes_per_second.map(TokenBucket::new);
    }

    /// Waits until so many bytes may be sent.
    pub async fn wait_for(&self, bytes: u64) {
        let wait = {
            let now = self.clock.monotonic();
            self.bucket.lock().as_mut().map(|bucket| bucket.take(bytes, now))
        };
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            tokio::time::sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
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
}
