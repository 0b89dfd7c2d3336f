//! Names that no topic can have, and versions that nothing has.

use broker_protocol::api_key::{ApiKey, supported};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::metadata_request::MetadataRequestTopic;
use broker_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, MetadataResponse};

use crate::harness::{TestBroker, calls};

#[tokio::test]
async fn an_invalid_topic_name_is_an_invalid_topic() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    let long = "x".repeat(250);
    let names = ["", ".", "..", "a/b", "a b", "\u{e4}", "a\0", "../../etc", &long];
    for name in names {
        let created = client.create_topic(name, 1, &[]).await.unwrap();
        assert_eq!(created.error_code, ErrorCode::InvalidTopicException, "create {name:?}");
        assert!(created.error_message.is_some_and(|message| !message.is_empty()));
        let request = MetadataRequest {
            topics: Some(vec![MetadataRequestTopic { name: Some(name.into()), ..Default::default() }]),
            allow_auto_topic_creation: true,
            ..MetadataRequest::default()
        };
        let frame = client.call(&request, 12).await.unwrap();
        let response: MetadataResponse<'_> = frame.decode().unwrap();
        let error = ErrorCode::from_code(response.topics[0].error_code);
        assert_eq!(error, Some(ErrorCode::InvalidTopicException), "metadata {name:?}");
    }
    // Nothing was made, and the longest name that is allowed is.
    let frame = client.metadata(None).await.unwrap();
    assert_eq!(frame.decode::<MetadataResponse<'_>>().unwrap().topics, []);
    calls::create_topic(&mut client, &long[..249], 1, &[]).await;
}

#[tokio::test]
async fn names_that_differ_only_by_dot_and_underscore_collide() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "a.b", 1, &[]).await;
    let created = client.create_topic("a_b", 1, &[]).await.unwrap();
    assert_eq!(created.error_code, ErrorCode::InvalidTopicException);
}

#[tokio::test]
async fn an_unknown_version_is_told_the_ranges() {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    let request =
        ApiVersionsRequest { client_software_name: "a".into(), client_software_version: "1".into() };
    // The codec writes no version that it does not know: the number is changed on the way.
    let mut bytes = Vec::new();
    let frame = {
        use broker_protocol::codec::Writer;
        let mut writer = Writer::frame();
        broker_protocol::header::encode_request_header(&mut writer, ApiKey::ApiVersions, 4, 3, None).unwrap();
        request.encode(&mut writer, 4).unwrap();
        writer.finish_frame().unwrap();
        writer.into_parts().0
    };
    bytes.extend_from_slice(&frame);
    bytes[6..8].copy_from_slice(&77_i16.to_be_bytes());
    client.sender().write_raw(&bytes).await.unwrap();
    let answer = client.receiver().receive_raw().await.unwrap().unwrap();
    let mut reader = broker_protocol::codec::Reader::new(&answer[4..]);
    let response = ApiVersionsResponse::decode(&mut reader, 0).unwrap();
    assert_eq!(ErrorCode::from_code(response.error_code), Some(ErrorCode::UnsupportedVersion));
    for api in &response.api_keys {
        let known = ApiKey::from_code(api.api_key).and_then(supported).unwrap();
        assert_eq!((api.min_version, api.max_version), (known.min, known.max));
    }
}
