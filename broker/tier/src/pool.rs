//! Memory for what is read and sent: buffers that serve again, and go back to the system once they were not needed for a while.
//! Larger ones go back at once.
//!
//! An allocator keeps what was freed for the thread that had asked for it. Readers of history need a lot for minutes, on
//! every thread, and then nothing for days. And what the system gives anew has to be zeroed page by page, which takes as
//! long as to send it.

use std::sync::Arc;

use bytes::Bytes;
use memmap2::MmapMut;
use parking_lot::Mutex;

/// Bytes of a buffer for a chunk that is read.
pub(crate) const BUFFER_BYTES: usize = 1 << 20;

/// So few are copied instead of holding a whole buffer.
const FEW_BYTES: usize = BUFFER_BYTES / 4;

/// Buffers that wait to serve again.
#[derive(Debug)]
pub(crate) struct BufferPool {
    buffer_bytes: usize,
    free: Mutex<Free>,
}

#[derive(Debug, Default)]
struct Free {
    maps: Vec<MmapMut>,
    /// So many have waited since the last rest.
    waited: usize,
}

impl BufferPool {
    /// A pool of buffers of so many bytes; who needs less than a quarter of that gets memory of the allocator's.
    pub(crate) fn new(buffer_bytes: usize) -> BufferPool {
        BufferPool { buffer_bytes, free: Mutex::default() }
    }

    /// Less is not worth a buffer.
    fn pooled_min(&self) -> usize {
        self.buffer_bytes / 4
    }

    /// An empty buffer with room for so many bytes.
    pub(crate) fn buffer(self: &Arc<Self>, bytes: usize) -> Buffer {
        let memory = if bytes < self.pooled_min() {
            None
        } else if bytes <= self.buffer_bytes {
            self.take().map(|map| (map, Some(Arc::clone(self))))
        } else {
            MmapMut::map_anon(bytes).ok().map(|map| (map, None))
        };
        let map = |(map, pool)| Memory::Map(Held { map: Some(map), pool });
        // Also where the system maps none.
        let memory = memory.map_or_else(|| Memory::Vec(Vec::with_capacity(bytes)), map);
        Buffer { memory, start: 0, end: 0 }
    }

    /// A buffer; `None` where the system has no memory to map.
    fn take(&self) -> Option<MmapMut> {
        {
            let mut free = self.free.lock();
            if let Some(map) = free.maps.pop() {
                free.waited = free.waited.min(free.maps.len());
                return Some(map);
            }
        }
        MmapMut::map_anon(self.buffer_bytes).ok()
    }

    /// Gives back what nobody has needed since the last time.
    pub(crate) fn rest(&self) {
        let unneeded = {
            let mut free = self.free.lock();
            let waited = free.waited;
            let unneeded = free.maps.drain(..waited).collect::<Vec<_>>();
            free.waited = free.maps.len();
            unneeded
        };
        drop(unneeded);
    }
}

/// A buffer, on loan if it is of a pool.
#[derive(Debug)]
struct Held {
    /// `None` once it is given back.
    map: Option<MmapMut>,
    pool: Option<Arc<BufferPool>>,
}

impl Held {
    fn bytes(&self) -> &[u8] {
        self.map.as_deref().unwrap_or_default()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(pool) = &self.pool {
            pool.free.lock().maps.extend(self.map.take());
        }
    }
}

#[derive(Debug)]
enum Memory {
    Map(Held),
    Vec(Vec<u8>),
}

/// Bytes that are added behind, and dropped in front.
#[derive(Debug)]
pub(crate) struct Buffer {
    memory: Memory,
    start: usize,
    end: usize,
}

impl Default for Buffer {
    /// One without room.
    fn default() -> Buffer {
        Buffer { memory: Memory::Vec(Vec::new()), start: 0, end: 0 }
    }
}

impl Buffer {
    /// One of no pool.
    fn apart(bytes: usize) -> Buffer {
        let Ok(map) = MmapMut::map_anon(bytes) else { return Buffer::default() };
        Buffer { memory: Memory::Map(Held { map: Some(map), pool: None }), start: 0, end: 0 }
    }

    /// Bytes in it.
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    /// The bytes in it.
    pub(crate) fn bytes(&self) -> &[u8] {
        let all = match &self.memory {
            Memory::Map(held) => held.bytes(),
            Memory::Vec(bytes) => bytes,
        };
        &all[self.start..self.end]
    }

