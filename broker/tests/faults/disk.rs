//! A disk that fails: one write, one fsync, every write. The broker says so, acknowledges nothing that may be lost, tries
//! nothing again, answers what needs no disk, and has everything acknowledged after a restart.

use std::sync::Arc;

use broker_client::{FetchOptions, read_records};
use broker_log::io::local_disk::LocalDisk;
use broker_log::io::memory_disk::{MemoryDisk, OperationKind};
use broker_log::io::{Disk, OpenMode};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::MetadataResponse;
use broker_protocol::types::{LeaderEpoch, Offset, TopicId};
use highwater_broker::api::fetch_read::{Limits, look_elsewhere, read_all};
use highwater_broker::api::fetch_session::{Session, Target, Told};

use crate::harness::batches::batch;
use crate::harness::{Conn, TestBroker, calls, groups, http, within};

/// More operations than a broker does before it notices.
const ALL: usize = 2000;

/// What was acknowledged before the disk failed.
const BEFORE: [&str; 3] = ["a", "b", "c"];

/// A broker with records, a group and a producer.
async fn running() -> (TestBroker, Conn) {
    running_on(MemoryDisk::new(1)).await
}

async fn running_on(disk: MemoryDisk) -> (TestBroker, Conn) {
    let broker = TestBroker::start_on(disk, &[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 2, &[]).await;
    for value in BEFORE {
        calls::append(&mut client, "t", 0, &batch(&[value])).await;
    }
    groups::commit(&mut client, "readers", ("t", 0), 2).await;
    (broker, client)
}

async fn fetch_error(client: &mut Conn) -> ErrorCode {
    within("fetch", client.fetch("t", 0, FetchOptions::default())).await.unwrap().error_code
}

/// Checks that the log directory is out of service and stays so, and that the rest still answers.
async fn assert_out_of_service(broker: &TestBroker) {
    let mut client = broker.client().await;
    // What is durable may be read until all partitions have been told.
    within("end of reading", async {
        while fetch_error(&mut client).await == ErrorCode::None {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for _ in 0..3 {
        let refused = calls::append_error(&mut client, "t", 1, &batch(&["later"])).await;
        assert_eq!(refused, ErrorCode::KafkaStorageError);
        assert_eq!(fetch_error(&mut client).await, ErrorCode::KafkaStorageError);
        let listed = client.list_offset("t", 0, -1).await.unwrap();
        assert_eq!(listed.error_code, ErrorCode::KafkaStorageError);
    }
    within("answer", client.api_versions()).await.unwrap();
    let frame = within("metadata", client.metadata(Some(&["t"]))).await.unwrap();
    let metadata: MetadataResponse<'_> = frame.decode().unwrap();
    assert_eq!((metadata.topics[0].error_code, metadata.topics[0].partitions.len()), (0, 2));
    for path in ["/healthz", "/readyz"] {
        let page = http::get(broker, path).await;
        assert_eq!(page.status, 503, "{path}");
        assert!(page.body.contains("log directory is out of service"), "{}", page.body);
    }
    let metrics = http::get(broker, "/metrics").await.body;
    assert!(metrics.contains("\nhighwater_log_dir_up 0\n"), "the gauge tells it");
}

/// Mends the disk and starts again: everything acknowledged is there, and possibly more, but nothing else.
async fn assert_whole_after_restart(broker: TestBroker, lose_power: bool, unacknowledged: &[&str]) {
    broker.disk().with_faults(|faults| faults.clear());
    let broker = if lose_power { broker.power_loss(5).await } else { broker.kill().await };
    let mut client = broker.client().await;
    let found = calls::values(&mut client, "t", 0).await;
    assert_eq!(found[..BEFORE.len()], BEFORE);
    let more = &found[BEFORE.len()..];
    assert!(unacknowledged.starts_with(&more.iter().map(String::as_str).collect::<Vec<_>>()), "{more:?}");
    assert_eq!(groups::committed(&mut client, "readers", ("t", 0)).await.0, 2);
    let next = calls::append(&mut client, "t", 0, &batch(&["next"])).await;
    assert_eq!(next, i64::try_from(found.len()).unwrap());
    assert_eq!(http::get(&broker, "/readyz").await.status, 200);
}

/// Plans an error for the next operation of that kind on the topic's partitions or, with an empty part, on anything.
fn fail_next(disk: &MemoryDisk, kind: OperationKind, path_part: &str) {
    disk.with_faults(|faults| faults.fail(kind, path_part, 0));
}

/// fault = 33
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_write_takes_the_directory_out_of_service_and_loses_nothing() {
    for lose_power in [false, true] {
        let (broker, mut client) = running().await;
        fail_next(broker.disk(), OperationKind::Write, "t-0/");
        let error = calls::append_error(&mut client, "t", 0, &batch(&["x"])).await;
        assert_eq!(error, ErrorCode::KafkaStorageError);
        assert_out_of_service(&broker).await;
        assert_whole_after_restart(broker, lose_power, &["x"]).await;
    }
}

/// fault = 33
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_read_is_told_and_the_next_one_is_answered() {
    let (broker, mut client) = running().await;
    fail_next(broker.disk(), OperationKind::Read, "t-0/00000000000000000000.log");
    let answer = within("fetch", client.fetch("t", 0, FetchOptions::default())).await;
    // An answer that has begun cannot be taken back: the connection ends.
    let failed = answer.map_or(true, |fetched| fetched.error_code == ErrorCode::KafkaStorageError);
    assert!(failed, "the error is hidden");
    assert_eq!(broker.disk().fault_counts().read_errors, 1);
    let mut client = broker.client().await;
    assert_eq!(calls::values(&mut client, "t", 0).await, BEFORE);
}

/// fault = 33, 34
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_fsync_that_fails_once_is_never_followed_by_an_acknowledgement() {
    for (path_part, lose_power) in [("t-0/", false), ("t-0/", true)] {
        let (broker, mut client) = running().await;
        // Large enough to be synced itself rather than through the commit log; from here on every fsync succeeds.
        let large = "x".repeat(1_000_000);
        let batches = [batch(&[&large]), batch(&[&large])];
        fail_next(broker.disk(), OperationKind::Sync, path_part);
        for batch in &batches {
            client.send_produce("t", 0, batch, -1).await.unwrap();
        }
        for _ in &batches {
            let answer = within("produce", client.receive_produced()).await.unwrap();
            assert_eq!(answer.error_code, ErrorCode::KafkaStorageError);
        }
        assert_eq!(broker.disk().fault_counts().sync_errors, 1);
        assert_out_of_service(&broker).await;
        assert_whole_after_restart(broker, lose_power, &[&large, &large]).await;
    }
}

/// fault = 33, 34
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_log_that_fails_once_is_never_followed_by_an_acknowledgement() {
    // Where a disk takes no direct writes, the commit log is written and synced.
    for (kind, direct_refused) in
        [(OperationKind::Write, false), (OperationKind::Write, true), (OperationKind::Sync, true)]
    {
        let disk = MemoryDisk::new(2);
        disk.with_faults(|faults| faults.direct_refused = direct_refused);
        let (broker, mut client) = running_on(disk).await;
        fail_next(broker.disk(), kind, "/commit-log/");
        // So little goes through the commit log.
        let error = calls::append_error(&mut client, "t", 0, &batch(&["x"])).await;
        assert_eq!(error, ErrorCode::KafkaStorageError);
        assert_out_of_service(&broker).await;
        assert_whole_after_restart(broker, true, &["x"]).await;
    }
}

/// fault = 33, 34
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_metadata_log_that_fails_once_acknowledges_no_topic_until_a_restart() {
    let (broker, mut client) = running().await;
    fail_next(broker.disk(), OperationKind::Sync, "/metadata/");
    for name in ["first", "second"] {
        let refused = within("create", client.create_topic(name, 1, &[])).await.unwrap();
        assert_ne!(refused.error_code, ErrorCode::None, "{name}: the fsync is not tried again");
    }
    broker.disk().with_faults(|faults| faults.clear());
    let broker = broker.power_loss(3).await;
    let mut client = broker.client().await;
    assert_eq!(calls::values(&mut client, "t", 0).await, BEFORE);
    calls::create_topic(&mut client, "third", 1, &[]).await;
}

/// fault = 35
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_takes_no_more_writes_is_told_and_the_process_lives() {
    for lose_power in [false, true] {
        let (broker, mut client) = running().await;
        broker.disk().with_faults(|faults| {
            for _ in 0..ALL {
                faults.fail(OperationKind::Write, "", 0);
                faults.fail(OperationKind::Sync, "", 0);
            }
        });
        let error = calls::append_error(&mut client, "t", 0, &batch(&["x"])).await;
        assert_eq!(error, ErrorCode::KafkaStorageError);
        assert_out_of_service(&broker).await;
        let refused = within("create", client.create_topic("u", 1, &[])).await.unwrap();
        assert_ne!(refused.error_code, ErrorCode::None);
        let refused = groups::try_commit(&mut client, "readers", ("t", 0), 3, "").await;
        assert_ne!(refused, ErrorCode::None);
        assert_whole_after_restart(broker, lose_power, &["x"]).await;
    }
}

/// fault = 36
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_loss_with_writes_under_way_keeps_what_was_acknowledged_and_nothing_torn() {
    for seed in 0..8 {
        let (broker, mut client) = running().await;
        // The power goes in the middle of some operation of these.
        broker.disk().with_faults(|faults| faults.cut_power_after(3 + seed * 3));
        let mut acknowledged = Vec::new();
        for number in 0..20 {
            let value = format!("{number}-{}", "y".repeat(700));
            if calls::append_error(&mut client, "t", 0, &batch(&[&value])).await != ErrorCode::None {
                break;
            }
            acknowledged.push(value);
        }
        assert!(broker.disk().with_faults(|faults| faults.power_is_off()), "the power stayed on");
        let broker = broker.power_loss(seed).await;
        let found = calls::values(&mut broker.client().await, "t", 0).await;
        let wanted: Vec<&str> = BEFORE.into_iter().chain(acknowledged.iter().map(String::as_str)).collect();
        assert!(
            found.len() >= wanted.len() && found.len() <= wanted.len() + 1,
            "seed {seed}: {}",
            found.len()
        );
        assert_eq!(found[..wanted.len()], wanted, "seed {seed}");
    }
}

/// Checks that only the readiness of a broker whose disk is full suffers.
async fn assert_has_no_room(broker: &TestBroker) {
    let ready = http::get(broker, "/readyz").await;
    let reason = "log directory has no room: produce is refused until there is\n";
    assert_eq!((ready.status, ready.body.as_str()), (503, reason));
    assert_eq!(http::get(broker, "/healthz").await.status, 200);
}

/// Appends to the first partition of `t`, after as many refusals as it takes.
async fn append_once_there_is_room(client: &mut Conn, batch: &[u8]) {
    within("room", async {
        while calls::append_error(client, "t", 0, batch).await != ErrorCode::None {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// The metadata log keeps no room ahead over a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_is_deleted_where_every_byte_is_taken_also_after_a_restart() {
    let (broker, client) = running().await;
    drop(client);
    let stopped = broker.stop().await;
    let full = stopped.disk().used_bytes();
    stopped.disk().with_faults(|faults| faults.capacity = full);
    let broker = stopped.start().await;
    let mut client = broker.client().await;
    // The first try may be what finds the disk full.
    within("room for the deletion", async {
        while calls::delete_topic(&mut client, "t").await != ErrorCode::None {
            tokio::task::yield_now().await;
        }
    })
    .await;
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_records_loses_nothing_and_is_used_again_once_there_is_room() {
    let (broker, mut client) = running().await;
    let room = broker.disk().with_faults(|faults| faults.capacity);
    let full = broker.disk().used_bytes();
    broker.disk().with_faults(|faults| faults.capacity = full);
    let large = batch(&["x".repeat(500_000).as_str()]);
    for _ in 0..3 {
        assert_eq!(calls::append_error(&mut client, "t", 0, &large).await, ErrorCode::KafkaStorageError);
        assert_has_no_room(&broker).await;
    }
    // What is there is served.
    assert_eq!(calls::values(&mut client, "t", 0).await, BEFORE);
    assert_eq!(groups::committed(&mut client, "readers", ("t", 0)).await.0, 2);
    broker.disk().with_faults(|faults| faults.capacity = room);
    append_once_there_is_room(&mut client, &large).await;
    assert_eq!(http::get(&broker, "/readyz").await.status, 200);
    calls::create_topic(&mut client, "u", 1, &[]).await;
    let broker = broker.power_loss(8).await;
    assert_eq!(calls::values(&mut broker.client().await, "t", 0).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_starts_on_a_full_disk_and_serves_what_is_there() {
    let (broker, client) = running().await;
    drop(client);
    let room = broker.disk().with_faults(|faults| faults.capacity);
    let full = broker.disk().used_bytes();
    broker.disk().with_faults(|faults| faults.capacity = full);
    let broker = broker.power_loss(8).await;
    let mut client = broker.client().await;
    assert_eq!(calls::values(&mut client, "t", 0).await, BEFORE);
    assert_eq!(groups::committed(&mut client, "readers", ("t", 0)).await.0, 2);
    let large = batch(&["x".repeat(500_000).as_str()]);
    assert_eq!(calls::append_error(&mut client, "t", 0, &large).await, ErrorCode::KafkaStorageError);
    broker.disk().with_faults(|faults| faults.capacity = room);
    append_once_there_is_room(&mut client, &large).await;
    assert_eq!(calls::values(&mut client, "t", 0).await.len(), 4);
    broker.stop().await;
}

/// A topic that was decided on and has no log when the broker starts holds up nothing, and is made once there is room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_finds_no_room_leaves_its_partition_offline_and_the_rest_in_service() {
    let (broker, mut client) = running().await;
    let room = broker.disk().with_faults(|faults| faults.capacity);
    // The metadata log has room for a topic in its file; a directory and its files are more.
    let full = broker.disk().used_bytes();
    broker.disk().with_faults(|faults| faults.capacity = full);
    let refused = within("create topic", client.create_topic("late", 2, &[])).await.unwrap();
    assert_eq!(refused.error_code, ErrorCode::KafkaStorageError);
    // From then on it is known that there is none.
    for (topic, error) in [("later", ErrorCode::KafkaStorageError), ("t", ErrorCode::TopicAlreadyExists)] {
        let refused = within("create topic", client.create_topic(topic, 1, &[])).await.unwrap();
        assert_eq!(refused.error_code, error, "{topic}");
    }
    assert!(broker.context().metadata.image().topics.by_name("later").is_none());
    for _ in 0..2 {
        assert_eq!(
            calls::append_error(&mut client, "late", 1, &batch(&["x"])).await,
            ErrorCode::KafkaStorageError
        );
        assert_eq!(calls::values(&mut client, "t", 0).await, BEFORE);
    }
    drop(client);
    // What goes with the process leaves a little room.
    broker.disk().with_faults(|faults| faults.capacity = 0);
    let broker = broker.kill().await;
    let mut client = broker.client().await;
    assert_eq!(calls::values(&mut client, "t", 0).await, BEFORE);
    assert_eq!(
        calls::append_error(&mut client, "late", 1, &batch(&["x"])).await,
        ErrorCode::KafkaStorageError
    );
    broker.disk().with_faults(|faults| faults.capacity = room);
    within("the log", async {
        while calls::append_error(&mut client, "late", 1, &batch(&["x"])).await != ErrorCode::None {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(calls::values(&mut client, "late", 1).await, ["x"]);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_is_ready_again_once_there_is_room_although_nobody_writes() {
    let (broker, mut client) = running().await;
    let room = broker.disk().with_faults(|faults| faults.capacity);
    let full = broker.disk().used_bytes();
    broker.disk().with_faults(|faults| faults.capacity = full);
    let large = batch(&["x".repeat(500_000).as_str()]);
    assert_eq!(calls::append_error(&mut client, "t", 0, &large).await, ErrorCode::KafkaStorageError);
    let replicas = Arc::clone(&broker.context().replicas);
    replicas.maintain(0);
    assert_has_no_room(&broker).await;
    broker.disk().with_faults(|faults| faults.capacity = room);
    replicas.maintain(0);
    assert_eq!(http::get(&broker, "/readyz").await.status, 200);
}

/// What a fetch does on the thread that its connection has, and what it leaves to the pool.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_that_serves_sockets_looks_at_no_file_that_is_on_disk_only() {
    let (broker, client) = running().await;
    drop(client);
    let broker = broker.restart().await;
    broker.disk().with_faults(|faults| faults.is_cold = true);
    let ctx = Arc::clone(broker.context());
    let mut session = Session::new(false);
    session.put(Target {
        topic: "t".into(),
        topic_id: TopicId::ZERO,
        partition: 0,
        offset: Offset(0),
        leader_epoch: LeaderEpoch::NONE,
        last_fetched_epoch: LeaderEpoch::NONE,
        bytes_max: 1 << 20,
        told: Told::default(),
        registered: None,
    });
    fail_next(broker.disk(), OperationKind::Open, "t-0/");
    let reads = read_all(&ctx, &mut session, &Limits { bytes_max: 1 << 20, read_committed: false });
    assert!(reads[0].is_elsewhere() && reads[0].is_empty(), "{reads:?}");
    broker.disk().with_faults(|faults| faults.clear());
    let reads = look_elsewhere(ctx, reads, tokio::time::Instant::now()).await;
    assert!(!reads[0].is_elsewhere() && !reads[0].is_empty(), "{reads:?}");
}

/// Fetches of what is on disk only, while `cold_reads` of them may be under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_that_has_to_look_on_disk_waits_for_the_pool_and_holds_up_nobody() {
    let (broker, client) = running().await;
    drop(client);
    // Nothing is known of the files but what the checkpoint says.
    let broker = broker.restart().await;
    broker.disk().with_faults(|faults| faults.is_cold = true);
    let budget = Arc::clone(&broker.context().cold_reads);
    let all = budget.acquire_many(u32::try_from(budget.available_permits()).unwrap()).await.unwrap();
    let mut reader = broker.client().await;
    let mut fetch = Box::pin(async move { calls::values(&mut reader, "t", 0).await });
    // It cannot be answered while the pool is busy; everybody else is.
    let mut client = broker.client().await;
    let fourth = batch(&["d"]);
    let offset = tokio::select! {
        values = &mut fetch => panic!("it did not wait: {values:?}"),
        offset = calls::append(&mut client, "t", 0, &fourth) => offset,
    };
    assert_eq!(offset, 3);
    drop(all);
    let found = within("fetch", fetch).await;
    assert_eq!(found[..BEFORE.len()], BEFORE);
    let metrics = http::get(&broker, "/metrics").await.body;
    let cold = metrics.lines().find(|line| line.starts_with("highwater_fetch_cold"));
    assert!(cold.is_some_and(|line| !line.ends_with(" 0")), "{cold:?}");
}

/// A real file that the page cache has let go of, where the filesystem does let go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_of_a_file_that_is_on_disk_only_is_answered_whole() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[("index.interval.bytes", "100")]).await;
    let values: Vec<String> = (0..200).map(|number| format!("{number}-{}", "z".repeat(1000))).collect();
    for value in &values {
        calls::append(&mut client, "t", 0, &batch(&[value])).await;
    }
    drop(client);
    let broker = broker.restart().await;
    let mut all_cold = true;
    for suffix in ["log", "index"] {
        let path = broker.path().join(format!("t-0/00000000000000000000.{suffix}"));
        let file = LocalDisk.open(&path, OpenMode::WRITE).unwrap();
        let len = file.len().unwrap();
        file.sync_data().unwrap();
        file.drop_cache(0, len);
        all_cold &= !file.is_resident(0, len);
    }
    let mut client = broker.client().await;
    let options = FetchOptions { offset: 70, ..FetchOptions::default() };
    let fetched = within("fetch", client.fetch("t", 0, options)).await.unwrap();
    assert_eq!(fetched.error_code, ErrorCode::None);
    let records = read_records(&fetched.records, 0).unwrap();
    let first = records.iter().find(|record| record.offset == 70).expect("the record is there");
    assert_eq!(first.value.as_deref(), Some(values[70].as_bytes()));
    assert_eq!(calls::values(&mut client, "t", 0).await, values);
    let metrics = http::get(&broker, "/metrics").await.body;
    let cold = metrics.lines().find(|line| line.starts_with("highwater_fetch_cold"));
    assert!(!all_cold || cold.is_some_and(|line| !line.ends_with(" 0")), "{cold:?}");
}
