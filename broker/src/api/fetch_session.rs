//! Incremental fetch sessions (KIP-227): the client names only what changed, and is told only what changed.
//!
//! The cache holds `max.incremental.fetch.session.cache.slots` sessions within `SESSION_BYTES_MAX`; when it is full those
//! that were idle longest are dropped, if they were idle for two minutes and that makes room, and otherwise the new client
//! gets full fetches only. A session that grows beyond what there is room for is ended. What a session takes is counted
//! until nothing holds it: a fetch may wait on it long after it was ended.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use broker_protocol::error_code::ErrorCode;
use broker_protocol::types::{LeaderEpoch, Offset, TopicId};
use parking_lot::Mutex;
use tokio::time::{Duration, Instant};

use crate::env::Random;
use crate::net::waiter::Waiter;
use crate::replication::partition::Partition;

/// A session younger than this since its last use is not dropped for another.
const EVICTION_IDLE: Duration = Duration::from_secs(120);

/// Memory of all sessions together, in bytes: some 300,000 partitions, which is 1,000 consumers of 300 each. A single
/// request may name millions, whether they exist or not.
const SESSION_BYTES_MAX: usize = 64 << 20;

/// What a name takes beside its letters, in bytes: its counts of references, and what its allocation is rounded up by.
pub const NAME_OVERHEAD: usize = 32;

/// A partition that a fetch asks for.
#[derive(Clone, Debug)]
pub struct Target {
    /// Name of the topic; empty where the client named it by id and the id is not known.
    pub topic: Arc<str>,
    /// Id of the topic; zero where the client named it by name.
    pub topic_id: TopicId,
    /// Number of the partition.
    pub partition: i32,
    /// First offset wanted.
    pub offset: Offset,
    /// The leader epoch that the client believes in.
    pub leader_epoch: LeaderEpoch,
    /// Epoch of the last record that the client has (KIP-595), for the detection of truncation.
    pub last_fetched_epoch: LeaderEpoch,
    /// Most bytes wanted of this partition.
    pub bytes_max: usize,
    /// What the last answer of the session said; nothing yet: all `None`.
    pub told: Told,
    /// Where the waiting request is registered, and the high watermark beyond which it will be woken.
    pub registered: Option<(Arc<Partition>, Offset)>,
}

/// What a session's client was told last of a partition.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Told {
    /// High watermark.
    pub high_watermark: Option<Offset>,
    /// Log start offset.
    pub log_start: Option<Offset>,
    /// Whether it was an error, which is repeated until it is gone.
    pub error: bool,
}

/// Which partition a target is. A topic that the client named by its id is the same whatever name is known of it, also
/// once it is deleted.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    topic_id: TopicId,
    /// `None` where the topic has an id.
    topic: Option<Arc<str>>,
    partition: i32,
}

impl Key {
    /// The key of a partition, `topic_id` and `topic` as in [`Target`].
    #[must_use]
    pub fn new(topic_id: TopicId, topic: &Arc<str>, partition: i32) -> Key {
        Key { topic_id, topic: topic_id.is_zero().then(|| Arc::clone(topic)), partition }
    }

    fn of(target: &Target) -> Key {
        Key::new(target.topic_id, &target.topic, target.partition)
    }
}

/// The partitions of a fetch, in the order in which they are served. They stay as a request has left them, each at its place,
/// until the next one of the session has come, which changes `next_epoch`.
#[derive(Debug, Default)]
pub struct Session {
    /// What is fetched.
    pub targets: Vec<Target>,
    places: HashMap<Key, usize>,
    /// What the names of the topics take.
    name_bytes: usize,
    /// Where the next round begins, so that no partition starves the others.
    pub first: usize,
    /// Epoch that the next request of this session must carry.
    pub next_epoch: i32,
    /// Whether topics are named by id (version 13 and up).
    pub by_id: bool,
    /// Whom the partitions wake: the connection of the one request that waits.
    pub waiter: Option<Arc<Waiter>>,
    /// Counts it among the sessions that are kept, or were.
    counted: Option<Counted>,
}

impl Session {
    /// A session without partitions.
    #[must_use]
    pub fn new(by_id: bool) -> Session {
        Session { by_id, next_epoch: 1, ..Session::default() }
    }

