//! Rows of the APIs that write and read records.

use broker_client::read_records;
use broker_protocol::codec::Records;
use broker_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use broker_protocol::messages::describe_producers_request::TopicRequest;
use broker_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use broker_protocol::messages::fetch_response::PartitionData;
use broker_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use broker_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use broker_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use broker_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, DescribeProducersRequest, DescribeProducersResponse,
    FetchRequest, FetchResponse, InitProducerIdRequest, InitProducerIdResponse, ListOffsetsRequest,
    ListOffsetsResponse, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, ProduceRequest,
    ProduceResponse,
};
use broker_protocol::types::Uuid;

use crate::driver::{Driver, Topic, code};
use crate::harness::batches::{CRC_AT, base_time_ms, batch, batch_at, numbered};

/// From here on Produce and Fetch name topics by their ids.
const BY_ID_SINCE: i16 = 13;

pub(crate) async fn produce(driver: &mut Driver, version: i16) {
    let topic = driver.topic(2).await;
    let good = batch(&["a", "b"]);
    let mut damaged = batch(&["c"]);
    damaged[CRC_AT] ^= 1;
    // A message of magic 1 with null key and null value.
    let old_magic = [&[0; 11][..], &[22, 1, 2, 3, 4, 1], &[0; 9], &[0xff; 8]].concat();
    let data = |index, records| PartitionProduceData { index, records: Records::Bytes(records) };
    let unknown = Topic { name: driver.name(), id: Uuid::from_u128(7) };
    let asked = |topic: &Topic, partition_data| TopicProduceData {
        topic_id: topic.id,
        name: topic.name.clone().into(),
        partition_data,
    };
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![
            asked(&topic, vec![data(0, &good), data(1, &damaged), data(2, &good)]),
            asked(&unknown, vec![data(0, &good)]),
        ],
        ..ProduceRequest::default()
    };
    for base_offset in [0, 2] {
        let frame = driver.call(&request, version).await;
        let response: ProduceResponse<'_> = frame.decode().unwrap();
        assert_eq!(response.throttle_time_ms, 0);
        assert_eq!(response.responses.len(), 2);
        let [found, missing] = [&response.responses[0], &response.responses[1]];
        assert_identity(version, &topic, &found.name, found.topic_id);
        assert_identity(version, &unknown, &missing.name, missing.topic_id);
        let parts = &found.partition_responses;
        assert_eq!(parts.iter().map(|part| part.index).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!((parts[0].error_code, parts[0].base_offset), (code::NONE, base_offset));
        assert_eq!(parts[0].log_append_time_ms, -1, "the topic has CreateTime");
        assert_eq!(parts[0].log_start_offset, if version >= 5 { 0 } else { -1 });
        assert_eq!(parts[0].error_message, None);
        assert_eq!((parts[1].error_code, parts[1].base_offset), (code::CORRUPT_MESSAGE, -1));
        assert_eq!(parts[1].error_message.is_some(), version >= 8, "{:?}", parts[1].error_message);
        assert_eq!(parts[2].error_code, code::UNKNOWN_TOPIC_OR_PARTITION);
        let expected =
            if version >= BY_ID_SINCE { code::UNKNOWN_TOPIC_ID } else { code::UNKNOWN_TOPIC_OR_PARTITION };
        assert_eq!(missing.partition_responses[0].error_code, expected);
        assert!(response.node_endpoints.is_empty());
    }
    let request = ProduceRequest {
        acks: 1,
        timeout_ms: 10_000,
        topic_data: vec![asked(&topic, vec![data(0, &old_magic)])],
        ..ProduceRequest::default()
    };
    let frame = driver.call(&request, version).await;
    let response: ProduceResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.responses[0].partition_responses[0].error_code, code::INVALID_RECORD);
}

fn assert_identity(version: i16, topic: &Topic, name: &str, id: Uuid) {
    if version >= BY_ID_SINCE {
        assert_eq!((name, id), ("", topic.id));
    } else {
        assert_eq!((name, id), (&*topic.name, Uuid::nil()));
    }
}

