//! A disk that was put back from an older copy gives up nothing that a later life of it has copied, where no record tells
//! the two apart.

use std::sync::Arc;
use std::time::Duration;

use broker_config::Config;
use broker_log::io::Clock;
use broker_log::io::local_disk::{LocalDisk, SystemClock};
use broker_protocol::error_code::ErrorCode;
use broker_tier::faulty_store::{Answer, Effect, FaultyStore, Operation};
use broker_tier::scrub::ORPHAN_AGE_MS;
use broker_tier::url::RemoteUrl;
use highwater_broker::env::{Blocking, Env, SystemRandom};
use highwater_broker::http::Health;
use highwater_broker::recover::{RecoverOptions, Recovered, recover};
use highwater_broker::tiering::connect;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::harness::batches::batch_at;
use crate::harness::{Stopped, TestBroker, calls};
use crate::lineage::{append_others, assert_reads_others, forget_lives, stop_reason, trouble};
use crate::store::{
    FIRST_MS, METADATA_RARELY, QUICK, SMALL, alter, append, assert_reads, create, delete_records,
    fetch_error, listed, metric, objects, partition, start, starts, until, until_async, until_let_go, value,
};

/// What is told of a manifest that the disk does not remember.
const LATER: &str = "was written by a later life of this data directory";
/// What is told of a disk that is older than what is in the store.
const OLDER: &str = "it was put back from an older copy, and has to be recovered into an empty directory";

/// A broker that has copied up to offset 15, and a copy of its disk of when that was 3.
async fn original_and_older() -> (TestBroker, Stopped) {
    let (broker, _store) = start(&[]).await;
    create(&mut broker.client().await, &[]).await;
    append(&mut broker.client().await, 0..4).await;
    until("the first segment is let go", || starts(&broker) == (0, 3)).await;
    let stopped = broker.stop().await;
    let older = stopped.copy();
    let broker = stopped.start().await;
    append(&mut broker.client().await, 4..16).await;
    until_let_go(&broker).await;
    (broker, older)
}

async fn until_nothing_is_copied(broker: &TestBroker) {
    let tiered = broker.context().tiering.clone().unwrap().of(&partition(broker));
    until("all that was copied is given up", || tiered.figures().entries == 0).await;
}

