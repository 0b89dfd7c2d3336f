//! What is on its way: its room in memory, its turn, and those who wait for it. Each gives back what it holds, however its
//! task ends.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::memory::ToDisk;
use super::{CHUNK_BYTES, Chunks, Stretch};
use crate::cache::ChunkId;
use crate::ids::PartitionId;
use crate::store_error::StoreError;

/// What a fetch of a chunk came to.
pub(super) type Fetched = Option<Result<Bytes, StoreError>>;

/// What is fetched ahead with one request.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) stretch: Stretch,
    pub(super) senders: Senders,
    pub(super) room: Room,
}

/// A place among those that are under way, which the next one takes.
pub(super) struct Turn {
    pub(super) chunks: Arc<Chunks>,
    pub(super) partition: PartitionId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(run) = self.chunks.lanes.lock().leave(&self.partition) else { return };
        // Outside of a runtime, as at the end of the process, nobody waits for it.
        if tokio::runtime::Handle::try_current().is_ok() {
            self.chunks.begin(run);
        }
    }
}

pub(super) type Senders = VecDeque<(ChunkId, watch::Sender<Fetched>)>;

/// Room in memory for what is on its way.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) chunks: Arc<Chunks>,
    pub(super) bytes: u64,
    /// What had to go for it.
    pub(super) evicted: ToDisk,
}

impl Room {
    /// Gives back the room of a chunk, which is there now or will not come.
    pub(super) fn give_back(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.chunks.memory.lock().release(bytes);
        self.chunks.freed.notify_waiters();
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

/// Chunks that are on their way. Whatever ends their task, the next reader has to find its way free.
pub(super) struct Landing<'a> {
    pub(super) chunks: &'a Chunks,
    pub(super) senders: Senders,
}

impl Landing<'_> {
    /// Hands out the next chunk, and notes what has to leave memory for it.
    pub(super) fn land(&mut self, bytes: Bytes, room: &mut Room, to_disk: &mut ToDisk) {
        let Some((chunk, sender)) = self.senders.pop_front() else { return };
        room.give_back(CHUNK_BYTES);
        to_disk.extend(self.chunks.memory.lock().put(chunk, bytes.clone(), self.chunks.now(), false));
        sender.send_replace(Some(Ok(bytes)));
        self.chunks.flights.lock().remove(&chunk);
    }

    pub(super) fn fail(&mut self, error: &StoreError) {
        for (_, sender) in &self.senders {
            sender.send_replace(Some(Err(error.clone())));
        }
    }
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        let mut flights = self.chunks.flights.lock();
        for (chunk, _) in &self.senders {
            flights.remove(chunk);
        }
    }
}
