//! Bytes that are no Kafka request.

use broker_protocol::api_key::ApiKey;
use broker_protocol::codec::{Request, Writer};
use broker_protocol::header::encode_request_header;
use broker_protocol::messages::{FetchRequest, ListOffsetsRequest, MetadataRequest, ProduceRequest};
use tokio::io::AsyncWriteExt;

use crate::harness::{TestBroker, assert_closed, assert_closed_by, calls, within};

/// A frame with that declared length in front of `body`.
fn framed(declared: i32, body: &[u8]) -> Vec<u8> {
    [&declared.to_be_bytes()[..], body].concat()
}

/// A frame of an API and version whose body is `body`.
fn request(api: ApiKey, version: i16, body: &[u8]) -> Vec<u8> {
    let mut writer = Writer::frame();
    encode_request_header(&mut writer, api, version, 1, Some("tests")).unwrap();
    let header = writer.into_parts().0;
    let frame = [&header[4..], body].concat();
    framed(i32::try_from(frame.len()).unwrap(), &frame)
}

/// Closed, nothing is held, and the broker still answers others.
async fn assert_costs_nothing(broker: &TestBroker, bytes: &[u8]) {
    assert_closed_by(broker, bytes).await;
    assert_eq!(broker.context().memory.used(), 0);
    within("answer", broker.client().await.api_versions()).await.unwrap();
}

#[tokio::test]
async fn a_declared_length_of_two_gigabytes_closes_without_an_allocation() {
    let broker = TestBroker::start(&[]).await;
    assert_costs_nothing(&broker, &framed(i32::MAX, b"some bytes of it")).await;
}

#[tokio::test]
async fn a_declared_length_beyond_the_largest_request_closes() {
    let broker = TestBroker::start(&["socket.request.max.bytes=100000"]).await;
    assert_costs_nothing(&broker, &framed(100_001, b"")).await;
    assert_costs_nothing(&broker, &framed(i32::MIN, b"")).await;
    assert_costs_nothing(&broker, &framed(-1, b"")).await;
}

#[tokio::test]
async fn a_tls_hello_closes_at_once() {
    let broker = TestBroker::start(&[]).await;
    let hello = [&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03][..], &[7; 64]].concat();
    assert_costs_nothing(&broker, &hello).await;
}

#[tokio::test]
async fn an_http_request_closes_at_once() {
    let broker = TestBroker::start(&[]).await;
    for text in ["GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "POST /"] {
        assert_costs_nothing(&broker, text.as_bytes()).await;
    }
}

#[tokio::test]
async fn garbage_closes_at_once() {
    let broker = TestBroker::start(&[]).await;
    assert_costs_nothing(&broker, b"SSH-2.0-OpenSSH_9.9\r\n").await;
    assert_costs_nothing(&broker, &framed(0, b"")).await;
    assert_costs_nothing(&broker, &framed(3, &[0; 3])).await;
    for length in [1, 8, 14, 40] {
        for filler in [0x5a, 0xff, 0x80] {
            assert_costs_nothing(&broker, &framed(length, &[filler; 40])).await;
        }
    }
}

#[tokio::test]
async fn a_request_cut_off_inside_a_field_closes() {
    let broker = TestBroker::start(&[]).await;
    fn body<'a, Q: Request<'a>>(message: &Q, version: i16) -> Vec<u8> {
        let mut writer = Writer::new();
        message.encode(&mut writer, version).unwrap();
        writer.into_parts().0
    }
    let whole = [
        (ApiKey::Produce, 9, body(&ProduceRequest::default(), 9)),
        (ApiKey::Fetch, 12, body(&FetchRequest::default(), 12)),
        (ApiKey::ListOffsets, 7, body(&ListOffsetsRequest::default(), 7)),
        (ApiKey::Metadata, 9, body(&MetadataRequest::default(), 9)),
    ];
    for (api, version, body) in whole {
        for kept in 0..body.len() - 1 {
            assert_costs_nothing(&broker, &request(api, version, &body[..kept])).await;
        }
    }
}

#[tokio::test]
async fn an_array_count_larger_than_the_frame_closes() {
    let broker = TestBroker::start(&[]).await;
    let count = i32::MAX.to_be_bytes();
    // Null transactional id, acks and time-out, then the count of topics.
    let produce =
        [&(-1_i16).to_be_bytes()[..], &(-1_i16).to_be_bytes(), &1000_i32.to_be_bytes(), &count].concat();
    assert_costs_nothing(&broker, &request(ApiKey::Produce, 3, &produce)).await;
    // Replica, wait, least and most bytes, isolation, then the count of topics.
    let fetch = [&(-1_i32).to_be_bytes()[..], &[0; 13], &count].concat();
    assert_costs_nothing(&broker, &request(ApiKey::Fetch, 4, &fetch)).await;
    for (api, version) in [(ApiKey::Metadata, 1), (ApiKey::CreateTopics, 2), (ApiKey::DescribeGroups, 0)] {
        assert_costs_nothing(&broker, &request(api, version, &count)).await;
    }
    // The same in the compact form: a count in seven bits a byte.
    let compact = [0xff, 0xff, 0xff, 0xff, 0x0f];
    assert_costs_nothing(&broker, &request(ApiKey::Metadata, 9, &[&[0][..], &compact].concat())).await;
}

#[tokio::test]
async fn bytes_behind_a_closed_request_are_not_served() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    let good = request(ApiKey::Metadata, 1, &[0; 4]);
    assert_closed_by(&broker, &[&framed(1, &[0])[..], &good].concat()).await;
    calls::create_topic(&mut client, "still-there", 1, &[]).await;
}

#[tokio::test]
async fn a_connection_that_ends_inside_a_frame_gives_its_memory_back() {
    let broker = TestBroker::start(&[]).await;
    let mut socket = broker.socket().await;
    socket.write_all(&framed(1_000_000, &[0; 100])).await.unwrap();
    socket.shutdown().await.unwrap();
    assert_closed(&mut socket).await;
    assert_eq!(broker.context().memory.used(), 0);
}
