//! Chunks in memory: what was fetched and waits to be read, and what was read last. Pure.
//!
//! What is read once is not worth a write to the disk: most who read history go through it once, and their reading would
//! take the disk's time from those who produce. A chunk goes to the disk cache when it has to leave before anybody has
//! read it, or when it had to be fetched a second time.

use std::time::Duration;

use bytes::Bytes;

use crate::cache::ChunkId;
use crate::lru::Lru;

/// Chunks that were read and left, and are remembered: those of 8 GiB.
const LEFT_MAX: u64 = 8192;

#[derive(Debug)]
struct Held {
    bytes: Bytes,
    used: Duration,
}

/// Chunks in memory; see the file's header.
#[derive(Debug)]
pub(super) struct Memory {
    bytes_max: u64,
    /// Bytes of what is on its way.
    reserved: u64,
    unread: Lru<ChunkId, Held>,
    read: Lru<ChunkId, Held>,
    left: Lru<ChunkId, ()>,
}

/// What has left memory and belongs on the disk.
pub(super) type ToDisk = Vec<(ChunkId, Bytes)>;

impl Memory {
    /// Of at most `bytes_max` bytes.
    pub(super) fn new(bytes_max: u64) -> Memory {
        let (unread, read) = (Lru::new(u64::MAX), Lru::new(u64::MAX));
        Memory { bytes_max, reserved: 0, unread, read, left: Lru::new(LEFT_MAX) }
    }

    /// Bytes of the chunks.
    pub(super) fn bytes(&self) -> u64 {
        self.unread.weight() + self.read.weight()
    }

    /// Takes room for what will be fetched: what was read has to go for it, what waits to be read has not.
    pub(super) fn reserve_beside_unread(&mut self, bytes: u64) -> Option<ToDisk> {
        if self.reserved + self.unread.weight() + bytes > self.bytes_max {
            return None;
        }
        let mut to_disk = ToDisk::new();
        self.reserve(bytes, &mut to_disk).then_some(to_disk)
    }

    /// Takes room for what will be fetched; anything has to go for it. There is none if too much is on its way already.
    pub(super) fn reserve(&mut self, bytes: u64, to_disk: &mut ToDisk) -> bool {
        while self.bytes() + self.reserved + bytes > self.bytes_max {
            if !self.let_oldest_go(to_disk) {
                return false;
            }
        }
        self.reserved += bytes;
        true
    }

    /// Gives room back.
    pub(super) fn release(&mut self, bytes: u64) {
        self.reserved -= bytes;
    }

    /// Whether a chunk is there.
    pub(super) fn contains(&self, chunk: &ChunkId) -> bool {
        self.unread.contains(chunk) || self.read.contains(chunk)
    }

    /// A chunk, for somebody who reads it at `now`.
    pub(super) fn get(&mut self, chunk: &ChunkId, now: Duration) -> Option<Bytes> {
        let bytes = match self.unread.remove(chunk) {
            Some(held) => held.bytes,
            None => self.read.get(chunk)?.bytes.clone(),
        };
        self.read.put(*chunk, Held { bytes: bytes.clone(), used: now }, bytes.len() as u64);
        Some(bytes)
    }

    /// Takes in a chunk that was fetched, or with `is_read` one that somebody reads already.
    pub(super) fn put(&mut self, chunk: ChunkId, bytes: Bytes, now: Duration, is_read: bool) -> ToDisk {
        self.forget(&chunk);
        let into = if is_read { &mut self.read } else { &mut self.unread };
        let weight = bytes.len() as u64;
        into.put(chunk, Held { bytes, used: now }, weight);
        let mut to_disk = Vec::new();
        while self.bytes() + self.reserved > self.bytes_max && self.let_oldest_go(&mut to_disk) {}
        to_disk
    }

    /// Lets go what nobody has used since `before`.
    pub(super) fn rest(&mut self, before: Duration) -> ToDisk {
        let is_old = |oldest: Option<(&ChunkId, &Held)>| oldest.is_some_and(|(_, held)| held.used < before);
        let mut to_disk = Vec::new();
        while is_old(self.read.oldest()) {
            self.let_read_go(&mut to_disk);
        }
        while is_old(self.unread.oldest()) {
            self.let_unread_go(&mut to_disk);
        }
        to_disk
    }

