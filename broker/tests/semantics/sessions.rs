//! Incremental fetch sessions (KIP-227).

use broker_client::read_records;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use broker_protocol::messages::{FetchRequest, FetchResponse};

use crate::harness::batches::batch;
use crate::harness::{Conn, TestBroker, calls};

/// The last version that names topics.
const VERSION: i16 = 12;

/// What an answer says.
#[derive(PartialEq, Eq, Debug)]
struct Told {
    error: ErrorCode,
    session: i32,
    /// Partition and count of records.
    partitions: Vec<(i32, usize)>,
}

/// A fetch of topic "t" in a session: `wanted` are partitions and offsets, `forgotten` are partitions.
async fn fetch(
    client: &mut Conn,
    (session_id, session_epoch): (i32, i32),
    wanted: &[(i32, i64)],
    forgotten: &[i32],
) -> Told {
    let partitions: Vec<_> = wanted
        .iter()
        .map(|(partition, fetch_offset)| FetchPartition {
            partition: *partition,
            fetch_offset: *fetch_offset,
            partition_max_bytes: 1 << 20,
            ..FetchPartition::default()
        })
        .collect();
    let mut request =
        FetchRequest { max_bytes: 1 << 20, session_id, session_epoch, ..FetchRequest::default() };
    if !partitions.is_empty() {
        request.topics = vec![FetchTopic { topic: "t".into(), partitions, ..FetchTopic::default() }];
    }
    if !forgotten.is_empty() {
        let partitions = forgotten.to_vec();
        request.forgotten_topics_data =
            vec![ForgottenTopic { topic: "t".into(), partitions, ..ForgottenTopic::default() }];
    }
    let frame = client.call(&request, VERSION).await.unwrap();
    let response: FetchResponse<'_> = frame.decode().unwrap();
    let data = response.responses.iter().flat_map(|topic| &topic.partitions);
    let partitions = data.map(|data| {
        let records = read_records(data.records.as_bytes().unwrap_or_default(), 0).unwrap();
        (data.partition_index, records.len())
    });
    Told {
        error: ErrorCode::from_code(response.error_code).unwrap(),
        session: response.session_id,
        partitions: partitions.collect(),
    }
}

fn told(session: i32, partitions: &[(i32, usize)]) -> Told {
    Told { error: ErrorCode::None, session, partitions: partitions.to_vec() }
}

async fn with_partitions(sets: &[&str]) -> (TestBroker, Conn) {
    let broker = TestBroker::start(sets).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 3, &[]).await;
    (broker, client)
}

#[tokio::test]
async fn only_what_changed_is_told() {
    let (_broker, mut client) = with_partitions(&[]).await;
    let first = fetch(&mut client, (0, 0), &[(0, 0), (1, 0), (2, 0)], &[]).await;
    let id = first.session;
    assert!(id > 0);
    assert_eq!(first, told(id, &[(0, 0), (1, 0), (2, 0)]));
    assert_eq!(fetch(&mut client, (id, 1), &[], &[]).await, told(id, &[]));
    calls::append(&mut client, "t", 1, &batch(&["a"])).await;
    assert_eq!(fetch(&mut client, (id, 2), &[], &[]).await, told(id, &[(1, 1)]));
    // It has not moved on, so it gets the record again; once it has, there is nothing more to tell.
    assert_eq!(fetch(&mut client, (id, 3), &[], &[]).await, told(id, &[(1, 1)]));
    assert_eq!(fetch(&mut client, (id, 4), &[(1, 1)], &[]).await, told(id, &[]));
}

#[tokio::test]
async fn a_forgotten_partition_is_told_no_more_and_an_added_one_is() {
    let (_broker, mut client) = with_partitions(&[]).await;
    let id = fetch(&mut client, (0, 0), &[(0, 0), (1, 0)], &[]).await.session;
    for partition in 0..3 {
        calls::append(&mut client, "t", partition, &batch(&["a"])).await;
    }
    let answer = fetch(&mut client, (id, 1), &[(2, 0)], &[0]).await;
    let mut partitions = answer.partitions;
    partitions.sort_unstable();
    assert_eq!(partitions, [(1, 1), (2, 1)]);
}

