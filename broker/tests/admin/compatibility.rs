//! Old and later sides of the service understand each other: what one does not know it passes over.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use proto::admin::v1::{
    DescribeGroupsRequest, DescribeTopicsRequest, DescribeTopicsResponse, GroupState, Reason,
};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::http::{Request as HttpRequest, Response as HttpResponse};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::transport::Endpoint;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::harness::{TestBroker, within};
use crate::operator::{Operator, connect, detail, ok};

/// A request of a later client.
#[derive(Clone, PartialEq, prost::Message)]
struct LaterDescribeTopicsRequest {
    #[prost(string, repeated, tag = "1")]
    names: Vec<String>,
    #[prost(string, tag = "900")]
    of_owner: String,
    #[prost(message, repeated, tag = "901")]
    more: Vec<LaterGroup>,
}

/// What a later server says of a group.
#[derive(Clone, PartialEq, prost::Message)]
struct LaterGroup {
    #[prost(string, tag = "1")]
    group_id: String,
    #[prost(int32, tag = "2")]
    state: i32,
    #[prost(message, optional, boxed, tag = "900")]
    parent: Option<Box<LaterGroup>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LaterDescribeGroupsResponse {
    #[prost(int64, tag = "1")]
    metadata_offset: i64,
    #[prost(message, repeated, tag = "2")]
    groups: Vec<LaterGroup>,
    #[prost(fixed64, tag = "900")]
    digest: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LaterErrorDetail {
    #[prost(int32, tag = "1")]
    reason: i32,
    #[prost(string, tag = "2")]
    config_key: String,
    #[prost(string, tag = "900")]
    hint: String,
}

/// A later server: one call succeeds, all others are refused for a reason that is not known yet.
#[derive(Clone)]
struct LaterServer;

impl tonic::server::UnaryService<DescribeGroupsRequest> for LaterServer {
    type Response = LaterDescribeGroupsResponse;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Self::Response>, Status>> + Send>>;

    fn call(&mut self, request: Request<DescribeGroupsRequest>) -> Self::Future {
        let groups = request.into_inner().group_ids.into_iter().map(|group_id| LaterGroup {
            group_id,
            state: 77,
            parent: Some(Box::default()),
        });
        let answer = LaterDescribeGroupsResponse { metadata_offset: 5, groups: groups.collect(), digest: 8 };
        Box::pin(async move { Ok(Response::new(answer)) })
    }
}

impl Service<HttpRequest<Body>> for LaterServer {
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        Box::pin(async move {
            if request.uri().path().ends_with("/DescribeGroups") {
                return Ok(tonic::server::Grpc::new(ProstCodec::default()).unary(LaterServer, request).await);
            }
            let detail = LaterErrorDetail { reason: 900, config_key: "k".into(), hint: "h".into() };
            let mut trailer = MetadataMap::new();
            let bytes = prost::Message::encode_to_vec(&detail);
            trailer.insert_bin("highwater-error-bin", MetadataValue::from_bytes(&bytes));
            Ok(Status::with_metadata(Code::FailedPrecondition, "later", trailer).into_http())
        })
    }
}

async fn later_server() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tonic::transport::Server::builder();
    tokio::spawn(server.serve_with_incoming(LaterServer, TcpIncoming::from(listener)));
    address
}

#[tokio::test]
async fn client_understands_a_later_server() {
    let mut client = connect(later_server().await).await;
    let request = DescribeGroupsRequest { group_ids: vec!["g".into()], ..DescribeGroupsRequest::default() };
    let answer = ok(within("call", client.describe_groups(request)).await);
    assert_eq!((answer.metadata_offset, answer.groups[0].group_id.as_str()), (5, "g"));
    assert_eq!(answer.groups[0].state(), GroupState::Unspecified);
    let status = within("call", client.describe_topics(DescribeTopicsRequest::default())).await.unwrap_err();
    assert_eq!((status.code(), detail(&status).reason()), (Code::FailedPrecondition, Reason::Unspecified));
    assert_eq!(detail(&status).config_key, "k");
}

/// A call as another client makes it.
async fn call<Q, A>(address: SocketAddr, method: &'static str, request: Q) -> Result<Response<A>, Status>
where
    Q: prost::Message + 'static,
    A: prost::Message + Default + 'static,
{
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let mut grpc = tonic::client::Grpc::new(within("connect", endpoint.connect()).await.unwrap());
    within("ready", grpc.ready()).await.unwrap();
    let codec: ProstCodec<Q, A> = ProstCodec::default();
    let path = PathAndQuery::from_static(method);
    within("call", grpc.unary(Request::new(request), path, codec)).await
}

#[tokio::test]
async fn server_understands_a_later_client() {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    operator.create("t").await;
    let request = LaterDescribeTopicsRequest {
        names: vec!["t".into()],
        of_owner: "somebody".into(),
        more: vec![LaterGroup::default()],
    };
    let address = operator.server.address();
    let answer: DescribeTopicsResponse =
        ok(call(address, "/highwater.admin.v1.Admin/DescribeTopics", request).await);
    assert_eq!(answer.topics[0].name, "t");
    for unknown in ["/highwater.admin.v1.Admin/MovePartitions", "/highwater.admin.v2.Admin/GetVersion"] {
        let answer: Result<Response<DescribeTopicsResponse>, Status> =
            call(address, unknown, DescribeTopicsRequest::default()).await;
        assert_eq!(answer.unwrap_err().code(), Code::Unimplemented, "{unknown}");
    }
}
