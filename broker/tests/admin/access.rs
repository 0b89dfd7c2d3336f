//! Who may call, how large a request may be and how long it may take, and that no caller holds up a broker.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use h2::client::SendRequest;
use proto::admin::v1::admin_client::AdminClient;
use proto::admin::v1::{DescribeTopicsRequest, GetVersionRequest};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tonic::codegen::Bytes;
use tonic::codegen::http::{Request as HttpRequest, Response as HttpResponse};
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::harness::{TestBroker, within};
use crate::operator::{Operator, connect, listen, ok};

/// How a call with that token ends.
async fn ends(client: &mut AdminClient<Channel>, authorization: Option<&str>) -> Code {
    let mut request = Request::new(GetVersionRequest {});
    if let Some(value) = authorization {
        request.metadata_mut().insert("authorization", value.parse().unwrap());
    }
    within("call", client.get_version(request)).await.err().map_or(Code::Ok, |status| status.code())
}

#[tokio::test]
async fn only_who_bears_the_token_may_call_and_it_can_be_replaced() {
    let broker = TestBroker::start(&[]).await;
    let env = broker.context().env.clone();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "first\n").unwrap();
    let server = listen(&env, Some(file.clone())).await.unwrap();
    server.started(broker.broker());
    let mut client = connect(server.address()).await;
    assert_eq!(ends(&mut client, Some("Bearer first")).await, Code::Ok);
    assert_eq!(ends(&mut client, Some("bearer first")).await, Code::Ok);
    for wrong in [
        None,
        Some("Bearer second"),
        Some("Bearer first2"),
        Some("Bearer"),
        Some("Basic first"),
        Some("first"),
    ] {
        assert_eq!(ends(&mut client, wrong).await, Code::Unauthenticated, "{wrong:?}");
    }
    std::fs::write(&file, "second").unwrap();
    broker.clock().skip(Duration::from_secs(3));
    assert_eq!(ends(&mut client, Some("Bearer second")).await, Code::Ok);
    assert_eq!(ends(&mut client, Some("Bearer first")).await, Code::Unauthenticated);
    std::fs::remove_file(&file).unwrap();
    broker.clock().skip(Duration::from_secs(3));
    assert_eq!(
        ends(&mut client, Some("Bearer second")).await,
        Code::Ok,
        "a file that is gone shuts nobody out"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_token_file_without_a_token_stops_the_start() {
    let broker = TestBroker::start(&[]).await;
    let env = broker.context().env.clone();
    let dir = tempfile::tempdir().unwrap();
    let refused = async |file: &Path| format!("{:#}", listen(&env, Some(file.to_owned())).await.unwrap_err());
    let file = dir.path().join("token");
    let said = refused(&file).await;
    assert!(said.starts_with(&format!("highwater.admin.token.file: {}: ", file.display())), "{said}");
    std::fs::write(&file, " \n").unwrap();
    let said = refused(&file).await;
    assert_eq!(said, format!("highwater.admin.token.file: {} has no token", file.display()));
}

/// A connection without gRPC's own client.
async fn raw(address: SocketAddr) -> SendRequest<Bytes> {
    let socket = within("connect", TcpStream::connect(address)).await.unwrap();
    let (sender, connection) = h2::client::handshake(socket).await.unwrap();
    tokio::spawn(async move {
        // Its end is seen by whoever sends.
        let _ = connection.await;
    });
    within("ready", sender.ready()).await.unwrap()
}

fn head(address: SocketAddr, method: &str, timeout: &str) -> HttpRequest<()> {
    let uri = format!("http://{address}/highwater.admin.v1.Admin/{method}");
    let request = HttpRequest::post(uri).header("content-type", "application/grpc").header("te", "trailers");
    request.header("grpc-timeout", timeout).body(()).unwrap()
}

fn status_of<T>(response: &HttpResponse<T>) -> Code {
    Code::from_bytes(response.headers()["grpc-status"].as_bytes())
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_also_if_its_request_does_not_come() {
    let broker = TestBroker::start(&[]).await;
    let operator = Operator::of(&broker).await;
    let address = operator.server.address();
    let mut sender = raw(address).await;
    let (answer, mut body) = sender.send_request(head(address, "GetVersion", "200m"), false).unwrap();
    // The beginning of a message of ten bytes.
    body.send_data(Bytes::from_static(&[0, 0, 0, 0, 10, 1]), false).unwrap();
    let response = within("deadline", answer).await.unwrap();
    assert_eq!(status_of(&response), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    let names = |bytes: usize| DescribeTopicsRequest {
        names: vec!["n".repeat(bytes)],
        ..DescribeTopicsRequest::default()
    };
    ok(operator.describe_topics(names((4 << 20) - 100)).await);
    let status = operator.describe_topics(names(4 << 20)).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    ok(operator.get_version(GetVersionRequest {}).await);
}

#[tokio::test]
async fn clients_that_say_nothing_or_never_finish_do_not_hold_up_the_stop() {
    let broker = TestBroker::start(&[]).await;
    let operator = Operator::of(&broker).await;
    let address = operator.server.address();
    let mut silent = within("connect", TcpStream::connect(address)).await.unwrap();
    let mut sender = raw(address).await;
    let (answer, _body) = sender.send_request(head(address, "GetVersion", "1H"), false).unwrap();
    within("stop", operator.server.stop()).await;
    assert!(within("end", answer).await.is_err(), "its connection is cut");
    let mut rest = Vec::new();
    // The server may have said first how it speaks.
    let _ = within("end", silent.read_to_end(&mut rest)).await;
    broker.stop().await;
}
