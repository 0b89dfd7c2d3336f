//! What the operator asks of brokers: the client of the admin service, one channel for each Cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use proto::admin::v1::admin_client::AdminClient;
use proto::admin::v1::{
    AlterBrokerConfigsRequest, AlterGroupOffsetsRequest, AlterTopicRequest, CreateTopicRequest,
    DeleteTopicRequest, DescribeClusterRequest, DescribeClusterResponse, DescribeGroupsRequest,
    DescribeTopicsRequest, ErrorDetail, Group, ListOffsetsPartition, ListOffsetsRequest, ListedOffset,
    Reason, SafeToStopRequest, SafeToStopResponse, Topic,
};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

use crate::names::{ADMIN_PORT, Names};

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// How long an answer may take.
const CALL_MAX: Duration = Duration::from_secs(10);
/// Name of the trailer with an [`ErrorDetail`].
const DETAIL: &str = "highwater-error-bin";

/// Why a broker did not do what it was asked.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct AdminError {
    /// For programs.
    pub reason: Reason,
    /// The setting that is refused.
    pub config_key: Option<String>,
    /// For people.
    pub message: String,
    /// Whether the broker was not reached, or cannot answer yet.
    pub is_unavailable: bool,
}

impl From<Status> for AdminError {
    fn from(status: Status) -> AdminError {
        use prost::Message as _;
        let detail = status.metadata().get_bin(DETAIL).and_then(|value| value.to_bytes().ok());
        let detail = detail.and_then(|bytes| ErrorDetail::decode(bytes).ok()).unwrap_or_default();
        let is_unavailable = matches!(
            status.code(),
            tonic::Code::Unavailable
                | tonic::Code::DeadlineExceeded
                | tonic::Code::Cancelled
                | tonic::Code::Unknown
        );
        AdminError {
            reason: detail.reason(),
            config_key: (!detail.config_key.is_empty()).then_some(detail.config_key),
            message: status.message().to_owned(),
            is_unavailable,
        }
    }
}

impl AdminError {
    /// That nobody can be asked.
    #[must_use]
    pub fn unreachable(message: impl Into<String>) -> AdminError {
        AdminError {
            reason: Reason::Unspecified,
            config_key: None,
            message: message.into(),
            is_unavailable: true,
        }
    }
}

/// Brokers of all Clusters, by Cluster.
#[derive(Debug, Default)]
pub struct BrokerAdmins {
    /// Where every broker is, instead of in its pod.
    instead: Option<String>,
    known: Mutex<BTreeMap<Names, BrokerAdmin>>,
}

impl BrokerAdmins {
    /// `instead`: where every broker is, in tests without pods.
    #[must_use]
    pub fn new(instead: Option<String>) -> BrokerAdmins {
        BrokerAdmins { instead, known: Mutex::default() }
    }

    /// The broker of a Cluster, with the token that it wants.
    ///
    /// # Errors
    /// The token or the name cannot be sent.
    pub fn get_or_connect(&self, names: &Names, token: &str) -> Result<BrokerAdmin, AdminError> {
        let mut known = self.known.lock();
        if let Some(admin) = known.get(names)
            && admin.token == token
        {
            return Ok(admin.clone());
        }
        let address = self
            .instead
            .clone()
            .unwrap_or_else(|| format!("http://{}.{}:{ADMIN_PORT}", names.pod(0), names.headless_host()));
        let admin = BrokerAdmin::new(address, token)?;
        known.insert(names.clone(), admin.clone());
        Ok(admin)
    }

    /// The broker of a Cluster that was seen already.
    #[must_use]
    pub fn get(&self, names: &Names) -> Option<BrokerAdmin> {
        self.known.lock().get(names).cloned()
    }

    /// Forgets a Cluster that is gone.
    pub fn forget(&self, names: &Names) {
        self.known.lock().remove(names);
    }
}

/// A broker.
#[derive(Clone, Debug)]
pub struct BrokerAdmin {
    token: String,
    bearer: MetadataValue<Ascii>,
    client: AdminClient<Channel>,
}

