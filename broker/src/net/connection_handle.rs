//! A connection as others have it: what wakes it, when it was last in use, and whether it is asked to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::time::{Duration, Instant};

use crate::net::waiter::Waiter;

/// The outer side of one connection.
#[derive(Debug)]
pub struct ConnectionHandle {
    waiter: Arc<Waiter>,
    opened_at: Instant,
    /// Nanoseconds from `opened_at` to when bytes last came or went.
    active_ns: AtomicU64,
    asked_to_close: AtomicBool,
}

impl ConnectionHandle {
    /// Of a connection that begins now.
    #[must_use]
    pub fn new(now: Instant) -> ConnectionHandle {
        ConnectionHandle {
            waiter: Arc::new(Waiter::new()),
            opened_at: now,
            active_ns: AtomicU64::new(0),
            asked_to_close: AtomicBool::new(false),
        }
    }

    /// What wakes it.
    #[must_use]
    pub fn waiter(&self) -> &Arc<Waiter> {
        &self.waiter
    }

    /// Bytes came or went.
    pub fn touch(&self, now: Instant) {
        let since = now.saturating_duration_since(self.opened_at).as_nanos();
        self.active_ns.store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// When bytes last came or went, or when it began.
    #[must_use]
    pub fn last_active(&self) -> Instant {
        self.opened_at + Duration::from_nanos(self.active_ns.load(Ordering::Relaxed))
    }

    /// Asks it to end at once, whatever it waits for.
    pub fn close(&self) {
        self.asked_to_close.store(true, Ordering::Release);
        self.waiter.wake();
    }

    /// Whether it was asked to end.
    #[must_use]
    pub fn is_asked_to_close(&self) -> bool {
        self.asked_to_close.load(Ordering::Acquire)
    }
}
