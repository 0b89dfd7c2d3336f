//! Who is to be woken when a partition moves: one waiter per connection, for the request at the front of its queue.

use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use parking_lot::Mutex;

/// The wake-up of one connection. Partitions hold it while the front of its queue waits for them.
#[derive(Debug)]
pub struct Waiter {
    id: u64,
    waker: Mutex<Option<Waker>>,
}

impl Waiter {
    /// A waiter with an id of its own.
    #[must_use]
    pub fn new() -> Waiter {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Waiter { id: NEXT.fetch_add(1, Ordering::Relaxed), waker: Mutex::new(None) }
    }

    /// Distinguishes it from every other waiter of this process.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The task to wake from now on.
    pub fn set_waker(&self, waker: &Waker) {
        let mut held = self.waker.lock();
        match &*held {
            Some(known) if known.will_wake(waker) => {}
            _ => *held = Some(waker.clone()),
        }
    }

    /// Wakes the connection; it looks again at what it waits for.
    pub fn wake(&self) {
        if let Some(waker) = &*self.waker.lock() {
            waker.wake_by_ref();
        }
    }
}

impl Default for Waiter {
    fn default() -> Self {
        Waiter::new()
    }
}
