//! What was acknowledged stays, whatever ends the broker; what a consumer has seen stays, too; identities do not change.

use broker_client::FetchOptions;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use broker_protocol::messages::{
    FetchResponse, MetadataResponse, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
};
use broker_protocol::types::Uuid;

use crate::fetching::fetch_request;
use crate::harness::batches::batch;
use crate::harness::{Conn, TestBroker, calls, groups, within};

/// How a broker ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Stop,
    Kill,
    PowerLoss,
}

const ENDS: [End; 3] = [End::Stop, End::Kill, End::PowerLoss];

async fn end(broker: TestBroker, end: End, seed: u64) -> TestBroker {
    match end {
        End::Stop => broker.restart().await,
        End::Kill => broker.kill().await,
        End::PowerLoss => broker.power_loss(seed).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_with_1_or_all_is_there_after_any_end() {
    const PARTITIONS: i32 = 8;
    let mut broker = TestBroker::start_in_memory(&[]).await;
    calls::create_topic(&mut broker.client().await, "t", PARTITIONS, &[]).await;
    let mut written = vec![Vec::new(); 8];
    for (round, how) in (0..).zip([ENDS, ENDS].concat()) {
        let mut client = broker.client().await;
        // Several partitions in one commit, one request behind the other.
        for partition in 0..PARTITIONS {
            let acks = if partition % 2 == 0 { -1 } else { 1 };
            let value = format!("{round}/{partition}");
            client.send_produce("t", partition, &batch(&[&value]), acks).await.unwrap();
            written[usize::try_from(partition).unwrap()].push(value);
        }
        for _ in 0..PARTITIONS {
            let produced = within("produce", client.receive_produced()).await.unwrap();
            assert_eq!((produced.error_code, produced.base_offset), (ErrorCode::None, round));
        }
        groups::commit(&mut client, "readers", ("t", 0), round).await;
        broker = end(broker, how, round.unsigned_abs()).await;
        let mut client = broker.client().await;
        for (partition, written) in (0..).zip(&written) {
            assert_eq!(&calls::values(&mut client, "t", partition).await, written, "{how:?}");
        }
        assert_eq!(groups::committed(&mut client, "readers", ("t", 0)).await.0, round, "{how:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_consumer_has_read_is_there_after_a_power_loss() {
    for seed in 0..10 {
        let broker = TestBroker::start_in_memory(&[]).await;
        let (mut writer, mut reader) = (broker.client().await, broker.client().await);
        calls::create_topic(&mut writer, "t", 1, &[]).await;
        for number in 0..10 {
            writer.send_produce("t", 0, &batch(&[&number.to_string()]), -1).await.unwrap();
        }
        // It reads while the answers are still on their way.
        let seen = loop {
            let seen = calls::values(&mut reader, "t", 0).await;
            if !seen.is_empty() {
                break seen;
            }
        };
        let broker = broker.power_loss(seed).await;
        let kept = calls::values(&mut broker.client().await, "t", 0).await;
        assert!(kept.starts_with(&seen), "seed {seed}: {seen:?} was read, {kept:?} is left");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acks_0_is_appended_in_order_and_durable_with_what_is_acknowledged_after_it() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    for value in ["a", "b", "c"] {
        client.produce("t", 0, &batch(&[value]), 0).await.unwrap();
    }
    assert_eq!(calls::append(&mut client, "t", 0, &batch(&["d"])).await, 3);
    let broker = broker.power_loss(1).await;
    assert_eq!(calls::values(&mut broker.client().await, "t", 0).await, ["a", "b", "c", "d"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_does_not_wait_for_the_disk_survives_a_kill_and_loses_at_most_its_end_to_the_power() {
    let settings = [("highwater.flush.before.ack", "false")];
    for seed in 0..6 {
        let broker = TestBroker::start_in_memory(&[]).await;
        let mut client = broker.client().await;
        calls::create_topic(&mut client, "t", 1, &settings).await;
        let written: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        for value in &written {
            calls::append(&mut client, "t", 0, &batch(&[value])).await;
        }
        let broker = broker.kill().await;
        assert_eq!(calls::values(&mut broker.client().await, "t", 0).await, written);
        let broker = broker.power_loss(seed).await;
        let kept = calls::values(&mut broker.client().await, "t", 0).await;
        assert!(written.starts_with(&kept), "seed {seed}: {kept:?}");
    }
}

/// Id, name and leader epochs of a topic, and the cluster's id.
async fn identity(client: &mut Conn, topic: &str) -> (Uuid, Vec<i32>, String) {
    let frame = within("metadata", client.metadata(Some(&[topic]))).await.unwrap();
    let response: MetadataResponse<'_> = frame.decode().unwrap();
    let found = &response.topics[0];
    assert_eq!(found.error_code, 0);
    let mut partitions: Vec<_> =
        found.partitions.iter().map(|one| (one.partition_index, one.leader_epoch)).collect();
    partitions.sort_unstable();
    let epochs = partitions.into_iter().map(|(_, epoch)| epoch).collect();
    (found.topic_id, epochs, response.cluster_id.as_deref().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_stay_and_leader_epochs_rise_with_each_start() {
    let mut broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    let id = calls::create_topic(&mut client, "t", 2, &[]).await;
    let (_, mut epochs, cluster) = identity(&mut client, "t").await;
    assert_eq!(epochs, [0, 0]);
    for (seed, how) in (0..).zip(ENDS) {
        calls::append(&mut client, "t", 0, &batch(&["a"])).await;
        broker = end(broker, how, seed).await;
        client = broker.client().await;
        let now = identity(&mut client, "t").await;
        assert_eq!((now.0, &now.2), (id.0, &cluster), "{how:?}");
        assert!(now.1.iter().zip(&epochs).all(|(now, before)| now > before), "{how:?}: {:?}", now.1);
        epochs = now.1;
    }
}

/// Where the records of an epoch end, as `leader_epoch`, `end_offset` and error.
async fn end_of_epoch(client: &mut Conn, current: i32, epoch: i32) -> (i32, i64, i16) {
    let partition =
        OffsetForLeaderPartition { partition: 0, current_leader_epoch: current, leader_epoch: epoch };
    let topics = vec![OffsetForLeaderTopic { topic: "t".into(), partitions: vec![partition] }];
    let request = OffsetForLeaderEpochRequest { replica_id: -1, topics };
    let frame = within("epoch", client.call(&request, 4)).await.unwrap();
    let response: OffsetForLeaderEpochResponse<'_> = frame.decode().unwrap();
    let found = &response.topics[0].partitions[0];
    (found.leader_epoch, found.end_offset, found.error_code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_life_writes_in_an_epoch_of_its_own_and_fences_the_earlier_ones() {
    let mut broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let mut ends = Vec::new();
    for (seed, how) in (0_i64..).zip(ENDS) {
        let epoch = identity(&mut client, "t").await.1[0];
        calls::append(&mut client, "t", 0, &batch(&["a", "b"])).await;
        ends.push((epoch, seed * 2 + 2));
        broker = end(broker, how, seed.unsigned_abs()).await;
        client = broker.client().await;
    }
    let current = identity(&mut client, "t").await.1[0];
    let records = calls::read_from(&mut client, "t", 0, 0).await;
    let epochs: Vec<i32> = records.iter().map(|record| record.leader_epoch).collect();
    assert_eq!(epochs, ends.iter().flat_map(|(epoch, _)| [*epoch, *epoch]).collect::<Vec<_>>());
    for (epoch, end) in &ends {
        assert_eq!(end_of_epoch(&mut client, current, *epoch).await, (*epoch, *end, 0));
    }
    // The current one has no records yet: it ends at the log's end. One that nobody has seen is unknown.
    assert_eq!(end_of_epoch(&mut client, current, current).await, (current, 6, 0));
    assert_eq!(end_of_epoch(&mut client, current, current + 1).await, (-1, -1, 0));
    let (fenced, unknown) = (ErrorCode::FencedLeaderEpoch, ErrorCode::UnknownLeaderEpoch);
    for (asked, error) in [(current - 1, fenced), (current + 1, unknown)] {
        assert_eq!(end_of_epoch(&mut client, asked, 0).await.2, error.code());
        let mut request = fetch_request("t", 0, FetchOptions::default());
        request.topics[0].partitions[0].current_leader_epoch = asked;
        let frame = within("fetch", client.call(&request, 12)).await.unwrap();
        let response: FetchResponse<'_> = frame.decode().unwrap();
        assert_eq!(response.responses[0].partitions[0].error_code, error.code());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_made_grown_and_deleted_are_so_after_any_end() {
    for (seed, how) in (0..).zip(ENDS) {
        let broker = TestBroker::start_in_memory(&[]).await;
        let mut client = broker.client().await;
        let kept = calls::create_topic(&mut client, "kept", 3, &[]).await;
        calls::create_topic(&mut client, "deleted", 1, &[]).await;
        assert_eq!(calls::delete_topic(&mut client, "deleted").await, ErrorCode::None);
        let broker = end(broker, how, seed).await;
        let mut client = broker.client().await;
        let frame = within("metadata", client.metadata(None)).await.unwrap();
        let response: MetadataResponse<'_> = frame.decode().unwrap();
        let found: Vec<_> =
            response.topics.iter().map(|topic| (topic.topic_id, topic.partitions.len())).collect();
        assert_eq!(found, [(kept.0, 3)], "{how:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_at_the_end_of_an_idle_partition_is_told_that_nothing_was_cut() {
    let mut broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    for written in 0..2 {
        if written > 0 {
            calls::append(&mut client, "t", 0, &batch(&["a"])).await;
        }
        // Twice, so that there is an epoch between which never had a record.
        for _ in 0..2 {
            broker = broker.restart().await;
        }
        client = broker.client().await;
        let position = client.list_offset("t", 0, -1).await.unwrap();
        assert_eq!(position.offset, written);
        broker = broker.restart().await;
        client = broker.client().await;
        let current = identity(&mut client, "t").await.1[0];
        let (epoch, end, error) = end_of_epoch(&mut client, current, position.leader_epoch).await;
        assert_eq!((end, error), (written, 0));
        assert!((0..=position.leader_epoch).contains(&epoch), "{epoch}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_after_an_epoch_that_nobody_has_seen_is_out_of_range() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let first = identity(&mut client, "t").await.1[0];
    calls::append(&mut client, "t", 0, &batch(&["a", "b"])).await;
    let broker = broker.restart().await;
    let mut client = broker.client().await;
    let current = identity(&mut client, "t").await.1[0];
    assert!(first < current);
    let (fine, out_of_range) = (ErrorCode::None, ErrorCode::OffsetOutOfRange);
    let cases = [
        (2, -1, fine, (-1, -1)),
        (2, i32::MIN, fine, (-1, -1)),
        (2, first, fine, (-1, -1)),
        // It has begun, and has no records yet.
        (2, current, fine, (-1, -1)),
        (3, first, fine, (first, 2)),
        (2, current + 1, out_of_range, (-1, -1)),
        (-1, first, out_of_range, (-1, -1)),
    ];
    for (offset, last_fetched_epoch, error, diverging) in cases {
        let mut request = fetch_request("t", 0, FetchOptions { offset, ..FetchOptions::default() });
        request.topics[0].partitions[0].last_fetched_epoch = last_fetched_epoch;
        let frame = within("fetch", client.call(&request, 12)).await.unwrap();
        let response: FetchResponse<'_> = frame.decode().unwrap();
        let data = &response.responses[0].partitions[0];
        let found = (data.diverging_epoch.epoch, data.diverging_epoch.end_offset);
        assert_eq!(
            (data.error_code, found),
            (error.code(), diverging),
            "{offset} after {last_fetched_epoch}"
        );
    }
}