fn fetch_of<'a>(topic: &'a Topic, session: (i32, i32), partitions: &[(i32, i64)]) -> FetchRequest<'a> {
    let partitions = partitions
        .iter()
        .map(|(partition, offset)| FetchPartition {
            partition: *partition,
            fetch_offset: *offset,
            partition_max_bytes: 1 << 20,
            ..FetchPartition::default()
        })
        .collect::<Vec<_>>();
    let named = FetchTopic { topic_id: topic.id, topic: (&*topic.name).into(), partitions };
    FetchRequest {
        max_bytes: 1 << 20,
        session_id: session.0,
        session_epoch: session.1,
        topics: if named.partitions.is_empty() { Vec::new() } else { vec![named] },
        ..FetchRequest::default()
    }
}

fn values(data: &PartitionData<'_>) -> Vec<String> {
    let records = read_records(data.records.as_bytes().unwrap_or_default(), 0).unwrap();
    records.into_iter().map(|record| String::from_utf8(record.value.unwrap()).unwrap()).collect()
}

pub(crate) async fn fetch(driver: &mut Driver, version: i16) {
    let topic = driver.topic(2).await;
    driver.append(&topic, &batch(&["a", "b"])).await;
    driver.append(&topic, &batch(&["c"])).await;

    let mut request = fetch_of(&topic, (0, -1), &[(0, 0), (1, 0)]);
    request.isolation_level = 1;
    let frame = driver.call(&request, version).await;
    let response: FetchResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.throttle_time_ms, response.error_code, response.session_id), (0, code::NONE, 0));
    assert_eq!(response.responses.len(), 1);
    assert_identity(version, &topic, &response.responses[0].topic, response.responses[0].topic_id);
    let [full, empty] = [&response.responses[0].partitions[0], &response.responses[0].partitions[1]];
    assert_eq!((full.partition_index, empty.partition_index), (0, 1));
    assert_eq!((full.error_code, full.high_watermark, full.last_stable_offset), (code::NONE, 3, 3));
    assert_eq!(full.log_start_offset, if version >= 5 { 0 } else { -1 });
    assert_eq!(full.aborted_transactions, Some(Vec::new()), "at read_committed the list is there");
    assert_eq!(full.preferred_read_replica, -1);
    assert_eq!(values(full), ["a", "b", "c"]);
    assert_eq!((empty.error_code, empty.high_watermark, empty.records.len()), (code::NONE, 0, 0));

    let errors = fetch_of(&topic, (0, -1), &[(0, 9), (5, 0)]);
    let frame = driver.call(&errors, version).await;
    let response: FetchResponse<'_> = frame.decode().unwrap();
    let codes: Vec<_> = response.responses[0].partitions.iter().map(|data| data.error_code).collect();
    assert_eq!(codes, [code::OFFSET_OUT_OF_RANGE, code::UNKNOWN_TOPIC_OR_PARTITION]);

    let unknown = Topic { name: driver.name(), id: Uuid::from_u128(9) };
    let frame = driver.call(&fetch_of(&unknown, (0, -1), &[(0, 0)]), version).await;
    let response: FetchResponse<'_> = frame.decode().unwrap();
    assert_identity(version, &unknown, &response.responses[0].topic, response.responses[0].topic_id);
    let expected =
        if version >= BY_ID_SINCE { code::UNKNOWN_TOPIC_ID } else { code::UNKNOWN_TOPIC_OR_PARTITION };
    assert_eq!(response.responses[0].partitions[0].error_code, expected);
    if version >= 7 {
        fetch_in_a_session(driver, &topic, version).await;
    }
}

