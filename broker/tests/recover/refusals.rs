//! What a recovery refuses, and what it says then.

use std::path::Path;

use broker_log::io::Disk;
use broker_log::io::memory_disk::MemoryDisk;
use broker_protocol::types::Uuid;
use broker_tier::faulty_store::{Answer, Effect, Operation};
use broker_tier::ids::{ClusterId, Generation, ManifestNumber, MetadataOffset};
use broker_tier::keys::{ClusterKeys, Key, Prefix};
use broker_tier::root::{self, Claim};
use highwater_broker::recover::{RecoverOptions, Recovered, Report};

use crate::bucket::{Bucket, CLUSTER, DATA, Found, image, options, orders};

async fn refusal(bucket: &Bucket, options: &RecoverOptions) -> String {
    let before = bucket.objects().await;
    let disk = MemoryDisk::new(1);
    let error = format!("{:#}", bucket.recover(&disk, options).await.unwrap_err());
    assert_eq!(bucket.objects().await, before, "a refusal changes nothing: {error}");
    error
}

async fn add_cluster(bucket: &Bucket, name: &str) {
    let keys = ClusterKeys::new(&Prefix::default(), &ClusterId::parse(name).unwrap());
    let claim = Claim { generation: Generation(1), claimant: Uuid::from_u128(1) };
    root::claim(&bucket.store, &keys, claim, 1_000).await.unwrap();
}

fn named(name: &str) -> RecoverOptions {
    RecoverOptions { cluster: Some(ClusterId::parse(name).unwrap()), ..options() }
}

#[tokio::test(start_paused = true)]
async fn of_several_clusters_one_has_to_be_named() {
    let bucket = Bucket::filled().await;
    add_cluster(&bucket, "other").await;
    let error = refusal(&bucket, &options()).await;
    assert!(error.contains("several clusters, name one with --cluster-id"), "{error}");
    assert!(
        error.contains(&format!("  {CLUSTER}, generation 1, since ")) && error.contains("  other, "),
        "{error}"
    );
    let error = refusal(&bucket, &named("nobody")).await;
    assert!(error.contains("has nothing of cluster nobody") && error.contains("  other, "), "{error}");
    bucket.recovered(&MemoryDisk::new(1), &named(CLUSTER)).await;
}

#[tokio::test(start_paused = true)]
async fn a_bucket_without_a_cluster_is_told() {
    let error = refusal(&Bucket::empty(), &options()).await;
    assert!(error.contains("has no cluster below this url"), "{error}");
}

