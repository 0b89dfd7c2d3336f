use bytes::Bytes;

use super::*;
use crate::ids::{Generation, MetadataOffset};
use crate::keys::Key;
use crate::manifest::tests::PARTITION;
use crate::sections::tests::batches;
use crate::test_bucket::{Bucket, now_ms};

async fn write_meta(bucket: &Bucket, offset: u64) -> MetaSnapshot {
    let snapshot = MetaSnapshot {
        cluster: bucket.keys.cluster().clone(),
        offset: MetadataOffset(offset),
        generation: Generation::FIRST,
        created_ms: 5,
        payload: Bytes::from(format!("metadata at {offset}")),
    };
    meta::write(&bucket.store, &bucket.keys, &snapshot).await.unwrap();
    snapshot
}

/// fault = 63
#[tokio::test(start_paused = true)]
async fn everything_of_a_cluster_is_found_in_its_bucket() {
    let bucket = Bucket::new();
    bucket.claim(1).await;
    let publisher = bucket.copied(&[batches(0, 10, 0), batches(100, 10, 0)]).await;
    bucket.claim(2).await;
    write_meta(&bucket, 5).await;
    let newest = write_meta(&bucket, 7).await;
    let prefix = Prefix::parse("tests").unwrap();
    let found = clusters(&bucket.store, &prefix).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(&found[0].cluster, bucket.keys.cluster());
    assert_eq!(found[0].root.as_ref().unwrap().as_ref().unwrap().generation, Generation(2));
    let (store, keys) = (&bucket.store, &bucket.keys);
    assert_eq!(snapshot_at(store, keys, None).await, Ok((Some(newest), vec![])));
    assert_eq!(topics(store, keys).await, Ok(vec![PARTITION.topic_id]));
    assert_eq!(partitions(store, keys, PARTITION.topic_id).await, Ok(vec![PARTITION]));
    let manifest = manifest_at(store, keys, PARTITION, None).await.unwrap().unwrap();
    assert_eq!(&manifest, &**publisher.manifest());
    let summary = summary(&manifest).unwrap();
    assert_eq!((summary.topic.as_str(), summary.next_offset), ("orders", Offset(200)));
}

#[tokio::test(start_paused = true)]
async fn a_damaged_snapshot_falls_back_to_the_one_before_and_is_told() {
    let bucket = Bucket::new();
    let before = write_meta(&bucket, 5).await;
    let mut bytes = write_meta(&bucket, 7).await.encode();
    bytes[40] ^= 1;
    bucket.store.put_unique(&bucket.keys.path(&Key::Meta(MetadataOffset(7))), bytes.into()).await.unwrap();
    let (found, damaged) = snapshot_at(&bucket.store, &bucket.keys, None).await.unwrap();
    assert_eq!((found, damaged.len()), (Some(before), 1));
}

#[tokio::test(start_paused = true)]
async fn old_snapshots_are_pruned_but_a_few() {
    let bucket = Bucket::new();
    for offset in 1..7 {
        write_meta(&bucket, offset).await;
    }
    assert_eq!(meta::prune(&bucket.store, &bucket.keys, 0).await, Ok(0));
    assert_eq!(meta::prune(&bucket.store, &bucket.keys, now_ms() + 60_000).await, Ok(3));
    let kept: Vec<u64> =
        meta::list(&bucket.store, &bucket.keys).await.unwrap().iter().map(|(offset, _)| offset.0).collect();
    assert_eq!(kept, [6, 5, 4]);
}

/// fault = 63
#[tokio::test(start_paused = true)]
async fn a_partition_is_found_as_it_was_but_never_before_its_log_start() {
    let bucket = Bucket::new();
    let mut publisher = bucket.copied(&[batches(0, 10, 0)]).await;
    let path = |number| bucket.keys.path(&Key::Manifest(PARTITION, crate::ids::ManifestNumber(number)));
    let then_ms = bucket.store.head(&path(1)).await.unwrap().unwrap().1;
    // The store's clock, which is that of the machine, tells milliseconds.
    while now_ms() <= then_ms {
        std::hint::spin_loop();
    }
    bucket.copier().copy(&mut publisher, &bucket.source(&batches(100, 10, 0)), Offset(0)).await.unwrap();
    let mut edited = Manifest::clone(publisher.manifest());
    edited.advance_log_start(Offset(50), 0);
    publisher.publish(edited).await.unwrap();
    let (store, keys) = (&bucket.store, &bucket.keys);
    let then = manifest_at(store, keys, PARTITION, Some(then_ms)).await.unwrap().unwrap();
    assert_eq!((then.tiered_end(), then.log_start_offset), (Some(Offset(100)), Offset(50)));
    assert_eq!(manifest_at(store, keys, PARTITION, Some(then_ms - 60_000)).await, Ok(None));
}