/// KIP-227: what has not changed is not told again.
async fn fetch_in_a_session(driver: &mut Driver, topic: &Topic, version: i16) {
    let frame = driver.call(&fetch_of(topic, (0, 0), &[(0, 3), (1, 0)]), version).await;
    let response: FetchResponse<'_> = frame.decode().unwrap();
    let session = response.session_id;
    assert!(session > 0, "a session was asked for");
    assert_eq!(response.responses[0].partitions.len(), 2);

    let frame = driver.call(&fetch_of(topic, (session, 1), &[]), version).await;
    let response: FetchResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.error_code, response.session_id), (code::NONE, session));
    assert_eq!(response.responses, []);

    driver.append(topic, &batch(&["d"])).await;
    let mut request = fetch_of(topic, (session, 2), &[]);
    request.forgotten_topics_data =
        vec![ForgottenTopic { topic_id: topic.id, topic: (&*topic.name).into(), partitions: vec![1] }];
    let frame = driver.call(&request, version).await;
    let response: FetchResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.responses.len(), 1);
    assert_identity(version, topic, &response.responses[0].topic, response.responses[0].topic_id);
    let told = &response.responses[0].partitions;
    assert_eq!(told.iter().map(|data| data.partition_index).collect::<Vec<_>>(), [0]);
    assert_eq!(values(&told[0]), ["d"]);

    // Ended: the id is worth nothing any more.
    driver.call(&fetch_of(topic, (session, -1), &[(0, 0)]), version).await;
    let frame = driver.call(&fetch_of(topic, (session, 3), &[]), version).await;
    let response: FetchResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.error_code, code::FETCH_SESSION_ID_NOT_FOUND);
}

pub(crate) async fn list_offsets(driver: &mut Driver, version: i16) {
    let topic = driver.topic(1).await;
    let now = base_time_ms();
    driver.append(&topic, &batch_at(now, &["a", "b", "c"])).await;
    let epoch = |epoch: i32| if version >= 4 { epoch } else { -1 };
    let named_place = |since: i16, found: (i16, i64, i64, i32)| {
        if version >= since { found } else { (code::UNSUPPORTED_VERSION, -1, -1, -1) }
    };
    // What is asked, and the error, timestamp, offset and leader epoch that answer it.
    let expectations = [
        (-1, (code::NONE, -1, 3, epoch(0))),
        (-2, (code::NONE, -1, 0, epoch(0))),
        (-3, named_place(7, (code::NONE, now + 2, 2, 0))),
        (-4, named_place(8, (code::NONE, -1, 0, 0))),
        (-5, named_place(9, (code::NONE, -1, -1, -1))),
        (now + 1, (code::NONE, now + 1, 1, epoch(0))),
        (now + 3, (code::NONE, -1, -1, -1)),
        (-99, (code::UNSUPPORTED_VERSION, -1, -1, -1)),
    ];
    for (timestamp, expected) in expectations {
        let partitions = [0, 4].map(|partition_index| ListOffsetsPartition {
            partition_index,
            timestamp,
            ..ListOffsetsPartition::default()
        });
        let asked = ListOffsetsTopic { name: (&*topic.name).into(), partitions: partitions.into() };
        let request =
            ListOffsetsRequest { replica_id: -1, topics: vec![asked], ..ListOffsetsRequest::default() };
        let frame = driver.call(&request, version).await;
        let response: ListOffsetsResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.throttle_time_ms, &*response.topics[0].name), (0, &*topic.name));
        let [found, missing] = &response.topics[0].partitions[..] else {
            panic!("{:?}", response.topics);
        };
        assert_eq!((found.partition_index, missing.partition_index), (0, 4));
        let answer = (found.error_code, found.timestamp, found.offset, found.leader_epoch);
        assert_eq!(answer, expected, "timestamp {timestamp}");
        assert_ne!(missing.error_code, code::NONE);
    }
}

pub(crate) async fn delete_records(driver: &mut Driver, version: i16) {
    let topic = driver.topic(1).await;
    driver.append(&topic, &batch(&["a", "b", "c"])).await;
    // Up to where, and the low watermark and error that answer it.
    for (offset, expected) in
        [(2, (2, code::NONE)), (7, (-1, code::OFFSET_OUT_OF_RANGE)), (-1, (3, code::NONE))]
    {
        let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset }];
        let asked = [&*topic.name, "not-there"]
            .map(|name| DeleteRecordsTopic { name: name.into(), partitions: partitions.clone() });
        let request = DeleteRecordsRequest { topics: asked.into(), timeout_ms: 10_000 };
        let frame = driver.call(&request, version).await;
        let response: DeleteRecordsResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.throttle_time_ms, &*response.topics[0].name), (0, &*topic.name));
        let found = &response.topics[0].partitions[0];
        assert_eq!((found.partition_index, (found.low_watermark, found.error_code)), (0, expected));
        let missing = &response.topics[1].partitions[0];
        assert_eq!((missing.low_watermark, missing.error_code), (-1, code::UNKNOWN_TOPIC_OR_PARTITION));
    }
}