    /// Lets the next request begin. One before it that still waits, on another connection, is woken, and finds that the
    /// session is not what it was.
    ///
    /// # Errors
    /// `InvalidFetchSessionEpoch` if it is out of turn, `FetchSessionTopicIdError` if it names topics otherwise.
    pub fn begin(&mut self, epoch: i32, by_id: bool) -> Result<(), ErrorCode> {
        if epoch != self.next_epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if by_id != self.by_id {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        self.next_epoch = epoch.checked_add(1).unwrap_or(1);
        if let Some(waiter) = self.forget_waiter() {
            waiter.wake();
        }
        Ok(())
    }

    /// Takes back all registrations; gives whom they would have woken.
    pub fn forget_waiter(&mut self) -> Option<Arc<Waiter>> {
        let waiter = self.waiter.take()?;
        for target in &mut self.targets {
            if let Some((partition, _)) = target.registered.take() {
                partition.forget(&waiter);
            }
        }
        Some(waiter)
    }

    /// Adds a partition or updates what is wanted of it.
    pub fn put(&mut self, target: Target) {
        let key = Key::of(&target);
        if let Some(&place) = self.places.get(&key) {
            self.replace(place, target);
            return;
        }
        self.places.insert(key, self.targets.len());
        self.name_bytes += name_bytes(self.targets.last(), &target);
        self.targets.push(target);
    }

    fn replace(&mut self, place: usize, mut target: Target) {
        // Where the same name comes again, the copy that is counted stays.
        if self.targets[place].topic == target.topic {
            target.topic = Arc::clone(&self.targets[place].topic);
        }
        self.name_bytes -= self.name_bytes_around(place);
        let known = &mut self.targets[place];
        *known = Target { told: known.told, ..target };
        self.name_bytes += self.name_bytes_around(place);
    }

    /// What the name at a place counts for, and the next one, which may be shared with it.
    fn name_bytes_around(&self, place: usize) -> usize {
        let next = self.targets.len().min(place + 2);
        (place..next).map(|place| self.name_bytes_at(place)).sum()
    }

    fn name_bytes_at(&self, place: usize) -> usize {
        name_bytes(place.checked_sub(1).map(|before| &self.targets[before]), &self.targets[place])
    }

    /// Memory that it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // The table has a byte of its own for each place.
        let places = self.places.capacity() * (size_of::<(Key, usize)>() + 1);
        self.targets.capacity() * size_of::<Target>() + places + self.name_bytes
    }

    /// Drops partitions, however many, in one pass over the session.
    pub fn forget(&mut self, forgotten: impl IntoIterator<Item = Key>) {
        let gone: HashSet<usize> = forgotten.into_iter().filter_map(|key| self.places.remove(&key)).collect();
        if gone.is_empty() {
            return;
        }
        // The next round begins where it would have begun.
        self.first -= gone.iter().filter(|place| **place < self.first).count();
        let mut places = 0..;
        self.targets.retain(|_| places.next().is_some_and(|place| !gone.contains(&place)));
        if self.targets.len() < self.targets.capacity() / 4 {
            self.targets.shrink_to_fit();
            self.places.shrink_to_fit();
        }
        for (place, target) in self.targets.iter().enumerate() {
            self.places.insert(Key::of(target), place);
        }
        self.name_bytes = (0..self.targets.len()).map(|place| self.name_bytes_at(place)).sum();
    }
}

/// What the name of a topic takes, where it is not that of the target before.
fn name_bytes(before: Option<&Target>, target: &Target) -> usize {
    let is_shared = before.is_some_and(|before| Arc::ptr_eq(&before.topic, &target.topic));
    if is_shared { 0 } else { target.topic.len() + NAME_OVERHEAD }
}

/// What a session takes of the room of all; given back with it.
#[derive(Debug)]
struct Counted {
    bytes: usize,
    all: Arc<AtomicUsize>,
}

