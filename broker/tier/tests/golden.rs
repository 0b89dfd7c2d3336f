//! Objects that an earlier release wrote are read for good.
//!
//! testdata/bucket-v1 is a bucket as a directory. What is read from it must not change; where the present release writes
//! other bytes, it leaves them under target/tmp/bucket-v1, to be looked at and kept as the next version's.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use broker_log::io::Clock;
use broker_log::io::memory_disk::{ManualClock, MemoryDisk};
use broker_log::leader_epoch_cache::EpochEntry;
use broker_log::transaction_index::AbortedTxn;
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::types::{LeaderEpoch, Offset, ProducerId, TopicId, Uuid};
use broker_tier::author::Author;
use broker_tier::cache::ChunkCache;
use broker_tier::chunks::Chunks;
use broker_tier::discover;
use broker_tier::entry::Entry;
use broker_tier::footer::{ProducerSnapshot, tail_of};
use broker_tier::ids::{ClusterId, Generation, ManifestNumber, MetadataOffset, PartitionId};
use broker_tier::keys::{ClusterKeys, Key, PageKey, Prefix, SegmentKey};
use broker_tier::manifest::{Manifest, PageRef, Removed, RemovedObject, Stamp};
use broker_tier::meta::MetaSnapshot;
use broker_tier::page;
use broker_tier::publish::load;
use broker_tier::read::{RemoteRange, RemoteReader};
use broker_tier::root::Root;
use broker_tier::scrub;
use broker_tier::seams::{Blocking, Env, SystemRandom};
use broker_tier::sections::RangeScan;
use broker_tier::store::connect::{StoreSettings, connect};
use broker_tier::store::{Store, StoreLimits};
use broker_tier::url::RemoteUrl;
use bytes::Bytes;

const PARTITION: PartitionId = PartitionId {
    topic_id: TopicId(Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef)),
    partition: 3,
};
const WRITTEN_MS: i64 = 1_767_225_600_000;

fn cluster() -> ClusterId {
    ClusterId::parse("4L6g3nShT-eMCtK--X86sw").unwrap()
}

fn keys() -> ClusterKeys {
    ClusterKeys::new(&Prefix::default(), &cluster())
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0xfeed_0000_0000_4000_8000_0000_0000_0000 + number)
}

/// Batches of ten records.
fn batches(base: i64, count: i64, epoch: i32) -> Vec<u8> {
    let one = |base: i64| {
        let mut builder =
            BatchBuilder::new(Compression::None).base_offset(Offset(base)).leader_epoch(LeaderEpoch(epoch));
        for offset in base..base + 10 {
            let value = format!("value {offset}");
            builder.push(WRITTEN_MS + offset, Some(b"key"), Some(value.as_bytes()), &[]);
        }
        builder.build()
    };
    (0..count).flat_map(|index| one(base + index * 10)).collect()
}

/// An object and its entry.
fn object(base: i64, batches: &[u8], aborted: Vec<AbortedTxn>) -> (Entry, Vec<u8>) {
    let (base_offset, leader_epoch) = (Offset(base), LeaderEpoch(5));
    let object =
        SegmentKey { partition: PARTITION, base_offset, leader_epoch, id: id(base.unsigned_abs().into()) };
    let mut scan = RangeScan::new(base_offset, batches.len() as u64);
    assert_eq!(scan.take(batches), Ok(batches.len()));
    let range = scan.finish();
    let snapshot = ProducerSnapshot { offset: base_offset, bytes: Bytes::from_static(b"\x00\x01producers") };
    let tail = tail_of(&cluster(), (PARTITION, leader_epoch), base_offset, &range, &aborted, Some(&snapshot));
    let bytes = [batches, &tail.bytes].concat();
    let entry = Entry {
        base_offset,
        end_offset: range.next_offset.plus(-1),
        object,
        position: 0,
        length: range.length,
        object_length: bytes.len() as u64,
        footer_position: tail.footer_position,
        batches_crc: range.crc,
        epochs: range.epochs,
        max_timestamp: range.max_timestamp,
        max_timestamp_offset: range.max_timestamp_offset,
        aborted_count: u32::try_from(aborted.len()).unwrap(),
        aborted,
        created_ms: WRITTEN_MS,
    };
    (entry, bytes)
}

