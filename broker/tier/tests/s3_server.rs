//! The same against a real S3 server, where the environment names one: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID,
//! AWS_SECRET_ACCESS_KEY, AWS_REGION and S3_BUCKET. Elsewhere these tests do nothing.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use broker_log::io::memory_disk::{ManualClock, MemoryDisk};
use broker_log::io::{Clock, Disk, OpenMode};
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::types::{LeaderEpoch, Offset, TopicId, Uuid};
use broker_tier::bandwidth::Bandwidth;
use broker_tier::cache::ChunkCache;
use broker_tier::chunks::Chunks;
use broker_tier::copy::{Copier, CopySource};
use broker_tier::ids::{ClusterId, Generation, PartitionId};
use broker_tier::keys::{ClusterKeys, Key};
use broker_tier::manifest::Manifest;
use broker_tier::publish::{Fence, PublishError, Publisher};
use broker_tier::read::{RemoteRange, RemoteReader};
use broker_tier::root::{self, Claim};
use broker_tier::scrub;
use broker_tier::seams::{Blocking, Env, SystemRandom};
use broker_tier::store::connect::{StoreSettings, connect};
use broker_tier::store::{Store, StoreLimits};
use broker_tier::url::RemoteUrl;

/// The bucket that the environment names, below a prefix of this test's own.
fn bucket() -> Option<(Arc<Store>, Arc<ClusterKeys>)> {
    let name = std::env::var("S3_BUCKET").ok()?;
    let endpoint = std::env::var("AWS_ENDPOINT_URL").ok()?;
    let url = RemoteUrl::parse(&format!("s3://{name}/test-{}", Uuid::new_v4())).unwrap();
    let environment = std::env::vars().collect();
    let settings = StoreSettings { endpoint: Some(endpoint), environment, ..StoreSettings::default() };
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(0));
    let env = Env { clock, random: Arc::new(SystemRandom), blocking: Blocking::Inline };
    let store = connect(&url, &settings, StoreLimits::default(), env).unwrap();
    let cluster = ClusterId::parse("s3-server-test").unwrap();
    Some((Arc::new(store), Arc::new(ClusterKeys::new(&url.prefix, &cluster))))
}

#[tokio::test]
async fn a_real_server_keeps_the_promises() {
    let Some((store, keys)) = bucket() else { return };
    store.self_test(&keys).await.unwrap();
}

fn batches(base: i64, count: i64) -> Vec<u8> {
    let one = |index: i64| {
        let mut builder = BatchBuilder::new(Compression::None)
            .base_offset(Offset(base + index))
            .leader_epoch(LeaderEpoch(0));
        let value: Vec<u8> = (0..1u64 << 20).map(|at| (at * 31 + index.unsigned_abs()) as u8).collect();
        builder.push(base + index, None, Some(&value), &[]);
        builder.build()
    };
    (0..count).flat_map(one).collect()
}

#[tokio::test]
async fn segments_of_several_parts_are_copied_read_fenced_and_deleted() {
    let Some((store, keys)) = bucket() else { return };
    let partition = PartitionId { topic_id: TopicId(Uuid::from_u128(7)), partition: 0 };
    let own = Claim { generation: Generation::FIRST, claimant: Uuid::new_v4() };
    root::claim(&store, &keys, own, 0).await.unwrap();
    let take_over = async |epoch| {
        let fence = Fence { generation: Generation::FIRST, leader_epoch: LeaderEpoch(epoch) };
        let none = Manifest::empty(keys.cluster().clone(), partition, "topic".into(), Offset(0));
        Publisher::take_over(store.clone(), keys.clone(), fence, None, none).await
    };
    let (mut old, mut new) = (take_over(0).await.unwrap(), take_over(1).await.unwrap());
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new(1));
    disk.create_dir_all(Path::new("/log")).unwrap();
    let bytes = batches(0, 20);
    let file = disk.open(Path::new("/log/segment"), OpenMode::CREATE).unwrap();
    file.write_at(&bytes, 0).unwrap();
    let source = CopySource {
        file,
        path: PathBuf::from("/log/segment"),
        position: 0,
        length: bytes.len() as u64,
        base_offset: Offset(0),
        next_offset: Offset(20),
        aborted: Vec::new(),
        producer_snapshot: None,
    };
    let bandwidth = Arc::new(Bandwidth::new(store.env().clock.clone(), None));
    let copier = Copier::new(store.clone(), keys.clone(), bandwidth);
    let manifest = copier.copy(&mut new, &source, Offset(0)).await.unwrap();
    let fenced = copier.copy(&mut old, &source, Offset(0)).await.unwrap_err();
    assert!(fenced.to_string().contains("leader epoch 1"), "{fenced}");
    assert!(matches!(take_over(0).await, Err(PublishError::Fenced { .. })));
    let cache = ChunkCache::open(disk, Path::new("/cache"), 64 << 20, Blocking::Inline).unwrap();
    let chunks = Chunks::new(store.clone(), keys.clone(), Arc::new(cache), 32 << 20);
    let reader = RemoteReader::new(store.clone(), keys.clone(), Arc::new(chunks));
    let (mut from, mut found) = (Offset(0), Vec::new());
    while from < Offset(20) {
        let range = RemoteRange { from, max_bytes: 3 << 20, min_one_batch: true, upper: Offset(20) };
        let read = reader.read(&manifest, &range).await.unwrap();
        found.extend_from_slice(&read.bytes);
        from = read.next_offset;
    }
    assert!(found == bytes);
    let report = scrub::inspect(&store, &keys, &manifest, 0).await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.young_count, 1, "the fenced leader's object");
    assert_eq!(scrub::delete_topic(&store, &keys, Generation::FIRST, partition.topic_id).await, Ok(3));
}

#[tokio::test]
async fn an_upload_that_a_crash_has_left_is_found_and_aborted() {
    let Some((store, keys)) = bucket() else { return };
    let path = keys.path(&Key::Probe(Uuid::new_v4()));
    for _ in 0..2 {
        let mut upload = store.begin_upload(&path).await.unwrap();
        upload.part(vec![7; 5 << 20].into()).await.unwrap();
        std::mem::forget(upload);
    }
    let elsewhere = keys.topics_path();
    assert_eq!(store.abort_uploads(&elsewhere, i64::MAX).await, Ok(0));
    assert_eq!(store.abort_uploads(&keys.cluster_path(), 0).await, Ok(0), "they may be under way");
    assert_eq!(store.abort_uploads(&keys.cluster_path(), i64::MAX).await, Ok(2));
    assert_eq!(store.abort_uploads(&keys.cluster_path(), i64::MAX).await, Ok(0));
}