/// fault = 63
#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_or_denies_is_told_as_such() {
    for (answer, expected) in
        [(Answer::ServerError, "got no usable answer"), (Answer::Denied, "check the credentials")]
    {
        let (bucket, disk) = (Bucket::filled().await, MemoryDisk::new(1));
        bucket.faulty.next(Operation::List, "", u32::MAX, Effect::Fail(answer));
        let error = format!("{:#}", bucket.recover(&disk, &options()).await.unwrap_err());
        assert!(error.contains("the object store cannot be read") && error.contains(expected), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_is_not_empty_is_left_alone() {
    let (bucket, disk) = (Bucket::filled().await, MemoryDisk::new(1));
    disk.create_dir_all(Path::new(DATA)).unwrap();
    disk.write_atomically(&Path::new(DATA).join("somebody"), b"else").unwrap();
    let error = bucket.recover(&disk, &options()).await.unwrap_err().to_string();
    assert!(error.contains("/data is not empty (somebody is there)"), "{error}");
    assert_eq!(bucket.newest(orders(0)).await.unwrap().number, Some(ManifestNumber(2)));
}

/// fault = 63
#[tokio::test(start_paused = true)]
async fn a_second_run_over_a_finished_one_has_nothing_to_do() {
    let (bucket, disk) = (Bucket::filled().await, MemoryDisk::new(1));
    bucket.recovered(&disk, &options()).await;
    let before = (bucket.objects().await, disk.list(Path::new(DATA)).unwrap());
    let second = bucket.recover(&disk, &options()).await.unwrap();
    assert_eq!(second, Recovered::Nothing(CLUSTER.to_owned()));
    assert_eq!((bucket.objects().await, disk.list(Path::new(DATA)).unwrap()), before);
}

/// fault = 63
#[tokio::test(start_paused = true)]
async fn a_second_run_that_names_the_cluster_does_not_need_the_store() {
    let (bucket, disk) = (Bucket::filled().await, MemoryDisk::new(1));
    bucket.recovered(&disk, &options()).await;
    bucket.faulty.next(Operation::List, "", u32::MAX, Effect::Fail(Answer::Denied));
    bucket.recover(&disk, &options()).await.unwrap_err();
    let named = RecoverOptions { cluster: Some(ClusterId::parse(CLUSTER).unwrap()), ..options() };
    assert_eq!(bucket.recover(&disk, &named).await.unwrap(), Recovered::Nothing(CLUSTER.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_unfinished_recovery_is_not_continued_as_another() {
    let (bucket, disk) = (Bucket::filled().await, MemoryDisk::new(1));
    disk.with_faults(|faults| faults.cut_power_after(100));
    bucket.recover(&disk, &options()).await.unwrap_err();
    disk.kill();
    let other = RecoverOptions { at_ms: Some(5), ..options() };
    let error = bucket.recover(&disk, &other).await.unwrap_err().to_string();
    assert!(error.contains("holds an unfinished recovery of cluster"), "{error}");
    bucket.recovered(&disk, &options()).await;
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_tells_what_a_recovery_does_and_writes_nothing() {
    let (bucket, disk) = (Bucket::filled().await, MemoryDisk::new(1));
    let dry = RecoverOptions { dry_run: true, ..options() };
    let before = bucket.objects().await;
    let Recovered::Planned(planned) = bucket.recover(&disk, &dry).await.unwrap() else {
        panic!("not planned")
    };
    assert_eq!(bucket.objects().await, before);
    assert_eq!(disk.used_bytes(), 0);
    assert!(!disk.exists(Path::new(DATA)).unwrap());
    let done = bucket.recovered(&disk, &options()).await;
    assert_eq!(Report { generation: None, ..done }, planned);
    let told = planned.to_string();
    for expected in [
        "metadata snapshot of ",
        "topic orders with id ",
        "  0: offsets 0 to 49, ",
        "  1: nothing was copied, begins empty",
        "group \"readers\"",
    ] {
        assert_eq!(told.contains(expected), expected != "group \"readers\"", "{told}");
    }
}

/// fault = 63
#[tokio::test(start_paused = true)]
async fn a_damaged_snapshot_is_passed_over_for_an_older_one() {
    let bucket = Bucket::filled().await;
    bucket.snapshot(50, &image(50), &[]).await;
    bucket.raw_snapshot(51, b"\xff\xff".to_vec()).await;
    bucket.damage(&Key::Meta(MetadataOffset(50))).await;
    let report = bucket.recovered(&MemoryDisk::new(1), &options()).await;
    assert_eq!((report.snapshot.unwrap().0, report.groups, report.passed_over.len()), (42, 2, 2));
    assert!(
        report.to_string().contains("warning: metadata snapshots that cannot be read:\n  meta/"),
        "{report}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_any_snapshot_that_can_be_read_only_the_brave_go_on() {
    let bucket = Bucket::filled().await;
    bucket.damage(&Key::Meta(MetadataOffset(42))).await;
    let error = refusal(&bucket, &options()).await;
    assert!(error.contains("no metadata snapshot can be read; --skip-damaged"), "{error}");
    let brave = RecoverOptions { skip_damaged: true, ..options() };
    let report = bucket.recovered(&MemoryDisk::new(1), &brave).await;
    assert_eq!((report.topics.len(), report.groups, report.snapshot), (1, 0, None));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_of_a_later_release_is_not_passed_over() {
    let bucket = Bucket::filled().await;
    // Field 1, the version, is 2.
    bucket.raw_snapshot(50, vec![0x08, 2]).await;
    let error = refusal(&bucket, &options()).await;
    assert!(
        error.contains("meta/00000000000000000050: it has version 2, this release reads up to 1"),
        "{error}"
    );
}

/// fault = 63
#[tokio::test(start_paused = true)]
async fn a_damaged_root_or_manifest_is_named() {
    let bucket = Bucket::filled().await;
    bucket.damage(&Key::Manifest(orders(0), ManifestNumber(2))).await;
    let error = refusal(&bucket, &options()).await;
    assert!(error.contains("1 partitions cannot be read; --skip-damaged"), "{error}");
    assert!(error.contains("/manifest/00000000000000000002: Manifest does not fit its checksum"), "{error}");
    let disk = MemoryDisk::new(1);
    let report = bucket.recovered(&disk, &RecoverOptions { skip_damaged: true, ..options() }).await;
    assert!(report.topic("orders").unwrap().partitions[0].damage.is_some(), "{report}");
    let names: Vec<String> =
        Found::read(&bucket.world(&disk)).await.logs.into_iter().map(|log| log.name).collect();
    assert!(names.contains(&"orders-2".to_owned()) && !names.contains(&"orders-0".to_owned()), "{names:?}");

    let bucket = Bucket::filled().await;
    bucket.damage(&Key::Root(Generation(1))).await;
    let error = refusal(&bucket, &options()).await;
    assert!(
        error.contains("root/00000000000000000001") && error.contains("does not fit its checksum"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_object_of_a_partition_has_to_be_what_was_written() {
    let bucket = Bucket::filled().await;
    let last = bucket.newest(orders(0)).await.unwrap().entries.last().unwrap().object;
    bucket.store.delete(&bucket.keys.path(&Key::Segment(last))).await.unwrap();
    let error = refusal(&bucket, &options()).await;
    assert!(error.contains("is not in the object store, although the manifest names it"), "{error}");
}
