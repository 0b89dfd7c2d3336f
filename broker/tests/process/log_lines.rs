//! What clients ask again and again is not told in the log.

use broker_client::Client;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::metadata_request::MetadataRequestTopic;
use broker_protocol::messages::{MetadataRequest, MetadataResponse};

use crate::process::Process;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_waits_for_a_topic_that_cannot_be_made_writes_no_log_lines() {
    let dir = tempfile::tempdir().unwrap();
    let mut broker = Process::start(dir.path(), &[]);
    let stream = tokio::net::TcpStream::connect(broker.address("PLAINTEXT")).await.unwrap();
    let mut client = Client::new(stream, "tests");
    assert_eq!(client.create_topic("orders.v1", 1, &[]).await.unwrap().error_code, ErrorCode::None);
    for _ in 0..20 {
        // Names that differ in nothing but a dot and an underscore collide in the names of metrics.
        let topics = ["orders_v1", "__transaction_state"]
            .map(|name| MetadataRequestTopic { name: Some(name.into()), ..MetadataRequestTopic::default() });
        let request = MetadataRequest {
            topics: Some(topics.to_vec()),
            allow_auto_topic_creation: true,
            ..MetadataRequest::default()
        };
        let frame = client.call(&request, 12).await.unwrap();
        let answer: MetadataResponse<'_> = frame.decode().unwrap();
        let unknown = ErrorCode::UnknownTopicOrPartition.code();
        assert!(answer.topics.iter().all(|topic| topic.error_code == unknown), "{answer:?}");
    }
    broker.terminate();
    assert!(broker.wait().success());
    let told: Vec<&String> = broker.all_lines().iter().filter(|line| line.contains("_v1")).collect();
    assert!(told.is_empty(), "{told:#?}");
    let warned: Vec<&String> = broker.all_lines().iter().filter(|line| line.contains(" WARN ")).collect();
    assert!(warned.is_empty(), "{warned:#?}");
}
