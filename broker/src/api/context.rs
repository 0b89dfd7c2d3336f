//! What a handler may touch, and what it knows of the request it answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use broker_config::BrokerConfig;
use broker_protocol::api_key::ApiKey;
use broker_protocol::codec::{EncodeError, Writer};
use broker_protocol::header::encode_response_header;
use broker_protocol::types::BrokerId;
use tokio::time::Instant;

use crate::api::fetch_session::FetchSessions;
use crate::controller::Controller;
use crate::coordinator::GroupCoordinator;
use crate::env::Env;
use crate::metrics::Metrics;
use crate::net::budget::MemoryBudget;
use crate::net::outbound::FileRange;
use crate::net::response::Response;
use crate::producer_ids::ProducerIds;
use crate::quorum::MetadataLog;
use crate::replication::manager::ReplicaManager;
use crate::tiering::Tiering;
use crate::topic_settings::TopicSettings;

/// Everything that requests are answered from. One per broker.
pub struct ApiContext {
    /// Disk, clock, randomness.
    pub env: Env,
    /// The settings the broker was started with.
    pub config: Arc<BrokerConfig>,
    /// Where clients reach this broker, by listener.
    pub advertised: Vec<AdvertisedListener>,
    /// The replicated metadata.
    pub metadata: MetadataLog,
    /// Decides about topics and settings.
    pub controller: Controller,
    /// Settings of topics in force.
    pub settings: Arc<TopicSettings>,
    /// Producer ids to give out.
    pub producer_ids: ProducerIds,
    /// This broker's partitions.
    pub replicas: Arc<ReplicaManager>,
    /// Tiered storage, where there is an object store.
    pub tiering: Option<Arc<Tiering>>,
    /// Incremental fetch sessions.
    pub sessions: FetchSessions,
    /// Consumer groups.
    pub groups: Arc<GroupCoordinator>,
    /// What the operator of the broker sees.
    pub metrics: Arc<Metrics>,
    /// Bytes of requests in flight.
    pub memory: MemoryBudget,
    /// How many cold reads may go on at once.
    pub cold_reads: Arc<tokio::sync::Semaphore>,
    /// How many bytes they may read into memory at once.
    pub cold_bytes: Arc<tokio::sync::Semaphore>,
    /// How many requests may have their batches opened at once: those of a producer must not wait for cold reads.
    pub openings: Arc<tokio::sync::Semaphore>,
    /// Largest request, in bytes (`socket.request.max.bytes`).
    pub request_bytes_max: usize,
    /// How long a connection may be idle (`connections.max.idle.ms`).
    pub idle_max: Duration,
    /// Set once the broker stops.
    pub stopping: AtomicBool,
}

impl std::fmt::Debug for ApiContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiContext").finish_non_exhaustive()
    }
}

/// An address that clients are told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdvertisedListener {
    /// Name of the listener, for example `PLAINTEXT`.
    pub name: String,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl ApiContext {
    /// Whether the broker is stopping: requests that were read are answered, no more are read.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Id of this broker.
    #[must_use]
    pub fn broker_id(&self) -> BrokerId {
        BrokerId(self.config.node_id)
    }

    /// The address that a client of `listener` is told.
    #[must_use]
    pub fn advertised(&self, listener: &str) -> &AdvertisedListener {
        self.advertised.iter().find(|known| known.name == listener).unwrap_or(&self.advertised[0])
    }
}

/// A connection, as handlers see it.
#[derive(Debug)]
pub struct ConnectionInfo {
    /// Name of the listener that accepted it.
    pub listener: Arc<str>,
    /// The client's address.
    pub peer: SocketAddr,
}

/// A request, as handlers see it.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// Which API.
    pub api: ApiKey,
    /// Which version of it.
    pub version: i16,
    /// What the client matches the answer by.
    pub correlation_id: i32,
    /// What the client calls itself.
    pub client_id: Option<Arc<str>>,
    /// When it was read.
    pub received_at: Instant,
    /// The connection it came on.
    pub connection: Arc<ConnectionInfo>,
}

impl RequestContext {
    /// The answer whose body `encode` writes.
    pub fn respond(&self, encode: impl FnOnce(&mut Writer, i16) -> Result<(), EncodeError>) -> Response {
        self.respond_with_files(&[], encode)
    }

    /// The answer whose body `encode` writes, with ranges of files for its external records.
    pub fn respond_with_files(
        &self,
        files: &[FileRange],
        encode: impl FnOnce(&mut Writer, i16) -> Result<(), EncodeError>,
    ) -> Response {
        let mut writer = Writer::frame();
        let header = encode_response_header(&mut writer, self.api, self.version, self.correlation_id);
        match header
            .and_then(|()| encode(&mut writer, self.version))
            .and_then(|()| Response::frame(writer, files))
        {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(api = self.api.name(), version = self.version, %error, "answer cannot be encoded");
                Response::close()
            }
        }
    }

    /// The client's id, empty if it gave none.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.client_id.as_deref().unwrap_or("")
    }
}
