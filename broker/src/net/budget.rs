//! The memory budget of requests in flight and of answers that their clients do not take: over it, sockets are not read
//! and no request is begun, and TCP slows the clients down. Only small requests for short answers go on.
//!
//! An answer is counted once it is there, whatever its length. So answers go beyond the budget by no more than one for
//! each thread that serves sockets and for each request that was begun before.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::net::waiter::Waiter;

/// Who waits, in the order in which they came.
#[derive(Debug, Default)]
struct Queue {
    by_place: BTreeMap<u64, Arc<Waiter>>,
    /// The place of each, by its id.
    places: HashMap<u64, u64>,
    next_place: u64,
}

/// Counts the bytes of all requests that were read and not answered yet, and of answers not taken yet.
#[derive(Debug)]
pub struct MemoryBudget {
    limit: usize,
    used: AtomicUsize,
    /// Of these, answers.
    answers: AtomicUsize,
    waiting: Mutex<Queue>,
    /// Connections that have not got what they need; the queue is empty between their being woken and their next look.
    short: AtomicUsize,
}

impl MemoryBudget {
    /// A budget of `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> MemoryBudget {
        MemoryBudget {
            limit,
            used: AtomicUsize::new(0),
            answers: AtomicUsize::new(0),
            waiting: Mutex::default(),
            short: AtomicUsize::new(0),
        }
    }

    /// Takes `bytes` if they fit, or if nothing else is in flight (so that one request larger than the budget passes).
    pub fn try_take(&self, bytes: usize) -> bool {
        self.used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                (used == 0 || used.saturating_add(bytes) <= self.limit).then_some(used.saturating_add(bytes))
            })
            .is_ok()
    }

    /// Takes `bytes` that are in memory already, whether they fit or not.
    pub fn take(&self, bytes: usize) {
        if bytes > 0 {
            self.used.fetch_add(bytes, Ordering::AcqRel);
        }
    }

    /// Takes bytes of an answer that its client has not taken, whether they fit or not.
    pub fn take_answer(&self, bytes: usize) {
        self.answers.fetch_add(bytes, Ordering::AcqRel);
        self.take(bytes);
    }

    /// Gives bytes of an answer back and wakes whoever waits.
    pub fn give_back_answer(&self, bytes: usize) {
        if bytes > 0 {
            self.answers.fetch_sub(bytes, Ordering::AcqRel);
            self.give_back(bytes);
        }
    }

    /// Whether more is in memory than may be and some of it is answers: nothing is begun whose answer may be long. What
    /// requests take by themselves is given back only by going on with them.
    #[must_use]
    pub fn is_overdrawn(&self) -> bool {
        self.used() > self.limit && self.answers.load(Ordering::Acquire) > 0
    }

    /// Has `waiter` woken once bytes are given back.
    pub fn wait(&self, waiter: &Arc<Waiter>) {
        let mut queue = self.waiting.lock();
        let place = queue.next_place;
        if let Entry::Vacant(free) = queue.places.entry(waiter.id()) {
            free.insert(place);
            queue.by_place.insert(place, Arc::clone(waiter));
            queue.next_place += 1;
        }
    }

    /// Has `waiter` no longer woken: its connection is gone.
    pub fn wait_no_longer(&self, waiter: &Waiter) {
        let mut queue = self.waiting.lock();
        if let Some(place) = queue.places.remove(&waiter.id()) {
            queue.by_place.remove(&place);
        }
    }

    /// Gives bytes back and wakes whoever waits.
    pub fn give_back(&self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        self.used.fetch_sub(bytes, Ordering::AcqRel);
        let woken = std::mem::take(&mut *self.waiting.lock());
        for waiter in woken.by_place.values() {
            waiter.wake();
        }
    }

    /// A connection begins to wait, or waits no longer because it has got its bytes or is gone.
    pub fn count_waiting(&self, waits: bool) {
        if waits {
            self.short.fetch_add(1, Ordering::AcqRel);
        } else {
            self.short.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Whether anybody waits.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.short.load(Ordering::Acquire) > 0
    }

    /// Bytes in flight.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }

    /// The most bytes that may be in flight.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Wake, Waker};

    use super::*;

    /// fault = 79
    #[test]
    fn a_request_over_the_budget_waits_for_the_others() {
        let budget = MemoryBudget::new(100);
        assert!(budget.try_take(60));
        assert!(!budget.try_take(50));
        budget.give_back(60);
        assert!(budget.try_take(50));
    }

    /// fault = 79
    #[test]
    fn an_answer_is_counted_though_it_does_not_fit() {
        let budget = MemoryBudget::new(100);
        assert!(budget.try_take(60));
        budget.take_answer(70);
        assert!(budget.is_overdrawn() && !budget.try_take(1));
        budget.give_back_answer(70);
        assert!(!budget.is_overdrawn() && budget.try_take(1));
    }

    #[test]
    fn requests_that_take_more_than_there_is_go_on() {
        let budget = MemoryBudget::new(100);
        budget.take(170);
        assert!(!budget.is_overdrawn());
    }

    /// Notes who is woken.
    struct Bell(usize, Arc<Mutex<Vec<usize>>>);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.1.lock().push(self.0);
        }
    }

    #[test]
    fn those_that_wait_are_woken_once_in_the_order_in_which_they_came_and_those_that_are_gone_are_not() {
        let budget = MemoryBudget::new(100);
        let woken = Arc::new(Mutex::new(Vec::new()));
        let waiters = [0, 1, 2, 3].map(|number| {
            let waiter = Arc::new(Waiter::new());
            waiter.set_waker(&Waker::from(Arc::new(Bell(number, Arc::clone(&woken)))));
            waiter
        });
        for place in [2, 0, 1, 2, 3] {
            budget.wait(&waiters[place]);
        }
        budget.wait_no_longer(&waiters[0]);
        budget.take(2);
        budget.give_back(1);
        budget.give_back(1);
        assert_eq!(*woken.lock(), [2, 1, 3]);
    }

    #[test]
    fn a_request_larger_than_the_budget_passes_alone() {
        let budget = MemoryBudget::new(100);
        assert!(budget.try_take(500));
        assert!(!budget.try_take(1));
        budget.give_back(500);
        assert_eq!(budget.used(), 0);
    }
}
