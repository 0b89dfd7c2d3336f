//! When something is due, over all groups of a shard, earliest first.

use std::collections::BTreeSet;
use std::sync::Arc;

/// What is due.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum TimerKey {
    /// The join phase of a group ends, or its initial delay.
    Join(Arc<str>),
    /// Members that have not asked for their assignment are removed.
    Sync(Arc<str>),
    /// A member's session is looked at: group and member.
    Session(Arc<str>, Arc<str>),
}

/// An ordered set of times in milliseconds; who sets one keeps the time to cancel it by.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(i64, TimerKey)>);

impl Timers {
    pub(super) fn set(&mut self, at_ms: i64, key: TimerKey) {
        self.0.insert((at_ms, key));
    }

    pub(super) fn cancel(&mut self, at_ms: i64, key: TimerKey) {
        self.0.remove(&(at_ms, key));
    }

    pub(super) fn next_deadline(&self) -> Option<i64> {
        self.0.first().map(|(at_ms, _)| *at_ms)
    }

    /// Takes the earliest timer that is due at `now_ms`.
    pub(super) fn pop_due(&mut self, now_ms: i64) -> Option<TimerKey> {
        if self.next_deadline()? > now_ms {
            return None;
        }
        self.0.pop_first().map(|(_, key)| key)
    }
}