    /// Adds bytes, in other memory if it has no room for them.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        if let Memory::Map(held) = &mut self.memory
            && let Some(map) = &mut held.map
        {
            if let Some(room) = map.get_mut(self.end..self.end + bytes.len()) {
                room.copy_from_slice(bytes);
                self.end += bytes.len();
                return;
            }
            // Nobody touches the rest of it before it is needed.
            let room = (self.len() + bytes.len()).next_power_of_two();
            let mut larger = Buffer::apart(room);
            larger.extend(self.bytes());
            *self = larger;
            self.extend(bytes);
            return;
        }
        if let Memory::Vec(vec) = &mut self.memory {
            vec.extend_from_slice(bytes);
            self.end = vec.len();
        }
    }

    /// Adds so many bytes, which `fill` writes in order. Of a buffer that has room for them.
    ///
    /// # Errors
    /// Those of `fill`; nothing is added then.
    pub(crate) fn fill<E>(
        &mut self,
        count: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let end = self.end + count;
        match &mut self.memory {
            Memory::Map(Held { map: Some(map), .. }) => fill(&mut map[self.end..end])?,
            Memory::Map(_) => unreachable!("a map is given back with its buffer"),
            Memory::Vec(vec) => {
                vec.resize(end, 0);
                fill(&mut vec[self.end..])?;
            }
        }
        self.end = end;
        Ok(())
    }

    /// Drops so many bytes in front, or all.
    pub(crate) fn drop_front(&mut self, count: usize) {
        self.start += count.min(self.len());
    }

    /// Its first bytes, at most so many. A few of them do not hold a buffer.
    pub(crate) fn freeze(self, count: usize) -> Bytes {
        let range = self.start..self.end.min(self.start.saturating_add(count));
        match self.memory {
            Memory::Map(held) if range.len() < FEW_BYTES => Bytes::copy_from_slice(&held.bytes()[range]),
            Memory::Map(held) => Bytes::from_owner(Frozen(held)).slice(range),
            Memory::Vec(vec) => Bytes::from(vec).slice(range),
        }
    }
}

struct Frozen(Held);

impl AsRef<[u8]> for Frozen {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_that_were_added_whatever_memory_they_are_in() {
        let pool = Arc::new(BufferPool::new(BUFFER_BYTES));
        for size in [10, BUFFER_BYTES / 2, BUFFER_BYTES, 3 * BUFFER_BYTES] {
            let mut buffer = pool.buffer(size);
            let mut expected = Vec::new();
            for piece in 0..5 {
                let bytes = vec![piece; BUFFER_BYTES / 3];
                buffer.extend(&bytes);
                expected.extend(bytes);
            }
            buffer.drop_front(100);
            assert_eq!(buffer.len(), expected.len() - 100);
            assert!(buffer.bytes() == &expected[100..], "{size}");
            assert!(buffer.freeze(BUFFER_BYTES) == expected[100..100 + BUFFER_BYTES], "{size}");
        }
    }

    #[test]
    fn a_buffer_serves_again_and_goes_once_it_was_not_needed() {
        let pool = Arc::new(BufferPool::new(BUFFER_BYTES));
        let free = || pool.free.lock().maps.len();
        let full = |mut buffer: Buffer| {
            buffer.extend(&[7; BUFFER_BYTES]);
            buffer.freeze(BUFFER_BYTES)
        };
        let take = |count: usize| -> Vec<Bytes> {
            let buffers: Vec<_> = (0..count).map(|_| pool.buffer(BUFFER_BYTES)).collect();
            buffers.into_iter().map(full).collect()
        };
        let many = take(8);
        let more = many.clone();
        drop(many);
        assert_eq!(free(), 0, "somebody has them yet");
        drop(more);
        assert_eq!(free(), 8);
        pool.rest();
        assert_eq!(free(), 8, "they have just come back");
        drop(take(3));
        pool.rest();
        assert_eq!(free(), 3, "three of them were needed");
        pool.rest();
        assert_eq!(free(), 0);
        let mut buffer = pool.buffer(BUFFER_BYTES);
        buffer.extend(b"a few");
        let few = buffer.freeze(BUFFER_BYTES);
        assert_eq!((&few[..], free()), (&b"a few"[..], 1));
    }
}