/// The older copy takes records, and keeps them all.
async fn assert_keeps_what_it_takes(older: Stopped) {
    let broker = older.start().await;
    let mut client = broker.client().await;
    until("it is told", || stop_reason(&broker).contains(OLDER)).await;
    assert_eq!(fetch_error(&mut client, 0).await, ErrorCode::KafkaStorageError);
    append_others(&mut client, 4..30).await;
    // It is longer than what was copied now.
    let broker = broker.restart().await;
    let mut client = broker.client().await;
    assert_eq!(fetch_error(&mut client, 0).await, ErrorCode::KafkaStorageError);
    until("it is told", || stop_reason(&broker).contains(OLDER)).await;
    assert_eq!(fetch_error(&mut client, 0).await, ErrorCode::KafkaStorageError);
    assert_eq!(starts(&broker), (0, 3));
    assert_reads_others(&mut client, 4..30).await;
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_keeps_what_it_takes_although_delete_records_has_left_nothing_to_compare() {
    let (broker, older) = original_and_older().await;
    let mut client = broker.client().await;
    assert_eq!(delete_records(&mut client, 16).await, 16);
    until_nothing_is_copied(&broker).await;
    // It dies: no metadata tell of it.
    drop(broker);
    assert_keeps_what_it_takes(older).await;
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_that_has_lost_the_record_of_its_lives_keeps_what_it_takes() {
    let (broker, older) = original_and_older().await;
    let mut client = broker.client().await;
    assert_eq!(delete_records(&mut client, 16).await, 16);
    until_nothing_is_copied(&broker).await;
    broker.stop().await;
    forget_lives(&older);
    assert_keeps_what_it_takes(older).await;
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_keeps_what_it_takes_although_retention_has_left_nothing_to_compare() {
    let (broker, older) = original_and_older().await;
    let mut client = broker.client().await;
    assert_eq!(alter(&mut client, &[("retention.ms", "1000")]).await, ErrorCode::None);
    until_nothing_is_copied(&broker).await;
    assert_eq!(alter(&mut client, &[("retention.ms", "-1")]).await, ErrorCode::None);
    broker.stop().await;
    assert_keeps_what_it_takes(older).await;
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_looks_up_times_in_its_own_records() {
    let (broker, older) = original_and_older().await;
    broker.stop().await;
    let broker = older.start().await;
    until("it is told", || stop_reason(&broker).contains(OLDER)).await;
    let mut client = broker.client().await;
    append_others(&mut client, 4..30).await;
    // Only the other history has a record between those two.
    let first_other = 1_750_000_000_000 + 4;
    assert_eq!(listed(&mut client, FIRST_MS + 8000).await, Ok((4, first_other)));
    assert_eq!(listed(&mut client, FIRST_MS + 1000).await, Ok((1, FIRST_MS + 1000)));
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_that_cannot_be_read_holds_up_no_other_partition_and_nothing_is_given_up_meanwhile() {
    let (broker, store) = start(&[METADATA_RARELY]).await;
    create(&mut broker.client().await, &[]).await;
    append(&mut broker.client().await, 0..4).await;
    until_let_go(&broker).await;
    calls::create_topic(&mut broker.client().await, "barred", 1, &SMALL).await;
    for number in 0..4 {
        calls::append(&mut broker.client().await, "barred", 0, &batch_at(FIRST_MS, &[&value(number)])).await;
    }
    let barred = broker.context().replicas.topic("barred").unwrap().id.to_string();
    until_async("it is copied", async || {
        objects(store.as_ref()).await.iter().any(|name| name.contains(&barred))
    })
    .await;
    let stopped = broker.stop().await;
    let faulty = Arc::new(FaultyStore::new(Arc::clone(&store) as _));
    faulty.next(
        Operation::Get,
        &format!("{barred}/00000000000000000000/manifest"),
        u32::MAX,
        Effect::Fail(Answer::Denied),
    );
    let broker = stopped.with_object_store(Arc::clone(&faulty) as _).start().await;
    let mut client = broker.client().await;
    append(&mut client, 4..10).await;
    until("the other goes on", || starts(&broker).1 >= 6).await;
    assert_eq!(alter(&mut client, &[("retention.ms", "1000")]).await, ErrorCode::None);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(starts(&broker).0, 0);
    faulty.heal();
    until("what is old is given up", || starts(&broker).0 >= 6).await;
}

/// Copies some more segments; nothing is in trouble.
async fn goes_on(broker: &TestBroker, from: i64) {
    append(&mut broker.client().await, from..from + 6).await;
    until("it is copied", || starts(broker).1 >= from + 3).await;
    assert_eq!(trouble(broker), "");
    assert_reads(&mut broker.client().await, 0..from + 6).await;
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_was_stopped_killed_or_lost_its_power_goes_on() {
    let stopped = Stopped::empty_in_memory(&QUICK).with_object_store(Arc::new(InMemory::new()));
    let mut broker = stopped.start().await;
    create(&mut broker.client().await, &[]).await;
    for turn in 0..6 {
        goes_on(&broker, turn * 6).await;
        broker = match turn % 3 {
            0 => broker.restart().await,
            1 => broker.kill().await,
            _ => broker.power_loss(1).await,
        };
        // A life that publishes nothing.
        broker = broker.restart().await;
    }
    goes_on(&broker, 36).await;
}

/// A data directory anew from the store, in a directory of its own.
async fn recovered(store: &Arc<InMemory>) -> Stopped {
    let (config, _) = Config::load(None, [], &["node.id=1".to_owned()]).unwrap();
    let (disk, clock) = (Arc::new(LocalDisk), Arc::new(SystemClock::new()));
    let env = Env { disk, clock, random: Arc::new(SystemRandom), blocking: Blocking::Threads };
    let instead: Arc<dyn ObjectStore> = Arc::clone(store) as _;
    let url = RemoteUrl::parse("s3://bucket/prefix").unwrap();
    let settings = config.broker();
    let reached = Arc::new(connect::connect(&settings.remote, &url, &env, Some(&instead)).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let options = RecoverOptions {
        url,
        cluster: None,
        data_dir: dir.path().join("data"),
        dry_run: false,
        at_ms: None,
        skip_damaged: false,
        tune: None,
    };
    let done = recover(&env, settings, &reached, &options).await.unwrap();
    assert!(matches!(done, Recovered::Done(_)), "{done:?}");
    Stopped::copy_of(&options.data_dir, &QUICK).with_object_store(instead)
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovered_broker_goes_on_and_an_older_copy_of_its_disk_does_not() {
    let (broker, store) = start(&[]).await;
    create(&mut broker.client().await, &[]).await;
    append(&mut broker.client().await, 0..7).await;
    until("it is copied", || starts(&broker) == (0, 6)).await;
    broker.stop().await;

    let broker = recovered(&store).await.start().await;
    assert_eq!(trouble(&broker), "");
    goes_on(&broker, 6).await;
    let broker = broker.restart().await;
    goes_on(&broker, 12).await;
    let stopped = broker.stop().await;
    let older = stopped.copy();

    let broker = stopped.start().await;
    goes_on(&broker, 18).await;
    assert_eq!(delete_records(&mut broker.client().await, 24).await, 24);
    until_nothing_is_copied(&broker).await;
    broker.stop().await;
    let broker = older.start().await;
    append_others(&mut broker.client().await, 18..36).await;
    until("it is told", || stop_reason(&broker).contains(OLDER)).await;
    assert_eq!(starts(&broker), (0, 15));
    assert_reads_others(&mut broker.client().await, 18..36).await;
}

/// Names of the objects of topics.
async fn of_topics(store: &InMemory) -> Vec<String> {
    objects(store).await.into_iter().filter(|name| name.contains("/t/")).collect()
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_deletes_no_topic_that_is_later_than_all_metadata_in_the_store() {
    let (broker, store) = start(&[METADATA_RARELY]).await;
    let sets = [&QUICK[..], &["highwater.remote.metadata.interval.ms=1000"]].concat();
    let older = Stopped::copy_of(&broker.path(), &sets).with_object_store(Arc::clone(&store) as _);
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..8).await;
    until("it is copied", || starts(&broker) == (0, 6)).await;
    // It dies: no metadata tell of the topic.
    drop(broker);
    let before = of_topics(&store).await;

    let mut broker = older.start().await;
    for turn in 0..2 {
        until("it is told", || stop_reason(&broker).contains(LATER)).await;
        broker.clock().set_wrong_by(25 * 3600 * 1000);
        broker.health().scrub(None).await;
        assert_eq!(of_topics(&store).await, before, "start {turn}");
        broker.clock().set_wrong_by(0);
        broker = broker.restart().await;
    }
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_earlier_life_has_left_of_an_unknown_topic_is_deleted_all_the_same() {
    let (broker, store) = start(&[METADATA_RARELY]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..5).await;
    until_let_go(&broker).await;
    let mut left = Vec::new();
    for name in of_topics(&store).await {
        let path = Path::from(name);
        left.push((path.clone(), store.get(&path).await.unwrap().bytes().await.unwrap()));
    }
    let broker = broker.restart().await;
    assert_eq!(calls::delete_topic(&mut broker.client().await, "t").await, ErrorCode::None);
    until_async("it is deleted", async || of_topics(&store).await.is_empty()).await;
    broker.clock().skip(Duration::from_millis(ORPHAN_AGE_MS.unsigned_abs()));
    let image = || broker.context().metadata.image();
    until("the deletion is noted as done", || image().remote_deletions.is_empty()).await;
    for (path, bytes) in left {
        store.put(&path, bytes.into()).await.unwrap();
    }
    broker.clock().set_wrong_by(25 * 3600 * 1000);
    broker.health().scrub(None).await;
    assert_eq!(of_topics(&store).await, Vec::<String>::new());
}

/// Of topic `t`, the settings that it had when a copy was made would have its records deleted an hour from now; those that
/// the broker has would not, and nothing was copied after them. The copy does not know them.
async fn broker_and_copy_with_older_settings() -> (TestBroker, Stopped, Arc<InMemory>) {
    let (broker, store) = start(&[METADATA_RARELY]).await;
    let age_ms = SystemClock::new().now_ms() - FIRST_MS;
    let retention_ms = (age_ms + 3_600_000).to_string();
    create(&mut broker.client().await, &[("retention.ms", &retention_ms)]).await;
    append(&mut broker.client().await, 0..8).await;
    until("it is copied", || starts(&broker) == (0, 6)).await;
    // An orderly stop copies metadata.
    let stopped = broker.stop().await;
    let sets = [&QUICK[..], &["highwater.remote.metadata.interval.ms=1000"]].concat();
    let older = Stopped::copy_of(&stopped.path(), &sets).with_object_store(Arc::clone(&store) as _);
    let broker = stopped.start().await;
    let set = alter(&mut broker.client().await, &[("retention.ms", "-1")]).await;
    assert_eq!(set, ErrorCode::None);
    (broker, older, store)
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_manifest_of_an_unknown_topic_tells_an_older_copy_to_give_up_nothing_of_any() {
    let (broker, older, store) = broker_and_copy_with_older_settings().await;
    let mut client = broker.client().await;
    let configs = [&SMALL[..], &[("retention.ms", "-1")]].concat();
    calls::create_topic(&mut client, "newer", 1, &configs).await;
    let before = of_topics(&store).await;
    for number in 0..8 {
        calls::append(&mut client, "newer", 0, &batch_at(FIRST_MS, &[&value(number)])).await;
    }
    until_async("it is copied", async || of_topics(&store).await.len() > before.len()).await;
    // It dies: no metadata tell of the topic or of the settings.
    drop(broker);

    older.clock().set_wrong_by(2 * 3_600_000);
    let broker = older.start().await;
    until("it is told", || stop_reason(&broker).contains(LATER)).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let after = of_topics(&store).await;
    assert!(before.iter().all(|name| after.contains(name)), "{before:#?}\n{after:#?}");
    assert_eq!(metric(&broker, "highwater_remote_metadata_snapshots_total").await, 0);
    assert_reads(&mut broker.client().await, 0..8).await;
}

/// fault = 64
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_settings_of_an_older_copy_give_up_nothing_that_was_copied() {
    let (broker, older, store) = broker_and_copy_with_older_settings().await;
    broker.stop().await;
    let before = of_topics(&store).await;
    let assert_all_there = async || {
        let after = of_topics(&store).await;
        assert!(before.iter().all(|name| after.contains(name)), "{before:#?}\n{after:#?}");
    };
    older.clock().set_wrong_by(2 * 3_600_000);
    let broker = older.start().await;
    let mut client = broker.client().await;
    until("it is told", || stop_reason(&broker).contains(OLDER)).await;
    let before_it = starts(&broker);
    append(&mut client, 8..14).await;
    assert_reads(&mut client, 0..14).await;
    assert_eq!((starts(&broker), before_it.0), (before_it, 0));
    assert_all_there().await;

    assert_eq!(delete_records(&mut client, 14).await, 14);
    append(&mut client, 14..20).await;
    let off = [("remote.storage.enable", "false"), ("remote.log.delete.on.disable", "true")];
    let kept = ("retention.ms", "-1");
    assert_eq!(alter(&mut client, &[off[0], off[1], kept]).await, ErrorCode::None);
    let broker = broker.restart().await;
    until("it is told", || stop_reason(&broker).contains(OLDER)).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(starts(&broker).0, 14);
    assert_all_there().await;
}
