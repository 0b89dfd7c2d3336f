//! Fetches objects in chunks: each chunk once however many want it, more of them ahead for who reads on. One budget of
//! bytes is for what is being fetched and what was and is in memory; what does not fit goes to the disk cache.
//!
//! A fetch is a task of its own: whoever waits for it may give up, and finds its chunks in the cache the next time.

mod landing;
mod lanes;
mod memory;

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use broker_protocol::types::Uuid;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use self::landing::{Fetched, Landing, Room, Run, Senders, Turn};
use self::lanes::Lanes;
use self::memory::{Memory, ToDisk};
use crate::cache::{ChunkCache, ChunkId};
use crate::ids::PartitionId;
use crate::keys::{ClusterKeys, Key, SegmentKey};
use crate::lru::Lru;
use crate::store::Store;
use crate::store_error::{StoreError, StoreErrorKind};

/// Bytes of a chunk; the last one of an object is shorter.
pub const CHUNK_BYTES: u64 = 1 << 20;
/// Chunks that one request fetches at most.
const RUN_CHUNKS_MAX: u32 = 8;
/// Chunks that are fetched ahead of a reader at most.
const AHEAD_CHUNKS_MAX: u32 = 96;
/// A chunk that nobody has used for so long leaves memory.
const REST_AFTER: Duration = Duration::from_secs(30);
/// Readers whose pace is remembered.
const READERS_MAX: u64 = 4096;

/// Counts for metrics; they only grow.
#[derive(Debug, Default)]
pub struct ChunkCounts {
    /// Chunks that were in memory or in the disk cache.
    pub hits: AtomicU64,
    /// Chunks that somebody waited for to be fetched.
    pub misses: AtomicU64,
    /// Chunks that were fetched ahead.
    pub ahead: AtomicU64,
}

/// An object and the part of it that a reader goes through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// The object.
    pub object: SegmentKey,
    /// Bytes of the object.
    pub object_length: u64,
    /// Where the part ends that is read on: nothing behind it is fetched ahead.
    pub end: u64,
}

/// What is to be fetched ahead of a reader in stretches that it will come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ahead {
    /// Chunks.
    count: u32,
    /// Chunks that it comes to before them.
    distance: u32,
}

/// Fetches chunks; see the file's header.
#[derive(Debug)]
pub struct Chunks {
    store: Arc<Store>,
    keys: Arc<ClusterKeys>,
    cache: Arc<ChunkCache>,
    /// Tells that there may be room in memory.
    freed: Notify,
    flights: Mutex<HashMap<ChunkId, watch::Receiver<Fetched>>>,
    lanes: Mutex<Lanes<PartitionId, Run>>,
    readers: Mutex<Lru<(Uuid, u32), Readahead>>,
    memory: Mutex<Memory>,
    counts: ChunkCounts,
}

/// How many chunks to fetch for a reader that comes to a chunk. Pure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Readahead {
    window: u32,
}

impl Readahead {
    /// Of a reader that begins somewhere.
    pub const FIRST: Readahead = Readahead { window: 1 };

    /// Of a reader that goes on to the next chunk: a whole run, then twice as much each time.
    #[must_use]
    pub fn on(self) -> Readahead {
        Readahead { window: (self.window * 2).clamp(RUN_CHUNKS_MAX, AHEAD_CHUNKS_MAX) }
    }
}