    /// Forgets a chunk that is not what it should be.
    pub(super) fn forget(&mut self, chunk: &ChunkId) {
        self.unread.remove(chunk);
        self.read.remove(chunk);
    }

    fn let_oldest_go(&mut self, to_disk: &mut ToDisk) -> bool {
        self.let_read_go(to_disk) || self.let_unread_go(to_disk)
    }

    fn let_read_go(&mut self, to_disk: &mut ToDisk) -> bool {
        let Some((chunk, held)) = take_oldest(&mut self.read) else { return false };
        if self.left.get(&chunk).is_some() {
            to_disk.push((chunk, held.bytes));
        } else {
            self.left.put(chunk, (), 1);
        }
        true
    }

    fn let_unread_go(&mut self, to_disk: &mut ToDisk) -> bool {
        let Some((chunk, held)) = take_oldest(&mut self.unread) else { return false };
        to_disk.push((chunk, held.bytes));
        true
    }
}

fn take_oldest(lru: &mut Lru<ChunkId, Held>) -> Option<(ChunkId, Held)> {
    let chunk = *lru.oldest()?.0;
    lru.remove(&chunk).map(|held| (chunk, held))
}

#[cfg(test)]
mod tests {
    use broker_protocol::types::Uuid;

    use super::*;

    const NONE: [u32; 0] = [];
    const NOW: Duration = Duration::from_secs(1);

    fn chunk(index: u32) -> ChunkId {
        ChunkId { object: Uuid::from_u128(1), index }
    }

    fn bytes() -> Bytes {
        Bytes::from_static(&[7; 10])
    }

    fn names(to_disk: &ToDisk) -> Vec<u32> {
        to_disk.iter().map(|(chunk, _)| chunk.index).collect()
    }

    #[test]
    fn what_was_read_once_leaves_no_trace_on_the_disk() {
        let mut memory = Memory::new(30);
        for index in 0..100 {
            assert_eq!(names(&memory.put(chunk(index), bytes(), NOW, false)), NONE);
            assert_eq!(memory.get(&chunk(index), NOW), Some(bytes()));
            assert!(memory.bytes() <= 30);
        }
        assert!(!memory.contains(&chunk(96)) && memory.contains(&chunk(97)));
    }

    #[test]
    fn what_has_to_be_fetched_again_goes_to_the_disk() {
        let mut memory = Memory::new(10);
        for index in [1, 2, 1] {
            assert_eq!(names(&memory.put(chunk(index), bytes(), NOW, true)), NONE);
        }
        assert_eq!(names(&memory.put(chunk(3), bytes(), NOW, true)), [1]);
    }

    #[test]
    fn what_nobody_has_read_goes_last_and_to_the_disk() {
        let mut memory = Memory::new(30);
        for index in 0..3 {
            memory.put(chunk(index), bytes(), NOW, false);
        }
        memory.get(&chunk(2), NOW);
        assert_eq!(names(&memory.put(chunk(3), bytes(), NOW, false)), NONE, "the one that was read goes");
        assert_eq!(names(&memory.put(chunk(4), bytes(), NOW, false)), [0]);
    }

    #[test]
    fn what_is_on_its_way_has_its_room() {
        let mut memory = Memory::new(30);
        memory.put(chunk(0), bytes(), NOW, true);
        memory.put(chunk(1), bytes(), NOW, false);
        assert!(memory.reserve_beside_unread(20).is_some() && !memory.contains(&chunk(0)));
        assert!(memory.reserve_beside_unread(10).is_none() && memory.contains(&chunk(1)));
        let mut to_disk = ToDisk::new();
        assert!(memory.reserve(10, &mut to_disk), "somebody waits for it");
        assert_eq!(names(&to_disk), [1]);
        assert!(!memory.reserve(10, &mut to_disk));
        memory.release(10);
        assert!(memory.reserve(10, &mut to_disk));
    }

    #[test]
    fn what_is_not_used_does_not_stay_in_memory() {
        let mut memory = Memory::new(100);
        memory.put(chunk(0), bytes(), NOW, false);
        memory.put(chunk(1), bytes(), NOW, true);
        memory.put(chunk(2), bytes(), NOW * 3, false);
        assert_eq!(names(&memory.rest(NOW)), NONE, "just now");
        assert_eq!(names(&memory.rest(NOW * 2)), [0]);
        assert_eq!(memory.bytes(), 10);
    }
}
