//! A broker before and after it lost its disk.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use broker_client::OwnedRecord;
use broker_config::Config;
use broker_log::io::Disk;
use broker_log::io::local_disk::{LocalDisk, SystemClock};
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use broker_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use broker_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, ListOffsetsRequest, ListOffsetsResponse,
};
use broker_protocol::types::{ProducerEpoch, ProducerId};
use broker_state::metadata::ConfigResource;
use broker_tier::ids::Generation;
use broker_tier::manifest::Manifest;
use broker_tier::publish::load_newest;
use broker_tier::url::RemoteUrl;
use highwater_broker::env::{Blocking, Env, SystemRandom};
use highwater_broker::recover::marker::{self, Marker};
use highwater_broker::recover::{Origin, RecoverOptions, Recovered, Report, recover};
use highwater_broker::tiering::connect;
use highwater_broker::tiering::{Standing, Tiering};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use tempfile::TempDir;

use crate::harness::{Conn, Stopped, TestBroker, calls, groups, within};

const URL: &str = "s3://bucket/prefix";
const REMOTE: &str = "highwater.remote.url=s3://bucket/prefix";
const PATIENCE: Duration = Duration::from_secs(20);
/// Three such values fill a segment.
const VALUE_BYTES: usize = 340_000;
const PRODUCER: i64 = 4242;
const FIRST_MS: i64 = 1_700_000_000_000;

/// Settings of a broker that copies at once.
const QUICK: [&str; 3] = [
    "remote.log.manager.task.interval.ms=20",
    "log.retention.check.interval.ms=50",
    "highwater.remote.delete.delay.ms=0",
];
pub(crate) const SMALL: [(&str, &str); 4] = [
    ("segment.bytes", "1048576"),
    ("local.retention.bytes", "1"),
    ("retention.ms", "-1"),
    ("file.delete.delay.ms", "0"),
];

pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} is not so after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn env() -> Env {
    Env {
        disk: Arc::new(LocalDisk),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(SystemRandom),
        blocking: Blocking::Threads,
    }
}

pub(crate) async fn start(store: &Arc<InMemory>, sets: &[&str]) -> TestBroker {
    let sets: Vec<&str> = [REMOTE].into_iter().chain(QUICK).chain(sets.iter().copied()).collect();
    Stopped::empty(&sets).with_object_store(Arc::clone(store) as _).start().await
}

pub(crate) fn tiering(broker: &TestBroker) -> &Arc<Tiering> {
    broker.context().tiering.as_ref().unwrap()
}

/// A batch of one record with a key and a header.
pub(crate) fn batch(sequence: i64) -> Vec<u8> {
    let producer = (ProducerId(PRODUCER), ProducerEpoch(0), i32::try_from(sequence).unwrap());
    let mut builder = BatchBuilder::new(Compression::None).producer(producer.0, producer.1, producer.2);
    let (key, value) = (format!("key {sequence}"), format!("{sequence:08}").repeat(VALUE_BYTES / 8));
    let headers: [(&[u8], Option<&[u8]>); 1] = [(b"h", Some(b"v"))];
    builder.push(FIRST_MS + sequence, Some(key.as_bytes()), Some(value.as_bytes()), &headers);
    builder.build()
}

pub(crate) async fn append(client: &mut Conn, topic: &str, offsets: std::ops::Range<i64>) {
    for offset in offsets {
        assert_eq!(calls::append(client, topic, 0, &batch(offset)).await, offset);
    }
}

pub(crate) async fn newest(broker: &TestBroker, topic: &str) -> Option<Manifest> {
    let partition = broker.context().replicas.partition(topic, 0).unwrap();
    let id = broker_tier::ids::PartitionId { topic_id: partition.topic_id(), partition: 0 };
    load_newest(tiering(broker).store(), tiering(broker).keys(), id, None).await.unwrap()
}

pub(crate) async fn until_copied(broker: &TestBroker, topic: &str, end: i64) -> Manifest {
    within("copying", async {
        loop {
            if let Some(manifest) = newest(broker, topic).await
                && manifest.tiered_end().is_some_and(|found| found.0 >= end)
            {
                return manifest;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}

async fn delete_records(client: &mut Conn, topic: &str, offset: i64) {
    let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset }];
    let topics = vec![DeleteRecordsTopic { name: topic.into(), partitions }];
    let request = DeleteRecordsRequest { topics, timeout_ms: 10_000 };
    let frame = within("delete records", client.call(&request, 2)).await.unwrap();
    let response: DeleteRecordsResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.topics[0].partitions[0].low_watermark, offset);
}

async fn listed(client: &mut Conn, topic: &str, timestamp: i64) -> i64 {
    let partition = ListOffsetsPartition { partition_index: 0, timestamp, current_leader_epoch: -1 };
    let topics = vec![ListOffsetsTopic { name: topic.into(), partitions: vec![partition] }];
    let request = ListOffsetsRequest { replica_id: -1, topics, ..ListOffsetsRequest::default() };
    let frame = within("list offsets", client.call(&request, 11)).await.unwrap();
    let response: ListOffsetsResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.topics[0].partitions[0].error_code, 0);
    response.topics[0].partitions[0].offset
}

