//! Chunks of objects on the local disk, so that what was read once need not be fetched again. Rebuildable: it begins
//! empty, nothing is synced, and each file has a checksum that is compared whenever it is read.
//!
//! ```text
//! <directory>/<uuid of the object>-<index of the chunk>-<number>: a frame HWTC around the chunk's bytes
//! ```
//! Each file is written once: whoever reads it reads all of it, or finds that it is gone.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use broker_log::io::{Disk, OpenMode};
use broker_protocol::types::Uuid;
use bytes::Bytes;
use parking_lot::Mutex;

use crate::frame::{self, FRAME_HEADER_BYTES, Kind};
use crate::lru::Lru;
use crate::seams::Blocking;

/// A chunk of an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ChunkId {
    /// The uuid in the object's key.
    pub object: Uuid,
    /// Its number in the object, from 0.
    pub index: u32,
}

/// A cache; see the file's header.
#[derive(Debug)]
pub struct ChunkCache {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    blocking: Blocking,
    files: Mutex<Lru<ChunkId, CachedFile>>,
    written: AtomicU64,
    damaged: AtomicU64,
}

/// The file of a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct CachedFile {
    number: u64,
    /// All of it is there.
    is_whole: bool,
}

impl ChunkCache {
    /// An empty cache of at most `bytes_max` bytes in a directory, whose content goes.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        bytes_max: u64,
        blocking: Blocking,
    ) -> io::Result<ChunkCache> {
        if disk.exists(directory)? {
            disk.remove_dir_all(directory)?;
        }
        disk.create_dir_all(directory)?;
        let files = Mutex::new(Lru::new(bytes_max));
        let directory = directory.to_path_buf();
        let (written, damaged) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(ChunkCache { disk, directory, blocking, files, written, damaged })
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.lock().weight()
    }

    /// How many files did not fit their checksum.
    #[must_use]
    pub fn damaged(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Whether a chunk is there, as far as known.
    #[must_use]
    pub fn contains(&self, chunk: ChunkId) -> bool {
        self.files.lock().peek(&chunk).is_some_and(|file| file.is_whole)
    }

    /// A chunk, if it is there and what it was.
    pub async fn get(self: &Arc<Self>, chunk: ChunkId) -> Option<Bytes> {
        let file = self.files.lock().get(&chunk).copied().filter(|file| file.is_whole)?;
        let cache = Arc::clone(self);
        self.blocking.run(move || cache.read(chunk, file)).await?
    }

    fn read(&self, chunk: ChunkId, file: CachedFile) -> Option<Bytes> {
        let path = self.path(chunk, file.number);
        let bytes = match self.disk.read(&path) {
            Ok(bytes) => bytes,
            // A file that has just been evicted is no damage.
            Err(_) => return None,
        };
        if frame::unwrap(Kind::Chunk, &bytes).is_err() {
            if self.remove(chunk, file.number) {
                self.damaged.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(file = %path.display(), "a cached chunk is damaged and fetched again");
            }
            return None;
        }
        Some(Bytes::from(bytes).slice(FRAME_HEADER_BYTES..))
    }

    /// Keeps a chunk, if the disk takes it.
    pub async fn put(self: &Arc<Self>, chunk: ChunkId, bytes: Bytes) {
        let cache = Arc::clone(self);
        self.blocking.run(move || cache.write(chunk, &bytes)).await;
    }

    fn write(&self, chunk: ChunkId, bytes: &[u8]) {
        let framed = frame::wrap(Kind::Chunk, bytes);
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        // Room first, so that the limit holds at every moment.
        let file = CachedFile { number, is_whole: false };
        let evicted = self.files.lock().put(chunk, file, framed.len() as u64);
        for (old, file) in &evicted {
            let _ = self.disk.remove_file(&self.path(*old, file.number));
        }
        let path = self.path(chunk, number);
        let written = self.disk.open(&path, OpenMode::CREATE).and_then(|file| file.write_at(&framed, 0));
        if let Err(error) = &written {
            tracing::debug!(%error, "a chunk is not kept in the disk cache");
        }
        let is_kept = written.is_ok() && self.is_whole_now(chunk, number);
        if !is_kept {
            self.remove(chunk, number);
            // It was evicted before it was there.
            let _ = self.disk.remove_file(&path);
        }
    }

    /// Lets a file be read, unless it was evicted meanwhile.
    fn is_whole_now(&self, chunk: ChunkId, number: u64) -> bool {
        let mut files = self.files.lock();
        match files.get_mut(&chunk) {
            Some(file) if file.number == number => {
                file.is_whole = true;
                true
            }
            _ => false,
        }
    }

    /// Forgets a file, if it is still the chunk's; whether it was.
    fn remove(&self, chunk: ChunkId, number: u64) -> bool {
        let mut files = self.files.lock();
        let is_its = files.peek(&chunk).is_some_and(|file| file.number == number);
        if is_its {
            files.remove(&chunk);
            drop(files);
            let _ = self.disk.remove_file(&self.path(chunk, number));
        }
        is_its
    }

    /// Forgets a chunk whose content turned out to be wrong.
    pub async fn forget(self: &Arc<Self>, chunk: ChunkId) {
        let file = self.files.lock().peek(&chunk).copied();
        if let Some(file) = file {
            let cache = Arc::clone(self);
            self.blocking.run(move || cache.remove(chunk, file.number)).await;
        }
    }

    fn path(&self, chunk: ChunkId, number: u64) -> PathBuf {
        self.directory.join(format!("{}-{}-{number}", chunk.object.hyphenated(), chunk.index))
    }
}

