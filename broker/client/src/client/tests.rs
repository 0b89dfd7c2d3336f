use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::codec::{Message, Records};
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::header::{decode_request_header, encode_response_header};
use broker_protocol::messages::fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use broker_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse,
};
use broker_protocol::messages::{
    ApiVersionsResponse, FetchResponse, ListOffsetsRequest, MetadataResponse, ProduceRequest, ProduceResponse,
};
use tokio::io::DuplexStream;

use super::*;
use crate::{FetchOptions, read_records};

fn connected() -> (Client<DuplexStream>, DuplexStream) {
    let (near, far) = tokio::io::duplex(1 << 16);
    (Client::new(near, "tests"), far)
}

/// Reads one request as a broker does and answers it with `response`; returns the request's frame.
async fn answer<'a>(broker: &mut DuplexStream, response: &impl Message<'a>) -> Vec<u8> {
    let bytes = read_frame(broker).await.unwrap().unwrap();
    let request = decode_request_header(&bytes).unwrap();
    assert_eq!(request.client_id.as_deref(), Some("tests"));
    let mut writer = Writer::frame();
    encode_response_header(&mut writer, request.api.unwrap(), request.version, request.correlation_id)
        .unwrap();
    response.encode(&mut writer, request.version).unwrap();
    writer.finish_frame().unwrap();
    broker.write_all(writer.bytes()).await.unwrap();
    bytes
}

fn batch() -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::Zstd);
    builder.push(5, Some(b"k"), Some(b"v"), &[]);
    builder.push(6, None, None, &[]);
    builder.build()
}

#[tokio::test]
async fn produce_carries_the_batch_and_returns_record_errors() {
    let (mut client, mut broker) = connected();
    let record_error =
        BatchIndexAndErrorMessage { batch_index: 1, batch_index_error_message: Some("why".into()) };
    let partition = PartitionProduceResponse {
        index: 3,
        error_code: ErrorCode::InvalidRecord as i16,
        record_errors: vec![record_error],
        ..Default::default()
    };
    let topic =
        TopicProduceResponse { name: "t".into(), partition_responses: vec![partition], ..Default::default() };
    let response = ProduceResponse { responses: vec![topic], ..Default::default() };
    let bytes = batch();
    let (produced, request) =
        tokio::join!(client.produce("t", 3, &bytes, -1), answer(&mut broker, &response));
    let produced = produced.unwrap();
    assert_eq!(produced.error_code, ErrorCode::InvalidRecord);
    assert_eq!(produced.record_errors, [(1, Some("why".to_owned()))]);
    let mut frame = decode_request_header(&request).unwrap();
    let sent = ProduceRequest::decode(&mut frame.body, frame.version).unwrap();
    assert_eq!(sent.topic_data[0].partition_data[0].records.as_bytes(), Some(&bytes[..]));
}

#[tokio::test]
async fn produce_without_acks_waits_for_nothing() {
    let (mut client, mut broker) = connected();
    client.produce("t", 0, &batch(), 0).await.unwrap();
    assert_eq!(client.receiver().pending_count(), 0);
    let request = read_frame(&mut broker).await.unwrap().unwrap();
    assert_eq!(decode_request_header(&request).unwrap().api, Some(ApiKey::Produce));
}

#[tokio::test]
async fn fetched_records_are_read_from_their_offset_on() {
    let (mut client, mut broker) = connected();
    let partition = PartitionData {
        high_watermark: 2,
        aborted_transactions: Some(vec![AbortedTransaction { producer_id: 8, first_offset: 0 }]),
        records: Records::Owned(batch()),
        ..Default::default()
    };
    let topic =
        FetchableTopicResponse { topic: "t".into(), partitions: vec![partition], ..Default::default() };
    let response = FetchResponse { responses: vec![topic], ..Default::default() };
    let options = FetchOptions { offset: 1, read_committed: true, ..Default::default() };
    let (fetched, _) = tokio::join!(client.fetch("t", 0, options), answer(&mut broker, &response));
    let fetched = fetched.unwrap();
    assert_eq!((fetched.high_watermark, &fetched.aborted_transactions[..]), (2, &[(8, 0)][..]));
    let records = read_records(&fetched.records, 1).unwrap();
    assert_eq!((records.len(), records[0].offset, records[0].timestamp_ms), (1, 1, 6));
}

#[tokio::test]
async fn pipelined_responses_come_in_order_across_the_halves() {
    let (client, mut broker) = connected();
    let (mut sender, mut receiver) = client.into_halves();
    let request = ListOffsetsRequest::default();
    let ids = [sender.send(&request, 8).await.unwrap(), sender.send(&request, 1).await.unwrap()];
    for _ in 0..2 {
        answer(&mut broker, &broker_protocol::messages::ListOffsetsResponse::default()).await;
    }
    for (id, version) in ids.into_iter().zip([8, 1]) {
        let frame = receiver.receive().await.unwrap();
        assert_eq!((frame.correlation_id, frame.version, frame.api), (id, version, ApiKey::ListOffsets));
    }
    assert!(matches!(receiver.receive().await, Err(ClientError::NothingPending)));
}

#[tokio::test]
async fn response_to_another_request_is_out_of_order() {
    let (mut client, mut broker) = connected();
    client.send(&ListOffsetsRequest::default(), 1).await.unwrap();
    broker.write_all(&[0, 0, 0, 4, 0, 0, 0, 9]).await.unwrap();
    assert!(matches!(client.receive().await, Err(ClientError::OutOfOrder { expected: 0, found: 9 })));
}

#[tokio::test]
async fn closed_connection_and_impossible_size_are_errors() {
    let (mut client, broker) = connected();
    client.send(&ListOffsetsRequest::default(), 1).await.unwrap();
    drop(broker);
    assert!(matches!(client.receive().await, Err(ClientError::Closed { api: ApiKey::ListOffsets })));

    let (mut client, mut broker) = connected();
    broker.write_all(&[0xff; 4]).await.unwrap();
    assert!(matches!(client.receiver().receive_raw().await, Err(ClientError::FrameSize { size: -1 })));
    broker.write_all(&[0, 0, 0, 2, 1]).await.unwrap();
    drop(broker);
    assert!(matches!(client.receiver().receive_raw().await, Err(ClientError::Io(_))));
}

#[tokio::test]
async fn raw_bytes_go_out_as_they_are() {
    let (mut client, mut broker) = connected();
    client.sender().write_raw(&[0, 0, 0, 1, 42]).await.unwrap();
    assert_eq!(read_frame(&mut broker).await.unwrap(), Some(vec![42]));
    client.sender().shutdown().await.unwrap();
    assert_eq!(read_frame(&mut broker).await.unwrap(), None);
}

#[tokio::test]
async fn metadata_and_api_versions_decode_from_their_frame() {
    let (mut client, mut broker) = connected();
    let response = MetadataResponse { cluster_id: Some("c".into()), ..Default::default() };
    let (frame, _) = tokio::join!(client.metadata(Some(&["t"])), answer(&mut broker, &response));
    let frame = frame.unwrap();
    assert_eq!(frame.decode::<MetadataResponse<'_>>().unwrap().cluster_id.as_deref(), Some("c"));
    let response = ApiVersionsResponse::default();
    let (frame, _) = tokio::join!(client.api_versions(), answer(&mut broker, &response));
    assert_eq!(frame.unwrap().decode::<ApiVersionsResponse<'_>>().unwrap(), response);
}
