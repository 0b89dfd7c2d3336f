use broker_protocol::codec::Reader;

use super::*;
use crate::bench::connection::{decode, one_record_batch, produce_error, produce_frame, request_frame};

fn answers() -> Answers {
    Answers::new("127.0.0.1:9".parse().unwrap())
}

/// The body of the answer to `frame`, which has a size in front.
fn body(answers: &Answers, frame: &[u8], api: ApiKey, version: i16) -> Vec<u8> {
    let answer = answers.to(&frame[4..]).unwrap().unwrap();
    let mut reader = Reader::new(&answer[4..]);
    broker_protocol::header::decode_response_header(&mut reader, api, version).unwrap();
    reader.rest().to_vec()
}

fn with_topic(name: &'static str, partitions: i32) -> Answers {
    let answers = answers();
    let topic = broker_protocol::messages::create_topics_request::CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        ..Default::default()
    };
    answers.create_topics(&CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() });
    answers
}

#[test]
fn records_are_taken_at_consecutive_offsets() {
    let answers = with_topic("t", 2);
    let frame = produce_frame("t", &one_record_batch(10)).unwrap();
    for expected in 0..3 {
        let body = body(&answers, &frame, ApiKey::Produce, 12);
        assert_eq!(produce_error(&body).unwrap(), None);
        let response: ProduceResponse<'_> = decode(&body, 12).unwrap();
        assert_eq!(response.responses[0].partition_responses[0].base_offset, expected);
    }
    assert_eq!(answers.topics()["t"], [3, 0]);
}

#[test]
fn records_for_a_topic_that_is_not_there_are_refused() {
    let frame = produce_frame("t", &one_record_batch(10)).unwrap();
    let body = body(&answers(), &frame, ApiKey::Produce, 12);
    assert_eq!(produce_error(&body).unwrap(), Some(UNKNOWN_TOPIC_OR_PARTITION));
}

#[test]
fn metadata_leads_to_the_null_broker_itself() {
    let answers = with_topic("t", 3);
    let frame = request_frame(&MetadataRequest { topics: None, ..MetadataRequest::default() }, 9).unwrap();
    let body = body(&answers, &frame, ApiKey::Metadata, 9);
    let response: MetadataResponse<'_> = decode(&body, 9).unwrap();
    assert_eq!(response.brokers[0].port, 9);
    assert_eq!(response.topics[0].name.as_deref(), Some("t"));
    assert!(response.topics[0].partitions.iter().all(|partition| partition.leader_id == NODE));
    assert_eq!(response.topics[0].partitions.len(), 3);
}

#[test]
fn a_deleted_topic_is_gone() {
    let answers = with_topic("t", 1);
    answers.delete_topics(&DeleteTopicsRequest {
        topic_names: vec!["t".into()],
        ..DeleteTopicsRequest::default()
    });
    assert!(answers.topics().is_empty());
}

#[test]
fn a_version_that_is_not_announced_ends_the_connection() {
    let frame = request_frame(&MetadataRequest::default(), 12).unwrap();
    assert!(answers().to(&frame[4..]).is_err());
}