pub(crate) async fn try_recover(store: &Arc<InMemory>, dir: &Path) -> anyhow::Result<Recovered> {
    recover_with(store, dir, false).await
}

/// Recovers, with or without `--skip-damaged`.
pub(crate) async fn recover_with(
    store: &Arc<InMemory>,
    dir: &Path,
    skip_damaged: bool,
) -> anyhow::Result<Recovered> {
    let (config, _) = Config::load(None, [], &[]).unwrap();
    let (env, url) = (env(), RemoteUrl::parse(URL).unwrap());
    let instead: Arc<dyn ObjectStore> = Arc::clone(store) as _;
    let store = Arc::new(connect::connect(&config.broker().remote, &url, &env, Some(&instead))?);
    let options = RecoverOptions {
        url,
        cluster: None,
        data_dir: dir.to_owned(),
        dry_run: false,
        at_ms: None,
        skip_damaged,
        tune: None,
    };
    recover(&env, config.broker(), &store, &options).await
}

/// Recovers into a directory of its own.
pub(crate) async fn recovered(store: &Arc<InMemory>) -> (TempDir, Report) {
    let dir = tempfile::tempdir().unwrap();
    match try_recover(store, dir.path()).await.unwrap() {
        Recovered::Done(report) => (dir, report),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn start_recovered(store: &Arc<InMemory>, dir: &Path) -> TestBroker {
    let sets: Vec<&str> = [REMOTE].into_iter().chain(QUICK).collect();
    Stopped::copy_of(dir, &sets).with_object_store(Arc::clone(store) as _).start().await
}

/// Where clients go on, by group and topic.
async fn commits(broker: &TestBroker) -> Vec<(String, String, i64, i32)> {
    let found = within("groups", async {
        loop {
            match broker.context().groups.backup().await {
                Ok(found) => return found,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await;
    let of_group = |group: &broker_state::group::GroupBackup| {
        let name = group.group_id.to_string();
        let offsets = group.offsets.iter();
        offsets
            .map(|offset| {
                (
                    name.clone(),
                    offset.topic.to_string(),
                    offset.committed.offset,
                    offset.committed.leader_epoch,
                )
            })
            .collect::<Vec<_>>()
    };
    found.groups.iter().flat_map(of_group).collect()
}

/// fault = 63
/// tiering = 7, 24
#[tokio::test(flavor = "multi_thread")]
async fn everything_that_was_copied_comes_back_from_the_bucket_alone() {
    let store = Arc::new(InMemory::new());
    let broker = start(&store, &[]).await;
    let mut client = broker.client().await;
    let configs: Vec<_> = SMALL.into_iter().chain([("max.message.bytes", "2000000")]).collect();
    let id = calls::create_topic(&mut client, "t", 1, &configs).await;
    calls::create_topic(&mut client, "idle", 3, &[]).await;
    append(&mut client, "t", 0..10).await;
    let broker = broker.restart().await;
    let mut client = broker.client().await;
    append(&mut client, "t", 10..16).await;
    until_copied(&broker, "t", 15).await;
    delete_records(&mut client, "t", 2).await;
    groups::commit(&mut client, "readers", ("t", 0), 7).await;
    groups::commit(&mut client, "ahead", ("t", 0), 16).await;
    groups::commit(&mut client, "readers", ("idle", 2), 0).await;
    within("the new start", async {
        while newest(&broker, "t").await.unwrap().log_start_offset.0 < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let before: Vec<OwnedRecord> = calls::read_from(&mut client, "t", 0, 2).await;
    let epoch = broker.context().replicas.partition("t", 0).unwrap().leader_epoch();
    drop(broker.stop().await);

    let (dir, report) = recovered(&store).await;
    assert_eq!((report.generation, report.groups, report.clamped.len()), (Some(Generation(2)), 2, 1));
    let found = &report.topic("t").unwrap().partitions[0];
    assert_eq!(
        (found.log_start.0, found.end.0, report.topic("t").unwrap().origin),
        (2, 15, Origin::Snapshot)
    );

    let broker = start_recovered(&store, dir.path()).await;
    let mut client = broker.client().await;
    let image = broker.context().metadata.image();
    assert_eq!(image.topics.by_name("t").unwrap().id, id);
    assert_eq!(image.topics.by_name("idle").unwrap().partition_count(), 3);
    let set = image.config(&ConfigResource::topic("t")).unwrap();
    assert!(configs.iter().all(|(key, value)| set.get(*key).map(String::as_str) == Some(*value)), "{set:?}");
    assert!(calls::read_from(&mut client, "t", 0, 2).await == before[..13], "records differ");
    assert_eq!((listed(&mut client, "t", -2).await, listed(&mut client, "t", -1).await), (2, 15));
    assert_eq!(
        (listed(&mut client, "t", FIRST_MS + 5).await, listed(&mut client, "t", FIRST_MS + 99).await),
        (5, -1)
    );
    assert_eq!(
        commits(&broker).await,
        [("ahead", "t", 15, -1), ("readers", "idle", 0, 0), ("readers", "t", 7, 0)]
            .map(|(group, topic, offset, epoch)| (group.to_owned(), topic.to_owned(), offset, epoch))
    );
    assert_eq!(groups::committed(&mut client, "readers", ("t", 0)).await.0, 7);

    // The last batch that was copied is known for a retry, the one after it is the next, another is out of sequence.
    assert_eq!(calls::append(&mut client, "t", 0, &batch(14)).await, 14);
    assert_eq!(
        calls::append_error(&mut client, "t", 0, &batch(17)).await,
        ErrorCode::OutOfOrderSequenceNumber
    );
    append(&mut client, "t", 15..19).await;
    assert!(broker.context().replicas.partition("t", 0).unwrap().leader_epoch() > epoch);
    let manifest = until_copied(&broker, "t", 18).await;
    assert_eq!(manifest.stamp.unwrap().generation, Generation(2));
    let after = calls::read_from(&mut client, "t", 0, 2).await;
    assert!(after[..13] == before[..13] && after.len() == 17, "{} records", after.len());
    assert!(
        broker_tier::scrub::inspect(tiering(&broker).store(), tiering(&broker).keys(), &manifest, FIRST_MS)
            .await
            .unwrap()
            .is_sound()
    );
    broker.stop().await;
}

/// fault = 64
/// tiering = 2
#[tokio::test(flavor = "multi_thread")]
async fn an_old_broker_that_still_lives_copies_nothing_once_its_cluster_was_recovered() {
    let store = Arc::new(InMemory::new());
    let old = start(&store, &["highwater.remote.metadata.interval.ms=1000"]).await;
    let mut client = old.client().await;
    calls::create_topic(&mut client, "t", 1, &SMALL).await;
    append(&mut client, "t", 0..7).await;
    until_copied(&old, "t", 6).await;
    let counts = tiering(&old).counts();
    until("metadata is copied", || counts.metadata_snapshots.load(Ordering::Relaxed) > 0).await;
    let (dir, report) = recovered(&store).await;
    assert_eq!(report.topic("t").unwrap().partitions[0].end.0, 6);
    let new = start_recovered(&store, dir.path()).await;
    // What the old broker goes on to take stays its own.
    append(&mut client, "t", 7..14).await;
    until("the old broker has stopped", || matches!(tiering(&old).standing(), Standing::Stopped(_))).await;
    let mut client = new.client().await;
    append(&mut client, "t", 6..13).await;
    let manifest = until_copied(&new, "t", 12).await;
    assert_eq!((manifest.stamp.unwrap().generation, manifest.tiered_end().unwrap().0), (Generation(2), 12));
    assert_eq!(calls::read_from(&mut client, "t", 0, 0).await.len(), 13);
    old.stop().await;
    new.stop().await;
}

/// fault = 63
#[tokio::test(flavor = "multi_thread")]
async fn topics_that_no_snapshot_knows_come_back_by_what_their_manifests_say() {
    let store = Arc::new(InMemory::new());
    let broker = start(&store, &["highwater.remote.metadata.interval.ms=3600000"]).await;
    let mut client = broker.client().await;
    let id = calls::create_topic(&mut client, "t", 1, &SMALL).await;
    append(&mut client, "t", 0..7).await;
    until_copied(&broker, "t", 6).await;
    let killed = broker.killed_copy();
    let (dir, report) = recovered(&store).await;
    assert_eq!((report.snapshot, report.topic("t").unwrap().origin), (None, Origin::Manifests));
    let again = start_recovered(&store, dir.path()).await;
    let mut client = again.client().await;
    assert_eq!(again.context().metadata.image().topics.by_name("t").unwrap().id, id);
    assert_eq!(calls::read_from(&mut client, "t", 0, 0).await.len(), 6);
    drop(killed);
    broker.stop().await;
    again.stop().await;
}

/// fault = 64
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_without_its_disk_does_not_start_but_names_recover() {
    let store = Arc::new(InMemory::new());
    let cluster = "highwater.cluster.id=4L6g3nShT-eMCtK--X86sw";
    start(&store, &[cluster]).await.stop().await;
    let emptied = Stopped::empty(&[REMOTE, cluster]).with_object_store(Arc::clone(&store) as _);
    let (refusal, emptied) = emptied.refused().await;
    assert!(
        refusal.contains("`highwater-broker recover --remote s3://bucket/prefix --data-dir "),
        "{refusal}"
    );
    // That is what helps.
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(try_recover(&store, dir.path()).await.unwrap(), Recovered::Done(_)));
    start_recovered(&store, dir.path()).await.stop().await;
    drop(emptied);
}

/// fault = 63
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_does_not_start_in_a_recovery_that_is_not_finished() {
    let store = Arc::new(InMemory::new());
    start(&store, &[]).await.stop().await;
    let (dir, _) = recovered(&store).await;
    let claim =
        broker_tier::root::Claim { generation: Generation(2), claimant: broker_protocol::types::Uuid::nil() };
    let marker = Marker { cluster: "c".to_owned(), url: URL.to_owned(), at_ms: None, claim };
    let disk: Arc<dyn Disk> = Arc::new(LocalDisk);
    marker::store(disk.as_ref(), dir.path(), &marker).unwrap();
    let (refusal, _) = Stopped::copy_of(dir.path(), &[]).refused().await;
    assert!(
        refusal.contains(
            "is being recovered from s3://bucket/prefix and not finished: run `highwater-broker recover"
        ),
        "{refusal}"
    );
}

fn command(arguments: &[&str]) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater-broker"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HIGHWATER_") {
            command.env_remove(name);
        }
    }
    let output = command.arg("recover").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// fault = 63
#[tokio::test(flavor = "multi_thread")]
async fn the_command_recovers_from_a_directory_and_says_what() {
    let bucket = tempfile::tempdir().unwrap();
    let url = format!("file://{}", bucket.path().display());
    let remote = format!("highwater.remote.url={url}");
    let sets: Vec<&str> = [remote.as_str()].into_iter().chain(QUICK).collect();
    let broker = Stopped::empty(&sets).start().await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &SMALL).await;
    append(&mut client, "t", 0..7).await;
    until_copied(&broker, "t", 6).await;
    let cluster = tiering(&broker).keys().cluster().clone();
    drop(broker.stop().await);

    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("deep/data");
    let dir = dir.to_str().unwrap();
    let dry = command(&["--remote", &url, "--data-dir", dir, "--dry-run"]);
    assert!(
        dry.0 && dry.1.contains("  0: offsets 0 to 5, ") && dry.1.ends_with("dry run: nothing was written\n"),
        "{dry:?}"
    );
    assert!(!Path::new(dir).exists());
    let other = command(&["--remote", &url, "--data-dir", dir, "--cluster-id", "other"]);
    assert!(
        !other.0 && other.2.contains("has nothing of cluster other") && other.2.contains(cluster.as_str()),
        "{other:?}"
    );
    let at = command(&["--remote", &url, "--data-dir", dir, "--at", "yesterday"]);
    assert!(!at.0 && at.2.contains("--at: \"yesterday\" is no moment"), "{at:?}");
    let done = command(&["--set", &remote, "--data-dir", dir, "--cluster-id", cluster.as_str()]);
    assert!(
        done.0 && done.1.contains(&format!("recovered: start the broker with log.dirs={dir}")),
        "{done:?}"
    );
    let again = command(&["--remote", &url, "--data-dir", dir]);
    assert!(again.0 && again.1.contains("nothing to do"), "{again:?}");

    let broker = Stopped::copy_of(Path::new(dir), &sets).start().await;
    let mut client = broker.client().await;
    let records = calls::read_from(&mut client, "t", 0, 0).await;
    assert_eq!(records.iter().map(|record| record.offset).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    append(&mut client, "t", 6..7).await;
    broker.stop().await;
}