pub(crate) async fn offset_for_leader_epoch(driver: &mut Driver, version: i16) {
    let topic = driver.topic(1).await;
    driver.append(&topic, &batch(&["a", "b"])).await;
    let partition = |partition, current_leader_epoch, leader_epoch| OffsetForLeaderPartition {
        partition,
        current_leader_epoch,
        leader_epoch,
    };
    let partitions = vec![partition(0, 0, 0), partition(0, -1, 5), partition(3, -1, 0)];
    let request = OffsetForLeaderEpochRequest {
        replica_id: -1,
        topics: vec![OffsetForLeaderTopic { topic: (&*topic.name).into(), partitions }],
    };
    let frame = driver.call(&request, version).await;
    let response: OffsetForLeaderEpochResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.throttle_time_ms, &*response.topics[0].topic), (0, &*topic.name));
    let found: Vec<_> = response.topics[0]
        .partitions
        .iter()
        .map(|end| (end.partition, end.error_code, end.leader_epoch, end.end_offset))
        .collect();
    let expected =
        [(0, code::NONE, 0, 2), (0, code::NONE, -1, -1), (3, code::UNKNOWN_TOPIC_OR_PARTITION, -1, -1)];
    assert_eq!(found, expected);
}

pub(crate) async fn init_producer_id(driver: &mut Driver, version: i16) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        let request = InitProducerIdRequest {
            transactional_id: None,
            producer_id: -1,
            producer_epoch: -1,
            transaction_timeout_ms: 1000,
            ..InitProducerIdRequest::default()
        };
        let frame = driver.call(&request, version).await;
        let response: InitProducerIdResponse = frame.decode().unwrap();
        assert_eq!((response.throttle_time_ms, response.error_code), (0, code::NONE));
        assert_eq!(response.producer_epoch, 0);
        assert!(response.producer_id >= 0 && !ids.contains(&response.producer_id));
        ids.push(response.producer_id);
    }
    let request = InitProducerIdRequest {
        transactional_id: Some("".into()),
        producer_id: -1,
        producer_epoch: -1,
        ..InitProducerIdRequest::default()
    };
    let frame = driver.call(&request, version).await;
    let response: InitProducerIdResponse = frame.decode().unwrap();
    assert_eq!(
        (response.error_code, response.producer_id, response.producer_epoch),
        (code::INVALID_REQUEST, -1, -1)
    );
}

pub(crate) async fn describe_producers(driver: &mut Driver, version: i16) {
    let topic = driver.topic(1).await;
    let producer = driver.client.init_producer_id(None).await.unwrap().producer_id;
    driver.append(&topic, &numbered(producer, 0, 0, &["a", "b"])).await;
    let asked = TopicRequest { name: (&*topic.name).into(), partition_indexes: vec![0, 8] };
    let frame = driver.call(&DescribeProducersRequest { topics: vec![asked] }, version).await;
    let response: DescribeProducersResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.throttle_time_ms, &*response.topics[0].name), (0, &*topic.name));
    let [found, missing] = &response.topics[0].partitions[..] else {
        panic!("{:?}", response.topics);
    };
    assert_eq!((found.partition_index, found.error_code, found.active_producers.len()), (0, code::NONE, 1));
    let active = &found.active_producers[0];
    assert_eq!((active.producer_id, active.producer_epoch, active.last_sequence), (producer, 0, 1));
    assert!(active.last_timestamp > 0);
    assert_eq!((active.coordinator_epoch, active.current_txn_start_offset), (-1, -1));
    assert_eq!((missing.partition_index, missing.error_code), (8, code::UNKNOWN_TOPIC_OR_PARTITION));
}
