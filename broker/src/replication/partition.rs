//! One partition that this broker leads: its log, its high watermark, and who waits for the watermark to move.
//!
//! Invariant: only this file moves the high watermark, and never beyond what is on stable storage unless the topic
//! asks for that with `highwater.flush.before.ack=false`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, Ordering};

use broker_log::handle::{DurabilityListener, LogHandle};
use broker_log::log::PartitionLog;
use broker_log::log_config::LogConfig;
use broker_protocol::types::{LeaderEpoch, Offset, PartitionIndex, TopicId};
use parking_lot::Mutex;

use crate::internal_topics;
use crate::net::waiter::Waiter;

/// A partition on this broker.
#[derive(Debug)]
pub struct Partition {
    topic: Arc<str>,
    topic_id: TopicId,
    index: PartitionIndex,
    log: Arc<LogHandle>,
    leader_epoch: AtomicI32,
    high_watermark: AtomicI64,
    /// Ordered, so that a simulation wakes them in the same order every time.
    waiters: Mutex<BTreeMap<u64, Registration>>,
    internal: bool,
    offline: AtomicBool,
    deleted: AtomicBool,
    /// Faults of its files that were told.
    told: Mutex<BTreeSet<String>>,
}

/// So many different faults of one partition are told; more say nothing new.
const TOLD_MAX: usize = 16;

#[derive(Debug)]
struct Registration {
    /// Wake once the high watermark is beyond this offset.
    beyond: Offset,
    waiter: Arc<Waiter>,
}

/// Moves the high watermark when the committer has made more of the log durable.
#[derive(Debug)]
struct Durability(std::sync::Weak<Partition>);

impl DurabilityListener for Durability {
    fn flushed(&self, offset: Offset) {
        if let Some(partition) = self.0.upgrade() {
            partition.advance_high_watermark(offset);
        }
    }

    fn failed(&self) {
        if let Some(partition) = self.0.upgrade() {
            partition.take_offline();
        }
    }
}

impl Partition {
    /// The partition over its log, led by this broker in `leader_epoch`.
    #[must_use]
    pub fn new(
        topic: Arc<str>,
        topic_id: TopicId,
        index: PartitionIndex,
        log: Arc<LogHandle>,
        leader_epoch: LeaderEpoch,
    ) -> Arc<Partition> {
        let partition = Arc::new(Partition {
            internal: internal_topics::is_internal(&topic),
            topic,
            topic_id,
            index,
            leader_epoch: AtomicI32::new(leader_epoch.0),
            high_watermark: AtomicI64::new(log.flushed_offset().0),
            waiters: Mutex::default(),
            offline: AtomicBool::new(false),
            deleted: AtomicBool::new(false),
            told: Mutex::default(),
            log,
        });
        partition.log.set_listener(Arc::new(Durability(Arc::downgrade(&partition))));
        // What was flushed before the listener stood is not told again.
        partition.advance_high_watermark(partition.log.flushed_offset());
        partition
    }

    /// Notes that a client met a fault of its files; whether that is news, which is worth a line in the log.
    pub fn note_fault(&self, fault: String) -> bool {
        let mut told = self.told.lock();
        told.len() < TOLD_MAX && told.insert(fault)
    }

    /// Name of the topic.
    #[must_use]
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// Id of the topic.
    #[must_use]
    pub fn topic_id(&self) -> TopicId {
        self.topic_id
    }

    /// Number of the partition.
    #[must_use]
    pub fn index(&self) -> PartitionIndex {
        self.index
    }

    /// Its log.
    #[must_use]
    pub fn log(&self) -> &Arc<LogHandle> {
        &self.log
    }

    /// Epoch in which this broker leads it.
    #[must_use]
    pub fn leader_epoch(&self) -> LeaderEpoch {
        LeaderEpoch(self.leader_epoch.load(Ordering::Acquire))
    }

    /// This broker leads it again, in a later epoch.
    pub fn set_leader_epoch(&self, epoch: LeaderEpoch) {
        self.leader_epoch.fetch_max(epoch.0, Ordering::AcqRel);
    }

    /// The largest epoch not larger than `epoch`, and the offset after its last record (KIP-101, KIP-279); (`NONE`, -1) for
    /// one that nobody has seen. `log` is its own, held by the caller.
    #[must_use]
    pub fn epoch_end_offset(&self, log: &PartitionLog, epoch: LeaderEpoch) -> (LeaderEpoch, Offset) {
        let (latest, current) = (log.latest_epoch(), self.leader_epoch());
        if epoch <= latest || epoch > current {
            return log.epoch_end_offset(epoch);
        }
        // An epoch that has begun and has no records. A consumer at the end of an idle partition asks for it after a
        // restart; told that it is unknown, it would reset its position.
        let is_known = epoch == current || latest == LeaderEpoch::NONE;
        (if is_known { epoch } else { latest }, log.log_end_offset())
    }

    /// First offset that is not readable by consumers yet.
    #[must_use]
    pub fn high_watermark(&self) -> Offset {
        Offset(self.high_watermark.load(Ordering::Acquire))
    }

    /// First offset that a consumer at read_committed may not see: the high watermark or the first open transaction.
    #[must_use]
    pub fn last_stable_offset(&self) -> Offset {
        let high_watermark = self.high_watermark();
        match self.log.with(|log| log.first_unstable_offset()) {
            Some(unstable) => unstable.min(high_watermark),
            None => high_watermark,
        }
    }

    /// Whether clients may read it but not write to it.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.internal
    }

    /// New settings of its topic.
    pub fn configure(&self, config: Arc<LogConfig>) {
        self.log.set_config(config);
    }

    /// Whether its log directory is out of service.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.offline.load(Ordering::Acquire)
    }

    /// Whether the topic is gone.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    /// Whether nobody is woken by it any more: it is offline or deleted.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.is_offline() || self.is_deleted()
    }

    /// Has `waiter` woken once the high watermark is beyond `beyond`, or the partition goes away. Returns `false`,
    /// without registering, if that is so already.
    pub fn wait_beyond(&self, beyond: Offset, waiter: &Arc<Waiter>) -> bool {
        let mut waiters = self.waiters.lock();
        // Looked at under the lock: whoever moves the watermark takes the lock after moving it.
        if self.high_watermark() > beyond || self.is_gone() {
            return false;
        }
        waiters.insert(waiter.id(), Registration { beyond, waiter: Arc::clone(waiter) });
        true
    }

    /// Forgets a waiter that waits no longer.
    pub fn forget(&self, waiter: &Waiter) {
        self.waiters.lock().remove(&waiter.id());
    }

    /// The topic was deleted: whoever waits looks again.
    pub fn mark_deleted(&self) {
        self.deleted.store(true, Ordering::Release);
        self.wake_all();
    }

    /// The log directory failed: whoever waits looks again.
    pub fn take_offline(&self) {
        self.offline.store(true, Ordering::Release);
        self.wake_all();
    }

    fn advance_high_watermark(&self, to: Offset) {
        let before = self.high_watermark.fetch_max(to.0, Ordering::AcqRel);
        if before >= to.0 {
            return;
        }
        let mut waiters = self.waiters.lock();
        if waiters.is_empty() {
            return;
        }
        waiters.retain(|_, registration| {
            let stays = registration.beyond >= to;
            if !stays {
                registration.waiter.wake();
            }
            stays
        });
    }

    fn wake_all(&self) {
        let woken = std::mem::take(&mut *self.waiters.lock());
        for registration in woken.into_values() {
            registration.waiter.wake();
        }
    }
}
