//! An idempotent producer that retries over the end of its broker, and one whose state is gone.

use std::fs;
use std::path::PathBuf;

use broker_log::io::memory_disk::MemoryDisk;
use broker_protocol::codec::Records;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use broker_protocol::messages::{ProduceRequest, ProduceResponse};

use crate::harness::batches::{batch, compressed_numbered, numbered, numbered_at};
use crate::harness::{Conn, TestBroker, calls, within};

/// Requests that a producer with idempotence has in flight at most.
const IN_FLIGHT: i32 = 5;

async fn with_producer(sets: &[&str]) -> (TestBroker, Conn, i64) {
    let broker = TestBroker::start_in_memory(sets).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let producer = client.init_producer_id(None).await.unwrap().producer_id;
    (broker, client, producer)
}

/// The batch of two records that begins at `sequence`.
fn pair(producer: i64, sequence: i32) -> Vec<u8> {
    numbered(producer, 0, sequence, &[&sequence.to_string(), &(sequence + 1).to_string()])
}

/// fault = 67
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_batches_in_flight_are_appended_once_and_in_order_wherever_the_broker_ends() {
    // The disk stops at a later operation every time, so that more and more of the five have been written.
    for operations in (1..40).step_by(3) {
        let (broker, mut client, producer) = with_producer(&[]).await;
        calls::append(&mut client, "t", 0, &pair(producer, 0)).await;
        broker.disk().with_faults(|faults| faults.cut_power_after(operations));
        let batches: Vec<_> = (1..=IN_FLIGHT).map(|number| pair(producer, number * 2)).collect();
        for batch in &batches {
            client.send_produce("t", 0, batch, -1).await.unwrap();
        }
        let mut acknowledged = 0;
        for _ in &batches {
            let answer = within("produce", client.receive_produced()).await.unwrap();
            acknowledged += usize::from(answer.error_code == ErrorCode::None);
        }
        let seed = operations;
        let broker = if operations % 2 == 0 { broker.kill().await } else { broker.power_loss(seed).await };
        // As a client does: what is unacknowledged, in its order, again in flight together.
        let mut client = broker.client().await;
        for batch in &batches[acknowledged..] {
            client.send_produce("t", 0, batch, -1).await.unwrap();
        }
        for number in acknowledged..batches.len() {
            let answer = within("produce", client.receive_produced()).await.unwrap();
            assert_eq!(answer.error_code, ErrorCode::None, "{operations}: {:?}", answer.error_message);
            assert_eq!(answer.base_offset, i64::try_from(number + 1).unwrap() * 2, "{operations}");
        }
        let wanted: Vec<String> = (0..=IN_FLIGHT * 2 + 1).map(|sequence| sequence.to_string()).collect();
        assert_eq!(calls::values(&mut client, "t", 0).await, wanted, "{operations}");
    }
}

/// fault = 67
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_with_five_in_flight_doubles_nothing() {
    let (broker, mut client, producer) = with_producer(&[]).await;
    let batches: Vec<_> = (0..IN_FLIGHT).map(|number| pair(producer, number * 2)).collect();
    for batch in &batches {
        client.send_produce("t", 0, batch, -1).await.unwrap();
    }
    // The first answer shows that the requests have come; those to the others are lost.
    within("produce", client.receive_produced()).await.unwrap();
    drop(client);
    let mut client = broker.client().await;
    for (number, batch) in (0..).zip(&batches) {
        assert_eq!(calls::append(&mut client, "t", 0, batch).await, number * 2);
    }
    assert_eq!(calls::values(&mut client, "t", 0).await.len(), batches.len() * 2);
}

fn snapshots(dir: PathBuf) -> Vec<PathBuf> {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "snapshot")).collect()
}

/// fault = 38, 68
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_snapshots_of_producers_are_rebuilt_from_the_log() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    // Several segments, so that there are snapshots.
    calls::create_topic(&mut client, "t", 1, &[("segment.bytes", "1048576")]).await;
    let producer = client.init_producer_id(None).await.unwrap().producer_id;
    let value = "x".repeat(400_000);
    let batches: Vec<_> = (0..6).map(|sequence| numbered(producer, 0, sequence, &[&value])).collect();
    for (offset, batch) in (0..).zip(&batches) {
        assert_eq!(calls::append(&mut client, "t", 0, batch).await, offset);
    }
    drop(client);
    let killed = broker.killed_copy();
    let stopped = broker.stop().await;
    assert!(!snapshots(stopped.path().join("t-0")).is_empty(), "there are snapshots to lose");
    for directory in [stopped, killed] {
        for snapshot in snapshots(directory.path().join("t-0")) {
            fs::remove_file(snapshot).unwrap();
        }
        let broker = directory.start().await;
        let mut client = broker.client().await;
        for (offset, batch) in (0..).zip(&batches).skip(1) {
            assert_eq!(calls::append(&mut client, "t", 0, batch).await, offset);
        }
        let gap = numbered(producer, 0, 7, &["gap"]);
        let error = calls::append_error(&mut client, "t", 0, &gap).await;
        assert_eq!(error, ErrorCode::OutOfOrderSequenceNumber);
        assert_eq!(calls::append(&mut client, "t", 0, &numbered(producer, 0, 6, &["next"])).await, 6);
    }
}