impl BrokerAdmin {
    fn new(address: String, token: &str) -> Result<BrokerAdmin, AdminError> {
        let refused = |error: &dyn std::fmt::Display| AdminError::unreachable(format!("{address}: {error}"));
        let endpoint = Endpoint::from_shared(address.clone()).map_err(|error| refused(&error))?;
        let channel =
            endpoint.connect_timeout(CONNECT_MAX).timeout(CALL_MAX).tcp_nodelay(true).connect_lazy();
        let mut bearer: MetadataValue<Ascii> =
            format!("Bearer {token}").parse().map_err(|_| refused(&"the token is no text"))?;
        bearer.set_sensitive(true);
        Ok(BrokerAdmin { token: token.to_owned(), bearer, client: AdminClient::new(channel) })
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(CALL_MAX);
        request.metadata_mut().insert("authorization", self.bearer.clone());
        request
    }

    /// The cluster.
    ///
    /// # Errors
    /// See [`AdminError`]; so for all others.
    pub async fn describe_cluster(&self) -> Result<DescribeClusterResponse, AdminError> {
        let request = self.request(DescribeClusterRequest {});
        Ok(self.client.clone().describe_cluster(request).await.map(Response::into_inner)?)
    }

    /// A topic, if it is there, and the metadata offset of the answer.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn describe_topic(&self, name: &str) -> Result<(i64, Option<Topic>), AdminError> {
        let message =
            DescribeTopicsRequest { names: vec![name.to_owned()], ..DescribeTopicsRequest::default() };
        let answer = self.client.clone().describe_topics(self.request(message)).await?.into_inner();
        Ok((answer.metadata_offset, answer.topics.into_iter().next()))
    }

    /// Makes a topic.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn create_topic(&self, message: CreateTopicRequest) -> Result<(), AdminError> {
        self.client.clone().create_topic(self.request(message)).await?;
        Ok(())
    }

    /// Changes a topic.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn alter_topic(&self, message: AlterTopicRequest) -> Result<(), AdminError> {
        self.client.clone().alter_topic(self.request(message)).await?;
        Ok(())
    }

    /// Deletes a topic.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn delete_topic(&self, message: DeleteTopicRequest) -> Result<(), AdminError> {
        self.client.clone().delete_topic(self.request(message)).await?;
        Ok(())
    }

    /// Changes settings of running brokers.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn alter_broker_configs(&self, message: AlterBrokerConfigsRequest) -> Result<(), AdminError> {
        self.client.clone().alter_broker_configs(self.request(message)).await?;
        Ok(())
    }

    /// A group, if it is there.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn describe_group(&self, group_id: &str) -> Result<(i64, Option<Group>), AdminError> {
        let message = DescribeGroupsRequest {
            group_ids: vec![group_id.to_owned()],
            ..DescribeGroupsRequest::default()
        };
        let answer = self.client.clone().describe_groups(self.request(message)).await?.into_inner();
        Ok((answer.metadata_offset, answer.groups.into_iter().next()))
    }

    /// Offsets by position or time.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn list_offsets(
        &self,
        partitions: Vec<ListOffsetsPartition>,
    ) -> Result<Vec<ListedOffset>, AdminError> {
        let request = self.request(ListOffsetsRequest { partitions });
        Ok(self.client.clone().list_offsets(request).await?.into_inner().offsets)
    }

    /// Sets what a group has committed.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn alter_group_offsets(&self, message: AlterGroupOffsetsRequest) -> Result<(), AdminError> {
        self.client.clone().alter_group_offsets(self.request(message)).await?;
        Ok(())
    }

    /// Whether a broker may be stopped.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn safe_to_stop(&self, broker_id: i32) -> Result<SafeToStopResponse, AdminError> {
        let request = self.request(SafeToStopRequest { broker_id });
        Ok(self.client.clone().safe_to_stop(request).await.map(Response::into_inner)?)
    }
}
