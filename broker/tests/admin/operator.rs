//! A broker with its admin service, and a client of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;

use broker_config::AdminConfig;
use broker_protocol::types::Uuid;
use highwater_broker::admin::AdminServer;
use highwater_broker::env::Env;
use prost::Message;
use proto::admin::v1::admin_client::AdminClient;
use proto::admin::v1::{
    Assignment, Change, CreateTopicRequest, DescribeClusterRequest, DescribeTopicsRequest, ErrorDetail,
    Reason, Topic,
};
use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};

use crate::harness::{TestBroker, within};

/// The admin service of a broker, and a client of it.
pub(crate) struct Operator {
    pub(crate) server: AdminServer,
    client: AdminClient<Channel>,
}

impl Deref for Operator {
    type Target = AdminClient<Channel>;

    fn deref(&self) -> &AdminClient<Channel> {
        &self.client
    }
}

impl DerefMut for Operator {
    fn deref_mut(&mut self) -> &mut AdminClient<Channel> {
        &mut self.client
    }
}

/// Serves before a broker has started.
pub(crate) async fn listen(env: &Env, token_file: Option<PathBuf>) -> anyhow::Result<AdminServer> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let config = AdminConfig { listener: (String::new(), 0), token_file };
    AdminServer::start(env, &config, 1, listener).await
}

/// A connection to the service.
pub(crate) async fn connect(address: SocketAddr) -> AdminClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    AdminClient::new(within("connect", endpoint.connect()).await.unwrap())
}

impl Operator {
    /// Of a broker without a token.
    pub(crate) async fn of(broker: &TestBroker) -> Operator {
        let server = listen(&broker.context().env, None).await.unwrap();
        server.started(broker.broker());
        let client = connect(server.address()).await;
        Operator { server, client }
    }

    /// Makes a topic with one partition.
    pub(crate) async fn create(&mut self, name: &str) -> Vec<u8> {
        let created = self.create_topic(new_topic(name, 1)).await;
        ok(created).topic_id
    }

    /// Offset of the metadata as it is.
    pub(crate) async fn metadata_offset(&mut self) -> i64 {
        ok(self.describe_cluster(DescribeClusterRequest {}).await).metadata_offset
    }

    /// A topic, if it is there.
    pub(crate) async fn topic(&mut self, name: &str) -> Option<Topic> {
        let request = DescribeTopicsRequest {
            names: vec![name.to_owned()],
            with_logs: true,
            ..DescribeTopicsRequest::default()
        };
        ok(self.describe_topics(request).await).topics.pop()
    }
}

/// The id of the only broker.
pub(crate) const OWN: i32 = 1;

/// A change under a request id of its own.
pub(crate) fn change() -> Option<Change> {
    Some(Change { request_id: Uuid::new_v4().into_bytes().to_vec(), expected_metadata_offset: None })
}

/// A change that was decided on at an offset.
pub(crate) fn change_at(offset: i64) -> Option<Change> {
    change().map(|change| Change { expected_metadata_offset: Some(offset), ..change })
}

/// On the only broker.
pub(crate) fn here(partitions: usize) -> Vec<Assignment> {
    vec![Assignment { replicas: vec![OWN] }; partitions]
}

/// A topic on the only broker.
pub(crate) fn new_topic(name: &str, partitions: usize) -> CreateTopicRequest {
    let name = name.to_owned();
    CreateTopicRequest {
        change: change(),
        name,
        assignments: here(partitions),
        ..CreateTopicRequest::default()
    }
}

/// Settings by key.
pub(crate) fn settings(pairs: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The answer of a call that must succeed.
#[track_caller]
pub(crate) fn ok<T>(answer: Result<Response<T>, Status>) -> T {
    answer.unwrap().into_inner()
}

/// What the trailer of an error says.
pub(crate) fn detail(status: &Status) -> ErrorDetail {
    let trailer = status.metadata().get_bin("highwater-error-bin").map(|value| value.to_bytes().unwrap());
    ErrorDetail::decode(trailer.unwrap_or_default()).unwrap()
}

/// Why a call was refused, which it must be.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> (Code, Reason) {
    let status = answer.unwrap_err();
    (status.code(), detail(&status).reason())
}
