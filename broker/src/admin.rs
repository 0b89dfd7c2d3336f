//! The admin service: what an operator asks of this broker, over gRPC. What it promises stands in
//! `proto/admin/v1/admin.proto`; one file for each call or family of calls.
//!
//! It listens before the broker has started, so that an operator can ask how far the start is; calls that need what is not
//! there yet say so. Calls use the parts of the broker as the handlers of Kafka's APIs do. Read `guard.rs` (who may call, and
//! for how long), `change.rs` (how a change is made once), `refusal.rs` (errors).

mod alter_broker_configs;
mod alter_group_offsets;
mod alter_topic;
mod caught_up;
mod change;
mod connections;
mod create_topic;
mod delete_topic;
mod describe_cluster;
mod describe_groups;
mod describe_topics;
mod drain;
mod guard;
mod list_offsets;
mod page;
mod refusal;
mod safe_to_stop;
mod service;
mod token;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use broker_config::AdminConfig;
use broker_protocol::types::BrokerId;
use parking_lot::RwLock;
use proto::admin::v1::admin_server::AdminServer as Calls;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::guard::{Gate, Guarded};
use self::refusal::Refusal;
use self::service::Service;
use self::token::Token;
use crate::api::context::ApiContext;
use crate::env::Env;
use crate::server::Broker;

/// Largest request, in bytes.
const REQUEST_BYTES_MAX: usize = 4 << 20;

/// Calls of one connection at a time; further ones wait at the client.
const STREAMS_MAX: u32 = 8;

/// How often a silent client is asked whether it is there, and how long it has to answer.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// How long calls may take to end when the broker stops; connections that do not end then are cut.
const DRAIN: Duration = Duration::from_secs(1);

/// What the calls know of the broker.
#[derive(Debug)]
struct Known {
    node_id: BrokerId,
    ctx: RwLock<Option<Arc<ApiContext>>>,
}

impl Known {
    /// The broker's parts.
    ///
    /// # Errors
    /// It has not started yet, or it stops.
    fn ctx(&self) -> Result<Arc<ApiContext>, Refusal> {
        match &*self.ctx.read() {
            None => Err(Refusal::not_ready("starting: recovery is not finished")),
            Some(ctx) if ctx.is_stopping() => Err(Refusal::not_ready("stopping")),
            Some(ctx) => Ok(Arc::clone(ctx)),
        }
    }
}

/// The admin service of a broker that may not have started yet.
#[derive(Debug)]
pub struct AdminServer {
    known: Arc<Known>,
    address: SocketAddr,
    stopping: CancellationToken,
    cut: CancellationToken,
    serving: JoinHandle<()>,
}

impl AdminServer {
    /// Listens on a socket that is bound already.
    ///
    /// # Errors
    /// The token cannot be read; the message names the file.
    pub async fn start(
        env: &Env,
        config: &AdminConfig,
        node_id: i32,
        listener: TcpListener,
    ) -> anyhow::Result<AdminServer> {
        let address = listener.local_addr()?;
        let token =
            Token::open(env, config.token_file.as_deref()).await.context("highwater.admin.token.file")?;
        let known = Arc::new(Known { node_id: BrokerId(node_id), ctx: RwLock::new(None) });
        let calls = Calls::new(Service::new(Arc::clone(&known))).max_decoding_message_size(REQUEST_BYTES_MAX);
        let guarded = Guarded::new(calls, Arc::new(Gate::new(token)));
        let (stopping, cut) = (CancellationToken::new(), CancellationToken::new());
        let connections = connections::accept(listener, cut.clone());
        let server = tonic::transport::Server::builder()
            .max_concurrent_streams(STREAMS_MAX)
            .http2_keepalive_interval(Some(KEEPALIVE))
            .http2_keepalive_timeout(Some(KEEPALIVE))
            .serve_with_incoming_shutdown(guarded, connections, stopping.clone().cancelled_owned());
        let serving = tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "admin listener failed");
            }
        });
        tracing::info!(listener = "ADMIN", %address, "listening");
        Ok(AdminServer { known, address, stopping, cut, serving })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The broker has started.
    pub fn started(&self, broker: &Broker) {
        *self.known.ctx.write() = Some(Arc::clone(broker.context()));
    }

    /// Takes no more calls and lets those that run end, but not for long: no client holds up the stop of a broker.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        if tokio::time::timeout(DRAIN, &mut self.serving).await.is_err() {
            self.cut.cancel();
            if tokio::time::timeout(DRAIN, &mut self.serving).await.is_err() {
                self.serving.abort();
            }
        }
        *self.known.ctx.write() = None;
    }
}
