//! What reads from the object store may take at once, and a Fetch of more partitions than that.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker_client::{OwnedRecord, read_records};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use broker_protocol::messages::{FetchRequest, FetchResponse};
use broker_protocol::types::Offset;
use broker_tier::faulty_store::{Answer, Effect, FaultyStore, Operation};
use broker_tier::read::RemoteRange;
use highwater_broker::tiering::{RemoteFault, RemoteRead};
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path;

use crate::harness::batches::batch_at;
use crate::harness::{Conn, TestBroker, calls, within};
use crate::store::{FIRST_MS, SMALL, append, create, metric, objects, partition, until, until_let_go, value};
use crate::trouble::faulty;

/// The smallest budget there is.
const BUDGET: &str = "highwater.remote.read.max.bytes=33554432";
/// The part of it that is for answers.
const ANSWERS_MAX: usize = 8 << 20;
/// The rest is for chunks, on their way and in memory together.
const ON_THEIR_WAY_MAX: usize = 24 << 20;
const IN_MEMORY_MAX: u64 = 24 << 20;

/// So many that neither part has room for a segment of each.
const PARTITIONS: i32 = 24;
/// Records in the store of each partition; one more is on the disk.
const STORED: i64 = 3;

/// A broker with a topic `t` of [`PARTITIONS`], each with one segment in the store.
async fn start_many() -> (TestBroker, Arc<FaultyStore>, Arc<InMemory>) {
    let (broker, store, inner) = faulty(&[BUDGET, "remote.fetch.max.wait.ms=100"]).await;
    let mut client = broker.client().await;
    let configs: Vec<(&str, &str)> = SMALL.into_iter().chain([("retention.ms", "-1")]).collect();
    calls::create_topic(&mut client, "t", PARTITIONS, &configs).await;
    for partition in 0..PARTITIONS {
        for offset in 0..=STORED {
            let batch = batch_at(FIRST_MS + offset, &[&value_of(partition, offset)]);
            assert_eq!(calls::append(&mut client, "t", partition, &batch).await, offset);
        }
    }
    until("all that is sealed is let go", || {
        let replicas = broker.context().replicas.topic("t").unwrap();
        let mut partitions = replicas.partitions().into_iter();
        partitions.all(|partition| partition.log().with(|log| log.local_log_start_offset().0 == STORED))
    })
    .await;
    (broker, store, inner)
}

fn value_of(partition: i32, offset: i64) -> String {
    value(i64::from(partition) * 100 + offset)
}

/// Reads from the store as a Fetch does, for at most that time.
async fn read(
    broker: &TestBroker,
    index: i32,
    from: i64,
    max_bytes: usize,
    time: Duration,
) -> Result<RemoteRead, RemoteFault> {
    let context = broker.context();
    let tiering = context.tiering.clone().unwrap();
    let partition = context.replicas.partition("t", index).unwrap();
    let range =
        RemoteRange { from: Offset(from), max_bytes, min_one_batch: true, upper: partition.high_watermark() };
    tiering.read(&partition, &range, true, tokio::time::Instant::now() + time).await
}

/// tiering = 10, 22
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_wait_to_be_sent_hold_no_more_than_their_budget() {
    let (broker, _store, _inner) = faulty(&[BUDGET]).await;
    let mut client = broker.client().await;
    create(&mut client, &[]).await;
    append(&mut client, 0..31).await;
    until_let_go(&broker).await;
    let (patient, short) = (Duration::from_secs(10), Duration::from_millis(300));
    let mut held = Vec::new();
    let late = loop {
        let from = i64::try_from(held.len()).unwrap() * 3;
        // The first few have room for sure.
        let time = if held.len() < 6 { patient } else { short };
        match read(&broker, 0, from, 2 << 20, time).await {
            Ok(read) => held.push(read),
            Err(RemoteFault::Late) => break from,
            Err(other) => panic!("{other:?}"),
        }
        let bytes: usize = held.iter().map(|read| read.len).sum();
        assert!(bytes <= ANSWERS_MAX, "{bytes} bytes are held at once");
    };
    assert!(held.len() >= 6, "only {} reads have room", held.len());
    // Whoever could not wait has begun a read that waits for room still.
    held.clear();
    let read = read(&broker, 0, late, 2 << 20, patient).await.unwrap();
    assert_eq!(read.next_offset, Offset(late + 3));
    assert_eq!(partition(&broker).log().with(|log| log.local_log_start_offset()), Offset(30));
}

/// tiering = 10, 22
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_fetched_at_once_than_there_is_room_for() {
    let (broker, store, _inner) = start_many().await;
    store.next(Operation::Get, "/seg/", u32::MAX, Effect::Fail(Answer::Silence));
    let before = store.seen(Operation::Get, "/seg/");
    let reads = (0..PARTITIONS).map(|index| read(&broker, index, 0, 1, Duration::from_millis(600)));
    for read in futures_util::future::join_all(reads).await {
        assert!(matches!(read, Err(RemoteFault::Late)), "{read:?}");
    }
    let requests = store.seen(Operation::Get, "/seg/") - before;
    assert!(requests > 8 && requests <= ON_THEIR_WAY_MAX >> 20, "{requests} chunks are fetched at once");
}

/// What one Fetch is answered of a partition.
struct Answered {
    partition: i32,
    error: ErrorCode,
    bytes: usize,
    records: Vec<OwnedRecord>,
}