#[cfg(test)]
mod tests {
    use broker_log::io::memory_disk::MemoryDisk;

    use super::*;

    fn chunk(index: u32) -> ChunkId {
        ChunkId { object: Uuid::from_u128(1), index }
    }

    fn cache(bytes_max: u64) -> (Arc<dyn Disk>, Arc<ChunkCache>) {
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new(1));
        let cache = ChunkCache::open(disk.clone(), Path::new("/cache"), bytes_max, Blocking::Inline).unwrap();
        (disk, Arc::new(cache))
    }

    #[tokio::test]
    async fn the_cache_stays_within_its_bytes() {
        let (disk, cache) = cache(300);
        for index in 0..10 {
            cache.put(chunk(index), vec![7; 84].into()).await;
        }
        assert_eq!(cache.bytes(), 300);
        assert_eq!(disk.list(Path::new("/cache")).unwrap().len(), 3);
        assert_eq!(cache.get(chunk(9)).await, Some(vec![7; 84].into()));
        assert_eq!(cache.get(chunk(6)).await, None);
    }

    /// tiering = 16
    #[tokio::test]
    async fn a_damaged_file_is_noticed_and_forgotten() {
        let (disk, cache) = cache(300);
        cache.put(chunk(0), vec![7; 84].into()).await;
        let path = disk.list(Path::new("/cache")).unwrap().remove(0).name;
        let file = disk.open(&Path::new("/cache").join(path), OpenMode::WRITE).unwrap();
        file.write_at(&[8], 50).unwrap();
        assert_eq!(cache.get(chunk(0)).await, None);
        assert_eq!((cache.damaged(), cache.bytes()), (1, 0));
    }

    /// A file that is written anew, or evicted, while somebody reads it is no damage.
    #[test]
    fn files_that_come_and_go_are_not_told_as_damaged() {
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new(1));
        let cache = ChunkCache::open(disk, Path::new("/cache"), 300, Blocking::Inline).unwrap();
        let found = std::thread::scope(|scope| {
            let writers = [0, 1].map(|writer| {
                let cache = &cache;
                scope.spawn(move || (0..2000).for_each(|at| cache.write(chunk((at + writer) % 5), &[7; 84])))
            });
            let mut found = 0;
            while !writers.iter().all(|writer| writer.is_finished()) {
                for index in 0..5 {
                    let file = cache.files.lock().get(&chunk(index)).copied().filter(|file| file.is_whole);
                    found += usize::from(file.and_then(|file| cache.read(chunk(index), file)).is_some());
                }
            }
            found
        });
        assert!(found > 0);
        assert_eq!(cache.damaged(), 0);
        assert_eq!(cache.disk.list(Path::new("/cache")).unwrap().len(), 3);
    }

    /// tiering = 16
    #[tokio::test]
    async fn a_cache_begins_empty() {
        let (disk, cache) = cache(300);
        cache.put(chunk(0), vec![7; 84].into()).await;
        let again = ChunkCache::open(disk.clone(), Path::new("/cache"), 300, Blocking::Inline).unwrap();
        assert_eq!(Arc::new(again).get(chunk(0)).await, None);
        assert_eq!(disk.list(Path::new("/cache")).unwrap(), []);
    }
}
