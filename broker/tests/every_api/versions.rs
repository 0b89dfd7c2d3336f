//! ApiVersions, and what the broker does with versions and keys that it does not offer.

use broker_protocol::api_key::{ApiKey, SUPPORTED};
use broker_protocol::codec::Writer;
use broker_protocol::header::encode_request_header;
use broker_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};

use crate::driver::{Driver, code};
use crate::harness::{TestBroker, assert_closed_by};

fn assert_all_are_listed(response: &ApiVersionsResponse<'_>) {
    let listed: Vec<_> =
        response.api_keys.iter().map(|api| (api.api_key, api.min_version, api.max_version)).collect();
    let expected: Vec<_> = SUPPORTED.iter().map(|api| (api.key.code(), api.min, api.max)).collect();
    assert_eq!(listed, expected);
}

pub(crate) async fn api_versions(driver: &mut Driver, version: i16) {
    let request = ApiVersionsRequest {
        client_software_name: "every-api".into(),
        client_software_version: "1.0".into(),
    };
    let frame = driver.call(&request, version).await;
    let response: ApiVersionsResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.error_code, response.throttle_time_ms), (code::NONE, 0));
    assert_all_are_listed(&response);
    if version >= 3 {
        let levels = response.finalized_features.iter().map(|level| (&level.name, level.max_version_level));
        let metadata = levels.into_iter().find(|(name, _)| *name == "metadata.version");
        assert!(metadata.is_some_and(|(_, level)| level > 0), "{:?}", response.finalized_features);
        assert!(response.finalized_features_epoch >= 0);
        assert!(response.supported_features.iter().any(|feature| feature.name == "metadata.version"));
        // KIP-511: a client that does not say what it is.
        let frame = driver.call(&ApiVersionsRequest::default(), version).await;
        let response: ApiVersionsResponse<'_> = frame.decode().unwrap();
        assert_eq!(response.error_code, code::INVALID_REQUEST);
    }
}

pub(crate) async fn produce_is_closed(driver: &mut Driver, version: i16) {
    assert_closed_by(&driver.broker, &bare_request(ApiKey::Produce.code(), version)).await;
}

/// A request that is only a header: version 1, without a client id.
fn bare_request(key: i16, version: i16) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(key.to_be_bytes());
    body.extend(version.to_be_bytes());
    body.extend(7_i32.to_be_bytes());
    body.extend((-1_i16).to_be_bytes());
    let len = i32::try_from(body.len()).unwrap();
    [&len.to_be_bytes()[..], &body].concat()
}

#[tokio::test]
async fn unknown_version_of_api_versions_is_told_the_ranges() {
    let broker = TestBroker::start(&[]).await;
    for version in [5, 99, i16::MAX] {
        let mut client = broker.client().await;
        let mut request = Writer::frame();
        encode_request_header(&mut request, ApiKey::ApiVersions, 3, 7, Some("tests")).unwrap();
        request.finish_frame().unwrap();
        let mut bytes = request.into_parts().0;
        bytes[6..8].copy_from_slice(&version.to_be_bytes());
        client.sender().write_raw(&bytes).await.unwrap();
        let frame = client.receiver().receive_raw().await.unwrap().unwrap();
        assert_eq!(frame[..4], 7_i32.to_be_bytes());
        // The answer has the first version, which every client reads (KIP-511).
        let mut reader = broker_protocol::codec::Reader::new(&frame[4..]);
        let response = ApiVersionsResponse::decode(&mut reader, 0).unwrap();
        reader.expect_end().unwrap();
        assert_eq!(response.error_code, code::UNSUPPORTED_VERSION);
        let own = response.api_keys.iter().find(|api| api.api_key == ApiKey::ApiVersions.code()).unwrap();
        assert_eq!((own.min_version, own.max_version), (0, 4));
        // The connection goes on: the client asks again in a version that is offered.
        let request =
            ApiVersionsRequest { client_software_name: "a".into(), client_software_version: "1".into() };
        let frame = client.call(&request, own.max_version).await.unwrap();
        assert_all_are_listed(&frame.decode().unwrap());
    }
}

#[tokio::test]
async fn versions_beyond_the_table_close_the_connection() {
    let broker = TestBroker::start(&[]).await;
    for api in SUPPORTED.iter().filter(|api| api.key != ApiKey::ApiVersions) {
        assert_closed_by(&broker, &bare_request(api.key.code(), api.max + 1)).await;
        if api.min > 0 {
            assert_closed_by(&broker, &bare_request(api.key.code(), api.min - 1)).await;
        }
    }
}

#[tokio::test]
async fn keys_that_are_not_served_close_the_connection() {
    let broker = TestBroker::start(&[]).await;
    for key in [-1, 4, 5, 6, 7, 17, 24, 93, 1000, i16::MAX] {
        assert_closed_by(&broker, &bare_request(key, 0)).await;
    }
}

#[test]
fn the_table_is_what_clients_conclude_from_it() {
    let range = |key| SUPPORTED.iter().find(|api| api.key == key).map(|api| (api.min, api.max));
    // librdkafka takes a first version above 0 for a broker without compression (KAFKA-18659).
    assert_eq!(range(ApiKey::Produce).unwrap().0, 0);
    // Old clients join by the first versions, which Kafka 4.0 dropped and 4.1 took back (KAFKA-19444).
    assert_eq!(range(ApiKey::JoinGroup).unwrap().0, 0);
    // Topic ids go together: what produces or fetches by id must be able to learn the id.
    assert!(range(ApiKey::Produce).unwrap().1 >= 13 && range(ApiKey::Fetch).unwrap().1 >= 13);
    assert!(range(ApiKey::Metadata).unwrap().1 >= 12);
    // Without a receiver of telemetry clients must not be asked for any (KIP-714).
    assert_eq!((range(ApiKey::GetTelemetrySubscriptions), range(ApiKey::PushTelemetry)), (None, None));
}
