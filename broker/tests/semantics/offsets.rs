//! Offsets: found by time and by name, deleted below, committed by groups.

use broker_client::FetchOptions;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use broker_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use broker_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use broker_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use broker_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DeleteRecordsRequest, DeleteRecordsResponse,
    ListOffsetsRequest, ListOffsetsResponse, OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest,
    OffsetDeleteResponse, OffsetFetchRequest, OffsetFetchResponse,
};
use broker_protocol::types::Offset;
use highwater_broker::api::list_offsets::{
    EARLIEST, EARLIEST_LOCAL, EARLIEST_PENDING_UPLOAD, LATEST, LATEST_TIERED, MAX_TIMESTAMP,
};

use crate::harness::batches::{base_time_ms, batch, batch_at, compressed, compressed_at};
use crate::harness::http::get;
use crate::harness::{Conn, TestBroker, calls, groups, within};

/// The version that knows all of them.
const LIST_VERSION: i16 = 11;

/// Offset and timestamp that answer ListOffsets, or the error.
async fn listed(
    client: &mut Conn,
    timestamp: i64,
    current_leader_epoch: i32,
) -> Result<(i64, i64), ErrorCode> {
    let partition = ListOffsetsPartition { partition_index: 0, timestamp, current_leader_epoch };
    let topics = vec![ListOffsetsTopic { name: "t".into(), partitions: vec![partition] }];
    let request = ListOffsetsRequest { replica_id: -1, topics, ..ListOffsetsRequest::default() };
    let frame = within("list offsets", client.call(&request, LIST_VERSION)).await.unwrap();
    let response: ListOffsetsResponse<'_> = frame.decode().unwrap();
    let found = &response.topics[0].partitions[0];
    match ErrorCode::from_code(found.error_code).unwrap() {
        ErrorCode::None => Ok((found.offset, found.timestamp)),
        error => Err(error),
    }
}

async fn with_topic() -> (TestBroker, Conn) {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    (broker, client)
}

/// Deletes the records below `offset`; gives the new start or the error.
async fn delete_records(client: &mut Conn, offset: i64) -> Result<i64, ErrorCode> {
    delete_records_in(client, offset, 10_000).await
}