/// fault = 68
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_that_was_idle_for_too_long_may_begin_anywhere_and_its_retry_is_appended_again() {
    let sets = ["producer.id.expiration.ms=3600000", "log.retention.check.interval.ms=1"];
    let (broker, mut client, producer) = with_producer(&sets).await;
    for sequence in 0..3 {
        calls::append(&mut client, "t", 0, &numbered(producer, 0, sequence, &["a"])).await;
    }
    let last = numbered(producer, 0, 2, &["a"]);
    assert_eq!(calls::append(&mut client, "t", 0, &last).await, 2, "it is known, so this is a retry");
    broker.clock().set_wrong_by(2 * 3_600_000);
    let ctx = broker.context();
    ctx.replicas.maintain(ctx.env.clock.now_ms());
    // KIP-360: nothing is known of it, so there is nothing that its sequence could contradict.
    assert_eq!(calls::append(&mut client, "t", 0, &last).await, 3, "the window of duplicates");
    assert_eq!(calls::append(&mut client, "t", 0, &numbered(producer, 0, 3, &["b"])).await, 4);
    assert_eq!(calls::values(&mut client, "t", 0).await, ["a", "a", "a", "a", "b"]);
}

/// Checks that nothing behind the refused first batch of a producer is taken before that batch.
async fn assert_begins_at_zero(client: &mut Conn, (topic, partition): (&str, i32), producer: i64) {
    for sequence in [2, 4] {
        let early = calls::append_error(client, topic, partition, &pair(producer, sequence)).await;
        assert_eq!(early, ErrorCode::OutOfOrderSequenceNumber, "{topic}-{partition}: {sequence}");
    }
    for sequence in [0, 2, 4] {
        assert_eq!(
            calls::append(client, topic, partition, &pair(producer, sequence)).await,
            i64::from(sequence)
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_behind_one_that_found_no_room_is_not_taken_before_it() {
    let (broker, mut client, producer) = with_producer(&[]).await;
    calls::create_topic(&mut client, "other", 1, &[]).await;
    let room = broker.disk().with_faults(|faults| faults.capacity);
    let full = broker.disk().used_bytes();
    broker.disk().with_faults(|faults| faults.capacity = full);
    // The disk is found to be full by somebody else: from then on nothing is tried.
    let large = batch(&["x".repeat(500_000).as_str()]);
    assert_eq!(calls::append_error(&mut client, "other", 0, &large).await, ErrorCode::KafkaStorageError);
    for sequence in [0, 2] {
        let refused = calls::append_error(&mut client, "t", 0, &pair(producer, sequence)).await;
        assert_eq!(refused, ErrorCode::KafkaStorageError);
    }
    broker.disk().with_faults(|faults| faults.capacity = room);
    within("room", async {
        while calls::append_error(&mut client, "other", 0, &large).await != ErrorCode::None {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_begins_at_zero(&mut client, ("t", 0), producer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_behind_one_that_came_before_there_was_room_for_the_log_is_not_taken_before_it() {
    let broker = TestBroker::start_on(MemoryDisk::new(1), &[]).await;
    let mut client = broker.client().await;
    let producer = client.init_producer_id(None).await.unwrap().producer_id;
    let room = broker.disk().with_faults(|faults| faults.capacity);
    let full = broker.disk().used_bytes();
    broker.disk().with_faults(|faults| faults.capacity = full);
    let created = within("create topic", client.create_topic("late", 2, &[])).await.unwrap();
    assert_eq!(created.error_code, ErrorCode::KafkaStorageError);
    let refused = calls::append_error(&mut client, "late", 1, &pair(producer, 0)).await;
    assert_eq!(refused, ErrorCode::KafkaStorageError);
    broker.disk().with_faults(|faults| faults.capacity = room);
    within("the log", async {
        while calls::append_error(&mut client, "late", 1, &batch(&["x"])).await != ErrorCode::None {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let early = calls::append_error(&mut client, "late", 1, &pair(producer, 2)).await;
    assert_eq!(early, ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(calls::append(&mut client, "late", 1, &pair(producer, 0)).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_behind_one_that_cannot_be_accepted_is_not_taken_in_its_place() {
    let (_broker, mut client, producer) = with_producer(&["message.max.bytes=100000"]).await;
    let names = ["too-large", "too-late", "opened", "old-zstd"];
    for name in names {
        let compression = if name == "opened" { "gzip" } else { "producer" };
        calls::create_topic(&mut client, name, 1, &[("compression.type", compression)]).await;
    }
    let in_the_future = 4_000_000_000_000;
    let first = (producer, 0, 0);
    for (name, first_batch, error) in [
        (names[0], numbered(producer, 0, 0, &["x".repeat(200_000).as_str()]), ErrorCode::MessageTooLarge),
        (names[1], numbered_at(in_the_future, first, &["x"]), ErrorCode::InvalidTimestamp),
        (names[2], numbered_at(in_the_future, first, &["x"]), ErrorCode::InvalidTimestamp),
    ] {
        assert_eq!(calls::append_error(&mut client, name, 0, &first_batch).await, error, "{name}");
        assert_begins_at_zero(&mut client, (name, 0), producer).await;
    }
    let zstd = compressed_numbered(Compression::Zstd, first, &["x"]);
    let partition_data = vec![PartitionProduceData { index: 0, records: Records::Bytes(&zstd) }];
    let topic_data =
        vec![TopicProduceData { name: names[3].into(), partition_data, ..TopicProduceData::default() }];
    let request = ProduceRequest { acks: -1, timeout_ms: 10_000, topic_data, ..ProduceRequest::default() };
    let frame = within("produce", client.call(&request, 6)).await.unwrap();
    let response: ProduceResponse<'_> = frame.decode().unwrap();
    let code = response.responses[0].partition_responses[0].error_code;
    assert_eq!(ErrorCode::from_code(code), Some(ErrorCode::UnsupportedCompressionType));
    assert_begins_at_zero(&mut client, (names[3], 0), producer).await;
}