impl Counted {
    fn new(bytes: usize, all: &Arc<AtomicUsize>) -> Counted {
        all.fetch_add(bytes, Ordering::AcqRel);
        Counted { bytes, all: Arc::clone(all) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

#[derive(Debug)]
struct Slot {
    session: Arc<Mutex<Session>>,
    last_used: Instant,
    /// What it took when it was last counted.
    bytes: usize,
}

impl Slot {
    /// What is given back if it is dropped: nothing while a fetch waits on it. Others get it only from the cache.
    fn bytes_alone(&self) -> usize {
        if Arc::strong_count(&self.session) == 1 { self.bytes } else { 0 }
    }
}

/// The sessions of a broker.
#[derive(Debug)]
pub struct FetchSessions {
    slots_max: usize,
    bytes_max: usize,
    /// What all sessions take that are kept, or were and are not gone yet.
    bytes: Arc<AtomicUsize>,
    by_id: Mutex<HashMap<i32, Slot>>,
    random: Arc<dyn Random>,
}

impl FetchSessions {
    /// A cache of `slots_max` sessions. Their ids are random: a client that comes back after the broker was started anew
    /// must not meet the session of another.
    #[must_use]
    pub fn new(slots_max: usize, random: Arc<dyn Random>) -> FetchSessions {
        FetchSessions::within(SESSION_BYTES_MAX, slots_max, random)
    }

    fn within(bytes_max: usize, slots_max: usize, random: Arc<dyn Random>) -> FetchSessions {
        FetchSessions { slots_max, bytes_max, bytes: Arc::default(), by_id: Mutex::default(), random }
    }

    /// Keeps a session.
    ///
    /// # Errors
    /// There is no room: the session comes back.
    pub fn create(&self, mut session: Session, now: Instant) -> Result<(i32, Arc<Mutex<Session>>), Session> {
        let mut by_id = self.by_id.lock();
        let bytes = session.bytes();
        let Some(dropped) = self.to_drop_for(bytes, &by_id, now) else {
            return Err(session);
        };
        for id in dropped {
            by_id.remove(&id);
        }
        session.counted = Some(Counted::new(bytes, &self.bytes));
        loop {
            let id = random_id(self.random.as_ref());
            if let Entry::Vacant(free) = by_id.entry(id) {
                let session = Arc::new(Mutex::new(session));
                free.insert(Slot { session: Arc::clone(&session), last_used: now, bytes });
                return Ok((id, session));
            }
        }
    }

    /// Which sessions to drop so that there is room for another of so many bytes; `None` if that makes no room.
    fn to_drop_for(&self, bytes: usize, by_id: &HashMap<i32, Slot>, now: Instant) -> Option<Vec<i32>> {
        let mut bytes_missing = (self.bytes.load(Ordering::Acquire) + bytes).saturating_sub(self.bytes_max);
        let mut slots_missing = (by_id.len() + 1).saturating_sub(self.slots_max);
        if bytes_missing == 0 && slots_missing == 0 {
            return Some(Vec::new());
        }
        let is_idle = |slot: &Slot| now.saturating_duration_since(slot.last_used) >= EVICTION_IDLE;
        let mut idle: Vec<_> = by_id.iter().filter(|(_, slot)| is_idle(slot)).collect();
        idle.sort_unstable_by_key(|(id, slot)| (slot.last_used, **id));
        let mut dropped = Vec::new();
        for (id, slot) in idle {
            let gives = slot.bytes_alone();
            if slots_missing > 0 || (bytes_missing > 0 && gives > 0) {
                slots_missing = slots_missing.saturating_sub(1);
                bytes_missing = bytes_missing.saturating_sub(gives);
                dropped.push(*id);
            }
        }
        (bytes_missing == 0 && slots_missing == 0).then_some(dropped)
    }

    /// Counts what a session takes now, also if it was ended meanwhile; `false` if it has grown beyond what there is room
    /// for, and is ended.
    pub fn recount(&self, id: i32, session: &mut Session) -> bool {
        let mut by_id = self.by_id.lock();
        let bytes = session.bytes();
        let before =
            session.counted.replace(Counted::new(bytes, &self.bytes)).map_or(0, |before| before.bytes);
        let has_room = bytes <= before || self.bytes.load(Ordering::Acquire) <= self.bytes_max;
        if !has_room {
            by_id.remove(&id);
        } else if let Some(slot) = by_id.get_mut(&id) {
            slot.bytes = bytes;
        }
        has_room
    }

    /// The session of that id.
    pub fn get(&self, id: i32, now: Instant) -> Option<Arc<Mutex<Session>>> {
        let mut by_id = self.by_id.lock();
        let slot = by_id.get_mut(&id)?;
        slot.last_used = now;
        Some(Arc::clone(&slot.session))
    }

    /// Ends a session.
    pub fn remove(&self, id: i32) {
        let slot = self.by_id.lock().remove(&id);
        // Many partitions are given back only after the lock is.
        drop(slot);
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.lock().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// From 1 to the largest.
fn random_id(random: &dyn Random) -> i32 {
    // The first 32 bits of a version 4 uuid are random (RFC 9562).
    let (first, _) = random.uuid().as_u64_pair();
    i32::try_from(first >> 33).unwrap_or(i32::MAX).max(1)
}

#[cfg(test)]
mod tests;
