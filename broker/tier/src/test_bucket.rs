//! A bucket in memory that misbehaves as told, and all that works on it, for the tests of this crate.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use broker_log::io::memory_disk::{ManualClock, MemoryDisk};
use broker_log::io::{Disk, OpenMode};
use broker_protocol::record_batch::RecordBatch;
use broker_protocol::types::{LeaderEpoch, Offset, Uuid};
use bytes::Bytes;
use object_store::ObjectStore;
use object_store::memory::InMemory;

use crate::bandwidth::Bandwidth;
use crate::cache::ChunkCache;
use crate::chunks::{CHUNK_BYTES, Chunks};
use crate::copy::{Copier, CopySource};
use crate::faulty_store::FaultyStore;
use crate::footer::ProducerSnapshot;
use crate::ids::Generation;
use crate::keys::{ClusterKeys, Key, Prefix};
use crate::manifest::Manifest;
use crate::manifest::tests::{PARTITION, cluster, manifest};
use crate::publish::{Fence, PublishError, Publisher};
use crate::read::RemoteReader;
use crate::root::{Claim, claim};
use crate::seams::{Blocking, Env, Random};
use crate::store::{Store, StoreLimits};

/// Ids that follow from their number.
#[derive(Debug, Default)]
pub(crate) struct Numbered(AtomicU64);

impl Random for Numbered {
    fn uuid(&self) -> Uuid {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Uuid::from_u128(u128::from(spread) << 64 | u128::from(number))
    }
}

/// See the file's header.
pub(crate) struct Bucket {
    pub(crate) faulty: Arc<FaultyStore>,
    pub(crate) store: Arc<Store>,
    pub(crate) keys: Arc<ClusterKeys>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) disk: Arc<dyn Disk>,
}

impl Bucket {
    pub(crate) fn new() -> Bucket {
        Bucket::around(Arc::new(InMemory::new()))
    }

    pub(crate) fn around(inner: Arc<dyn ObjectStore>) -> Bucket {
        let faulty = Arc::new(FaultyStore::new(inner));
        let clock = Arc::new(ManualClock::new(now_ms()));
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new(1));
        disk.create_dir_all(Path::new("/log")).unwrap();
        let env =
            Env { clock: clock.clone(), random: Arc::<Numbered>::default(), blocking: Blocking::Inline };
        let store = Store::new(faulty.clone(), faulty.clone(), env, StoreLimits::default());
        let keys = ClusterKeys::new(&Prefix::parse("tests").unwrap(), &cluster());
        Bucket { faulty, store: Arc::new(store), keys: Arc::new(keys), clock, disk }
    }

    pub(crate) async fn claim(&self, generation: u64) {
        let own = Claim { generation: Generation(generation), claimant: Uuid::from_u128(generation.into()) };
        claim(&self.store, &self.keys, own, 1).await.unwrap();
    }

    pub(crate) async fn publisher(&self, generation: u64, epoch: i32) -> Result<Publisher, PublishError> {
        self.claim(generation).await;
        let fence = Fence { generation: Generation(generation), leader_epoch: LeaderEpoch(epoch) };
        let (store, keys) = (self.store.clone(), self.keys.clone());
        Publisher::take_over(store, keys, fence, None, manifest()).await
    }

    pub(crate) fn copier(&self) -> Copier {
        let bandwidth = Bandwidth::new(self.clock.clone(), None);
        Copier::new(self.store.clone(), self.keys.clone(), Arc::new(bandwidth))
    }

    pub(crate) fn reader(&self) -> Arc<RemoteReader> {
        self.reader_with_cache(64 * CHUNK_BYTES)
    }

    pub(crate) fn reader_with_cache(&self, bytes: u64) -> Arc<RemoteReader> {
        let cache =
            ChunkCache::open(self.disk.clone(), Path::new("/cache"), bytes, Blocking::Inline).unwrap();
        let chunks = Chunks::new(self.store.clone(), self.keys.clone(), Arc::new(cache), 0);
        Arc::new(RemoteReader::new(self.store.clone(), self.keys.clone(), Arc::new(chunks)))
    }

    /// A segment file with these batches.
    pub(crate) fn source(&self, batches: &[u8]) -> CopySource {
        let (first, _) = RecordBatch::parse(batches).unwrap();
        let (mut rest, mut next_offset) = (batches, Offset(0));
        while let Ok((batch, behind)) = RecordBatch::parse(rest) {
            (rest, next_offset) = (behind, batch.header.next_offset());
        }
        let base_offset = first.header.base_offset;
        let path = PathBuf::from(format!("/log/{:020}.log", base_offset.0));
        let file = self.disk.open(&path, OpenMode::CREATE).unwrap();
        file.set_len(0).unwrap();
        file.write_at(batches, 0).unwrap();
        CopySource {
            file,
            path,
            position: 0,
            length: batches.len() as u64,
            base_offset,
            next_offset,
            aborted: Vec::new(),
            producer_snapshot: Some(ProducerSnapshot {
                offset: base_offset,
                bytes: Bytes::from_static(b"producers"),
            }),
        }
    }

    /// Copies segments, each given by its batches, under the first generation and epoch.
    pub(crate) async fn copied(&self, segments: &[Vec<u8>]) -> Publisher {
        let mut publisher = self.publisher(1, 0).await.unwrap();
        for batches in segments {
            let source = self.source(batches);
            self.copier().copy(&mut publisher, &source, Offset(0)).await.unwrap();
        }
        publisher
    }

    /// All keys of the cluster, sorted.
    pub(crate) async fn keys_there(&self) -> Vec<Key> {
        let listing = self.store.list(&self.keys, &self.keys.cluster_path()).await.unwrap();
        let mut keys: Vec<Key> = listing.objects.iter().map(|object| object.key).collect();
        keys.sort_unstable();
        keys
    }

    /// All keys but those of roots, sorted.
    pub(crate) async fn copies_there(&self) -> Vec<Key> {
        let keys = self.keys_there().await;
        keys.into_iter().filter(|key| !matches!(key, Key::Root(_))).collect()
    }

    /// The objects with batches.
    pub(crate) async fn segments_there(&self) -> usize {
        self.keys_there().await.iter().filter(|key| matches!(key, Key::Segment(_))).count()
    }
}

/// The wall clock, which is the clock of a store in memory.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// The manifest of the tests' partition as the bucket has it.
pub(crate) async fn newest(bucket: &Bucket) -> Option<Manifest> {
    crate::publish::load_newest(&bucket.store, &bucket.keys, PARTITION, None).await.unwrap()
}