impl Chunks {
    /// `budget_bytes` bounds what is being fetched at once and what is in memory, together.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        keys: Arc<ClusterKeys>,
        cache: Arc<ChunkCache>,
        budget_bytes: u64,
    ) -> Chunks {
        let least = CHUNK_BYTES * u64::from(RUN_CHUNKS_MAX);
        Chunks {
            store,
            keys,
            cache,
            freed: Notify::new(),
            flights: Mutex::new(HashMap::new()),
            lanes: Mutex::new(Lanes::new()),
            readers: Mutex::new(Lru::new(READERS_MAX)),
            memory: Mutex::new(Memory::new(budget_bytes.max(least))),
            counts: ChunkCounts::default(),
        }
    }

    /// The counts.
    #[must_use]
    pub fn counts(&self) -> &ChunkCounts {
        &self.counts
    }

    /// The disk cache.
    #[must_use]
    pub fn cache(&self) -> &Arc<ChunkCache> {
        &self.cache
    }

    /// The bytes of an object from `position` to the end of the chunk that holds it, and what follows is fetched ahead
    /// if the reader has come here chunk by chunk.
    ///
    /// # Errors
    /// The store's.
    pub async fn get(self: &Arc<Self>, stretch: &Stretch, position: u64) -> Result<Bytes, StoreError> {
        let index = chunk_index(position);
        let chunk = ChunkId { object: stretch.object.id, index };
        let ahead = self.pace(chunk);
        if let Some(bytes) = self.here(chunk).await {
            self.counts.hits.fetch_add(1, Ordering::Relaxed);
            self.fetch_ahead(stretch, index + 1..ahead, 0);
            return Ok(within(&bytes, position));
        }
        let run = index..(index + 1).max(ahead.min(index.saturating_add(RUN_CHUNKS_MAX)));
        let Some(mut flight) = self.depart(stretch, run, None) else {
            let detail = format!("position {position} is behind its end");
            return Err(StoreError::new(StoreErrorKind::Invalid, "get", stretch.object, detail));
        };
        self.counts.misses.fetch_add(1, Ordering::Relaxed);
        self.fetch_ahead(stretch, index + 1..ahead, 0);
        let fetched = flight.wait_for(Option::is_some).await.ok().and_then(|fetched| fetched.clone());
        match fetched {
            Some(result) => {
                let _is_read = self.memory.lock().get(&chunk, self.now());
                result.map(|bytes| within(&bytes, position))
            }
            None => Err(StoreError::late("get", stretch.object)),
        }
    }

    /// A chunk that is in memory or on the disk.
    async fn here(&self, chunk: ChunkId) -> Option<Bytes> {
        if let Some(bytes) = self.memory.lock().get(&chunk, self.now()) {
            return Some(bytes);
        }
        let bytes = self.cache.get(chunk).await?;
        let to_disk = self.memory.lock().put(chunk, bytes.clone(), self.now(), true);
        self.keep(to_disk).await;
        Some(bytes)
    }

    /// Lets chunks leave memory that nobody has used for a while; to be called now and then.
    pub async fn rest(&self) {
        let to_disk = self.memory.lock().rest(self.now().saturating_sub(REST_AFTER));
        self.keep(to_disk).await;
        self.store.rest();
    }

    /// Bytes of chunks in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.memory.lock().bytes()
    }

    async fn keep(&self, to_disk: ToDisk) {
        for (chunk, bytes) in to_disk {
            if !self.cache.contains(chunk) {
                self.cache.put(chunk, bytes).await;
            }
        }
    }

    fn now(&self) -> Duration {
        self.store.env().clock.monotonic()
    }

    fn has(&self, chunk: ChunkId) -> bool {
        self.memory.lock().contains(&chunk) || self.cache.contains(chunk)
    }

    /// Forgets the chunks of a part of an object whose content turned out to be wrong.
    pub async fn forget(&self, stretch: &Stretch, positions: Range<u64>) {
        for index in chunk_index(positions.start)..=chunk_index(positions.end.saturating_sub(1)) {
            let chunk = ChunkId { object: stretch.object.id, index };
            self.memory.lock().forget(&chunk);
            self.cache.forget(chunk).await;
        }
    }

    /// Whether the chunk that holds a position need not be fetched.
    #[must_use]
    pub fn is_here(&self, stretch: &Stretch, position: u64) -> bool {
        self.has(ChunkId { object: stretch.object.id, index: chunk_index(position) })
    }

    /// Whether a reader that has come to `position` would have more fetched ahead than its stretch has.
    #[must_use]
    pub fn looks_behind(&self, stretch: &Stretch, position: u64) -> bool {
        self.chunks_behind(stretch, position).is_some()
    }

    /// The pace of the reader that has come to `position`, and how many chunks it looks behind its stretch.
    fn chunks_behind(&self, stretch: &Stretch, position: u64) -> Option<(Readahead, u32)> {
        let end = chunk_index(stretch.end.saturating_sub(1)).saturating_add(1);
        // It was at the chunk that ends there.
        let index = chunk_index(position.saturating_sub(1)).min(end.saturating_sub(1));
        let pace = self.readers.lock().get(&(stretch.object.id, index)).copied()?;
        let behind = index.saturating_add(pace.window).checked_sub(end).filter(|count| *count > 0)?;
        Some((pace, behind))
    }

    /// A reader that has come to a position of one stretch goes on at another's beginning: it keeps its pace, and what
    /// it would have had fetched behind the first is fetched of the second. Returns what it looks for behind that one.
    pub fn hand_over(self: &Arc<Self>, from: (&Stretch, u64), (to, begin): (&Stretch, u64)) -> Option<Ahead> {
        let (pace, count) = self.chunks_behind(from.0, from.1)?;
        let first = ChunkId { object: to.object.id, index: chunk_index(begin) };
        {
            let mut readers = self.readers.lock();
            if readers.get(&(first.object, first.index)).is_none() {
                readers.put((first.object, first.index), pace, 1);
            }
        }
        self.fetch_first(to, begin, Ahead { count, distance: pace.window - count })
    }

    /// Fetches the first chunks of the stretch that comes next for a reader, as far as nobody has or fetches them; returns
    /// what is left for those after it.
    pub fn fetch_first(self: &Arc<Self>, stretch: &Stretch, begin: u64, ahead: Ahead) -> Option<Ahead> {
        let first = chunk_index(begin);
        let end = chunk_index(stretch.end.saturating_sub(1)).saturating_add(1);
        self.fetch_ahead(stretch, first..first.saturating_add(ahead.count), ahead.distance);
        let taken = end.saturating_sub(first);
        let count = ahead.count.checked_sub(taken).filter(|count| *count > 0)?;
        Some(Ahead { count, distance: ahead.distance + taken })
    }

    /// Notes that a reader has come to a chunk; returns up to which chunk to fetch for it.
    fn pace(&self, chunk: ChunkId) -> u32 {
        let mut readers = self.readers.lock();
        let own = (chunk.object, chunk.index);
        let known = readers.get(&own).copied();
        let before = chunk.index.checked_sub(1).and_then(|index| readers.remove(&(chunk.object, index)));
        let pace = before.map(Readahead::on).or(known).unwrap_or(Readahead::FIRST);
        readers.put(own, pace, 1);
        chunk.index.saturating_add(pace.window)
    }

    /// Fetches those of some chunks that nobody has or fetches, as far as the budget goes. The first of them is `distance`
    /// chunks ahead of what the reader will come to next.
    fn fetch_ahead(self: &Arc<Self>, stretch: &Stretch, wanted: Range<u32>, distance: u32) {
        let end = chunk_index(stretch.end.saturating_sub(1)).saturating_add(1).min(wanted.end);
        let mut index = wanted.start;
        while index < end {
            let is_there = |index| {
                let chunk = ChunkId { object: stretch.object.id, index };
                self.has(chunk) || self.flights.lock().contains_key(&chunk)
            };
            if is_there(index) {
                index += 1;
                continue;
            }
            let limit = end.min(index + RUN_CHUNKS_MAX);
            let stop = (index..limit).find(|index| is_there(*index)).unwrap_or(limit);
            // A reader that is followed closely would have one chunk fetched at a time: a whole run is waited for.
            let is_short = stop == wanted.end && stop - index < RUN_CHUNKS_MAX;
            if is_short && distance + index - wanted.start >= RUN_CHUNKS_MAX {
                return;
            }
            // Whoever reads slowly is not fetched farther ahead of than memory goes.
            let Some(room) = self.try_reserve(u64::from(stop - index) * CHUNK_BYTES) else { return };
            self.counts.ahead.fetch_add(u64::from(stop - index), Ordering::Relaxed);
            let _ = self.depart(stretch, index..stop, Some(room));
            index = stop;
        }
    }

    /// Begins a fetch of chunks that follow one another, as far as nobody has or fetches them. Gives the flight of the
    /// first, also if it was under way; `None` behind the object's end.
    fn depart(
        self: &Arc<Self>,
        stretch: &Stretch,
        wanted: Range<u32>,
        room: Option<Room>,
    ) -> Option<watch::Receiver<Fetched>> {
        let last = chunk_index(stretch.object_length.saturating_sub(1)).saturating_add(1);
        let mut flights = self.flights.lock();
        let first = ChunkId { object: stretch.object.id, index: wanted.start };
        if let Some(flight) = flights.get(&first).cloned() {
            drop(flights);
            if room.is_none() {
                self.call(stretch.object.partition, first);
            }
            return Some(flight);
        }
        // It may have landed since it was looked for.
        if let Some(bytes) = self.memory.lock().get(&first, self.now()) {
            return Some(watch::channel(Some(Ok(bytes))).1);
        }
        let mut senders = VecDeque::new();
        for index in wanted.start..wanted.end.min(last) {
            let chunk = ChunkId { object: stretch.object.id, index };
            if flights.contains_key(&chunk) || (index > wanted.start && self.has(chunk)) {
                break;
            }
            let (sender, receiver) = watch::channel(None);
            flights.insert(chunk, receiver);
            senders.push_back((chunk, sender));
        }
        let flight = flights.get(&first).cloned()?;
        drop(flights);
        let stretch = *stretch;
        match room {
            None => {
                let chunks = Arc::clone(self);
                tokio::spawn(async move { chunks.fetch(&stretch, senders, None).await });
            }
            Some(room) => {
                let begun = self.lanes.lock().enter(stretch.object.partition, Run { stretch, senders, room });
                begun.into_iter().for_each(|run| self.begin(run));
            }
        }
        Some(flight)
    }

    /// Somebody waits for a chunk: if it waits for its turn, it need not any more.
    fn call(self: &Arc<Self>, partition: PartitionId, wanted: ChunkId) {
        let has_it = |run: &Run| run.senders.iter().any(|(chunk, _)| *chunk == wanted);
        let called = self.lanes.lock().call(&partition, has_it);
        called.into_iter().for_each(|run| self.begin(run));
    }

    /// Fetches ahead what has its turn.
    fn begin(self: &Arc<Self>, Run { stretch, senders, room }: Run) {
        let turn = Turn { chunks: Arc::clone(self), partition: stretch.object.partition };
        tokio::spawn(async move { turn.chunks.fetch(&stretch, senders, Some(room)).await });
    }

    /// Takes room for what nobody waits for yet, if there is any beside what waits to be read.
    fn try_reserve(self: &Arc<Self>, bytes: u64) -> Option<Room> {
        let evicted = self.memory.lock().reserve_beside_unread(bytes)?;
        Some(Room { chunks: Arc::clone(self), bytes, evicted })
    }

    /// Takes room for what somebody waits for.
    async fn reserve(self: &Arc<Self>, bytes: u64) -> Room {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            let mut to_disk = ToDisk::new();
            let is_there = self.memory.lock().reserve(bytes, &mut to_disk);
            self.keep(to_disk).await;
            if is_there {
                return Room { chunks: Arc::clone(self), bytes, evicted: ToDisk::new() };
            }
            freed.await;
        }
    }

    async fn fetch(self: &Arc<Self>, stretch: &Stretch, senders: Senders, room: Option<Room>) {
        let count = senders.len() as u64;
        let begin = senders.front().map_or(0, |(chunk, _)| u64::from(chunk.index) * CHUNK_BYTES);
        let mut landing = Landing { chunks: self, senders };
        let mut room = match room {
            Some(room) => room,
            None => self.reserve(count * CHUNK_BYTES).await,
        };
        self.keep(std::mem::take(&mut room.evicted)).await;
        let end = (begin + count * CHUNK_BYTES).min(stretch.object_length);
        let path = self.keys.path(&Key::Segment(stretch.object));
        let part_bytes = usize::try_from(CHUNK_BYTES).unwrap_or(usize::MAX);
        let mut to_disk = ToDisk::new();
        let mut land = |bytes: Bytes| landing.land(bytes, &mut room, &mut to_disk);
        let fetched = self.store.get_parts(&path, begin..end, part_bytes, &mut land).await;
        if let Err(error) = fetched {
            landing.fail(&error);
        }
        drop(landing);
        drop(room);
        self.keep(to_disk).await;
    }
}

fn chunk_index(position: u64) -> u32 {
    u32::try_from(position / CHUNK_BYTES).unwrap_or(u32::MAX)
}

/// The part of a chunk from a position of its object on.
fn within(chunk: &Bytes, position: u64) -> Bytes {
    let from = usize::try_from(position % CHUNK_BYTES).unwrap_or(usize::MAX);
    chunk.slice(from.min(chunk.len())..)
}

#[cfg(test)]
mod tests;