#[tokio::test]
async fn an_epoch_out_of_turn_is_an_error_and_the_session_goes_on() {
    let (_broker, mut client) = with_partitions(&[]).await;
    let id = fetch(&mut client, (0, 0), &[(0, 0)], &[]).await.session;
    for epoch in [2, 7, i32::MAX] {
        let refused = fetch(&mut client, (id, epoch), &[], &[]).await;
        assert_eq!((refused.error, refused.partitions), (ErrorCode::InvalidFetchSessionEpoch, vec![]));
    }
    assert_eq!(fetch(&mut client, (id, 1), &[], &[]).await, told(id, &[]));
}

#[tokio::test]
async fn an_unknown_session_is_an_error() {
    let (_broker, mut client) = with_partitions(&[]).await;
    let refused = fetch(&mut client, (4711, 1), &[], &[]).await;
    assert_eq!((refused.error, refused.session), (ErrorCode::FetchSessionIdNotFound, 0));
}

#[tokio::test]
async fn a_full_fetch_ends_the_session_that_it_names() {
    let (broker, mut client) = with_partitions(&[]).await;
    let id = fetch(&mut client, (0, 0), &[(0, 0)], &[]).await.session;
    // The final epoch ends it without another.
    assert_eq!(fetch(&mut client, (id, -1), &[(0, 0)], &[]).await, told(0, &[(0, 0)]));
    assert_eq!(broker.context().sessions.len(), 0);
    let id = fetch(&mut client, (0, 0), &[(0, 0)], &[]).await.session;
    let next = fetch(&mut client, (id, 0), &[(0, 0)], &[]).await.session;
    assert_ne!(id, next);
    assert_eq!(broker.context().sessions.len(), 1);
    assert_eq!(fetch(&mut client, (id, 1), &[], &[]).await.error, ErrorCode::FetchSessionIdNotFound);
}

#[tokio::test]
async fn without_a_free_slot_a_fetch_has_no_session() {
    let (_broker, mut client) = with_partitions(&["max.incremental.fetch.session.cache.slots=1"]).await;
    let first = fetch(&mut client, (0, 0), &[(0, 0)], &[]).await.session;
    assert!(first > 0);
    assert_eq!(fetch(&mut client, (0, 0), &[(1, 0)], &[]).await, told(0, &[(1, 0)]));
    assert_eq!(fetch(&mut client, (first, 1), &[], &[]).await, told(first, &[]));
}

/// fault = 80
#[tokio::test]
async fn a_fetch_of_very_many_partitions_has_no_session_and_a_session_that_grows_so_far_is_ended() {
    const MANY: i32 = 400_000;
    let (broker, mut client) = with_partitions(&[]).await;
    let many: Vec<(i32, i64)> = (0..MANY).map(|partition| (partition, 0)).collect();
    let answer = fetch(&mut client, (0, 0), &many, &[]).await;
    assert_eq!((answer.error, answer.session, answer.partitions.len()), (ErrorCode::None, 0, many.len()));
    assert_eq!(broker.context().sessions.len(), 0);
    let id = fetch(&mut client, (0, 0), &[(0, 0)], &[]).await.session;
    assert!(id > 0);
    assert_eq!(fetch(&mut client, (id, 1), &many, &[]).await.error, ErrorCode::FetchSessionIdNotFound);
    assert_eq!(broker.context().sessions.len(), 0);
    let id = fetch(&mut client, (0, 0), &[(0, 0)], &[]).await.session;
    assert!(id > 0, "there is room for it again");
}

#[tokio::test]
async fn partitions_with_much_to_read_take_turns() {
    let (_broker, mut client) = with_partitions(&[]).await;
    // More than one answer holds.
    let large = batch(&["x".repeat(700_000).as_str()]);
    for partition in 0..3 {
        for _ in 0..2 {
            calls::append(&mut client, "t", partition, &large).await;
        }
    }
    let mut answer = fetch(&mut client, (0, 0), &[(0, 0), (1, 0), (2, 0)], &[]).await;
    let session = answer.session;
    let mut served = Vec::new();
    for epoch in 1..4 {
        let with_records = answer.partitions.iter().filter(|(_, records)| *records > 0);
        served.extend(with_records.map(|(partition, _)| *partition));
        // The client does not move on, as if each partition had no end.
        answer = fetch(&mut client, (session, epoch), &[], &[]).await;
    }
    for partition in 0..3 {
        assert!(served.contains(&partition), "{partition} starves: {served:?}");
    }
}