/// The bucket: a root, a snapshot, three objects of which the first is in a page, and the second and third of three
/// manifests. They differ in that the third names its author.
fn bucket() -> (Manifest, Vec<(Key, Vec<u8>)>) {
    let txn = AbortedTxn {
        first_offset: Offset(1010),
        producer_id: ProducerId(7),
        last_offset: Offset(1029),
        last_stable_offset: Offset(1030),
    };
    let first = object(0, &batches(0, 100, 4), Vec::new());
    let second = object(1000, &[batches(1000, 50, 4), batches(1500, 20, 5)].concat(), vec![txn]);
    let third = object(1700, &batches(1700, 3, 5), Vec::new());
    let page = PageKey { partition: PARTITION, first: Offset(0), id: id(77) };
    let mut manifest = Manifest::empty(cluster(), PARTITION, "orders".into(), Offset(0));
    for (entry, _) in [&first, &second, &third] {
        manifest.append(entry.clone()).unwrap();
    }
    manifest.entries.remove(0);
    manifest.pages.push(PageRef {
        key: page,
        base_offset: Offset(0),
        end_offset: Offset(999),
        entry_count: 1,
        removed_count: 0,
        bytes: first.0.length,
        max_timestamp: first.0.max_timestamp,
        max_timestamp_offset: first.0.max_timestamp_offset,
        aborted_count: 0,
    });
    let removed = SegmentKey { id: id(99), ..first.0.object };
    manifest.removed.push(Removed { object: RemovedObject::Segment(removed), removed_ms: WRITTEN_MS });
    manifest.log_start_offset = Offset(5);
    manifest.oldest_kept = ManifestNumber(2);
    manifest.number = Some(ManifestNumber(2));
    let (generation, leader_epoch) = (Generation(1), LeaderEpoch(5));
    let (writer, now_ms) = (id(1), WRITTEN_MS);
    manifest.stamp = Some(Stamp { generation, leader_epoch, writer, now_ms, author: None });
    let second_bytes = manifest.encode();
    manifest.number = Some(ManifestNumber(3));
    let author = Author { directory: id(3), life: id(4), sequence: 5 };
    manifest.stamp = manifest.stamp.map(|stamp| Stamp { author: Some(author), ..stamp });
    let root = Root { cluster: cluster(), generation, claimant: id(2), created_ms: WRITTEN_MS };
    let snapshot = MetaSnapshot {
        cluster: cluster(),
        offset: MetadataOffset(42),
        generation,
        created_ms: WRITTEN_MS,
        payload: Bytes::from_static(b"what the broker put there"),
    };
    let objects = vec![
        (Key::Root(generation), root.encode()),
        (Key::Meta(snapshot.offset), snapshot.encode()),
        (Key::Segment(first.0.object), first.1),
        (Key::Segment(second.0.object), second.1),
        (Key::Segment(third.0.object), third.1),
        (Key::Page(page), page::encode(&cluster(), PARTITION, std::slice::from_ref(&first.0))),
        (Key::Manifest(PARTITION, ManifestNumber(2)), second_bytes),
        (Key::Manifest(PARTITION, ManifestNumber(3)), manifest.encode()),
    ];
    (manifest, objects)
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/bucket-v1")
}

fn store() -> Arc<Store> {
    let url = RemoteUrl::parse(&format!("file://{}", golden().display())).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(WRITTEN_MS));
    let env = Env { clock, random: Arc::new(SystemRandom), blocking: Blocking::Inline };
    Arc::new(connect(&url, &StoreSettings::default(), StoreLimits::default(), env).unwrap())
}

#[test]
fn what_is_written_is_what_was_always_written() {
    let written = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bucket-v1");
    let mut differ = Vec::new();
    for (key, bytes) in bucket().1 {
        let path = keys().path(&key);
        if std::fs::read(golden().join(path.as_ref())).ok().as_ref() != Some(&bytes) {
            let place = written.join(path.as_ref());
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(&place, bytes).unwrap();
            differ.push(place);
        }
    }
    assert!(differ.is_empty(), "these differ from testdata: {differ:#?}");
}

#[tokio::test]
async fn a_bucket_of_the_first_format_is_read_as_it_was_written() {
    let (store, keys) = (store(), Arc::new(keys()));
    let wanted = bucket().0;
    let clusters = discover::clusters(&store, &Prefix::default()).await.unwrap();
    assert_eq!(clusters[0].root.as_ref().unwrap().as_ref().unwrap().claimant, id(2));
    let (snapshot, damaged) = discover::snapshot_at(&store, &keys, None).await.unwrap();
    assert_eq!((&snapshot.unwrap().payload[..], damaged), (&b"what the broker put there"[..], vec![]));
    let manifest = discover::manifest_at(&store, &keys, PARTITION, None).await.unwrap().unwrap();
    assert_eq!(manifest, wanted);
    let earlier = load(&store, &keys, PARTITION, ManifestNumber(2)).await.unwrap().unwrap();
    let stamp = earlier.stamp.map(|stamp| Stamp { author: wanted.stamp.unwrap().author, ..stamp });
    assert_eq!(earlier.stamp.unwrap().author, None);
    assert_eq!(Manifest { number: wanted.number, stamp, ..earlier }, wanted);
    let epoch = |epoch, start| EpochEntry { epoch: LeaderEpoch(epoch), start_offset: Offset(start) };
    assert_eq!(manifest.epochs.entries(), [epoch(4, 0), epoch(5, 1500)]);
    let disk = Arc::new(MemoryDisk::new(1));
    let cache = ChunkCache::open(disk, Path::new("/cache"), 1 << 20, Blocking::Inline).unwrap();
    let chunks = Chunks::new(store.clone(), keys.clone(), Arc::new(cache), 0);
    let reader = RemoteReader::new(store.clone(), keys.clone(), Arc::new(chunks));
    let (mut from, mut found) = (Offset(5), Vec::new());
    while from < Offset(1730) {
        let range = RemoteRange { from, max_bytes: 10_000, min_one_batch: true, upper: Offset(i64::MAX) };
        let read = reader.read(&manifest, &range).await.unwrap();
        found.extend_from_slice(&read.bytes);
        from = read.next_offset;
    }
    assert!(found == [batches(0, 150, 4), batches(1500, 23, 5)].concat());
    let aborted = reader.aborted_transactions(&manifest, Offset(1000), Offset(1020)).await.unwrap();
    assert_eq!((aborted.transactions.len(), aborted.is_complete), (1, true));
    let timed = reader.offset_for_timestamp(&manifest, WRITTEN_MS + 1600).await.unwrap().unwrap();
    assert_eq!(timed.offset, Offset(1600));
    let start = reader.replica_start(&manifest).await.unwrap().unwrap();
    assert_eq!(start.producers.unwrap().offset, Offset(1700));
    let report = scrub::inspect(&store, &keys, &manifest, WRITTEN_MS).await.unwrap();
    assert!(report.is_sound() && report.foreign.is_empty(), "{report:?}");
}
