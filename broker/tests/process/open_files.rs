//! A crowd of connections on a process with few file descriptors.

use std::net::{SocketAddr, TcpStream};

use broker_client::Client;
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;

use crate::process::Process;

/// File descriptors of the process, half of which are kept for files.
const FILES: u32 = 200;
/// More connections than file descriptors.
const CROWD: usize = 250;

async fn connect(address: SocketAddr) -> Client<tokio::net::TcpStream> {
    Client::new(tokio::net::TcpStream::connect(address).await.unwrap(), "tests")
}

fn batch() -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::None);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    builder.push(i64::try_from(now.as_millis()).unwrap(), None, Some(b"value"), &[]);
    builder.build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_connections_leaves_file_descriptors_for_logs_and_http() {
    let dir = tempfile::tempdir().unwrap();
    let mut broker = Process::start_within(FILES, dir.path(), &["socket.listen.backlog.size=500"]);
    let address = broker.address("PLAINTEXT");
    let mut client = connect(address).await;
    client.api_versions().await.unwrap();
    let crowd: Vec<_> = (0..CROWD).map(|_| TcpStream::connect(address).unwrap()).collect();
    let mut last = connect(address).await;
    let waiting = tokio::spawn(async move { last.api_versions().await.is_ok() });
    broker.line_with("leaves room for no more connections");
    let created = client.create_topic("t", 20, &[]).await.unwrap();
    assert_eq!(created.error_code, ErrorCode::None);
    for partition in 0..20 {
        let produced = client.produce("t", partition, &batch(), -1).await.unwrap();
        assert_eq!(produced.error_code, ErrorCode::None, "partition {partition}");
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        let (status, body) = broker.page(path);
        assert!(status.ends_with("200 OK"), "{path}: {status} {body}");
    }
    assert!(!waiting.is_finished());
    drop(crowd);
    assert!(waiting.await.unwrap(), "it is served once there is a place");
    broker.terminate();
    assert!(broker.wait().success());
    let told = broker.all_lines().iter().filter(|line| line.contains("others wait")).count();
    assert_eq!(told, 1);
}