/// One Fetch of partitions from offsets on, in that order.
async fn fetch(
    client: &mut Conn,
    wanted: &VecDeque<(i32, i64)>,
    max_bytes: i32,
    max_wait_ms: i32,
) -> Vec<Answered> {
    let of = |(partition, fetch_offset): &(i32, i64)| FetchPartition {
        partition: *partition,
        fetch_offset: *fetch_offset,
        partition_max_bytes: 2 << 20,
        ..FetchPartition::default()
    };
    let partitions = wanted.iter().map(of).collect();
    let topics = vec![FetchTopic { topic: "t".into(), partitions, ..FetchTopic::default() }];
    let request = FetchRequest { max_bytes, max_wait_ms, topics, ..FetchRequest::default() };
    let frame = within("fetch", client.call(&request, 12)).await.unwrap();
    let response: FetchResponse<'_> = frame.decode().unwrap();
    let data = response.responses.iter().flat_map(|topic| &topic.partitions);
    let answered = |data: &broker_protocol::messages::fetch_response::PartitionData<'_>| {
        let bytes = data.records.as_bytes().unwrap_or_default();
        Answered {
            partition: data.partition_index,
            error: ErrorCode::from_code(data.error_code).unwrap(),
            bytes: bytes.len(),
            records: read_records(bytes, 0).unwrap(),
        }
    };
    data.map(answered).collect()
}

/// Takes what was answered: records that follow one another, of nobody else.
fn take(wanted: &mut VecDeque<(i32, i64)>, answers: &[Answered]) {
    for answer in answers {
        let (_, position) = wanted.iter_mut().find(|(index, _)| *index == answer.partition).unwrap();
        for record in &answer.records {
            assert_eq!(record.offset, *position, "of partition {}", answer.partition);
            let expected = value_of(answer.partition, record.offset);
            assert!(record.value.as_deref() == Some(expected.as_bytes()), "offset {}", record.offset);
            *position += 1;
        }
    }
    // Those that were not served are asked for first.
    let served = |index: i32| answers.iter().any(|answer| answer.partition == index && answer.bytes > 0);
    wanted.retain(|(_, position)| *position <= STORED);
    let (back, front): (Vec<_>, Vec<_>) = wanted.drain(..).partition(|(index, _)| served(*index));
    wanted.extend(front.into_iter().chain(back));
}

fn all_partitions() -> VecDeque<(i32, i64)> {
    (0..PARTITIONS).map(|index| (index, 0)).collect()
}

/// tiering = 12
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fetch_reads_many_partitions_from_the_store_within_its_bounds() {
    let (broker, _store, _inner) = start_many().await;
    let mut client = broker.client().await;
    // The first batch comes however little is wanted, and only that.
    let mut wanted = all_partitions();
    wanted.rotate_left(7);
    let answers = fetch(&mut client, &wanted, 1, 10_000).await;
    let served: Vec<_> = answers.iter().filter(|answer| answer.bytes > 0).collect();
    assert_eq!((served.len(), served[0].partition, served[0].records.len()), (1, 7, 1));
    // Several partitions at a time, and never more than is wanted.
    let (max_bytes, mut most) = (5 << 20, 0);
    while !wanted.is_empty() {
        let answers = fetch(&mut client, &wanted, max_bytes, 10_000).await;
        assert!(answers.iter().all(|answer| answer.error == ErrorCode::None));
        let bytes: usize = answers.iter().map(|answer| answer.bytes).sum();
        assert!(bytes > 0 && bytes <= usize::try_from(max_bytes).unwrap(), "{bytes}");
        most = most.max(answers.iter().filter(|answer| answer.bytes > 0).count());
        take(&mut wanted, &answers);
    }
    assert!(most > 1, "partitions are served one by one");
    // All at once is more than the budget has room for.
    let (mut wanted, deadline) = (all_partitions(), Instant::now() + Duration::from_secs(30));
    while !wanted.is_empty() {
        let answers = fetch(&mut client, &wanted, 64 << 20, 20_000).await;
        assert!(answers.iter().all(|answer| answer.error == ErrorCode::None));
        let stored = |answer: &&Answered| answer.records.iter().any(|record| record.offset < STORED);
        let bytes: usize = answers.iter().filter(stored).map(|answer| answer.bytes).sum();
        assert!(bytes <= ANSWERS_MAX, "{bytes} bytes of one answer");
        take(&mut wanted, &answers);
        assert!(Instant::now() < deadline, "{wanted:?} are never served");
    }
    // Those that find no room are not waited for.
    assert_eq!(metric(&broker, "highwater_remote_read_timeouts_total").await, 0);
    let in_memory = broker.context().tiering.as_ref().unwrap().reader().chunks().memory_bytes();
    assert!(in_memory > 0 && in_memory <= IN_MEMORY_MAX, "{in_memory} bytes of chunks");
}

/// tiering = 12
/// fault = 62
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_whose_object_is_lost_takes_nothing_from_the_others_of_its_fetch() {
    let (broker, _store, inner) = start_many().await;
    const LOST: i32 = 5;
    for name in objects(inner.as_ref()).await {
        if name.contains(&format!("/{LOST:020}/seg/")) {
            inner.delete(&Path::from(name)).await.unwrap();
        }
    }
    let mut client = broker.client().await;
    let mut wanted = all_partitions();
    while wanted.len() > 1 {
        let answers = fetch(&mut client, &wanted, 5 << 20, 10_000).await;
        for answer in &answers {
            let is_lost = answer.partition == LOST && answer.error == ErrorCode::KafkaStorageError;
            assert!(answer.error == ErrorCode::None || is_lost, "{}: {:?}", answer.partition, answer.error);
        }
        assert!(answers.iter().any(|answer| answer.bytes > 0));
        take(&mut wanted, &answers);
    }
    assert_eq!(wanted, [(LOST, 0)]);
    let answers = fetch(&mut client, &wanted, 5 << 20, 10_000).await;
    assert_eq!((answers[0].error, answers[0].bytes), (ErrorCode::KafkaStorageError, 0));
}