/// As `delete_records`, for a client that waits so long only.
async fn delete_records_in(client: &mut Conn, offset: i64, timeout_ms: i32) -> Result<i64, ErrorCode> {
    let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset }];
    let topics = vec![DeleteRecordsTopic { name: "t".into(), partitions }];
    let request = DeleteRecordsRequest { topics, timeout_ms };
    let frame = within("delete records", client.call(&request, 2)).await.unwrap();
    let response: DeleteRecordsResponse<'_> = frame.decode().unwrap();
    let found = &response.topics[0].partitions[0];
    match ErrorCode::from_code(found.error_code).unwrap() {
        ErrorCode::None => Ok(found.low_watermark),
        error => Err(error),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_of_an_empty_partition_are_its_start_or_unknown() {
    let (_broker, mut client) = with_topic().await;
    let now = base_time_ms();
    for (timestamp, offset) in [
        (LATEST, 0),
        (EARLIEST, 0),
        (EARLIEST_LOCAL, 0),
        (EARLIEST_PENDING_UPLOAD, -1),
        (MAX_TIMESTAMP, -1),
        (LATEST_TIERED, -1),
        (now, -1),
        (0, -1),
    ] {
        assert_eq!(listed(&mut client, timestamp, -1).await, Ok((offset, -1)), "{timestamp}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_that_is_asked_for_twice_is_refused_among_very_many() {
    const ASKED: i32 = 200_000;
    let (_broker, mut client) = with_topic().await;
    let asked = |index| ListOffsetsPartition {
        partition_index: index,
        timestamp: LATEST,
        ..ListOffsetsPartition::default()
    };
    let topic = |indexes: std::ops::Range<i32>| ListOffsetsTopic {
        name: "t".into(),
        partitions: indexes.map(asked).collect(),
    };
    // Partition 0 alone is there; the last one is named again in another entry for the topic.
    let topics = vec![topic(0..ASKED), topic(ASKED - 1..ASKED)];
    let request = ListOffsetsRequest { replica_id: -1, topics, ..ListOffsetsRequest::default() };
    let frame = within("list offsets", client.call(&request, LIST_VERSION)).await.unwrap();
    let response: ListOffsetsResponse<'_> = frame.decode().unwrap();
    let error = |topic: usize, place: usize| {
        ErrorCode::from_code(response.topics[topic].partitions[place].error_code).unwrap()
    };
    assert_eq!(error(0, 0), ErrorCode::None);
    assert_eq!(error(0, 1), ErrorCode::UnknownTopicOrPartition);
    assert_eq!(error(0, 199_999), ErrorCode::InvalidRequest);
    assert_eq!(error(1, 0), ErrorCode::InvalidRequest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_finds_the_first_record_that_is_not_older() {
    let (_broker, mut client) = with_topic().await;
    let base = base_time_ms();
    calls::append(&mut client, "t", 0, &batch_at(base, &["0", "1", "2"])).await;
    // Older than those before it: the first that is young enough is meant, not the nearest.
    calls::append(&mut client, "t", 0, &batch_at(base - 500, &["3"])).await;
    calls::append(&mut client, "t", 0, &batch_at(base + 100, &["4", "5"])).await;
    for (time, found) in [
        (base - 1_000_000, (0, base)),
        (base, (0, base)),
        (base + 2, (2, base + 2)),
        (base + 3, (4, base + 100)),
        (base + 101, (5, base + 101)),
        (base + 102, (-1, -1)),
    ] {
        assert_eq!(listed(&mut client, time, -1).await, Ok(found), "{}", time - base);
    }
    assert_eq!(listed(&mut client, -7, -1).await, Err(ErrorCode::UnsupportedVersion));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_is_found_inside_of_a_compressed_batch() {
    for compression in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        let (_broker, mut client) = with_topic().await;
        calls::append(&mut client, "t", 0, &compressed(compression, &["0", "1", "2", "3"])).await;
        let first = calls::read_from(&mut client, "t", 0, 0).await[0].timestamp_ms;
        assert_eq!(listed(&mut client, first + 2, -1).await, Ok((2, first + 2)), "{compression:?}");
        assert_eq!(listed(&mut client, MAX_TIMESTAMP, -1).await, Ok((3, first + 3)), "{compression:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_up_by_time_has_its_turn_among_the_reads_of_cold_data() {
    let (broker, mut client) = with_topic().await;
    let base = base_time_ms();
    calls::append(&mut client, "t", 0, &compressed_at(Compression::Zstd, base, &["0", "1"])).await;
    let pool = &broker.context().cold_reads;
    let all = pool.acquire_many(u32::try_from(pool.available_permits()).unwrap()).await.unwrap();
    let mut asking = broker.client().await;
    let asked = tokio::spawn(async move { listed(&mut asking, base + 1, -1).await });
    within("the look-up is read", async {
        let is_read = "highwater_requests_total{api=\"ListOffsets\"} 1\n";
        while !get(&broker, "/metrics").await.body.contains(is_read) {}
    })
    .await;
    for _ in 0..20 {
        assert_eq!(listed(&mut client, LATEST, -1).await, Ok((2, -1)), "a place needs no turn");
    }
    assert!(!asked.is_finished(), "all turns are taken");
    drop(all);
    assert_eq!(within("look-up", asked).await.unwrap(), Ok((1, base + 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_timestamp_is_that_of_the_first_record_that_has_it() {
    let (_broker, mut client) = with_topic().await;
    let base = base_time_ms();
    calls::append(&mut client, "t", 0, &batch_at(base, &["0", "1"])).await;
    calls::append(&mut client, "t", 0, &batch_at(base + 1, &["2"])).await;
    calls::append(&mut client, "t", 0, &batch_at(base - 5, &["3"])).await;
    assert_eq!(listed(&mut client, MAX_TIMESTAMP, -1).await, Ok((1, base + 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_follow_what_is_deleted_and_epochs_are_checked() {
    let (broker, mut client) = with_topic().await;
    let base = base_time_ms();
    calls::append(&mut client, "t", 0, &batch_at(base, &["0", "1", "2", "3"])).await;
    assert_eq!(delete_records(&mut client, 2).await, Ok(2));
    for (timestamp, found) in [
        (EARLIEST, (2, -1)),
        (EARLIEST_LOCAL, (2, -1)),
        (LATEST, (4, -1)),
        (base, (2, base + 2)),
        (MAX_TIMESTAMP, (3, base + 3)),
    ] {
        assert_eq!(listed(&mut client, timestamp, 0).await, Ok(found), "{timestamp}");
    }
    assert_eq!(listed(&mut client, LATEST, 1).await, Err(ErrorCode::UnknownLeaderEpoch));
    let broker = broker.restart().await;
    let mut client = broker.client().await;
    assert_eq!(listed(&mut client, LATEST, 0).await, Err(ErrorCode::FencedLeaderEpoch));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_are_deleted_only_below_the_high_watermark_and_for_good() {
    let (mut broker, mut client) = with_topic().await;
    calls::append(&mut client, "t", 0, &batch(&["0", "1", "2"])).await;
    calls::append(&mut client, "t", 0, &batch(&["3", "4"])).await;
    for beyond in [6, i64::MAX, -2, i64::MIN] {
        assert_eq!(delete_records(&mut client, beyond).await, Err(ErrorCode::OffsetOutOfRange), "{beyond}");
    }
    assert_eq!(delete_records(&mut client, 1).await, Ok(1));
    // It never goes back.
    assert_eq!(delete_records(&mut client, 0).await, Ok(1));
    for end in 0..3 {
        let start = end + 2;
        assert_eq!(delete_records(&mut client, start).await, Ok(start));
        broker = match end {
            0 => broker.kill().await,
            1 => broker.power_loss(2).await,
            _ => broker.restart().await,
        };
        client = broker.client().await;
        assert_eq!(listed(&mut client, EARLIEST, -1).await, Ok((start, -1)), "{end}");
        let below = FetchOptions { offset: start - 1, ..FetchOptions::default() };
        let fetched = client.fetch("t", 0, below).await.unwrap();
        assert_eq!((fetched.error_code, fetched.log_start_offset), (ErrorCode::OffsetOutOfRange, start));
        assert_eq!(
            calls::read_from(&mut client, "t", 0, start).await.len(),
            usize::try_from(5 - start).unwrap()
        );
    }
    assert_eq!(delete_records(&mut client, -1).await, Ok(5));
    assert_eq!(calls::append(&mut client, "t", 0, &batch(&["5"])).await, 5);
}

#[tokio::test]
async fn a_deletion_that_is_not_durable_in_its_time_is_told_so_and_goes_on() {
    let broker = TestBroker::start_slow(crate::watermark::NEVER).await;
    let mut client = broker.client().await;
    // Acknowledged, and so readable, before the disk is asked.
    calls::create_topic(&mut client, "t", 1, &[("highwater.flush.before.ack", "false")]).await;
    assert_eq!(calls::append(&mut client, "t", 0, &batch(&["0", "1"])).await, 0);
    for timeout_ms in [1, 0, -1] {
        let told = delete_records_in(&mut client, 1, timeout_ms).await;
        assert_eq!(told, Err(ErrorCode::RequestTimedOut), "{timeout_ms}");
    }
    let broker = broker.restart().await;
    assert_eq!(listed(&mut broker.client().await, EARLIEST, -1).await, Ok((1, -1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_beyond_the_end_is_out_of_range_and_at_the_end_is_empty() {
    let (_broker, mut client) = with_topic().await;
    calls::append(&mut client, "t", 0, &batch(&["0", "1"])).await;
    for (offset, error) in
        [(2, ErrorCode::None), (3, ErrorCode::OffsetOutOfRange), (-1, ErrorCode::OffsetOutOfRange)]
    {
        let fetched = client.fetch("t", 0, FetchOptions { offset, ..FetchOptions::default() }).await.unwrap();
        assert_eq!((fetched.error_code, fetched.records.len()), (error, 0), "{offset}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_all_partitions_of_a_request_are_deleted_together() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 2, &[]).await;
    // Too much for the commit log, which has no file then.
    let large = batch(&["a".repeat(100_000).as_str()]);
    for partition in 0..2 {
        calls::append(&mut client, "t", partition, &large).await;
    }
    // So no deletion can become durable, and the first partition's is waited for.
    broker.disk().with_faults(|faults| faults.capacity = 0);
    let waiting = tokio::spawn(async move {
        let partitions =
            [0, 1].map(|partition_index| DeleteRecordsPartition { partition_index, offset: 1 }).to_vec();
        let topics = vec![DeleteRecordsTopic { name: "t".into(), partitions }];
        client.call(&DeleteRecordsRequest { topics, timeout_ms: i32::MAX }, 2).await.map(drop)
    });
    let last = broker.context().replicas.partition("t", 1).unwrap();
    within("the deletion in the last partition", async {
        while last.log().with(|log| log.log_start_offset()) < Offset(1) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(!waiting.is_finished());
    waiting.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn committed_offsets_and_their_metadata_outlive_every_end() {
    let (mut broker, mut client) = with_topic().await;
    groups::commit(&mut client, "g", ("t", 0), 1).await;
    for end in 0..3 {
        let note = "ä".repeat(2000 + end);
        let offset = 100 - i64::try_from(end).unwrap();
        let error = groups::try_commit(&mut client, "g", ("t", 0), offset, &note).await;
        assert_eq!(error, ErrorCode::None);
        broker = match end {
            0 => broker.kill().await,
            1 => broker.power_loss(3).await,
            _ => broker.restart().await,
        };
        client = broker.client().await;
        assert_eq!(groups::committed(&mut client, "g", ("t", 0)).await, (offset, note));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_cannot_stand_are_refused() {
    let (_broker, mut client) = with_topic().await;
    groups::commit(&mut client, "g", ("t", 0), 1).await;
    let full = "x".repeat(4096);
    assert_eq!(groups::try_commit(&mut client, "g", ("t", 0), 2, &full).await, ErrorCode::None);
    assert_eq!(groups::committed(&mut client, "g", ("t", 0)).await, (2, full));
    for (place, note, error) in [
        (("t", 0), "x".repeat(4097), ErrorCode::OffsetMetadataTooLarge),
        (("t", 1), String::new(), ErrorCode::UnknownTopicOrPartition),
        (("missing", 0), String::new(), ErrorCode::UnknownTopicOrPartition),
    ] {
        assert_eq!(groups::try_commit(&mut client, "g", place, 3, &note).await, error, "{place:?}");
    }
    assert_eq!(groups::committed(&mut client, "g", ("t", 0)).await.0, 2);
}

/// All that a group has committed: topic, partition and offset.
async fn all_committed(client: &mut Conn, group: &str) -> Vec<(String, i32, i64)> {
    let request =
        OffsetFetchRequest { group_id: group.into(), topics: None, ..OffsetFetchRequest::default() };
    let frame = within("offset fetch", client.call(&request, 7)).await.unwrap();
    let response: OffsetFetchResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.error_code, 0);
    let topics = response.topics.iter();
    let mut all: Vec<_> = topics
        .flat_map(|topic| {
            topic
                .partitions
                .iter()
                .map(|one| (topic.name.to_string(), one.partition_index, one.committed_offset))
        })
        .collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_tells_all_that_it_has_committed_and_nothing_where_it_has_not() {
    let (_broker, mut client) = with_topic().await;
    calls::create_topic(&mut client, "u", 2, &[]).await;
    for (place, offset) in [(("u", 1), 7), (("t", 0), 5)] {
        groups::commit(&mut client, "g", place, offset).await;
    }
    assert_eq!(all_committed(&mut client, "g").await, [("t".to_owned(), 0, 5), ("u".to_owned(), 1, 7)]);
    assert_eq!(groups::committed(&mut client, "g", ("u", 0)).await, (-1, String::new()));
    assert_eq!(groups::committed(&mut client, "stranger", ("t", 0)).await, (-1, String::new()));
    assert_eq!(all_committed(&mut client, "stranger").await, []);
}

/// Deletes what a group has committed for a partition: error of the request, and of the partition.
async fn delete_offset(client: &mut Conn, group: &str, topic: &str) -> (ErrorCode, Option<ErrorCode>) {
    delete_offset_of(client, group, (topic, 0)).await
}

async fn delete_offset_of(
    client: &mut Conn,
    group: &str,
    (topic, partition_index): (&str, i32),
) -> (ErrorCode, Option<ErrorCode>) {
    let partitions = vec![OffsetDeleteRequestPartition { partition_index }];
    let topics = vec![OffsetDeleteRequestTopic { name: topic.into(), partitions }];
    let request = OffsetDeleteRequest { group_id: group.into(), topics };
    let frame = within("offset delete", client.call(&request, 0)).await.unwrap();
    let response: OffsetDeleteResponse<'_> = frame.decode().unwrap();
    let of = |code| ErrorCode::from_code(code).unwrap();
    let partition = response.topics.first().map(|topic| of(topic.partitions[0].error_code));
    (of(response.error_code), partition)
}

/// Deletes a group; gives the error.
async fn delete_group(client: &mut Conn, group: &str) -> ErrorCode {
    let request = DeleteGroupsRequest { groups_names: vec![group.into()] };
    let frame = within("delete group", client.call(&request, 2)).await.unwrap();
    let response: DeleteGroupsResponse<'_> = frame.decode().unwrap();
    ErrorCode::from_code(response.results[0].error_code).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_offsets_and_groups_stay_deleted() {
    let (mut broker, mut client) = with_topic().await;
    calls::create_topic(&mut client, "u", 1, &[]).await;
    for topic in ["t", "u"] {
        groups::commit(&mut client, "g", (topic, 0), 5).await;
        groups::commit(&mut client, "h", (topic, 0), 6).await;
    }
    assert_eq!(delete_offset(&mut client, "g", "t").await, (ErrorCode::None, Some(ErrorCode::None)));
    assert_eq!(delete_offset(&mut client, "stranger", "t").await.0, ErrorCode::GroupIdNotFound);
    for missing in [("missing", 0), ("t", 9)] {
        let error = delete_offset_of(&mut client, "g", missing).await;
        assert_eq!(error, (ErrorCode::None, Some(ErrorCode::UnknownTopicOrPartition)), "{missing:?}");
    }
    assert_eq!(delete_group(&mut client, "h").await, ErrorCode::None);
    assert_eq!(delete_group(&mut client, "h").await, ErrorCode::GroupIdNotFound);
    for end in 0..4 {
        assert_eq!(groups::committed(&mut client, "g", ("t", 0)).await.0, -1, "{end}");
        assert_eq!(groups::committed(&mut client, "g", ("u", 0)).await.0, 5, "{end}");
        assert_eq!(groups::committed(&mut client, "h", ("u", 0)).await.0, -1, "{end}");
        broker = match end {
            0 => broker.kill().await,
            1 => broker.power_loss(3).await,
            _ => broker.restart().await,
        };
        client = broker.client().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_topic_takes_what_groups_have_committed_for_it_along() {
    let (broker, mut client) = with_topic().await;
    groups::commit(&mut client, "g", ("t", 0), 5).await;
    assert_eq!(calls::delete_topic(&mut client, "t").await, ErrorCode::None);
    // While no topic has the name, what is still committed for it is told.
    assert_eq!(groups::committed(&mut client, "g", ("t", 0)).await.0, -1);
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let broker = broker.kill().await;
    assert_eq!(groups::committed(&mut broker.client().await, "g", ("t", 0)).await.0, -1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_work_again_after_their_topic_was_deleted() {
    let (_broker, mut client) = with_topic().await;
    groups::commit(&mut client, "g", ("t", 0), 5).await;
    assert_eq!(calls::delete_topic(&mut client, "__consumer_offsets").await, ErrorCode::None);
    groups::commit(&mut client, "g", ("t", 0), 6).await;
    assert_eq!(groups::committed(&mut client, "g", ("t", 0)).await.0, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_too_large_is_refused_and_the_group_goes_on() {
    let (_broker, mut client) = with_topic().await;
    let name = "g".repeat(32_000);
    groups::commit(&mut client, &name, ("t", 0), 5).await;
    calls::create_topic(&mut client, "wide", 300, &[]).await;
    let partitions = (0..300)
        .map(|partition_index| OffsetCommitRequestPartition {
            partition_index,
            committed_offset: 1,
            committed_metadata: Some("".into()),
            ..OffsetCommitRequestPartition::default()
        })
        .collect();
    let request = OffsetCommitRequest {
        group_id: name.as_str().into(),
        generation_id_or_member_epoch: -1,
        retention_time_ms: -1,
        topics: vec![OffsetCommitRequestTopic {
            name: "wide".into(),
            partitions,
            ..OffsetCommitRequestTopic::default()
        }],
        ..OffsetCommitRequest::default()
    };
    let frame = within("commit", client.call(&request, 8)).await.unwrap();
    let response: OffsetCommitResponse<'_> = frame.decode().unwrap();
    let errors: Vec<i16> = response.topics[0].partitions.iter().map(|one| one.error_code).collect();
    assert_eq!(errors, [ErrorCode::InvalidCommitOffsetSize.code(); 300]);
    assert_eq!(groups::committed(&mut client, &name, ("t", 0)).await.0, 5);
}
